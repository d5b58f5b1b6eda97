"""Normal mixtures of a bounded sample: fitted, from many components to one, and how far apart components are."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sklearn.cluster import KMeans

from segspark.clustering.clusterers import Floats
from segspark.kernels.mixtures import Mixture, log_likelihoods

_STEPS = 25  # of the EM algorithm, from one number of components to the next
_TOLERANCE = 1e-4  # nats a customer, below which the EM algorithm stops


def fitted(
    points: Floats,
    counts: Floats,
    weights: Floats,
    prior: Floats,
    steps: int = _STEPS,
    tolerance: float = _TOLERANCE,
) -> tuple[Floats, Mixture]:
    """The EM algorithm for normal components with full covariances.

    Covariances are held off zero by a prior (Fraley & Raftery 2007): each component has p + 2 customers more, who vary
    as the prior says. Without it, many customers with the very same values would pull a covariance to zero.

    Args:
        points: (n, p), near the origin.
        counts: customers that each point stands for, (n,).
        weights: the components' of each point to start with, (n, K), rows with the sum 1.
        prior: (p, p), see prior_of.
        steps: at most.
        tolerance: it stops when a step adds less to the log-likelihood, in nats a customer.

    Returns:
        The weights after the last step, and the mixture.

    Examples:
        >>> points, ones = np.array([[-5.0], [-4.0], [4.0], [5.0]]), np.ones(4)
        >>> start = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
        >>> weights, mixture = fitted(points, ones, start, np.array([[0.1]]))
        >>> mixture.means.round(2).tolist(), weights.round(2)[0].tolist()
        ([[-4.5], [4.5]], [1.0, 0.0])
    """
    n, p = points.shape
    squares = (points[:, :, None] * points[:, None, :]).reshape(n, p * p)
    total, before = counts.sum(), -np.inf
    for _ in range(steps):
        counted = (weights * counts[:, None]).T
        sizes = counted.sum(axis=1) + 1e-9
        means = counted @ points / sizes[:, None]
        scatter = (counted @ squares).reshape(-1, p, p) - sizes[:, None, None] * means[:, :, None] * means[:, None, :]
        mixture = Mixture(sizes / sizes.sum(), means, (scatter + prior) / (sizes + p + 2)[:, None, None])
        joint = mixture.log_joint(points)
        each = log_likelihoods(joint)
        weights, likelihood = np.exp(joint - each[:, None]), float(counts @ each)
        if abs(likelihood - before) < tolerance * total:
            break
        before = likelihood
    return weights, mixture


def prior_of(points: Floats, counts: Floats, k: int) -> Floats:
    """The prior of k components' covariances: the points' own, shrunk to a component's size (Fraley & Raftery 2007).

    Examples:
        >>> prior_of(np.array([[0.0], [2.0]]), np.array([2.0, 2.0]), 1).round(4).tolist()
        [[2.0]]
    """
    p = points.shape[1]
    spread = np.cov(points.T, aweights=counts).reshape(p, p)
    spread = spread + 1e-6 * np.diag(np.diag(spread))  # features that are sums of others leave it singular
    return np.asarray(spread / k ** (2 / p))


def from_many_to_one(points: Floats, largest: int, seed: int) -> Iterator[Mixture]:
    """Mixtures of `largest` components, one less, and so on down to one.

    The first grows out of k-means. After each fit the two components that cost the least when they are one are joined,
    by the classification likelihood of the joint normal (Banfield & Raftery 1993), and the EM algorithm goes on from
    there. Starting with more components than there are clusters finds small clusters that a start with k misses.

    Args:
        points: prepared customers, (n, p), without ties.
        largest: components of the first.
        seed: of k-means.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> two = np.concatenate([rng.normal(size=(100, 2)), 9 + rng.normal(size=(50, 2))])
        >>> found = {one.k: one for one in from_many_to_one(two, 4, seed=1)}
        >>> sorted(found[2].shares.round(3).tolist())
        [0.333, 0.667]
    """
    centre, ones = points.mean(axis=0), np.ones(len(points))
    centred = points - centre
    labels = KMeans(largest, n_init=2, random_state=seed).fit(centred).labels_
    weights = np.eye(largest)[labels]
    for k in range(largest, 0, -1):
        weights, mixture = fitted(centred, ones, weights, prior_of(centred, ones, k))
        yield replace(mixture, means=mixture.means + centre)
        if k > 1:
            weights = _joined(weights, *_cheapest(mixture))


def bhattacharyya(mixture: Mixture) -> Floats:
    """Bhattacharyya distance of every pair of components, (K · (K - 1) / 2,), in the order of np.triu_indices.

    (1/8) d' S⁻¹ d + (1/2) ln(det S / sqrt(det S1 · det S2)), with d the difference of means and S the mean of
    the covariances (Fukunaga 1990, 3.4). Two normal clusters of shares a and b overlap by at most
    sqrt(a b) · exp(-distance).

    Examples:
        >>> bhattacharyya(Mixture(np.full(2, 0.5), np.array([[0.0], [4.0]]), np.ones((2, 1, 1)))).tolist()
        [2.0]
    """
    i, j = np.triu_indices(mixture.k, 1)
    apart, mean = mixture.means[i] - mixture.means[j], (mixture.covariances[i] + mixture.covariances[j]) / 2
    centres = np.einsum("qa,qa->q", apart, np.linalg.solve(mean, apart[..., None])[..., 0])
    volumes = np.linalg.slogdet(mixture.covariances)[1]
    return np.asarray(centres / 8 + np.linalg.slogdet(mean)[1] / 2 - (volumes[i] + volumes[j]) / 4)


def _cheapest(mixture: Mixture) -> tuple[int, int]:
    """The pair of components whose union loses the least classification likelihood."""
    i, j = np.triu_indices(mixture.k, 1)
    size = mixture.shares
    both = size[i] + size[j]
    a, b = (size[i] / both)[:, None, None], (size[j] / both)[:, None, None]
    apart = mixture.means[i] - mixture.means[j]
    union = a * mixture.covariances[i] + b * mixture.covariances[j]
    union = union + a * b * apart[:, :, None] * apart[:, None, :]
    own = size * (np.linalg.slogdet(mixture.covariances)[1] - 2 * np.log(size))
    loss = both * (np.linalg.slogdet(union)[1] - 2 * np.log(both)) - own[i] - own[j]
    return int(i[loss.argmin()]), int(j[loss.argmin()])


def _joined(weights: Floats, i: int, j: int) -> Floats:
    joined = np.delete(weights, j, axis=1)
    joined[:, i] += weights[:, j]
    return joined
