"""What customers are worth: how far is looked ahead, by which model, and who is at risk."""

from typing import Annotated, Literal

from pydantic import Field

from segspark.config.base import Model, PositiveInt, Share

ValueModel = Literal["bgnbd", "pareto_nbd"]
PositiveShare = Annotated[float, Field(gt=0, le=1)]


class AtRisk(Model):
    """Who is flagged as at risk: worth much if still there, which is doubtful."""

    top_share: PositiveShare = Field(
        0.2, description="customers count as worth much whose value, if they are still there, is in the top so much"
    )
    probability: Share = Field(
        0.5, description="and as at risk if the probability that they are still there is below this"
    )


class Value(Model):
    """Customer lifetime value: see docs/value.md."""

    enabled: bool = Field(True, description="whether `segspark profile` computes it")
    horizon_days: PositiveInt = Field(365, description="how far ahead orders and value are counted")
    period_days: PositiveInt = Field(
        30, description="the horizon is divided into periods of this length; what comes in one is discounted to its end"
    )
    discount_rate: Annotated[float, Field(ge=0, le=10)] = Field(
        0.1, description="by how much money that comes a year later is worth less; 0.1: 110 then are 100 now"
    )
    margin_share: PositiveShare = Field(1.0, description="of spend that is earned; 1: value is spend, not profit")
    model: Literal["auto", ValueModel] = Field(
        "auto",
        description="auto: of BG/NBD and Pareto/NBD the one that did better beyond doubt in the back-test, else that "
        "of the date before, at first BG/NBD",
    )
    unit_days: PositiveInt = Field(7, description="days in the unit of time of the models' parameters")
    fit_rows: Annotated[int, Field(ge=1_000, le=1_000_000)] = Field(
        50_000,
        description="distinct patterns of past orders that models are fitted on; where there are more, they are fitted "
        "on so many customers, chosen by a hash; spend and the limit of at_risk are of so many customers in any case",
    )
    seed: int = Field(42, description="of the choice of these customers")
    back_test: bool = Field(
        True,
        description="whether a fit on customers as they were about objective.horizon_days before is held against what "
        "they did since, where features of then are in customer_features",
    )
    step: Share = Field(
        0.05,
        description="a row is rewritten when the probability moves by more than this, or another figure by more than "
        "this share of itself; 0: at every difference",
    )
    at_risk: AtRisk = Field(default_factory=AtRisk, description="who is flagged")
