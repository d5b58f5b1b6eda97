"""What a report is made of: plain, frozen values that any phase can fill without this package's help."""

from __future__ import annotations

from dataclasses import dataclass

from segspark.reporting.opportunities import Opportunity
from segspark.reporting.outcomes import KpiDefinition, KpiPoint, Migration, ValueSummary
from segspark.reporting.signal_model import Signals


@dataclass(frozen=True)
class Measure:
    """One feature of one segment, held against everybody.

    `mean` and `overall_mean` are in original units; `standardised` is
    (mean - overall_mean) / overall standard deviation. None and NaN mean unknown.

    >>> Measure("recency_days", "days since last order", "days", 4.0, 12.0, -0.8).unit
    'days'
    """

    feature: str
    label: str
    unit: str
    mean: float | None
    overall_mean: float | None
    standardised: float | None


@dataclass(frozen=True)
class SegmentCard:
    """One segment as people read it; `kind` is cluster, rule or lifecycle, `share` a fraction of all customers."""

    segment_id: str
    name: str
    description: str
    kind: str
    size: int
    share: float
    sentences: tuple[str, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Candidate:
    """One fitted model of the search for k, and why it was chosen or passed over.

    `silhouette` was computed with `silhouette_distance`; `cost` is a within-cluster sum of squares,
    `log_likelihood` that of a mixture; None where the algorithm has no such thing. `separation` is the share of the
    next period's KPI's variance that lies between the segments, `stability` how well the weakest comes back in
    resamples, `stability_null` how well it would if customers had no structure. `feature_set` is what was clustered
    on. The agreements are adjusted Rand indices with fits by other seeds and of an earlier time. `gap` and
    `prediction_strength` speak of k, for KMeans alone. None where it was not measured.
    """

    algorithm: str
    k: int
    seed: int
    silhouette: float | None
    silhouette_distance: str
    cost: float | None
    log_likelihood: float | None
    smallest_share: float
    duration_seconds: float
    chosen: bool
    reason: str
    separation: float | None = None
    separation_error: float | None = None
    stability: float | None = None
    feature_set: str = "all"
    stability_null: float | None = None
    seed_agreement: float | None = None
    time_agreement: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    prediction_strength: float | None = None


@dataclass(frozen=True)
class SplitNode:
    """Some of the customers in the tree of splits: all of them at the root, the parts of its parent below.

    `feature` and `bound` are what tells it best from the other part, "" where no feature does; they do so for
    `agreement` of the two parts' customers, 0.5 being chance. `cost_share` is the sum of squared distances to its
    centre, as a fraction of the root's.

    >>> SplitNode(1, 0, 0.4, 0.2, "orders", "≤ 30", 0.9).condition
    'orders ≤ 30'
    """

    node: int
    parent: int | None
    share: float
    cost_share: float
    feature: str
    bound: str
    agreement: float | None

    @property
    def condition(self) -> str:
        """Feature and bound; "all customers" at the root."""
        if self.parent is None:
            return "all customers"
        return f"{self.feature} {self.bound}" if self.feature else "no single feature tells"


@dataclass(frozen=True)
class ScatterPoint:
    """One customer of a bounded sample, without an id."""

    recency_days: float
    frequency: float
    monetary_value: float
    segment_id: str


@dataclass(frozen=True)
class QualityRow:
    """One rule held against the rows last read from one source.

    `target` is the table that the source feeds; `severity` is reject (the row is quarantined), warn (it is only
    counted) or fail (the run stops); `failed_share` is rows_failed / rows_checked, None where nothing was checked.
    `previous` are the shares of earlier runs, oldest first, without this one.

    >>> QualityRow("shop", "events", "amount: missing", "reject", 200, 3, 0.015, (0.01, 0.02)).previous[-1]
    0.02
    """

    source: str
    target: str
    rule: str
    severity: str
    rows_checked: int
    rows_failed: int
    failed_share: float | None
    previous: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Distribution:
    """How a feature's values are spread over sampled customers.

    `zero_share` and the quantiles (5%, 50%, 95%) are of those whose value is known, None where there are none;
    `heights` are the bars of a histogram, in percent of the highest.
    """

    feature: str
    label: str
    unit: str
    known_share: float
    zero_share: float | None
    low: float | None
    median: float | None
    high: float | None
    heights: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """Everything the dashboard shows.

    `headlines` and `details` are (label, formatted value) pairs; `ledger` rows are
    (source, read, accepted, quarantined, deduplicated) counts of rows; `warning` is "" where there is none;
    `quality` has a row per source and rule, kept or broken; `distributions` one per feature that is a number;
    `splits` the nodes of the tree of splits, parents before their parts; `kpis` the KPIs that `kpi_definitions` name,
    in any order; `migrations` comparisons of two dates; `values` one summary a segment; `signals` those of
    `told_signals` by segment_id; `opportunities` what segments offer. What is empty has not been computed, and the
    dashboard says so.
    """

    title: str
    as_of: str
    currency: str
    headlines: tuple[tuple[str, str], ...]
    segments: tuple[SegmentCard, ...]
    candidates: tuple[Candidate, ...]
    scatter: tuple[ScatterPoint, ...]
    verdict: str
    warning: str
    details: tuple[tuple[str, str], ...]
    ledger: tuple[tuple[str, int, int, int, int], ...]
    quality: tuple[QualityRow, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    splits: tuple[SplitNode, ...] = ()
    kpi_definitions: tuple[KpiDefinition, ...] = ()
    kpis: tuple[KpiPoint, ...] = ()
    migrations: tuple[Migration, ...] = ()
    values: tuple[ValueSummary, ...] = ()
    signals: tuple[tuple[str, Signals], ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
