"""What is measured of segments, and what they are held to."""

from typing import Annotated, Literal

from pydantic import Field

from segspark.config.base import Identifier, Model


class KpiGoal(Model):
    """What a KPI is to be."""

    target: float = Field(description="in the KPI's unit; shares from 0 to 1")
    direction: Literal["at_least", "at_most"] = Field("at_least", description="on which side of it is good")
    segments: Literal["all"] | list[str] = Field(
        "all", description="ids or names; all: every segment, and all customers together"
    )


class Kpis(Model):
    """What is measured of segments by calendar period, and the goals that they are held to."""

    period: Literal["week", "month", "quarter"] = Field(
        "month", description="calendar period in the business time zone; weeks begin on Monday"
    )
    periods: Annotated[int, Field(ge=1, le=120)] = Field(
        12, description="complete periods before as_of that are measured; one more is read, for retention"
    )
    cohort_months: Annotated[int, Field(ge=0, le=120)] = Field(
        12, description="months of first orders that are followed, the last complete ones before as_of; 0: none"
    )
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = Field(0.95, description="of the intervals")
    goals: dict[Identifier, KpiGoal] = Field(
        default_factory=dict, description="KPI of docs/kpis.md: [goal](#a-goal); a goal that is missed is an alarm"
    )
