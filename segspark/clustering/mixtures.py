"""Normal mixtures of a bounded sample, from many components to one, and how far apart their components are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sklearn.cluster import KMeans

from segspark.clustering.clusterers import Floats, Ints

_STEPS = 25  # of the EM algorithm, from one number of components to the next
_TOLERANCE = 1e-4  # nats a customer, below which the EM algorithm stops


@dataclass(frozen=True)
class Mixture:
    """A mixture of K normal components.

    Attributes:
        shares: of customers, (K,).
        means: (K, p).
        covariances: (K, p, p), full.
    """

    shares: Floats
    means: Floats
    covariances: Floats

    @property
    def k(self) -> int:
        """The number of components."""
        return len(self.shares)

    def bhattacharyya(self) -> Floats:
        """Bhattacharyya distance of every pair of components, (K · (K - 1) / 2,), in the order of np.triu_indices.

        (1/8) d' S⁻¹ d + (1/2) ln(det S / sqrt(det S1 · det S2)), with d the difference of means and S the mean of
        the covariances (Fukunaga 1990, 3.4). Two normal clusters of shares a and b overlap by at most
        sqrt(a b) · exp(-distance).

        Examples:
            >>> Mixture(np.full(2, 0.5), np.array([[0.0], [4.0]]), np.ones((2, 1, 1))).bhattacharyya().tolist()
            [2.0]
        """
        i, j = np.triu_indices(self.k, 1)
        apart, mean = self.means[i] - self.means[j], (self.covariances[i] + self.covariances[j]) / 2
        centres = np.einsum("qa,qa->q", apart, np.linalg.solve(mean, apart[..., None])[..., 0])
        volumes = np.linalg.slogdet(self.covariances)[1]
        return np.asarray(centres / 8 + np.linalg.slogdet(mean)[1] / 2 - (volumes[i] + volumes[j]) / 4)

    def members(self, points: Floats) -> Ints:
        """The component that each customer most likely comes from, (n,).

        Examples:
            >>> two = Mixture(np.full(2, 0.5), np.array([[0.0], [4.0]]), np.ones((2, 1, 1)))
            >>> two.members(np.array([[1.0], [3.0]])).tolist()
            [0, 1]
        """
        joint = _log_joint(points, self.shares, self.means, self.covariances)
        return np.asarray(joint.argmax(axis=0), dtype=np.int64)


def from_many_to_one(points: Floats, largest: int, seed: int) -> Iterator[Mixture]:
    """Mixtures of `largest` components, one less, and so on down to one.

    The first grows out of k-means. After each fit the two components that cost the least when they are one are joined,
    by the classification likelihood of the joint normal (Banfield & Raftery 1993), and the EM algorithm goes on from
    there. Starting with more components than there are clusters finds small clusters that a start with k misses.
    Covariances are held off zero by a prior, the sample's covariance shrunk to a component's size (Fraley & Raftery
    2007).

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
    p = points.shape[1]
    centre = points.mean(axis=0)
    centred = points - centre
    spread = np.cov(centred.T).reshape(p, p)
    spread = spread + 1e-6 * np.diag(np.diag(spread))  # features that are sums of others leave it singular
    labels = KMeans(largest, n_init=2, random_state=seed).fit(centred).labels_
    weights = np.eye(largest)[labels].T
    for k in range(largest, 0, -1):
        weights, mixture = _fitted(centred, weights, spread / k ** (2 / p))
        yield replace(mixture, means=mixture.means + centre)
        if k > 1:
            weights = _joined(weights, *_cheapest(mixture))


def _fitted(points: Floats, weights: Floats, prior: Floats) -> tuple[Floats, Mixture]:
    """The EM algorithm from the components' weights of the customers, (K, n), on."""
    n, p = points.shape
    squares = (points[:, :, None] * points[:, None, :]).reshape(n, p * p)
    before = -np.inf
    for _ in range(_STEPS):
        sizes = weights.sum(axis=1) + 1e-9
        means = weights @ points / sizes[:, None]
        scatter = (weights @ squares).reshape(-1, p, p) - sizes[:, None, None] * means[:, :, None] * means[:, None, :]
        covariances = (scatter + prior) / (sizes + p + 2)[:, None, None]
        joint = _log_joint(points, sizes / n, means, covariances)
        highest = joint.max(axis=0)
        relative = np.exp(joint - highest)
        total = relative.sum(axis=0)
        weights, likelihood = relative / total, float((highest + np.log(total)).sum())
        if abs(likelihood - before) < _TOLERANCE * n:
            break
        before = likelihood
    return weights, Mixture(sizes / sizes.sum(), means, covariances)


def _log_joint(points: Floats, shares: Floats, means: Floats, covariances: Floats) -> Floats:
    """Logarithm of share times density, (K, n)."""
    whitening = np.linalg.inv(np.linalg.cholesky(covariances))
    constants = np.log(shares) + np.log(np.einsum("kii->ki", whitening)).sum(axis=1)
    constants -= points.shape[1] / 2 * np.log(2 * np.pi)
    z = np.matmul(points[None] - means[:, None, :], whitening.transpose(0, 2, 1))
    return np.asarray(constants[:, None] - np.einsum("knp,knp->kn", z, z) / 2)


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
    joined = np.delete(weights, j, axis=0)
    joined[i] += weights[j]
    return joined
