"""How far two partitions agree, from the numbers of those who are in each pair of their parts."""

import numpy as np

from segspark.kernels.points import Floats


def adjusted_rand(tables: Floats) -> Floats:
    """Adjusted Rand index (Hubert & Arabie 1985), as scikit-learn defines it, of each of a stack of tables.

    Args:
        tables: those who are in both parts, shape (..., before, after).

    Examples:
        >>> round(float(adjusted_rand(np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 1.0]]))), 4)
        0.5714
    """
    together = _pairs(tables).sum(axis=(-2, -1))
    of_rows, of_columns = _pairs(tables.sum(axis=-1)).sum(axis=-1), _pairs(tables.sum(axis=-2)).sum(axis=-1)
    everything = np.maximum(_pairs(tables.sum(axis=(-2, -1))), 1.0)
    chance, highest = of_rows * of_columns / everything, (of_rows + of_columns) / 2
    room = highest - chance
    return np.asarray(np.divide(together - chance, room, out=np.ones_like(together), where=room > 0))


def _pairs(counts: Floats) -> Floats:
    return np.asarray(counts * (counts - 1) / 2)
