"""Stability: whether a cluster comes back when customers are drawn again, beside what structureless data gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Clusterer, Floats, Ints, kmeans

# Hennig, manual of R's fpc::clusterboot.
_WORDS = ((0.85, "highly stable"), (0.75, "valid"), (0.6, "doubtful"))
_DISSOLVED = 0.5  # Hennig (2007): a cluster is dissolved where none of the new ones shares more than half with it


@dataclass(frozen=True)
class Stability:
    """What became of each cluster in the resamples, by cluster number.

    Attributes:
        jaccard: mean over the resamples of the Jaccard similarity with the most similar new cluster, 0 to 1.
        dissolved_share: share of the resamples in which that similarity was at most 0.5.
    """

    jaccard: tuple[float, ...]
    dissolved_share: tuple[float, ...]


def bootstrap_jaccard(
    points: Floats,
    labels: Ints,
    k: int,
    seed: int,
    *,
    resamples: int = 100,
    clusterer: Clusterer = kmeans,
    weights: Floats | None = None,
) -> Stability:
    """Clusterwise stability of Hennig (2007), by the bootstrap as R's fpc::clusterboot does it.

    A resample has n points drawn with replacement, each counted once (clusterboot's multipleboot=FALSE), so about
    63% of them. A high figure alone proves no cluster: a long cloud is cut across its middle again and again. Set it
    beside `null_jaccard`.

    Args:
        points: a sample or coreset of prepared customers, shape (n, d).
        labels: their clusters by the model in question, 0 to k - 1.
        seed: of resamples and clusterer.
        clusterer: how a resample is clustered, as the model was.
        weights: customers that each point stands for.

    Examples:
        >>> points = np.repeat(np.array([[0.0], [1.0], [9.0], [10.0]]), 5, axis=0)
        >>> bootstrap_jaccard(points, np.repeat([0, 0, 1, 1], 5), 2, seed=1, resamples=20).jaccard
        (1.0, 1.0)
    """
    random = np.random.default_rng(seed)
    found = np.empty((resamples, k))
    for position in range(resamples):
        drawn = np.unique(random.integers(len(points), size=len(points)))
        shares = None if weights is None else weights[drawn]
        again = clusterer(points[drawn], k, seed, shares)
        found[position] = jaccard(labels[drawn], again, k, shares).max(axis=1)
    dissolved = (found <= _DISSOLVED).mean(axis=0)
    return Stability(tuple(map(float, found.mean(axis=0))), tuple(map(float, dissolved)))


def null_jaccard(
    draw: Callable[[int], Floats],
    k: int,
    seed: int,
    *,
    nulls: int = 10,
    resamples: int = 100,
    clusterer: Clusterer = kmeans,
) -> tuple[float, ...]:
    """The figure of `bootstrap_jaccard` on structureless data: of the weakest cluster, the next, ..., the strongest.

    The clusters of structureless data have no counterpart among those in question, so the two are compared by rank.

    Args:
        draw: makes a structureless data set from a seed, such as `normal_like` of the points in question.
        nulls: how many are made; the mean of each rank is returned.

    Examples:
        >>> weakest, strongest = null_jaccard(lambda seed: normal_like(np.eye(3), seed, n=60), 2, seed=1, nulls=2)
        >>> 0.5 < weakest <= strongest < 1
        True
    """
    ranks = []
    for position in range(nulls):
        points = draw(seed + position)
        labels = clusterer(points, k, seed)
        ranks.append(
            sorted(bootstrap_jaccard(points, labels, k, seed, resamples=resamples, clusterer=clusterer).jaccard)
        )
    return tuple(map(float, np.mean(ranks, axis=0)))


def normal_like(points: Floats, seed: int, *, n: int | None = None, weights: Floats | None = None) -> Floats:
    """A single normal cloud with the points' mean and covariance, of n points or as many as there are.

    Examples:
        >>> normal_like(np.array([[0.0, 0.0], [2.0, 4.0]]), seed=1, n=3) @ np.array([2.0, -1.0])
        array([0., 0., 0.])
    """
    centre = np.average(points, axis=0, weights=weights)
    spread = np.atleast_2d(np.cov(points.T, aweights=weights, ddof=0))
    values, axes = np.linalg.eigh(spread)
    scores = np.random.default_rng(seed).standard_normal((n or len(points), len(values)))
    return np.asarray(scores * np.sqrt(np.maximum(values, 0.0)) @ axes.T + centre)


def independent_like(points: Floats, seed: int, *, groups: Sequence[Sequence[int]]) -> Floats:
    """The points with each group of coordinates put to other points, on its own: margins stay, what joins them goes.

    Args:
        points: shape (n, d).
        seed: of the permutations.
        groups: positions of coordinates that stay together, such as the indicators of one input.

    Examples:
        >>> found = independent_like(np.arange(9.0).reshape(3, 3), 1, groups=[(0, 2)])
        >>> sorted((found[:, 2] - found[:, 0]).tolist()), sorted(found[:, 0].tolist()), found[:, 1].tolist()
        ([2.0, 2.0, 2.0], [0.0, 3.0, 6.0], [1.0, 4.0, 7.0])
    """
    random, found = np.random.default_rng(seed), points.copy()
    for group in map(list, groups):
        found[:, group] = points[random.permutation(len(points))][:, group]
    return found


def jaccard(labels: Ints, others: Ints, k: int, weights: Floats | None = None) -> Floats:
    """Jaccard similarities |A ∩ B| / |A ∪ B| of k clusters with k others, shape (k, k); 0 where both are empty.

    Examples:
        >>> jaccard(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 2).round(4).tolist()
        [[0.6667, 0.25], [0.0, 0.5]]
    """
    common = np.bincount(labels * k + others, weights=weights, minlength=k * k).reshape(k, k).astype(np.float64)
    union = common.sum(axis=1)[:, None] + common.sum(axis=0)[None, :] - common
    return np.where(union > 0, common / np.maximum(union, np.finfo(np.float64).tiny), 0.0)


def words(similarity: float) -> str:
    """What a bootstrap Jaccard similarity says, in the words of Hennig's manual.

    Examples:
        >>> words(0.85), words(0.76), words(0.6), words(0.59)
        ('highly stable', 'valid', 'doubtful', 'not to be trusted')
    """
    return next((said for bound, said in _WORDS if similarity >= bound), "not to be trusted")
