"""The yardstick for all kinds of candidates: how well segments of one period tell apart what is done in the next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Floats, Ints


@dataclass(frozen=True)
class Separation:
    """How much of a KPI's variance lies between segments.

    Attributes:
        value: adjusted eta squared, see `adjusted_eta_squared`.
        error: its standard error, by the bootstrap.
    """

    value: float
    error: float


def adjusted_eta_squared(kpi: Floats, labels: Ints, shares: Ints | None = None) -> float:
    """Share of a variable's variance that lies between segments, less what chance gives so many (Kelley 1935).

    1 - (1 - eta squared)(n - 1)/(n - k): about 0, and as often below as above, where segments have nothing to do with
    the variable, whatever their number; so it compares over k. 0 for a constant, or where each customer is a segment.

    Args:
        kpi: of n customers.
        labels: their segments.
        shares: how often each counts, as in a resample; once each by default.

    Examples:
        >>> round(adjusted_eta_squared(np.array([0.0, 2.0, 8.0, 10.0]), np.array([0, 0, 1, 1])), 4)  # 1 - 4/68 * 3/2
        0.9118
    """
    weights = np.ones(len(kpi)) if shares is None else shares.astype(np.float64)
    n, sums = np.bincount(labels, weights), np.bincount(labels, weights * kpi)
    present, customers = n > 0, float(n.sum())
    total = float((weights * kpi**2).sum() - sums.sum() ** 2 / customers)
    k = int(present.sum())
    if total <= 0 or customers <= k:
        return 0.0
    between = float((sums[present] ** 2 / n[present]).sum() - sums.sum() ** 2 / customers)
    return 1 - (1 - between / total) * (customers - 1) / (customers - k)


def separations(kpi: Floats, candidates: Sequence[Ints], seed: int, resamples: int = 200) -> list[Separation]:
    """The separation of a KPI by each candidate's segments, all on the same resamples.

    Args:
        kpi: of n customers that no candidate was fitted on.
        candidates: their segments by each.
        seed: of the resamples.
        resamples: of customers, for the standard errors.

    Examples:
        >>> kpi = np.repeat([0.0, 1.0], 50)
        >>> good, none = separations(kpi, [np.repeat([0, 1], 50), np.tile([0, 1], 50)], seed=1, resamples=20)
        >>> good.value, abs(none.value) < 0.05
        (1.0, True)
    """
    random = np.random.default_rng(seed)
    drawn = [random.multinomial(len(kpi), np.full(len(kpi), 1 / len(kpi))) for _ in range(resamples)]
    found = []
    for labels in candidates:
        again = [adjusted_eta_squared(kpi, labels, shares) for shares in drawn]
        found.append(Separation(adjusted_eta_squared(kpi, labels), float(np.std(again, ddof=1))))
    return found


def limits(kpi: Floats, share: float = 0.01) -> Floats:
    """The quantiles to which a KPI's extremes are pulled in: a few customers of huge orders would decide alone.

    Examples:
        >>> limits(np.append(np.arange(200.0), 1e6)).tolist()
        [2.0, 198.0]
    """
    return np.asarray(np.quantile(kpi, [share, 1 - share]))
