"""What a write would change: new rows held against those of a table. Pure DataFrame functions."""

from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

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
        differs(F.col(f"old.{quoted(name)}"), F.col(f"new.{quoted(name)}"), schema[name].dataType)
        for name in table.compared
    ]
    return reduce(SparkColumn.__or__, differences, F.lit(False))
