"""The two engines beside each other: Spark, and DuckDB in the executors, over tables with all there is."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from pyspark.sql import functions as F

from benchmarks.events_data import ZONE, generate
from segspark.config.features import Family
from segspark.config.model import Config
from segspark.errors import BadInputError
from segspark.features.plan import plan_of
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.features import features
from segspark.steps.state import keep
from segspark.tables import CUSTOMER_DIMENSION, FEEDBACK, PRODUCTS
from tests.integration.test_state import assert_same, change_events

FAMILIES = sorted(set(get_args(Family)) - {"embeddings"})
OWN = [
    {"name": "big_lines", "aggregate": "count_if(amount > 20 AND category RLIKE 'c[0-4]')", "description": "Big."},
    {"name": "weight", "aggregate": "sum(try_cast(properties['weight'] AS DOUBLE) / 3)", "type": "number",
     "description": "Weight."},
    {"name": "paid_by_app", "aggregate": "sum(IF(channel = 'app', amount, 0))", "type": "money", "windows_days": [30],
     "description": "Paid in the app."},
    {"name": "cities", "aggregate": "count(DISTINCT properties['city'])", "description": "Cities."},
]  # fmt: skip
SETTINGS = {
    "families": FAMILIES,
    "own": OWN,
    "category_shares": {"first": "c1", "odd": "it's"},
    "channel_shares": {"app": "app"},
    "private_label": "brand LIKE 'own%' AND attributes['x'] IS NULL",
    "state_from_mb": 0,
}


def context_of(folder, **more: object) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder)},
            "time": {"business_timezone": ZONE},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": SETTINGS | more,
        }
    )
    return Context(config, date(2024, 12, 30), Reporter())


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """A log with properties, feedback and brands, in a folder whose name is full of signs."""
    folder = tmp_path_factory.mktemp("lake") / "a[b]*? %41'é"
    generate(folder.parent / "log", 12_000, 300, seed=5, hot=0.05)
    context = context_of(folder)
    log = spark.read.parquet(str(folder.parent / "log"))
    number = F.xxhash64("event_id") % 7
    some = F.map_from_arrays(
        F.array(*[F.lit(name) for name in ("device", "cost", "weight", "city", "sentiment")]),
        F.array(F.when(number > 0, "Mobile").otherwise("desk"), (number * 1.01).cast("string"),
                (number / 7).cast("string"), number.cast("string"), F.when(number > 3, (number / 10).cast("string"))),
    )  # fmt: skip
    events = log.withColumns({"properties": F.when(number >= 0, some), "rating": F.abs(number) / 3})
    change_events(context, events, "insert")
    products = log.select("product_id").where("product_id IS NOT NULL").distinct()
    kind = F.xxhash64("product_id") % 5
    brand = F.when(kind > 0, "own").when(kind < -1, "other").otherwise(F.lit(None))
    change_events(context, products.withColumn("brand", brand), "insert", PRODUCTS)
    said = log.where("event_type = 'review'").select(
        F.col("event_id").alias("feedback_id"), "customer_id", F.col("event_ts").alias("feedback_ts"),
        F.lit("survey").alias("kind"), F.lit(4.5).alias("rating"), "product_id",
    )  # fmt: skip
    change_events(context, said, "insert", FEEDBACK)
    return folder


@pytest.mark.slow
def test_both_engines_keep_the_same_of_every_family_and_of_features_of_ones_own(lake):
    by_spark = context_of(lake)
    plan = plan_of(by_spark.features, by_spark.config.features)
    tables = (plan.daily_table, CUSTOMER_DIMENSION, plan.state_table)
    keep(by_spark, plan, "spark", rebuild=True)
    expected = {table.name: by_spark.lake.read(table).drop("run_id").localCheckpoint() for table in tables}
    by_duckdb = context_of(lake, engine="duckdb")
    keep(by_duckdb, plan, "duckdb", rebuild=True)
    runs = by_duckdb.lake.read(CUSTOMER_DIMENSION).select("run_id").distinct()
    assert [row[0] for row in runs.collect()] == ["duckdb"]
    for table in tables:
        assert_same(by_duckdb.lake.read(table).drop("run_id"), expected[table.name], table.name)


@pytest.mark.slow
def test_both_engines_look_back_to_the_same_features(lake):
    found = []
    for engine in ("spark", "duckdb"):
        context = context_of(lake, engine=engine, state_from_mb=1_000_000, off=["churned"])
        features(context)
        found.append(context.lake.read(context.features_table).localCheckpoint())
    assert found[0].count() > 200
    assert_same(found[1], found[0], "features")


@pytest.mark.slow
def test_an_aggregate_that_duckdb_does_not_know_is_refused_by_name(lake):
    own = [{"name": "odd", "aggregate": "sum(bround(amount, 1))", "type": "number", "description": "Odd."}]
    context = context_of(lake, engine="duckdb", own=own)
    plan = plan_of(context.features, context.config.features)
    with pytest.raises(BadInputError, match=r"features\.engine: duckdb cannot be used here: .*bround.*set it to spark"):
        keep(context, plan, "odd", rebuild=True)
