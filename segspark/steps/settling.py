"""Settling: of new and stored rows of one key the one that is kept; what is written, and what goes to quarantine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import closed_ranges, in_ranges
from segspark.ingest.duplicates import SUPERSEDED as LOST
from segspark.ingest.duplicates import content, hashed_key, settled, suspect_keys
from segspark.ingest.mapping import mapped_columns
from segspark.ingest.quarantine import REJECTED, SUPERSEDED, quarantined
from segspark.ingest.sessions import PREFIX, VISITOR, needs_session, sessionised
from segspark.steps.context import Context
from segspark.steps.judging import BAD, Judged
from segspark.tables import EVENTS, FEEDBACK, Table

HAPPENED = (EVENTS, FEEDBACK)  # what happened; the other tables hold what is so


@dataclass
class Settled:
    """What is to be written of a table's new rows.

    Attributes:
        changed: the table's columns and `_change`.
        superseded: rows that lost against another with their key, as quarantine holds them.
        rejected: rows that broke a rule, as quarantine holds them.
        fates: (source, fate): rows read.
        replacing: rows read that take the place of a stored one.
        pruning: SQL condition over the target that holds of every row that is updated.
        held: frames kept at hand, to be let go of in the end.
    """

    changed: DataFrame
    superseded: DataFrame | None
    rejected: DataFrame
    fates: Mapping[tuple[str, str], int]
    replacing: int
    pruning: str
    held: list[DataFrame]


def settle(context: Context, judged: Judged) -> Settled:
    """Decide on a table's new rows. The caller holds the table's lock."""
    table = judged.table
    new = judged.good.drop("_warnings", "_fatal", "_reasons", "_raw_json")
    dates = sorted(set().union(*(facts.dates for facts in judged.facts.values())))
    stored = _comparable(context, table, dates)
    suspects = suspect_keys(new.select("_key"), stored.select(hashed_key(table.key).alias("_key"))).persist()
    clear = new.withColumn("_change", F.lit("insert"))
    if suspects.isEmpty():
        changed, decided, held = clear, None, [suspects]
    else:
        again = [one.source.name for one in judged.opened if one.again]
        decided = _decided(table, new, stored, suspects, again).persist()
        won = decided.where("_change IS NOT NULL").select(clear.columns)
        changed = clear.join(suspects, on="_key", how="left_anti").unionByName(won)
        held = [suspects, decided]
    fates = _fates(judged, decided)
    if table is EVENTS and any(facts.visits for facts in judged.facts.values()):
        changed = _with_sessions(context, changed, dates).persist()
        held.append(changed)
    lost = None if decided is None else quarantined(_as_lost(table, decided.where("_fate = 'quarantined'")))
    rejected = quarantined(judged.rows.where(BAD).withColumn("_kind", F.lit(REJECTED)))
    replacing = 0 if decided is None else decided.where("_change = 'update'").count()
    return Settled(changed, lost, rejected, fates, replacing, _pruning(context, table, dates), held)


def _fates(judged: Judged, decided: DataFrame | None) -> dict[tuple[str, str], int]:
    """Rows read by source and fate; those that were alone with their key are accepted."""
    counted = (
        [] if decided is None else decided.where("NOT _stored").groupBy("source", "_fate").count().collect()
    )  # sources x 3
    some = {(row["source"], row["_fate"]): row["count"] for row in counted}
    fates = {}
    for name, facts in judged.facts.items():
        repeated, lost = (some.get((name, fate), 0) for fate in ("deduplicated", "quarantined"))
        fates[name, "accepted"] = facts.read - facts.rejected - repeated - lost
        fates[name, "deduplicated"] = repeated
        fates[name, "quarantined"] = facts.rejected + lost
    return fates


def _pruning(context: Context, table: Table, dates: list[date]) -> str:
    horizon = context.config.duplicates.horizon_days
    if table is not EVENTS or horizon == "all":
        return "TRUE"
    return in_ranges(closed_ranges(dates, 1 + horizon), "t.event_date")


def _comparable(context: Context, table: Table, dates: list[date]) -> DataFrame:
    """The stored rows that a new one might repeat."""
    stored = context.lake.read(table)
    horizon = context.config.duplicates.horizon_days
    return (
        stored
        if table is not EVENTS or horizon == "all"
        else stored.where(in_ranges(closed_ranges(dates, horizon), "event_date"))
    )


def _decided(table: Table, new: DataFrame, stored: DataFrame, suspects: DataFrame, again: list[str]) -> DataFrame:
    old = stored.withColumn("_key", hashed_key(table.key)).join(suspects, on="_key", how="left_semi")
    yields = F.col("source").isin(*again) if again else F.lit(False)
    old = old.withColumns({"_stored": F.lit(True), "_yields": yields}).drop("run_id")
    mine = new.join(suspects, on="_key", how="left_semi")
    mine = mine.withColumns({"_stored": F.lit(False), "_yields": F.lit(False)})
    both = mine.unionByName(old, allowMissingColumns=True)
    return settled(both.withColumn("_content", content(table, both.schema)), table.key, table not in HAPPENED)


def _as_lost(table: Table, rows: DataFrame) -> DataFrame:
    """Rows that lost, as they were understood: only so a stored one that loses looks as if it had lost at once."""
    given = F.struct(*[_as_given(column.name) for column in mapped_columns(table)])
    reason = F.array(F.lit(f"{table.key[0].removeprefix('source_')}: {LOST}"))
    return rows.select(
        "source", reason.alias("_reasons"), F.to_json(given).alias("_raw_json"), F.lit(SUPERSEDED).alias("_kind")
    )


def _as_given(name: str) -> SparkColumn:
    if name == "customer_id":
        return F.col("source_customer_id").alias(name)
    if name == "session_id":
        return F.when(~F.col(name).startswith(PREFIX), F.col(name)).alias(name)
    return F.col(name)


def _with_sessions(context: Context, changed: DataFrame, dates: list[date]) -> DataFrame:
    """Give new visits their sessions, and stored ones that a new event joins or parts a new one."""
    settings = context.config.sessions
    needs = needs_session(settings.channels)
    new = changed.where(needs)
    visitors = new.select(*VISITOR).distinct()
    replaced = changed.where("_change = 'update'").select("event_id")
    everything = context.lake.read(EVENTS).where(needs).drop("run_id")
    loaded = {day + timedelta(days=step) for day in dates for step in (-1, 0, 1)}
    while True:
        near = everything.where(in_ranges(closed_ranges(sorted(loaded)), "event_date"))
        near = near.join(visitors, on=list(VISITOR), how="left_semi").join(replaced, on="event_id", how="left_anti")
        before = near.withColumn("_before", F.col("session_id"))
        visits = sessionised(new.unionByName(before, allowMissingColumns=True), settings.gap_minutes)
        moved = F.col("_change").isNull() & ~F.col("session_id").eqNullSafe(F.col("_before"))
        visits = visits.withColumn("_change", F.when(moved, "update").otherwise(F.col("_change")))
        visits = visits.where("_change IS NOT NULL").drop("_before")
        edges = sorted(day for day in loaded if day + timedelta(days=1) not in loaded)
        # A visit that changed at the end of what was loaded may go on beyond it.
        if visits.where(moved & F.col("event_date").isin(*edges)).isEmpty():
            return changed.where(~needs).unionByName(visits)
        loaded |= {day + timedelta(days=1) for day in edges}
