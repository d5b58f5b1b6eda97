"""Which signals of a segment may be told, and how: nothing that ten customers or fewer tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from segspark.reporting.model import Measure, SegmentCard
from segspark.reporting.signal_model import AttributeShare, ExampleValue, Signals, Term, Trigger
from segspark.reporting.suppression import SMALL, protect_table
from segspark.reporting.text import known

MOST = 8  # rows of a segment
_NEARLY_ALWAYS = 0.8  # share of a word's customers who wrote it in the pair


def told_signals(found: Mapping[str, Signals], sizes: Mapping[str, int], q_value: float) -> dict[str, Signals]:
    """What may be told of each segment, the strongest first, and no more than a reader takes in.

    Of terms those that a segment writes more often than all, without words that come nearly always in a pair; of
    triggers and attributes those that are more than chance. Shares of a value are withheld where they, or those beside
    them, would give away 1 to 10 customers.

    Args:
        found: by segment.
        sizes: customers of the segments; of small ones nothing is told.
        q_value: the most that triggers and attributes may have.
    """
    large = {segment: one for segment, one in found.items() if sizes.get(segment, 0) > SMALL}
    shares = _protected({segment: one.attributes for segment, one in found.items()})
    return {
        segment: Signals(
            tuple(_whole([one for one in own.terms if one.customers > SMALL and one.lift > 1]))[:MOST],
            tuple(sorted((t for t in own.triggers if _tells(t, q_value)), key=_odds))[:MOST],
            tuple(sorted((a for a in shares[segment] if a.q_value <= q_value), key=_unlike))[:MOST],
            own.examples,
        )
        for segment, own in large.items()
    }


def _whole(terms: Sequence[Term]) -> list[Term]:
    """The terms without those words that most of their customers wrote in a pair that is there, too."""
    pairs = [(one.term.split(), one.customers) for one in terms if " " in one.term]
    return [
        one for one in terms
        if not any(one.term in words and customers >= _NEARLY_ALWAYS * one.customers for words, customers in pairs)
    ]  # fmt: skip


def _tells(one: Trigger, q_value: float) -> bool:
    """Whether it comes before purchases more often than by chance, and no number of its pairs is small."""
    pairs = (one.only_purchase, one.only_control)
    return one.only_purchase > one.only_control and one.q_value <= q_value and not any(0 < n <= SMALL for n in pairs)


def _odds(one: Trigger) -> tuple[float, str, str, str]:
    return -(one.low or 0.0), one.dimension, one.event, one.then_event


def _unlike(one: AttributeShare) -> tuple[float, str, str]:
    return -abs(one.share - one.overall_share), one.attribute, one.value


def _protected(found: Mapping[str, Sequence[AttributeShare]]) -> dict[str, list[AttributeShare]]:
    """The shares that may be told: of each attribute, a table of segments and values is protected as a whole."""
    kept: dict[str, list[AttributeShare]] = {segment: [] for segment in found}
    for attribute in sorted({one.attribute for own in found.values() for one in own}):
        own = {segment: [one for one in rows if one.attribute == attribute] for segment, rows in found.items()}
        segments = sorted(segment for segment, rows in own.items() if rows)
        values = sorted({one.value for rows in own.values() for one in rows})
        cells = {(segment, one.value): one for segment in segments for one in own[segment]}
        *rows, totals = protect_table([_counts(own[segment], values) for segment in segments])
        for segment, marks in zip(segments, rows, strict=True):
            for value, mark, total in zip(values, marks, totals, strict=False):  # the rest and the total are not told
                if mark == total == "shown" and (segment, value) in cells:
                    kept[segment].append(cells[segment, value])
    return kept


def _counts(own: Iterable[AttributeShare], values: Sequence[str]) -> list[int]:
    """Customers by value, and in the end those with a value that is not told of."""
    by_value = {one.value: one.customers for one in own}
    rest = max((one.known for one in own), default=0) - sum(by_value.values())
    return [*(by_value.get(value, 0) for value in values), rest]


def typical(
    own: Sequence[ExampleValue], card: SegmentCard
) -> tuple[list[str], list[tuple[Measure, list[float | None]]]]:
    """The names of a segment's typical customers, and each measure with their values of it.

    >>> orders = Measure("frequency", "orders", "orders", 9.0, 4.0, 1.2)
    >>> card = SegmentCard("s", "one", "", "cluster", 50, 0.5, (), (orders,))
    >>> names, rows = typical([ExampleValue("A", "frequency", 10.0), ExampleValue("B", "frequency", 8.0)], card)
    >>> names, rows[0][1]
    (['A', 'B'], [10.0, 8.0])
    """
    names, features = sorted({one.example for one in own}), list(dict.fromkeys(one.feature for one in own))
    values = {(one.feature, one.example): one.value for one in own}
    measures = {one.feature: one for one in card.measures}
    return names, [
        (measures[feature], [values.get((feature, name)) for name in names])
        for feature in features if feature in measures
    ]  # fmt: skip


def ends(low: float | None, high: float | None) -> str:
    """An interval of a lift or an odds ratio.

    >>> ends(1.234, 3.0), ends(2.0, None), ends(None, None)
    ('1.23 to 3.00', 'from 2.00 on', '')
    """
    if low is None or not known(low):
        return ""
    return f"{low:.2f} to {high:.2f}" if high is not None and known(high) else f"from {low:.2f} on"
