"""Opportunities in words, read from the published tables."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.reporting.opportunities import DiscountRange, Opportunity
from segspark.reporting.opportunity_words import depth_evidence, depth_words, to_be_told
from segspark.reporting.text import money, number, percent
from segspark.segments.discounts import FULL, LIKE_OTHERS
from segspark.steps.context import Context
from segspark.tables import PROSPECT_RESEMBLANCE, SEGMENT_DISCOUNTS, SEGMENT_NEEDS, SEGMENT_POCKETS

Told = Any  # a row of a table
_MOST = 5  # of a segment and kind, the surest
_WORDS = {
    "no_purchase": "looked at, searched for or put into a cart, and not bought",
    "returns": "sent back",
    "negative_feedback": "spoken of badly",
}


Depths = Mapping[str, Sequence[Told]]  # rows of segment_discounts by segment


def opportunity_items(context: Context, depths: Depths) -> tuple[Opportunity, ...]:
    """All that may be told, by segment: pockets, needs, discounts, prospects.

    Args:
        context: of the phase.
        depths: of `discount_depths`.
    """
    read, currency = context.lake.read, context.config.money.currency
    pockets = read(SEGMENT_POCKETS).orderBy("segment_id", "kind", "q_value", "rule").collect()  # some of each segment
    needs = read(SEGMENT_NEEDS).where("unmet").orderBy("segment_id", "q_value", "category", "need")
    counted = read(PROSPECT_RESEMBLANCE).groupBy("segment_id").agg(
        F.count("*").alias("customers"), (exact_sum(F.col("probability")) / F.count("*")).alias("mean")
    )  # fmt: skip
    found = [
        *of_pockets(pockets, currency),
        *of_needs(needs.collect()),  # segments x opportunities.needs.categories x three
        *of_discounts(depths),
        *of_prospects(counted.orderBy("segment_id").collect()),  # a row per segment
    ]
    return to_be_told(sorted(found, key=lambda one: one.segment_id))


def discount_ranges(depths: Depths) -> dict[str, DiscountRange]:
    """The recommended range of each segment that has one, of `discount_depths`."""
    return {segment: told for segment, rows in depths.items() if (told := range_of(rows)) is not None}


def range_of(rows: Sequence[Told]) -> DiscountRange | None:
    """What the recommended bins of a segment are together.

    Args:
        rows: of segment_discounts, of one segment.

    Examples:
        >>> bins = [(0.0, 0.0, 50, False), (0.0, 0.1, 30, True), (0.1, 1.0, 10, False)]
        >>> names = ("depth_low", "depth_high", "orders", "recommended")
        >>> range_of([dict(zip(names, one)) | {"discounted_customers": 20} for one in bins])
        DiscountRange(low=0.0, high=0.1, orders=30, share=0.75, customers=20)
    """
    kept = [row for row in rows if row["recommended"]]
    if not kept:
        return None
    orders, discounted = (sum(row["orders"] for row in some) for some in (kept, [r for r in rows if r["depth_high"]]))
    ends = min(row["depth_low"] for row in kept), max(row["depth_high"] for row in kept)
    return DiscountRange(*ends, orders, orders / discounted, kept[0]["discounted_customers"])


def of_pockets(rows: Iterable[Told], currency: str) -> Iterator[Opportunity]:
    """The surest pockets of each segment and kind.

    Args:
        rows: of segment_pockets, in their order.
        currency: of values.
    """
    for row in _first(rows, "segment_id", "kind"):
        lift = f"{row['lift']:.2f} times" if row["lift"] is not None else "more than"
        ends = f" ({row['low']:.2f} to {row['high']:.2f})" if row["low"] is not None else ""
        if row["kind"] == "value":
            kind, told = "Pocket of value", f"{money(row['value_mean'], currency)} a customer"
            rest = money(row["rest_value_mean"], currency)
        else:
            kind, told = "Pocket of growth", f"{number(row['growth'])} times as many orders a day as before"
            rest = number(row["rest_growth"])
        evidence = f"{told}, {lift} the {rest} of the segment's others{ends}; q {number(row['q_value'])}"
        yield Opportunity(row["segment_id"], kind, row["description"], row["customers"], evidence)


def of_needs(rows: Iterable[Told]) -> Iterator[Opportunity]:
    """The surest unmet needs of each segment: of segment_needs, in their order."""
    for row in _first(rows, "segment_id"):
        ends = "" if row["low"] is None else f" ({percent(row['low'])} to {percent(row['high'])})"
        evidence = f"{percent(row['value'])}{ends}, others {percent(row['rest_value'])}; q {number(row['q_value'])}"
        what = f"{row['category']}: {_WORDS.get(row['need'], row['need'])}"
        yield Opportunity(row["segment_id"], "Unmet need", what, row["customers"], evidence)


def of_discounts(depths: Depths) -> Iterator[Opportunity]:
    """Who pays the full price or buys at discounts, and the range that is enough: of segment_discounts by segment."""
    for segment, rows in sorted(depths.items()):
        full, told = rows[0], range_of(rows)
        if full["response"] != LIKE_OTHERS:
            more = "Pays the full price more" if full["response"] == FULL else "Buys at discounts more"
            share = f"{percent(full['share'])} of its orders have no discount, {percent(full['rest_share'])} of others"
            # What is told of those without a discount is told of the others, too.
            fewest = min((n for n in (full["customers"], full["discounted_customers"]) if n), default=0)
            yield Opportunity(segment, "Discounts", f"{more} than others", fewest, share)
        if told is not None:
            what = f"A discount of {depth_words(told)} is enough for most of its discounted orders; observed, not tried"
            yield Opportunity(segment, "Discounts", what, told.customers, depth_evidence(told))


def of_prospects(rows: Iterable[Told]) -> Iterator[Opportunity]:
    """How many prospects are most like each segment: segment_id, customers and their mean probability."""
    for row in rows:
        evidence = f"mean probability {percent(row['mean'])}, were they buyers"
        yield Opportunity(row["segment_id"], "Prospects", "Prospects who are most like it", row["customers"], evidence)


def discount_depths(context: Context) -> Depths:
    """What was published of discounts, by segment, from no discount on."""
    found: dict[str, list[Told]] = defaultdict(list)
    for row in context.lake.read(SEGMENT_DISCOUNTS).orderBy("segment_id", "depth_high", "depth_low").collect():  # bins
        found[row["segment_id"]].append(row)
    return found


def _first(rows: Iterable[Told], *by: str) -> Iterator[Told]:
    """The first rows of each group, in their order."""
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    for row in rows:
        key = tuple(row[name] for name in by)
        seen[key] += 1
        if seen[key] <= _MOST:
            yield row
