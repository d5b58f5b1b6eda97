"""What a write would change: new rows held against those of a table. Pure DataFrame functions."""

from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
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
    columns = [F.col(quoted(column.name)).cast(column.type).alias(column.name) for column in table.columns]
    return rows.select(*columns)


def changes(rows: DataFrame, current: DataFrame, table: Table, delete_missing: bool) -> DataFrame:
    """Rows to insert, update or delete, each marked so in `_change`; those whose key came twice are marked 'twice'.

    Args:
        rows: conformed to the table.
        current: the table's rows, or the part of them that the rows are compared with.
        table: rows are compared by its key and its compared columns.
        delete_missing: whether the rows of `current` whose key is not among the rows are to be deleted.
    """
    places, keys = _places(table), _keys(table, rows.schema)
    old = current.select(
        *keys, *[F.col(quoted(name)).alias(f"__old_{name}") for name in table.compared], F.lit(True).alias("__old")
    )
    values = [F.col(quoted(name)) for name in table.column_names if name not in table.key]
    # By the very columns of the join, of which none is null: so the rows are exchanged and sorted once for both.
    same = F.count("*").over(Window.partitionBy(*places))
    new = rows.select(*keys, *values, F.lit(True).alias("__new")).withColumn("__rows", same)
    both = new.join(old, on=places, how="full" if delete_missing else "left")
    change = (
        F.when(F.col("__rows") > 1, "twice")
        .when(F.col("__old").isNull(), "insert")
        .when(F.col("__new").isNull(), "delete")
        .when(_any_difference(rows.schema, table), "update")
    )
    found = {name: F.when(F.col(f"__known_{one}"), F.col(f"__key_{one}")) for one, name in enumerate(table.key)}
    columns = [found.get(name, F.col(quoted(name))).alias(name) for name in table.column_names]
    return both.select(*columns, change.alias("_change")).where("_change IS NOT NULL")


def _places(table: Table) -> list[str]:
    """The columns that stand for the key in a join."""
    return [f"__{part}_{one}" for one in range(len(table.key)) for part in ("key", "known")]


def _keys(table: Table, schema: StructType) -> list[SparkColumn]:
    """The key without nulls, and whether each part of it is known."""
    return [
        column
        for one, name in enumerate(table.key)
        for column in (
            F.coalesce(F.col(quoted(name)), _some(schema[name].dataType)).alias(f"__key_{one}"),
            F.col(quoted(name)).isNotNull().alias(f"__known_{one}"),
        )
    ]


def _some(data_type: DataType) -> SparkColumn:
    """A value of a type, whichever."""
    literal = {"string": "''", "date": "DATE'1970-01-01'", "timestamp": "TIMESTAMP'1970-01-01 00:00:00Z'"}
    return F.expr(literal.get(data_type.simpleString(), "0")).cast(data_type)


def counted(changed: DataFrame, table: Table) -> DataFrame:
    """Per change: `rows`, and `fingerprint`: of the key and the exact columns, whatever the rows' order.

    Exact are counts, dates and decimals; doubles may differ in their last bits between two tries.
    """
    numbers = {c.name for c in table.columns if c.type.startswith(EXACT)} - set(table.run_columns)
    exact = [name for name in table.column_names if name in (*table.key, *numbers)]
    hashed = content_hash(exact, changed.schema).cast("decimal(38,0)")
    return changed.groupBy("_change").agg(F.count("*").alias("rows"), F.sum(hashed).alias("fingerprint"))


def _any_difference(schema: StructType, table: Table) -> SparkColumn:
    differences = [
        differs(F.col(quoted(f"__old_{name}")), F.col(quoted(name)), schema[name].dataType) for name in table.compared
    ]
    return reduce(SparkColumn.__or__, differences, F.lit(False))
