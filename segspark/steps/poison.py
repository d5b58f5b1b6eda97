"""Poison: messages on which an expression fails, found and set apart, so that they stop nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.ingest.quarantine import REJECTED, quarantined, raw_json
from segspark.io.failures import RowFailure
from segspark.steps.context import Context
from segspark.steps.judging import judge
from segspark.steps.opening import Opened
from segspark.tables import QUARANTINE


@dataclass(frozen=True)
class _Stretch:
    """Some messages of a partition: from an offset on, before another."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def condition(self) -> Column:
        """Whether a message is one of them."""
        own = (F.col("topic") == self.topic) & (F.col("partition") == self.partition)
        return own & (F.col("offset") >= self.start) & (F.col("offset") < self.end)

    def halves(self) -> tuple["_Stretch", "_Stretch"]:
        middle = (self.start + self.end) // 2
        return replace(self, end=middle), replace(self, start=middle)


def without_poisoned(context: Context, opened: Opened) -> tuple[Opened, int]:
    """A source's messages without those that no other can be read with, and how many these are; they go to quarantine.

    They are looked for by halves: so it takes as many attempts as the number of messages has digits in base two, for
    each of them.

    Args:
        context: of the phase.
        opened: messages, at hand.
    """
    rows = opened.batch.rows[0]
    ends = (
        rows.groupBy("topic", "partition").agg(F.min("offset").alias("first"), F.max("offset").alias("last")).collect()
    )
    stretches = [_Stretch(one["topic"], one["partition"], one["first"], one["last"] + 1) for one in ends]
    found = [one for stretch in stretches for one in _poisoned(context, opened, rows, stretch)]
    if found:
        _set_apart(context, opened, rows, found)
    for bad, _ in found:
        rows = rows.where(~bad.condition)
    return replace(opened, batch=replace(opened.batch, rows=(rows,))), len(found)


def _poisoned(context: Context, opened: Opened, rows: DataFrame, stretch: _Stretch) -> Iterator[tuple[_Stretch, str]]:
    some = replace(opened, batch=replace(opened.batch, rows=(rows.where(stretch.condition),)))
    try:
        judged = judge(context, opened.table, [some], {})
    except RowFailure as error:
        if stretch.end - stretch.start == 1:
            yield stretch, error.problems[0]
            return
        for half in stretch.halves():
            yield from _poisoned(context, opened, rows, half)
    else:
        if judged is not None:
            judged.rows.unpersist()


def _set_apart(context: Context, opened: Opened, rows: DataFrame, found: Sequence[tuple[_Stretch, str]]) -> None:
    reason = F.coalesce(*[F.when(bad.condition, _reason(why)) for bad, why in found])
    raw = rows.select(F.struct("*").alias("_raw"), reason.alias("_reason")).where("_reason IS NOT NULL")
    told = raw.select(
        F.lit(opened.source.name).alias("source"),
        F.array("_reason").alias("_reasons"),
        raw_json(rows.columns, opened.source.personal).alias("_raw_json"),
        F.lit(REJECTED).alias("_kind"),
    )
    run_id = context.run_id("ingest", {"apart": opened.source.name})
    context.writer(run_id).publish(QUARANTINE, quarantined(told).withColumn("run_id", F.lit(run_id)))


def _reason(why: str) -> str:
    """Which kind of failure it was; the words about it hold the row's own values.

    Examples:
        >>> _reason("sources.events: an expression failed on a row: [CAST_INVALID_INPUT] The value 'x' of ...; use ...")
        'row: an expression failed on it: CAST_INVALID_INPUT'
    """
    name = why.partition("[")[2].partition("]")[0] or "unknown"
    return f"row: an expression failed on it: {name}"
