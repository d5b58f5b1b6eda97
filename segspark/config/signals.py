"""What is looked for in texts, in what precedes purchases, in attributes, and who is shown as typical."""

from typing import Annotated

from pydantic import Field, model_validator

from segspark.config.base import FEWEST, Model, PositiveInt


class Signals(Model):
    """What customers say, what precedes their purchases, who they are, and who is typical: see docs/signals.md."""

    enabled: bool = Field(True, description="whether `segspark profile` computes it")
    days: PositiveInt = Field(365, description="days before as_of whose texts and events are looked at")
    min_customers: Annotated[int, Field(ge=FEWEST)] = Field(
        FEWEST, description="a term, a kind of event or an attribute's value that fewer customers have is not told"
    )
    vocabulary: Annotated[int, Field(ge=10, le=20_000)] = Field(
        2_000, description="terms that the most customers wrote, among which a segment's are looked for"
    )
    terms: Annotated[int, Field(ge=1, le=200)] = Field(30, description="terms that are kept of a segment")
    stop_words: list[str] = Field(
        default_factory=list, description="words that are no terms, besides scikit-learn's English ones"
    )
    window_days: PositiveInt = Field(7, description="days before a purchase, and before the control day")
    control_weeks: PositiveInt = Field(4, description="weeks from the control day to the purchase: the same weekday")
    kinds: Annotated[int, Field(ge=1, le=200)] = Field(
        40, description="most frequent kinds of events (by type, channel, campaign's type) that are looked at"
    )
    sequences: Annotated[int, Field(ge=0, le=20)] = Field(
        6, description="most frequent types of events of which one after another is looked at; 0: none"
    )
    attribute_values: Annotated[int, Field(ge=1, le=100)] = Field(
        20, description="values of an attribute that most customers have, which are looked at"
    )
    examples: Annotated[int, Field(ge=0, le=26)] = Field(3, description="typical customers of a segment; 0: none")
    example_features: Annotated[int, Field(ge=1, le=50)] = Field(
        6, description="features of a typical customer that are told: those that set its segment apart most"
    )
    false_discoveries: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05, description="q-value to which triggers and attributes are told (Benjamini & Hochberg 1995)"
    )

    @model_validator(mode="after")
    def _apart(self) -> "Signals":
        if self.window_days > 7 * self.control_weeks:
            raise ValueError(f"window_days {self.window_days} is above the {self.control_weeks} control_weeks")
        return self
