"""Agreement of partitions of the same customers: over seeds, and between the whole and its slices."""

from collections.abc import Hashable, Sequence
from itertools import combinations

import numpy as np

from segspark.clustering.clusterers import Clusterer, Floats, Ints, kmeans
from segspark.kernels import agreement

_POINTS_PER_CLUSTER = 10  # fewer in a group say nothing of whether it would be cut in the same way


def adjusted_rand(labels: Ints, others: Ints, weights: Floats | None = None) -> float:
    """Adjusted Rand index (Hubert & Arabie 1985): 1 for the same partition, 0 in expectation for unrelated ones.

    Args:
        labels: clusters of n customers, numbers from 0.
        others: other clusters of the same customers.
        weights: customers that each stands for; a weight of 3 counts as three equal rows.

    Examples:
        >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
        1.0
        >>> round(adjusted_rand(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])), 4)
        0.5714
    """
    width = int(others.max()) + 1
    counts = np.bincount(labels * width + others, weights=weights, minlength=(int(labels.max()) + 1) * width)
    common = counts.astype(np.float64).reshape(-1, width)
    return float(agreement.adjusted_rand(common))


def over_seeds(
    points: Floats, k: int, seeds: Sequence[int], *, clusterer: Clusterer = kmeans, weights: Floats | None = None
) -> tuple[float, float]:
    """Mean and smallest adjusted Rand index of all pairs of clusterings that differ in the seed alone.

    Raises:
        ValueError: fewer than two seeds.

    Examples:
        >>> over_seeds(np.array([[0.0], [1.0], [9.0], [10.0]]), 2, [1, 2, 3])
        (1.0, 1.0)
    """
    if len(seeds) < 2:
        raise ValueError(f"at least two seeds are needed to compare clusterings, not {len(seeds)}")
    partitions = [clusterer(points, k, seed, weights) for seed in seeds]
    found = [adjusted_rand(one, other, weights) for one, other in combinations(partitions, 2)]
    return float(np.mean(found)), min(found)


def by_group(
    points: Floats,
    labels: Ints,
    groups: Sequence[Hashable],
    k: int,
    seed: int,
    *,
    clusterer: Clusterer = kmeans,
    weights: Floats | None = None,
) -> dict[Hashable, float | None]:
    """Whether each group alone would be cut as the whole is: adjusted Rand index on the group's customers.

    Groups are time slices, regions, channels or the like. A low figure says that the clusters are not those of the
    group; it may still have them in other shares, so the figure is no test of difference.

    Args:
        labels: clusters of all n points by the model in question, 0 to k - 1.
        groups: the group of each point.
        clusterer: how a group is clustered by itself.

    Returns:
        By group, in the order of their text; None for one with fewer than 10 · k points.

    Examples:
        >>> points = np.tile(np.array([[0.0], [1.0], [9.0], [10.0]]), (10, 1))
        >>> by_group(points, np.tile([0, 0, 1, 1], 10), ["north"] * 20 + ["south"] * 16 + ["sea"] * 4, 2, seed=1)
        {'north': 1.0, 'sea': None, 'south': None}
    """
    found: dict[Hashable, float | None] = {}
    for group in sorted(set(groups), key=str):
        rows = np.flatnonzero([one == group for one in groups])
        shares = None if weights is None else weights[rows]
        enough = len(rows) >= _POINTS_PER_CLUSTER * k
        alone = clusterer(points[rows], k, seed, shares) if enough else None
        found[group] = None if alone is None else adjusted_rand(labels[rows], alone, shares)
    return found
