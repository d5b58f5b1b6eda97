"""Rows of a Delta table that others write: a snapshot first, then what its later versions added."""

from collections.abc import Mapping

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.config import Source
from segspark.config.load import reveal
from segspark.errors import BadInputError
from segspark.io.batch import Batch
from segspark.io.deltalog import NotPossible, Table, added_rows
from segspark.io.failures import why
from segspark.io.secrets import revealed

VERSION = "version"  # the item under which the version read is recorded, with the table's id: 12@6f0c...
_DECIDED = {"versionasof", "timestampasof", "readchangefeed", "readchangedata"}
_DECIDED |= {"startingversion", "startingtimestamp", "endingversion", "endingtimestamp"}


def new_rows(spark: SparkSession, source: Source, known: Mapping[str, str]) -> Batch:
    """The rows that a table's versions added since the one that was recorded; at first all rows of the current one.

    With a change data feed these are the rows that were inserted or updated. Without one they are those of the data
    files that were added: an UPDATE or MERGE brings the unchanged rows of the files that it rewrote, too; OPTIMIZE
    brings none. Deleted rows are told of, not taken back. All is read again where the added rows cannot be told any
    more, or another table is at the path.

    Args:
        known: item `version`: VERSION@TABLE-ID.

    Raises:
        BadInputError: there is no Delta table.
    """
    decided = sorted(key for key in source.options if key.lower() in _DECIDED)
    if decided:
        said = f"options.{decided[0]}: segspark decides which versions are read; leave it out"
        raise BadInputError([f"source {source.name}: {said}"])
    try:
        table = _table(spark, reveal(source.path))
        return _read(spark, source, table, known.get(VERSION))
    except (PySparkException, Py4JError) as error:
        raise BadInputError([f"source {source.name}: {why(error, source.format, source.path)}"]) from error


def _table(spark: SparkSession, path: str) -> Table:
    named = f"delta.{quoted(path)}"
    latest = spark.sql(f"DESCRIBE HISTORY {named} LIMIT 1").collect()[0]
    detail = spark.sql(f"DESCRIBE DETAIL {named}").collect()[0]
    return Table(
        path=path,
        version=int(latest["version"]),
        id=detail["id"],
        location=detail["location"],
        partitioned_by=tuple(detail["partitionColumns"]),
        properties=detail["properties"],
        features=frozenset(detail["tableFeatures"] or ()),
    )


def _read(spark: SparkSession, source: Source, table: Table, position: str | None) -> Batch:
    every = _load(spark, source, table, versionAsOf=str(table.version))
    if not every.columns:
        raise BadInputError([f"source {source.name}: {source.path} has no columns; is it empty?"])
    whole = Batch((every,), {VERSION: table.position})
    if position is None:
        return whole
    version, _, table_id = position.partition("@")
    if table_id != table.id or int(version) > table.version:
        return _again(whole, "it is another table than the one that was read, or an older version of it")
    if int(version) == table.version:
        return Batch((), {VERSION: table.position})
    try:
        return _added(spark, source, table, int(version) + 1, every)
    except NotPossible as error:
        return _again(whole, str(error))
    except (PySparkException, Py4JError):
        return _again(whole, f"what it was since version {version} is not kept any more")


def _load(spark: SparkSession, source: Source, table: Table, **more: str) -> DataFrame:
    return spark.read.format("delta").options(**(revealed(source.options) | more)).load(table.path)


def _again(whole: Batch, reason: str) -> Batch:
    return Batch(whole.rows, whole.positions, (f"all of it is read again: {reason}",))


def _added(spark: SparkSession, source: Source, table: Table, first: int, every: DataFrame) -> Batch:
    if table.properties.get("delta.enableChangeDataFeed") == "true":
        try:
            return _from_feed(spark, source, table, first)
        except (PySparkException, Py4JError):  # the feed is younger than these versions, or its files are gone
            pass
    rows, rewriting = added_rows(spark, table, first, every)
    notes = (
        (f"{rewriting:,} of its versions changed or deleted rows; what was deleted stays here",) if rewriting else ()
    )
    return Batch((rows,) if rows else (), {VERSION: table.position}, notes)


def _from_feed(spark: SparkSession, source: Source, table: Table, first: int) -> Batch:
    asked = {"readChangeFeed": "true", "startingVersion": str(first), "endingVersion": str(table.version)}
    changes = _load(spark, source, table, **asked)
    # This also opens every file, so that one which is gone is missed now and not later.
    counted = {row[0]: row[1] for row in changes.groupBy("_change_type").count().collect()}  # four kinds
    added = changes.where(F.col("_change_type").isin("insert", "update_postimage"))
    rows = added.drop("_change_type", "_commit_version", "_commit_timestamp")
    notes = [f"{counted['delete']:,} rows were deleted there; they stay here"] if counted.get("delete") else []
    some = counted.keys() & {"insert", "update_postimage"}
    return Batch((rows,) if some else (), {VERSION: table.position}, tuple(notes))
