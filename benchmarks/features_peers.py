"""The peers of the features benchmark: the same columns of the same Parquet files, by DuckDB or by plain PySpark.

Usage: features_peers.py duckdb|plain FOLDER TARGET
"""

import sys
from pathlib import Path
from string import Template

import duckdb
from events_data import AS_OF
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.config import load_config
from segspark.io.session import open_session

STATEMENT = Path(__file__).parent / "features_duckdb.sql"


def by_duckdb(folder: Path, target: Path) -> None:
    """One SQL statement, with DuckDB's own settings: all cores, most of the memory."""
    files = str(folder / "lake" / "events" / "*.parquet")
    statement = Template(STATEMENT.read_text(encoding="utf-8")).substitute(files=files, as_of=AS_OF)
    connection = duckdb.connect(config={"temp_directory": str(folder / "spill")})
    connection.execute(f"COPY ({statement}) TO '{target}' (FORMAT parquet)")


def by_plain_spark(folder: Path, target: Path) -> None:
    """A groupBy for each kind of thing, exact distinct counts, joined: as most people would write it."""
    spark = open_session(load_config(str(folder / "features.yaml")).spark)
    events = spark.read.parquet(str(folder / "lake" / "events" / "*.parquet"))
    features(events).write.mode("overwrite").parquet(str(target))
    spark.stop()


def features(events: DataFrame) -> DataFrame:
    """One row of features per customer of the events before AS_OF."""
    as_of = F.lit(AS_OF).cast("date")
    events = events.where(F.col("event_date") < as_of).withColumn("age", F.datediff(as_of, "event_date"))
    families = [_totals(events), _rhythm(events), _categories(events), _response(events)]
    joined = families[0]
    for family in families[1:]:
        joined = joined.join(family, "customer_id", "left")
    value = F.col("monetary_value").cast("double") / F.col("frequency")
    joined = joined.withColumn("average_order_value", F.when(F.col("frequency") > 0, value))
    return joined.fillna(0, ["distinct_categories", "orders_decayed_90d"])


def _totals(events: DataFrame) -> DataFrame:
    bought, age = F.col("event_type") == "purchase", F.col("age")
    money = bought | (F.col("event_type") == "return")
    gross = F.sum(F.when(bought, F.col("amount"))).cast("double")
    saved = F.coalesce(F.sum(F.when(bought, F.col("discount"))), F.lit(0)).cast("double")
    latest = _sum(bought & (age <= 90)).cast("double")
    earlier = _sum(bought & (age > 90) & (age <= 180)).cast("double")
    order = F.coalesce("order_id", "event_id")
    decayed = F.sum(F.when(money, F.col("amount").cast("double") * F.pow(F.lit(2.0), -age / 90)))
    return events.groupBy("customer_id").agg(
        F.min(F.when(bought, age)).alias("recency_days"),
        F.max(F.when(bought, age)).alias("tenure_days"),
        F.countDistinct(F.when(bought, order)).alias("frequency"),
        F.countDistinct(F.when(bought, F.col("product_id"))).alias("distinct_products"),
        F.countDistinct(F.when(bought & (age <= 30), order)).alias("orders_count_30d"),
        F.countDistinct(F.when(bought & (age <= 90), order)).alias("orders_count_90d"),
        _sum(money).alias("monetary_value"),
        _sum(money & (age <= 30)).alias("spend_sum_30d"),
        _sum(money & (age <= 90)).alias("spend_sum_90d"),
        F.when(gross + saved != 0, saved / (gross + saved)).alias("discount_share"),
        F.when(latest + earlier != 0, (latest - earlier) / (latest + earlier)).alias("spend_trend_90d"),
        F.coalesce(decayed, F.lit(0.0)).alias("spend_decayed_90d"),
    )


def _sum(condition: F.Column) -> F.Column:
    return F.coalesce(F.sum(F.when(condition, F.col("amount"))), F.lit(0))


def _rhythm(events: DataFrame) -> DataFrame:
    order = F.coalesce("order_id", "event_id").alias("order")
    orders = (
        events.where("event_type = 'purchase'")
        .groupBy("customer_id", order)
        .agg(F.max("age").alias("age"), F.countDistinct("product_id").alias("products"))
    )
    in_turn = Window.partitionBy("customer_id").orderBy(F.desc("age"), "order")
    day = F.date_sub(F.lit(AS_OF).cast("date"), F.col("age"))
    orders = orders.withColumn("gap", F.lag("age").over(in_turn) - F.col("age"))
    return orders.groupBy("customer_id").agg(
        F.avg("gap").alias("order_gap_days_mean"),
        F.stddev_samp("gap").alias("order_gap_days_std"),
        F.avg(F.dayofweek(day).isin(1, 7).cast("int")).alias("weekend_order_share"),
        F.avg("products").alias("products_per_order"),
        F.sum(F.pow(F.lit(2.0), -F.col("age") / 90)).alias("orders_decayed_90d"),
    )


def _categories(events: DataFrame) -> DataFrame:
    known = events.where("event_type = 'purchase' AND category IS NOT NULL")
    spent = known.groupBy("customer_id", "category").agg(F.sum("amount").cast("double").alias("spent"))
    total = F.sum("spent")
    weighted = F.sum(F.when(F.col("spent") > 0, F.col("spent") * F.ln("spent")))
    return spent.groupBy("customer_id").agg(
        F.count("*").alias("distinct_categories"),
        F.when(total > 0, F.greatest(F.ln(total) - weighted / total, F.lit(0.0))).alias("category_entropy"),
        F.when(total != 0, F.max("spent") / total).alias("top_category_share"),
    )


def _response(events: DataFrame) -> DataFrame:
    contacts = (
        events.where("event_type IN ('campaign_sent', 'coupon_redemption') AND campaign_id IS NOT NULL")
        .groupBy("customer_id", "campaign_id")
        .agg(
            F.bool_or(F.col("event_type") == "campaign_sent").alias("reached"),
            F.bool_or(F.col("event_type") == "coupon_redemption").alias("answered"),
        )
    )
    reached = F.count_if("reached")
    rate = F.when(reached > 0, F.count_if(F.col("reached") & F.col("answered")) / reached)
    return contacts.groupBy("customer_id").agg(rate.alias("campaign_response_rate"))


if __name__ == "__main__":
    {"duckdb": by_duckdb, "plain": by_plain_spark}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
