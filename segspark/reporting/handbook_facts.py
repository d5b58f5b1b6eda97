"""What may be told of each segment of a handbook: nothing that rests on ten customers or fewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segspark.reporting.advice import advise
from segspark.reporting.advice_model import Advice, Line, Measured
from segspark.reporting.advice_rules import RULES
from segspark.reporting.directory import EVERYBODY_AT, directory
from segspark.reporting.edition import Edition, Said
from segspark.reporting.handbook_model import Chapter, Handbook
from segspark.reporting.kpis import KpiSeries, kpi_series
from segspark.reporting.labels import clean
from segspark.reporting.model import Report
from segspark.reporting.outcomes import ValueSummary
from segspark.reporting.suppression import SMALL, Mark, protect_parts
from segspark.reporting.text import known


@dataclass(frozen=True)
class Told:
    """A chapter with all that may be told of it.

    Attributes:
        size: what to do with its number of customers.
        value: what its customers are worth; None where it is not known, or may not be told.
        advice: that its facts speak for.
    """

    chapter: Chapter
    size: Mark
    value: ValueSummary | None
    measured: Measured
    advice: tuple[Advice, ...]


def told_chapters(book: Handbook) -> list[Told]:
    """Every chapter, in the book's order."""
    sizes, values, lines = _sizes(book), _values(book), _lines(book)
    found = []
    for one in book.chapters:
        own = one.card.segment_id
        measured = _measured(one, lines.get(own, ()))
        found.append(Told(one, sizes[own], values.get(own), measured, tuple(advise(measured, RULES))))
    return found


def edition(book: Handbook, told: list[Told]) -> Edition:
    """What this edition says, for the next one to be held against."""
    return Edition(book.as_of, {one.chapter.card.segment_id: _said(one) for one in told})


def _said(one: Told) -> Said:
    shown, card = one.size == "shown", one.chapter.card
    kpis = {
        line.definition.label: (_finite(line.own.value), _finite(line.own.low), _finite(line.own.high))
        for line in one.measured.lines
    }
    rules = tuple(dict.fromkeys(advice.rule for advice in one.advice))
    return Said(clean(card.name), card.size if shown else None, card.share if shown else None, kpis, rules)


def _measured(one: Chapter, lines: tuple[Line, ...]) -> Measured:
    """Nothing of a segment of so few customers; of others nothing that only so few of them have."""
    if one.card.size <= SMALL:
        return Measured()
    tastes = sorted((taste for taste in one.tastes if taste.customers > SMALL), key=lambda taste: -taste.lift)
    pairs = sorted((pair for pair in one.pairs if pair.orders > SMALL), key=lambda pair: -pair.lift)
    discounts = one.discounts if one.discounts and one.discounts.customers > SMALL else None
    return Measured(one.card.measures, lines, tuple(tastes), tuple(pairs), discounts, one.signals)


def _sizes(book: Handbook) -> dict[str, Mark]:
    """Those of segments that share all customers among them are protected together, overlays each by itself."""
    parts = [one.card for one in book.chapters if not one.overlay]
    marks = protect_parts([*(card.size for card in parts), book.others])
    found = {card.segment_id: mark for card, mark in zip(parts, marks, strict=False)}
    return found | {one.card.segment_id: protect_parts([one.card.size])[0] for one in book.chapters if one.overlay}


def _values(book: Handbook) -> dict[str, ValueSummary]:
    marks = protect_parts([one.customers for one in book.values])
    return {one.segment_id: one for one, mark in zip(book.values, marks, strict=False) if mark == "shown"}


def _lines(book: Handbook) -> Mapping[str, tuple[Line, ...]]:
    """The last period of each KPI that may be told, by segment."""
    cards = tuple(one.card for one in book.chapters)
    report = Report(
        book.title, book.as_of, book.currency, (), cards, (), (), "", "", (), (),
        kpi_definitions=book.kpi_definitions, kpis=book.kpis,
    )  # fmt: skip
    found: dict[str, list[Line]] = {}
    where = directory(report)
    for series in kpi_series(report, where):
        for card in cards:
            line = _line(series, where.position(card.segment_id))
            if line is not None:
                found.setdefault(card.segment_id, []).append(line)
    return {segment: tuple(lines) for segment, lines in found.items()}


def _line(series: KpiSeries, at: int) -> Line | None:
    last = max((row.period for row in series.rows), default=None)
    own = next((row.point for row in series.of(at) if row.period == last and row.mark == "shown"), None)
    if own is None or not known(own.value):
        return None
    whole = (row.point for row in series.of(EVERYBODY_AT) if row.period == last and row.mark == "shown")
    return Line(series.definition, own, next(whole, None))


def _finite(value: float | None) -> float | None:
    return value if known(value) else None
