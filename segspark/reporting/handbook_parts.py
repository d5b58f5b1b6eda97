"""The parts of a segment's chapter, in words and tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase

from segspark.reporting import text
from segspark.reporting.advice import of_place
from segspark.reporting.advice_facts import measure_words
from segspark.reporting.advice_model import ASSETS, PLACES, Advice, Line
from segspark.reporting.cards import distinguishing
from segspark.reporting.directory import Period
from segspark.reporting.handbook_calendar import planned
from segspark.reporting.handbook_facts import Told
from segspark.reporting.handbook_model import Pair
from segspark.reporting.handbook_signals import complaints, precedes, typical_customers, who, words
from segspark.reporting.handbook_view import Grid, Part
from segspark.reporting.model import Measure
from segspark.reporting.opportunity_words import to_be_told
from segspark.reporting.suppression import SMALL, told

# Features by what they tell; * stands for anything.
REACH = (
    *("campaign_response_rate", "days_to_respond_mean", "open_rate", "click_rate", "ad_click_rate", "unsubscribe_rate"),
    *("channel_share_*", "app_share", "mobile_share", "weekend_order_share"),
    *("night_share", "morning_share", "afternoon_share", "evening_share"),
)
PROBLEMS = (
    "return_share",
    "returns_count",
    "support_contacts_count*",
    "rating_mean",
    "sentiment_mean",
    "unsubscribe_rate",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST = 8  # rows


def facts(one: Told) -> tuple[tuple[str, str], ...]:
    """What stands at the head of a chapter."""
    card, chapter = one.chapter.card, one.chapter
    size = f"{told(card.size, one.size)} customers"
    found = [
        ("Code", chapter.code),
        ("Size", f"{size}, {text.percent(card.share)} of all" if one.size == "shown" else size),
        ("Kind", f"{card.kind}, beside another segment" if chapter.overlay else card.kind),
        ("Status", chapter.status),
        ("Owner", chapter.owner or "nobody yet"),
        ("Rule", chapter.rule),
        ("Review", chapter.review_at),
    ]
    return tuple(pair for pair in found if pair[1])


def parts(one: Told, as_of: date, currency: str) -> tuple[Part, ...]:
    """All parts of a chapter in their order."""
    own, card = one.measured.signals, one.chapter.card
    return (
        _value(one, currency), _kpis(one.measured.lines), _differences(one), who(own), typical_customers(own, card),
        _tastes(one), _cross_selling(one), _reach(one), precedes(own), _problems(one), words(own), _opportunities(one),
        _framework(one.advice), _assets(one.advice), _calendar(one.advice, as_of), _history(one),
    )  # fmt: skip


def _value(one: Told, currency: str) -> Part:
    value = one.value
    rows = () if value is None else (
        ("Mean lifetime value", text.money(value.clv, currency)),
        ("Probability of being alive", text.percent(value.probability_alive)),
        ("Share at risk of leaving", text.percent(value.at_risk_share)),
    )  # fmt: skip
    return Part("Value", grid=Grid(("Measure", "Mean"), rows, 1), none="What they are worth has not been computed.")


def _kpis(lines: Sequence[Line]) -> Part:
    headings = ("KPI", "Period", "Segment", "Interval", "All customers", "Interval of all", "Goal")
    rows = tuple(_kpi(line) for line in lines)
    return Part("KPIs of the last period", grid=Grid(headings, rows, 2), none="No KPI has been measured.")


def _kpi(line: Line) -> tuple[str, ...]:
    own, whole, unit = line.own, line.everybody, line.definition.unit
    goal = f"{text.bare(own.target, unit)} ({own.goal_state})" if text.known(own.target) else ""
    period = Period(own.period_start, own.period_end).label if own.period_start != own.period_end else own.period_start
    return (
        line.definition.label + (f" ({unit})" if text.is_currency(unit) else ""), period, text.bare(own.value, unit),
        _interval(own.low, own.high, unit), text.bare(whole.value, unit) if whole else text.UNKNOWN,
        _interval(whole.low, whole.high, unit) if whole else "", goal,
    )  # fmt: skip


def _interval(low: float | None, high: float | None, unit: str) -> str:
    if not (text.known(low) and text.known(high)):
        return ""
    return f"{text.bare(low, unit)} to {text.bare(high, unit)}"


def _differences(one: Told) -> Part:
    card = one.chapter.card
    found = distinguishing(card, _MOST) if one.measured.measures else []
    rows = tuple(
        (m.label, text.quantity(m.mean, m.unit), text.quantity(m.overall_mean, m.unit), text.signed(m.standardised))
        for m in found
    )
    headings = ("Measure", "Segment", "All customers", "Effect")
    lead = "The effect is the difference of the means in standard deviations of all customers."
    return Part("What sets it apart", lead if rows else "", grid=Grid(headings, rows, 1), none="Nothing is measured.")


def _tastes(one: Told) -> Part:
    headings = ("Item", "Of its buyers", "Of all buyers", "Lift")
    liked = [taste for taste in one.measured.tastes if taste.lift > 1][:_MOST]
    rows = tuple((t.item, text.percent(t.share), text.percent(t.overall_share), f"{t.lift:.2f}") for t in liked)
    none = "No item is known to be bought more often than by others."
    return Part("What it buys more often than others", grid=Grid(headings, rows, 1), none=none)


def _cross_selling(one: Told) -> Part:
    points = tuple(_pair(pair) for pair in one.measured.pairs[:_MOST])
    return Part("What to offer besides", points=points, none="No two items are known to be bought together.")


def _pair(one: Pair) -> str:
    interval = f", {text.number(one.low)} to {text.number(one.high)}" if one.low is not None else ""
    return (
        f"With {one.first} offer {one.second}: it is in {text.percent(one.confidence)} of the orders with {one.first}, "
        f"{one.lift:.2f} times as often as by chance{interval}."
    )


def _reach(one: Told) -> Part:
    values = [
        f"{f.label}: {f.value}, of {text.percent(f.share)} of its customers ({text.percent(f.overall_share)} of all)"
        for f in one.chapter.favourites if f.customers > SMALL
    ]  # fmt: skip
    points = (*values, *_measures(one.measured.measures, REACH))
    none = "By which channel and when they are reached best is not measured: see the families engagement and web."
    return Part("How it is reached", points=points, none=none)


def _problems(one: Told) -> Part:
    none = "Returns, support, ratings and sentiment are not measured: see the families value and support."
    points = (*_measures(one.measured.measures, PROBLEMS), *complaints(one.measured.signals))
    return Part("Problems", points=points, none=none)


def _opportunities(one: Told) -> Part:
    found = to_be_told(one.chapter.opportunities) if one.chapter.card.size > SMALL else ()
    rows = tuple((o.kind, o.what, text.number(o.customers), o.evidence) for o in found)
    lead = "What was measured, and more than chance would give. Pockets are counted in half of the customers."
    return Part(
        "Opportunities", lead if rows else "", grid=Grid(("Kind", "What", "Customers", "Measured"), rows),
        none="No pocket, unmet need or range of discounts is known beyond chance.",
    )  # fmt: skip


def _measures(measures: Sequence[Measure], patterns: Sequence[str]) -> tuple[str, ...]:
    found = [m for p in patterns for m in measures if fnmatchcase(m.feature, p) and text.known(m.mean)]
    return tuple(dict.fromkeys(measure_words(m) for m in found if text.known(m.standardised)))


def _framework(advice: Sequence[Advice]) -> Part:
    rows = _advice_rows(advice, [place for place in PLACES if place not in ASSETS])
    lead = "Each line rests on what was measured, which stands beside it. It describes, and proves no cause: test it."
    return Part(
        "Messaging framework", lead if rows else "", grid=Grid(("For", "Advice", "Measured"), rows),
        none="It differs in nothing that a rule speaks about.",
    )  # fmt: skip


def _assets(advice: Sequence[Advice]) -> Part:
    none = "No asset follows from what was measured."
    return Part("Plan by asset", grid=Grid(("Asset", "Content", "Measured"), _advice_rows(advice, ASSETS)), none=none)


def _advice_rows(advice: Sequence[Advice], places: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Numbered where a place has several: an e-mail sequence has an order."""
    rows = []
    for place in places:
        own = of_place(advice, place)
        for number, one in enumerate(own, start=1):
            label = f"{PLACES[place]} {number}" if len(own) > 1 else PLACES[place]
            rows.append((label, one.text, one.because))
    return tuple(rows)


def _calendar(advice: Sequence[Advice], as_of: date) -> Part:
    rows = tuple(
        (one.day.isoformat(), _DAYS[one.day.weekday()], one.channel, one.advice.text) for one in planned(as_of, advice)
    )
    lead = "A proposal, also in handbook.ics. The cadence is not measured; write only to those who agreed to it."
    grid = Grid(("Date", "Day", "Channel", "Content"), rows)
    return Part("The next four weeks", lead if rows else "", grid=grid, none="Nothing is planned: there is no advice.")


def _history(one: Told) -> Part:
    rows = tuple((c.at, c.who, c.what, c.change, c.why) for c in one.chapter.history)
    headings = ("At (UTC)", "Who", "What", "Change", "Why")
    return Part("Last changes", grid=Grid(headings, rows), none="The log of changes says nothing of it.")
