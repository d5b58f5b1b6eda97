"""Needs that purchases do not meet: where a segment looks without buying, sends back or complains more than others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from segspark.config.opportunities import Needs
from segspark.segments.contrasts import contrast, q_values
from segspark.segments.intervals import Interval, Moments, added, of_ratio, wilson


@dataclass(frozen=True)
class Need:
    """A segment and a category: the columns of segment_needs in their order, but for as_of and run_id.

    Attributes:
        unmet: whether it is more than with the customers of other segments, beyond chance.
    """

    segment_id: str
    category: str
    need: str
    customers: int
    value: float
    low: float | None
    high: float | None
    rest_value: float
    q_value: float
    unmet: bool


def moments_of(rows: Iterable[Any]) -> dict[tuple[str, str], dict[str, Moments]]:
    """What was counted, by need and category, and then by segment.

    Args:
        rows: of `need_moments`.
    """
    found: dict[tuple[str, str], dict[str, Moments]] = {}
    for row in rows:
        sums = (float(row[name]) for name in ("x", "y", "xx", "xy", "yy"))
        own = Moments(row["told"], row["told"], *sums)
        found.setdefault((row["need"], row["category"]), {})[row["segment_id"]] = own
    return found


def needs(
    counted: Mapping[tuple[str, str], Mapping[str, Moments]],
    settings: Needs,
    false_discoveries: float,
    confidence: float,
) -> list[Need]:
    """All that rests on enough customers, by segment, need and category; q-values are over all of it.

    Args:
        counted: of `moments_of`.
        settings: of needs.
        false_discoveries: share of the unmet needs that may be due to chance.
        confidence: of the intervals.

    Examples:
        >>> half, tenth = Moments(100, 100, 50, 100, 50, 50, 100), Moments(400, 400, 40, 400, 40, 40, 400)
        >>> for one in needs({("no_purchase", "tea"): {"s": half, "t": tenth}}, Needs(), 0.05, 0.95):
        ...     print(one.segment_id, one.value, round(one.low, 2), one.rest_value, one.unmet)
        s 0.5 0.4 0.1 True
        t 0.1 0.07 0.5 False
    """
    tried: list[Need] = []
    recorded = {need for (need, _), segments in counted.items() if any(one.x for one in segments.values())}
    for (need, category), segments in sorted(counted.items()):
        if need not in recorded:  # as returns where the log has none
            continue
        for segment, own in sorted(segments.items()):
            others = added([one for other, one in sorted(segments.items()) if other != segment])
            told = contrast(own, others, confidence)
            if told is None or min(own.told, others.told) < settings.min_customers:
                continue
            ends = _interval(need, own, confidence)
            tried.append(
                Need(segment, category, need, own.told, told.value, *ends, told.rest_value, told.p_value, False)
            )
    sure = q_values([one.q_value for one in tried])
    found = [replace(one, q_value=q, unmet=q <= false_discoveries) for one, q in zip(tried, sure, strict=True)]
    return sorted(found, key=lambda one: (one.segment_id, one.need, one.category))


def _interval(need: str, own: Moments, confidence: float) -> Interval:
    """Who did not buy is a share of customers; the rest are shares of what each of them did."""
    if need == "no_purchase":
        return wilson(own.x, own.y, confidence)
    low, high = of_ratio(own, confidence)
    return Interval(None if low is None else max(low, 0.0), high)
