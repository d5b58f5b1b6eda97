"""Mapping: a source's rows into the canonical columns, each typed or marked as unreadable."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import reduce

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, NullType, NumericType, StringType, TimestampNTZType, TimestampType

from segspark.columns import local_date
from segspark.config.sources import Source
from segspark.tables import Column, Table

DERIVED = ("source_customer_id", "event_date", "source", "run_id")
REQUIRED = {
    "events": ("event_id", "customer_id", "event_ts", "event_type"),
    "customers": ("customer_id",),
    "products": ("product_id",),
    "campaigns": ("campaign_id",),
    "feedback": ("feedback_id", "customer_id", "feedback_ts", "kind"),
    "consents": ("customer_id", "purpose", "status", "valid_from"),
    "identity_links": ("customer_id", "identifier_type", "identifier"),
}
# Given with a row, but stored elsewhere or not at all.
BESIDE = {
    "events": (
        Column("currency", "STRING", "ISO 4217; must be the reporting currency."),
        Column("identifiers", "MAP<STRING,STRING>", "Identifiers of the customer by type; see customer_identifiers."),
    ),
    "customers": (
        Column("identifiers", "MAP<STRING,STRING>", "Identifiers of the customer by type; see customer_identifiers."),
    ),
}
CORRUPT = "_corrupt_record"  # what a reader could not parse
_DATED = r"^\s*[+-]?\d{4,7}(-\d{1,2}){0,2}(\s*$|[T ])"  # Spark reads a bare time as today's: that is no instant
_ZONED = r"^\s*[+-]?\d{4,7}-\d{1,2}-\d{1,2}[T ].*[A-Za-z+-]"  # after the date, only a zone has these


def mapped_columns(table: Table) -> list[Column]:
    """The columns of a table that a source may map; the rest follow from these.

    Examples:
        >>> from segspark.tables import PRODUCTS
        >>> [column.name for column in mapped_columns(PRODUCTS)]
        ['product_id', 'category', 'brand', 'name', 'attributes', 'updated_at']
    """
    return [column for column in table.columns if column.name not in DERIVED]


def mapping_problems(raw: DataFrame, table: Table, source: Source) -> list[str]:
    """Everything wrong with a source's `columns`, a line each; empty when all can be read.

    Args:
        raw: the source's rows; nothing is computed on them.
    """
    known = {column.name: column for column in canonical_columns(table)}
    place = f"sources.{table.name}.{source.name}.columns"
    problems = [
        f"{place}.{name}: missing; map it to an expression over {_columns(raw)}"
        for name in REQUIRED[table.name]
        if name not in source.columns
    ]
    for name, expression in source.columns.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known columns: {', '.join(sorted(known))}"
            problems.append(f"{place}.{name}: {table.name} has no such column; {hint}")
        else:
            problems += _expression_problem(raw, f"{place}.{name}", str(expression), known[name])
    return problems


def map_rows(
    raw: DataFrame, table: Table, columns: Mapping[str, object], input_timezone: str, business_timezone: str
) -> DataFrame:
    """The canonical columns of each row, what could not be read in them, and the raw row.

    Args:
        raw: a source's rows.
        table: the table's contract.
        columns: canonical column: Spark SQL expression over the raw columns.
        input_timezone: zone of times that name none.
        business_timezone: zone of event_date.

    Returns:
        A row per input row: the table's columns without source and run_id, those of BESIDE, `_unreadable` (array of
        reasons; null where there is none) and `_raw` (struct of the input row).
    """
    given = [F.expr(str(expression)).alias(f"_in_{name}") for name, expression in columns.items()]
    evaluated = raw.select(F.struct("*").alias("_raw"), *given)
    typed, broken = [], []
    whole = F.lit(True)
    if CORRUPT in raw.columns:  # what a broken row lacks says nothing about it
        whole = F.col(f"_raw.{CORRUPT}").isNull()
        broken.append((~whole, "row: broken, with other fields than the rest"))
    for column in canonical_columns(table):
        if column.name not in columns:
            typed.append(F.lit(None).cast(column.type).alias(column.name))
            continue
        value = F.col(f"_in_{column.name}")
        read = _read_as(value, evaluated.schema[f"_in_{column.name}"].dataType, column.type, input_timezone)
        typed.append(read.alias(column.name))
        said = value.isNotNull() & _says_something(value)
        broken.append((read.isNull() & said, f"{column.name}: cannot be read as {column.type}"))
        if column.name in REQUIRED[table.name]:
            broken.append((read.isNull() & ~F.coalesce(said, F.lit(False)) & whole, f"{column.name}: missing"))
    rows = evaluated.select("_raw", *typed, reasons(broken).alias("_unreadable"))
    return _with_derived(rows, table, business_timezone)


def canonical_columns(table: Table) -> list[Column]:
    """The columns that a source may map: those of the table, and what is given with a row but stored elsewhere.

    Examples:
        >>> from segspark.tables import EVENTS
        >>> [column.name for column in canonical_columns(EVENTS)][-3:]
        ['updated_at', 'currency', 'identifiers']
    """
    return [*mapped_columns(table), *BESIDE.get(table.name, ())]


def reasons(broken: Sequence[tuple[SparkColumn, str]]) -> SparkColumn:
    """The reasons whose conditions hold, as an array; null where none does, which is cheap to find out and to keep.

    Examples:
        >>> rows = spark.sql("SELECT explode(array(1, 5, 9)) AS n")
        >>> found = rows.select(reasons([(F.col("n") > 4, "above 4"), (F.col("n") > 8, "above 8")]))
        >>> [row[0] for row in found.collect()]
        [None, ['above 4'], ['above 4', 'above 8']]
    """
    if not broken:
        return F.lit(None).cast("array<string>")
    some = reduce(SparkColumn.__or__, [F.coalesce(condition, F.lit(False)) for condition, _ in broken])
    held = F.array(*[F.when(condition, reason) for condition, reason in broken])
    nothing = F.array(F.lit(None).cast("string"))
    return F.when(some, F.array_except(held, nothing))  # array_compact would interpret all conditions, not compile them


def _with_derived(rows: DataFrame, table: Table, business_timezone: str) -> DataFrame:
    derived = {
        "source_customer_id": F.col("customer_id") if "customer_id" in rows.columns else None,
        "event_date": local_date(F.col("event_ts"), business_timezone) if table.name == "events" else None,
    }
    return rows.withColumns(
        {name: value for name, value in derived.items() if name in table.column_names and value is not None}
    )


def _says_something(value: SparkColumn) -> SparkColumn:
    """A blank text is an absent value, not an unreadable one."""
    return F.trim(value.cast("string")) != ""


def _read_as(value: SparkColumn, found: DataType, wanted: str, input_timezone: str) -> SparkColumn:
    """The value in the wanted type, or null; never an error."""
    if wanted == "TIMESTAMP":
        return _read_instant(value, found, input_timezone)
    if wanted == "STRING":
        text = F.trim(value.cast("string"))
        return F.when(text != "", text)
    if wanted == "DOUBLE":
        number = value.try_cast("double")
        return F.when(~F.isnan(number) & (F.abs(number) != float("inf")), number)
    return value.try_cast(wanted)


def _read_instant(value: SparkColumn, found: DataType, input_timezone: str) -> SparkColumn:
    """An instant; times without a zone are in the input's. The session's own zone is UTC."""
    if isinstance(found, TimestampType):
        return value
    instant = value.try_cast("timestamp")
    local = F.to_utc_timestamp(instant, input_timezone)
    if isinstance(found, TimestampNTZType | DateType):
        return local
    text = value.cast("string")
    return F.when(text.rlike(_DATED), F.when(text.rlike(_ZONED), instant).otherwise(local))


def _columns(raw: DataFrame) -> str:
    return ", ".join([name for name in raw.columns if name != CORRUPT][:30])


def _expression_problem(raw: DataFrame, place: str, expression: str, column: Column) -> list[str]:
    try:
        # As map_rows has it: beside the row and inside another expression, where no aggregate and no generator can be.
        probe = raw.select(F.struct("*"), F.struct(F.expr(expression).alias("value")).alias("_in"))
        found = probe.select("_in.value").schema["value"].dataType
    except ParseException as error:
        return [f"{place}: '{expression}' is not a Spark SQL expression: {_first_line(error)}"]
    except AnalysisException as error:
        if (error.getCondition() or "").startswith("UNRESOLVED_COLUMN"):
            missing = (error.getMessageParameters() or {}).get("objectName", expression)
            return [f"{place}: there is no column {missing}; the source has {_columns(raw)}"]
        return [f"{place}: '{expression}' cannot be used: {_first_line(error)}"]
    if column.type == "TIMESTAMP":
        return _time_problem(place, expression, found)
    try:
        probe.select(_read_as(F.col("_in.value"), found, column.type, "UTC"))
    except AnalysisException:
        return [f"{place}: '{expression}' is {found.simpleString()}, which can never be read as {column.type}"]
    return []


def _time_problem(place: str, expression: str, found: DataType) -> list[str]:
    if isinstance(found, TimestampType | TimestampNTZType | DateType | StringType | NullType):
        return []
    how = "timestamp_seconds(...) or timestamp_millis(...)" if isinstance(found, NumericType) else "a timestamp"
    return [f"{place}: '{expression}' is {found.simpleString()}, not a time; use {how}"]


def _first_line(error: AnalysisException) -> str:
    return str(error).strip().splitlines()[0]
