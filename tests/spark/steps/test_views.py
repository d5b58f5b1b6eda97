"""A search on several views: what is published labels customers as the search did, and planted classes are found."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from mlflow.models import Model
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F
from rich.console import Console
from sklearn.metrics import adjusted_rand_score

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.evaluation import Evaluation
from segspark.clustering.labelling import labels_of
from segspark.clustering.latent_classes import log_joint, posteriors
from segspark.clustering.passes import held_out
from segspark.clustering.preparation import PREPARED, plan_inputs
from segspark.clustering.scoring import cluster_count, score
from segspark.clustering.views import View, rotated
from segspark.config import Clustering, Search
from segspark.progress import Reporter
from segspark.steps.comparison import compared
from segspark.steps.search import Fitted, Prepared, pipeline_model, prepare, search
from segspark.tracking.pipelines import load, save

N, K, HELD = 1_200, 3, 0.25
NUMBERS, TEXTS = ["a", "b", "c"], ["p", "q", "r"]
ALGORITHMS = ["kmeans", "bisecting", "gmm", "lca"]
SETTINGS = Clustering(algorithms=ALGORITHMS, k={"min": K, "max": K}, correlation_limit=1, levels=3)
ASKED = Search(holdout_share=HELD, resamples=3)


@pytest.fixture(scope="module")
def kinds():
    return np.random.default_rng(2).integers(0, K, N)


@pytest.fixture(scope="module")
def table(kinds):
    """Numbers and answers of three kinds of customers; some give a rare answer, or none."""
    random = np.random.default_rng(3)
    found = pd.DataFrame({"customer_id": [f"c{one}" for one in range(N)]})
    for name, middles in zip(NUMBERS, ([0.0, 5, 10], [0.0, 9, 0], [0.0, -4, 10]), strict=True):  # c is about a - b
        found[name] = np.array(middles)[kinds] + random.normal(size=N)
    for shift, name in enumerate(TEXTS):
        given = np.where(random.random(N) < 0.9, (kinds + shift) % K, random.integers(0, K, N))
        found[name] = np.array(["it's red", "blue", "`green`"], dtype=object)[given]
        found.loc[random.random(N) < 0.05, name] = None
        found.loc[random.random(N) < 0.03, name] = "rare"
    return found


@pytest.fixture(scope="module")
def customers(spark, table):
    schema = "customer_id STRING, a DOUBLE, b DOUBLE, c DOUBLE, p STRING, q STRING, r STRING"
    rows = table.astype(object).where(table.notna(), None)
    return spark.createDataFrame(list(rows.itertuples(index=False, name=None)), schema).repartition(3).persist()


def transformed(model, customers, *columns):
    """What a model says of the customers, in the order of the table."""
    told = model.transform(customers).select("customer_id", *columns).toPandas().set_index("customer_id")
    return told.loc[[f"c{one}" for one in range(N)]]


def points_of(view, customers):
    found = transformed(view.preparation, customers, vector_to_array(F.col(PREPARED)).alias("point"))
    return np.array(found["point"].tolist())


@dataclass
class Found:
    """What a search found on a view, by algorithm."""

    prepared: Prepared
    evaluations: dict[str, Evaluation]
    fitted: dict[str, Fitted]
    said: str

    def model(self, algorithm: str) -> PipelineModel:
        return pipeline_model(self.fitted[algorithm], self.prepared)


def found_on(view, customers):
    out = io.StringIO()
    reporter = Reporter(Console(file=out, width=400))
    prepared = prepare(customers, view, SETTINGS, ASKED)
    pairs = compared(search(prepared, reporter), prepared, None, None, reporter)
    evaluations = {one.candidate.algorithm: one for one, _ in pairs}
    return Found(prepared, evaluations, {one.candidate.algorithm: one for _, one in pairs}, out.getvalue())


def view_of(name, table, features):
    plans, _ = plan_inputs(table, features, SETTINGS)
    return View(name, tuple(plans))


@pytest.fixture(scope="module")
def numbers(table):
    return view_of("all", table, NUMBERS)


@pytest.fixture(scope="module")
def turned(numbers, customers):
    found = rotated(numbers, points_of(numbers, customers), 2)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def on_turned(turned, customers):
    return found_on(turned, customers)


@pytest.fixture(scope="module")
def habits(table):
    return view_of("habits", table, TEXTS)


@pytest.fixture(scope="module")
def on_habits(habits, customers):
    return found_on(habits, customers)


# Principal components


def test_a_rotated_view_has_the_scores_of_numpy_moved_to_start_at_0(numbers, turned, customers):
    scores = points_of(numbers, customers) @ np.array([one.loadings for one in turned.components]).T
    found = points_of(turned, customers)
    assert found - found[0] == pytest.approx(scores - scores[0], abs=1e-12)
    reach = np.array([one.reach for one in turned.coordinates])
    assert ((found >= 0) & (found <= reach)).all()
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("algorithm", ["kmeans", "bisecting", "gmm"])
def test_on_components_the_published_pipeline_labels_as_the_search_did(on_turned, turned, customers, kinds, algorithm):
    prepared = on_turned.prepared
    at = prepared.blocks.grid.snapped(points_of(turned, customers))
    searched = labels_of(on_turned.fitted[algorithm].shape, at, prepared.step)
    told = transformed(on_turned.model(algorithm), customers, CLUSTER)[CLUSTER]
    assert searched.tolist() == told.tolist()
    assert adjusted_rand_score(kinds, told) > 0.95


def test_candidates_are_named_after_their_view(on_turned):
    assert on_turned.evaluations["kmeans"].candidate.label == "kmeans (all, 2 components) k=3 seed=42"


def test_without_two_texts_latent_classes_are_left_out_aloud(on_turned):
    assert "lca" not in on_turned.fitted
    assert (
        "lca on all, 2 components is left out: latent classes need at least 2 inputs that are text, and there are 0"
        in on_turned.said
    )


# Latent classes


@pytest.fixture(scope="module")
def codes(on_habits, habits, table):
    """Answers as the model's items have them: a level's number, or none's for rare and unknown ones."""
    items = on_habits.fitted["lca"].model.items
    found = []
    for plan, item in zip(habits.plans, items, strict=True):
        numbered = {level: str(number) for number, level in enumerate(plan.shares)}
        found.append([item.levels.index(numbered.get(level, "none")) for level in table[plan.feature]])
    return np.array(found).T


@pytest.fixture(scope="module")
def held(customers):
    told = customers.select("customer_id", held_out(HELD).alias("held")).toPandas().set_index("customer_id")["held"]
    return told.loc[[f"c{one}" for one in range(N)]].to_numpy(bool)


def test_planted_classes_are_found(on_habits, customers, kinds):
    told = transformed(on_habits.model("lca"), customers, CLUSTER)[CLUSTER]
    assert adjusted_rand_score(kinds, told) > 0.8
    assert on_habits.evaluations["lca"].cluster_sizes == tuple(sorted(np.bincount(told), reverse=True))
    assert on_habits.evaluations["lca"].stability > 0.8


def test_answers_that_do_not_depend_on_each_other_have_no_classes_that_come_back(on_habits):
    found = on_habits.evaluations["lca"]
    assert found.stability_null < found.stability - 0.2


def test_published_classes_are_the_likeliest_by_the_fitted_model_and_those_of_the_search(on_habits, customers, codes):
    prepared, fitted = on_habits.prepared, on_habits.fitted["lca"]
    told = transformed(on_habits.model("lca"), customers, CLUSTER, "probability")
    expected = posteriors(fitted.model, codes)
    assert told[CLUSTER].tolist() == expected.argmax(axis=1).tolist()
    assert np.array(told["probability"].tolist()) == pytest.approx(expected, abs=1e-12)
    at = prepared.blocks.grid.snapped(points_of(prepared.view, customers))
    assert labels_of(fitted.shape, at, prepared.step).tolist() == told[CLUSTER].tolist()


def test_classes_are_fitted_on_customers_that_are_not_held_out_and_measured_on_all(on_habits, codes, held):
    model, found = on_habits.fitted["lca"].model, on_habits.evaluations["lca"]
    each = np.logaddexp.reduce(log_joint(model.log_shares, model.log_probabilities, codes), axis=1)
    assert model.customers == (~held).sum()
    assert found.log_likelihood == pytest.approx(each[~held].sum(), abs=1e-3)
    assert found.holdout_log_likelihood == pytest.approx(each[held].mean(), abs=1e-6)
    # Two shares, and three probabilities in each of three classes for each of three items of four levels.
    assert found.bic == pytest.approx(29 * np.log((~held).sum()) - 2 * each[~held].sum(), abs=1e-2)


def test_customers_are_scored_by_their_posterior_and_the_next_class(on_habits, customers, codes):
    model = on_habits.model("lca")
    assert cluster_count(model) == K
    told = score(customers, model).toPandas().set_index("customer_id").loc[[f"c{one}" for one in range(N)]]
    expected = np.sort(posteriors(on_habits.fitted["lca"].model, codes), axis=1)
    assert told["membership"].to_numpy() == pytest.approx(expected[:, -1], abs=1e-12)
    assert told["margin"].to_numpy() == pytest.approx(expected[:, -1] - expected[:, -2], abs=1e-12)
    assert (told["runner_up"] != told["cluster"]).all()


def test_a_published_pipeline_of_classes_is_plain_spark_and_asks_for_its_features_alone(
    on_habits, habits, customers, tmp_path
):
    model, types = on_habits.model("lca"), dict.fromkeys(TEXTS, "STRING")
    example = {plan.feature: plan.example for plan in habits.plans}
    save(model, tmp_path / "model", Model(artifact_path="model", run_id="none"), types, example)
    again = load(tmp_path / "model")
    only = customers.select("customer_id", *TEXTS)
    assert transformed(again, only, CLUSTER).equals(transformed(model, customers, CLUSTER))
    assert all(type(stage).__module__.startswith("pyspark.") for stage in again.stages)


def test_answers_too_various_to_be_counted_leave_latent_classes_out(table, customers, monkeypatch):
    monkeypatch.setattr("segspark.clustering.latent_inputs.MOST_PATTERNS", 10)
    found = found_on(view_of("habits", table, TEXTS), customers)
    assert sorted(found.fitted) == ["bisecting", "gmm", "kmeans"]
    assert "lca on habits is left out: latent classes: " in found.said
    assert "distinct answer patterns, of which at most 10" in found.said
