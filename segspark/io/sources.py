"""Reading sources as they are: only what is new, no type guessed, nothing dropped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession

from segspark.columns import quoted
from segspark.config import Join, Source
from segspark.config.load import reveal
from segspark.errors import BadInputError
from segspark.io import jdbc, kafka, versions
from segspark.io.batch import Batch
from segspark.io.failures import SPARK_FAILURES, why
from segspark.io.folders import new_files, reader_options

_READERS: dict[str, Callable[[SparkSession, Source, Mapping[str, str]], Batch]] = {
    "csv": new_files,
    "json": new_files,
    "parquet": new_files,
    "delta": versions.new_rows,
    "jdbc": jdbc.new_rows,
    "kafka": kafka.new_rows,
}


def read_new(spark: SparkSession, source: Source, known: Mapping[str, str]) -> Batch:
    """The rows of a source that are new since these positions, with the columns that the source joins.

    Columns of CSV and JSON are strings unless the source declares a schema.

    Args:
        known: the positions recorded when the source was last read; empty to read all of it.

    Raises:
        BadInputError: nothing is there, it is not of the declared format, or a join would lose or double rows.
    """
    batch = _READERS[source.format](spark, source, known)
    place = f"source {source.name}: joins"
    rows = batch.rows
    for join in source.joins if rows else []:
        other = _opened(spark, join, place)
        _check_columns(rows, other, join, place)
        _check_unique(other, join, place)
        rows = tuple(_joined(some, other, join) for some in rows)
    return replace(batch, rows=rows)


def _opened(spark: SparkSession, join: Join, place: str) -> DataFrame:
    """All rows of a joined input."""
    path = reveal(join.path)
    reader = spark.read.format(join.format).options(**reader_options(join.format, join.options))
    try:
        other = reader.schema(join.schema_).load(path) if join.schema_ else reader.load(path)
    except SPARK_FAILURES as error:
        raise BadInputError([f"{place}: {why(error, join.format, join.path)}"]) from error
    if not other.columns:
        raise BadInputError([f"{place}: {join.path} has no columns; is it empty?"])
    return other


def _check_columns(rows: Sequence[DataFrame], other: DataFrame, join: Join, place: str) -> None:
    here = [set(some.columns) for some in rows]
    problems = [
        *[f"{join.path} has no column {name}" for name in (*join.keys, *join.columns) if name not in other.columns],
        *[f"there is no column {name} in the source" for name in join.keys if any(name not in some for some in here)],
        *[f"the source has a column {name} already" for name in join.columns if any(name in some for some in here)],
    ]
    if problems:
        raise BadInputError([f"{place}: {problem}" for problem in problems])


def _check_unique(other: DataFrame, join: Join, place: str) -> None:
    twice = other.groupBy(*map(quoted, join.keys)).count().where("count > 1")
    if not twice.isEmpty():
        raise BadInputError([f"{place}: {join.path} has more than one row with the same {', '.join(join.keys)}"])


def _joined(rows: DataFrame, other: DataFrame, join: Join) -> DataFrame:
    return rows.join(other.select(*map(quoted, (*join.keys, *join.columns))), on=join.keys, how="left")
