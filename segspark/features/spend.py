"""Spend: amounts and discounts of purchases and returns, by day."""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum, ratio
from segspark.config.model import Features


def daily_spend(money: DataFrame) -> DataFrame:
    """Exact sums per customer and day.

    Args:
        money: events of type purchase or return, with `local_date`.

    Returns:
        One row per customer_id and local_date: net (purchases and returns), gross and discount (purchases only).
    """
    purchase = F.col("event_type") == "purchase"
    return money.groupBy("customer_id", "local_date").agg(
        _total("amount").alias("net"),
        F.sum(F.when(purchase, F.col("amount"))).cast("decimal(38,4)").alias("gross"),
        F.sum(F.when(purchase, F.col("discount"))).cast("decimal(38,4)").alias("discount"),
    )


def spend_features(daily: DataFrame, as_of: date, settings: Features) -> DataFrame:
    """Monetary value, discount share, recent and decayed spend, and its trend.

    Args:
        daily: as daily_spend returns it, all before as_of.
        as_of: the date at whose midnight the customer is looked at.

    Returns:
        One row per customer_id.
    """
    aged = daily.withColumn("age", F.datediff(F.lit(as_of), "local_date"))
    longest = max(settings.windows_days)
    discount = F.coalesce(F.sum("discount"), F.lit(0))
    return aged.groupBy("customer_id").agg(
        _total("net").alias("monetary_value"),
        ratio(discount, F.sum("gross") + discount).alias("discount_share"),
        *[_total("net", F.col("age") <= days).alias(f"spend_sum_{days}d") for days in settings.windows_days],
        _trend(longest).alias(f"spend_trend_{longest}d"),
        *_decayed_spend(settings),
    )


def _total(name: str, condition: SparkColumn | None = None) -> SparkColumn:
    value = F.col(name) if condition is None else F.when(condition, F.col(name))
    return F.coalesce(F.sum(value), F.lit(0)).cast("decimal(38,4)")


def _trend(days: int) -> SparkColumn:
    last = _total("gross", F.col("age") <= days)
    before = _total("gross", (F.col("age") > days) & (F.col("age") <= 2 * days))
    return ratio(last - before, last + before)


def _decayed_spend(settings: Features) -> list[SparkColumn]:
    days = settings.half_lives.get("spend")
    weight = F.pow(F.lit(2.0), -F.col("age") / F.lit(float(days or 1)))
    return [exact_sum(F.col("net").cast("double") * weight).alias(f"spend_decayed_{days}d")] if days else []
