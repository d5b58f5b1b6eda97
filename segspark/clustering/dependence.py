"""Whether features hang together at all: the first question to customers that shall be grouped."""

from itertools import repeat

import numpy as np
from scipy.special import ndtri

from segspark.clustering.clusterers import Floats

PERMUTATIONS = 199


def dependence(points: Floats, seed: int, permutations: int = PERMUTATIONS) -> tuple[float, float]:
    """Permutation test of independence of the columns.

    The statistic is n times the sum of squared correlations between what belongs to different features: each one's
    normal scores, for dependence that rises or falls, and the squares of these, for spreads that change together
    or bends. Ties share a mean rank. Under independence every order of each column is as likely as the one seen.

    Args:
        points: (n, p), p >= 2; a constant column counts as independent.
        seed: of the permutations.

    Returns:
        The statistic, and the p-value: the share of permutations, the data included, with at least that statistic.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> x = rng.normal(size=(300, 1))
        >>> bent = np.concatenate([x, x**2 + rng.normal(size=(300, 1))], axis=1)  # correlation about 0
        >>> dependence(bent, seed=1)[1]
        0.005
        >>> dependence(rng.normal(size=(300, 3)), seed=1)[1] > 0.05
        True
    """
    rng = np.random.default_rng(seed)
    columns = [_standard(column) for column in points.T]
    seen = _squared_correlations(columns)
    at_least = 1
    for _ in repeat(None, permutations):
        shuffled = [column[rng.permutation(len(points))] for column in columns]
        at_least += _squared_correlations(shuffled) >= seen
    return seen, float(at_least / (permutations + 1))


def _standard(column: Floats) -> Floats:
    """Normal scores of mean ranks and their squares, each of mean 0 and length 1, (n, 2)."""
    _, place, held = np.unique(column, return_inverse=True, return_counts=True)
    scores = ndtri((np.cumsum(held) - held / 2) / len(column))[place]
    both = np.stack([scores, scores**2], axis=1)
    both = both - both.mean(axis=0)
    lengths = np.sqrt((both**2).sum(axis=0))
    return np.asarray(both / np.where(lengths > 1e-9, lengths, np.inf))


def _squared_correlations(columns: list[Floats]) -> float:
    together = np.concatenate(columns, axis=1)
    squared = (together.T @ together) ** 2
    within = sum(float(squared[i : i + 2, i : i + 2].sum()) for i in range(0, len(squared), 2))
    return len(together) * (float(squared.sum()) - within) / 2
