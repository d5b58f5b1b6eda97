"""Reading source files as they are: no type is guessed, nothing is dropped."""

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from segspark.columns import quoted
from segspark.config import Input, Join, Source
from segspark.config.load import reveal
from segspark.errors import BadInputError

_DEFAULTS: dict[str, dict[str, str]] = {
    "csv": {"header": "true", "escape": '"', "mode": "PERMISSIVE"},
    "json": {"primitivesAsString": "true", "mode": "PERMISSIVE"},
    "parquet": {},
    "delta": {},
}


def read_source(spark: SparkSession, source: Source) -> DataFrame:
    """The rows of a source with the columns it joins; columns of CSV and JSON are strings unless it declares a schema.

    Raises:
        BadInputError: nothing is there, it is not of the declared format, or a join would lose or double rows.
    """
    place = f"source {source.name}"
    rows = _read(spark, source, place)
    for join in source.joins:
        rows = _joined(rows, _read(spark, join, place), join, place)
    return rows


def input_files(rows: DataFrame) -> list[str]:
    """The files behind a source, sorted; they tell one input from another."""
    return sorted(rows.inputFiles())


def _read(spark: SparkSession, given: Input, place: str) -> DataFrame:
    path = reveal(given.path)
    options = {key: reveal(str(value)) for key, value in given.options.items()}
    reader = spark.read.format(given.format).options(**(_DEFAULTS[given.format] | options))
    try:
        rows = reader.schema(given.schema_).load(path) if given.schema_ else reader.load(path)
    except (PySparkException, Py4JJavaError) as error:
        raise BadInputError([f"{place}: {_why(error, given)}"]) from error
    if not rows.columns:
        raise BadInputError([f"{place}: {given.path} has no columns; is it empty?"])
    return rows


def _joined(rows: DataFrame, other: DataFrame, join: Join, place: str) -> DataFrame:
    missing = [f"{name} in the source" for name in join.keys if name not in rows.columns]
    missing += [f"{name} in {join.path}" for name in (*join.keys, *join.columns) if name not in other.columns]
    taken = [name for name in join.columns if name in rows.columns]
    if taken:
        raise BadInputError([f"{place}: joins: the source has a column {name} already" for name in taken])
    if missing:
        raise BadInputError([f"{place}: joins: there is no column {name}" for name in missing])
    keys = [quoted(name) for name in join.keys]
    twice = other.groupBy(*keys).count().where("count > 1").limit(1).collect()
    if twice:
        raise BadInputError([f"{place}: joins: {join.path} has more than one row for {twice[0][0]!r} in {join.keys}"])
    return rows.join(other.select(*keys, *map(quoted, join.columns)), on=join.keys, how="left")


def _why(error: Exception, given: Input) -> str:
    condition = (error.getCondition() or "") if isinstance(error, PySparkException) else ""
    if condition == "PATH_NOT_FOUND":
        return f"nothing found at {given.path}; check path (relative paths are relative to the file that names them)"
    if condition == "DELTA_TABLE_NOT_FOUND" or "is not a Delta table" in str(error):
        return f"{given.path} is not a Delta table; check path and format"
    if condition == "UNABLE_TO_INFER_SCHEMA":
        return f"no {given.format} data found at {given.path}; check path and format"
    if isinstance(error, Py4JJavaError):  # a task failed over the files' content
        return f"{given.path} cannot be read as {given.format}; check format"
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), condition)
    return f"{given.path} cannot be read as {given.format}: {first}"
