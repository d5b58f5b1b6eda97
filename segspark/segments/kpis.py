"""KPIs of segments by period, with their intervals, from sums over customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from segspark.segments.intervals import UNKNOWN, Interval, Moments, added, of_ratio, of_total, wilson
from segspark.segments.kpi_definitions import ALL, EVERYONE, KpiDefinition
from segspark.segments.kpi_sums import sums_needed
from segspark.segments.periods import Period

Sums = Mapping[tuple[str, ...], float]
Place = tuple[str, date]  # segment_id and period_start


@dataclass(frozen=True)
class KpiRow:
    """One KPI of one segment in one period: the columns of segment_kpis in their order, but for as_of and run_id."""

    segment_id: str
    kpi: str
    period_start: date
    period_end: date
    value: float | None
    low: float | None
    high: float | None
    numerator: float
    denominator: float | None
    customers: int
    unit: str
    target: float | None = None
    goal_state: str | None = None


def known_by(rows: Iterable[Any], periods: Sequence[Period]) -> dict[Place, int]:
    """Customers of each segment known by each period's end, but for periods that were over before anyone's first event.

    Args:
        rows: of `kpi_sums.known_customers`.
        periods: those that it was asked of.

    Examples:
        >>> january = Period(date(2026, 1, 1), date(2026, 2, 1))
        >>> rows = [{"segment_id": "s", "first_seen": date(2026, 1, 31), "known_0": 3}]
        >>> known_by(rows, [january]), known_by(rows, [Period(date(2025, 12, 1), january.start)])
        ({('s', datetime.date(2026, 1, 1)): 3}, {})
    """
    told = list(rows)
    first = min((row["first_seen"] for row in told if row["first_seen"] is not None), default=date.max)
    return {
        (row["segment_id"], period.start): row[f"known_{at}"]
        for row in told
        for at, period in enumerate(periods)
        if period.end > first and row[f"known_{at}"]
    }


def sums_by(rows: Iterable[Any], definitions: Sequence[KpiDefinition]) -> dict[Place, Sums]:
    """The sums of each segment and period.

    Args:
        rows: of `kpi_sums.segment_sums`.
        definitions: those that it was asked for.
    """
    needed = sums_needed(definitions)
    return {
        (row["segment_id"], row["period_start"]): {one: row[f"sum_{at}"] for at, one in enumerate(needed)}
        for row in rows
    }


def left_out(rows: Iterable[Any], definitions: Sequence[KpiDefinition]) -> list[KpiDefinition]:
    """The KPIs whose needs nobody meets.

    Examples:
        >>> from segspark.segments.kpi_definitions import PERIODIC
        >>> two = [one for one in PERIODIC if one.name in ("revenue", "margin")]
        >>> [one.name for one in left_out([{"need_0": True, "need_1": False}], two)]
        ['margin']
    """
    told = list(rows)
    return [one for at, one in enumerate(definitions) if one.needs and not any(row[f"need_{at}"] for row in told)]


def measured(
    definitions: Sequence[KpiDefinition],
    periods: Sequence[Period],
    known: Mapping[Place, int],
    sums: Mapping[Place, Sums],
    confidence: float,
) -> list[KpiRow]:
    """Every KPI of every segment, and of all customers together, in the periods in which there were customers.

    Examples:
        >>> from segspark.segments.kpi_definitions import PERIODIC
        >>> january, two = Period(date(2026, 1, 1), date(2026, 2, 1)), [PERIODIC[0], PERIODIC[2]]
        >>> place = ("s", january.start)
        >>> found = measured(two, [january], {place: 10}, {place: {("activities > 0",): 4}}, 0.95)
        >>> [(one.segment_id, one.kpi, one.value, one.low and round(one.low, 4), one.customers) for one in found][:2]
        [('all', 'customers', 10.0, None, 10), ('all', 'engagement_rate', 0.4, 0.1682, 10)]
    """
    found = []
    for one in definitions:
        for period in periods:
            own = {
                segment: _moments(one, n, sums.get((segment, start), {}))
                for (segment, start), n in known.items()
                if start == period.start
            }
            if own:
                told = {ALL: added(list(own.values()))} | ({} if one.only_all else own)
                found += [_row(segment, one, period, moments, confidence) for segment, moments in told.items()]
    return sorted(found, key=lambda row: (row.segment_id != ALL, row.segment_id, row.period_start))


def _moments(one: KpiDefinition, known: int, sums: Sums) -> Moments:
    """Those who did nothing are in no sum, and change none; they count only as customers."""
    x, y = one.numerator, one.denominator
    if one.kind == "count":
        return Moments(known, known, float(known), 0.0)
    if one.kind == "share":
        trials = float(known) if y == EVERYONE else sums.get((y,), 0.0)
        return Moments(known, int(trials), sums.get((x,), 0.0), trials)
    told = int(sums.get((x, y, "told"), 0))
    alone = Moments(known, told, sums.get((x,), 0.0), 0.0, sums.get((x, x), 0.0))
    if one.kind == "sum":
        return alone
    return replace(alone, y=sums.get((y,), 0.0), xy=sums.get((x, y), 0.0), yy=sums.get((y, y), 0.0))


def _row(segment: str, one: KpiDefinition, period: Period, moments: Moments, confidence: float) -> KpiRow:
    value: float | None = moments.x
    if one.denominator:
        value = moments.x / moments.y if moments.y else None
    low, high = _interval(one, moments, confidence)
    return KpiRow(
        segment, one.name, period.start, period.end, value, low, high, moments.x,
        moments.y if one.denominator else None, moments.told, one.unit,
    )  # fmt: skip


def _interval(one: KpiDefinition, moments: Moments, confidence: float) -> Interval:
    if one.kind == "count":
        return UNKNOWN
    if one.kind == "share":
        return wilson(moments.x, moments.y, confidence)
    return of_total(moments, confidence) if one.kind == "sum" else of_ratio(moments, confidence)
