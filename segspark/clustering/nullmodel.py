"""One population with the margins and correlations of given customers but no gaps: what structure is tested against."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr, ndtri

from segspark.clustering.clusterers import Floats
from segspark.clustering.ties import Feature

_GRID = 512
_HALVINGS = 12


@dataclass(frozen=True)
class SinglePopulation:
    """A normal copula with unimodal margins.

    Attributes:
        axes: (p, p), a root of the copula's correlation matrix.
        quantiles: by feature, values at equally likely steps (grid, cumulative share); None for normal scores.
        blocks: by feature, bounds of its point masses as shares; None without.
    """

    axes: Floats
    quantiles: tuple[tuple[Floats, Floats] | None, ...]
    blocks: tuple[Floats | None, ...]

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw n customers, (n, p), without ties."""
        scores = rng.normal(size=(n, len(self.axes))) @ self.axes.T
        columns = [self._column(feature, scores[:, feature], rng) for feature in range(len(self.axes))]
        return np.stack(columns, axis=1)

    def _column(self, feature: int, scores: Floats, rng: np.random.Generator) -> Floats:
        blocks, margin = self.blocks[feature], self.quantiles[feature]
        if margin is not None:
            return np.asarray(np.interp(ndtr(scores), margin[1], margin[0]))
        if blocks is None:
            return scores
        place = np.clip(np.searchsorted(blocks, ndtr(scores), side="right") - 1, 0, len(blocks) - 2)
        return np.asarray(ndtri(np.clip(rng.uniform(blocks[place], blocks[place + 1]), 1e-9, 1 - 1e-9)))


def single_population(features: list[Feature]) -> SinglePopulation:
    """The single population nearest to customers.

    Margins are smoothed by the smallest normal kernel that leaves one mode (Silverman's 1981 critical bandwidth), so
    that a population of separate groups does not pass its gaps on. Correlations are those of normal scores. A
    feature with point masses passes on its masses: the correlation of its random scores is divided by the share of the
    spread that lies between the masses, and its ties are broken at random in the draws as in the customers.

    Args:
        features: of n customers, without ties.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> two = Feature(np.append(rng.normal(-3, 1, size=500), rng.normal(3, 1, size=500)), None)
        >>> drawn = single_population([two, two]).draw(2000, rng)
        >>> float(np.corrcoef(drawn.T)[0, 1].round(2)), bool((abs(drawn[:, 0]) < 0.5).mean() > 0.05)
        (1.0, True)
    """
    scores = np.stack([_normal_scores(one.values) for one in features], axis=1)
    kept = np.array([1.0 if one.blocks is None else _between(one.blocks) for one in features])
    correlation = np.corrcoef(scores.T).reshape(len(features), -1) / np.sqrt(np.outer(kept, kept))
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(np.clip(correlation, -1, 1))
    axes = vectors * np.sqrt(np.clip(values, 1e-9, None))  # the nearest that is a covariance,
    axes /= np.sqrt((axes**2).sum(axis=1, keepdims=True))  # and its diagonal 1 again
    quantiles = tuple(None if one.blocks is not None else unimodal(one.values) for one in features)
    return SinglePopulation(axes, quantiles, tuple(one.blocks for one in features))


def unimodal(values: Floats) -> tuple[Floats, Floats]:
    """The distribution of values after smoothing by the smallest normal kernel that leaves one mode.

    Returns:
        A grid of values, and the share of customers below each.

    Examples:
        >>> grid, below = unimodal(np.random.default_rng(1).normal(size=1000))
        >>> bool(abs(np.interp(0.5, below, grid)) < 0.1)  # the median stays
        True
    """
    low, high = values.min(), values.max()
    margin = (high - low) / 2
    counts, edges = np.histogram(values, bins=_GRID, range=(low - margin, high + margin))
    narrow, wide = 0.0, _GRID / 4  # bandwidths, in cells: too small, and large enough
    for _ in range(_HALVINGS):
        middle = (narrow + wide) / 2
        narrow, wide = (narrow, middle) if _modes(_smooth(counts, middle)) <= 1 else (middle, wide)
    below = np.append(0.0, np.cumsum(_smooth(counts, wide)))
    return edges, below / below[-1]


def _smooth(counts: Floats, bandwidth: float) -> Floats:
    return np.asarray(gaussian_filter1d(counts.astype(float), bandwidth, mode="constant", truncate=6))


def _modes(density: Floats) -> int:
    """Local maxima, of which tiny ones, from the kernel's being cut off, do not count."""
    steps = np.sign(np.diff(density[density > 1e-6 * density.max()]))
    steps = steps[steps != 0]
    return int((np.diff(steps) < 0).sum()) + int(steps.size > 0 and (steps > 0).all())


def _normal_scores(values: Floats) -> Floats:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) + 0.5
    return np.asarray(ndtri(ranks / len(values)))


def _between(blocks: Floats) -> float:
    """Variance of a normal score's mean within the blocks, of a total of 1."""
    density = np.exp(-(ndtri(np.clip(blocks, 1e-12, 1 - 1e-12)) ** 2) / 2) / np.sqrt(2 * np.pi)
    return float(((density[:-1] - density[1:]) ** 2 / np.diff(blocks)).sum())
