"""How firmly points belong to clusters, and which cluster comes second."""

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


def shares(squared: Floats, temperature: float) -> Floats:
    """Memberships of each point in all clusters, which add up to 1: softmax(-squared / temperature), shape (n, k).

    They are the posteriors of a mixture of equally frequent normal clouds that are round, with a variance of half the
    temperature in each direction.

    Args:
        squared: squared distances to the centres, shape (n, k).
        temperature: in their unit, above 0: the lower, the firmer.

    Examples:
        >>> shares(np.array([[1.0, 1.0 + np.log(4)]]), 1.0).round(3).tolist()
        [[0.8, 0.2]]
    """
    weights = np.exp((squared.min(axis=1, keepdims=True) - squared) / temperature)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def nearest_other(apart: Floats, cluster: Ints) -> tuple[Ints, Floats]:
    """The nearest cluster but the own one, and the margin over it.

    With a the distance to the own centre and b that to the nearest other, the margin is (b - a) / max(a, b), the
    point's simplified silhouette (Hruschka, de Castro & Campello 2004). It is negative where the cluster is not the
    nearest, as bisecting trees can have it.

    Args:
        apart: distances of one kind, shape (n, k), k >= 2.
        cluster: the clusters of the n points.

    Examples:
        >>> runner_up, margin = nearest_other(np.array([[1.0, 3.0, 9.0]]), np.array([0]))
        >>> int(runner_up[0]), round(float(margin[0]), 4)
        (1, 0.6667)
    """
    rows = np.arange(len(apart))
    others = apart.copy()
    others[rows, cluster] = np.inf
    runner_up = others.argmin(axis=1)
    a, b = apart[rows, cluster], others[rows, runner_up]
    larger = np.maximum(a, b)
    return runner_up, np.divide(b - a, larger, out=np.zeros_like(b), where=larger > 0)
