"""What is looked for in orders."""

from typing import Annotated, Literal

from pydantic import Field

from segspark.config.base import Model, PositiveInt, Share


class Baskets(Model):
    """What is bought together, and what a segment buys more often than others."""

    level: Literal["category", "product"] = Field("category", description="what an item of an order is")
    days: PositiveInt = Field(365, description="days before as_of whose orders are looked at")
    items: Annotated[int, Field(ge=2, le=500)] = Field(
        100, description="items in the most orders that rules may be about: their pairs are counted"
    )
    min_support: Share = Field(0.01, description="a pair in a smaller share of orders makes no rule")
    min_confidence: Share = Field(0.1, description="of the orders with the first item, the least share with the second")
    false_discoveries: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05, description="share of the rules kept that may be due to chance (Benjamini & Hochberg 1995)"
    )
    prior_customers: Annotated[float, Field(ge=0)] = Field(
        50, description="a segment's shares are drawn to those of all as if it had so many average customers more"
    )
