"""Quarantine: rejected rows with their reasons, one per distinct row."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def quarantined(rows: DataFrame, as_read: Sequence[str]) -> DataFrame:
    """The quarantine's rows of those whose fate it is.

    Args:
        rows: with source, `_fate`, `_reasons` and `_raw_json`.
        as_read: columns that stand for the raw row where `_raw_json` is null.

    Returns:
        One row per source and distinct raw row: source, row_hash, reasons, raw, occurrences.

    Examples:
        >>> rows = spark.createDataFrame([("shop", "quarantined", ["x: missing"], '{"x":null}')] * 2,
        ...     "source string, _fate string, _reasons array<string>, _raw_json string")
        >>> quarantined(rows, ["source"]).select("reasons", "raw", "occurrences").first()[:]
        (['x: missing'], '{"x":null}', 2)
    """
    raw = F.coalesce("_raw_json", F.to_json(F.struct(*as_read)))
    rejected = rows.where("_fate = 'quarantined'").select("source", "_reasons", raw.alias("raw"))
    return rejected.groupBy("source", F.sha2("raw", 256).alias("row_hash")).agg(
        F.array_sort(F.array_distinct(F.flatten(F.collect_set("_reasons")))).alias("reasons"),
        F.min("raw").alias("raw"),
        F.count("*").alias("occurrences"),
    )
