"""The valley between neighbouring components: whether fewer customers are between two centres than at them."""

import numpy as np

from segspark.clustering.clusterers import Floats, Ints
from segspark.clustering.mixtures import bhattacharyya
from segspark.kernels.mixtures import Mixture

_PLACES = 41  # from centre to centre, at which the density is estimated


def valleys(mixture: Mixture, points: Floats) -> Floats:
    """By component the valley to the nearest one (by Bhattacharyya distance), (K,): 1 for none, 0 for a gap.

    Only neighbours are looked at: between others there is a valley in a continuum as well, once the part in the middle
    is cut out.

    Args:
        points: the customers, (n, p).

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> points = np.append(rng.normal(size=500), rng.normal(8, 1, size=500))[:, None]
        >>> two = Mixture(np.full(2, 0.5), np.array([[0.0], [8.0]]), np.ones((2, 1, 1)))
        >>> bool(valleys(two, points).max() < 0.1)
        True
        >>> flat = rng.uniform(0, 8, size=(1000, 1))
        >>> bool(valleys(two, flat).min() > 0.8)
        True
    """
    distances = np.full((mixture.k, mixture.k), np.inf)
    i, j = np.triu_indices(mixture.k, 1)
    distances[i, j] = distances[j, i] = bhattacharyya(mixture)
    members = mixture.log_joint(points).argmax(axis=1)
    nearest = enumerate(distances.argmin(axis=1))
    return np.array([_valley(mixture, points, members, one, int(near)) for one, near in nearest])


def _valley(mixture: Mixture, points: Floats, members: Ints, one: int, other: int) -> float:
    """Density at the lowest place between two centres, by that at the lower of the peaks on its two sides.

    Of the two components' customers, along the direction that separates them best; a normal kernel of Silverman's width
    for the smaller and narrower component.
    """
    apart = mixture.means[other] - mixture.means[one]
    direction = np.linalg.solve(mixture.covariances[one] + mixture.covariances[other], apart)
    start, end = mixture.means[one] @ direction, mixture.means[other] @ direction
    spreads = [np.sqrt(direction @ mixture.covariances[c] @ direction) for c in (one, other)]
    fewest = max(min((members == one).sum(), (members == other).sum()), 1)
    width = min(spreads) * (4 / 3 / fewest) ** 0.2
    values = points[(members == one) | (members == other)] @ direction
    places = np.linspace(start, end, _PLACES)
    density = np.exp(-(((places[:, None] - values) / width) ** 2) / 2).sum(axis=1) + 1e-300
    highest_before = np.maximum.accumulate(density)
    highest_after = np.maximum.accumulate(density[::-1])[::-1]
    return float((density / np.minimum(highest_before, highest_after)).min())
