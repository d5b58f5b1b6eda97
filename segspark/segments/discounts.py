"""Discounts: at which depth segments order, who pays the full price, and which range is enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from segspark.config.opportunities import Discounts
from segspark.segments.contrasts import Contrast, contrast, q_values
from segspark.segments.discount_counts import Depth, Depths
from segspark.segments.intervals import added, of_ratio

FULL, DISCOUNTED, LIKE_OTHERS = "full price", "discounts", "like others"


@dataclass(frozen=True)
class DiscountBin:
    """A segment and a bin of depth: the columns of segment_discounts in their order, but for as_of and run_id."""

    segment_id: str
    depth_low: float
    depth_high: float
    orders: int
    share: float
    low: float | None
    high: float | None
    rest_share: float | None
    order_value: float | None
    margin_share: float | None
    customers: int
    discounted_customers: int
    response: str
    q_value: float | None
    recommended: bool


def discounts(
    counted: Mapping[str, Depths], settings: Discounts, false_discoveries: float, confidence: float
) -> list[DiscountBin]:
    """All bins of all segments, from no discount on.

    A segment pays the full price, or buys at discounts, where its share of orders without one is above or below that of
    all others beyond chance.

    Args:
        counted: of `depths_of`.
        settings: of discounts.
        false_discoveries: share of the segments so told apart that may be due to chance.
        confidence: of the intervals.
    """
    at_full = {segment: _against(segment, counted, 0, confidence) for segment in sorted(counted)}
    told = {segment: one for segment, one in at_full.items() if one is not None}
    sure = dict(zip(told, q_values([one.either_way for one in told.values()]), strict=True))
    found = []
    for segment, own in sorted(counted.items()):
        response = _response(told.get(segment), sure.get(segment, 1.0), false_discoveries)
        rows = [_bin(segment, at, counted, settings, confidence) for at in range(len(own.bins))]
        enough = recommended([row.orders for row in rows], own.discounted, response, settings)
        found += [
            replace(row, response=response, q_value=sure.get(segment), recommended=at in enough)
            for at, row in enumerate(rows)
        ]
    return found


def recommended(orders: Sequence[int], discounted: int, response: str, settings: Discounts) -> range:
    """The bins that make up the range of discounts that is enough: the one place for this rule.

    From the shallowest discount at which the segment orders to the one within which it makes the bulk of its discounted
    orders; none where it pays the full price, or few of its customers ordered at a discount. That they order at a
    discount does not say that they would not have without.

    Args:
        orders: by bin, the first without a discount.
        discounted: customers with an order at a discount.
        response: of the segment.
        settings: of discounts.

    Examples:
        >>> recommended([50, 0, 30, 60, 10], 100, LIKE_OTHERS, Discounts(bulk_share=0.8))  # 90 of 100
        range(2, 4)
        >>> recommended([50, 0, 30, 60, 10], 100, FULL, Discounts())
        range(0, 0)
    """
    total, bulk = sum(orders[1:]), 0
    if response == FULL or discounted < settings.min_customers or not total:
        return range(0)
    first = next(at for at in range(1, len(orders)) if orders[at])
    for at in range(first, len(orders)):
        bulk += orders[at]
        if bulk >= settings.bulk_share * total:
            return range(first, at + 1)
    return range(first, len(orders))


def _response(told: Contrast | None, q_value: float, false_discoveries: float) -> str:
    if told is None or q_value > false_discoveries:
        return LIKE_OTHERS
    return FULL if told.value > told.rest_value else DISCOUNTED


def _against(segment: str, counted: Mapping[str, Depths], at: int, confidence: float) -> Contrast | None:
    others = [one.bins[at].orders for other, one in sorted(counted.items()) if other != segment]
    return contrast(counted[segment].bins[at].orders, added(others), confidence)


def _bin(segment: str, at: int, counted: Mapping[str, Depths], settings: Discounts, confidence: float) -> DiscountBin:
    own, told = counted[segment].bins[at], _against(segment, counted, at, confidence)
    ends = [0.0, 0.0, *settings.edges, 1.0]
    low, high = of_ratio(own.orders, confidence)
    return DiscountBin(
        segment, ends[at], ends[at + 1], int(own.orders.x), own.orders.x / own.orders.y,
        None if low is None else max(low, 0.0), None if high is None else min(high, 1.0),
        None if told is None else told.rest_value, *_values(own), own.customers, counted[segment].discounted,
        LIKE_OTHERS, None, False,
    )  # fmt: skip


def _values(own: Depth) -> tuple[float | None, float | None]:
    """Of an order, and the margin as a share of the amounts whose cost is known."""
    value = own.gross / own.orders.x if own.orders.x else None
    return value, (own.costed - own.cost) / own.costed if own.costed > 0 else None
