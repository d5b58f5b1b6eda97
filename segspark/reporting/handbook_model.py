"""What a handbook of segments is made of: plain, frozen values, from which all its files follow."""

from __future__ import annotations

from dataclasses import dataclass

from segspark.reporting.model import SegmentCard
from segspark.reporting.opportunities import DiscountRange, Opportunity
from segspark.reporting.outcomes import KpiDefinition, KpiPoint, ValueSummary
from segspark.reporting.signal_model import NOTHING, Signals


@dataclass(frozen=True)
class Taste:
    """An item that a segment buys more or less often: shares of the customers who bought anything known.

    `lift` is share over overall_share, drawn to 1 where the segment is small; `customers` of the segment bought it.

    >>> Taste("tea", 120, 0.6, 0.2, 2.0).lift
    2.0
    """

    item: str
    customers: int
    share: float
    overall_share: float
    lift: float


@dataclass(frozen=True)
class Pair:
    """Who buys one item buys another: orders with both, their share of those with the first, the lift's interval.

    >>> Pair("cup", "tea", 160, 0.8, 2.0, 1.5, 2.6).second
    'tea'
    """

    first: str
    second: str
    orders: int
    confidence: float
    lift: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Favourite:
    """How many of a segment's customers have one value of a feature that is text, and the same share of all."""

    label: str
    value: str
    customers: int
    share: float
    overall_share: float


@dataclass(frozen=True)
class Change:
    """An entry of the log of changes, in words."""

    at: str
    who: str
    what: str
    change: str
    why: str


@dataclass(frozen=True)
class Chapter:
    """A segment: its card with all measures, and what else is known of it. What is empty is not known.

    `overlay` says whether its customers are in another segment, too; `review_at` is an ISO date; `history` has the
    latest changes, the oldest first; `signals` are those of `told_signals`.
    """

    card: SegmentCard
    code: str
    status: str
    owner: str = ""
    rule: str = ""
    review_at: str = ""
    overlay: bool = False
    tastes: tuple[Taste, ...] = ()
    pairs: tuple[Pair, ...] = ()
    discounts: DiscountRange | None = None
    favourites: tuple[Favourite, ...] = ()
    history: tuple[Change, ...] = ()
    signals: Signals = NOTHING
    opportunities: tuple[Opportunity, ...] = ()


@dataclass(frozen=True)
class Handbook:
    """Everything the handbook says.

    `as_of` is an ISO date; `others` are customers of segments that have no chapter; `names` are (segment_id, name) of
    all segments that ever were; `kpis` and `values` as in a report.
    """

    title: str
    as_of: str
    currency: str
    chapters: tuple[Chapter, ...]
    kpi_definitions: tuple[KpiDefinition, ...] = ()
    kpis: tuple[KpiPoint, ...] = ()
    values: tuple[ValueSummary, ...] = ()
    others: int = 0
    names: tuple[tuple[str, str], ...] = ()
