"""What changed in a table of ours between two of its versions, read from its log: only the files that differ."""

from dataclasses import dataclass
from urllib.parse import unquote

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.io.folders import File
from segspark.io.lake import UNWRITTEN, Lake
from segspark.tables import Table

_ACTIONS = "add STRUCT<path: STRING, deletionVector: STRUCT<storageType: STRING>>, remove STRUCT<path: STRING>"


@dataclass(frozen=True)
class Difference:
    """The rows of the files that only one of two versions has.

    Attributes:
        added: rows of the files that only the later version has; None where there are none.
        removed: rows of the files that only the earlier version has. A row in both was moved, not changed.
    """

    added: DataFrame | None
    removed: DataFrame | None


def difference(lake: Lake, table: Table, earlier: int, later: int) -> Difference | None:
    """What the versions after the earlier one changed; None where the log or the files do not tell any more."""
    if earlier == later:
        return Difference(None, None)
    if earlier == UNWRITTEN:
        return Difference(lake.read(table, later), None)
    location = lake.folder(table)
    try:
        logs = [_path(location, f"_delta_log/{version:020d}.json") for version in range(earlier + 1, later + 1)]
        actions = lake.spark.read.schema(_ACTIONS).json(logs).where("add IS NOT NULL OR remove IS NOT NULL")
        named = actions.select("add", "remove", F.col("_metadata.file_name").alias("log"))
        rows = sorted(named.collect(), key=lambda row: (row["log"], row["remove"] is None))  # as many as data files
        if any(row["add"] and row["add"]["deletionVector"] for row in rows):
            return None
        fresh: dict[str, None] = {}
        gone: dict[str, None] = {}
        for row in rows:
            if row["remove"] is None:
                fresh[row["add"]["path"]] = None
            elif fresh.pop(row["remove"]["path"], "old") == "old":
                gone[row["remove"]["path"]] = None
        return Difference(_rows(lake, table, location, fresh), _rows(lake, table, location, gone))
    except (PySparkException, Py4JError):  # a log that was cleaned up, a file that VACUUM removed
        return None


def _rows(lake: Lake, table: Table, location: str, names: dict[str, None]) -> DataFrame | None:
    if not names:
        return None
    schema = lake.read(table).schema
    paths = [_path(location, unquote(name)) for name in names]
    return lake.spark.read.schema(schema).parquet(*paths).select(*map(quoted, schema.names))


def _path(location: str, name: str) -> str:
    return File(f"{location}/{name}", 0, "").literal
