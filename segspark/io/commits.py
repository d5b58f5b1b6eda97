"""The one way in which anything is written to a table: locked, identified, only where something changed."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path

from delta import exceptions as delta_exceptions
from pyspark.errors import PySparkException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.errors import SegsparkError
from segspark.io.changes import changes, conformed, counted
from segspark.io.lake import UNWRITTEN, Lake
from segspark.io.locks import writer_lock
from segspark.io.session import settings_of
from segspark.tables import Table

_CHANGES = ("insert", "update", "delete")
# Importing Delta's exceptions makes PySpark raise them; without, and over Spark Connect, the condition tells.
_CONFLICTS = tuple(getattr(delta_exceptions, name) for name in delta_exceptions.__all__)
_CONFLICT_CONDITIONS = ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED")
# Two who make a table at once may each see the folder without the other's first commit, or with half of it.
_CREATED_MEANWHILE = (
    "DELTA_TABLE_NOT_FOUND",
    "DELTA_TABLE_ALREADY_EXISTS",
    "DELTA_LOG_ALREADY_EXISTS",
    "TABLE_OR_VIEW_ALREADY_EXISTS",
)
_FOREIGN_FILES = "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION"  # or those of a writer that has not committed yet
_FIRST_COMMIT_SECONDS = 30
_ORDINALS = 1000  # more writes than one run ever makes


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
class Writer:
    """Writes the tables of a lake in the name of a run.

    Each commit is atomic for its table and carries the run's id as Delta's transaction id (txnAppId), a transaction
    version made of the table's version that the change was computed from and the write's ordinal in the run, and a
    fingerprint of what it changes. Of two attempts of one run that computed a change from the same version, Delta lets
    only one commit; the other finds the first one's fingerprint and compares it with its own.

    Attributes:
        run_id: identifies the work; the same at each attempt.
        attempt_id: identifies this try.
        lock_timeout_seconds: how long to wait for another writer of a table on a local disk.
    """

    lake: Lake
    run_id: str
    attempt_id: str
    lock_timeout_seconds: float = 600
    _ordinal: int = 0
    _bases: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def lock(self, table: Table) -> Iterator[None]:
        """Keep other writers of the table out while changes are computed and written; may be nested.

        On an object store there is no lock: Delta's own checks keep writers apart.
        """
        if table.name in self._bases:
            yield
            return
        root = self.lake.workspace.root
        local = root is not None and "://" not in root
        with (
            writer_lock(Path(root or "") / "_locks", table.name, self.lock_timeout_seconds, f"run {self.run_id}")
            if local
            else nullcontext()
        ):
            self._bases[table.name] = self.lake.latest(table)
            try:
                yield
            finally:
                del self._bases[table.name]

    def publish(
        self,
        table: Table,
        rows: DataFrame,
        scope: SparkColumn | None = None,
        delete_missing: bool = False,
        position: Mapping[str, str] | None = None,
    ) -> Change:
        """Bring the table to these rows: insert new ones, update changed ones, leave the rest alone.

        Args:
            table: the contract; rows are compared by its key and its compared columns.
            rows: unique by key, with at least the contract's columns.
            scope: the part of the table that the rows are compared with; the whole of it by default.
            delete_missing: also delete the rows of the scope whose key is not among the rows.
            position: what the table has been computed from, when these changes are in it: see `Lake.position`.

        Raises:
            SegsparkError: two rows have the same key, or another process holds the table.
        """
        with self.lock(table):
            current = self.lake.read(table, self._bases[table.name])
            current = current if scope is None else current.where(scope)
            changed = changes(conformed(rows, table), current, table, delete_missing).persist()
            try:
                return self.apply(table, changed, position=position)
            finally:
                changed.unpersist()

    def publish_few(
        self,
        table: Table,
        rows: Sequence[tuple[object, ...]],
        scope: SparkColumn | None = None,
        delete_missing: bool = False,
    ) -> Change:
        """The same for rows made on the driver, of which there are few, with the contract's columns in their order."""
        return self.publish(table, self.lake.frame(table, rows), scope, delete_missing)

    def append(self, table: Table, rows: DataFrame) -> Change:
        """Add rows that are known to be new."""
        return self.apply(table, conformed(rows, table).withColumn("_change", F.lit("insert")))

    def replace(self, table: Table, rows: DataFrame, position: Mapping[str, str]) -> int:
        """Put rows in the place of all that the table holds, in one commit, and return its version.

        Args:
            table: the contract.
            rows: unique by key, as what they are grouped by makes them.
            position: identifies what they were computed from: of the same, any attempt computes the same rows.
        """
        self._ordinal += 1
        with self.lock(table):
            return self._commit(table, rows, None, dict(position), position, "overwrite")

    def append_next(self, table: Table, rows: DataFrame, number: str, first: int) -> bool:
        """Add rows that are numbered on from the table's last, unless another writer added such rows meanwhile.

        A table's lock keeps writers on a local disk apart. Where there is none, two plain appends at once would both
        succeed, and two rows would have one number. So this one is a MERGE that looks for rows of these numbers. Call
        it under the lock under which the last number was read.

        Args:
            table: the contract.
            rows: numbered without a gap.
            number: the column that numbers them.
            first: the number of the first of them.

        Returns:
            Whether they are there; if not, another was first, and what they were made from has to be looked at again.
        """
        taken = f"t.{quoted(number)} >= {first:d}"
        asked = conformed(rows, table).collect()  # a handful: what one run or command has to say

        def there(version: int) -> bool:
            found = self.lake.read(table, version).where(F.col(number) >= first).collect()  # others' few at most
            return sorted(found) == sorted(asked)

        with self.lock(table):
            if self.lake.latest(table) != self._bases[table.name]:  # lost already: Delta would commit an empty version
                return False
            return self._contended(table, lambda: self.lake.insert_unless(table, rows, taken), there)

    def exchange(self, table: Table, row: Mapping[str, object], was: Mapping[str, object] | None) -> bool:
        """Change one row if it still is as it was when the change was decided, or add it if there is none of its key.

        Args:
            table: the contract.
            row: the key, and the columns to set.
            was: columns that must have these values now; None: no row has the key.

        Returns:
            Whether the row is as asked for; if not, another writer changed it meanwhile.
        """
        types = {column.name: column.type for column in table.columns}
        named = {**row, **{f"was_{name}": value for name, value in (was or {}).items()}}
        schema = ", ".join(f"{quoted(name)} {types[name.removeprefix('was_')]}" for name in named)
        change = self.lake.spark.createDataFrame([tuple(named.values())], schema)
        columns = [name for name in row if name not in table.key]
        own = reduce(SparkColumn.__and__, [F.col(quoted(name)) == F.lit(row[name]) for name in table.key])

        def there(version: int) -> bool:
            found = self.lake.read(table, version).where(own).select(*map(quoted, row)).collect()  # one row or none
            return [tuple(one) for one in found] == [tuple(row.values())]

        with self.lock(table):
            if there(self._bases[table.name]):
                return True
            write = partial(self.lake.exchange, table, change, columns, None if was is None else list(was))
            return self._contended(table, write, there)

    def _contended(self, table: Table, write: Callable[[], None], there: Callable[[int], bool]) -> bool:
        """Try a write once that Delta or its own condition refuses if another writer was first."""
        self._ordinal += 1
        with self.lock(table):
            base = self._bases[table.name]
            said = self._said((base + 1) * _ORDINALS + self._ordinal)
            try:
                self.lake.create(table)
                with settings_of(self.lake.spark, _transaction(said)):
                    write()
            except Exception as error:
                if not is_conflict(error) and not (base == UNWRITTEN and self._made_meanwhile(table, error)):
                    raise
                return False
            own = [one.version for one in self.lake.commits(table, base) if {**said, **one.said} == one.said]
            if own:
                self.lake.written(table, own[0])
        return bool(own) and there(own[0])

    def _made_meanwhile(self, table: Table, error: Exception) -> bool:
        """Whether a table could not be made because another writer makes it."""
        if _condition(error) == _FOREIGN_FILES:
            until = time.monotonic() + _FIRST_COMMIT_SECONDS
            while self.lake.latest(table) == UNWRITTEN and time.monotonic() < until:
                time.sleep(0.1)
            return self.lake.latest(table) != UNWRITTEN
        return _condition(error) in _CREATED_MEANWHILE

    def apply(
        self, table: Table, changed: DataFrame, pruning: str = "TRUE", position: Mapping[str, str] | None = None
    ) -> Change:
        """Write changes that were computed under the table's lock; nothing is written if there are none.

        Args:
            table: the contract.
            changed: the contract's columns and `_change` (insert, update or delete); evaluated more than once.
            pruning: SQL condition over the target `t` that holds of every row that is updated or deleted.
            position: what the table has been computed from, when these changes are in it: see `Lake.position`.

        Raises:
            SegsparkError: two rows have the same key, or another attempt of the run wrote something else.
        """
        self._ordinal += 1
        with self.lock(table):
            counts = {row["_change"]: row for row in counted(changed, table).collect()}  # at most four rows
            if "twice" in counts:
                # Not which: a key may be a customer's id, and an error is logged.
                raise SegsparkError(
                    f"{table.name}: {counts['twice']['rows']} rows share their {', '.join(table.key)} with another; "
                    "nothing was written"
                )
            inserted, updated, deleted = (counts[c]["rows"] if c in counts else 0 for c in _CHANGES)
            if not inserted + updated + deleted:
                return Change(0, 0, 0, self._bases[table.name])
            fingerprint = {change: str(row["fingerprint"]) for change, row in sorted(counts.items())}
            only_new = inserted == sum((inserted, updated, deleted))
            version = self._commit(table, changed, None if only_new else pruning, fingerprint, position)
        return Change(inserted, updated, deleted, version)

    def _commit(
        self,
        table: Table,
        changed: DataFrame,
        pruning: str | None,
        fingerprint: dict[str, str],
        position: Mapping[str, str] | None = None,
        mode: str = "append",
    ) -> int:
        said = self._said((self._bases[table.name] + 1) * _ORDINALS + self._ordinal)
        said |= {"position": dict(position)} if position else {}
        self.lake.create(table)
        with settings_of(self.lake.spark, _transaction(said | {"fingerprint": fingerprint})):
            if pruning is None:
                self.lake.insert(table, changed, mode)
            else:
                self.lake.merge(table, changed, pruning, inserts="insert" in fingerprint)
        return self._verified(table, said, fingerprint)

    def _said(self, transaction: int) -> dict[str, object]:
        return {"run_id": self.run_id, "attempt_id": self.attempt_id, "transaction": transaction}

    def _verified(self, table: Table, said: dict[str, object], fingerprint: dict[str, str]) -> int:
        """The version of this commit, or of that which an earlier attempt made of the very same changes."""
        for commit in self.lake.commits(table, self._bases[table.name]):
            if {**commit.said, "attempt_id": ""} == {**said, "attempt_id": "", "fingerprint": fingerprint}:
                self.lake.written(table, commit.version)
                return commit.version
            if (commit.said.get("run_id"), commit.said.get("transaction")) == (self.run_id, said["transaction"]):
                raise SegsparkError(
                    f"{table.name}: another attempt of run {self.run_id} ({commit.said.get('attempt_id')}) wrote other "
                    "changes at the same time, so these were not written; end one of the two and run the command again"
                )
        raise SegsparkError(
            f"{table.name}: the commit of run {self.run_id} is not in the table's history; run it again"
        )


def is_conflict(error: Exception) -> bool:
    """Whether Delta refused a commit because another writer's came first."""
    return isinstance(error, _CONFLICTS) or _condition(error).startswith(_CONFLICT_CONDITIONS)


def _condition(error: Exception) -> str:
    """The name that Spark gives to what went wrong; empty where it gives none."""
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""


def _transaction(said: Mapping[str, object]) -> dict[str, str]:
    """MERGE takes them from the session only, and a writer may: one way for both."""
    return {
        "spark.databricks.delta.write.txnAppId": str(said["run_id"]),
        "spark.databricks.delta.write.txnVersion": str(said["transaction"]),
        "spark.databricks.delta.commitInfo.userMetadata": json.dumps(said),
    }
