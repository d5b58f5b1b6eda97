"""Cluster indices from sums per cluster, which one pass over all customers yields."""

from dataclasses import dataclass
from math import inf, log

import numpy as np

from segspark.clustering.clusterers import Floats, Ints


@dataclass(frozen=True)
class ClusterSums:
    """Sums over the members of each of k clusters, in d prepared dimensions. Those of two parts of the data add up.

    No index changes if all points are moved by the same vector. Sums taken about the overall mean, or any point near
    it, keep more digits where the data is far from the origin.

    Attributes:
        counts: members, or their weights, shape (k,).
        sums: of the points, shape (k, d).
        squares: of the points' squared norms, shape (k,).
        distances: of the Euclidean distances to the cluster's centre, shape (k,).
    """

    counts: Floats
    sums: Floats
    squares: Floats
    distances: Floats

    @staticmethod
    def of(points: Floats, labels: Ints, centres: Floats, weights: Floats | None = None) -> "ClusterSums":
        """Sums of points at hand, shape (n, d), with clusters 0 to k - 1 and centres of shape (k, d).

        Examples:
            >>> points, labels = np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1])
            >>> ClusterSums.of(points, labels, np.array([[1.0], [9.0]])).squares.tolist()
            [4.0, 81.0]
        """
        shares = np.ones(len(points)) if weights is None else weights
        members = (np.arange(len(centres))[:, None] == labels) * shares
        apart = np.sqrt(((points - centres[labels]) ** 2).sum(axis=1))
        return ClusterSums(members.sum(axis=1), members @ points, members @ (points**2).sum(axis=1), members @ apart)

    def __add__(self, other: "ClusterSums") -> "ClusterSums":
        return ClusterSums(
            self.counts + other.counts,
            self.sums + other.sums,
            self.squares + other.squares,
            self.distances + other.distances,
        )

    @property
    def means(self) -> Floats:
        """Means of the clusters that have members."""
        present = self.counts > 0
        return np.asarray(self.sums[present] / self.counts[present, None])


def cost(sums: ClusterSums, centres: Floats) -> float:
    """Sum of squared Euclidean distances to the given centre of the own cluster, centres of shape (k, d).

    Examples:
        >>> sums = ClusterSums.of(np.array([[0.0], [2.0]]), np.array([0, 0]), np.array([[0.0]]))
        >>> cost(sums, np.array([[0.0]])), within_ss(sums)
        (4.0, 2.0)
    """
    own = (centres**2).sum(axis=1) * sums.counts
    return max(0.0, float((sums.squares - 2 * (sums.sums * centres).sum(axis=1) + own).sum()))


def within_ss(sums: ClusterSums) -> float:
    """Sum of squared Euclidean distances to the mean of the own cluster."""
    present = sums.counts > 0
    explained = (sums.sums[present] ** 2).sum(axis=1) / sums.counts[present]
    return max(0.0, float((sums.squares[present] - explained).sum()))


def total_ss(sums: ClusterSums) -> float:
    """Sum of squared Euclidean distances to the overall mean."""
    return max(0.0, float(sums.squares.sum() - (sums.sums.sum(axis=0) ** 2).sum() / sums.counts.sum()))


def calinski_harabasz(sums: ClusterSums) -> float | None:
    """Variance ratio between and within clusters (Caliński & Harabasz 1974), higher is better; squared distances.

    None for fewer than two clusters with members, or as many as there are customers; infinite where all customers are
    at their cluster's mean (scikit-learn says 1).

    Examples:
        >>> points, labels = np.array([[0.0], [2.0], [8.0], [10.0]]), np.array([0, 0, 1, 1])
        >>> calinski_harabasz(ClusterSums.of(points, labels, np.array([[1.0], [9.0]])))
        32.0
    """
    k, n = len(sums.means), float(sums.counts.sum())
    if not 2 <= k < n:
        return None
    within = within_ss(sums)
    return inf if within == 0 else (total_ss(sums) - within) / within * (n - k) / (k - 1)


def davies_bouldin(sums: ClusterSums) -> float | None:
    """Mean likeness of each cluster to its most similar other (Davies & Bouldin 1979), lower is better; Euclidean.

    Likeness is the two mean distances to the centre, added, over the distance of the means. None for fewer than two
    clusters with members; infinite where two clusters have the same mean.

    Examples:
        >>> points, labels = np.array([[0.0], [2.0], [8.0], [10.0]]), np.array([0, 0, 1, 1])
        >>> davies_bouldin(ClusterSums.of(points, labels, np.array([[1.0], [9.0]])))
        0.25
    """
    means, present = sums.means, sums.counts > 0
    if len(means) < 2:
        return None
    spread = sums.distances[present] / sums.counts[present]
    apart = np.sqrt(((means[:, None, :] - means[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, inf)
    if not apart.all():
        return inf
    return float(((spread[:, None] + spread[None, :]) / apart).max(axis=1).mean())


def mixture_bic(log_likelihood: float, n: float, k: int, dimensions: int) -> float:
    """Bayesian information criterion (Schwarz 1978) of a mixture of k normals with full covariances, lower is better.

    Args:
        log_likelihood: of all n customers together, nats.

    Examples:
        >>> round(mixture_bic(-100.0, n=50, k=2, dimensions=1), 2)  # 1 share, 2 means, 2 variances
        219.56
    """
    return bic(log_likelihood, n, (k - 1) + k * dimensions + k * dimensions * (dimensions + 1) // 2)


def bic(log_likelihood: float, n: float, parameters: int) -> float:
    """Bayesian information criterion (Schwarz 1978) of a model with so many free parameters, lower is better.

    Args:
        log_likelihood: of all n customers together, nats.

    Examples:
        >>> bic(-100.0, n=1.0, parameters=5)
        200.0
    """
    return parameters * log(n) - 2 * log_likelihood
