"""What becomes of segments once a model is promoted."""

from pydantic import Field

from segspark.config.base import Model, Share


class Assignment(Model):
    """Publishing of assignments."""

    membership_step: Share = Field(0.05, description="a row is rewritten when its membership moves by more than this")
