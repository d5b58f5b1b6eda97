"""Preparation, sampling, estimators and scoring on Spark, against numpy, hand computation and published values."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import functions as F
from sklearn.datasets import load_iris

from segspark.clustering.candidates import CLUSTER, Candidate, estimator
from segspark.clustering.evaluation import Distances, silhouettes
from segspark.clustering.inputs import LevelsInput, NumberInput, Shape
from segspark.clustering.preparation import PREPARED, preparation_stages, summarised
from segspark.clustering.sampling import training_sample
from segspark.config.clustering import Clustering

IRIS = load_iris().data


def matrix(rows, column=PREPARED):
    return np.array([row[column] for row in rows.select(vector_to_array(F.col(column)).alias(column)).collect()])


# Preparation

VALUES = [
    ("a", 1, Decimal("-1000.0000"), 3.0),
    ("b", 2, Decimal("-7.0000"), 4.0),
    ("c", None, Decimal("0.0000"), float("nan")),
    ("d", 4, Decimal("10.0000"), 8.0),
    ("e", 100, Decimal("20.0000"), None),
    ("f", 5, None, 5.0),
]


HOSTILE = "it's `a` \\ __THIS__ ${x} %s \n é"


@pytest.fixture(scope="module")
def prepared(spark):
    rows = spark.createDataFrame(
        [(*row, HOSTILE if row[0] in "ac" else None) for row in VALUES],
        "customer_id STRING, n BIGINT, money DECIMAL(38,4), x DOUBLE, level STRING",
    ).coalesce(1)
    plans = [
        NumberInput("n", 2.0, 50.0, Shape("log"), 4.0, 0.5, 3.0, 1 / 6, 0.25),
        NumberInput("money", -500.0, 15.0, Shape("yeo-johnson", 0.5), 0.0, 2.0, 1.0, 1 / 6),
        NumberInput("x", 3.5, 7.25, Shape("none"), 5.0, 2.5, 1.0, 1 / 3),
        LevelsInput("level", {HOSTILE: 1 / 3, "other": 0.1}, 1.0),
    ]
    return matrix(PipelineModel(stages=preparation_stages(plans)).transform(rows))


def test_numbers_are_pulled_in_shaped_and_scaled_as_computed_by_hand(prepared):
    # from the lower limit, 2: log1p(value) - log1p(2), over 0.5, times 3; the unknown one counts as 4
    logged = [(math.log1p(value) - math.log1p(2)) / 0.5 * 3 for value in (2, 2, 4, 4, 50, 5)]
    assert prepared[:, 0] == pytest.approx(logged, rel=1e-12)
    # lambda 0.5: above 0 ((x + 1) ** 0.5 - 1) / 0.5; below it -((1 - x) ** 1.5 - 1) / 1.5
    bent = [-((1 - x) ** 1.5 - 1) / 1.5 if x < 0 else ((x + 1) ** 0.5 - 1) / 0.5 for x in (-500, -7, 0, 10, 15, 0)]
    assert prepared[:, 2] == pytest.approx([(one - bent[0]) / 2 for one in bent], rel=1e-12)
    assert prepared[:, 3] == pytest.approx([0, 0.2, 0.6, 1.5, 0.6, 0.6])


def test_who_is_unknown_is_told_by_a_coordinate_of_its_own(prepared):
    assert prepared[:, 1].tolist() == [0, 0, 0.25, 0, 0, 0]


def test_a_level_has_an_indicator_whatever_its_text(prepared):
    height = 1 / (2 / 9 + 0.09) ** 0.5
    assert prepared[:, 4] == pytest.approx([height, 0, height, 0, 0, 0])
    assert prepared[:, 5].tolist() == [0] * 6


def test_features_are_summarised_as_doubles_and_text_with_unknown_values_kept(spark):
    rows = spark.createDataFrame(VALUES[:3], "customer_id STRING, n BIGINT, money DECIMAL(38,4), x DOUBLE")
    table = summarised(rows, ["money", "n"], ["x"]).toPandas()
    assert list(table.columns) == ["customer_id", "money", "n", "x"]
    assert table["money"].tolist() == [-1000.0, -7.0, 0.0]
    assert np.isnan(table["n"][2])
    assert table["x"].tolist() == ["3.0", "4.0", "NaN"]


# Sampling


@pytest.fixture(scope="module")
def customers(spark):
    return spark.range(500).selectExpr("CONCAT('c', id) AS customer_id", "id AS x")


@pytest.fixture(scope="module")
def sample(customers):
    return training_sample(customers, 40, seed=1).collect()


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_the_sample_and_its_order_do_not_depend_on_partitions_or_order(customers, sample, partitions):
    other = training_sample(customers.orderBy(F.desc("x")).repartition(partitions), 40, seed=1)
    assert other.collect() == sample


def test_the_sample_has_as_many_customers_as_asked_for_each_once(sample):
    assert len({row["customer_id"] for row in sample}) == len(sample) == 40


def test_the_sample_lies_in_one_partition(customers):
    placed = training_sample(customers, 40, seed=1).select(F.spark_partition_id().alias("at"))
    assert placed.distinct().count() == 1


def test_another_seed_draws_another_sample(customers, sample):
    other = training_sample(customers, 40, seed=2).collect()
    assert {row["customer_id"] for row in other} != {row["customer_id"] for row in sample}


def test_a_sample_larger_than_the_customers_is_all_of_them(customers):
    assert training_sample(customers, 1000, seed=1).count() == 500


def test_a_customer_s_other_values_do_not_decide_whether_it_is_drawn(customers, sample):
    changed = training_sample(customers.withColumn("x", F.col("x") * -3), 40, seed=1).collect()
    assert [row["customer_id"] for row in changed] == [row["customer_id"] for row in sample]


# Estimators


@pytest.fixture(scope="module")
def iris(spark):
    rows = spark.createDataFrame([(list(map(float, row)),) for row in IRIS], "x ARRAY<DOUBLE>").coalesce(1)
    return rows.select(array_to_vector("x").alias(PREPARED)).persist()


@pytest.fixture(scope="module")
def on_iris(iris):
    settings = Clustering(tolerance=1e-6)
    return {k: estimator(Candidate("kmeans", k, 1), settings).fit(iris) for k in (2, 3)}


# Within-cluster sums of squares of iris that every textbook has.
@pytest.mark.parametrize(("k", "published"), [(2, 152.348), (3, 78.8514)])
def test_kmeans_finds_the_published_within_sum_of_squares_of_iris(on_iris, k, published):
    assert on_iris[k].summary.trainingCost == pytest.approx(published, rel=1e-5)


def test_our_squared_silhouette_is_the_one_of_spark_s_own_evaluator(iris, on_iris):
    labelled = on_iris[3].transform(iris).persist()
    labels = [row[CLUSTER] for row in labelled.collect()]
    theirs = ClusteringEvaluator(predictionCol=CLUSTER, featuresCol=PREPARED).evaluate(labelled)
    ours = silhouettes(Distances.between(IRIS), np.array(labels))["silhouette_squared_euclidean"]
    assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("algorithm", ["kmeans", "bisecting", "gmm"])
def test_every_algorithm_s_estimator_has_the_candidate_s_k_and_seed(spark, algorithm):
    made = estimator(Candidate(algorithm, 4, 9), Clustering())
    assert (made.getK(), made.getSeed(), made.getFeaturesCol(), made.getPredictionCol()) == (4, 9, PREPARED, CLUSTER)
