"""Which segments and periods a report speaks of, and in which order: colours, filters and tables all follow it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from segspark.reporting.labels import clean, shortened
from segspark.reporting.model import Report
from segspark.reporting.outcomes import EVERYBODY, KpiPoint

_ROOM = 10  # characters below an axis
EVERYBODY_AT = -1
EVERYBODY_NAME = "All customers"


@dataclass(frozen=True, order=True)
class Period:
    """From a date on until before another one, both in ISO's form."""

    start: str
    end: str

    @property
    def label(self) -> str:
        """A whole month or year by its name, anything else by its dates.

        >>> Period("2026-01-01", "2026-02-01").label, Period("2026-01-01", "2026-01-15").label
        ('2026-01', '2026-01-01 – 2026-01-15')
        """
        try:
            first, after = date.fromisoformat(self.start), date.fromisoformat(self.end)
        except ValueError:
            return f"{clean(self.start)} – {clean(self.end)}"
        months = 12 * (after.year - first.year) + after.month - first.month
        if (first.day, after.day) != (1, 1) or months not in (1, 12) or (months == 12 and first.month != 1):
            return f"{self.start} – {self.end}"
        return f"{first:%Y-%m}" if months == 1 else f"{first:%Y}"

    @property
    def tick(self) -> str:
        """What stands below an axis, where there is little room: a long label's first date.

        >>> Period("2026-01-01", "2026-01-15").tick
        '2026-01-01'
        """
        return self.label if len(self.label) <= _ROOM else shortened(self.start, _ROOM)


@dataclass(frozen=True)
class Directory:
    """Names by position: segments with a card first, in the report's order, then those that only the past knows."""

    names: tuple[str, ...]
    positions: dict[str, int]
    periods: tuple[Period, ...]

    def position(self, segment_id: str) -> int:
        """Where a segment is; -1 for everybody."""
        return EVERYBODY_AT if segment_id == EVERYBODY else self.positions[segment_id]

    def name(self, position: int) -> str:
        """A segment's name, in one clean line."""
        return EVERYBODY_NAME if position == EVERYBODY_AT else self.names[position]


def directory(report: Report) -> Directory:
    """The report's segments and periods; where there are no KPIs, those between the dates of comparisons.

    >>> from segspark.reporting.outcomes import Migration
    >>> gone = Migration("2026-01-01", "2026-02-01", (("old", "", 12),), (("old", "Ended"),))
    >>> found = directory(Report("t", "2026-02-01", "USD", (), (), (), (), "", "", (), (), migrations=(gone,)))
    >>> found.names, found.position("old"), [one.label for one in found.periods]
    (('Ended',), 0, ['2026-01'])
    """
    named = {segment: name for one in report.migrations for segment, name in one.names}
    named |= {one.segment_id: one.name for one in report.segments}
    order = [one.segment_id for one in report.segments]
    order += sorted(set(_mentioned(report)) - {*order, EVERYBODY})
    return Directory(
        tuple(clean(named.get(segment, segment)) for segment in order),
        {segment: position for position, segment in enumerate(order)},
        _periods(report.kpis) or tuple(sorted({Period(one.before, one.after) for one in report.migrations})),
    )


def _periods(points: Iterable[KpiPoint]) -> tuple[Period, ...]:
    """In their order; those of KPIs that have but one come last, so that they make no gaps in the lines of others.

    >>> jan, feb = ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")
    >>> at = [("orders", *jan), ("orders", *feb), ("clv", "2026-01-09", "2026-01-09")]
    >>> [one.label for one in _periods([KpiPoint(kpi, "", *ends, 1.0, None, None, 20) for kpi, *ends in at])]
    ['2026-01', '2026-02', '2026-01-09 – 2026-01-09']
    """
    of_kpi: dict[str, set[Period]] = {}
    for one in points:
        of_kpi.setdefault(one.kpi, set()).add(Period(one.period_start, one.period_end))
    lasting = {period for own in of_kpi.values() if len(own) > 1 for period in own}
    return tuple(sorted(set().union(*of_kpi.values()), key=lambda one: (one not in lasting, one)))


def _mentioned(report: Report) -> Iterable[str]:
    for point in report.kpis:
        yield point.segment_id
    for one in report.migrations:
        for before, after, _ in one.flows:
            yield before
            yield after
