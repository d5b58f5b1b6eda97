"""At hand: what a stream keeps of customers in the executors' memory, and their features as of now from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.errors import BadInputError
from segspark.features.activity import attributes_at
from segspark.features.dimensions import totals
from segspark.features.plan import Plan, plan_of, words_of
from segspark.features.projection import said_of_all
from segspark.features.projection_statement import Told
from segspark.features.statements import FEATURES, KEPT_DAYS, KEPT_DIMENSIONS, live_statements
from segspark.kernels import live as kernel
from segspark.kernels.tiles import Statements
from segspark.steps.context import Context
from segspark.steps.frames import Frames
from segspark.steps.position import Position
from segspark.steps.state import WHO
from segspark.steps.tiles import understood
from segspark.tables import CUSTOMER_DIMENSION, CUSTOMERS, EVENTS, PRODUCTS, Feature

_ADDED = "_added"
_MEMORY = 1000  # megabytes for DuckDB in a task; beyond them it uses the disk


class Recent(Frames):
    """Events since some days before the kept state: of an event that was written again the newest row counts."""

    def count(self) -> int:
        """Rows at hand; of an event that was written again all of them."""
        return self.all().count()

    def of(self, some: DataFrame) -> DataFrame:
        """One row per customer of some who did anything: `events`, a list of structs."""
        rows = reduce(DataFrame.unionByName, [one.join(some, "customer_id", "left_semi") for one in self.frames])
        return rows.groupBy("customer_id").agg(F.collect_list(F.struct("*")).alias(EVENTS.name))


@dataclass
class AtHand:
    """What a batch kept of all customers, in memory, and what they did since: what they are is computed when asked for.

    One row per customer: its days and the values of its dimensions, which do not grow with the log. The kernel `live`
    computes the features of the few customers that are asked for, in statements made of the same declarations as those
    of the batch.

    Attributes:
        context: of the date that is not over.
        since: the first day that is not in what is kept.
        stale: the features that only a batch computes.
        before: as_of of the features that a batch computed last.
    """

    context: Context
    since: date
    plan: Plan
    recent: Recent
    stale: Collection[str]
    before: date
    _kept: DataFrame
    _asked: Statements
    _products: Sequence[str]

    @classmethod
    def of(cls, context: Context, everything: Plan, kept: Position, before: date) -> "AtHand":
        """Read what is kept.

        Args:
            context: of the date that is not over.
            everything: what all features need.
            kept: what it was computed from.
            before: as_of of the features that a batch computed last.

        Raises:
            BadInputError: the kernel cannot compute these features.
        """
        fresh, stale = fresh_and_stale(context, everything)
        plan = plan_of(fresh, context.config.features)
        state = context.lake.read(everything.state_table).withColumn("as_of", F.lit(context.as_of))
        asked = _asked(context, plan, fresh, kept.as_of, _told(plan, state))
        products = context.lake.files(PRODUCTS) if plan.by_brand else []
        found = cls(context, kept.as_of, plan, Recent(_ADDED), stale, before, _packed(context, plan), asked, products)
        found.see(context.lake.read(EVENTS))
        return found

    def see(self, rows: DataFrame) -> None:
        """Take in events; what is older than the kept state, or not before as_of, does not count until a batch."""
        first = self.since - timedelta(days=self.plan.span_days)
        inside = (F.col("event_date") >= F.lit(first)) & (F.col("event_date") < F.lit(self.context.as_of))
        self.recent.add(rows.where(inside).select(*EVENTS.column_names))

    def features(self, some: DataFrame) -> DataFrame:
        """The features of some customers, as a batch would compute them at as_of.

        Args:
            some: customer_id; at hand, so that Spark knows whether they are few enough to be sent everywhere.
        """
        context, table = self.context, self.context.features_table
        rows = some.join(self.recent.of(some), on="customer_id", how="left")
        rows = rows.join(self._kept, on="customer_id", how="left")
        fresh = [one for one in table.columns if one.name not in self.stale]
        columns = ", ".join(f"{quoted(one.name)} {one.type}" for one in fresh)
        compute = partial(
            kernel.features,
            statements=self._asked,
            result=FEATURES,
            paths={PRODUCTS.name: self._products},
            megabytes=_MEMORY,
            newest={EVENTS.name: ("event_id", _ADDED)},
        )
        found = rows.mapInArrow(compute, columns)
        if self.stale:
            last = context.lake.read(table).where(F.col("as_of") == F.lit(self.before))
            found = found.join(last.select("customer_id", *map(quoted, self.stale)), on="customer_id", how="left")
        return found.select(*map(quoted, table.column_names))

    def let_go(self) -> None:
        """Free the memory; what was checkpointed goes when nobody has it any more."""
        self._kept.unpersist()


def fresh_and_stale(context: Context, everything: Plan) -> tuple[list[Feature], dict[str, str]]:
    """The features that a stream computes; and why it takes each of the others as the last batch computed it.

    Only a batch computes tastes, sentiment by a model of language, and aggregates that do not add up over days.
    """
    others = dict.fromkeys((name for name, _ in everything.others), "its aggregate does not add up over days")
    if context.config.features.sentiment == "vader":
        others |= dict.fromkeys(("sentiment", "sentiments"), "features.sentiment is vader")
    stale = {one.name: "product embeddings" for one in context.features if one.family == "embeddings"}
    for one in context.features:
        if reasons := words_of([one]) & others.keys():
            stale[one.name] = others[min(reasons)]
    return [one for one in context.features if one.name not in stale], stale


def _asked(context: Context, plan: Plan, fresh: Sequence[Feature], since: date, told: Told) -> Statements:
    """What the kernel is to compute; BadInputError where it cannot."""
    zone = context.config.time.business_timezone
    asked, problem = understood(lambda: live_statements(plan, fresh, context.as_of, since, zone, told))
    if asked is None:
        raise BadInputError([f"segspark stream cannot compute these features: {problem}"])
    return asked


def _told(plan: Plan, state: DataFrame) -> dict[str, float | list[float] | None]:
    """What features say about all customers, with everyone's state as it is kept."""
    rows = [frame.drop("as_of").first() for frame in said_of_all(state, plan)]  # one row each, or none
    return {name: value for row in rows if row is not None for name, value in row.asDict().items()}


def _packed(context: Context, plan: Plan) -> DataFrame:
    """One row per customer of whom anything is kept: attributes, days and dimensions."""
    lake, zone = context.lake, context.config.time.business_timezone
    named = ["customer_id", "event_date", *(one.name for one in plan.daily)]
    days = _gathered(lake.read(plan.daily_table).select(*map(quoted, named)), KEPT_DAYS)
    people = attributes_at(lake.read(CUSTOMERS), [context.as_of], zone).select("customer_id", "attributes")
    found = days.join(people, on="customer_id", how="full")
    if plan.dimensions:
        values = totals(lake.read(CUSTOMER_DIMENSION), WHO)
        found = found.join(_gathered(values, KEPT_DIMENSIONS), on="customer_id", how="left")
    return found.persist()


def _gathered(rows: DataFrame, name: str) -> DataFrame:
    return rows.groupBy("customer_id").agg(F.collect_list(F.struct("*")).alias(name))
