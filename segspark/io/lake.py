"""Delta tables: created from their contracts, read with their versions, written only where something changed."""

from dataclasses import dataclass, field
from functools import reduce

from pyspark.errors import AnalysisException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from segspark.columns import differs, quoted, text_literal
from segspark.config.model import Workspace
from segspark.errors import SegsparkError
from segspark.tables import Column, Table


@dataclass(frozen=True)
class Change:
    """What a write changed, in rows, and the table's version after it."""

    inserted: int
    updated: int
    deleted: int
    version: int

    @property
    def total(self) -> int:
        """Rows that changed in any way."""
        return self.inserted + self.updated + self.deleted


@dataclass
class Lake:
    """The tables of a workspace.

    Every write is atomic per table, and is not made at all when it would change nothing.
    """

    spark: SparkSession
    workspace: Workspace
    _found: set[str] = field(default_factory=set)
    _created: set[Table] = field(default_factory=set)

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
        if table.name not in self._found:
            try:
                self.spark.sql(f"DESCRIBE DETAIL {self.identifier(table)}")
            except AnalysisException:
                return False
            self._found.add(table.name)
        return True

    def read(self, table: Table) -> DataFrame:
        """The table as it is now, in its contract's columns; empty if it was never written."""
        if not self.exists(table):
            return self.spark.createDataFrame([], ", ".join(f"{quoted(c.name)} {c.type}" for c in table.columns))
        present = self.spark.table(self.identifier(table))
        columns = [_present_or_null(column, present.columns) for column in table.columns]
        return present.select(*columns)

    def version(self, table: Table) -> int:
        """The table's current version; -1 if it was never written."""
        if not self.exists(table):
            return -1
        latest = self.spark.sql(f"DESCRIBE HISTORY {self.identifier(table)} LIMIT 1").first()
        if latest is None:
            raise SegsparkError(f"{self.location(table)} has no history; it is not a usable Delta table")
        return int(latest["version"])

    def create(self, table: Table) -> None:
        """Create the table with comments and layout if it is missing, and add columns that its contract gained."""
        if table in self._created:
            return
        columns = ", ".join(map(_definition, table.columns))
        layout = f"CLUSTER BY ({', '.join(map(quoted, table.cluster_by))})" if table.cluster_by else ""
        self.spark.sql(
            f"CREATE TABLE IF NOT EXISTS {self.identifier(table)} ({columns}) USING DELTA {layout} "
            f"COMMENT {text_literal(table.comment)} TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')"
        )
        present = set(self.spark.table(self.identifier(table)).columns)
        missing = [column for column in table.columns if column.name not in present]
        if missing:
            added = ", ".join(map(_definition, missing))
            self.spark.sql(f"ALTER TABLE {self.identifier(table)} ADD COLUMNS ({added})")
        self._created.add(table)

    def append(self, table: Table, rows: DataFrame) -> None:
        """Add rows that are known to be new."""
        self.create(table)
        self._insert(table, rows)

    def publish(
        self, table: Table, rows: DataFrame, scope: SparkColumn | None = None, delete_missing: bool = False
    ) -> Change:
        """Bring the table to these rows: insert new ones, update changed ones, leave the rest alone.

        Args:
            table: the contract; rows are compared by its key and its compared columns.
            rows: unique by key, with at least the contract's columns.
            scope: the part of the table that the rows are compared with; the whole of it by default.
            delete_missing: also delete the rows of the scope whose key is not among the rows.

        Raises:
            SegsparkError: two rows have the same key.
        """
        self.create(table)
        current = self.read(table)
        current = current if scope is None else current.where(scope)
        changes = _changes(_conformed(rows, table), current, table, delete_missing).persist()
        try:
            counts = self._counts(table, changes)
            if counts["update"] or counts["delete"]:
                self._merge(table, changes)
            elif counts["insert"]:
                self._insert(table, changes)
        finally:
            changes.unpersist()
        return Change(counts["insert"], counts["update"], counts["delete"], self.version(table))

    def _counts(self, table: Table, changes: DataFrame) -> dict[str, int]:
        counted = {row["_change"]: row["count"] for row in changes.groupBy("_change").count().collect()}  # <= 4 rows
        if "twice" in counted:
            row = changes.where("_change = 'twice'").select(*table.key).first()
            raise SegsparkError(
                f"{table.name}: more than one row for {row.asDict() if row else {}}; nothing was written"
            )
        return {change: counted.get(change, 0) for change in ("insert", "update", "delete")}

    def _insert(self, table: Table, rows: DataFrame) -> None:
        writer = _conformed(rows, table).write.format("delta").mode("append")
        if self.workspace.root is not None:
            writer.save(self.location(table))
        else:
            writer.saveAsTable(self.identifier(table))

    def _merge(self, table: Table, changes: DataFrame) -> None:
        target, key = self.identifier(table), table.key
        columns = [name for name in table.column_names if name not in key]
        matched = " AND ".join(f"t.{quoted(name)} <=> c.{quoted(name)}" for name in key)
        updates = ", ".join(f"{quoted(name)} = c.{quoted(name)}" for name in columns)
        names = ", ".join(map(quoted, table.column_names))
        values = ", ".join(f"c.{quoted(name)}" for name in table.column_names)
        # A view, as the text of a statement with parameters may not hold braces, and a path may.
        view = f"segspark_changes_{table.name}"
        changes.createOrReplaceTempView(view)
        self.spark.sql(
            f"MERGE INTO {target} t USING {view} c ON {matched} "  # noqa: S608 (quoted names)
            "WHEN MATCHED AND c._change = 'delete' THEN DELETE "
            f"WHEN MATCHED THEN UPDATE SET {updates} "
            f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
        )
        self.spark.catalog.dropTempView(view)


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {column.type} COMMENT {text_literal(column.comment)}"


def _present_or_null(column: Column, present: list[str]) -> SparkColumn:
    """A column that the contract gained since the table was written is null until the next write."""
    value = F.col(quoted(column.name)) if column.name in present else F.lit(None).cast(column.type)
    return value.alias(column.name)


def _conformed(rows: DataFrame, table: Table) -> DataFrame:
    """The contract's columns in its order and types."""
    columns = [F.col(quoted(column.name)).cast(column.type).alias(column.name) for column in table.columns]
    return rows.select(*columns)


def _changes(rows: DataFrame, current: DataFrame, table: Table, delete_missing: bool) -> DataFrame:
    """Rows to insert, update or delete, each marked so in `_change`; those whose key came twice are marked, too."""
    old = current.select(F.struct(*current.columns).alias("old"))
    same = F.count("*").over(Window.partitionBy(*table.key))
    new = rows.select(F.struct(*rows.columns).alias("new"), same.alias("rows"))
    same_key = [F.col(f"old.{quoted(name)}").eqNullSafe(F.col(f"new.{quoted(name)}")) for name in table.key]
    both = new.join(old, on=reduce(SparkColumn.__and__, same_key), how="full" if delete_missing else "left")
    change = (
        F.when(F.col("rows") > 1, "twice")
        .when(F.col("old").isNull(), "insert")
        .when(F.col("new").isNull(), "delete")
        .when(_any_difference(rows.schema, table), "update")
    )
    columns = [
        F.coalesce(F.col(f"new.{quoted(name)}"), F.col(f"old.{quoted(name)}")).alias(name)
        if name in table.key
        else F.col(f"new.{quoted(name)}").alias(name)
        for name in table.column_names
    ]
    return both.select(*columns, change.alias("_change")).where("_change IS NOT NULL")


def _any_difference(schema: StructType, table: Table) -> SparkColumn:
    differences = [
        differs(F.col(f"old.{quoted(name)}"), F.col(f"new.{quoted(name)}"), schema[name].dataType)
        for name in table.compared
    ]
    return reduce(SparkColumn.__or__, differences, F.lit(False))
