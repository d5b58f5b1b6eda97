"""What the versions of a Delta table added, by its log: for tables without a change data feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import unquote

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.io.folders import File

# The protocol's features under which a data file without a deletion vector holds exactly the rows that were added.
_PLAIN = {"appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns", "identityColumns"}
_PLAIN |= {"allowColumnDefaults", "domainMetadata", "clustering", "rowTracking", "inCommitTimestamp", "timestampNtz"}
_PLAIN |= {"v2Checkpoint", "vacuumProtocolCheck", "deletionVectors", "columnMapping"}
_ACTIONS = """
    add STRUCT<path: STRING, dataChange: BOOLEAN, deletionVector: STRUCT<storageType: STRING>>,
    remove STRUCT<path: STRING, dataChange: BOOLEAN>
"""


@dataclass(frozen=True)
class Table:
    """A table as it is now."""

    path: str
    version: int
    id: str
    location: str
    partitioned_by: tuple[str, ...]
    properties: Mapping[str, str]
    features: frozenset[str]

    @property
    def position(self) -> str:
        """What is recorded of it."""
        return f"{self.version}@{self.id}"


class NotPossible(Exception):
    """What was added cannot be told from the rest."""


def added_rows(spark: SparkSession, table: Table, first: int, every: DataFrame) -> tuple[DataFrame | None, int]:
    """The rows that the versions from the first to the current one added, and how many of them changed or deleted rows.

    Args:
        every: the rows of the current version, for their columns.

    Raises:
        NotPossible: the log does not tell.
        PySparkException: a part of the log, or a data file, is gone.
    """
    mapped = table.properties.get("delta.columnMapping.mode", "none") != "none"
    if mapped or not table.features <= _PLAIN:
        raise NotPossible("only its change data feed could tell what is new: set delta.enableChangeDataFeed there")
    logs = [_literal(table, f"_delta_log/{version:020d}.json") for version in range(first, table.version + 1)]
    actions = spark.read.schema(_ACTIONS).json(logs).where("add IS NOT NULL OR remove IS NOT NULL")
    done = actions.select("add", "remove", F.col("_metadata.file_name").alias("log")).collect()  # as many as data files
    paths, rewriting = added_files(done)
    return (_read(spark, table, paths, every) if paths else None), rewriting


def added_files(actions: Sequence[Row]) -> tuple[list[str], int]:
    """The data files whose rows are new, and how many versions changed or deleted rows, by the log's own words.

    A file that a later version rewrote is left out, as its rows come with what took its place; one that OPTIMIZE took
    up is not: it is there until VACUUM.

    Raises:
        NotPossible: new rows are hidden by a deletion vector.
    """
    fresh: dict[str, None] = {}
    rewriting = 0
    for _, same in groupby(sorted(actions, key=lambda row: row["log"]), key=lambda row: row["log"]):
        version = list(same)
        removed = {row["remove"]["path"]: row["remove"]["dataChange"] for row in version if row["remove"]}
        added = [row["add"] for row in version if row["add"] and row["add"]["dataChange"]]
        rewriting += any(removed.values())
        for add in added:
            if add["deletionVector"] and (add["path"] in fresh or add["path"] not in removed):
                raise NotPossible("rows that are new were deleted again by deletion vectors")
        for path in [path for path, changed in removed.items() if changed]:
            fresh.pop(path, None)
        fresh |= dict.fromkeys(add["path"] for add in added if not add["deletionVector"])
    return list(fresh), rewriting


def _read(spark: SparkSession, table: Table, paths: Sequence[str], every: DataFrame) -> DataFrame:
    names = [unquote(path) for path in paths]
    for name in names:
        if tuple(part.partition("=")[0] for part in name.split("/")[:-1]) != table.partitioned_by:
            raise NotPossible(f"its file {name} is not in a folder of its partition")
    reader = spark.read.format("parquet").schema(every.schema).option("basePath", table.location)
    return reader.load([_literal(table, name) for name in names]).select(*map(quoted, every.columns))


def _literal(table: Table, name: str) -> str:
    return File(f"{table.location}/{name}", 0, "").literal
