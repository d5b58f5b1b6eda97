"""Clusterers of a bounded sample on the driver, which the statistics that cluster again and again are given."""

import warnings
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


# One thread: partial sums are then added in one order, and on samples of this size threads that wait for one another
# cost more than they bring (5 to 60 times as long on two busy cores).
_THREADS = ThreadpoolController()


class Clusterer(Protocol):
    """What puts n points into k clusters: the same clusters for the same points, k, seed and weights."""

    def __call__(self, points: Floats, k: int, seed: int, weights: Floats | None = None) -> Ints:
        """Cluster numbers 0 to k - 1 of points of shape (n, d); `weights` are the customers that each stands for."""


def kmeans(points: Floats, k: int, seed: int, weights: Floats | None = None) -> Ints:
    """k-means of scikit-learn: the best of three starts by k-means++, squared Euclidean distances.

    Examples:
        >>> near, far = kmeans(np.array([[0.0], [1.0], [10.0], [11.0]]), 2, seed=1).reshape(2, 2)
        >>> bool(near[0] == near[1] != far[0] == far[1])
        True
    """
    if k == 1:
        return np.zeros(len(points), dtype=np.int64)
    with warnings.catch_warnings(), _THREADS.limit(limits=1, user_api="openmp"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than k: the rest stays empty
        model = KMeans(min(k, len(points)), n_init=3, random_state=seed).fit(points, sample_weight=weights)
    return np.asarray(model.labels_, dtype=np.int64)


def centroids(points: Floats, labels: Ints, k: int, weights: Floats | None = None) -> Floats:
    """Weighted means of k clusters, shape (k, d); NaN for an empty one.

    Examples:
        >>> centroids(np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1]), 2).tolist()
        [[1.0], [9.0]]
    """
    shares = np.ones(len(points)) if weights is None else weights
    sums = np.zeros((k, points.shape[1]))
    np.add.at(sums, labels, points * shares[:, None])
    counts = np.bincount(labels, weights=shares, minlength=k)[:, None]
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def within_ss(points: Floats, labels: Ints, k: int, weights: Floats | None = None) -> float:
    """Weighted sum of squared Euclidean distances to the mean of the own cluster.

    Examples:
        >>> within_ss(np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1]), 2)
        2.0
    """
    squared = ((points - centroids(points, labels, k, weights)[labels]) ** 2).sum(axis=1)
    return float(squared.sum() if weights is None else squared @ weights)
