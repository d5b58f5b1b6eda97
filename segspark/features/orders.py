"""Orders: what a customer's purchases say about recency, frequency and rhythm."""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.columns import exact_sum, ratio
from segspark.config.model import Features

_SATURDAY, _SUNDAY = 7, 1


def orders_of(purchases: DataFrame) -> DataFrame:
    """Orders: purchases of one customer under one order_id; a purchase without one is an order of its own.

    Args:
        purchases: events of type purchase, with `local_date`.

    Returns:
        One row per customer_id and order_key: order_date (that of the first line), products (distinct).
    """
    order_key = F.coalesce(F.concat(F.lit("o:"), F.col("order_id")), F.concat(F.lit("e:"), F.col("event_id")))
    return purchases.groupBy("customer_id", order_key.alias("order_key")).agg(
        F.min_by("local_date", "event_ts").alias("order_date"), F.count_distinct("product_id").alias("products")
    )


def order_features(orders: DataFrame, as_of: date, settings: Features) -> DataFrame:
    """Recency, frequency, tenure, rhythm, weekend share, recent and decayed orders.

    Args:
        orders: as orders_of returns them, all before as_of.
        as_of: the date at whose midnight the customer is looked at.

    Returns:
        One row per customer_id.
    """
    by_day = Window.partitionBy("customer_id").orderBy("order_date", "order_key")
    gap = F.datediff("order_date", F.lag("order_date").over(by_day)).cast("bigint")
    age = F.datediff(F.lit(as_of), "order_date")
    with_gaps = orders.select("customer_id", "order_date", "products", gap.alias("gap"), age.alias("age"))
    return with_gaps.groupBy("customer_id").agg(
        F.min("age").alias("recency_days"),
        F.count("*").alias("frequency"),
        F.max("age").alias("tenure_days"),
        ratio(F.sum("gap"), F.count("gap")).alias("order_gap_days_mean"),
        _deviation("gap").alias("order_gap_days_std"),
        ratio(F.count_if(F.dayofweek("order_date").isin(_SATURDAY, _SUNDAY)), F.count("*")).alias(
            "weekend_order_share"
        ),
        ratio(F.sum("products"), F.count("*")).alias("products_per_order"),
        *[F.count_if(F.col("age") <= days).alias(f"orders_count_{days}d") for days in settings.windows_days],
        *_decayed_orders(settings),
    )


def _deviation(name: str) -> SparkColumn:
    """Sample standard deviation from whole-number sums, so that no order of rows changes a bit."""
    value = F.col(name).cast("decimal(19,0)")
    n, total, squares = F.count(name), F.sum(value), F.sum(value * value)
    variance = ratio(n * squares - total * total, n * (n - 1))
    return F.when(n >= 2, F.sqrt(variance))


def _decayed_orders(settings: Features) -> list[SparkColumn]:
    days = settings.half_lives.get("orders")
    weight = F.pow(F.lit(2.0), -F.col("age") / F.lit(float(days or 1)))
    return [exact_sum(weight).alias(f"orders_decayed_{days}d")] if days else []
