"""The configuration's shape: every key, its meaning, its default. Unknown keys are refused."""

import re
from datetime import date
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _identifier(name: str) -> str:
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"'{name}' is not a plain name: lower-case letters, digits and _, starting with a letter")
    return name


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"unknown time zone '{name}'; use a name of the IANA database such as America/New_York or UTC")
    return name


Identifier = Annotated[str, AfterValidator(_identifier)]
Zone = Annotated[str, AfterValidator(_zone)]
PositiveInt = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Goal = Literal["retention", "cross_sell", "acquisition_cost", "media_spend", "satisfaction"]
Weight = Annotated[float, Field(gt=0, le=100)]
Algorithm = Literal["kmeans", "bisecting", "gmm", "lca"]
ALL = "all"  # the set of all inputs of the clustering
Transform = Literal["none", "log", "yeo-johnson"]
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
Format = Literal["parquet", "csv", "json", "delta", "jdbc", "kafka"]
Severity = Literal["reject", "warn", "fail"]
Check = Literal[
    "not_null", "type", "range", "set", "pattern", "unique", "foreign_key", "freshness", "not_in_future", "plausible"
]

# Per check: the settings it needs, and those it may have.
_RULE_SETTINGS: dict[str, tuple[set[str], set[str]]] = {
    "not_null": (set(), set()),
    "type": ({"type"}, set()),
    "range": (set(), {"min", "max"}),
    "set": ({"values"}, set()),
    "pattern": ({"pattern"}, set()),
    "unique": (set(), set()),
    "foreign_key": ({"table"}, set()),
    "freshness": ({"within_days"}, set()),
    "not_in_future": (set(), {"tolerance_days"}),
    "plausible": ({"max"}, set()),
}
_RULE_KEYS = ("min", "max", "values", "pattern", "type", "table", "within_days", "tolerance_days")


def _iterations() -> dict[Algorithm, int]:
    return {"kmeans": 50, "bisecting": 20, "gmm": 50, "lca": 2000}


def _families() -> list[Family]:
    return ["rfm", "rhythm", "breadth", "recent", "campaigns"]


def _half_lives() -> dict[Decayed, int]:
    return {"spend": 90, "orders": 90}


def _algorithms() -> list[Algorithm]:
    return ["kmeans", "bisecting", "gmm"]


class Model(BaseModel):
    """Base of every section: frozen, and strict about keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Workspace(Model):
    """Where the tables live: a folder (`root`), or a schema of a catalog."""

    root: str | None = Field(None, description="folder or object-store prefix for path-based tables")
    catalog: Identifier | None = Field(None, description="catalog for named tables, instead of root")
    schema_: Identifier | None = Field(None, alias="schema", description="schema for named tables, instead of root")

    @model_validator(mode="after")
    def _one_place(self) -> "Workspace":
        named = self.catalog is not None and self.schema_ is not None
        if (self.root is not None) == named or (self.catalog is None) != (self.schema_ is None):
            raise ValueError("give either root, or both catalog and schema")
        return self


class Time(Model):
    """Time zones. Instants are stored in UTC; dates, weekdays and as_of are in the business time zone."""

    business_timezone: Zone = Field("UTC", description="zone of dates, weekdays and of as_of's midnight")
    input_timezone: Zone = Field("UTC", description="zone in which input times without one are read")
    earliest: date = Field(date(1971, 1, 1), description="an earlier time is absurd, and its row quarantined")
    latest: date = Field(date(2100, 1, 1), description="a later time is absurd, and its row quarantined")


class Money(Model):
    """The one currency that amounts are reported in."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field("USD", description="ISO 4217 code")


class Input(Model):
    """Rows, as they are: CSV columns are strings, JSON fields are strings unless `schema` says otherwise."""

    format: Format = Field("parquet", description="json means JSON lines")
    path: str = Field("", description="file, folder or glob; not for jdbc and kafka")
    schema_: str | None = Field(None, alias="schema", description="columns as Spark DDL, for csv, json and kafka")
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="Spark reader options, such as url and dbtable (jdbc) or subscribe (kafka)"
    )

    @model_validator(mode="after")
    def _located(self) -> "Input":
        if self.format in ("jdbc", "kafka"):
            wanted = ("url",) if self.format == "jdbc" else ("kafka.bootstrap.servers", "subscribe")
            missing = [f"options.{name}" for name in wanted if name not in self.options]
            if self.format == "jdbc" and not {"dbtable", "query"} & set(self.options):
                missing.append("options.dbtable")
            if missing:
                raise ValueError(f"format {self.format} needs {' and '.join(missing)}")
        elif not self.path:
            raise ValueError(f"path: missing; format {self.format} needs one")
        return self


class Join(Input):
    """Another input whose columns a source needs, such as the orders of order lines."""

    keys: list[str] = Field(min_length=1, description="columns of both that match; unique in the joined input")
    columns: list[str] = Field(min_length=1, description="columns taken from the joined input")

    @field_validator("format")
    @classmethod
    def _at_rest(cls, given: Format) -> Format:
        if given in ("jdbc", "kafka"):
            raise ValueError("a join reads files or a Delta table; bring the rest in by a query of the source's own")
        return given


class Rule(Model):
    """What must hold of a canonical column, or of a key in one of its maps (`properties.store_id`)."""

    column: str = Field(description="canonical column, or map column and key: properties.store_id")
    check: Check = Field(description="what must hold")
    severity: Severity = Field("reject", description="reject: quarantine the row; warn: count it; fail: stop the run")
    when: str | None = Field(None, description="Spark SQL condition over canonical columns; the rule holds only there")
    min: float | None = Field(None, description="range: smallest value")
    max: float | None = Field(None, description="range: largest value; plausible: largest absolute value")
    values: list[str] | None = Field(None, description="set: the values allowed")
    pattern: str | None = Field(None, description="pattern: regular expression (Java) that the whole value matches")
    type: Literal["BIGINT", "DOUBLE", "DECIMAL(18,4)", "DATE", "TIMESTAMP", "BOOLEAN"] | None = Field(
        None, description="type: what the value can be read as"
    )
    table: Literal["customers", "products", "campaigns"] | None = Field(
        None, description="foreign_key: table whose key the value is"
    )
    within_days: PositiveInt | None = Field(
        None, description="freshness: the newest value is at most so many days before as_of"
    )
    tolerance_days: Annotated[int, Field(ge=0)] | None = Field(
        None, description="not_in_future: days after as_of's midnight that are still believed; default 1"
    )

    @model_validator(mode="after")
    def _complete(self) -> "Rule":
        wanted, optional = _RULE_SETTINGS[self.check]
        given = {name for name in _RULE_KEYS if getattr(self, name) is not None}
        if missing := sorted(wanted - given):
            raise ValueError(f"check {self.check} needs {', '.join(missing)}")
        if unused := sorted(given - wanted - optional):
            raise ValueError(f"check {self.check} does not use {', '.join(unused)}")
        if self.check == "range" and not given:
            raise ValueError("check range needs min or max")
        return self

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, given: str | None) -> str | None:
        try:
            re.compile(given or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return given


class Duplicates(Model):
    """How far apart two versions of one event may be."""

    horizon_days: PositiveInt | Literal["all"] = Field(
        "all",
        description="a new event is compared with stored ones of its own date and of so many days before and after; "
        "equal rows are always found, as their dates are equal",
    )


class Sessions(Model):
    """Visits, where the source names none: events of a customer in a channel, cut where nothing happens for a while."""

    gap_minutes: PositiveInt = Field(30, description="inactivity that ends a session")
    channels: list[str] = Field(default_factory=lambda: ["web", "app"], description="channels that have sessions")


class Attribute(Model):
    """What a key of customers.attributes is, so that it is checked and later used rightly."""

    type: Literal["numeric", "ordinal", "categorical"] = Field(description="how its values compare")
    order: list[str] | None = Field(None, min_length=2, description="ordinal: the values from lowest to highest")
    kind: Literal["demographic", "firmographic", "psychographic", "third_party"] = Field(
        "demographic", description="what it tells of the customer"
    )
    protected: bool = Field(False, description="law or ethics forbids to segment by it: audited, never an input")

    @model_validator(mode="after")
    def _ordered(self) -> "Attribute":
        if (self.type == "ordinal") != (self.order is not None):
            raise ValueError("order: an ordinal attribute needs it, no other has one")
        return self


class Source(Input):
    """One input of a table: where it is, and a Spark SQL expression for each canonical column."""

    name: Identifier = Field(description="unique; appears in the ledger and in quarantine")
    input_timezone: Zone | None = Field(None, description="overrides time.input_timezone for this source")
    joins: list[Join] = Field(
        default_factory=list, description="inputs to join before mapping; no row is lost or doubled"
    )
    columns: dict[str, str | int | float | bool] = Field(description="canonical column: Spark SQL expression")
    watermark: str | None = Field(
        None,
        description="jdbc: column that only grows, such as updated_at; only rows at or after its last value are read",
    )
    personal: list[str] = Field(
        default_factory=list, description="columns with personal data: hashed in quarantine and in what --check prints"
    )
    rules: list[Rule] = Field(
        default_factory=list, description="what must hold of its rows, besides the built-in rules"
    )
    rejected_share_limit: Share = Field(
        0.5, description="a larger share of rejected rows in what is read stops the run, with nothing published"
    )


class EventSource(Source):
    """A source of `events`."""


class EntitySource(Source):
    """A source of any other table."""


class Sources(Model):
    """All inputs, by the table that they feed."""

    events: list[EventSource] = Field(min_length=1, description="what customers did")
    customers: list[EntitySource] = Field(default_factory=list, description="who they are, with attributes")
    products: list[EntitySource] = Field(default_factory=list, description="what they buy")
    campaigns: list[EntitySource] = Field(default_factory=list, description="what they were sent, with its cost")
    feedback: list[EntitySource] = Field(default_factory=list, description="what they said, and how they rated")
    consents: list[EntitySource] = Field(default_factory=list, description="what their data may be used for")
    identity_links: list[EntitySource] = Field(
        default_factory=list, description="identifiers by which customers turn out to be one person"
    )

    def all(self) -> list[tuple[str, Source]]:
        """Every source with the table it feeds; what others refer to comes first."""
        tables = ("products", "campaigns", "identity_links", "customers", "consents", "feedback", "events")
        return [(table, source) for table in tables for source in getattr(self, table)]

    @model_validator(mode="after")
    def _unique_names(self) -> "Sources":
        names = [source.name for _, source in self.all()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"source names must be unique; given more than once: {', '.join(twice)}")
        return self


class Identity(Model):
    """Which customers are one person: those that share an identifier."""

    max_component: Annotated[int, Field(ge=2)] = Field(
        50, description="more customers than this behind shared identifiers are suspicious (a till card): not merged"
    )
    ignore: list[str] = Field(default_factory=list, description="identifier types that are stored but link nobody")


class Commits(Model):
    """Writing to tables that others may write to."""

    lock_timeout_seconds: PositiveInt = Field(600, description="how long to wait for another writer of the same table")


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


class Population(Model):
    """Who is clustered; everyone else gets a lifecycle segment by rule."""

    eligible: str = Field("frequency >= 1", description="Spark SQL condition over the features")
    new_days: PositiveInt = Field(30, description="outside the clustered: new until this tenure, dormant after it")


class Objective(Model):
    """What the segmentation is for."""

    goal: Goal = Field("retention", description="what it is to improve")
    kpi: str | None = Field(
        None,
        description="what segments are to tell apart in the next period: repeat_rate, orders, revenue, margin, "
        "new_categories, visits, response_rate, rating, or Spark SQL over `then` and `now`, the features at the start "
        "and the end of the period; default: the goal's own",
    )
    target: float | None = Field(
        None, description="mean of the KPI that is aimed at; a segment reaches it with at least so much"
    )
    horizon_days: PositiveInt = Field(90, description="length of the next period")


class Bounds(Model):
    """A closed range of k."""

    min: Annotated[int, Field(ge=2)]
    max: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _ordered(self) -> "Bounds":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Tried(Bounds):
    """The numbers of clusters that are tried."""

    min: Annotated[int, Field(ge=2)] = 2
    max: Annotated[int, Field(ge=2)] = 10


class Manageable(Bounds):
    """The numbers of clusters that may be chosen."""

    min: Annotated[int, Field(ge=2)] = 3
    max: Annotated[int, Field(ge=2)] = 7


class Clustering(Model):
    """The model search."""

    @field_validator("max_iterations")
    @classmethod
    def _complete(cls, given: dict[Algorithm, int]) -> dict[Algorithm, int]:
        return _iterations() | given

    @field_validator("winsorise")
    @classmethod
    def _ordered(cls, given: tuple[float, float]) -> tuple[float, float]:
        if given[0] >= given[1]:
            raise ValueError("the lower quantile must be below the upper one")
        return given

    algorithms: list[Algorithm] = Field(default_factory=_algorithms, min_length=1)
    k: Tried = Field(default_factory=Tried, description="numbers of clusters tried")
    manageable: Manageable = Field(default_factory=Manageable, description="numbers that a team can act on")
    inputs: list[Identifier] | Literal["auto", "objective"] = Field(
        "auto",
        description="features; auto: every one of the families rfm, rhythm, breadth, recent, campaigns that varies; "
        "objective: those that go with objective.goal, with their weights",
    )
    seed: int = 42
    max_iterations: dict[Algorithm, PositiveInt] = Field(
        default_factory=_iterations, description="of each fit; bisecting makes all of them at each of its levels"
    )
    fit_timeout_seconds: PositiveInt = Field(3600, description="a candidate that takes longer stops the run, aloud")
    parallel_fits: PositiveInt = Field(4, description="candidates fitted at a time; each uses one core")
    tolerance: Annotated[float, Field(gt=0)] = 1e-4
    winsorise: tuple[Share, Share] = Field((0.01, 0.99), description="quantiles beyond which values are pulled in")
    log_skewness: float = Field(1.0, description="skewness beyond which a feature is transformed")
    transform: Transform = Field("log", description="what features more skewed than log_skewness go through")
    scale: Literal["standard", "robust"] = Field(
        "standard", description="what inputs are divided by: standard deviation, or interquartile range over 1.349"
    )
    weights: dict[Identifier, Weight] = Field(
        default_factory=dict, description="input: weight; 1 is that of a number with standard deviation 1"
    )
    unknown_weight: Annotated[float, Field(ge=0, le=10)] = Field(
        0, description="weight of a coordinate that tells who is unknown, for inputs that have some; 0: there is none"
    )
    levels: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="of an input that is text: the most frequent so many become indicators"
    )
    correlation_limit: Share = Field(
        0.95, description="an input whose rank correlation with one before it is above this is left out; 1: none is"
    )
    sample_rows: Annotated[int, Field(ge=100)] = Field(
        100_000, description="customers by whom the preparation of inputs is decided"
    )
    evaluation_rows: Annotated[int, Field(ge=50, le=20_000)] = Field(5_000, description="customers for the silhouette")
    smallest_share: Share = Field(0.03, description="a candidate with a smaller cluster is not chosen")


class Search(Model):
    """How candidates are fitted."""

    @field_validator("feature_sets")
    @classmethod
    def _apart(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        if ALL in given:
            raise ValueError(f"'{ALL}' is the set of clustering.inputs, which is always there; choose another name")
        names = list(given)
        for position, name in enumerate(names):
            if len(set(given[name])) < len(given[name]):
                raise ValueError(f"{name} names a feature twice")
            same = [other for other in names[:position] if set(given[other]) == set(given[name])]
            if same:
                raise ValueError(f"{name} has the same features as {same[0]}; remove one of the two")
        return given

    @field_validator("components")
    @classmethod
    def _counted(cls, given: float | None) -> float | None:
        if given is not None and given >= 1 and not given.is_integer():
            raise ValueError("give a whole number of components, or a share below 1")
        return given

    exact: bool = Field(
        False, description="fit each candidate on all customers, as spark.ml does, instead of on a coreset of them"
    )
    coreset_rows: Annotated[int, Field(ge=1_000, le=1_000_000)] = Field(
        20_000, description="customers that candidates are fitted on, each standing for many; all, if there are fewer"
    )
    restarts: PositiveInt = Field(5, description="seeds of each KMeans; the one of lowest cost goes on")
    passes: PositiveInt = Field(10, description="over all customers, at most, in which KMeans candidates are refined")
    tolerance: Annotated[float, Field(gt=0)] = Field(
        1e-4, description="a candidate whose cost a pass lowers by a smaller share is refined no further"
    )
    holdout_share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.2, description="customers by whom candidates are judged and that none is fitted on; by a hash of their id"
    )
    force: bool = Field(False, description="publish segments even where customers form nothing that could be segmented")
    yardstick_rows: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        20_000, description="customers held out by whom candidates are compared in the next period, at most"
    )
    resamples: Annotated[int, Field(ge=2, le=1_000)] = Field(
        20, description="of the evaluation sample, in which the clusters of a candidate must come back"
    )
    stability: Share = Field(
        0.6, description="a candidate with a cluster whose mean Jaccard similarity in them is below this is not chosen"
    )
    feature_sets: dict[Identifier, Annotated[list[Identifier], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="name: features; candidates are fitted on these, too, besides on clustering.inputs, which are "
        "called all",
    )
    components: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="candidates are also fitted on so many principal components of each feature set; below 1: on as "
        "many as have this share of its variance",
    )
    slices: list[str] = Field(
        default_factory=list,
        description="features or attributes that are text, such as top_channel: the chosen clusters are held against "
        "those that the customers of each value have alone",
    )


class Promotion(Model):
    """When a newly trained model becomes the champion that customers are assigned by."""

    margin: Annotated[float, Field(ge=0, le=1)] = Field(
        0, description="by so much more of the KPI's variance it must explain in the next period, among those held out"
    )
    approval: bool = Field(False, description="it waits as challenger until someone runs segspark train --approve")


class Assignment(Model):
    """Publishing of assignments."""

    membership_step: Share = Field(0.05, description="a row is rewritten when its membership moves by more than this")


class Tracking(Model):
    """MLflow."""

    uri: str = Field("sqlite:///mlflow.db", description="sqlite:///FILE, a folder, or http(s)://SERVER")
    artifacts: str | None = Field(None, description="artifact folder of a new experiment; default: beside the store")
    experiment: str = "segspark"
    model: str = Field("segspark", description="name of the registered model")


class Report(Model):
    """The HTML page."""

    path: str | None = Field(None, description="file; default: report/index.html in the workspace")
    title: str = "Customer segments"
    scatter_points: Annotated[int, Field(ge=0, le=5_000)] = 1_500


class Spark(Model):
    """The session, when segspark starts it itself; under spark-submit the cluster's settings win."""

    master: str | None = Field(None, description="default: local[*] unless spark-submit gives one")
    jars_folder: str | None = Field(None, description="folder with Delta's jars, for machines without a network")
    config: dict[str, str | int | float | bool] = Field(default_factory=dict, description="Spark properties")


class Config(Model):
    """A whole configuration."""

    workspace: Workspace
    time: Time = Field(default_factory=Time)
    money: Money = Field(default_factory=Money)
    sources: Sources
    attributes: dict[str, Attribute] = Field(
        default_factory=dict, description="keys of customers.attributes that are checked; others are kept as they are"
    )
    duplicates: Duplicates = Field(default_factory=Duplicates)
    sessions: Sessions = Field(default_factory=Sessions)
    identity: Identity = Field(default_factory=Identity)
    commits: Commits = Field(default_factory=Commits)
    features: Features = Field(default_factory=Features)
    population: Population = Field(default_factory=Population)
    objective: Objective = Field(default_factory=Objective)
    clustering: Clustering = Field(default_factory=Clustering)
    search: Search = Field(default_factory=Search)
    promotion: Promotion = Field(default_factory=Promotion)
    assignment: Assignment = Field(default_factory=Assignment)
    tracking: Tracking = Field(default_factory=Tracking)
    report: Report = Field(default_factory=Report)
    spark: Spark = Field(default_factory=Spark)
