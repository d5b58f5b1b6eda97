"""Fits: candidates on a coreset, on the driver."""

from collections.abc import Mapping

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from segspark.clustering.mixtures import fitted, prior_of
from segspark.config.clustering import Algorithm, Clustering, Search
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition, nearness
from segspark.kernels.points import Floats


def nearest_centres(points: Floats, weights: Floats, k: int, restarts: int, seed: int, iterations: int) -> Floats:
    """KMeans on the driver: scikit-learn's, of several starts the one with the lowest weighted cost.

    On one thread, so that sums are taken in one order.

    Args:
        points: shape (n, inputs), n bounded by search.coreset_rows.
        weights: of the points.
        k: clusters.
        restarts: starts by k-means++.
        seed: of the starts.
        iterations: of each start, at most.

    Returns:
        Centres, shape (k, inputs).

    Examples:
        >>> found = nearest_centres(np.array([[0.0], [2.0], [9.0]]), np.array([1.0, 1.0, 5.0]), 2, 3, 42, 20)
        >>> sorted(found.ravel().tolist())
        [1.0, 9.0]
    """
    with threadpool_limits(1):
        found = KMeans(k, n_init=restarts, max_iter=iterations, random_state=seed)
        return np.asarray(found.fit(points, sample_weight=weights).cluster_centers_)


def bisected(points: Floats, weights: Floats, k: int, restarts: int, seed: int, iterations: int) -> Partition:
    """A tree of 2-means splits: again and again the leaf of the highest cost is split in two.

    The tree of fewer leaves is the beginning of that of more: see `first_splits`. Bisecting k-means (Steinbach, Karypis
    & Kumar 2000), as scikit-learn's BisectingKMeans chooses what to split by default.

    Args:
        points: whole numbers of steps, shape (n, inputs).
        weights: of the points.
        k: leaves, or fewer where no leaf has two different points.
        restarts: starts of each split; the one of lowest cost is taken.
        seed: of the starts.
        iterations: of each start, at most.

    Examples:
        >>> tree = bisected(np.array([[0.0], [2.0], [9.0], [30.0]]), np.ones(4), 3, 2, 42, 20)
        >>> sorted(tree.centres.ravel().tolist()), len(tree.children)
        ([1.0, 9.0, 30.0], 5)
    """
    centres = [np.rint(np.average(points, axis=0, weights=weights))]
    children: dict[int, tuple[int, int]] = {}
    members = {0: np.arange(len(points))}
    costs = {0: _cost(points, weights, centres[0])}
    while len(members) < k and max(costs.values()) > 0:
        node = max(costs, key=lambda one: (costs[one], -one))
        own = members[node]
        two = np.rint(nearest_centres(points[own], weights[own], 2, restarts, seed, iterations))
        apart = nearness(points[own].T, two)
        goes_left = apart[0] <= apart[1]
        if goes_left.all() or not goes_left.any():  # two points that rounding made one
            costs[node] = 0.0
            continue
        del members[node], costs[node]
        children[node] = (len(centres), len(centres) + 1)
        for centre, some in zip(two, (own[goes_left], own[~goes_left]), strict=True):
            members[len(centres)], costs[len(centres)] = some, _cost(points[some], weights[some], centre)
            centres.append(centre)
    return _tree(np.array(centres), children)


def first_splits(tree: Partition, k: int) -> Partition:
    """The tree of the first splits, with k leaves, or as many as it has if they are fewer.

    Examples:
        >>> tree = bisected(np.array([[0.0], [2.0], [9.0], [30.0]]), np.ones(4), 3, 2, 42, 20)
        >>> sorted(first_splits(tree, 2).centres.ravel().tolist())
        [4.0, 30.0]
    """
    if tree.nodes is None:
        raise ValueError("a flat partition has no splits")
    size = min(2 * k - 1, len(tree.nodes))
    pairs = {node: two for node, two in enumerate(tree.children) if 0 < two[1] < size}
    return _tree(tree.nodes[:size], pairs)


def _tree(nodes: Floats, children: Mapping[int, tuple[int, int]]) -> Partition:
    """Leaves are numbered from the left to the right, as spark.ml does."""
    leaves, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        if node in children:
            waiting += reversed(children[node])
        else:
            leaves.append(node)
    number = {leaf: cluster for cluster, leaf in enumerate(leaves)}
    pairs = tuple(children[node] if node in children else (-1 - number[node], -1) for node in range(len(nodes)))
    return Partition(nodes[leaves], nodes, pairs)


def _cost(points: Floats, weights: Floats, centre: Floats) -> float:
    return float(weights @ ((points - centre) ** 2).sum(axis=1))


def mixed(points: Floats, weights: Floats, centres: Floats, steps: int, tolerance: float) -> Mixture:
    """A Gaussian mixture that grows out of KMeans, by the EM algorithm (clustering.mixtures.fitted).

    Args:
        points: in prepared units, shape (n, inputs).
        weights: of the points.
        centres: that it starts with, in the same unit, shape (k, inputs).
        steps: of EM, at most.
        tolerance: it stops when a step adds less to the log-likelihood, in nats a customer.

    Examples:
        >>> points = np.array([[-5.0], [-4.0], [4.0], [5.0]])
        >>> found = mixed(points, np.ones(4), np.array([[-4.5], [4.5]]), 50, 1e-6)
        >>> found.shares.round(3).tolist()
        [0.5, 0.5]
    """
    counts, middle, k = weights / weights.mean(), np.average(points, axis=0, weights=weights), len(centres)
    start = np.eye(k)[nearness(points.T, centres).argmin(axis=0)]
    with threadpool_limits(1):
        _, found = fitted(points - middle, counts, start, prior_of(points, counts, k), steps, tolerance)
    return Mixture(found.shares, found.means + middle, found.covariances)


def shape_of(
    algorithm: Algorithm,
    points: Floats,
    weights: Floats,
    k: int,
    seed: int,
    settings: Clustering,
    search: Search,
    step: float = 1.0,
) -> Partition | Mixture:
    """What an algorithm makes of points on the driver: the centres of KMeans, a tree of splits, or a mixture.

    Args:
        algorithm: kmeans, bisecting or gmm.
        points: whole numbers of steps, shape (n, inputs).
        weights: of the points.
        k: clusters.
        seed: of the starts.
        settings: iterations and tolerance.
        search: restarts.
        step: of the grid: a mixture is in the prepared unit.

    Examples:
        >>> points = np.array([[0.0], [2.0], [90.0], [92.0]])
        >>> found = shape_of("kmeans", points, np.ones(4), 2, 1, Clustering(), Search())
        >>> sorted(found.centres.ravel().tolist())
        [1.0, 91.0]
    """
    if algorithm == "bisecting":
        return bisected(points, weights, k, search.restarts, seed, settings.max_iterations["bisecting"])
    centres = nearest_centres(points, weights, k, search.restarts, seed, settings.max_iterations["kmeans"])
    if algorithm == "kmeans":
        return Partition(np.rint(centres))
    return mixed(points * step, weights, centres * step, settings.max_iterations["gmm"], settings.tolerance)
