"""One row of features for every customer: the families, joined, with the meaning of absence applied."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import local_date, midnight, ratio
from segspark.config.model import Features
from segspark.features.breadth import category_features, category_spend, product_features
from segspark.features.campaigns import campaign_features
from segspark.features.orders import order_features, orders_of
from segspark.features.spend import daily_spend, spend_features
from segspark.tables import Feature

NEVER_NULL = "never null"


def before(events: DataFrame, as_of: date, business_timezone: str) -> DataFrame:
    """Events before as_of's midnight in the business time zone, with their `local_date` in it.

    Examples:
        >>> moments = "timestamp'2018-01-01 04:59:59Z', timestamp'2018-01-01 05:00:00Z'"
        >>> events = spark.sql(f"SELECT explode(array({moments})) AS event_ts")
        >>> before(events, date(2018, 1, 1), "America/New_York").select("local_date").collect()
        [Row(local_date=datetime.date(2017, 12, 31))]
    """
    earlier = events.where(F.col("event_ts") < F.lit(midnight(as_of, business_timezone)))
    return earlier.withColumn("local_date", local_date(F.col("event_ts"), business_timezone))


def known_customers(events: DataFrame, customers: DataFrame, as_of: date, business_timezone: str) -> DataFrame:
    """Everyone with an event or attributes before as_of.

    Returns:
        One row per customer_id.
    """
    moment = F.lit(midnight(as_of, business_timezone))
    described = customers.where(F.col("valid_from").isNull() | (F.col("valid_from") < moment))
    return events.select("customer_id").union(described.select("customer_id")).distinct()


def customer_features(
    events: DataFrame,
    customers: DataFrame,
    as_of: date,
    business_timezone: str,
    settings: Features,
    declared: tuple[Feature, ...],
) -> DataFrame:
    """Compute the features of every customer at as_of.

    Args:
        events: the events table; what is at or after as_of is not read.
        customers: the customers table.
        as_of: date in the business time zone.
        declared: the features, in the order of the result's columns.

    Returns:
        One row per customer_id and as_of.
    """
    earlier = before(events, as_of, business_timezone)
    money = earlier.where(F.col("event_type").isin("purchase", "return"))
    purchases = money.where("event_type = 'purchase'")
    families = [
        order_features(orders_of(purchases), as_of, settings),
        spend_features(daily_spend(money), as_of, settings),
        category_features(category_spend(purchases), settings),
        product_features(purchases),
        campaign_features(earlier, settings),
    ]
    population = known_customers(earlier, customers, as_of, business_timezone)
    joined = reduce(lambda left, right: left.join(right, on="customer_id", how="left"), families, population)
    order_value = ratio(F.col("monetary_value"), F.col("frequency"))
    return joined.withColumn("average_order_value", order_value).select(
        "customer_id", F.lit(as_of).alias("as_of"), *[_with_default(feature) for feature in declared]
    )


def _with_default(feature: Feature) -> Column:
    value = F.col(feature.name)
    filled = F.coalesce(value, F.lit(0)) if feature.null_means == NEVER_NULL else value
    return filled.cast(feature.type).alias(feature.name)
