"""What a write would change: new rows held against those of a table. Pure DataFrame functions."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from segspark.columns import content_hash, differs, quoted
from segspark.tables import Table

EXACT = ("DATE", "TIMESTAMP", "BIGINT", "INT", "BOOLEAN", "DECIMAL")


def conformed(rows: DataFrame, table: Table) -> DataFrame:
    """The contract's columns in its order and types.

    Examples:
        >>> from segspark.tables import PRODUCTS
        >>> rows = spark.sql("SELECT 7 AS product_id, 'x' AS other")
        >>> wider = rows.selectExpr("*", *[f"NULL AS {name}" for name in PRODUCTS.column_names[1:]])
        >>> conformed(wider, PRODUCTS).first()["product_id"]
        '7'
    """
    if rows.dtypes == [(column.name, column.type.lower()) for column in table.columns]:
        return rows
    names = [(quoted(column.name), column.type) for column in table.columns]
    return rows.selectExpr(*[f"CAST({name} AS {type_}) AS {name}" for name, type_ in names])


def changes(rows: DataFrame, current: DataFrame, table: Table, delete_missing: bool) -> DataFrame:
    """Rows to insert, update or delete, each marked so in `_change`; those whose key came twice are marked 'twice'.

    Args:
        rows: conformed to the table.
        current: the table's rows, or the part of them that the rows are compared with.
        table: rows are compared by its key and its compared columns.
        delete_missing: whether the rows of `current` whose key is not among the rows are to be deleted.
    """
    places, keys = _places(table), _keys(table, rows.schema)
    old = current.selectExpr(*keys, *[f"{quoted(n)} AS {_old(n)}" for n in table.compared], "true AS __old")
    values = [quoted(name) for name in table.column_names if name not in table.key]
    # By the very columns of the join, of which none is null: so the rows are exchanged and sorted once for both.
    same = f"count(*) OVER (PARTITION BY {', '.join(places)}) AS __rows"
    new = rows.selectExpr(*keys, *values, "true AS __new").selectExpr("*", same)
    both = new.join(old, on=places, how="full" if delete_missing else "left")
    change = (
        "CASE WHEN __rows > 1 THEN 'twice' WHEN __old IS NULL THEN 'insert' WHEN __new IS NULL THEN 'delete' "
        f"WHEN {_any_difference(rows.schema, table)} THEN 'update' END AS _change"
    )
    found = {name: f"CASE WHEN __known_{one} THEN __key_{one} END" for one, name in enumerate(table.key)}
    columns = [f"{found.get(name, quoted(name))} AS {quoted(name)}" for name in table.column_names]
    return both.selectExpr(*columns, change).where("_change IS NOT NULL")


def _old(name: str) -> str:
    """The column of the current rows, beside the new one's."""
    return quoted(f"__old_{name}")


def _places(table: Table) -> list[str]:
    """The columns that stand for the key in a join."""
    return [f"__{part}_{one}" for one in range(len(table.key)) for part in ("key", "known")]


def _keys(table: Table, schema: StructType) -> list[str]:
    """The key without nulls, and whether each part of it is known."""
    return [
        column
        for one, name in enumerate(table.key)
        for column in (
            f"coalesce({quoted(name)}, {_some(schema[name].dataType)}) AS __key_{one}",
            f"{quoted(name)} IS NOT NULL AS __known_{one}",
        )
    ]


def _some(data_type: DataType) -> str:
    """A value of a type, whichever."""
    literal = {"string": "''", "date": "DATE'1970-01-01'", "timestamp": "TIMESTAMP'1970-01-01 00:00:00Z'"}
    return f"CAST({literal.get(data_type.simpleString(), '0')} AS {data_type.simpleString()})"


def counted(changed: DataFrame, table: Table) -> DataFrame:
    """Per change: `rows`, and `fingerprint`: of the key and the exact columns, whatever the rows' order.

    Exact are counts, dates and decimals; doubles may differ in their last bits between two tries.
    """
    numbers = {c.name for c in table.columns if c.type.startswith(EXACT)} - set(table.run_columns)
    exact = [name for name in table.column_names if name in (*table.key, *numbers)]
    summed = f"sum(CAST({content_hash(exact, changed.schema)} AS DECIMAL(38,0))) AS fingerprint"
    return changed.groupBy("_change").agg(F.expr("count(*) AS rows"), F.expr(summed))


def _any_difference(schema: StructType, table: Table) -> str:
    differences = [differs(_old(name), quoted(name), schema[name].dataType) for name in table.compared]
    return " OR ".join(differences) or "false"
