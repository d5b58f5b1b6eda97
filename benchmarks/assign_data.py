"""Customers for the assign benchmark: features of planted groups at two dates, between which some customers moved.

Every value comes from a hash of the customer's number, the column and the seed, so that no partitioning changes it. A
group has a level of its own in each column. One customer in twenty never bought: those get a segment by rule.
"""

from datetime import date

import numpy as np
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.tables import Feature, Table

FAMILIES = ("rfm", "rhythm", "breadth")
INPUTS = (
    "recency_days", "frequency", "monetary_value", "tenure_days", "order_gap_days_mean",
    "weekend_order_share", "products_per_order", "discount_share", "distinct_products", "category_entropy",
)  # fmt: skip
FIRST, MOVED, SAME = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)
_GROUPS = 6
_NEVER = 0.05  # share of customers who never bought
_PARTS = 1_000_003


def customers(spark: SparkSession, table: Table, as_of: date, count: int, moving: float, seed: int) -> DataFrame:
    """The features of so many customers at a date.

    Args:
        spark: a session.
        table: the contract of customer_features: numbers, whose units decide what they look like.
        as_of: FIRST, or a date after it, at which the share of those who moved have all their features drawn anew.
        count: of customers.
        moving: the share.
        seed: decides everything.
    """
    moved = (_uniform(F.lit("moves"), F.lit(seed)) < moving) & F.lit(as_of > FIRST)
    draw = F.lit(seed) + moved.cast("int") * 1000
    drawn = spark.range(count).select("id", draw.alias("draw"))
    group = F.floor(_uniform(F.lit("group"), F.col("draw")) * _GROUPS).cast("int").alias("group")
    never = (_uniform(F.lit("never"), F.lit(seed)) < _NEVER).alias("never")
    features = [one for one in table.columns if isinstance(one, Feature)]
    levels = np.random.default_rng(seed).normal(0.0, 1.0, (len(features), _GROUPS))
    columns = [_value(one, levels[place].tolist(), place).alias(one.name) for place, one in enumerate(features)]
    ids = F.concat(F.lit("c"), F.lpad(F.col("id").cast("string"), 10, "0")).alias("customer_id")
    return drawn.select("*", group, never).select(ids, F.lit(as_of).alias("as_of"), *columns)


def _value(feature: Feature, levels: list[float], place: int) -> Column:
    """Around the group's level: shares between 0 and 1, counts and amounts skewed; unknown for who never bought."""
    noise = sum((_uniform(F.lit(f"{place} {one}"), F.col("draw")) for one in range(3)), F.lit(-1.5))  # nearly normal
    level = F.get(F.array(*map(F.lit, levels)), F.col("group")) + noise
    value = 1 / (1 + F.exp(-level)) if feature.unit == "share" else F.exp(level * 0.8 + 2)
    if feature.type in ("INT", "BIGINT"):
        value = F.floor(value) + 1
    nothing = F.lit(0) if feature.name in ("frequency", "monetary_value") else F.lit(None)
    return F.when(F.col("never"), nothing).otherwise(value).cast(feature.type)


def _uniform(what: Column, seed: Column) -> Column:
    return F.pmod(F.xxhash64("id", what, seed), F.lit(_PARTS)) / F.lit(float(_PARTS))
