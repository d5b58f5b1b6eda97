"""Delta tables: created from their contracts, read with their versions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.errors import AnalysisException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from segspark.columns import quoted, text_literal
from segspark.config.model import Workspace
from segspark.errors import BadInputError, SegsparkError
from segspark.io.changes import conformed
from segspark.io.commitlog import identity_of, latest_version, log_folder, metadata_of
from segspark.tables import Column, Table

# deltalake reads no deletion vectors through pyarrow; a run's transaction id is of no use when it is long over.
_PROPERTIES = "'{}' = '{}', 'delta.setTransactionRetentionDuration' = 'interval 30 days'"
# Of what only segspark reads, the least and greatest values of other columns are of no use, and cost a tenth.
_STATISTICS = ", 'delta.dataSkippingStatsColumns' = {}"

_FEED, _VECTORS = "delta.enableChangeDataFeed", "delta.enableDeletionVectors"
_ABSENT = ("DELTA_TABLE_ONLY_OPERATION", "TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND")
UNWRITTEN = -1  # the version of a table that does not exist
_RECENT = 100  # commits looked at; under a table's lock there are one or two


@dataclass(frozen=True)
class Commit:
    """A version of a table, and what its writer said of it."""

    version: int
    said: dict[str, object]


@dataclass
class Lake:
    """The tables of a workspace: where they are, how they are made and read. Writing: see `segspark.io.commits`."""

    spark: SparkSession
    workspace: Workspace
    _created: set[Table] = field(default_factory=set)
    _versions: dict[str, int] = field(default_factory=dict)
    _details: dict[tuple[str, int], Row] = field(default_factory=dict)
    _few: dict[str, tuple[int, list[Row]]] = field(default_factory=dict)

    def identifier(self, table: Table) -> str:
        """How Spark SQL names the table."""
        if self.workspace.root is not None:
            return f"delta.{quoted(self.location(table))}"
        return ".".join(quoted(str(part)) for part in (self.workspace.catalog, self.workspace.schema_, table.name))

    def location(self, table: Table) -> str:
        """The table's folder, or its full name in the catalog."""
        if self.workspace.root is not None:
            return f"{self.workspace.root.rstrip('/')}/{table.name}"
        return f"{self.workspace.catalog}.{self.workspace.schema_}.{table.name}"

    def exists(self, table: Table) -> bool:
        """Whether the table has been created."""
        return self.version(table) != UNWRITTEN

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The table as it is now, or was at a version, in its contract's columns; empty if it was never written.

        The frame stays at that version whatever is written meanwhile, by this run or another: without a version in it,
        Spark would compute a frame that is kept at hand anew, from the table as it is then, after every write.
        """
        version = self.version(table) if version is None else version
        if version == UNWRITTEN:
            return self.frame(table, [])
        then = self.spark.sql(f"SELECT * FROM {self.identifier(table)} VERSION AS OF {version:d}")  # noqa: S608 (quoted)
        present = then.columns
        if present == table.column_names:  # nearly always: hundreds of expressions less for wide tables
            return then
        return then.select(*[_present_or_null(column, present) for column in table.columns])

    def few(self, table: Table) -> list[Row]:
        """All rows of a table that has few of them; read once as long as it stays the same."""
        version = self.version(table)
        if self._few.get(table.name, (UNWRITTEN,))[0] != version:
            self._few[table.name] = version, self.read(table).collect()
        return self._few[table.name][1] if version != UNWRITTEN else []

    def frame(self, table: Table, rows: Sequence[tuple[object, ...]]) -> DataFrame:
        """Rows made on the driver, of which there are few, with the columns of a contract in their order."""
        schema = ", ".join(f"{quoted(column.name)} {column.type}" for column in table.columns)
        return self.spark.createDataFrame(list(rows), schema)

    def version(self, table: Table) -> int:
        """The table's version, as it was when first asked for or last written here; UNWRITTEN if there is none.

        So a phase sees one version of each table, whatever others write meanwhile.
        """
        return self._versions[table.name] if table.name in self._versions else self.latest(table)

    def latest(self, table: Table) -> int:
        """The table's version now; UNWRITTEN if there is no such table. From now on `version` says the same."""
        log = self._log(table)
        known = None if log is None else latest_version(log)
        if known is not None:
            self.written(table, known)
            return known
        try:
            latest = self.spark.sql(f"DESCRIBE HISTORY {self.identifier(table)} LIMIT 1").first()
        except AnalysisException as error:
            if error.getCondition() not in _ABSENT:
                raise
            self._versions[table.name] = UNWRITTEN
            return UNWRITTEN
        if latest is None:
            raise SegsparkError(f"{self.location(table)} has no history; it is not a usable Delta table")
        self.written(table, int(latest["version"]))
        return int(latest["version"])

    def written(self, table: Table, version: int) -> None:
        """Take note of a version; only `Writer` may call this."""
        self._versions[table.name] = version

    def look_again(self) -> None:
        """See what others wrote: forget all versions."""
        self._versions.clear()

    def identity(self, table: Table) -> str:
        """The id that the table got when it was created; empty if there is no such table."""
        if not self.exists(table):
            return ""
        log = self._log(table)
        return (None if log is None else identity_of(log)) or str(self._detail(table)["id"])

    def megabytes(self, table: Table) -> float:
        """Size of the files that the table consists of now; 0 if there is no such table."""
        return float(self._detail(table)["sizeInBytes"] or 0) / 1e6 if self.exists(table) else 0.0

    def files(self, table: Table, version: int | None = None) -> list[str]:
        """The Parquet files that the table consists of, at a version or now; none if it was never written.

        Raises:
            BadInputError: their rows are not all the table's, or their columns have other names there.
        """
        if not self.exists(table):
            return []
        features = set(self._detail(table)["tableFeatures"] or ()) & {"deletionVectors", "columnMapping"}
        if features:
            raise BadInputError(
                [f"{self.location(table)}: {', '.join(sorted(features))} is on; its files cannot be read alone"]
            )
        return sorted(self.read(table, version).inputFiles())

    def folder(self, table: Table) -> str:
        """Where the table's files are."""
        return str(self._detail(table)["location"]).rstrip("/")

    def _detail(self, table: Table) -> Row:
        at = (table.name, self.version(table))
        if at not in self._details:
            found = self.spark.sql(f"DESCRIBE DETAIL {self.identifier(table)}").collect()[0]  # one row
            self._details[at] = found
        return self._details[at]

    def position(self, table: Table) -> dict[str, str]:
        """What the latest commit that said so had been computed from; empty if none did."""
        if not self.exists(table):
            return {}
        said = (commit.said.get("position") for commit in self.commits(table, UNWRITTEN))
        return next((dict(one) for one in said if isinstance(one, dict)), {})

    def create(self, table: Table) -> None:
        """Create the table with comments and layout if it is missing, and add columns that its contract gained."""
        if table in self._created:
            return
        if self._versions.get(table.name, UNWRITTEN) == UNWRITTEN:
            columns = ", ".join(map(_definition, table.columns))
            layout = f"CLUSTER BY ({', '.join(map(quoted, table.cluster_by))})" if table.cluster_by else ""
            self.spark.sql(
                f"CREATE TABLE IF NOT EXISTS {self.identifier(table)} ({columns}) USING DELTA {layout} "
                f"COMMENT {text_literal(table.comment)} TBLPROPERTIES ({self._properties(table)})"
            )
        elif table.change_feed:
            there = self._detail(table)["properties"]
            for name in (_FEED, *([_VECTORS] if self._vectors(table) else [])):
                if there.get(name) != "true":  # of before it had one
                    self.spark.sql(f"ALTER TABLE {self.identifier(table)} SET TBLPROPERTIES ('{name}' = 'true')")
        present = set(self.spark.table(self.identifier(table)).columns)
        missing = [column for column in table.columns if column.name not in present]
        if missing:
            added = ", ".join(map(_definition, missing))
            self.spark.sql(f"ALTER TABLE {self.identifier(table)} ADD COLUMNS ({added})")
        self._created.add(table)

    def _vectors(self, table: Table) -> bool:
        """Whether rows may be changed by deletion vectors."""
        return table.internal or (table.change_feed and self.workspace.deletion_vectors)

    def _properties(self, table: Table) -> str:
        statistics = _STATISTICS.format(text_literal(",".join(table.cluster_by))) if table.internal else ""
        feed = f", '{_FEED}' = 'true'" if table.change_feed else ""
        kept = ", 'delta.appendOnly' = 'true'" if table.append_only else ""
        return _PROPERTIES.format(_VECTORS, str(self._vectors(table)).lower()) + statistics + feed + kept

    def commits(self, table: Table, after: int) -> list[Commit]:
        """The table's latest commits after a version, newest first."""
        log = self._log(table)
        if log is not None:
            return [Commit(version, _parsed(said)) for version, said in metadata_of(log, after, _RECENT)]
        history = self.spark.sql(f"DESCRIBE HISTORY {self.identifier(table)} LIMIT {_RECENT}")
        rows = history.where(F.col("version") > after).select("version", "userMetadata")
        return [Commit(row[0], _parsed(row[1])) for row in rows.orderBy(F.desc("version")).collect()]  # <= _RECENT

    def _log(self, table: Table) -> Path | None:
        """The folder of the table's log, where it is on this machine's disk."""
        if self.workspace.root is None:
            return None
        return log_folder(self.location(table), self.spark.conf.get("spark.master", "") or "")

    def insert(self, table: Table, rows: DataFrame, mode: str = "append") -> None:
        """Append rows, or put them in the place of all that there are (overwrite); only `Writer` may call this."""
        writer = conformed(rows, table).write.format("delta").mode(mode)
        if self.workspace.root is not None:
            writer.save(self.location(table))
        else:
            writer.saveAsTable(self.identifier(table))

    def merge(self, table: Table, changes: DataFrame, pruning: str, inserts: bool = True) -> None:
        """Apply changes marked in `_change` by the table's key; only `Writer` may call this.

        Args:
            table: the contract.
            changes: unique by key.
            pruning: SQL condition over the target `t` that holds of every row to update or delete.
            inserts: whether there may be rows to insert; without, Delta joins the table and the changes one way only.
        """
        target, key = self.identifier(table), table.key
        columns = [name for name in table.column_names if name not in key]
        matched = " AND ".join(f"t.{quoted(name)} <=> c.{quoted(name)}" for name in key)
        updates = ", ".join(f"{quoted(name)} = c.{quoted(name)}" for name in columns)
        names = ", ".join(map(quoted, table.column_names))
        values = ", ".join(f"c.{quoted(name)}" for name in table.column_names)
        insert = f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})" if inserts else ""  # noqa: S608
        # A view, as the text of a statement with parameters may not hold braces, and a path may.
        view = f"segspark_changes_{table.name}"
        changes.createOrReplaceTempView(view)
        self.spark.sql(
            f"MERGE INTO {target} t USING {view} c ON ({pruning}) AND {matched} "
            "WHEN MATCHED AND c._change = 'delete' THEN DELETE "
            f"WHEN MATCHED THEN UPDATE SET {updates} {insert}"
        )
        self.spark.catalog.dropTempView(view)

    def insert_unless(self, table: Table, rows: DataFrame, taken: str) -> None:
        """Append rows if no row of the table meets a condition over the target `t`; only `Writer` may call this.

        Delta takes note of what was looked for: of two such writes at once only one is committed, unlike of two plain
        appends.
        """
        view = f"segspark_next_{table.name}"
        conformed(rows, table).createOrReplaceTempView(view)
        names = ", ".join(map(quoted, table.column_names))
        values = ", ".join(f"c.{quoted(name)}" for name in table.column_names)
        self.spark.sql(
            f"MERGE INTO {self.identifier(table)} t USING {view} c ON {taken} "  # noqa: S608 (quoted names)
            f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
        )
        self.spark.catalog.dropTempView(view)

    def exchange(self, table: Table, row: DataFrame, columns: Sequence[str], was: Sequence[str] | None) -> None:
        """Change a row that is as it was, or add one that is not there; only `Writer` may call this.

        Args:
            table: the contract.
            row: the key, the columns, and as `was_NAME` what some of them must be in the table now.
            columns: to set.
            was: columns that must be as they were; None: the key must not be there.
        """
        view = f"segspark_exchange_{table.name}"
        row.createOrReplaceTempView(view)
        same_key = " AND ".join(f"t.{quoted(name)} = c.{quoted(name)}" for name in table.key)
        if was is None:
            every = (*table.key, *columns)
            values = ", ".join(f"c.{quoted(name)}" for name in every)
            clause = f"WHEN NOT MATCHED THEN INSERT ({', '.join(map(quoted, every))}) VALUES ({values})"  # noqa: S608
        else:
            same = "".join(f" AND t.{quoted(name)} <=> c.{quoted(f'was_{name}')}" for name in was)
            updates = ", ".join(f"{quoted(name)} = c.{quoted(name)}" for name in columns)
            clause = f"WHEN MATCHED{same} THEN UPDATE SET {updates}"
        self.spark.sql(f"MERGE INTO {self.identifier(table)} t USING {view} c ON {same_key} {clause}")
        self.spark.catalog.dropTempView(view)


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {column.type} COMMENT {text_literal(column.comment)}"


def _present_or_null(column: Column, present: list[str]) -> SparkColumn:
    """A column that the contract gained since the table was written is null until the next write."""
    value = F.col(quoted(column.name)) if column.name in present else F.lit(None).cast(column.type)
    return value.alias(column.name)


def _parsed(metadata: str | None) -> dict[str, object]:
    """What a commit of segspark's said; nothing where another writer made the commit."""
    try:
        said = json.loads(metadata or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
