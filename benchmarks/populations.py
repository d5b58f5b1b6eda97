"""Customers with known structure: single populations, and separated mixtures whose true clusters are known.

What calibrates the structure guard (`make calibrate`). This file was committed before any rule was tuned on its sets,
and a rule is tuned on the seeds of TUNING alone; what is reported comes from the seeds of REPORTING.

Values are raw, as features are before preparation: counts, shares and amounts, none of them scaled.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Array = npt.NDArray[np.float64]

TUNING = range(0, 100_000)
REPORTING = range(1_000_000, 2_000_000)

LARGEST_OVERLAP = 0.01
_DRAWS = 10_000  # from which a mixture's overlap is estimated
_SINGLE, _MIXTURE, _EXTERNAL = 1, 2, 3  # keep the streams of random numbers of one seed apart


@dataclass(frozen=True)
class Cluster:
    """One component of a mixture: customers are centre + axes @ z, with z drawn as the shape says, of mean 0.

    Attributes:
        share: of customers, in the population.
        centre: its mean, (p,).
        axes: (p, p); the covariance is axes @ axes.T, for heavy tails 4/3 of it.
        shape: 'normal', 'heavy-tailed' (multivariate t of 8 degrees of freedom) or 'skewed' (independent gammas of
            shape 4, brought to mean 0 and variance 1).
    """

    share: float
    centre: Array
    axes: Array
    shape: str

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """Customers of this cluster, (n, p)."""
        p = len(self.centre)
        if self.shape == "skewed":
            z = (rng.gamma(_GAMMA, size=(n, p)) - _GAMMA) / np.sqrt(_GAMMA)
        else:
            z = rng.normal(size=(n, p))
        if self.shape == "heavy-tailed":
            z /= np.sqrt(rng.chisquare(_FREEDOM, size=(n, 1)) / _FREEDOM)
        return self.centre + z @ self.axes.T

    def log_density(self, points: Array) -> Array:
        """Natural logarithm of the density at points (n, p), (n,); -inf where there is none.

        Examples:
            >>> one = Cluster(1.0, np.zeros(2), 2 * np.eye(2), "normal")
            >>> float(one.log_density(np.array([[1.0, 0.0]]))[0])  # -ln(2 pi 4) - 1/8
            -3.349...
        """
        p = len(self.centre)
        z = np.linalg.solve(self.axes, (points - self.centre).T).T
        if self.shape == "skewed":
            standard = stats.gamma.logpdf(z * np.sqrt(_GAMMA) + _GAMMA, _GAMMA).sum(axis=1) + p * np.log(_GAMMA) / 2
        elif self.shape == "heavy-tailed":
            constant = special.gammaln((_FREEDOM + p) / 2) - special.gammaln(_FREEDOM / 2)
            constant -= p / 2 * np.log(_FREEDOM * np.pi)
            standard = constant - (_FREEDOM + p) / 2 * np.log1p((z**2).sum(axis=1) / _FREEDOM)
        else:
            standard = -((z**2).sum(axis=1) + p * np.log(2 * np.pi)) / 2
        return np.asarray(standard - np.linalg.slogdet(self.axes)[1])


@dataclass(frozen=True)
class Population:
    """A set of customers and the truth about it.

    Attributes:
        points: (n, p), raw values.
        labels: true cluster of each, (n,); 0 for all of a single population.
        family: the kind of set.
        dependent: whether the features hang together within the population; always for mixtures.
        overlap: misclassification of the Bayes rule, a share; 0 for single populations.
        clusters: the components of a mixture; empty for single populations.
    """

    points: Array
    labels: npt.NDArray[np.int64]
    family: str
    dependent: bool
    overlap: float
    clusters: tuple[Cluster, ...] = ()

    @property
    def k(self) -> int:
        """The true number of clusters."""
        return max(len(self.clusters), 1)

    @property
    def description(self) -> str:
        """The set in a line.

        Examples:
            >>> single(0).description
            'normal: n=..., p=..., k=1'
        """
        n, p = self.points.shape
        return f"{self.family}: n={n}, p={p}, k={self.k}"


def single(seed: int) -> Population:
    """A single population; its family goes round with the seed.

    Examples:
        >>> one, again = single(7), single(7)
        >>> bool((one.points == again.points).all()), one.family, one.k
        (True, 'customers', 1)
    """
    rng = np.random.default_rng([_SINGLE, seed])
    n, p = int(rng.integers(500, 2001)), int(rng.integers(2, 11))
    family = list(FAMILIES)[seed % len(FAMILIES)]
    points, dependent = FAMILIES[family](n, p, rng)
    return Population(points, np.zeros(n, dtype=np.int64), family, dependent, 0.0)


def mixture(seed: int) -> Population:
    """A mixture of 2 to 8 clusters whose Bayes rule misclassifies at most 1% of customers.

    Shares are at least 5%; spreads differ by up to four times; half of the sets have correlated clusters. Clusters are
    normal in half of the sets, else heavy-tailed or skewed. Centres are drawn at random and moved apart by a tenth
    until the overlap is small enough. Features are then shifted so that they are hardly ever negative.

    Examples:
        >>> one = mixture(3)
        >>> one.overlap <= 0.01, len(one.clusters) == one.k == len(set(one.labels.tolist()))
        (True, True)
    """
    rng = np.random.default_rng([_MIXTURE, seed])
    n, p, k = int(rng.integers(500, 2001)), int(rng.integers(2, 11)), int(rng.integers(2, 9))
    shares = _SMALLEST + (1 - k * _SMALLEST) * rng.dirichlet(np.full(k, 2.0))
    shape = ("normal", "normal", "heavy-tailed", "skewed")[seed % 4]
    correlated = bool(rng.integers(2))
    axes = [_axes(p, correlated, rng) for _ in range(k)]
    centres = rng.normal(size=(k, p)) * rng.uniform(3, 12) / np.sqrt(2 * p)
    while True:
        clusters = _placed(shares, centres, axes, shape)
        overlap, error = bayes_overlap(clusters, rng)
        if overlap + 2 * error <= LARGEST_OVERLAP:
            break
        centres = centres * 1.1
    labels = rng.choice(k, size=n, p=shares)
    points = np.empty((n, p))
    for label, cluster in enumerate(clusters):
        points[labels == label] = cluster.draw(int((labels == label).sum()), rng)
    family = f"{shape}, {'correlated' if correlated else 'axis-parallel'}"
    return Population(points, labels.astype(np.int64), family, True, overlap, clusters)


def external(seed: int, n: int) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    """Variables of n customers that have nothing to do with anything: three numeric ones, then two nominal ones.

    Examples:
        >>> {kind: values.dtype.kind for kind, values in external(1, 10)}
        {'normal': 'f', 'log-normal': 'f', 'count': 'i', 'binary': 'i', 'nominal': 'i'}
    """
    rng = np.random.default_rng([_EXTERNAL, seed])
    yield "normal", rng.normal(size=n)
    yield "log-normal", rng.lognormal(sigma=0.5, size=n)
    yield "count", rng.poisson(rng.uniform(2, 20), size=n)
    yield "binary", (rng.random(n) < rng.uniform(0.1, 0.9)).astype(np.int64)
    levels = int(rng.integers(3, 7))
    yield "nominal", rng.choice(levels, size=n, p=0.1 / levels + 0.9 * rng.dirichlet(np.full(levels, 5.0)))


def bayes_overlap(clusters: tuple[Cluster, ...], rng: np.random.Generator, draws: int = _DRAWS) -> tuple[float, float]:
    """Share of customers that the Bayes rule puts in a wrong cluster, with its standard error, by simulation.

    The mean of 1 minus the largest posterior probability over customers drawn from the mixture.

    Examples:
        >>> pair = tuple(Cluster(0.5, np.array([x]), np.eye(1), "normal") for x in (0.0, 4.0))
        >>> overlap, error = bayes_overlap(pair, np.random.default_rng(1))
        >>> bool(abs(overlap - stats.norm.cdf(-2)) < 3 * error)  # two normal clusters, 4 standard deviations apart
        True
    """
    counts = rng.multinomial(draws, [one.share for one in clusters])
    points = np.concatenate([one.draw(int(n), rng) for one, n in zip(clusters, counts, strict=True)])
    logs = np.stack([np.log(one.share) + one.log_density(points) for one in clusters], axis=1)
    wrong = 1 - np.exp(logs.max(axis=1) - special.logsumexp(logs, axis=1))
    return float(wrong.mean()), float(wrong.std() / np.sqrt(draws))


_SMALLEST = 0.05
_FREEDOM = 8.0
_GAMMA = 4.0


def _axes(p: int, correlated: bool, rng: np.random.Generator) -> Array:
    """Axes of a cluster: its size between a half and two, each axis of its own length, turned where correlated."""
    lengths = np.exp(rng.uniform(np.log(0.5), np.log(2))) * np.exp(rng.uniform(-0.5, 0.5, size=p))
    turn = np.linalg.qr(rng.normal(size=(p, p)))[0] if correlated else np.eye(p)
    return np.asarray(turn * lengths)


def _placed(shares: Array, centres: Array, axes: list[Array], shape: str) -> tuple[Cluster, ...]:
    """The clusters, shifted so that 4 standard deviations below every centre nothing is negative."""
    spreads = np.array([np.sqrt((one**2).sum(axis=1)) for one in axes])
    shifted = centres - (centres - 4 * spreads).min(axis=0)
    return tuple(Cluster(float(s), c, a, shape) for s, c, a in zip(shares, shifted, axes, strict=True))


def _correlation(p: int, rng: np.random.Generator) -> Array:
    """A random correlation matrix: of one to three common factors and noise of its own for each feature."""
    loadings = rng.normal(size=(p, int(rng.integers(1, 4))))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.2, 2, size=p))
    deviations = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(deviations, deviations))


def _scores(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    """Normal scores, correlated in half of the cases."""
    dependent = bool(rng.integers(2))
    correlation = _correlation(p, rng) if dependent else np.eye(p)
    return rng.multivariate_normal(np.zeros(p), correlation, size=n), dependent


def _normal(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    return rng.normal(rng.uniform(5, 50, size=p), rng.uniform(0.5, 5, size=p), size=(n, p)), False


def _correlated(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    return 20 + rng.uniform(0.5, 5, size=p) * rng.multivariate_normal(np.zeros(p), _correlation(p, rng), size=n), True


def _log_normal(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    scores, dependent = _scores(n, p, rng)
    return np.exp(rng.uniform(0, 4, size=p) + rng.uniform(0.3, 1.5, size=p) * scores), dependent


def _uniform(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    """A box; in half of the cases sheared, so that features hang together and margins are no longer flat."""
    box, dependent = rng.random((n, p)), bool(rng.integers(2))
    shear = np.eye(p) + 0.5 * rng.normal(size=(p, p)) if dependent else np.diag(rng.uniform(1, 10, size=p))
    return 20 + box @ shear, dependent


def _heavy_tailed(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    """Student's t of 3 to 8 degrees of freedom, one length for all features of a customer in half of the cases."""
    freedom, dependent = rng.uniform(3, 8), bool(rng.integers(2))
    correlation = _correlation(p, rng) if dependent else np.eye(p)
    scores = rng.multivariate_normal(np.zeros(p), correlation, size=n)
    lengths = rng.chisquare(freedom, size=(n, 1 if dependent else p)) / freedom
    return 20 + scores / np.sqrt(lengths), dependent


def _counts(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    scores, dependent = _scores(n, p, rng)
    return np.stack([_count(stats.norm.cdf(column), rng) for column in scores.T], axis=1), dependent


def _shares(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    scores, dependent = _scores(n, p, rng)
    return np.stack([_share(stats.norm.cdf(column), rng) for column in scores.T], axis=1), dependent


def _customers(n: int, p: int, rng: np.random.Generator) -> tuple[Array, bool]:
    """Features of all kinds side by side: counts, shares, amounts, and scores."""
    scores, dependent = _scores(n, p, rng)
    kinds: list[Callable[[Array, np.random.Generator], Array]] = [_count, _share, _amount, _score]
    columns = [kinds[int(rng.integers(len(kinds)))](stats.norm.cdf(column), rng) for column in scores.T]
    return np.stack(columns, axis=1), dependent


def _count(ranks: Array, rng: np.random.Generator) -> Array:
    """Poisson or negative binomial of a mean between 0.5 and 20, at given ranks between 0 and 1."""
    mean = rng.uniform(0.5, 20)
    if rng.integers(2):
        return np.asarray(stats.poisson.ppf(ranks, mean))
    size = rng.uniform(0.5, 4)
    return np.asarray(stats.nbinom.ppf(ranks, size, size / (size + mean)))


def _share(ranks: Array, rng: np.random.Generator) -> Array:
    """Beta with one mode at most; half of the features have a point mass of 10 to 50% at zero."""
    zeros = rng.uniform(0.1, 0.5) if rng.integers(2) else 0.0
    positive = np.clip((ranks - zeros) / (1 - zeros), 0, 1)
    return np.asarray(np.where(ranks < zeros, 0.0, stats.beta.ppf(positive, rng.uniform(0.5, 5), rng.uniform(1, 8))))


def _amount(ranks: Array, rng: np.random.Generator) -> Array:
    return np.asarray(stats.lognorm.ppf(ranks, rng.uniform(0.3, 1.5), scale=np.exp(rng.uniform(0, 4))))


def _score(ranks: Array, rng: np.random.Generator) -> Array:
    return np.asarray(stats.norm.ppf(ranks, rng.uniform(5, 50), rng.uniform(0.5, 5)))


FAMILIES: dict[str, Callable[[int, int, np.random.Generator], tuple[Array, bool]]] = {
    "normal": _normal,
    "correlated normal": _correlated,
    "log-normal": _log_normal,
    "uniform": _uniform,
    "heavy-tailed": _heavy_tailed,
    "counts": _counts,
    "shares": _shares,
    "customers": _customers,
}
