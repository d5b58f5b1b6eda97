"""The parts of a segment's chapter about its signals: who they are, who is typical, what they write, what triggers."""

from __future__ import annotations

from segspark.reporting import text
from segspark.reporting.handbook_view import Grid, Part
from segspark.reporting.model import SegmentCard
from segspark.reporting.signal_model import Signals, Term
from segspark.reporting.signals import ends, typical

_SEE = "see the page Signals of the documentation"


def who(own: Signals) -> Part:
    """Attributes that the clustering did not know of."""
    headings = ("Attribute", "Value", "Segment", "All customers", "Lift", "Interval")
    rows = tuple(
        (a.attribute, a.value, text.percent(a.share), text.percent(a.overall_share), f"{a.lift:.2f}",
         ends(a.low, a.high))
        for a in own.attributes
    )  # fmt: skip
    lead = "Attributes by which nobody was clustered, of the customers of whom they are known; more than chance."
    none = f"No attribute is known to be more or less frequent than among all: {_SEE}."
    return Part("Who they are", lead if rows else "", grid=Grid(headings, rows, 2), none=none)


def typical_customers(own: Signals, card: SegmentCard) -> Part:
    """Real rows, of whom nothing says who they are."""
    names, measures = typical(own.examples, card)
    rows = tuple(
        (m.label, *(text.quantity(value, m.unit) for value in values), text.quantity(m.mean, m.unit))
        for m, values in measures
    )
    lead = "The customers nearest to the segment's means, to two digits. The letters stand for nobody in particular."
    grid = Grid(("Measure", *(f"Customer {name}" for name in names), "Segment's mean"), rows, 1)
    return Part("Typical customers", lead if rows else "", grid=grid, none=f"There are no examples: {_SEE}.")


def precedes(own: Signals) -> Part:
    """Triggers."""
    rows = tuple(
        (t.words, text.number(t.only_purchase), text.number(t.only_control),
         "" if t.odds_ratio is None else f"{t.odds_ratio:.2f}", ends(t.low, t.high))
        for t in own.triggers
    )  # fmt: skip
    headings = ("Event", "Only before the purchase", "Only before another day", "Odds ratio", "Interval")
    lead = (
        "Customers who had it in the days before their last purchase, against the days before a day without one, weeks "
        "earlier. What comes before need not be the cause: test it."
    )
    none = f"No event is known to come before purchases more often than at other times: {_SEE}."
    return Part("What precedes a purchase", lead if rows else "", grid=Grid(headings, rows, 1), none=none)


def words(own: Signals) -> Part:
    """Distinctive terms."""
    rows = tuple(
        (t.term, text.number(t.customers), f"{t.lift:.2f}", "" if t.sentiment is None else text.signed(t.sentiment))
        for t in own.terms
    )
    headings = ("Term", "Customers who wrote it", "Lift", "Sentiment")
    lead = "Distinctive words of their feedback, each written by more than ten of them; sentiment is from -1 to 1."
    none = f"No word that enough of them wrote is distinctive: {_SEE}."
    return Part("What they write", lead if rows else "", grid=Grid(headings, rows, 1), none=none)


def complaints(own: Signals) -> tuple[str, ...]:
    """What they write with a negative sentiment, the worst first."""
    bad = sorted((one for one in own.terms if (one.sentiment or 0.0) < 0), key=lambda one: (one.sentiment, one.term))
    return tuple(f"They write \u201c{one.term}\u201d, mostly in complaint ({term_words(one)})." for one in bad)


def term_words(one: Term) -> str:
    """A term's numbers in words.

    >>> term_words(Term("late", 30, 2.5, -0.4))
    '30 customers, 2.50 times as often as all, sentiment -0.40'
    """
    mood = "" if one.sentiment is None else f", sentiment {text.signed(one.sentiment)}"
    return f"{text.number(one.customers)} customers, {one.lift:.2f} times as often as all{mood}"
