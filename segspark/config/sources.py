"""Where data comes from, what its columns mean, and what of it is believed."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from segspark.config.base import Identifier, Model, PositiveInt, Share, Zone, repeated

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
        twice = repeated([source.name for _, source in self.all()])
        if twice:
            raise ValueError(f"source names must be unique; given more than once: {', '.join(twice)}")
        return self


class Identity(Model):
    """Which customers are one person: those that share an identifier."""

    max_component: Annotated[int, Field(ge=2)] = Field(
        50, description="more customers than this behind shared identifiers are suspicious (a till card): not merged"
    )
    ignore: list[str] = Field(default_factory=list, description="identifier types that are stored but link nobody")
