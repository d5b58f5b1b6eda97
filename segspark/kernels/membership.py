"""How firmly points belong to their cluster, and which cluster comes second."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def distances(points: Floats, centres: Floats) -> Floats:
    """Euclidean distances, shapes (n, d) and (k, d) to (n, k).

    Examples:
        >>> distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[5.0, 0.0]]
    """
    return np.stack([np.sqrt(((points - centre) ** 2).sum(axis=1)) for centre in centres], axis=1)


def by_distance(apart: Floats, cluster: Ints) -> tuple[Ints, Floats, Floats]:
    """Runner-up, membership and margin from distances to the centres.

    With a the distance to the own centre and b that to the nearest other: membership is b / (a + b), the share of
    nearness; margin is (b - a) / max(a, b), the point's simplified silhouette (Hruschka, de Castro & Campello 2004).
    The margin is negative where the cluster is not the nearest, as bisecting trees can have it.

    Args:
        apart: shape (n, k), k >= 2.
        cluster: the clusters of the n points.

    Examples:
        >>> runner_up, membership, margin = by_distance(np.array([[1.0, 3.0, 9.0]]), np.array([0]))
        >>> int(runner_up[0]), float(membership[0]), round(float(margin[0]), 4)
        (1, 0.75, 0.6667)
    """
    rows = np.arange(len(apart))
    others = apart.copy()
    others[rows, cluster] = np.inf
    runner_up = others.argmin(axis=1)
    a, b = apart[rows, cluster], others[rows, runner_up]
    total, larger = a + b, np.maximum(a, b)
    membership = np.divide(b, total, out=np.full_like(b, 0.5), where=total > 0)
    margin = np.divide(b - a, larger, out=np.zeros_like(b), where=larger > 0)
    return runner_up, membership, margin


def by_probability(posterior: Floats, cluster: Ints) -> tuple[Ints, Floats, Floats]:
    """Runner-up, membership and margin from posterior probabilities, shape (n, k), k >= 2.

    Examples:
        >>> runner_up, membership, margin = by_probability(np.array([[0.2, 0.7, 0.1]]), np.array([1]))
        >>> int(runner_up[0]), float(membership[0]), round(float(margin[0]), 4)
        (0, 0.7, 0.5)
    """
    rows = np.arange(len(posterior))
    others = posterior.copy()
    others[rows, cluster] = -np.inf
    runner_up = others.argmax(axis=1)
    membership = posterior[rows, cluster]
    return runner_up, membership, membership - others[rows, runner_up]
