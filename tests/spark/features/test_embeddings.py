"""Product embeddings and tastes: two made-up worlds of products that nobody buys together, and means by hand."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from statistics import fmean

import pytest
from pyspark.sql import functions as F

from segspark.config.features import Embeddings, Features
from segspark.errors import BadInputError
from segspark.features.baskets import sampled, sentences
from segspark.features.declarations import declared_features
from segspark.features.embeddings import customer_means, principal_components, product_embeddings, product_vectors
from tests.spark.features.computing import features_at

TEA, CAR = ("tea", "cup", "kettle", "honey", "lemon"), ("tyre", "oil", "wiper", "fuse", "wax")
SETTINGS = Embeddings(components=2, vector_size=8, iterations=10, min_count=3)
SEED = 7
SCHEMA = "event_id STRING, customer_id STRING, event_type STRING, order_id STRING, session_id STRING, product_id STRING"


def lines_of(orders: int) -> list[tuple[str | None, ...]]:
    """So many orders of three products, each of one world; 20 customers of each world."""
    draw, rows = random.Random(1), []
    for number in range(orders):
        world, name = ((TEA, "drinker"), (CAR, "driver"))[number % 2]
        for product in draw.sample(world, 3):
            customer = f"{name}{number // 2 % 20}"
            rows.append((f"e{len(rows)}", customer, "purchase", f"o{number}", None, product))
    return rows


@pytest.fixture(scope="module")
def events(spark):
    return spark.createDataFrame(lines_of(400), SCHEMA).persist()


@pytest.fixture(scope="module")
def components(events):
    rows = product_embeddings(events, SETTINGS, SEED).collect()
    return {row["product_id"]: row["components"] for row in rows}


def cosine(a, b) -> float:
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def test_products_of_one_world_are_nearer_to_each_other_than_to_any_of_the_other(events):
    baskets = sampled(sentences(events, SETTINGS), SETTINGS.baskets, SEED)
    found = {row["product_id"]: row["vector"] for row in product_vectors(baskets, SETTINGS, SEED).collect()}
    assert found.keys() == {*TEA, *CAR}
    within = [cosine(found[a], found[b]) for world in (TEA, CAR) for a in world for b in world if a < b]
    across = [cosine(found[a], found[b]) for a in TEA for b in CAR]
    assert fmean(within) > fmean(across) + 0.3
    assert min(within) > max(across)


def test_the_first_component_tells_the_worlds_apart(components):
    tea, car = ({components[one][0] > 0 for one in world} for world in (TEA, CAR))
    assert len(tea) == len(car) == 1
    assert tea != car


def test_embeddings_are_the_same_to_the_bit_however_the_events_are_spread(events, components):
    for parts, order in ((1, F.desc("event_id")), (7, F.xxhash64("event_id"))):
        spread = events.repartition(parts, "event_id").sortWithinPartitions(order)
        found = product_embeddings(spread, SETTINGS, SEED).collect()
        assert {row["product_id"]: row["components"] for row in found} == components


def test_another_seed_learns_other_embeddings(events, components):
    found = product_embeddings(events, SETTINGS, SEED + 1).collect()
    assert {row["product_id"]: row["components"] for row in found} != components


def test_the_customers_mean_taste_is_the_middle_of_the_components(events, components):
    """By hand: the mean of each customer's lines, and over customers; the components are less this mean, so zero."""
    bought: dict[str, list[str]] = {}
    for _, customer, _, _, _, product in lines_of(400):
        bought.setdefault(customer, []).append(product)
    for at in range(2):
        tastes = [fmean(components[one][at] for one in products) for products in bought.values()]
        assert fmean(tastes) == pytest.approx(0, abs=1e-9)


def test_components_are_ordered_by_how_much_customers_differ_in_them(spark):
    """Customers at (±1, ±3): the second number comes first, the first second; the largest loading is positive."""
    tastes = spark.createDataFrame([([a, b],) for a in (-1.0, 1.0) for b in (-3.0, 3.0)], "vector ARRAY<DOUBLE>")
    vectors = spark.createDataFrame([("p", [10.0, 20.0])], "product_id STRING, vector ARRAY<DOUBLE>")
    (row,) = principal_components(vectors, tastes.coalesce(1), 2).collect()
    assert row["components"] == pytest.approx([20.0, 10.0])


def test_a_return_and_a_product_without_a_vector_have_no_part_in_a_customers_mean(spark):
    rows = [("1", "c", "purchase", "o", None, "p"), ("2", "c", "return", "o", None, "q"),
            ("3", "c", "purchase", "o", None, "r"), ("4", "d", "purchase", "o", None, "r")]  # fmt: skip
    vectors = spark.createDataFrame([("p", [1.0, 0.0]), ("q", [0.0, 1.0])], "product_id STRING, vector ARRAY<DOUBLE>")
    settings = Embeddings(components=1, vector_size=2)
    found = customer_means(spark.createDataFrame(rows, SCHEMA), vectors, settings, SEED).collect()
    assert [(row["customer_id"], row["vector"]) for row in found] == [("c", [1.0, 0.0])]


def test_a_session_is_a_sentence_of_what_was_looked_at_in_it_too(spark):
    rows = [("1", "c", "product_view", None, "s", "p"), ("2", "c", "purchase", "o", "s", "q"),
            ("3", "c", "product_view", None, "t", "p"), ("4", "d", "product_view", None, "s", "r"),
            ("5", "c", "search", None, "s", None)]  # fmt: skip
    found = sentences(spark.createDataFrame(rows, SCHEMA), Embeddings(of="sessions")).collect()
    assert [(row["customer_id"], row["sentence"], sorted(row["products"])) for row in found] == [("c", "s", ["p", "q"])]


def test_too_few_orders_are_an_error_that_says_what_was_found_and_what_to_do(spark):
    with pytest.raises(BadInputError) as error:
        product_embeddings(spark.createDataFrame(lines_of(99), SCHEMA), SETTINGS, SEED)
    assert "found 99 orders of two products or more, and 10 products in at least 3" in str(error.value)
    assert "at least 100 orders and 3 products are needed" in str(error.value)
    assert "features.embeddings.min_count" in str(error.value)


def test_too_few_products_of_enough_orders_are_an_error(events):
    with pytest.raises(BadInputError, match="and 0 products in at least 1000 of them"):
        product_embeddings(events, SETTINGS.model_copy(update={"min_count": 1000}), SEED)


def test_sessions_without_a_purchase_have_no_customers_to_take_components_of(spark):
    looked = [(e, c, "product_view", None, o, p) for e, c, _, o, _, p in lines_of(200)]
    settings = SETTINGS.model_copy(update={"of": "sessions"})
    with pytest.raises(BadInputError, match="found 0 customers who bought a product with a vector; at least 3"):
        product_embeddings(spark.createDataFrame(looked, SCHEMA), settings, SEED)


AS_OF = date(2026, 6, 30)
TASTES = Features(families=["embeddings"], embeddings=Embeddings(components=2, half_life_days=90))


def at(ago: int) -> datetime:
    return datetime(2026, 6, 30, 12, tzinfo=UTC) - timedelta(days=ago)


@pytest.fixture(scope="module")
def tastes(spark):
    """Products p at (1, 0), q at (3, -2); r has no vector."""
    rows = [
        ("1", "both", at(90), "purchase", "p"),
        ("2", "both", at(180), "purchase", "q"),
        ("3", "both", at(90), "purchase", "r"),
        ("4", "both", at(90), "return", "q"),
        ("5", "both", at(90), "product_view", "q"),
        ("6", "twice", at(90), "purchase", "p"),
        ("7", "twice", at(90), "purchase", "p"),
        ("8", "unknown", at(90), "purchase", "r"),
        ("9", "long_gone", at(3601), "purchase", "p"),
        ("10", "today", at(0), "purchase", "p"),
        ("11", "today", at(90), "page_view", None),
    ]
    events = spark.createDataFrame(
        rows, "event_id STRING, customer_id STRING, event_ts TIMESTAMP, event_type STRING, product_id STRING"
    )
    embeddings = spark.createDataFrame(
        [("p", [1.0, 0.0]), ("q", [3.0, -2.0])], "product_id STRING, components ARRAY<DOUBLE>"
    )
    declared = declared_features(TASTES, "USD")
    found = features_at(events, None, [AS_OF], "UTC", TASTES, declared, embeddings=embeddings)
    return {row["customer_id"]: (row["taste_1"], row["taste_2"]) for row in found.collect()}


def test_taste_is_the_mean_of_lines_bought_halved_with_age(tastes):
    # p weighs 1/2, q 1/4: (1/2 * 1 + 1/4 * 3) / (3/4), 1/4 * -2 / (3/4)
    assert tastes["both"] == pytest.approx((5 / 3, -2 / 3))
    assert tastes["twice"] == pytest.approx((1.0, 0.0))


def test_taste_is_null_where_nothing_with_a_vector_was_bought_before_as_of_or_only_forty_half_lives_ago(tastes):
    assert tastes["unknown"] == tastes["today"] == tastes["long_gone"] == (None, None)


def test_there_are_no_tastes_unless_they_are_switched_on():
    assert not [one for one in declared_features(Features(), "USD") if one.name.startswith("taste")]
    assert not Features().families.count("embeddings")
