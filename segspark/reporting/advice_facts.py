"""The facts that meet a condition of advice, in words that name feature, value, average and effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from segspark.reporting import text
from segspark.reporting.advice_model import Condition, Fact, Line, Measured
from segspark.reporting.handbook_model import Pair, Taste
from segspark.reporting.handbook_signals import term_words
from segspark.reporting.model import Measure
from segspark.reporting.opportunity_words import depth_evidence, depth_words
from segspark.reporting.outcomes import KpiPoint
from segspark.reporting.signal_model import Term, Trigger
from segspark.reporting.signals import ends


def facts_for(measured: Measured, condition: Condition) -> Iterator[Fact]:
    """What meets a condition, the strongest first."""
    kind, _, name = condition.of.partition(":")
    if kind == "kpi":
        yield from (_of_line(line) for line in measured.lines if line.own.kpi == name and _apart(line, condition.above))
    elif kind == "item":
        yield from (_of_taste(one) for one in measured.tastes if one.lift >= condition.least)
    elif kind == "pair":
        yield from (_of_pair(one) for one in measured.pairs if (one.low or 0.0) >= condition.least)
    elif kind == "discounts":
        yield from (Fact(depth_evidence(one), 0.0, {"range": depth_words(one)}) for one in (measured.discounts,) if one)
    elif kind == "trigger":
        yield from (_of_trigger(one) for one in measured.signals.triggers if (one.low or 0.0) > condition.least)
    elif kind == "term":
        yield from _of_terms(measured.signals.terms, condition)
    else:
        yield from _of_features(measured.measures, condition)


def _of_features(measures: Sequence[Measure], condition: Condition) -> Iterator[Fact]:
    side = 1 if condition.above else -1
    known = [one for one in measures if text.known(one.standardised) and text.known(one.mean)]
    met = [
        one for one in known
        if fnmatchcase(one.feature, condition.of) and side * (one.standardised or 0.0) >= condition.least
    ]  # fmt: skip
    for one in sorted(met, key=lambda one: (-abs(one.standardised or 0.0), one.feature)):
        yield Fact(measure_words(one), abs(one.standardised or 0.0), {"label": one.label})


def measure_words(one: Measure) -> str:
    """A measure with its average and effect size.

    >>> measure_words(Measure("frequency", "orders", "orders", 12.3, 4.1, 1.6))
    'orders: 12.3 orders (average 4.1, +1.60 standard deviations)'
    """
    effect = f"{text.signed(one.standardised)} standard deviations"
    return f"{one.label}: {text.quantity(one.mean, one.unit)} ({text.average(one)}, {effect})"


def _apart(line: Line, above: bool) -> bool:
    """Whether the segment's interval lies wholly on one side of everybody's."""
    own, all_ = line.own, line.everybody
    low, high = (own.low, all_.high if all_ else None) if above else (all_.low if all_ else None, own.high)
    return low is not None and high is not None and text.known(low) and text.known(high) and low > high


def _of_line(line: Line) -> Fact:
    told, unit = line.definition, line.definition.unit
    own, whole = _with_ends(line.own, unit), _with_ends(line.everybody, unit)
    return Fact(f"{told.label}: {own}, all customers {whole}", 1.0, {"label": told.label})


def _with_ends(point: KpiPoint | None, unit: str) -> str:
    if point is None:
        return text.UNKNOWN
    return f"{text.quantity(point.value, unit)} ({text.bare(point.low, unit)} to {text.bare(point.high, unit)})"


def _of_taste(one: Taste) -> Fact:
    shares = f"{text.percent(one.share)} of its buyers, {text.percent(one.overall_share)} of all"
    return Fact(f"{one.item}: bought by {shares} (lift {one.lift:.2f})", one.lift - 1.0, {"item": one.item})


def _of_pair(one: Pair) -> Fact:
    interval = f"{text.number(one.low)} to {text.number(one.high)}"
    words = f"{one.first} and {one.second}: together in {text.number(one.orders)} orders, {one.lift:.2f} times as often"
    return Fact(f"{words} as by chance ({interval})", 0.5, {"first": one.first, "second": one.second})


def _of_trigger(one: Trigger) -> Fact:
    before, other = text.number(one.only_purchase), text.number(one.only_control)
    counts = f"{before} customers had it only before the purchase, {other} only before another day"
    return Fact(f"{one.words}: {counts} (odds ratio {ends(one.low, one.high)})", 0.5, {"event": one.words})


def _of_terms(terms: Sequence[Term], condition: Condition) -> Iterator[Fact]:
    side = 1 if condition.above else -1
    met = [one for one in terms if one.sentiment is not None and side * one.sentiment >= condition.least]
    for one in sorted(met, key=lambda one: (-abs(one.sentiment or 0.0), one.term)):
        yield Fact(f"\u201c{one.term}\u201d: {term_words(one)}", abs(one.sentiment or 0.0), {"term": one.term})
