"""Duplicates: which of several rows with one key is kept, and what becomes of the others.

The winner is the row with the latest `updated_at` (null is earliest), then the one with the largest content hash, then
the one of the source that comes first by name: an order in which neither the order of the input nor its division into
runs has a say. Only where a dimension's rows carry no `updated_at` a row that is read later wins over a stored one.
"""

from collections.abc import Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from segspark.columns import content_hash, quoted
from segspark.ingest.mapping import mapped_columns
from segspark.ingest.sessions import given_session
from segspark.tables import Table

SUPERSEDED = "given with other content, which is the one kept"


def content(table: Table, schema: StructType) -> SparkColumn:
    """A hash of what a source said of a row: not of what was derived from it, nor of when it last changed."""
    left_out = {*table.key, "updated_at", "session_id"}
    if "source_customer_id" in table.column_names:  # customer_id changes when customers turn out to be one
        left_out |= {"customer_id"}
    names = [c.name for c in mapped_columns(table) if c.name not in left_out]
    if "customer_id" in left_out and "source_customer_id" not in table.key:
        names.append("source_customer_id")
    return F.expr(content_hash(names, schema, [given_session()] if "session_id" in schema.names else []))


def hashed_key(key: Sequence[str]) -> SparkColumn:
    """A 64-bit hash of a key: two rows of one key have the same; two of different keys hardly ever."""
    return F.xxhash64(*[F.col(quoted(name)) for name in key])


def suspect_keys(new: DataFrame, stored: DataFrame) -> DataFrame:
    """The hashed keys of new rows that are not alone: given twice, or stored already.

    Args:
        new: `_key` of each new row.
        stored: `_key` of each stored row that a new one might repeat.

    Returns:
        One row per such key: `_key`.

    Examples:
        >>> new, stored = (spark.createDataFrame([(k,) for k in ks], "_key bigint") for ks in ([1, 1, 2, 3], [3, 4, 4]))
        >>> sorted(row[0] for row in suspect_keys(new, stored).collect())
        [1, 3]
    """
    both = new.select("_key", F.lit(1).alias("new")).unionAll(stored.select("_key", F.lit(0).alias("new")))
    counted = both.groupBy("_key").agg(F.sum("new").alias("new"), F.count("*").alias("rows"))
    return counted.where("new > 0 AND rows > 1").select("_key")


def settled(candidates: DataFrame, key: Sequence[str], replaces: bool) -> DataFrame:
    """Decide between the rows of each key: add `_fate` and `_change`.

    Args:
        candidates: acceptable rows and stored ones: key, source, updated_at, `_content` (hash), `_stored` (boolean; at
            most one a key), `_yields` (boolean; a stored row whose source is read again, and that any new row
            replaces), and whatever else.
        key: the table's key.
        replaces: whether the table holds what is so now (products), not what happened (events): then an older row is
            outdated and dropped, and a row without `updated_at` replaces a stored one.

    Returns:
        The candidates with `_fate`: accepted, deduplicated, or quarantined (lost against other content); null for a
        stored row that stays or is outdated. `_change`: insert or update for the row to be written, else null.

    Examples:
        >>> rows = spark.createDataFrame(
        ...     [("a", "s", 1, False), ("a", "s", 1, False), ("a", "s", 2, False)],
        ...     "event_id string, source string, _content bigint, _stored boolean").withColumns(
        ...     {"updated_at": F.lit(None), "_yields": F.lit(False)})
        >>> decided = settled(rows, ["event_id"], replaces=False).orderBy("_content", "_fate")
        >>> [(row["_content"], row["_fate"], row["_change"]) for row in decided.collect()]
        [(1, 'quarantined', None), (1, 'quarantined', None), (2, 'accepted', 'insert')]
    """
    group = Window.partitionBy(*[F.col(quoted(name)) for name in key])
    undated = F.col("updated_at").isNull()
    later = F.when(undated & F.lit(replaces), F.col("_stored").cast("int")).otherwise(0)
    order = group.orderBy(
        F.col("_yields").cast("int"),
        F.desc_nulls_last("updated_at"),
        later,
        F.desc("_content"),
        "source",
        F.col("_stored").cast("int").desc(),
    )
    winner = F.first(F.struct("_content", "updated_at", "source")).over(
        order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    stored = F.max(F.when(F.col("_stored"), F.struct("_content", "updated_at", "source"))).over(group)
    ranked = candidates.withColumns({"_position": F.row_number().over(order), "_winner": winner, "_kept": stored})
    stays = F.col("_kept._content").eqNullSafe(F.col("_winner._content")) & F.col("_kept.updated_at").eqNullSafe(
        F.col("_winner.updated_at")
    )
    if not replaces:
        stays &= F.col("_kept.source") <= F.col("_winner.source")
    stays = stays & F.col("_kept").isNotNull()
    wins = (F.col("_position") == 1) & ~F.col("_stored") & ~stays
    change = F.when(wins, F.when(F.col("_kept").isNull(), "insert").otherwise("update"))
    decided = ranked.withColumns({"_fate": _fate(wins, replaces), "_change": change})
    return decided.drop("_position", "_winner", "_kept")


def _fate(wins: SparkColumn, replaces: bool) -> SparkColumn:
    same = F.col("_content") == F.col("_winner._content")
    outdated = ~F.col("updated_at").eqNullSafe(F.col("_winner.updated_at")) if replaces else F.lit(False)
    lost = F.when(wins, "accepted").when(same | outdated, "deduplicated").otherwise("quarantined")
    # A stored row that lost is no row that was read: it is quarantined beside the ledger, or simply outdated.
    displaced = F.when(~same & F.lit(not replaces) & ~F.col("_yields"), "quarantined")
    return F.when(F.col("_stored"), displaced).otherwise(lost)
