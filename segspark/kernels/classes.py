"""Latent classes on prepared customers: how likely each class is, from indicators of levels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segspark.kernels.points import Floats, Longs


@dataclass(frozen=True, eq=False)
class Classes:
    """A latent class model whose items are inputs that are text, given as an indicator for each level.

    Attributes:
        log_shares: of customers, natural logarithms, shape (k,).
        indicators: of each item, the positions of its indicators among the coordinates.
        log_probabilities: of each item, by level and class, shape (levels + 1, k); the last row is for who has no
            indicator set. A level of which the model knows nothing has zeros: it contributes nothing.
    """

    log_shares: Floats
    indicators: tuple[tuple[int, ...], ...]
    log_probabilities: tuple[Floats, ...]

    @property
    def k(self) -> int:
        """The number of classes."""
        return len(self.log_shares)

    def answers(self, points: Floats) -> Longs:
        """The level of each item, shape (n, inputs) to (n, items): the number of the indicator that is set, or none's.

        Examples:
            >>> Classes(np.zeros(1), ((0, 2),), ()).answers(np.array([[0.0, 7.0, 1.5], [0.0, 7.0, 0.0]])).tolist()
            [[1], [2]]
        """
        return np.stack([_set(points[:, list(places)] > 0) for places in self.indicators], axis=1)

    def log_joint(self, points: Floats) -> Floats:
        """Logarithm of P(class and answers) of each point, shape (n, inputs) to (n, k); whatever the points' unit.

        Examples:
            >>> one = Classes(np.log([0.6, 0.4]), ((0,),), (np.log([[0.9, 0.2], [0.1, 0.8]]),))
            >>> np.exp(one.log_joint(np.array([[2.0], [0.0]]))).round(3).tolist()
            [[0.54, 0.08], [0.06, 0.32]]
        """
        found = np.tile(self.log_shares, (len(points), 1))
        # Added up in the order in which the published statement does it.
        for levels, logs in zip(self.answers(points).T, self.log_probabilities, strict=True):
            found += logs[levels]
        return found

    def assigned(self, joint: Floats) -> Longs:
        """The likeliest class of each point, of equally likely ones the first, shape (n, k) to (n,)."""
        return np.asarray(joint.argmax(axis=1), dtype=np.int64)


def _set(indicators: npt.NDArray[np.bool_]) -> Longs:
    """The position of the first that is set, shape (n, levels) to (n,); the number of levels where none is."""
    none = ~indicators.any(axis=1)
    return np.asarray(np.where(none, indicators.shape[1], indicators.argmax(axis=1)), dtype=np.int64)
