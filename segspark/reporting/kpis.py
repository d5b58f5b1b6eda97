"""KPIs by period and segment as the dashboard shows them: without what is of too few customers, missed goals first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from segspark.reporting.directory import EVERYBODY_AT, Directory, Period
from segspark.reporting.model import Report
from segspark.reporting.outcomes import EVERYBODY, MISSED, KpiDefinition, KpiPoint
from segspark.reporting.suppression import Mark, protect_parts
from segspark.reporting.text import known

CUSTOMERS = KpiDefinition(
    "customers", "Customers by period", "", "customers of the segment in the period, the most that any KPI was of", ""
)


@dataclass(frozen=True)
class KpiRow:
    """A point with its place in the directory and what to do with its count; without value where that is withheld."""

    at: int  # position of the segment, -1 for everybody
    period: int
    point: KpiPoint
    mark: Mark


@dataclass(frozen=True)
class KpiSeries:
    """One KPI: everybody's rows first, then the segments', each from the earliest period on."""

    definition: KpiDefinition
    rows: tuple[KpiRow, ...]

    def of(self, at: int) -> list[KpiRow]:
        """The rows of a segment, or of everybody."""
        return [row for row in self.rows if row.at == at]

    @property
    def places(self) -> list[int]:
        """Who has any row."""
        return sorted({row.at for row in self.rows})

    @property
    def latest(self) -> KpiRow | None:
        """Everybody's last known value; None where there is none."""
        return next((row for row in reversed(self.of(EVERYBODY_AT)) if known(row.point.value)), None)


def kpi_series(report: Report, found: Directory) -> list[KpiSeries]:
    """The KPIs that have a point, in the order of their definitions."""
    return [
        KpiSeries(one, rows)
        for one in report.kpi_definitions
        if (rows := _rows([point for point in report.kpis if point.kpi == one.name], found))
    ]


def customers_series(report: Report, found: Directory) -> KpiSeries | None:
    """How many customers each segment had in each period, as the KPIs' points say; None where there are none."""
    most: dict[tuple[str, str, str], int] = {}
    for one in report.kpis:
        key = (one.segment_id, one.period_start, one.period_end)
        most[key] = max(one.customers, most.get(key, 0))
    points = [KpiPoint(CUSTOMERS.name, *key, float(count), None, None, count) for key, count in most.items()]
    rows = _rows(points, found)
    return KpiSeries(CUSTOMERS, rows) if rows else None


def goals(series: Iterable[KpiSeries]) -> list[tuple[KpiDefinition, KpiRow]]:
    """The latest row of each segment's KPI where it has a goal and may be told: those missed first, by far or near."""
    found = [
        (one.definition, rows[-1])
        for one in series
        for at in one.places
        if (rows := [row for row in one.of(at) if known(row.point.target) and row.mark == "shown"])
    ]
    return sorted(found, key=lambda pair: (pair[1].point.goal_state != MISSED, -_distance(pair[1].point)))


def _distance(point: KpiPoint) -> float:
    """How far a value is from its goal, as a share of the goal."""
    if point.value is None or point.target is None or not known(point.value):
        return 0.0
    return abs(point.value - point.target) / max(abs(point.target), 1e-12)


def _rows(points: Sequence[KpiPoint], found: Directory) -> tuple[KpiRow, ...]:
    """The points in order; counts are protected within each period, where the segments' add up to everybody's."""
    places = {period: at for at, period in enumerate(found.periods)}
    by_period: dict[int, list[KpiPoint]] = {}
    for one in points:
        by_period.setdefault(places[Period(one.period_start, one.period_end)], []).append(one)
    rows = []
    for at, group in by_period.items():
        parts = [one for one in group if one.segment_id != EVERYBODY]
        marks = protect_parts([one.customers for one in parts])
        rows += [_row(found, at, one, mark) for one, mark in zip(parts, marks, strict=False)]
        whole = [one for one in group if one.segment_id == EVERYBODY]
        rows += [_row(found, at, one, marks[-1] if parts else protect_parts([one.customers])[-1]) for one in whole]
    return tuple(sorted(rows, key=lambda row: (row.at, row.period)))


def _row(found: Directory, period: int, point: KpiPoint, mark: Mark) -> KpiRow:
    shown = point if mark == "shown" else replace(point, value=None, low=None, high=None, goal_state="")
    return KpiRow(found.position(point.segment_id), period, shown, mark)
