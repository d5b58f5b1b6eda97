"""Quarantine: rejected rows with their reasons, one per distinct row; and reading them again."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from segspark.columns import quoted

REJECTED, SUPERSEDED = "rejected", "superseded"


def raw_json(names: Sequence[str], personal: Sequence[str]) -> SparkColumn:
    """A row as it was read, as JSON; what is personal is hashed.

    Examples:
        >>> df = spark.sql("SELECT struct('x' AS a, 'me@home' AS mail) AS _raw")
        >>> df.select(raw_json(["a", "mail"], ["mail"])).first()[0]
        '{"a":"x","mail":"sha256:..."}'
    """
    fields = [F.col(f"_raw.{quoted(name)}") for name in names]
    shown = [
        F.concat(F.lit("sha256:"), F.sha2(field.cast("string"), 256)) if name in personal else field
        for name, field in zip(names, fields, strict=True)
    ]
    return F.to_json(F.struct(*[value.alias(name) for name, value in zip(names, shown, strict=True)]))


def quarantined(rows: DataFrame) -> DataFrame:
    """The quarantine's rows of rejected or superseded ones.

    Args:
        rows: source, `_reasons`, `_raw_json` and `_kind` (rejected or superseded).

    Returns:
        One row per source and distinct raw row: source, row_hash, reasons, raw, kind, occurrences.

    Examples:
        >>> rows = spark.createDataFrame([("shop", ["x: missing"], '{"x":null}', "rejected")] * 2,
        ...     "source string, _reasons array<string>, _raw_json string, _kind string")
        >>> quarantined(rows).select("reasons", "raw", "occurrences").first()[:]
        (['x: missing'], '{"x":null}', 2)
    """
    hashed = F.sha2(F.concat_ws(":", "_kind", "_raw_json"), 256)
    return rows.groupBy("source", hashed.alias("row_hash")).agg(
        F.array_sort(F.array_distinct(F.flatten(F.collect_set("_reasons")))).alias("reasons"),
        F.min("_raw_json").alias("raw"),
        F.min("_kind").alias("kind"),
        F.count("*").alias("occurrences"),
    )


def read_again(quarantine: DataFrame, source: str, schema: StructType) -> DataFrame:
    """The raw rows of a source that its rules rejected, as its reader gave them, each as often as it occurred.

    Args:
        quarantine: the table.
        source: the source's name.
        schema: of the source's rows; a column that a row lacks is null.

    Examples:
        >>> rows = spark.createDataFrame([("shop", '{"x":"1"}', "rejected", "h", 1)],
        ...     "source string, raw string, kind string, row_hash string, occurrences bigint")
        >>> read_again(rows, "shop", spark.sql("SELECT '' AS x").schema).first()["x"]
        '1'
    """
    rows = quarantine.where((F.col("source") == source) & (F.col("kind") == REJECTED))
    parsed = rows.withColumn("_parsed", F.from_json("raw", schema, _PARSING))
    repeated = parsed.select("_parsed", F.explode(F.array_repeat(F.lit(0), F.col("occurrences").cast("int"))))
    return repeated.select("_parsed.*")


_PARSING: Mapping[str, str] = {"mode": "PERMISSIVE", "allowNonNumericNumbers": "true"}
