"""What is computed of each customer."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from segspark.config.base import Identifier, Model, PositiveInt

Decayed = Literal["spend", "orders"]
Family = Literal[
    "rfm",
    "rhythm",
    "breadth",
    "recent",
    "campaigns",
    "scores",
    "value",
    "price",
    "preference",
    "web",
    "engagement",
    "support",
    "lifecycle",
    "attributes",
    "embeddings",
]


def _families() -> list[Family]:
    return ["rfm", "rhythm", "breadth", "recent", "campaigns"]


def _half_lives() -> dict[Decayed, int]:
    return {"spend": 90, "orders": 90}


class OwnFeature(Model):
    """A feature of one's own: a Spark SQL aggregate over events."""

    name: Identifier = Field(description="of its column")
    aggregate: str = Field(
        description="Spark SQL over columns of `events`: sum(...), count(...) and count_if(...) are kept day by day; "
        "any other aggregate is computed from all events each time"
    )
    description: str = Field(description="what it means: the column's comment")
    unit: str = Field("as given", description="of its values")
    type: Literal["count", "money", "number"] = Field("number", description="count: BIGINT; money: DECIMAL(38,4)")
    windows_days: list[PositiveInt] = Field(default_factory=list, description="also over the last so many days")
    half_life_days: PositiveInt | None = Field(None, description="also halved every so many days of its age")


class Embeddings(Model):
    """How tastes are learnt from what is bought together; `embeddings` in features.families switches them on."""

    of: Literal["orders", "sessions"] = Field(
        "orders", description="products belong together that are in one order, or looked at or bought in one session"
    )
    components: Annotated[int, Field(ge=1, le=32)] = Field(
        4, description="columns taste_1, taste_2, ...; at most vector_size"
    )
    vector_size: Annotated[int, Field(ge=2, le=512)] = Field(32, description="numbers that a product is first put into")
    half_life_days: PositiveInt = Field(90, description="days in which what a line bought says of its customer halves")
    min_count: PositiveInt = Field(5, description="a product in fewer orders or sessions of the sample has no vector")
    baskets: Annotated[int, Field(ge=100)] = Field(200_000, description="orders or sessions that vectors are learnt of")
    customers: Annotated[int, Field(ge=100)] = Field(20_000, description="customers whose tastes the components are of")
    window: PositiveInt = Field(5, description="products to either side, in random order, that a product is learnt of")
    iterations: PositiveInt = Field(5, description="passes over the orders or sessions")

    @model_validator(mode="after")
    def _no_more_than_there_are(self) -> "Embeddings":
        if self.components > self.vector_size:
            raise ValueError(f"components {self.components} is above vector_size {self.vector_size}")
        return self


class Features(Model):
    """What is computed of each customer's events."""

    @field_validator("windows_days")
    @classmethod
    def _distinct(cls, given: tuple[int, int]) -> tuple[int, int]:
        if given[0] == given[1]:
            raise ValueError("the two windows must differ")
        return given

    windows_days: tuple[PositiveInt, PositiveInt] = Field(
        (30, 90), description="two recent windows; the longer has a trend"
    )
    half_lives: dict[Decayed, PositiveInt] = Field(
        default_factory=_half_lives, description="days in which a decayed sum halves"
    )
    category_shares: dict[Identifier, str] = Field(
        default_factory=dict, description="short name: category; each gets a column category_share_NAME"
    )
    channel_shares: dict[Identifier, str] = Field(
        default_factory=dict, description="short name: channel; each gets a column channel_share_NAME"
    )
    exposure_types: list[str] = Field(default_factory=lambda: ["campaign_sent"], description="contacts with a campaign")
    response_types: list[str] = Field(
        default_factory=lambda: ["coupon_redemption"], description="answers to a campaign"
    )
    support_types: list[str] = Field(default_factory=lambda: ["support_contact"], description="contacts with support")
    private_label: str | None = Field(
        None,
        description="Spark SQL condition over a product (brand, name, attributes) of a label of one's own",
    )
    sentiment: Literal["given", "vader"] = Field(
        "given",
        description="given: only properties['sentiment'] of a source; vader: texts in English, too, by vaderSentiment, "
        "which the executors need then: pip install segspark[sentiment]",
    )
    rate_prior: Annotated[float, Field(ge=0)] = Field(
        20, description="rates of messages are drawn to the average of all as if each customer had so many more"
    )
    engine: Literal["spark", "duckdb"] = Field(
        "spark",
        description="what sums up all events; duckdb reads the log's files in the executors, which is faster, and "
        "needs pip install segspark[duckdb], also there, and files that they can open by their paths",
    )
    state_from_mb: Annotated[int, Field(ge=0)] = Field(
        256,
        description="state of customers is kept once the events take up so many megabytes; a smaller log is read whole "
        "each time, which is faster",
    )
    occasion_span_days: Annotated[int, Field(ge=0, le=31)] = Field(
        1, description="an order or visit that pauses for more days than this counts again, on the day it goes on"
    )
    families: list[Family] = Field(
        default_factory=_families, min_length=1, description="families of features that are computed"
    )
    embeddings: Embeddings = Field(default_factory=Embeddings, description="how tastes are learnt")
    off: list[Identifier] = Field(default_factory=list, description="features that are not computed")
    own: list[OwnFeature] = Field(default_factory=list, description="features of one's own")
