"""Calibration: memberships that say how often resampled segmentations put a customer into the same cluster."""

import numpy as np
from scipy.optimize import linear_sum_assignment, minimize_scalar

from segspark.clustering.clusterers import Clusterer, Floats, Ints, kmeans
from segspark.clustering.stability import jaccard
from segspark.kernels.membership import shares

_REACH = 100.0  # the temperature is at most so many times the mean lead in squared distance, and at least 1 / so many
_ACCURACY = 1e-4  # of its logarithm


def resampled(
    points: Floats, labels: Ints, k: int, seed: int, *, resamples: int, clusterer: Clusterer = kmeans
) -> Ints:
    """How many resampled segmentations put each customer into each cluster, shape (n, k).

    A resample has n points drawn with replacement, each counted once, as in stability.bootstrap_jaccard; it is
    clustered anew, and its clusters are matched with those in question one to one, so that the Jaccard similarities add
    up to the most (Kuhn 1955). A customer counts in the resamples that have it, about 63%.

    Args:
        points: a sample of prepared customers, shape (n, d).
        labels: their clusters by the model in question, 0 to k - 1.
        seed: of resamples and clusterer.
        resamples: how many.
        clusterer: how a resample is clustered, as the model was.

    Examples:
        >>> points = np.repeat(np.array([[0.0], [1.0], [9.0], [10.0]]), 5, axis=0)
        >>> counts = resampled(points, np.repeat([1, 1, 0, 0], 5), 2, seed=1, resamples=20)
        >>> int(counts[:10, 0].sum()), int(counts[10:, 1].sum()), bool(200 < counts.sum() < 300)
        (0, 0, True)
    """
    random = np.random.default_rng(seed)
    counts = np.zeros((len(points), k), dtype=np.int64)
    for _ in range(resamples):
        drawn = np.unique(random.integers(len(points), size=len(points)))
        again = clusterer(points[drawn], k, seed)
        own, other = linear_sum_assignment(jaccard(labels[drawn], again, k), maximize=True)
        matched = np.empty(k, dtype=np.int64)
        matched[other] = own
        counts[drawn, matched[again]] += 1
    return counts


def temperature(squared: Floats, counts: Ints) -> float:
    """The temperature with which memberships by distance predict best where resampled segmentations put customers.

    By maximum likelihood, as Guo, Pleiss, Sun & Weinberger (2017) scale the scores of a classifier. The logarithm of
    the likelihood is concave in 1 / temperature, so there is one maximum. Where no resample ever disagrees it would be
    at 0; it is kept within 1/100 and 100 times the mean lead of the nearest centre over the second.

    Args:
        squared: squared distances of n customers to the k >= 2 centres, shape (n, k).
        counts: as `resampled` gives them.

    Returns:
        In the unit of the squared distances.

    Examples:
        >>> squared, counts = np.array([[1.0, 3.0]]), np.array([[3, 1]])  # 3 of 4 agree: exp(-2 / t) is 1 / 3
        >>> round(float(temperature(squared, counts) * np.log(3)), 3)
        2.0
    """
    nearest = np.partition(squared, 1, axis=1)
    lead = float((nearest[:, 1] - nearest[:, 0]).mean()) or 1.0

    def unlikely(log: float) -> float:
        found = shares(squared, float(np.exp(log)))
        return -float((counts * np.log(np.maximum(found, np.finfo(np.float64).tiny))).sum())

    bounds = np.log(lead / _REACH), np.log(lead * _REACH)
    best = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": _ACCURACY})
    return float(np.exp(best.x))
