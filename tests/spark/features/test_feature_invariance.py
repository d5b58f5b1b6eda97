"""Features do not depend on the order of rows, their partitioning or the number of shuffle partitions: not by a bit."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from segspark.config.features import Features
from segspark.features.declarations import declared_features
from tests.spark.features.computing import features_at

SETTINGS = Features(category_shares={"one": "c1"})
DECLARED = declared_features(SETTINGS, "USD")
SCHEMA = (
    "event_id STRING, customer_id STRING, event_ts TIMESTAMP, event_type STRING, order_id STRING, product_id STRING, "
    "category STRING, amount DECIMAL(18,4), discount DECIMAL(18,4), campaign_id STRING"
)


def made_up_events():
    """600 events of 12 customers whose amounts have no exact double, many at the same instant."""
    draw = random.Random(5)
    start = datetime(2017, 6, 1, tzinfo=UTC)
    found = []
    for number in range(600):
        kind = draw.choice(["purchase"] * 6 + ["return", "campaign_sent", "coupon_redemption"])
        amount = Decimal(draw.randint(0, 10**9)) / 10_000
        hours = 6 * draw.randint(0, 900)
        found.append(
            (
                f"e{number}",
                f"c{draw.randint(1, 12)}",
                start + timedelta(hours=hours),
                kind,
                draw.choice([None, f"o{hours // 480}"]),
                f"p{draw.randint(1, 30)}",
                draw.choice([None, "c1", "c2", "c3", "c4", "c5"]),
                {"purchase": amount, "return": -amount}.get(kind),
                draw.choice([None, Decimal(draw.randint(0, 10**6)) / 10_000]),
                draw.choice([None, f"k{draw.randint(1, 4)}"]),
            )
        )
    return found


EVENTS = made_up_events()


@pytest.fixture(scope="module")
def features_of(spark):
    customers = spark.createDataFrame([("c1", None), ("c99", None)], "customer_id STRING, valid_from TIMESTAMP")

    def compute(rows, partitions):
        frame = spark.createDataFrame(rows, SCHEMA).repartition(partitions)
        found = features_at(frame, customers, [date(2018, 1, 1)], "America/New_York", SETTINGS, DECLARED)
        return sorted(found.collect(), key=lambda row: row["customer_id"])

    return compute


@pytest.fixture(scope="module")
def reference(features_of):
    return features_of(EVENTS, 1)


@pytest.fixture
def shuffle_partitions(spark):
    names = ("spark.sql.shuffle.partitions", "spark.sql.adaptive.enabled")
    before = {name: spark.conf.get(name) for name in names}
    spark.conf.set("spark.sql.adaptive.enabled", "false")  # it would merge the small partitions again
    yield lambda number: spark.conf.set("spark.sql.shuffle.partitions", str(number))
    for name, value in before.items():
        spark.conf.set(name, value)


@pytest.mark.parametrize(("seed", "partitions", "shuffled_to"), [(1, 2, 1), (2, 7, 5)])
def test_the_order_and_partitioning_of_the_rows_change_nothing(
    features_of, reference, shuffle_partitions, seed, partitions, shuffled_to
):
    shuffle_partitions(shuffled_to)
    permuted = list(EVENTS)
    random.Random(seed).shuffle(permuted)
    assert features_of(permuted, partitions) == reference


def test_the_made_up_events_exercise_every_feature(reference):
    values = {one.name: {row[one.name] for row in reference} for one in DECLARED}
    assert {name for name, found in values.items() if len(found) < 3} == set()
