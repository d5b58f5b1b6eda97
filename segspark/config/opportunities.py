"""What is looked for inside segments: pockets, needs, discounts, and prospects that resemble a segment."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from segspark.config.base import FEWEST, Model, PositiveInt

_Few = Annotated[int, Field(ge=FEWEST)]
_Part = Annotated[float, Field(gt=0, lt=1)]


class Pockets(Model):
    """Small parts of a segment that are worth more, or grow faster, than its rest."""

    features: Literal["auto"] | list[str] = Field(
        "auto",
        description="features that conditions may be about; auto: the first `most_features` declared that value "
        "is not computed from (breadth, campaigns, price, preference, web, engagement, support, attributes, own)",
    )
    most_features: Annotated[int, Field(ge=1, le=60)] = Field(24, description="features that are looked at, at most")
    bins: Annotated[int, Field(ge=2, le=10)] = Field(4, description="bins of a number, by quantiles within the segment")
    values: Annotated[int, Field(ge=1, le=50)] = Field(10, description="most frequent values of a text that count")
    sample: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        50_000, description="customers, by a hash, of whom the bounds of bins and the frequent values are taken"
    )
    beam: Annotated[int, Field(ge=1, le=40)] = Field(
        12, description="conditions of each segment that are tried two at a time, the best by themselves"
    )
    candidates: Annotated[int, Field(ge=1, le=50)] = Field(
        5, description="pockets of each segment and kind that are put to the test on the other half of the customers"
    )
    min_customers: _Few = Field(50, description="customers that a pocket has in each half, at least")
    max_share: _Part = Field(0.3, description="share of its segment that a pocket has at most; a larger one is none")


class Needs(Model):
    """Categories that a segment looks at, sends back or complains about more than others do."""

    categories: Annotated[int, Field(ge=1, le=500)] = Field(50, description="categories with the most customers")
    min_customers: _Few = Field(30, description="customers of a segment whom a need rests on, at least")


def _edges() -> list[float]:
    return [0.1, 0.2, 0.3, 0.5]


class Discounts(Model):
    """At which depth of discount a segment orders."""

    edges: list[_Part] = Field(
        default_factory=_edges, min_length=1, max_length=9, description="upper ends of the bins of depth, rising"
    )
    bulk_share: _Part = Field(
        0.8, description="the recommended range has so much of a segment's discounted orders, the shallowest first"
    )
    min_customers: _Few = Field(30, description="customers with discounted orders that a range rests on, at least")

    @field_validator("edges")
    @classmethod
    def _rising(cls, given: list[float]) -> list[float]:
        if any(one >= other for one, other in pairwise(given)):
            raise ValueError("the edges must rise")
        return given


class Prospects(Model):
    """Which segment a prospect resembles."""

    enabled: bool = Field(True, description="whether prospects are held against segments")
    sample: Annotated[int, Field(ge=500, le=1_000_000)] = Field(
        20_000, description="customers, by a hash, that the classifier is trained on and checked with"
    )
    holdout: _Part = Field(0.3, description="share of them that it is checked with alone")
    margin: _Part = Field(
        0.05, description="share by which the log loss must be below that of the segments' shares, or nothing is told"
    )
    penalty: Annotated[float, Field(ge=0)] = Field(0.01, description="L2 penalty of standardised coefficients")
    iterations: PositiveInt = Field(50, description="of the fit, at most")
    min_known: _Part = Field(0.05, description="share of prospects of whom a feature is known, at least, to be used")
    min_customers: _Few = Field(100, description="customers of a segment in the sample, at least, to be resembled")


class Opportunities(Model):
    """Pockets, needs, discounts, and prospects that resemble a segment: see docs/opportunities.md."""

    enabled: bool = Field(True, description="whether `segspark profile` looks for them")
    days: PositiveInt = Field(365, description="days before as_of whose events are looked at")
    false_discoveries: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05, description="share of what is told that may be due to chance (Benjamini & Hochberg 1995)"
    )
    seed: int = Field(42, description="of the halves of the customers, and of samples")
    pockets: Pockets = Field(default_factory=Pockets, description="pockets of value and growth")
    needs: Needs = Field(default_factory=Needs, description="needs that purchases do not meet")
    discounts: Discounts = Field(default_factory=Discounts, description="depth of discounts")
    prospects: Prospects = Field(default_factory=Prospects, description="prospects that resemble a segment")
