"""Identity in a run: who turns out to be whom, applied to what is written and to what was written before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.ingest.identity import identifier_rows, identities, resolved, touched
from segspark.io.commits import Writer
from segspark.steps.context import Context
from segspark.steps.judging import Judged
from segspark.tables import (
    CONSENTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMERS,
    EVENTS,
    FEEDBACK,
    IDENTITIES,
    IDENTITY_LINKS,
    Table,
)

_OF_CUSTOMERS = (CUSTOMERS, CONSENTS, FEEDBACK, EVENTS)
_SEEN = {EVENTS: "event_ts", CUSTOMERS: "valid_from"}


@dataclass
class Persons:
    """The identities as they will be when the run is done.

    Attributes:
        given: rows of customer_identifiers that the run brings, without run_id; None where it brings none.
        found: rows of identities that change, without run_id; None where none can.
        after: all identities, once these are published; None where there never were any.
    """

    given: DataFrame | None = None
    found: DataFrame | None = None
    after: DataFrame | None = None
    _done: set[str] = field(default_factory=set)

    def applied(self, context: Context, table: Table, changed: DataFrame) -> DataFrame:
        """Changes of a table, with persons' ids, and with its stored rows whose person changed."""
        self._done.add(table.name)
        if self.after is None or table not in _OF_CUSTOMERS:
            return changed
        new = resolved(changed, self.after)
        if self.found is None:
            return new
        stored = context.lake.read(table).drop("run_id")
        affected = stored.join(self.found.select("source_customer_id").distinct(), "source_customer_id", "left_semi")
        keys = [F.col(f"a.{quoted(key)}").eqNullSafe(F.col(f"c.{quoted(key)}")) for key in table.key]
        same = reduce(lambda left, right: left & right, keys)
        others = affected.alias("a").join(changed.alias("c"), on=same, how="left_anti")
        moved = resolved(others.withColumn("_before", F.col("customer_id")), self.after)
        moved = moved.where(~F.col("customer_id").eqNullSafe(F.col("_before"))).withColumn("_change", F.lit("update"))
        return new.unionByName(moved.drop("_before"), allowMissingColumns=True)

    def pruning(self, pruning: str) -> str:
        """A condition on the rows that a write updates; those of persons may be anywhere."""
        return pruning if self.found is None else "TRUE"

    def publish(self, context: Context, run_id: str) -> None:
        """Write what the other tables do not hold yet: rewritten rows, identities, and last the identifiers.

        The identifiers come last, as they are what a rerun goes by: whatever is not stored yet is found out again.
        """
        writer = context.writer(run_id)
        if self.found is not None and self.after is not None:
            for table in _OF_CUSTOMERS:
                if table.name not in self._done and context.lake.exists(table):
                    self._rewrite(context, writer, table, run_id)
            writer.publish(IDENTITIES, self.found.withColumn("run_id", F.lit(run_id)))
        if self.given is not None:
            writer.publish(CUSTOMER_IDENTIFIERS, self.given.withColumn("run_id", F.lit(run_id)))

    def _rewrite(self, context: Context, writer: Writer, table: Table, run_id: str) -> None:
        with writer.lock(table):
            none = context.lake.read(table).drop("run_id").where(F.lit(False)).withColumn("_change", F.lit("insert"))
            moved = self.applied(context, table, none).withColumn("run_id", F.lit(run_id))
            writer.apply(table, moved.select(*table.column_names, "_change"))


def persons(context: Context, judged: Mapping[str, Judged]) -> Persons:
    """Find out, from the identifiers that the new rows bring, who is one person with whom."""
    previous = context.lake.read(IDENTITIES)
    known = previous if context.lake.exists(IDENTITIES) else None
    parts = [part for one in judged.values() if (part := _identifiers(one)) is not None]
    if not parts:
        return Persons(after=known)
    stored = context.lake.read(CUSTOMER_IDENTIFIERS)
    given = _earliest(reduce(DataFrame.unionByName, parts), stored).persist()
    fresh = given.join(stored, on=list(CUSTOMER_IDENTIFIERS.key), how="left_anti").persist()
    if fresh.isEmpty():
        return Persons(given=given, after=known)
    settings = context.config.identity
    first_seen = stored.select("source_customer_id", "first_seen").unionAll(
        given.select("source_customer_id", "first_seen")
    )
    rows = touched(fresh, stored, previous, settings, _cut)
    found = _cut(identities(rows, previous, first_seen, context.as_of, settings, _cut))
    if found.isEmpty():
        return Persons(given=given, after=known)
    kept = previous.drop("run_id").join(found, on=list(IDENTITIES.key), how="left_anti")
    return Persons(given, found, _cut(kept.unionByName(found)))


def _identifiers(judged: Judged) -> DataFrame | None:
    """What the new rows of a table say about which customer has which identifier."""
    if judged.table is IDENTITY_LINKS:
        rows = judged.good.withColumn("identifiers", F.create_map("identifier_type", "identifier"))
        return identifier_rows(rows, "valid_from")
    if judged.table not in _SEEN or not any("identifiers" in one.source.columns for one in judged.opened):
        return None
    return identifier_rows(judged.good.where("identifiers IS NOT NULL"), _SEEN[judged.table])


def _earliest(given: DataFrame, stored: DataFrame) -> DataFrame:
    """One row per identifier of a customer, with the earliest time at which either shows it."""
    key = list(CUSTOMER_IDENTIFIERS.key)
    mine = given.groupBy(*key).agg(F.min("first_seen").alias("first_seen"))
    before = stored.select(*key, F.col("first_seen").alias("_before"))
    return (
        mine.join(before, on=key, how="left").withColumn("first_seen", F.least("first_seen", "_before")).drop("_before")
    )


def _cut(frame: DataFrame) -> DataFrame:
    """Compute a frame once and forget how: what iterates would otherwise compute all steps before it again."""
    return frame.localCheckpoint(eager=True)
