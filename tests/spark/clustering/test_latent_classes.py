"""Latent classes on Spark: counting answer patterns, and the SQL stage against posteriors computed by hand."""

from collections.abc import Iterator
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.clustering.answer_patterns import Item, Patterns, answer_patterns
from segspark.clustering.latent_classes import LatentClasses
from segspark.clustering.latent_fitting import fit
from segspark.clustering.latent_scoring import class_count, transformer
from segspark.errors import BadInputError

HOSTILE = [
    "it's", '"quoted"', "a\\b", "a\\", "\\'", "\\\\'", "100%", "%s", "`tick`", "two\nlines", "tab\t", "naïve 日本 🎉",
    "", " ", "__THIS__", "${env:HOME}", "{x}", "'; DROP TABLE x; --", "/* comment", "NULL", "null", "\\u0041", "\x00",
    "1D",
]  # fmt: skip


def rows(found: Patterns) -> list[tuple[tuple[int, ...], int]]:
    return [(tuple(codes), count) for codes, count in zip(found.codes.tolist(), found.counts.tolist(), strict=True)]


def model_of(items: list[Item], shares: list[float], probabilities: list[list[list[float]]]) -> LatentClasses:
    """A model by its shares and, for each item, the probabilities of its levels in each class."""
    logs = tuple(np.log(one) for one in probabilities)
    return LatentClasses(tuple(items), np.log(shares), logs, 0.0, 0.0, 1, True, 1)


@pytest.fixture(scope="module")
def survey(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [
            ("1", "red", 1, True, 0.5),
            ("2", "red", 1, True, 0.5),
            ("3", "blue", 2, None, 0.5),
            ("4", None, 1, False, float("nan")),
            ("5", None, None, None, None),
            ("6", None, None, None, float("nan")),
            ("7", "red", 1, True, 0.5),
        ],
        "customer_id string, colour string, size int, member boolean, rate double",
    )


def test_patterns_are_counted_with_missing_answers(survey: DataFrame) -> None:
    found = answer_patterns(survey, ["colour", "size", "member", "rate"])

    assert found.items == (
        Item("colour", ("red", "blue")),
        Item("size", ("1", "2")),
        Item("member", ("true", "false")),
        Item("rate", ("0.5",)),
    )
    # Customers 5 and 6 answered nothing.
    assert rows(found) == [((-1, 0, 1, -1), 1), ((0, 0, 0, 0), 3), ((1, 1, -1, 0), 1)]
    assert (found.customers, found.cells) == (5, 8)


@pytest.fixture(scope="module")
def towns(spark: SparkSession) -> DataFrame:
    frame = spark.createDataFrame(
        [("Oslo", 3), ("Rome", 2), ("Bath", 2), ("Zug", 2), ("Ulm", 1), (None, 1)], "town string, customers int"
    )
    return frame.select("town", F.explode(F.sequence(F.lit(1), "customers")).alias("customer_id"))


def test_rare_levels_become_one(towns: DataFrame) -> None:
    found = answer_patterns(towns, ["town"], max_levels=3)

    # Of the three towns with two customers, the first two in the order of their letters.
    assert found.items == (Item("town", ("Oslo", "Bath", "Rome"), others=True),)
    # Code 3 are Zug, twice, and Ulm; who gave no town is left out.
    assert rows(found) == [((0,), 3), ((1,), 2), ((2,), 2), ((3,), 3)]


def test_no_partitioning_changes_the_patterns(towns: DataFrame) -> None:
    found = [
        answer_patterns(frame, ["town"], max_levels=3) for frame in (towns, towns.repartition(7), towns.coalesce(1))
    ]

    assert [(one.items, rows(one)) for one in found] == [(found[0].items, rows(found[0]))] * 3


def test_a_level_that_is_called_other_stays_itself(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("other",)] * 3 + [("a",)] * 2 + [("b",), ("c",)], "x string")

    found = answer_patterns(frame, ["x"], max_levels=2)

    assert found.items == (Item("x", ("other", "a"), others=True),)
    assert rows(found) == [((0,), 3), ((1,), 2), ((2,), 2)]


def test_too_many_patterns_are_refused_with_their_number(spark: SparkSession) -> None:
    frame = spark.range(60).selectExpr("id % 5 AS five", "id % 4 AS four", "id % 3 AS three")

    assert len(answer_patterns(frame, ["five", "four", "three"], max_patterns=60).counts) == 60
    with pytest.raises(BadInputError, match="60 distinct answer patterns, of which at most 59") as refused:
        answer_patterns(frame, ["three", "five", "four"], max_patterns=59)
    assert "(five 5, four 4, three 3)" in str(refused.value)


def test_columns_that_cannot_be_items_are_all_named(spark: SparkSession) -> None:
    frame = spark.sql("SELECT array(1) AS many, CAST(NULL AS STRING) AS silent, 'a' AS x")

    with pytest.raises(BadInputError) as refused:
        answer_patterns(frame, ["many", "lost", "x"])
    assert [problem.split("; ")[0] for problem in refused.value.problems] == [
        "latent classes: no column 'lost'",
        "latent classes: 'many' is array<int>, no category",
    ]
    with pytest.raises(BadInputError, match="'silent' is null for every customer"):
        answer_patterns(frame, ["x", "silent"])
    with pytest.raises(BadInputError, match="no columns given"):
        answer_patterns(frame, [])


def test_a_million_customers_are_fitted_on_their_32_patterns(spark: SparkSession) -> None:
    # Six of ten customers say yes with probability 0.9, the others with 0.2, to each of five questions.
    likely = F.when(F.col("id") % 10 < 6, 90).otherwise(20)
    asked = [(F.pmod(F.xxhash64("id", F.lit(at)), F.lit(100)) < likely).alias(f"q{at}") for at in range(5)]
    customers = spark.range(1_000_000).select(*asked)

    found = answer_patterns(customers, [f"q{at}" for at in range(5)], max_patterns=32)
    model = fit(found, 2, seeds=[1, 2])

    # All that is fetched and fitted on; with max_patterns=32, 33 rows would have been refused.
    assert (found.codes.shape, found.customers) == ((32, 5), 1_000_000)
    assert model.shares == pytest.approx([0.6, 0.4], abs=5e-3)
    assert [
        exp(logs[one, item.levels.index("true")])
        for one in (0, 1)
        for item, logs in zip(model.items, model.log_probabilities, strict=True)
    ] == pytest.approx([0.9] * 5 + [0.2] * 5, abs=5e-3)


def test_the_stage_gives_the_posteriors_computed_by_hand(spark: SparkSession) -> None:
    model = model_of(
        [Item("colour", ("red", "blue")), Item("size", ("1", "2", "3"))],
        [0.5, 0.3, 0.2],
        [[[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]], [[0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4]]],
    )
    frame = spark.createDataFrame(
        [("a", "red", 1), ("b", "blue", 3), ("c", None, 3), ("d", None, None), ("e", "green", 9), ("f", "blue", None)],
        "customer_id string, colour string, size int",
    )

    found = {row["customer_id"]: row for row in transformer(model).transform(frame).collect()}

    by_hand = {
        "a": [0.5 * 0.9 * 0.6, 0.3 * 0.5 * 0.2, 0.2 * 0.2 * 0.3],
        "b": [0.5 * 0.1 * 0.1, 0.3 * 0.5 * 0.6, 0.2 * 0.8 * 0.4],
        "c": [0.5 * 0.1, 0.3 * 0.6, 0.2 * 0.4],
        "d": [0.5, 0.3, 0.2],  # nothing answered
        "e": [0.5, 0.3, 0.2],  # nothing known
        "f": [0.5 * 0.1, 0.3 * 0.5, 0.2 * 0.8],
    }
    for customer, joint in by_hand.items():
        assert found[customer]["probability"] == pytest.approx([one / sum(joint) for one in joint], abs=1e-12)
    assert {customer: row["prediction"] for customer, row in found.items()} == dict(
        zip("abcdef", [0, 1, 1, 0, 0, 2], strict=True)
    )


def test_the_stage_adds_an_int_and_an_array_of_doubles_and_keeps_the_rest(survey: DataFrame) -> None:
    model = model_of([Item("colour", ("red",), others=True)], [0.5, 0.5], [[[0.5, 0.5], [0.1, 0.9]]])

    found = transformer(model).transform(survey)

    assert found.columns == [*survey.columns, "probability", "prediction"]
    assert [found.schema[name].dataType.simpleString() for name in ("probability", "prediction")] == [
        "array<double>",
        "int",
    ]


def test_ties_go_to_the_lower_class(spark: SparkSession) -> None:
    model = model_of([Item("x", ("a", "b"))], [0.2, 0.4, 0.4], [[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]])

    found = transformer(model).transform(spark.createDataFrame([("a",), (None,)], "x string"))

    assert [row["prediction"] for row in found.collect()] == [1, 1]


def test_unknown_levels_count_as_the_rare_ones_where_there_were_any(spark: SparkSession) -> None:
    model = model_of([Item("x", ("a",), others=True)], [0.5, 0.5], [[[0.8, 0.2], [0.1, 0.9]]])
    frame = spark.createDataFrame([("a",), ("never seen",), (None,), ("NaN",)], "x string")

    found = [row["probability"] for row in transformer(model).transform(frame).collect()]

    assert found == [
        pytest.approx(one, abs=1e-12) for one in ([8 / 9, 1 / 9], [2 / 11, 9 / 11], [0.5, 0.5], [0.5, 0.5])
    ]


def test_answers_that_no_class_gives_together_still_have_posteriors(spark: SparkSession) -> None:
    # Sixty items: the joint probability is far below the smallest double.
    items = [Item(f"q{at}", ("no", "yes")) for at in range(60)]
    model = model_of(items, [0.5, 0.5], [[[1 - 1e-15, 1e-15], [1 - 2e-15, 2e-15]] for _ in items])
    frame = spark.range(1).select(*(F.lit("yes").alias(item.name) for item in items))

    found = transformer(model).transform(frame).first()

    assert found is not None
    assert found["probability"] == pytest.approx([2.0**-60, 1 - 2.0**-60], rel=1e-9)
    assert found["prediction"] == 1


@pytest.fixture(params=["false", "true"])
def escapes(spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which Spark's parser can read backslashes in literals."""
    spark.conf.set("spark.sql.parser.escapedStringLiterals", request.param)
    yield request.param
    spark.conf.unset("spark.sql.parser.escapedStringLiterals")


def test_hostile_levels_are_compared_as_they_are(spark: SparkSession, escapes: str) -> None:
    frame = spark.createDataFrame([(level,) for level in HOSTILE], "x string")
    found = answer_patterns(frame, ["x"], max_levels=len(HOSTILE))
    (item,) = found.items
    assert sorted(item.levels) == sorted(HOSTILE)

    # Each level has odds of its own, so that a level mistaken for another shows.
    odds = {level: at + 1 for at, level in enumerate(item.levels)}
    total = sum(odds.values())
    first = [odds[level] / total for level in item.levels]
    even = [1 / len(HOSTILE)] * len(HOSTILE)
    scored = transformer(model_of([item], [0.5, 0.5], [[first, even]])).transform(frame).collect()

    for row in scored:
        p = odds[row["x"]] / total
        assert row["probability"][0] == pytest.approx(p / (p + even[0]), abs=1e-12), repr(row["x"])


@pytest.mark.parametrize(
    "name", ["it's", "a`b", "``", "two\nlines", "naïve.日本", "100%", "select", "a b", "x'); --", "a\\"]
)
def test_hostile_column_names_are_quoted(spark: SparkSession, name: str) -> None:
    frame = spark.createDataFrame([("a",), ("a",), ("b",)], [name])
    (item,) = answer_patterns(frame, [name]).items

    found = transformer(model_of([item], [0.5, 0.5], [[[0.9, 0.1], [0.3, 0.7]]])).transform(frame)

    assert item == Item(name, ("a", "b"))
    assert [row["probability"][0] for row in found.collect()] == pytest.approx([0.75, 0.75, 0.125])


@pytest.mark.parametrize("name", ["a__THIS__", "${env:HOME}"])
def test_column_names_that_spark_would_replace_are_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="rename the column"):
        transformer(model_of([Item(name, ("a", "b"))], [1.0], [[[0.5, 0.5]]]))


def test_a_saved_pipeline_is_plain_spark_and_gives_the_same(
    spark: SparkSession, survey: DataFrame, tmp_path: Path
) -> None:
    found = answer_patterns(survey, ["colour", "size", "rate"])
    model = model_of(
        list(found.items), [0.7, 0.3], [[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]], [[1.0], [1.0]]]
    )
    place = str(tmp_path / "model")
    PipelineModel(stages=[transformer(model)]).save(place)

    loaded = PipelineModel.load(place)

    scored = {row["customer_id"]: row for row in loaded.transform(survey).collect()}
    weights = (0.7 * 0.9 * 0.6, 0.3 * 0.2 * 0.5)
    assert scored["1"]["probability"] == pytest.approx([one / sum(weights) for one in weights], abs=1e-12)
    assert scored["5"]["probability"] == pytest.approx([0.7, 0.3], abs=1e-12)
    assert class_count(loaded.stages[-1]) == 2
    written = b"".join(file.read_bytes() for file in (tmp_path / "model").rglob("*") if file.is_file())
    assert b"org.apache.spark.ml.feature.SQLTransformer" in written
    assert b"segspark" not in written


def test_the_stage_agrees_with_the_fit_it_was_made_of(spark: SparkSession) -> None:
    kind = F.col("id") % 3
    asked = [F.when(F.pmod(F.xxhash64("id", F.lit(at)), F.lit(10)) > at, kind) for at in range(3)]
    noise = [F.pmod(F.xxhash64("id", F.lit(at)), F.lit(3)) for at in (7, 8)]
    named = [value.alias(f"q{at}") for at, value in enumerate([*asked, *noise])]
    customers = spark.range(600).select("id", *named)
    model = fit(answer_patterns(customers, [f"q{at}" for at in range(5)]), 2, seeds=[1, 2, 3])

    scored = transformer(model).transform(customers).collect()

    log_likelihood = 0.0
    for row in scored:
        given = [
            exp_of[:, item.levels.index(str(row[item.name]))]
            for item, exp_of in zip(model.items, map(np.exp, model.log_probabilities), strict=True)
            if row[item.name] is not None
        ]
        joint = model.shares * np.prod(given, axis=0)
        log_likelihood += log(joint.sum())
        assert row["probability"] == pytest.approx((joint / joint.sum()).tolist(), abs=1e-12)
        assert row["prediction"] == joint.argmax()
    assert any(row["q2"] is None for row in scored)
    assert log_likelihood == pytest.approx(model.log_likelihood, rel=1e-9)
