"""Live: some customers' features of what is kept of them and what they did of late, by DuckDB inside the executors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from segspark.kernels.tiles import ROWS, Statements, compute, connected, files_view


def features(
    customers: Iterable[pa.RecordBatch],
    statements: Statements,
    result: str,
    paths: Mapping[str, Sequence[str]],
    megabytes: int,
    newest: Mapping[str, tuple[str, str]],
) -> Iterator[pa.RecordBatch]:
    """Compute the features of customers.

    Args:
        customers: one row per customer: its columns, and what there is of it in each other table, as a list of structs
            in a column of the table's name; a table may be left out.
        statements: over the customers as `people`, and over these tables.
        result: the name of the merged table that is wanted.
        paths: of the files of the tables aside.
        megabytes: of memory for DuckDB.
        newest: by table the column that identifies a row, and the one whose highest value is the row that counts.

    Returns:
        Batches of the result.
    """
    batches = list(customers)
    if not sum(batch.num_rows for batch in batches):
        return
    rows = pa.Table.from_batches(batches)
    with connected(statements, megabytes) as connection:
        connection.register("given", rows)
        for name in statements.tables:
            table = _table(name, statements.columns[name], rows.column_names)
            counts = _counts(*newest[name]) if name in newest and name in rows.column_names else ""
            connection.execute(f"CREATE TABLE {name} AS {table} {counts}")
        for name in statements.aside:
            files_view(connection, name, statements.columns[name], paths[name])
        compute(connection, statements)
        yield from connection.table(result).to_arrow_reader(ROWS)


def _table(name: str, columns: Mapping[str, str], given: Sequence[str]) -> str:
    """The customers themselves, or what there is of them in a table; nothing where that is not given."""
    if name == "people":
        return f"SELECT {_cast(columns, '')} FROM given"  # noqa: S608 (of contracts)
    if name in given:
        return f"SELECT {_cast(columns, 'packed.')} FROM (SELECT unnest({name}) AS packed FROM given)"  # noqa: S608
    return f"SELECT {', '.join(f'NULL::{kind} AS {column}' for column, kind in columns.items())} WHERE FALSE"


def _cast(columns: Mapping[str, str], place: str) -> str:
    return ", ".join(f"{place}{column}::{kind} AS {column}" for column, kind in columns.items())


def _counts(key: str, order: str) -> str:
    return f"QUALIFY row_number() OVER (PARTITION BY packed.{key} ORDER BY packed.{order} DESC) = 1"
