"""Features of events that a test makes up, computed as a look back computes them."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.columns import local_date
from segspark.config.features import Features
from segspark.features.activity import activity, with_taste
from segspark.features.lookback import customer_features
from segspark.features.plan import plan_of
from segspark.tables import CUSTOMERS, EVENTS, FEEDBACK, PRODUCTS, Feature, Table


def empty(spark: SparkSession, table: Table) -> DataFrame:
    return spark.createDataFrame([], ", ".join(f"{one.name} {one.type}" for one in table.columns))


def features_at(
    events: DataFrame, customers: DataFrame | None, dates: list[date], zone: str, settings: Features,
    declared: tuple[Feature, ...], feedback: DataFrame | None = None, products: DataFrame | None = None,
    embeddings: DataFrame | None = None,
) -> DataFrame:  # fmt: skip
    """Frames may lack columns of their tables; event_date follows from event_ts."""
    spark = events.sparkSession
    given = zip((CUSTOMERS, FEEDBACK, PRODUCTS), (customers, feedback, products), strict=True)
    people, said, goods = (
        empty(spark, table) if frame is None else empty(spark, table).unionByName(frame, allowMissingColumns=True)
        for table, frame in given
    )
    dated = events.withColumn("event_date", local_date(F.col("event_ts"), zone))
    complete = empty(spark, EVENTS).unionByName(dated, allowMissingColumns=True)
    plan = plan_of(declared, settings)
    seen = activity(complete, said, zone)
    seen = seen if embeddings is None else with_taste(seen, embeddings)
    return customer_features(seen, people, goods, dates, zone, plan, declared)
