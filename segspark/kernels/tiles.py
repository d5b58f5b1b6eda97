"""Tiles: sums of a log's files, made and put together by DuckDB inside the executors; rows travel as Arrow.

DuckDB reads a file several times faster than its rows can be handed from Spark to Python. So a task is given the names
of files, not rows; what it hands on is one binary value per bucket of customers and statement.
"""

import re
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS = 100_000  # in a piece of a result
_BUCKET = "_bucket"


@dataclass(frozen=True)
class Statements:
    """What DuckDB is to compute.

    Attributes:
        setup: run first: macros.
        columns: of the files of each table: name and type in DuckDB; those that a file lacks are null.
        tiles: SELECTs over views named as the tables, by name; each has customer_id.
        merged: SELECTs over the tiles of all files, and over the merged ones before, by name.
        aside: the tables that the merged ones read whole, not by customer.
    """

    setup: str
    columns: Mapping[str, Mapping[str, str]]
    tiles: Mapping[str, str]
    merged: Mapping[str, str]
    aside: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables whose rows are divided by customer."""
        return tuple(name for name in self.columns if name not in self.aside)


def gather(
    files: Iterable[pa.RecordBatch], statements: Statements, buckets: int, megabytes: int
) -> Iterator[pa.RecordBatch]:
    """Compute the tiles of some files.

    Args:
        files: table, path (as Hadoop writes it, with its scheme).
        statements: whose tiles are wanted.
        buckets: customers are divided into, by a hash.
        megabytes: of memory for DuckDB; beyond that it uses the disk.

    Returns:
        Batches of one row: bucket, name (of the tile), rows (an Arrow stream).
    """
    paths: dict[str, list[str]] = defaultdict(list)
    for batch in files:
        for row in batch.to_pylist():
            paths[row["table"]].append(row["path"])
    with connected(statements, megabytes) as connection:
        for table in statements.tables:
            files_view(connection, table, statements.columns[table], paths[table])
        for name, query in statements.tiles.items():
            bucket = f"CAST(hash(customer_id) % {buckets:d} AS USMALLINT) AS {_BUCKET}"
            rows = connection.sql(f"SELECT *, {bucket} FROM ({query})").to_arrow_table()  # noqa: S608 (ours)
            yield from _divided(name, rows, buckets)


def merge(
    tiles: Iterable[pa.RecordBatch], statements: Statements, paths: Mapping[str, Sequence[str]], megabytes: int
) -> Iterator[pa.RecordBatch]:
    """Put the tiles of a bucket together.

    Args:
        tiles: as gather returns them, all of one bucket.
        statements: whose merged results are wanted.
        paths: of the files of the tables aside.
        megabytes: of memory for DuckDB.

    Returns:
        Batches of one row: name (of the result), rows (an Arrow stream).
    """
    parts: dict[str, list[pa.Table]] = defaultdict(list)
    for batch in tiles:
        for name, rows in zip(batch.column("name").to_pylist(), batch.column("rows"), strict=True):
            parts[name].append(pa.ipc.open_stream(rows.as_buffer()).read_all())
    if not parts:
        return
    with connected(statements, megabytes) as connection:
        for name, tables in parts.items():
            connection.register(name, pa.concat_tables(tables))
        for table in statements.aside:
            files_view(connection, table, statements.columns[table], paths[table])
        for name, query in statements.merged.items():
            connection.execute(f"CREATE TABLE {name} AS {query}")
            for batch in connection.table(name).to_arrow_reader(ROWS):
                yield pa.RecordBatch.from_pydict({"name": [name], "rows": [_stream(pa.Table.from_batches([batch]))]})


def unpacked(packed: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows in `rows`."""
    for batch in packed:
        for rows in batch.column("rows"):
            yield from pa.ipc.open_stream(rows.as_buffer())


def refusal(statements: Statements) -> str:
    """What DuckDB has against the statements, found out on no rows; empty where it understands them.

    Examples:
        >>> refusal(Statements("", {"events": {"a": "INT"}}, {"t": "SELECT a AS customer_id FROM events"}, {}))
        ''
        >>> refusal(Statements("", {"events": {"a": "INT"}}, {"t": "SELECT b AS customer_id FROM events"}, {}))[:12]
        'Binder Error'
    """
    import duckdb

    try:
        with connected(statements, 100) as connection:
            for table, columns in statements.columns.items():
                files_view(connection, table, columns, [])
            compute(connection, statements)
    except duckdb.Error as error:
        return str(error)
    return ""


def compute(connection: "DuckDBPyConnection", statements: Statements) -> None:
    """Make a table of each tile and of each merged result, from the tables that are there."""
    for name, query in (*statements.tiles.items(), *statements.merged.items()):
        connection.execute(f"CREATE TABLE {name} AS {query}")


def connected(statements: Statements, megabytes: int) -> "DuckDBPyConnection":
    """DuckDB for one task, in memory, with the macros of the statements."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,  # the other cores have tasks of their own
        "memory_limit": f"{megabytes}MB",
        "temp_directory": str(Path(tempfile.gettempdir()) / f"segspark-duckdb-{uuid.uuid4()}"),  # made if needed
        "autoinstall_known_extensions": False,  # nothing is fetched from anywhere
    }
    connection = duckdb.connect(config=settings)
    connection.execute(statements.setup)
    return connection


def files_view(connection: "DuckDBPyConnection", name: str, columns: Mapping[str, str], paths: Sequence[str]) -> None:
    """Files as a view: they may lack columns that a table gained later, and there may be none."""
    local = [path for path in map(_local, paths) if path is not None]
    if local:
        listed = ", ".join("'" + _literally(path).replace("'", "''") + "'" for path in local)
        files = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    elif paths:
        files = f"{name}_files"
        connection.register(files, _dataset(paths))
    present = connection.sql(f"SELECT * FROM {files} LIMIT 0").columns if paths else []  # noqa: S608 (quoted)
    nulls = [f'CAST(NULL AS {kind}) AS "{column}"' for column, kind in columns.items() if column not in present]
    source = f"FROM {files}" if paths else "WHERE FALSE"
    selected = ", ".join([*(f'"{column}"' for column in columns if column in present), *nulls])
    connection.execute(f"CREATE VIEW {name} AS SELECT {selected} {source}")


def _local(path: str) -> str | None:
    scheme, _, rest = _parts(path)
    return rest if scheme in ("", "file") else None


def _parts(path: str) -> tuple[str, str, str]:
    """Scheme, authority and the rest of a path as Hadoop writes it: no sign in it is encoded."""
    found = re.fullmatch(r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^/]*))?(/.*)", path, re.DOTALL)
    if found is None:
        raise ValueError(f"{path}: not the full path of a file")
    return found[1] or "", found[2] or "", found[3]


def _literally(path: str) -> str:
    """A path in which DuckDB sees no pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


def _dataset(paths: Sequence[str]) -> object:
    """Files of any system that Arrow knows: s3, gs, abfs, hdfs; s3a is Hadoop's name for the first."""
    from pyarrow import dataset, fs

    scheme, authority, _ = _parts(paths[0])
    system, root = fs.FileSystem.from_uri(f"{re.sub('^s3[an]$', 's3', scheme)}://{authority}/")
    return dataset.dataset([root.rstrip("/") + _parts(path)[2] for path in paths], filesystem=system, format="parquet")


def _divided(name: str, rows: pa.Table, buckets: int) -> Iterator[pa.RecordBatch]:
    """A tile's rows by bucket; also where there are none, as their columns are known from them."""
    bucket = rows.column(_BUCKET).to_numpy()
    order = np.argsort(bucket, kind="stable")
    ordered = rows.drop_columns([_BUCKET]).take(pa.array(order))
    ends = np.cumsum(np.bincount(bucket, minlength=buckets))
    for index, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        part = _stream(ordered.slice(start, end - start))
        yield pa.RecordBatch.from_pydict({"bucket": pa.array([index], pa.int32()), "name": [name], "rows": [part]})


def _stream(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(rows)
    found: bytes = sink.getvalue().to_pybytes()
    return found
