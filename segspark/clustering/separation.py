"""How separate the components of mixtures are: what tells clusters from parts of one population.

The constants were chosen on tuning seeds of benchmarks/populations.py alone, as those of `structure`.
"""

import numpy as np

from segspark.clustering.clusterers import Floats
from segspark.clustering.mixtures import bhattacharyya, from_many_to_one
from segspark.kernels.mixtures import Mixture

NEAREST = 0.8  # Bhattacharyya distance below which components are never separate
SMALLEST = 0.02  # share below which a component is no cluster
FEWEST = 40  # customers for each component that a search starts with
_CAP = 50.0  # separations beyond it are all the same


def separation(mixture: Mixture, n: int) -> float:
    """The smallest separation of two components: Bhattacharyya distance · sqrt(customers of the smaller / features).

    The distance of two halves of one population, found by chance, falls with the root of the customers in them and
    rises with the features. It is 0 where a component has less than 2% of customers or two are nearer than 0.8.

    Examples:
        >>> two = Mixture(np.array([0.2, 0.8]), np.array([[0.0], [4.0]]), np.ones((2, 1, 1)))
        >>> separation(two, 500)  # distance 2, the smaller has 100 customers
        20.0
    """
    if mixture.shares.min() < SMALLEST:
        return 0.0
    i, j = np.triu_indices(mixture.k, 1)
    distances = bhattacharyya(mixture)
    smaller = n * np.minimum(mixture.shares[i], mixture.shares[j]) / mixture.means.shape[1]
    return float(np.where(distances < NEAREST, 0.0, np.minimum(distances * np.sqrt(smaller), _CAP)).min(initial=_CAP))


def search(points: Floats, components: int, seed: int) -> list[Mixture]:
    """Mixtures of 2, 3, ... components."""
    largest = min(components, len(points) // FEWEST)
    return [one for one in from_many_to_one(points, largest, seed) if one.k > 1][::-1]


def separations_of(mixtures: list[Mixture], n: int) -> Floats:
    """Of each mixture the smallest separation of two components."""
    return np.array([separation(one, n) for one in mixtures])
