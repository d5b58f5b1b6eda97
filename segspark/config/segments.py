"""What becomes of segments once a model is promoted."""

from typing import Annotated

from pydantic import Field

from segspark.config.base import Model, PositiveInt, Share

Positive = Annotated[float, Field(gt=0)]


class Hold(Model):
    """When a customer moves to another cluster: not at every crossing of the border."""

    margin: Share = Field(0.05, description="a customer moves when the new segment leads the own one by more than this")
    days: PositiveInt = Field(7, description="or when it has been the nearer one for so many days of as_of")


class Assignment(Model):
    """Publishing of assignments."""

    membership_step: Share = Field(0.05, description="a row is rewritten when its membership moves by more than this")
    hold: Hold = Field(default_factory=Hold, description="what keeps customers between two segments from flapping")


class Continuity(Model):
    """When a cluster of a new model is a segment that there was."""

    similarity: Share = Field(
        0.5,
        description="mean of shared customers (Jaccard) and nearness of means; less, and a segment does not go on",
    )
    part: Share = Field(
        0.25, description="clusters that each take more than this of a segment, and consist of it mostly, split it"
    )
    moved: Positive = Field(
        0.5, description="a segment whose mean moves by more standard deviations has moved: it is described anew"
    )


class Governance(Model):
    """Who has a say in segments, and how many may be in use."""

    approval: bool = Field(
        False, description="new and split segments start as draft, and only approved ones are activated"
    )
    most_active: PositiveInt = Field(
        12, description="clusters and rule segments that may be active at the same time; more are refused"
    )
    review_days: PositiveInt = Field(180, description="days after its approval at which a segment is to be reviewed")


class Drift(Model):
    """What is watched at every assign, and when it is too much; usual values and reasons are in docs/operations.md."""

    inputs: Positive = Field(
        0.2, description="PSI of a model input against the first assign by the model; usual: 0.1 watch, 0.2 to 0.25 act"
    )
    shares: Positive = Field(
        0.1, description="PSI over the segments; stricter than of inputs, as segments are few and made to last"
    )
    share_change: Share = Field(0.1, description="change of one segment's share; 0.1: ten points of all customers")
    kpi: Positive = Field(
        0.25,
        description="relative change of a segment's mean KPI; it must exceed three standard errors, too",
    )
    fit: Share = Field(
        0.05,
        description="share of customers further from every centre than 99% were at first; 0.05: five times as many",
    )


class Retraining(Model):
    """When `segspark run` trains anew; `segspark train` always does."""

    every_days: PositiveInt = Field(
        90, description="days of as_of after the last training; retrain_days of an active segment may be fewer"
    )
    on_drift: bool = Field(True, description="also when inputs, shares or fit have drifted; a KPI alone is no reason")
    pause_days: Annotated[int, Field(ge=0)] = Field(
        14, description="days after a training in which drift is no reason: what it did not mend, the next would not"
    )
