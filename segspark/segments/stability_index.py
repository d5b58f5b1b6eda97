"""Population stability index: how far the distribution of a value has come from what it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SMOOTHING = 0.5  # customers added to each bin of either side: Jeffreys' prior, so that an empty bin is no infinity
_DECILES = np.arange(1, 10) / 10
_LEVELS = 10


@dataclass(frozen=True)
class Bins:
    """The bins of a value: of a number those between its deciles, of a text one for each of its frequent values.

    Unknown values have a bin of their own, the last; so have, before it, values of a text that were not frequent.

    Attributes:
        uppers: the highest value in each bin of a number but the last; fewer than nine where deciles are equal.
        levels: the values of a text.
    """

    uppers: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @staticmethod
    def of(values: "pd.Series[float] | pd.Series[str]") -> "Bins":
        """As the values of the earlier date make them; NaN and None are unknown.

        Examples:
            >>> Bins.of(pd.Series([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 6.0, 7.0, 8.0, np.nan])).uppers
            (0.0, 5.0, 6.0, 7.0)
            >>> Bins.of(pd.Series(["red", "blue", "red", None])).levels
            ('red', 'blue')
        """
        known = values.dropna()
        if values.dtype.kind == "f":
            # A decile is a value that there is: between two values there would be a bin with nobody in it.
            found = np.unique(np.quantile(known, _DECILES, method="inverted_cdf")) if len(known) else np.array([])
            return Bins(uppers=tuple(found.tolist()))
        counted = known.value_counts()
        kept = sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))[:_LEVELS]
        return Bins(levels=tuple(str(level) for level, _ in kept))

    def counts(self, values: "pd.Series[float] | pd.Series[str]") -> Ints:
        """Values in each bin, the unknown ones last.

        Examples:
            >>> Bins(uppers=(0.0, 5.0)).counts(pd.Series([0.0, 0.1, 5.0, 9.0, np.nan])).tolist()
            [1, 2, 1, 1]
            >>> Bins(levels=("red",)).counts(pd.Series(["red", "blue", None])).tolist()
            [1, 1, 1]
        """
        known = values.dropna()
        if self.levels or values.dtype.kind != "f":
            place = {level: at for at, level in enumerate(self.levels)}
            at, size = np.array([place.get(str(one), len(place)) for one in known], dtype=np.int64), len(place) + 1
        else:
            at, size = np.searchsorted(self.uppers, known.to_numpy(dtype=np.float64)), len(self.uppers) + 1
        return np.append(np.bincount(at, minlength=size), len(values) - len(known)).astype(np.int64)


def stability_index(before: Sequence[float] | Floats | Ints, after: Sequence[float] | Floats | Ints) -> Floats:
    """PSI, the sum over bins of (q - p)·log(q / p), with half a customer added to each bin of either side.

    It is the symmetrised Kullback-Leibler divergence (Jeffreys 1946); see Yurdakul & Naranjo (2020).

    Args:
        before: customers in each bin at the earlier date, shape (..., bins).
        after: at the later one.

    Examples:
        >>> round(float(stability_index([499.5, 499.5], [599.5, 399.5])), 4)  # 0.1·log(1.2) + -0.1·log(0.8)
        0.0405
    """
    p, q = (_shares(np.asarray(one, dtype=np.float64)) for one in (before, after))
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def resampled_index(before: Ints, after: Ints, seed: int, draws: int = 1_000) -> Floats:
    """PSI of multinomial resamples of either side, shape (draws,).

    The sides are drawn apart, although they may be of the same customers: so its spread is rather too wide.
    """
    random = np.random.default_rng(seed)
    one, other = (random.multinomial(int(c.sum()), c / max(c.sum(), 1), size=draws) for c in (before, after))
    return stability_index(one, other)


def _shares(counts: Floats) -> Floats:
    return np.asarray((counts + SMOOTHING) / (counts + SMOOTHING).sum(axis=-1, keepdims=True))
