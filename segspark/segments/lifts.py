"""Lifts: how many times as often two things go together as by chance, with intervals."""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def lifts(both: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, total: float) -> Floats:
    """n·n_ab / (n_a·n_b), element by element.

    Examples:
        >>> lifts([16], [20], [40], 100).tolist()
        [2.0]
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return np.asarray(total * np.asarray(both, dtype=float) / (a * b))


def lift_intervals(
    both: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, total: float, confidence: float
) -> tuple[Floats, Floats]:
    """Both ends of the interval of a lift: that of its logarithm, by the delta method.

    The logarithm's variance is 1/n_ab - 1/n_a - 1/n_b + (2 lift - 1)/n. Where n_ab is 0 there is none: both are nan.

    Examples:
        >>> low, high = lift_intervals([16], [20], [40], 100, 0.95)  # the variance is 1/16 - 1/20 - 1/40 + 3/100
        >>> low.round(2).tolist(), high.round(2).tolist()
        ([1.54], [2.59])
    """
    n_ab, a, b = (np.asarray(one, dtype=float) for one in (both, first, second))
    lift = lifts(n_ab, a, b, total)
    known = np.where(n_ab > 0, n_ab, np.nan)
    spread = np.sqrt(np.maximum(1 / known - 1 / a - 1 / b + (2 * lift - 1) / total, 0))
    half = stats.norm.ppf((1 + confidence) / 2) * spread
    return lift * np.exp(-half), lift * np.exp(half)
