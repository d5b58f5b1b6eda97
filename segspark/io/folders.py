"""Files of a source: which are new, and what they hold, group by group of the same columns."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from segspark.config import Source
from segspark.config.load import reveal
from segspark.errors import BadInputError
from segspark.io.batch import Batch
from segspark.io.failures import SPARK_FAILURES, why

COLUMNS = "columns"  # the item under which a source's columns are remembered
CORRUPT = "_corrupt_record"
_WILD = re.compile(r"([\\*?\[\]{}])")
_DEFAULTS: dict[str, dict[str, str]] = {
    # Without pruning every line is parsed whole: only so is a ragged one found out.
    "csv": {"header": "true", "escape": '"', "mode": "PERMISSIVE", "columnPruning": "false"},
    "json": {"primitivesAsString": "true", "mode": "PERMISSIVE"},
    "parquet": {},
    "delta": {},
}


@dataclass(frozen=True)
class File:
    """A file as it was listed: `state` changes when its content does."""

    path: str
    size: int
    state: str

    @property
    def literal(self) -> str:
        r"""The path as a reader takes it: one file, whatever characters its name has.

        Examples:
            >>> print(File("file:/in/a[1].csv", 9, "").literal)
            file:/in/a\[1\].csv
        """
        return _WILD.sub(r"\\\1", self.path)


def reader_options(format_: str, options: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    """The options of a reader: segspark's defaults, and the source's own on top, secrets resolved."""
    return _DEFAULTS[format_] | {key: reveal(str(value)) for key, value in options.items()}


def new_files(spark: SparkSession, source: Source, known: Mapping[str, str]) -> Batch:
    """The rows of the files that are new or changed since their positions were recorded.

    Raises:
        BadInputError: nothing is there, or a file is not of the declared format.
    """
    every = _listed(spark, source)
    new = [file for file in every if known.get(file.path) != file.state]
    full = [file for file in new if file.size > 0]
    empty = [file.path for file in new if file.size == 0]
    notes = [f"{empty[0]} is empty" + (f", and {len(empty) - 1:,} more" if empty[1:] else "")] if empty else []
    changed = sum(file.path in known for file in new)
    if changed:
        notes.append(f"{changed:,} files changed since they were read, and are read again")
    positions = {file.path: file.state for file in new}
    if not full:
        return Batch((), positions, tuple(notes))
    remembered: list[str] = json.loads(known.get(COLUMNS, "[]"))
    groups = [_with_remembered(rows, source, remembered) for rows in _groups(spark, source, [f.literal for f in full])]
    found = list(dict.fromkeys([*remembered, *(name for rows in groups for name in rows.columns)]))
    found = [name for name in found if name != CORRUPT]
    if remembered:
        notes += _drift(groups, remembered, found)
    return Batch(tuple(groups), positions | {COLUMNS: json.dumps(found)}, tuple(notes))


def _listed(spark: SparkSession, source: Source) -> list[File]:
    """Every file of the source; as many as it has, by Spark's own listing, so that any file system will do."""
    path = reveal(source.path)
    try:
        files = spark.read.format("binaryFile").load(path)
        rows = files.select("path", "length", F.unix_micros("modificationTime").alias("modified")).collect()
        names = {_plain(name) for name in files.inputFiles()}  # with the empty ones, which are not among the rows
    except SPARK_FAILURES as error:
        raise BadInputError([f"source {source.name}: {why(error, source.format, source.path)}"]) from error
    if not names:
        raise BadInputError([f"source {source.name}: no {source.format} data found at {source.path}; check path"])
    found = [File(row["path"], row["length"], f"{row['length']} bytes at {row['modified']}") for row in rows]
    empty = names - {file.path for file in found}
    return sorted([*found, *(File(path, 0, "0 bytes") for path in empty)], key=lambda file: file.path)


def _plain(address: str) -> str:
    """A file's path as rows give it, from its address as a frame gives it.

    Examples:
        >>> _plain("file:///in/a%20b.csv")
        'file:/in/a b.csv'
    """
    return re.sub(r"^file:///", "file:/", unquote(address))


def _groups(spark: SparkSession, source: Source, paths: Sequence[str]) -> list[DataFrame]:
    try:
        if source.format == "csv":
            return _csv(spark, source, paths)
        if source.format == "json":
            return [_json(spark, source, paths)]
        return _parquet(spark, source, paths)
    except SPARK_FAILURES as error:
        raise BadInputError([f"source {source.name}: {why(error, source.format, source.path)}"]) from error


def _csv(spark: SparkSession, source: Source, paths: Sequence[str]) -> list[DataFrame]:
    """By header: Spark itself goes by position, and would mix columns up where files differ."""
    reader = spark.read.format("csv").options(**_located(source, paths))
    if source.schema_:
        return [reader.schema(f"{source.schema_}, `{CORRUPT}` STRING").load(list(paths))]
    by_header: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        by_header.setdefault(tuple(reader.load(path).columns), []).append(path)
    if () in by_header:
        raise BadInputError([f"source {source.name}: {path} has no columns; is it csv?" for path in by_header[()]])
    return [
        reader.schema(_texts((*header, CORRUPT))).load(same) for header, same in by_header.items()
    ]  # a reader keeps its last schema: each group sets its own


def _json(spark: SparkSession, source: Source, paths: Sequence[str]) -> DataFrame:
    reader = spark.read.format("json").options(**_located(source, paths))
    if source.schema_:
        return reader.schema(f"{source.schema_}, `{CORRUPT}` STRING").load(list(paths))
    found = reader.load(list(paths)).schema
    if CORRUPT not in found.names:
        found = found.add(CORRUPT, StringType())
    return reader.schema(found).load(list(paths))


def _parquet(spark: SparkSession, source: Source, paths: Sequence[str]) -> list[DataFrame]:
    """All together where their columns go together; by schema where a column changed its type."""
    reader = spark.read.format("parquet").options(**_located(source, paths))
    if len(paths) == 1:
        return [reader.load(paths[0])]
    try:
        return [reader.option("mergeSchema", "true").load(list(paths))]
    except SPARK_FAILURES as error:
        if "MERGE" not in str(error):
            raise
    by_schema: dict[str, list[str]] = {}
    for path in paths:
        by_schema.setdefault(reader.load(path).schema.json(), []).append(path)
    return [reader.schema(StructType.fromJson(json.loads(key))).load(same) for key, same in by_schema.items()]


def _located(source: Source, paths: Sequence[str]) -> dict[str, str]:
    """The options, with the folder that partition columns (day=2026-01-01) are counted from."""
    root = reveal(source.path).rstrip("/")
    inside = all(f"{root}/" in path for path in paths) and not set(root) & set("*?[{")
    return reader_options(source.format, source.options) | ({"basePath": root} if inside else {})


def _texts(names: Sequence[str]) -> StructType:
    schema = StructType()
    for name in names:
        schema = schema.add(name, StringType())
    return schema


def _with_remembered(rows: DataFrame, source: Source, remembered: Sequence[str]) -> DataFrame:
    """JSON leaves out what is null: a column that was there before is there, and null."""
    absent = [name for name in remembered if name not in rows.columns] if source.format == "json" else []
    return rows.withColumns({name: F.lit(None).cast("string") for name in absent}) if absent else rows


def _drift(groups: Sequence[DataFrame], remembered: Sequence[str], found: Sequence[str]) -> list[str]:
    new = [name for name in found if name not in remembered]
    gone = [name for name in remembered if not all(name in rows.columns for rows in groups)]
    notes = [f"new columns that nothing is mapped from yet: {', '.join(new)}"] if new else []
    return notes + ([f"columns that new files lack: {', '.join(gone)}"] if gone else [])
