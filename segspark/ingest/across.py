"""Rules that one row alone cannot break: values that others have, keys that another table lacks, data that is old."""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import local_date
from segspark.config.sources import Rule
from segspark.ingest.rules import column_of, restricted, rule_reason

_FIELDS = {"reject": "_reasons", "warn": "_warnings", "fail": "_fatal"}


def with_unknown_keys(rows: DataFrame, rule: Rule, known: DataFrame) -> DataFrame:
    """Apply a foreign_key rule: a value that is not among the known keys breaks it.

    Args:
        rows: judged rows.
        rule: foreign_key.
        known: `_known`, the keys that there are.

    Examples:
        >>> rows = spark.sql("SELECT explode(array('p', 'q')) AS product_id, CAST(NULL AS ARRAY<STRING>) AS _reasons")
        >>> rule = Rule(column="product_id", check="foreign_key", table="products")
        >>> found = with_unknown_keys(rows, rule, spark.sql("SELECT 'p' AS _known"))
        >>> sorted((row["product_id"], row["_reasons"]) for row in found.collect())
        [('p', None), ('q', ['product_id: not in products'])]
    """
    keys = known.where("_known IS NOT NULL").distinct().withColumn("_found", F.lit(True))
    joined = rows.withColumn("_value", column_of(rule).cast("string")).join(
        keys, on=F.col("_value") == F.col("_known"), how="left"
    )
    broken = F.col("_value").isNotNull() & F.col("_found").isNull()
    return joined.withColumns(_told(rule, broken)).drop("_value", "_known", "_found")


def with_repeated_values(rows: DataFrame, rule: Rule, key: str, stored: DataFrame) -> DataFrame:
    """Apply a unique rule: of the rows that share a value the stored one keeps it, else the one with the smallest key.

    Args:
        rows: judged rows with the key.
        rule: unique.
        key: column that identifies a row; rows with the same key are versions of one another and share what they like.
        stored: rows of the table, with the rule's column.

    Examples:
        >>> rows = spark.createDataFrame([(k, v, None) for k, v in (("1", "a"), ("2", "a"), ("3", "b"))],
        ...     "k string, v string, _reasons array<string>")
        >>> stored = spark.sql("SELECT '0' AS k, 'b' AS v")
        >>> found = with_repeated_values(rows, Rule(column="v", check="unique"), "k", stored)
        >>> sorted(row["k"] for row in found.where("size(_reasons) > 0").collect())
        ['2', '3']
    """
    new = rows.select(column_of(rule).alias("_value"), F.col(key).alias("_key"), F.lit(False).alias("_old"))
    old = stored.select(column_of(rule).alias("_value"), F.col(key).alias("_key"), F.lit(True).alias("_old"))
    owners = (
        new.unionAll(old)
        .where("_value IS NOT NULL")
        .groupBy("_value")
        .agg(F.min(F.struct(~F.col("_old"), "_key"))["_key"].alias("_owner"))
        .withColumnRenamed("_value", "_owned")
    )
    joined = rows.join(owners, on=column_of(rule) == F.col("_owned"), how="left")
    broken = F.col("_owner").isNotNull() & ~F.col("_owner").eqNullSafe(F.col(key))
    return joined.withColumns(_told(rule, broken)).drop("_owned", "_owner")


def is_stale(newest: date | None, rule: Rule, as_of: date) -> bool:
    """Whether the newest date of a source breaks a freshness rule; without any date nothing can be said.

    Examples:
        >>> rule = Rule(column="event_ts", check="freshness", severity="warn", within_days=2)
        >>> is_stale(date(2026, 1, 1), rule, date(2026, 1, 3)), is_stale(date(2026, 1, 1), rule, date(2026, 1, 4))
        (False, True)
    """
    return newest is not None and (as_of - newest).days > (rule.within_days or 0)


def newest_date(rule: Rule, business_timezone: str) -> SparkColumn:
    """The newest date of a rule's column, as an aggregate."""
    return F.max(local_date(column_of(rule), business_timezone))


def _told(rule: Rule, broken: SparkColumn) -> dict[str, SparkColumn]:
    field = _FIELDS[rule.severity]
    before = F.coalesce(F.col(field).cast("array<string>"), F.array().cast("array<string>"))
    told = F.sort_array(F.concat(before, F.array(F.lit(rule_reason(rule)))))
    return {field: F.when(restricted(broken, rule), told).otherwise(F.col(field).cast("array<string>"))}
