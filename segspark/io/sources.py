"""Reading sources as they are: only what is new, no type guessed, nothing dropped."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from segspark.columns import quoted
from segspark.config import Join, Source
from segspark.config.load import reveal
from segspark.errors import BadInputError
from segspark.io import jdbc, kafka, versions
from segspark.io.batch import Batch
from segspark.io.folders import new_files, reader_options, why

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
    place = f"source {source.name}"
    others = [(join, _joinable(spark, join, place)) for join in source.joins] if batch.rows else []
    return replace(batch, rows=tuple(_joined_all(rows, others, place) for rows in batch.rows))


def _joined_all(rows: DataFrame, others: list[tuple[Join, DataFrame]], place: str) -> DataFrame:
    for join, other in others:
        rows = _joined(rows, other, join, place)
    return rows


def _joinable(spark: SparkSession, join: Join, place: str) -> DataFrame:
    """All rows of a joined input, whose keys are unique."""
    path = reveal(join.path)
    reader = spark.read.format(join.format).options(**reader_options(join.format, join.options))
    try:
        other = reader.schema(join.schema_).load(path) if join.schema_ else reader.load(path)
    except (PySparkException, Py4JJavaError) as error:
        raise BadInputError([f"{place}: {why(error, join.format, join.path)}"]) from error
    if not other.columns:
        raise BadInputError([f"{place}: {join.path} has no columns; is it empty?"])
    missing = [name for name in (*join.keys, *join.columns) if name not in other.columns]
    if missing:
        raise BadInputError([f"{place}: joins: there is no column {name} in {join.path}" for name in missing])
    keys = [quoted(name) for name in join.keys]
    twice = other.groupBy(*keys).count().where("count > 1").limit(1).collect()
    if twice:
        raise BadInputError([f"{place}: joins: {join.path} has more than one row for {twice[0][0]!r} in {join.keys}"])
    return other.select(*keys, *map(quoted, join.columns))


def _joined(rows: DataFrame, other: DataFrame, join: Join, place: str) -> DataFrame:
    missing = [name for name in join.keys if name not in rows.columns]
    taken = [name for name in join.columns if name in rows.columns]
    problems = [f"{place}: joins: the source has a column {name} already" for name in taken]
    problems += [f"{place}: joins: there is no column {name} in the source" for name in missing]
    if problems:
        raise BadInputError(problems)
    return rows.join(other, on=join.keys, how="left")
