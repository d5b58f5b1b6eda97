"""What becomes of segments once a model is promoted."""

from typing import Annotated

from pydantic import Field

from segspark.config.base import Model, PositiveInt, Share


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
    moved: Annotated[float, Field(gt=0)] = Field(
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
