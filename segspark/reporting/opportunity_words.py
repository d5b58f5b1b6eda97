"""Opportunities in words; and those that may be told."""

from __future__ import annotations

from collections.abc import Iterable

from segspark.reporting import text
from segspark.reporting.opportunities import DiscountRange, Opportunity
from segspark.reporting.suppression import SMALL


def depth_words(found: DiscountRange) -> str:
    """A range of discounts.

    >>> depth_words(DiscountRange(0.1, 0.2, 300, 0.85, 90)), depth_words(DiscountRange(0.0, 0.2, 300, 0.85, 90))
    ('10% to 20%', 'up to 20%')
    >>> depth_words(DiscountRange(0.5, 1.0, 300, 0.85, 90)), depth_words(DiscountRange(0.0, 1.0, 300, 0.85, 90))
    ('more than 50%', 'any depth')
    """
    if found.high >= 1:
        return f"more than {text.percent(found.low)}" if found.low else "any depth"
    low, high = text.percent(found.low), text.percent(found.high)
    return f"{low} to {high}" if found.low else f"up to {high}"


def depth_evidence(found: DiscountRange) -> str:
    """What a range of discounts rests on.

    >>> depth_evidence(DiscountRange(0.1, 0.2, 300, 0.85, 90))
    'depth of discounts: 10% to 20% in 85% of the orders at a discount, by 90 customers (300 orders)'
    """
    told = f"in {text.percent(found.share)} of the orders at a discount, by {text.number(found.customers)} customers"
    return f"depth of discounts: {depth_words(found)} {told} ({text.number(found.orders)} orders)"


def to_be_told(found: Iterable[Opportunity]) -> tuple[Opportunity, ...]:
    """Those that rest on more than a few customers."""
    return tuple(one for one in found if one.customers > SMALL)
