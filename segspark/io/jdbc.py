"""Rows of a database, through JDBC: with a watermark only those that are new, otherwise the whole table."""

import re
from collections.abc import Mapping

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    DataType,
    DateType,
    DecimalType,
    IntegralType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from segspark.columns import quoted
from segspark.config import Source
from segspark.errors import BadInputError
from segspark.io.batch import Batch
from segspark.io.secrets import first_words, revealed, without_secrets

WATERMARK = "watermark"  # the item under which the largest watermark read is recorded
# Java finds by itself only the drivers on its own class path, not those of spark.jars: they are named.
_DRIVERS = {
    "postgresql": "org.postgresql.Driver",
    "mysql": "com.mysql.cj.jdbc.Driver",
    "mariadb": "org.mariadb.jdbc.Driver",
    "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
    "oracle": "oracle.jdbc.OracleDriver",
    "db2": "com.ibm.db2.jcc.DB2Driver",
}
_OF_ROWS = {"dbtable", "query", "customschema", "partitioncolumn", "lowerbound", "upperbound", "numpartitions"}
_BACKTICKS = re.compile(r"jdbc:(mysql|mariadb|hive2|spark|databricks|bigquery)", re.IGNORECASE)

# What databases say, in their own words, and what to do about it; the first that fits.
_ADVICE = (
    (r"authentication|access denied|login failed|password|ORA-01017", "check options.user and options.password"),
    (r"permission denied|not authorized|ORA-01031", "the user needs the right to read it"),
    (r"suitable driver|ClassNotFound|driver|^[\w.]+$", "name the driver's jar in spark.config: spark.jars"),
    (r"database .* does not exist|unknown database", "check the database in options.url"),
    (r"not exist|doesn't exist|invalid object name|unknown column", "check options.dbtable or options.query"),
    (r"refused|time.?out|unknown host|connect|communications link", "check options.url, and that the database runs"),
)


def new_rows(spark: SparkSession, source: Source, known: Mapping[str, str]) -> Batch:
    """The rows of a table or query that are at or after the watermark that was recorded; all of them without one.

    The largest watermark is asked for first, and rows above it wait for the next run, so that the batch stays the same
    while new rows arrive. Rows that equal the last watermark are read again, since others that equal it may have been
    committed late; so are those whose watermark is null. What a database changes inside this range between two
    evaluations, and a whole table read without a watermark, cannot be pinned: where that matters, read a snapshot.

    Args:
        known: item `watermark`: the largest that was read, as text (instants in UTC).

    Raises:
        BadInputError: the database cannot be reached, or does not have what was asked for.
    """
    try:
        rows = _load(spark, source)
        return Batch((rows,)) if source.watermark is None else _since(spark, source, rows, known.get(WATERMARK))
    except (PySparkException, Py4JError) as error:
        # Not chained: a driver's own words may hold the address with its password.
        raise BadInputError([f"source {source.name}: {_why(error, source)}"]) from None


def _load(spark: SparkSession, source: Source) -> DataFrame:
    return spark.read.format("jdbc").options(**_options(source)).load()


def _options(source: Source) -> dict[str, str]:
    options = revealed(source.options)
    driver = _DRIVERS.get(options["url"].removeprefix("jdbc:").partition(":")[0])
    # A time without a zone stays one: the mapping places it in the source's zone.
    return {"preferTimestampNTZ": "true"} | ({"driver": driver} if driver else {}) | options


def _since(spark: SparkSession, source: Source, rows: DataFrame, last: str | None) -> Batch:
    name, kind = _watermark(source, rows)
    column = F.col(quoted(name))
    notes: list[str] = []
    without = rows.where(column.isNull())
    if unknown := without.count():
        notes.append(f"{unknown:,} rows have no {name}: they are read at every run")
    bound = _largest(spark, source, name, kind)
    behind = bound is not None and last is not None and not _in_order(spark, source, last, bound, kind)
    if behind:
        notes.append(f"its largest {name} is {bound}, but it was read up to {last} before: was it replaced?")
    if bound is None or behind:
        return Batch((without,) if unknown else (), {}, tuple(notes))
    dated = rows.where(_between(column, last, bound, kind))
    # Not one condition with "or": the database would not be asked for any of it.
    return Batch((dated.unionAll(without) if unknown else dated,), {WATERMARK: bound}, tuple(notes))


def _watermark(source: Source, rows: DataFrame) -> tuple[str, DataType]:
    """The watermark's name as the database has it, and its type."""
    wanted = str(source.watermark)
    field = next((one for one in rows.schema if one.name == wanted), None)
    field = field or next((one for one in rows.schema if one.name.lower() == wanted.lower()), None)
    if field is None:
        there = ", ".join(rows.columns)
        raise BadInputError([f"source {source.name}: watermark: there is no column {wanted}; it has {there}"])
    fit = (TimestampType, TimestampNTZType, DateType, IntegralType, DecimalType, StringType)
    if not isinstance(field.dataType, fit):
        found = f"watermark: {field.name} is {field.dataType.simpleString()}"
        raise BadInputError([f"source {source.name}: {found}; it must be a time, a date, a whole number or a text"])
    return field.name, field.dataType


def _largest(spark: SparkSession, source: Source, name: str, kind: DataType) -> str | None:
    """The largest watermark, found by the database: Spark itself would fetch the whole column for it."""
    given = _options(source)
    place = given.get("dbtable") or f"({given['query']}) segspark_source"
    mark = "`" if _BACKTICKS.match(given["url"]) else '"'
    column = mark + name.replace(mark, 2 * mark) + mark
    asked = {
        "dbtable": f"(SELECT MAX({column}) AS m FROM {place}) segspark_bound",  # noqa: S608 (quoted name)
        "customSchema": f"m {kind.simpleString()}",  # the largest decimal(12,2) is a decimal(12,2)
    }
    options = {key: value for key, value in given.items() if key.lower() not in _OF_ROWS}
    found = spark.read.format("jdbc").options(**(options | asked)).load()
    row = found.select(F.col(quoted(found.columns[0])).cast("string")).first()
    return None if row is None else row[0]


def _in_order(spark: SparkSession, source: Source, last: str, bound: str, kind: DataType) -> bool:
    """Whether the position recorded is at or before the bound; of texts the database's own order decides."""
    if isinstance(kind, StringType):
        return True
    both = F.lit(last).try_cast(kind) <= F.lit(bound).cast(kind)
    found = next(row[0] for row in spark.range(1).select(both).collect())
    if found is None:
        said = f"source {source.name}: {source.watermark} is {kind.simpleString()} now, but was read up to '{last}'"
        raise BadInputError([f"{said}; read all of it again: segspark ingest --reread"])
    return bool(found)


def _between(column: Column, first: str | None, last: str, kind: DataType) -> Column:
    """From the first to the last value, both included; the database evaluates what it can."""
    low, high = F.lit(first).cast(kind), F.lit(last).cast(kind)
    if not isinstance(kind, TimestampType | TimestampNTZType):
        return column <= high if first is None else (column >= low) & (column <= high)
    # A database may take a time that Spark writes into the query for one of another zone: it is asked for two days
    # more, and Spark itself compares the instants that come.
    below = _micros(column) <= _micros(high)
    early = low - F.expr("INTERVAL 2 DAYS")
    return below if first is None else (column >= early) & (_micros(column) >= _micros(low)) & below


def _micros(time: Column) -> Column:
    return F.unix_micros(time.cast("timestamp"))


def _why(error: Exception, source: Source) -> str:
    said = first_words(error)
    place = source.options.get("dbtable", "the query")
    advice = (advice for words, advice in _ADVICE if re.search(words, said, re.IGNORECASE))
    what = next(advice, "check options.url, user, password and dbtable or query")
    return without_secrets(f"{place} cannot be read through JDBC: {said}; {what}", source.options)
