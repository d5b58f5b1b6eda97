"""The gap statistic: how far a clustering is below what the same clusterer reaches where there are no clusters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Clusterer, Floats, kmeans, within_ss


@dataclass(frozen=True)
class Gap:
    """The gap statistic of k = 1, 2, ..., one value each.

    Attributes:
        log_within: ln of the sum of squared Euclidean distances to the own cluster's mean.
        expected: its mean over the references.
        gap: expected - log_within.
        standard_error: of the gap; it has the references' spread and their number in it.
    """

    log_within: tuple[float, ...]
    expected: tuple[float, ...]
    gap: tuple[float, ...]
    standard_error: tuple[float, ...]

    @property
    def k(self) -> int:
        """The number of clusters by the paper's rule of one standard error."""
        return smallest_within_one_error(self.gap, self.standard_error)


def gap_statistic(points: Floats, k_max: int, seed: int, *, references: int = 50, clusterer: Clusterer = kmeans) -> Gap:
    """The gap statistic of Tibshirani, Walther & Hastie (2001), with squared distances as in the paper.

    R's cluster::clusGap takes plain distances unless d.power=2 is given. References are uniform over the box
    along the principal axes of the points (the paper's choice b).

    Args:
        points: a sample of prepared customers, shape (n, d).
        k_max: the largest k, at most n.
        seed: of references and clusterer.
        references: the paper's B, how many references are clustered.

    Raises:
        ValueError: all points are the same, or there are fewer than k_max.

    Examples:
        >>> points = np.array([[0.0], [1.0], [2.0], [3.0], [100.0], [101.0], [102.0], [103.0]])
        >>> gap_statistic(points, 4, seed=1, references=10).k
        2
    """
    if not 1 <= k_max <= len(points):
        raise ValueError(f"k_max must be 1 to {len(points)}, the number of points, not {k_max}")
    if (points == points[0]).all():
        raise ValueError(f"all {len(points)} points are the same: there is nothing to be clustered")
    drawn = uniform_references(points, references, seed)
    simulated = [_log_within(reference, k_max, seed, clusterer) for reference in drawn]
    return gap_of(_log_within(points, k_max, seed, clusterer), np.array(simulated))


def gap_of(log_within: Floats, simulated: Floats) -> Gap:
    """The statistic from the clusterings' ln of within sums of squares.

    The standard error is sd · sqrt(1 + 1/B), with sd the population standard deviation, as in the paper.

    Args:
        log_within: of the points, for k = 1, 2, ..., shape (K,).
        simulated: of the references, shape (B, K).

    Examples:
        >>> found = gap_of(np.array([3.0, 1.0]), np.array([[4.0, 2.0], [4.0, 4.0]]))
        >>> found.gap, [round(error, 4) for error in found.standard_error]
        ((1.0, 2.0), [0.0, 1.2247])
    """
    expected = simulated.mean(axis=0)
    error = simulated.std(axis=0) * np.sqrt(1 + 1 / len(simulated))
    return Gap(*(tuple(map(float, values)) for values in (log_within, expected, expected - log_within, error)))


def uniform_references(points: Floats, number: int, seed: int) -> Iterator[Floats]:
    """Samples of the same size, uniform over the box along the points' principal axes, in the points' coordinates.

    Examples:
        >>> (reference,) = uniform_references(np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]]), 1, seed=1)
        >>> bool(np.allclose(reference[:, 0], reference[:, 1]) and (0 <= reference).all() and (reference <= 4).all())
        True
    """
    random = np.random.default_rng(seed)
    centre = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
    turned = (points - centre) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    for _ in range(number):
        yield random.uniform(low, high, size=turned.shape) @ axes + centre


def smallest_within_one_error(values: Sequence[float], errors: Sequence[float]) -> int:
    """The smallest k with value(k) >= value(k + 1) - error(k + 1): the paper's rule.

    Where no k has it the values rise to the end, and the largest k is returned. The rule stops where the
    next k is no better: three clusters at a triangle's corners, which make no good two, may be called one.

    Examples:
        >>> smallest_within_one_error([0.1, 0.4, 0.9, 1.0], [0.2, 0.2, 0.2, 0.2])
        3
    """
    steps = zip(values, values[1:], errors[1:], strict=False)
    return next((k for k, (value, following, error) in enumerate(steps, 1) if value >= following - error), len(values))


def within_one_error_of_max(values: Sequence[float], errors: Sequence[float]) -> int:
    """The smallest k whose value is within one standard error of the largest: clusGap's globalSEmax.

    It looks beyond a dip, and finds clusters in a single skewed population, whose box is mostly empty.

    Examples:
        >>> within_one_error_of_max([0.3, 0.1, 0.8, 0.9, 0.7], [0.1, 0.1, 0.1, 0.2, 0.1])
        3
    """
    best = global_max(values) - 1
    return next(k for k, value in enumerate(values, 1) if value >= values[best] - errors[best])


def first_max(values: Sequence[float]) -> int:
    """The k of the first local maximum: the first that the next does not exceed; the largest k if all rise.

    Examples:
        >>> first_max([2, 3, 5, 4, 7, 8, 5, 4])
        3
    """
    return smallest_within_one_error(values, [0.0] * len(values))


def global_max(values: Sequence[float]) -> int:
    """The k of the largest value, the smallest such k.

    Examples:
        >>> global_max([2, 3, 5, 4, 7, 8, 5, 4])
        6
    """
    return int(np.argmax(values)) + 1


def _log_within(points: Floats, k_max: int, seed: int, clusterer: Clusterer) -> Floats:
    found = [within_ss(points, clusterer(points, k, seed), k) for k in range(1, k_max + 1)]
    with np.errstate(divide="ignore"):  # as many clusters as distinct points: ln 0, and the gap is infinite
        return np.log(found)
