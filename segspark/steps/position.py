"""Positions: what state has been computed from, as the commits of its tables tell it; and reading it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.features.activity import activity
from segspark.features.plan import Plan
from segspark.steps.context import Context
from segspark.steps.embeddings import tasted, wanted
from segspark.tables import EVENTS, FEEDBACK, PRODUCTS

READ = (EVENTS, FEEDBACK)


@dataclass(frozen=True)
class Position:
    """What state has been computed from: versions of tables, all days before as_of, by a plan."""

    versions: Mapping[str, int]
    identities: Mapping[str, str]
    as_of: date
    plan: str

    def said(self) -> dict[str, str]:
        """As a commit tells it."""
        tables = {name: f"{version}@{self.identities[name]}" for name, version in self.versions.items()}
        return {**tables, "as_of": self.as_of.isoformat(), "plan": self.plan}

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Position | None":
        """As a commit told it; None where it told none."""
        if "as_of" not in said or "plan" not in said:
            return None
        tables = {name: value.split("@", 1) for name, value in said.items() if name not in ("as_of", "plan")}
        return cls(
            {name: int(version) for name, (version, _) in tables.items()},
            {name: identity for name, (_, identity) in tables.items()},
            date.fromisoformat(said["as_of"]),
            said["plan"],
        )

    def is_of(self, other: "Position") -> bool:
        """Whether both are of the same tables and plan."""
        return (self.plan, self.identities, self.versions.keys()) == (
            other.plan,
            other.identities,
            other.versions.keys(),
        )

    def leads_to(self, later: "Position") -> bool:
        """Whether what changed since then can be added: the same tables and plan, none of them older."""
        return (
            self.is_of(later)
            and all(version <= later.versions[name] for name, version in self.versions.items())
            and self.as_of <= later.as_of
        )


def position_now(context: Context, plan: Plan) -> Position:
    """What state is to be computed from."""
    tables = [*READ, *([PRODUCTS] if plan.by_brand else [])]
    time, settings = context.config.time, context.config.features
    # Sums of tastes of another version cannot be added to: state is then computed from all events.
    embeddings = f" {context.embedding_version}" if wanted(context) else ""
    return Position(
        {table.name: context.lake.version(table) for table in tables},
        {table.name: context.lake.identity(table) for table in tables},
        context.as_of,
        f"{plan.fingerprint} {time.business_timezone} {settings.sentiment}{embeddings}",
    )


def activity_at(context: Context, versions: Mapping[str, int]) -> DataFrame:
    """Everything that customers did, as the tables were at these versions."""
    events, feedback = (context.lake.read(table, versions[table.name]) for table in READ)
    return as_activity(context, events, feedback)


def activity_now(context: Context) -> DataFrame:
    """The same, as the tables are in this phase."""
    return activity_at(context, {table.name: context.lake.version(table) for table in READ})


def as_activity(context: Context, events: DataFrame, feedback: DataFrame) -> DataFrame:
    """Rows of the two tables, or of some of their files, as features see them."""
    zone = context.config.time.business_timezone
    return tasted(context, activity(events, feedback, zone, heard(context)))


def heard(context: Context) -> Column | None:
    """The sentiment of the column `text`, where features.sentiment asks for it."""
    if context.config.features.sentiment != "vader":
        return None
    from segspark.features.sentiment import heard_in

    return heard_in(F.col("text"))
