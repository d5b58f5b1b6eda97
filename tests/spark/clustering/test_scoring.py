"""Scoring by SQL against hand computation, and against what spark.ml itself makes of the same customers."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from pyspark.errors import PySparkException
from pyspark.ml import PipelineModel
from pyspark.ml.clustering import GaussianMixture, KMeans
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F
from scipy.special import softmax
from scipy.stats import norm

from segspark.clustering.answer_patterns import Item
from segspark.clustering.candidates import CLUSTER
from segspark.clustering.firmness import FIRMNESS
from segspark.clustering.inputs import NumberInput, Shape
from segspark.clustering.latent_classes import LatentClasses
from segspark.clustering.latent_scoring import transformer
from segspark.clustering.preparation import PREPARED, preparation_stages
from segspark.clustering.scoring import cluster_count, clustered, score
from segspark.io.models import centres_model, mixture_model, tree_model
from segspark.kernels.mixtures import Mixture

# Scoring

POINTS = {"own": 0.0, "near": 2.0, "between": 5.0, "far": 18.0}
WARMTH = 60 / math.log(3)  # squared distances that differ by 60 are 3 to 1


@pytest.fixture(scope="module")
def line(spark):
    """Customers on a line."""
    return spark.createDataFrame(list(POINTS.items()), "customer_id STRING, x DOUBLE")


@pytest.fixture(scope="module")
def assembler():
    return VectorAssembler(inputCols=["x"], outputCol=PREPARED)


@pytest.fixture(scope="module")
def centred(spark, assembler):
    """KMeans with the centres 0, 10 and 30: fitted on the centres themselves, which it then returns."""
    centres = assembler.transform(spark.createDataFrame([(0.0,), (10.0,), (30.0,)], "x DOUBLE").coalesce(1))
    model = KMeans(k=3, seed=1, initMode="random", featuresCol=PREPARED, predictionCol=CLUSTER).fit(centres)
    places = [float(centre[0]) for centre in model.clusterCenters()]
    assert sorted(places) == [0.0, 10.0, 30.0]
    return PipelineModel(stages=[assembler, model]), places


@pytest.fixture(scope="module")
def scored(line, centred):
    model, places = centred
    found = score(line, model, WARMTH)
    assert found.columns == ["customer_id", *FIRMNESS]
    return {row["customer_id"]: (places[row["cluster"]], places[row["runner_up"]], *row[3:]) for row in found.collect()}


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ("own", (0.0, 10.0, (1, 3 ** (-10 / 6), 3**-15), 1.0)),  # 0, 100 and 900 squared
        ("near", (0.0, 10.0, (1, 1 / 3, 3**-13), 6 / 8)),  # 4 from its own, 64 and 784 from the others
        ("far", (10.0, 30.0, (1, 3 ** (-8 / 6), 3 ** (-26 / 6)), 4 / 12)),  # 64, 144 and 324
    ],
)
def test_membership_and_margin_follow_from_the_distances_to_the_centres(scored, customer, expected):
    own, second, weights, margin = expected
    memberships = [one / sum(weights) for one in weights[:2]]
    assert scored[customer] == (own, second, *map(pytest.approx, [*memberships, margin]))


def test_half_way_between_two_centres_belongs_half_with_no_margin(scored):
    own, second, membership, other, margin = scored["between"]
    half = pytest.approx(1 / (2 + 3**-10))  # 25, 25 and 625 squared
    assert ({own, second}, membership, other, margin) == ({0.0, 10.0}, half, half, 0.0)


def test_memberships_by_distance_need_a_temperature(line, centred):
    with pytest.raises(ValueError, match="needs a temperature"):
        score(line, centred[0])


@pytest.fixture(scope="module")
def mixture(spark, assembler):
    values = [(float(value),) for value in (-1, 0, 1, 0, -2, 2, 9, 10, 11, 10, 8, 13)]
    rows = assembler.transform(spark.createDataFrame(values, "x DOUBLE").coalesce(1))
    return GaussianMixture(k=2, seed=1, featuresCol=PREPARED, predictionCol=CLUSTER).fit(rows)


def test_of_a_mixture_membership_is_the_posterior_by_bayes_rule(line, mixture, assembler):
    gaussians = [
        (weight, float(one.mean[0]), float(one.cov.toArray()[0, 0]))
        for weight, one in zip(mixture.weights, mixture.gaussians, strict=True)
    ]
    for row in score(line, PipelineModel(stages=[assembler, mixture])).collect():
        x = POINTS[row["customer_id"]]
        joint = np.array([weight * norm.pdf(x, mean, math.sqrt(variance)) for weight, mean, variance in gaussians])
        posterior = joint / joint.sum()
        assert row["cluster"] == posterior.argmax()
        assert row["runner_up"] == posterior.argmin()
        assert row["membership"] == pytest.approx(posterior.max(), abs=1e-9)
        assert row["runner_up_membership"] == pytest.approx(posterior.min(), abs=1e-9)
        assert row["margin"] == pytest.approx(posterior.max() - posterior.min(), abs=1e-9)


def test_clusters_are_counted_of_centres_and_of_mixtures(centred, mixture, assembler):
    assert cluster_count(centred[0]) == 3
    assert cluster_count(PipelineModel(stages=[assembler, mixture])) == 2


# Against spark.ml

INPUTS = ("a", "b", "c", "d")
UNUSUAL = [None, float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -0.0]
TEMPERATURE = 0.7


def plan(name):
    return NumberInput(name, -2.0, 40.0, Shape("yeo-johnson", 0.3), 1.0, 1.5, 1.0, 0.1, 0.5 if name == "a" else 0.0)


@pytest.fixture(scope="module")
def crowd(spark):
    """Customers of all kinds, with a column that has the name of one of the result's."""
    random = np.random.default_rng(7)
    values = random.normal(0, 12, (400, len(INPUTS))).tolist()
    values += [[one if place == at else 3.0 for place in range(4)] for one in UNUSUAL for at in range(4)]
    values += [[one] * 4 for one in UNUSUAL] + [[value] * 4 for value in (-3.0, -2.0, 0.0, 40.0, 41.0)]
    rows = [(f"c{number}", *row, "theirs") for number, row in enumerate(values)]
    columns = ", ".join(f"{name} DOUBLE" for name in INPUTS)
    return spark.createDataFrame(rows, f"customer_id STRING, {columns}, cluster STRING").persist()


@pytest.fixture(scope="module")
def stages():
    return preparation_stages([plan(name) for name in INPUTS])


@pytest.fixture(scope="module")
def models(spark, crowd, stages):
    """Pipelines by name."""
    points = PipelineModel(stages=stages).transform(crowd)
    found = np.array([row[0] for row in points.select(vector_to_array(F.col(PREPARED))).collect()])
    random = np.random.default_rng(1)
    some = found[random.choice(400, 11, replace=False)]
    # The child on the left is nearer to some who are nearest to a leaf on the right.
    nodes = np.stack([found.mean(axis=0), some[0], some[1:4].mean(axis=0), some[1], some[2:4].mean(axis=0), *some[2:4]])
    children = ((1, 2), (-1, -1), (3, 4), (-2, -1), (5, 6), (-3, -1), (-4, -1))
    spread = np.cov(found.T)
    flat = spread.copy()
    flat[2] = flat[:, 2] = 0.0  # no variance in one direction
    two = Mixture(np.array([0.3, 0.7]), some[:2], np.stack([spread, spread / 3]))
    last = {
        "kmeans": centres_model(spark, some[:7], PREPARED, CLUSTER),
        "kmeans, two": centres_model(spark, some[:2], PREPARED, CLUSTER),
        "kmeans, the same twice": centres_model(spark, some[[0, 1, 1, 0]], PREPARED, CLUSTER),
        "bisecting": tree_model(spark, nodes, children, PREPARED, CLUSTER),
        "gmm, two": mixture_model(spark, two, PREPARED, CLUSTER),
        "gmm": mixture_model(
            spark,
            Mixture(np.array([0.5, 0.2, 0.3]), some[:3], np.stack([spread / 50, spread, spread / 9])),
            PREPARED,
            CLUSTER,
        ),
        "gmm, flat": mixture_model(
            spark, Mixture(np.full(3, 1 / 3), some[[0, 0, 5]], np.stack([flat, spread, flat / 2])), PREPARED, CLUSTER
        ),
    }
    return {name: PipelineModel(stages=[*stages, one]) for name, one in last.items()}


@pytest.fixture(scope="module")
def scores(models, crowd):
    """The scores of everyone, by the name of the model; made when they are first asked for."""
    return cache(lambda name: score(crowd, models[name], TEMPERATURE).collect())


NAMES = ["kmeans", "kmeans, two", "kmeans, the same twice", "bisecting", "gmm, two", "gmm", "gmm, flat"]


def reference(model, crowd):
    """By customer: spark.ml's cluster, and the memberships in all clusters and distances that follow from it."""
    rows = model.transform(crowd)
    if "probability" in rows.columns:
        found = rows.select("customer_id", CLUSTER, vector_to_array(F.col("probability")).alias("p")).collect()
        return {row[0]: (row[1], np.array(row[2]), None) for row in found}
    centres = np.array(model.stages[-1].clusterCenters())
    found = rows.select("customer_id", CLUSTER, vector_to_array(F.col(PREPARED)).alias("p")).collect()
    apart = {row[0]: np.sqrt(((np.array(row[2]) - centres) ** 2).sum(axis=1)) for row in found}
    return {row[0]: (row[1], softmax(-(apart[row[0]] ** 2) / TEMPERATURE), apart[row[0]]) for row in found}


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_that_follow_from_what_spark_ml_predicts(models, crowd, scores, name):
    expected = reference(models[name], crowd)
    rows = scores(name)
    assert len(rows) == len(expected) == 445
    close = 0
    for row in rows:
        cluster, memberships, apart = expected[row["customer_id"]]
        others = np.delete(np.arange(len(memberships)), row["cluster"])
        second = others[memberships[others].argmax() if apart is None else apart[others].argmin()]
        assert row["membership"] == pytest.approx(memberships[row["cluster"]], abs=1e-9)
        assert row["runner_up_membership"] == pytest.approx(memberships[second], abs=1e-9)
        if apart is None:
            margin = memberships[row["cluster"]] - memberships[second]
        else:
            own, other = apart[row["cluster"]], apart[second]
            margin = (other - own) / max(own, other) if max(own, other) > 0 else 0.0
        assert row["margin"] == pytest.approx(margin, abs=1e-9)
        assert row["runner_up"] != row["cluster"]
        if abs(row["margin"]) > 1e-6:
            assert row["cluster"] == cluster
            ranked = np.sort(memberships[others])
            assert row["runner_up"] == second or ranked[-1] - ranked[-2] < 1e-12
        else:
            close += 1
    assert close <= (445 if name == "kmeans, the same twice" else 20)


@pytest.mark.parametrize("name", NAMES)
def test_whoever_wants_the_cluster_alone_gets_the_customers_as_they_are_with_the_one_that_score_gives(
    models, crowd, scores, name
):
    found = clustered(crowd, models[name])
    assert found.columns == [*crowd.columns, CLUSTER]
    rows = found.collect()
    # As text: NaN is not equal to itself.
    assert sorted(str(row[:-1]) for row in rows) == sorted(str(row[:]) for row in crowd.collect())
    assert {row["customer_id"]: row[CLUSTER] for row in rows} == {
        row["customer_id"]: row["cluster"] for row in scores(name)
    }


def test_a_tree_s_cluster_need_not_be_the_nearest_and_has_a_negative_margin_then(scores):
    assert any(row["margin"] < -0.01 for row in scores("bisecting"))


def test_the_first_of_equal_centres_has_the_customer_and_the_other_is_the_runner_up(scores):
    rows = scores("kmeans, the same twice")
    assert {(row["cluster"], row["runner_up"]) for row in rows} == {(0, 3), (1, 2)}
    assert {row["margin"] for row in rows} == {0.0}
    assert all(row["membership"] == row["runner_up_membership"] <= 0.5 for row in rows)


@pytest.mark.parametrize("kind", ["kmeans", "gmm"])
@pytest.mark.parametrize("value", ["NULL", "DOUBLE('NaN')"])
def test_an_unknown_value_that_the_preparation_lets_through_stops_the_query(spark, centred, mixture, kind, value):
    stages = centred[0].stages
    model = centred[0] if kind == "kmeans" else PipelineModel(stages=[stages[0], mixture])
    rows = spark.sql(f"SELECT 'a' AS customer_id, CAST({value} AS DOUBLE) AS x")
    with pytest.raises(PySparkException, match="null or NaN"):
        score(rows, model, WARMTH).collect()


def test_latent_classes_are_scored_by_their_posteriors(spark):
    logs = (np.log([[0.75, 0.25], [0.25, 0.75]]), np.log([[0.9, 0.1], [0.2, 0.8]]))
    items = (Item("colour", ("red", "blue")), Item("size", ("s", "l")))
    model = PipelineModel(stages=[transformer(LatentClasses(items, np.log([0.5, 0.5]), logs, 0.0, 0.0, 0, True, 1))])
    rows = [("a", "red", "s"), ("b", "blue", "s"), ("c", "blue", "l"), ("d", None, None)]
    people = spark.createDataFrame(rows, "customer_id STRING, colour STRING, size STRING")
    found = {row["customer_id"]: row[1:] for row in score(people, model).collect()}
    # a: 0.75 * 0.9 to 0.25 * 0.2; b: 0.25 * 0.9 to 0.75 * 0.2; c: 0.25 * 0.1 to 0.75 * 0.8
    odds = {"a": (0, 0.675, 0.05), "b": (0, 0.225, 0.15), "c": (1, 0.6, 0.025), "d": (0, 0.5, 0.5)}
    for customer, (cluster, own, other) in odds.items():
        total = own + other
        told = pytest.approx([own / total, other / total, (own - other) / total])
        assert (found[customer][:2], list(found[customer][2:])) == ((cluster, 1 - cluster), told)
    assert {row["customer_id"]: row[CLUSTER] for row in clustered(people, model).collect()} == {
        customer: cluster for customer, (cluster, *_) in odds.items()
    }


@pytest.mark.parametrize("kind", ["kmeans", "gmm"])
def test_ten_clusters_of_twenty_inputs_are_compiled(spark, kind):
    """Spark would fall back to an interpreter in silence, many times slower, if a method became too long."""
    random = np.random.default_rng(3)
    centres, roots = random.normal(0, 2, (10, 20)), random.normal(0, 0.2, (10, 20, 20)) + np.eye(20)
    names = [f"x{one}" for one in range(20)]
    rows = spark.createDataFrame(
        [(f"c{number}", *row) for number, row in enumerate(random.normal(0, 2, (50, 20)).tolist())],
        "customer_id STRING, " + ", ".join(f"{name} DOUBLE" for name in names),
    )
    mixture = Mixture(np.full(10, 0.1), centres, roots @ roots.transpose(0, 2, 1))
    last = (
        centres_model(spark, centres, PREPARED, CLUSTER)
        if kind == "kmeans"
        else mixture_model(spark, mixture, PREPARED, CLUSTER)
    )
    model = PipelineModel(stages=[VectorAssembler(inputCols=names, outputCol=PREPARED), last])
    expected = {row[0]: row[1] for row in model.transform(rows).select("customer_id", CLUSTER).collect()}
    settings = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.fallback": "false"}
    before = {key: spark.conf.get(key, None) for key in settings}
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        found = score(rows, model, 5.0)
        assert {row[0]: row[1] for row in found.collect()} == expected
    finally:
        for key, value in before.items():
            spark.conf.set(key, value) if value is not None else spark.conf.unset(key)
