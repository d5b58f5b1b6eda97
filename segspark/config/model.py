"""The configuration's shape: every key, its meaning, its default. Unknown keys are refused."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from segspark.config.base import Identifier, Model, PositiveInt, Zone, repeated
from segspark.config.baskets import Baskets
from segspark.config.clustering import Clustering, Objective, Population, Promotion, Search
from segspark.config.features import Features
from segspark.config.kpis import Kpis
from segspark.config.naming import Naming
from segspark.config.opportunities import Opportunities
from segspark.config.segments import Assignment, Continuity, Drift, Governance, Retraining
from segspark.config.signals import Signals
from segspark.config.sources import Attribute, Duplicates, Identity, Sessions, Sources
from segspark.config.stream import Stream
from segspark.config.triggers import Destinations, Trigger
from segspark.config.value import Value


class Workspace(Model):
    """Where the tables live: a folder (`root`), or a schema of a catalog."""

    root: str | None = Field(None, description="folder or object-store prefix for path-based tables")
    catalog: Identifier | None = Field(None, description="catalog for named tables, instead of root")
    schema_: Identifier | None = Field(None, alias="schema", description="schema for named tables, instead of root")
    deletion_vectors: bool = Field(
        False,
        description="whether segment_assignments and segment_overlays may have deletion vectors: of a large table only "
        "changed rows are written, and who reads it must know them (Spark does; delta-rs through pyarrow does not)",
    )

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


class Commits(Model):
    """Writing to tables that others may write to."""

    lock_timeout_seconds: PositiveInt = Field(600, description="how long to wait for another writer of the same table")


class Tracking(Model):
    """MLflow."""

    uri: str = Field("sqlite:///mlflow.db", description="sqlite:///FILE, a folder, or http(s)://SERVER")
    artifacts: str | None = Field(None, description="artifact folder of a new experiment; default: beside the store")
    experiment: str = "segspark"
    model: str = Field("segspark", description="name of the registered model")


class Report(Model):
    """The dashboard, and the handbook beside it."""

    path: str | None = Field(None, description="the dashboard's file; default: report/index.html in the workspace")
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
    continuity: Continuity = Field(default_factory=Continuity)
    governance: Governance = Field(default_factory=Governance)
    drift: Drift = Field(default_factory=Drift)
    retraining: Retraining = Field(default_factory=Retraining)
    kpis: Kpis = Field(default_factory=Kpis)
    baskets: Baskets = Field(default_factory=Baskets)
    signals: Signals = Field(default_factory=Signals)
    opportunities: Opportunities = Field(default_factory=Opportunities)
    value: Value = Field(default_factory=Value)
    naming: Naming = Field(default_factory=Naming)
    stream: Stream = Field(default_factory=Stream)
    triggers: list[Trigger] = Field(default_factory=list, description="what `segspark stream` tells at once")
    destinations: Destinations = Field(default_factory=Destinations)
    tracking: Tracking = Field(default_factory=Tracking)
    report: Report = Field(default_factory=Report)
    spark: Spark = Field(default_factory=Spark)

    @model_validator(mode="after")
    def _triggers_fit(self) -> "Config":
        if twice := repeated([one.name for one in self.triggers]):
            raise ValueError(f"triggers: names must be unique; given more than once: {', '.join(twice)}")
        known = self.destinations.names
        for one in self.triggers:
            if unknown := sorted(set(one.to) - known):
                there = ", ".join(sorted(known)) or "none"
                raise ValueError(f"triggers.{one.name}.to: {', '.join(unknown)} is not in destinations: {there}")
        return self
