"""Duplicates: which of several rows with one key is kept, and what becomes of the others."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def with_fate(rows: DataFrame, existing: DataFrame, key: str, replaces: bool) -> DataFrame:
    """Add `_fate`: accepted, deduplicated or quarantined; a quarantined duplicate gets its reason.

    The first row of a key is kept: sources in their configured order, then the smallest content hash, so the
    outcome does not depend on the order of the input. An equal row is a duplicate and dropped; a different one
    is a conflict and quarantined, unless the key is in the table already and `replaces` says that it is updated.

    Args:
        rows: with key, `_source_rank`, `_content` (hash) and `_reasons`; a row with reasons is quarantined.
        existing: the table's rows as key and `_stored` (hash); unique by key.
        key: the table's key.
        replaces: whether a new content replaces the stored one (dimensions) or conflicts with it (events).

    Examples:
        >>> rows = spark.createDataFrame(
        ...     [("a", 0, 1, []), ("a", 0, 1, []), ("a", 0, 2, []), (None, 0, 3, ["a: missing"])],
        ...     "event_id string, _source_rank int, _content bigint, _reasons array<string>")
        >>> stored = spark.createDataFrame([], "event_id string, _stored bigint")
        >>> fates = with_fate(rows, stored, "event_id", replaces=False).orderBy("_content", "_fate")
        >>> [row["_fate"] for row in fates.collect()]
        ['accepted', 'deduplicated', 'quarantined', 'quarantined']
    """
    acceptable = F.size("_reasons") == 0
    # Rows without a key must not all meet in one task.
    keyed = rows.withColumn("_key", F.coalesce(F.col(key), F.col("_content").cast("string")))
    order = Window.partitionBy("_key").orderBy(acceptable.desc(), "_source_rank", "_content")
    first = F.first("_content").over(order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    ranked = keyed.withColumns({"_position": F.row_number().over(order), "_first": first})
    stored = existing.select(F.col(key).alias("_key"), "_stored")
    decided = ranked.join(stored, on="_key", how="left").withColumn("_fate", _fate(acceptable, replaces))
    conflict = F.array(F.lit(f"{key}: given before with other content"))
    reasons = F.when((F.col("_fate") == "quarantined") & acceptable, conflict).otherwise(F.col("_reasons"))
    return decided.withColumn("_reasons", reasons).drop("_key", "_position", "_first", "_stored")


def _fate(acceptable: SparkColumn, replaces: bool) -> SparkColumn:
    first = F.col("_position") == 1
    stored = F.col("_stored").isNotNull()
    same_as_stored = F.col("_stored").eqNullSafe(F.col("_content"))
    same_as_first = F.col("_content") == F.col("_first")
    kept = (
        F.when(~stored, "accepted")
        .when(same_as_stored, "deduplicated")
        .otherwise("accepted" if replaces else "quarantined")
    )
    repeated = same_as_first if replaces else (same_as_first & ~stored) | same_as_stored
    return F.when(~acceptable, "quarantined").when(first, kept).when(repeated, "deduplicated").otherwise("quarantined")
