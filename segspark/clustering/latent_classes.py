"""Latent classes: customers of kinds that are not seen, within which categorical answers are independent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segspark.clustering.answer_patterns import Item, Patterns
from segspark.clustering.indices import bic

_Doubles = npt.NDArray[np.float64]

_DIGITS = 4  # finer differences between classes are no more than where EM happened to stop, and do not order them


@dataclass(frozen=True, eq=False)
class LatentClasses:
    """A fitted latent class model, its classes ordered by share, the largest first.

    Attributes:
        log_shares: by class, natural logarithm.
        log_probabilities: an array per item, classes x levels (`Item.width` of them), natural logarithms.
        log_likelihood: of the customers it was fitted on, in nats.
        entropy_r2: 1 - (entropy of the posteriors) / (customers * ln k): 1 where every customer's class is certain.
        customers: number of them.
        converged: whether the likelihood stopped rising before the iterations ran out.
        replications: number of seeds that came to this likelihood, within a millionth nat a customer. A 1 warns that
            another seed may find a higher one.

    Examples:
        >>> logs = (np.log([[0.9, 0.1], [0.2, 0.8]]),)
        >>> model = LatentClasses((Item("x", ("a", "b")),), np.log([0.6, 0.4]), logs, -50.0, 0.4, 100, True, 3)
        >>> model.k, model.parameters, model.aic, round(model.bic, 3)
        (2, 3, 106.0, 113.816)
    """

    items: tuple[Item, ...]
    log_shares: _Doubles
    log_probabilities: tuple[_Doubles, ...]
    log_likelihood: float
    entropy_r2: float
    customers: int
    converged: bool
    replications: int

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.log_shares)

    @property
    def shares(self) -> _Doubles:
        """Share of the customers by class."""
        return np.exp(self.log_shares)

    @property
    def parameters(self) -> int:
        """Number of free parameters."""
        return free_parameters(self.items, self.k)

    @property
    def aic(self) -> float:
        """Akaike's criterion: smaller is better."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """The Bayesian information criterion: smaller is better."""
        return bic(self.log_likelihood, self.customers, self.parameters)


def free_parameters(items: Sequence[Item], k: int) -> int:
    """Number of free parameters: all shares but one, and of each item in each class all probabilities but one.

    Examples:
        >>> free_parameters([Item("x", ("a", "b")), Item("y", ("a", "b"), others=True)], 2)
        7
    """
    return k - 1 + k * sum(item.width - 1 for item in items)


def log_joint(log_shares: _Doubles, log_probabilities: Sequence[_Doubles], codes: npt.NDArray[np.int64]) -> _Doubles:
    """Logarithm of P(class and answers), patterns x classes; what was not answered (-1) contributes nothing.

    Examples:
        >>> np.exp(log_joint(np.log([0.6, 0.4]), [np.log([[0.9, 0.1], [0.2, 0.8]])], np.array([[1], [-1]]))).tolist()
        [[0.06, 0.32], [0.60, 0.40]]
    """
    silent = np.zeros((1, len(log_shares)))  # the last row, which is where -1 points
    answers = [np.vstack([logs.T, silent])[codes[:, at]] for at, logs in enumerate(log_probabilities)]
    joint: _Doubles = log_shares + np.sum(answers, axis=0)
    return joint


def posteriors(model: LatentClasses, codes: npt.NDArray[np.int64]) -> _Doubles:
    """Probability of each class given the answers: patterns x classes. Where nothing was answered, the shares."""
    result: _Doubles = np.exp(_log_posteriors(log_joint(model.log_shares, model.log_probabilities, codes)))
    return result


def entropy_r2(joint: _Doubles, counts: npt.NDArray[np.int64]) -> float:
    """How certain classes are: 1 - (entropy of the posteriors) / (customers * ln k); 1 for one class.

    Args:
        joint: what log_joint returns.
        counts: customers by pattern.

    Source: Ramaswamy et al. (1993); "entropy" in the output of Mplus.

    Examples:
        >>> entropy_r2(np.log([[0.5, 0.5], [1.0, 1e-300]]), np.array([1, 3]))
        0.75
    """
    k = joint.shape[1]
    logs = _log_posteriors(joint)
    entropy = -float(counts @ (np.exp(logs) * logs).sum(axis=1))
    return 1.0 if k == 1 else float(1 - entropy / (counts.sum() * np.log(k)))


def log_likelihood(joint: _Doubles, patterns: Patterns) -> float:
    """Of all customers, in nats."""
    return float(patterns.counts @ np.logaddexp.reduce(joint, axis=1))


def canonical_order(log_shares: _Doubles, log_probabilities: Sequence[_Doubles]) -> list[int]:
    """Classes by share, the largest first, and those of one share by their probabilities: no start decides.

    Examples:
        >>> canonical_order(np.log([0.2, 0.4, 0.4]), [np.log([[0.5, 0.5], [0.1, 0.9], [0.3, 0.7]])])
        [2, 1, 0]
    """
    shares = np.round(np.exp(log_shares), _DIGITS)
    profiles = np.round(np.exp(np.hstack(log_probabilities)), _DIGITS)
    return sorted(range(len(shares)), key=lambda one: (-shares[one], *(-profiles[one])))


def _log_posteriors(joint: _Doubles) -> _Doubles:
    result: _Doubles = joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)
    return result
