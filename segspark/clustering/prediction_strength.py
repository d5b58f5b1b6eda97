"""Prediction strength: whether the clusters of one half of the customers are found again by those of the other half."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Clusterer, Floats, Ints, centroids, kmeans
from segspark.kernels.membership import distances

THRESHOLD = 0.8  # the paper's; it names 0.8 to 0.9


@dataclass(frozen=True)
class PredictionStrength:
    """Prediction strength of k = 1, 2, ..., one value each.

    Attributes:
        strength: mean over the splits of the worst cluster's share of pairs that stay together; 1 for k = 1.
        standard_error: of that mean. The splits are of the same points, so it tells what more splits would change,
            not what other customers would.
    """

    strength: tuple[float, ...]
    standard_error: tuple[float, ...]

    @property
    def k(self) -> int:
        """The number of clusters by the paper's rule, with its threshold of 0.8."""
        return largest_above(self.strength)


def prediction_strength(
    points: Floats, k_max: int, seed: int, *, splits: int = 50, clusterer: Clusterer = kmeans
) -> PredictionStrength:
    """Prediction strength of Tibshirani & Walther (2005), each half being both learnt from and tested, as R's fpc does.

    A split counts 0 where the clusterer finds fewer than k clusters in a half. A single long cloud can have a high
    strength for k = 2, as its halves are found again: set it beside structureless data of the same covariance.

    Args:
        points: a sample of prepared customers, shape (n, d).
        k_max: the largest k, at most half of n.
        seed: of splits and clusterer.
        splits: how many times the points are halved at random (fpc's M).

    Raises:
        ValueError: there are fewer than 2 · k_max points.

    Examples:
        >>> points = np.array([[0.0], [1.0], [2.0], [3.0], [100.0], [101.0], [102.0], [103.0]])
        >>> prediction_strength(np.repeat(points, 3, axis=0), 3, seed=1, splits=5).k
        2
    """
    if not 1 <= k_max <= len(points) // 2:
        raise ValueError(f"k_max must be 1 to {len(points) // 2}, half of the number of points, not {k_max}")
    halves = [(points[one], points[other]) for one, other in _halves(len(points), splits, seed)]
    worst = np.ones((splits, k_max))
    for k in range(2, k_max + 1):
        worst[:, k - 1] = [_of_split(one, other, k, seed, clusterer) for one, other in halves]
    errors = worst.std(axis=0, ddof=1) / np.sqrt(splits) if splits > 1 else np.full(k_max, np.nan)
    return PredictionStrength(tuple(map(float, worst.mean(axis=0))), tuple(map(float, errors)))


def pairs_kept(tested: Ints, predicted: Ints, k: int) -> Floats:
    """For each of k clusters the share of its pairs of members that the prediction, too, puts into one cluster.

    It is 1 for a cluster with fewer than two members: it has no pair to be parted.

    Args:
        tested: clusters of n points, 0 to k - 1.
        predicted: clusters of the same points by what was learnt from others, 0 to k - 1.

    Examples:
        >>> pairs_kept(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0]), 2).round(4).tolist()
        [0.3333, 1.0]
    """
    common = np.bincount(tested * k + predicted, minlength=k * k).reshape(k, k).astype(np.float64)
    sizes = common.sum(axis=1)
    pairs = sizes * (sizes - 1)
    return np.where(pairs > 0, (common * (common - 1)).sum(axis=1) / np.maximum(pairs, 1.0), 1.0)


def largest_above(strength: Sequence[float], threshold: float = THRESHOLD) -> int:
    """The largest k whose strength is above the threshold; k = 1 always is.

    Examples:
        >>> largest_above([1.0, 0.7, 0.9, 0.8])
        3
    """
    return max((k for k, value in enumerate(strength, 1) if value > threshold), default=1)


def _halves(n: int, splits: int, seed: int) -> Iterator[tuple[Ints, Ints]]:
    random = np.random.default_rng(seed)
    for _ in range(splits):
        order = random.permutation(n)
        yield order[: n // 2], order[n // 2 :]


def _of_split(one: Floats, other: Floats, k: int, seed: int, clusterer: Clusterer) -> float:
    of_one, of_other = (clusterer(half, k, seed) for half in (one, other))
    if min(len(np.unique(of_one)), len(np.unique(of_other))) < k:
        return 0.0  # fewer than k clusters were found at all
    there = pairs_kept(of_other, _nearest(other, one, of_one, k), k).min()
    back = pairs_kept(of_one, _nearest(one, other, of_other, k), k).min()
    return float((there + back) / 2)


def _nearest(points: Floats, learnt_from: Floats, labels: Ints, k: int) -> Ints:
    return np.asarray(distances(points, centroids(learnt_from, labels, k)).argmin(axis=1), dtype=np.int64)
