"""The silhouette of a sample with its standard error, and the simplified one, which needs distances to centres only."""

import numpy as np

from segspark.clustering.clusterers import Floats, Ints
from segspark.kernels.membership import nearest_other


def mean_silhouette(apart: Floats, labels: Ints) -> tuple[float, float] | None:
    """Mean silhouette (Rousseeuw 1987) of a sample and its standard error; None unless there are 2 to n - 1 clusters.

    Every customer also moves the silhouettes of the others, whose mean distances it enters, so the deviation of the
    n silhouettes over the root of n is too small, by a third where clusters touch. The error here is that of the
    infinitesimal jackknife (Jaeckel 1972), which counts both. It is the sampling error for these clusters, and says
    nothing of those that a model fitted on other customers would have.

    Args:
        apart: distances between all pairs of the n customers, shape (n, n), of whichever kind the figure is to be.
        labels: their clusters.

    Examples:
        >>> apart = np.abs(np.subtract.outer([0.0, 1.0, 10.0, 11.0], [0.0, 1.0, 10.0, 11.0]))
        >>> mean, error = mean_silhouette(apart, np.array([0, 0, 1, 1]))
        >>> round(mean, 4)
        0.8997
    """
    numbers, own = np.unique(labels, return_inverse=True)
    n, k = len(labels), len(numbers)
    if not 2 <= k < n:
        return None
    members = np.eye(k)[own]
    a, b, nearest = _mean_distances(apart, own, members)
    larger = np.where(members.sum(axis=0)[own] > 1, np.maximum(a, b), 0.0)  # a customer alone has silhouette 0
    values = np.divide(b - a, larger, out=np.zeros(n), where=larger > 0)
    influence = values - values.mean() + _on_others(apart, a, b, larger, own, nearest, members)
    return float(values.mean()), float(np.sqrt((influence**2).sum() / (n * (n - 1))))


def simplified_silhouettes(apart: Floats, labels: Ints, weights: Floats | None = None) -> tuple[float, float]:
    """Mean simplified silhouette (Hruschka, de Castro & Campello 2004): with Euclidean and with squared distances.

    It takes distances to centres where the silhouette takes means of distances to all members.

    Args:
        apart: Euclidean distances to the k >= 2 centres, shape (n, k).
        labels: clusters, 0 to k - 1.
        weights: customers that each point stands for.

    Examples:
        >>> simplified_silhouettes(np.array([[1.0, 2.0], [4.0, 2.0]]), np.array([0, 1]))
        (0.5, 0.75)
    """
    euclidean, squared = (nearest_other(measured, labels)[1] for measured in (apart, apart**2))
    return float(np.average(euclidean, weights=weights)), float(np.average(squared, weights=weights))


def _mean_distances(apart: Floats, own: Ints, members: Floats) -> tuple[Floats, Floats, Ints]:
    """Of each customer the mean distance to the others of the own and of the nearest other cluster, and which it is."""
    rows, sizes = np.arange(len(own)), members.sum(axis=0)
    sums = apart @ members
    means = sums / sizes
    means[rows, own] = np.inf
    nearest = means.argmin(axis=1)
    return sums[rows, own] / np.maximum(sizes[own] - 1, 1), means[rows, nearest], nearest


def _on_others(
    apart: Floats, a: Floats, b: Floats, larger: Floats, own: Ints, nearest: Ints, members: Floats
) -> Floats:
    """What each customer adds to the others' silhouettes: their slopes in a and b times its part in a and b."""
    rows, sizes = np.arange(len(own)), members.sum(axis=0)
    squared = np.where(larger > 0, larger, np.inf) ** 2
    slopes, reached = np.zeros_like(members), np.zeros_like(members)
    slopes[rows, own] = -b / squared / np.maximum(sizes[own] - 1, 1)
    slopes[rows, nearest] = a / squared / sizes[nearest]
    reached[rows, own], reached[rows, nearest] = a, b
    return np.asarray((apart @ slopes)[rows, own] - (slopes * reached).sum(axis=0)[own])
