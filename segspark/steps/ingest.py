"""Ingest: sources into events and dimensions; what is not acceptable into quarantine; nothing lost."""

from collections.abc import Sequence
from functools import reduce

from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import content_hash
from segspark.config import Source
from segspark.errors import BadInputError
from segspark.ingest.duplicates import with_fate
from segspark.ingest.mapping import map_rows, mapped_columns, mapping_problems
from segspark.ingest.quarantine import quarantined
from segspark.ingest.rules import with_reasons
from segspark.io.sources import input_files, read_source
from segspark.steps.context import Context, Outcome
from segspark.tables import CAMPAIGNS, CUSTOMERS, EVENTS, PRODUCTS, QUARANTINE, Table

_TABLES = (PRODUCTS, CAMPAIGNS, CUSTOMERS, EVENTS)
_FATES = ("accepted", "quarantined", "deduplicated")

Opened = list[tuple[Source, DataFrame]]


def ingest(context: Context) -> Sequence[Outcome]:
    """Bring the tables up to date with the sources; the same input again changes nothing."""
    opened = _open_all(context)
    outcomes: list[Outcome] = []
    for table in _TABLES:
        if opened[table.name]:
            outcomes += _ingest_table(context, table, opened[table.name])
    if context.lake.read(EVENTS).isEmpty():
        raise BadInputError(["sources.events: not one event was accepted; see the table quarantine for the reasons"])
    return outcomes


def _open_all(context: Context) -> dict[str, Opened]:
    """Read every source and check every mapping before anything is written; all problems at once."""
    opened: dict[str, Opened] = {table.name: [] for table in _TABLES}
    problems: list[str] = []
    tables = {table.name: table for table in _TABLES}
    for name, source in context.config.sources.all():
        try:
            raw = read_source(context.spark, source)
        except BadInputError as error:
            problems += error.problems
            continue
        problems += mapping_problems(raw, tables[name], source)
        opened[name].append((source, raw))
    if problems:
        raise BadInputError(problems)
    return opened


def _ingest_table(context: Context, table: Table, opened: Opened) -> list[Outcome]:
    inputs = {source.name: ",".join(input_files(raw)) for source, raw in opened}
    run_id = context.run_id("ingest", inputs)
    rows = _decided(context, table, opened).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counts = _counts(rows)
        if any(fate == "quarantined" for _, fate in counts):
            as_read = [column.name for column in mapped_columns(table)]
            context.lake.publish(QUARANTINE, quarantined(rows, as_read).withColumn("run_id", F.lit(run_id)))
        accepted = rows.where("_fate = 'accepted'").withColumn("run_id", F.lit(run_id))
        if any(fate == "accepted" for _, fate in counts):
            _publish(context, table, accepted)
    except PySparkException as error:
        raise _failed_expression(table, error) from error
    finally:
        rows.unpersist()
    return [_outcome(context, table, source, counts, inputs) for source, _ in opened]


def _decided(context: Context, table: Table, opened: Opened) -> DataFrame:
    """Every input row with its fate."""
    mapped = [_mapped(context, table, source, raw, rank) for rank, (source, raw) in enumerate(opened)]
    rows = reduce(DataFrame.unionByName, mapped)
    key = table.key[0]
    existing = context.lake.read(table)
    stored = existing.select(key, _content(table, existing).alias("_stored"))
    return with_fate(rows.withColumn("_content", _content(table, rows)), stored, key, replaces=table is not EVENTS)


def _mapped(context: Context, table: Table, source: Source, raw: DataFrame, rank: int) -> DataFrame:
    time = context.config.time
    zone = source.input_timezone or time.input_timezone
    rows = map_rows(raw, table, source.columns, zone, time.business_timezone)
    judged = with_reasons(rows, table, context.config.money.currency)
    # Only rejected rows keep what was read; for a conflicting duplicate that is the row as it was understood.
    raw_json = F.when(F.size("_reasons") > 0, F.to_json("_raw"))
    return judged.select(
        *[name for name in table.column_names if name not in ("source", "run_id")],
        F.lit(source.name).alias("source"),
        F.lit(rank).alias("_source_rank"),
        "_reasons",
        raw_json.alias("_raw_json"),
    )


def _content(table: Table, rows: DataFrame) -> Column:
    """A hash of what the source said: not of what was derived from it."""
    return content_hash([column.name for column in mapped_columns(table) if column.name not in table.key], rows.schema)


def _counts(rows: DataFrame) -> dict[tuple[str, str], int]:
    counted = rows.groupBy("source", "_fate").count().collect()  # at most three rows a source
    return {(row["source"], row["_fate"]): row["count"] for row in counted}


def _publish(context: Context, table: Table, accepted: DataFrame) -> None:
    """What is accepted as an event is new by its fate; what is accepted of a dimension may replace a row."""
    if table is EVENTS:
        context.lake.append(table, accepted)
    else:
        context.lake.publish(table, accepted)


def _outcome(
    context: Context, table: Table, source: Source, counts: dict[tuple[str, str], int], inputs: dict[str, str]
) -> Outcome:
    accepted, rejected, repeated = (counts.get((source.name, fate), 0) for fate in _FATES)
    read = accepted + rejected + repeated
    context.reporter.say(
        f"{source.name}: {read:,} rows read, {accepted:,} accepted, {rejected:,} quarantined, {repeated:,} deduplicated"
    )
    return Outcome(source.name, read, accepted, rejected, repeated, inputs, context.versions(table, QUARANTINE))


def _failed_expression(table: Table, error: PySparkException) -> Exception:
    """A user's own CAST stops the job at the first bad row; try_cast would quarantine it."""
    condition = error.getCondition() or ""
    if condition.startswith(("CAST_", "CANNOT_PARSE", "DIVIDE_BY_ZERO", "ARITHMETIC_", "INVALID_", "NUMERIC_VALUE")):
        first = str(error).strip().splitlines()[0]
        advice = "use try_cast, try_to_timestamp or try_divide, and the row is quarantined instead"
        return BadInputError([f"sources.{table.name}: an expression failed on a row: {first}; {advice}"])
    return error
