"""What segments offer, as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Opportunity:
    """Something that could be done with a segment; `evidence` is what was measured, in words.

    >>> Opportunity("s", "Unmet need", "tea: looked at and not bought", 120, "60% (51% to 68%), others 40%").customers
    120
    """

    segment_id: str
    kind: str
    what: str
    customers: int
    evidence: str


@dataclass(frozen=True)
class DiscountRange:
    """The depths within which a segment makes the bulk of its discounted orders: `orders`, a `share` of these.

    `high` is 1 where the range has no end; `customers` ordered at a discount.

    >>> DiscountRange(0.1, 0.2, 300, 0.85, 90).high
    0.2
    """

    low: float
    high: float
    orders: int
    share: float
    customers: int
