"""Trainings one after the other on customers whose groups are known: guard, gate, approval, exact fits, views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from benchmarks.verdict import shuffle
from segspark.clustering.passes import held_out
from segspark.config.model import Config
from segspark.errors import BadInputError, RefusedError
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.features import features
from segspark.steps.promotion import approve
from segspark.steps.slices import sliced_by
from segspark.steps.train import train
from segspark.tables import CUSTOMERS as CUSTOMERS_TABLE
from segspark.tables import EVENTS, TRAINING_CANDIDATES
from segspark.tracking import ModelVersion

FIRST, AS_OF, HORIZON = date(2026, 1, 1), date(2026, 7, 20), 60
CUSTOMERS = 450
THREE = {"min": 3, "max": 3}
TARGET = 220.0  # of 60 / 7 * 20 = 171, 60 / 21 * 60 = 171 and 60 / 45 * 200 = 267 the last reaches it
KINDS = {"often": (7, 20.0), "sometimes": (21, 60.0), "seldom": (45, 200.0)}  # days between orders, amount
GOODS, PLACES = ("bread", "wine", "books"), ("store", "web", "app")  # what each kind buys, and where, in this order
VIEWS = {
    "feature_sets": {
        "rhythm": ["order_gap_days_mean", "recency_days"],
        "habits": ["rfm_cell", "top_category", "top_channel"],
    },
    "components": 1,
}


def kind_of(number: int) -> str:
    return list(KINDS)[number % 3]


def events() -> pd.DataFrame:
    """Orders of three kinds of customers, for two hundred days."""
    random = np.random.default_rng(7)
    rows = []
    for number in range(CUSTOMERS):
        gap, amount = KINDS[kind_of(number)]
        at = random.uniform(0, gap)
        while at < (AS_OF - FIRST).days:
            day = FIRST + timedelta(days=int(at))
            paid = amount * random.lognormal(0, 0.1)
            rows.append((f"{number}-{len(rows)}", f"c{number}", day, paid, *habits_of(number)))
            at += gap * random.lognormal(0, 0.1)
    return pd.DataFrame(rows, columns=["event_id", "customer_id", "event_date", "amount", "category", "channel"])


def habits_of(number: int) -> tuple[str, str]:
    """What a customer buys, and where: of every ten of a kind one has the goods of another kind, and one its place."""
    place = number // 3 % 10
    return GOODS[(number + (place == 0)) % 3], PLACES[(number + (place == 1)) % 3]


def region_of(number: int) -> str:
    """Of every ten customers one lives on the islands."""
    return "mainland" if number % 10 else "islands"


def number_of(customer: str) -> int:
    return int(customer[1:])


def context_in(folder: Path, **clustering: object) -> Context:
    search = {"resamples": 5, **clustering.pop("search", {})}  # type: ignore[dict-item]
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "attributes": {"region": {"type": "categorical"}},
            "features": {"families": ["rfm", "rhythm", "scores", "preference", "engagement", "attributes"]},
            "objective": {"kpi": "revenue", "target": TARGET, "horizon_days": HORIZON},
            "clustering": {
                "algorithms": ["kmeans", "bisecting", "gmm"],
                "k": {"min": 2, "max": 4},
                "inputs": ["frequency", "average_order_value", "order_gap_days_mean"],
                "correlation_limit": 1,
                "max_iterations": {"bisecting": 5, "gmm": 20},
                **clustering,
            },
            "search": {"holdout_share": 0.4, **search},
            "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        }
    )
    return Context(config, AS_OF, Reporter())


@dataclass
class Story:
    """What a few trainings left behind."""

    champions: list[str] = field(default_factory=list)
    challengers: list[str | None] = field(default_factory=list)
    candidates: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: dict[str, list[int]] = field(default_factory=dict)
    found: dict[str, pd.DataFrame] = field(default_factory=dict)
    views: pd.DataFrame = field(default_factory=pd.DataFrame)
    logged: set[tuple[str, str]] = field(default_factory=set)
    then: pd.DataFrame = field(default_factory=pd.DataFrame)
    prepared: np.ndarray = field(default_factory=lambda: np.empty(0))
    texts: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    of_candidates: set[str] = field(default_factory=set)
    verdict: str = ""
    refusal: str = ""
    registered_after_refusal: int = 0

    def note(self, context: Context) -> None:
        challenger = context.tracker.challenger()
        self.champions.append(context.tracker.champion().version)
        self.challengers.append(challenger and challenger.version)


def labelled(context: Context, version: ModelVersion | None = None, features: Sequence[str] | None = None) -> list[int]:
    """The cluster of each customer, in the order of their ids, by the champion or a version, given some features."""
    model = context.tracker.load(version or context.tracker.champion())
    rows = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(AS_OF))
    rows = rows.select("customer_id", *features) if features else rows
    found = model.transform(rows).select("customer_id", "prediction").toPandas()
    return found.sort_values("customer_id")["prediction"].tolist()


def applied(context: Context, at: date) -> pd.DataFrame:
    """What the champion makes of every customer at a date, in the order of their ids."""
    model = context.tracker.load(context.tracker.champion())
    rows = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(at))
    columns = ["customer_id", "prediction", vector_to_array("features").alias("point"), held_out(0.4).alias("held")]
    return model.transform(rows).select(*columns).orderBy("customer_id").toPandas()


def logged(context: Context, told: Story, folder: Path) -> None:
    """What the champion's training left in MLflow."""
    client, training = context.tracker.client, context.tracker.training(context.tracker.champion().run_id)
    for name in ("agreement.md", "explanation.md"):
        told.texts[name] = Path(client.download_artifacts(training.mlflow_run_id, name, str(folder))).read_text()
    told.metrics = client.get_run(training.mlflow_run_id).data.metrics
    told.of_candidates = {name for run in training.finished_candidates() for name in run.metrics}
    told.verdict = training.conclusion[0]


def fill(context: Context) -> None:
    """Events and the features of both dates."""
    rows = context.spark.createDataFrame(events()).withColumns(
        {
            "event_ts": F.col("event_date").cast("timestamp"),
            "event_type": F.lit("purchase"),
            "source_customer_id": F.col("customer_id"),
            "order_id": F.col("event_id"),
        }
    )
    there = set(rows.columns)
    columns = [
        (F.col(one.name) if one.name in there else F.lit(None)).cast(one.type).alias(one.name) for one in EVENTS.columns
    ]
    context.writer("seed").publish(EVENTS, rows.select(*columns))
    people = [(f"c{number}", f"c{number}", {"region": region_of(number)}) for number in range(CUSTOMERS)]
    schema = "customer_id STRING, source_customer_id STRING, attributes MAP<STRING, STRING>"
    known = context.spark.createDataFrame(people, schema)
    given = [
        (F.col(one.name) if one.name in known.columns else F.lit(None)).cast(one.type).alias(one.name)
        for one in CUSTOMERS_TABLE.columns
    ]
    context.writer("people").publish(CUSTOMERS_TABLE, known.select(*given))
    features(context, [AS_OF - timedelta(days=HORIZON)])


def note_views(told: Story, folder: Path) -> None:
    """A training on three feature sets, one of them of answers, and on their components."""
    context = context_in(folder, k=THREE, levels=4, algorithms=["kmeans", "lca"], search=VIEWS)
    train(context)
    version = context.tracker.challenger() or context.tracker.champion()
    rows = context.lake.read(TRAINING_CANDIDATES).toPandas()
    told.views = rows[rows["run_id"] == version.run_id]
    [chosen] = told.views.loc[told.views["chosen"], "feature_set"]
    sets = {"all": context.config.clustering.inputs} | context.config.search.feature_sets
    told.labels["views"] = labelled(context, version, sets[chosen.partition(",")[0]])
    runs = context.tracker.training(version.run_id).finished_candidates()
    told.logged = {(run.params["algorithm"], run.params["feature_set"]) for run in runs}


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    told, folder = Story(), tmp_path_factory.mktemp("trainings")
    context = context_in(folder, search={"slices": ["region"]})
    fill(context)
    train(context)
    told.note(context)
    logged(context, told, tmp_path_factory.mktemp("artifacts"))
    told.then = applied(context, AS_OF - timedelta(days=HORIZON))
    told.prepared = np.array(applied(context, AS_OF)["point"].tolist())
    told.labels["fast"] = labelled(context)
    told.candidates = context.lake.read(TRAINING_CANDIDATES).toPandas()
    train(context_in(folder, seed=43, algorithms=["kmeans"], k=THREE))
    told.note(context)
    train(context)  # once more, with nothing new: the aliases stay
    told.note(context)
    approve(context)
    told.note(context)
    exact = context_in(folder, k=THREE, search={"exact": True})
    train(exact)
    if exact.tracker.challenger():  # MLlib's own fits are the same from run to run to a few digits only
        approve(exact)
    told.labels["exact"] = labelled(exact)
    rows = exact.lake.read(TRAINING_CANDIDATES).toPandas()
    told.found = {
        "fast": told.candidates,
        "exact": rows[rows["run_id"] == exact.tracker.champion().run_id],
    }
    note_views(told, folder)
    shuffle(context, context.config.clustering.inputs)
    try:
        train(context)
    except RefusedError as error:
        told.refusal = str(error)
    told.registered_after_refusal = len(context.tracker.client.search_model_versions("name = 'segspark'"))
    return told


@pytest.mark.slow
def test_the_first_training_makes_a_champion_and_a_second_that_is_no_better_a_challenger(story):
    assert story.champions[:2] == ["1", "1"]
    assert story.challengers[:2] == [None, "2"]


@pytest.mark.slow
def test_a_training_that_is_done_moves_no_alias(story):
    assert (story.champions[2], story.challengers[2]) == ("1", "2")


@pytest.mark.slow
def test_an_approved_challenger_is_champion(story):
    assert (story.champions[3], story.challengers[3]) == ("2", None)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["fast", "exact"])
def test_the_groups_that_were_made_are_found(story, way):
    ids = sorted(f"c{number}" for number in range(CUSTOMERS))
    truth = [kind_of(int(one[1:])) for one in ids]
    assert adjusted_rand_score(truth, story.labels[way]) > 0.98


@pytest.mark.slow
def test_the_decision_table_has_every_candidate_with_what_decided(story):
    assert len(story.candidates) == 9
    assert story.candidates["separation"].notna().all()
    chosen = story.candidates[story.candidates["chosen"]]
    assert chosen["k"].tolist() == [3]
    assert story.candidates.loc[story.candidates["k"] == 2, "reason"].str.contains("outside the manageable").all()
    assert story.candidates.loc[story.candidates["k"] >= 3, "stability"].notna().sum() >= 1


@pytest.mark.slow
def test_the_fast_and_the_exact_search_cost_customers_held_out_the_same(story):
    cost = {way: rows.set_index(["algorithm", "k"])["holdout_cost"] for way, rows in story.found.items()}
    for algorithm in ("kmeans", "bisecting"):
        assert cost["fast"][algorithm, 3] == pytest.approx(cost["exact"][algorithm, 3], rel=1e-6)


@pytest.mark.slow
def test_candidates_are_compared_over_feature_sets_their_components_and_latent_classes(story):
    on = ["all", "all, 1 component", "rhythm", "rhythm, 1 component", "habits", "habits, 1 component"]
    tried = {("kmeans", name) for name in on} | {("lca", "habits")}
    assert set(zip(story.views["algorithm"], story.views["feature_set"], strict=True)) == tried == story.logged
    assert len(story.views) == len(tried)
    assert story.views["separation"].notna().all()
    [sizes] = story.views.loc[story.views["chosen"], "cluster_sizes"]
    assert sorted(np.bincount(story.labels["views"]), reverse=True) == list(sizes)  # as it is published
    [classes] = story.views[story.views["algorithm"] == "lca"].to_dict("records")
    # What customers buy and where tells their kind in nine of ten cases, and their kind is all that tells the KPI.
    [whole] = story.views.loc[
        (story.views["algorithm"] == "kmeans") & (story.views["feature_set"] == "all"), "separation"
    ]
    assert classes["separation"] == pytest.approx(whole, abs=0.1)
    assert classes["stability"] > 0.6
    assert classes["log_likelihood"] < 0 < classes["bic"]
    assert sum(classes["cluster_sizes"]) == CUSTOMERS


@pytest.mark.slow
def test_of_shuffled_columns_nothing_is_published(story):
    assert story.refusal.startswith("Nothing to segment: the features cannot be told from independent ones")
    assert story.registered_after_refusal == 4


# What informs beside the choice.


def kmeans_inertia(points, k):
    return KMeans(k, n_init=10, random_state=0).fit(points).inertia_


@pytest.mark.slow
def test_the_gap_of_kmeans_is_that_of_scikit_learn_s_inertia_over_uniform_boxes(story):
    points, random = story.prepared, np.random.default_rng(11)
    axes = PCA().fit(points)
    turned = axes.transform(points)
    boxes = [random.uniform(turned.min(axis=0), turned.max(axis=0), size=turned.shape) for _ in range(10)]
    found = story.candidates[story.candidates["algorithm"] == "kmeans"].set_index("k")
    for k in (2, 3, 4):
        expected = np.mean([np.log(kmeans_inertia(box, k)) for box in boxes]) - np.log(kmeans_inertia(points, k))
        assert found.loc[k, "gap"] == pytest.approx(expected, abs=0.1)
        assert 0 < found.loc[k, "gap_error"] < 0.1


@pytest.mark.slow
def test_three_groups_are_found_again_by_halves_and_more_clusters_are_not(story):
    found = story.candidates[story.candidates["algorithm"] == "kmeans"].set_index("k")["prediction_strength"]
    assert found[3] > 0.95
    assert found[4] < 0.8
    assert story.metrics["k_by_prediction_strength.squared_euclidean.sample"] == 3


@pytest.mark.slow
def test_criteria_of_k_stand_beside_kmeans_alone_and_agreement_beside_what_may_be_chosen(story):
    found = story.candidates
    assert found.loc[found["algorithm"] != "kmeans", ["gap", "gap_error", "prediction_strength"]].isna().all(axis=None)
    lasting = found[["stability", "stability_null", "seed_agreement", "time_agreement"]]
    assert lasting[found["k"] == 2].isna().all(axis=None)
    assert lasting[found["k"] == 3].notna().all(axis=None)
    assert {
        "gap.squared_euclidean.sample",
        "gap_error.squared_euclidean.sample",
        "prediction_strength.squared_euclidean.sample",
        "stability_null.jaccard.sample",
        "seed_agreement.adjusted_rand.sample",
        "time_agreement.adjusted_rand.holdout",
    } <= story.of_candidates


@pytest.mark.slow
def test_real_groups_come_back_more_than_structureless_customers_and_from_every_seed(story):
    chosen = story.candidates[story.candidates["chosen"]].iloc[0]
    assert 0.3 < chosen["stability_null"] < chosen["stability"] - 0.1
    assert chosen["seed_agreement"] == pytest.approx(1.0, abs=0.02)
    assert f"where structureless customers give {chosen['stability_null']:.2f}" in story.verdict


@pytest.mark.slow
def test_agreement_over_time_is_that_with_a_fit_of_the_period_s_beginning(story):
    held = story.then[story.then["held"]]
    alone = KMeans(3, n_init=10, random_state=0).fit(np.array(held["point"].tolist())).labels_
    found = story.candidates.set_index(["algorithm", "k"])["time_agreement"]
    labels = held["prediction"]
    chosen = story.candidates[story.candidates["chosen"]].iloc[0]
    assert found[chosen["algorithm"], 3] == pytest.approx(adjusted_rand_score(labels, alone), abs=0.05)


@pytest.mark.slow
def test_a_slice_of_two_hundred_customers_is_judged_and_a_smaller_one_not_told(story):
    row = next(line for line in story.texts["agreement.md"].splitlines() if line.startswith("| mainland |"))
    _, _, customers, agreement, _ = (cell.strip() for cell in row.split("|"))
    trained = [name for name, held in zip(story.then["customer_id"], story.then["held"], strict=True) if not held]
    assert int(customers) == sum(number_of(one) % 10 > 0 for one in trained)
    assert float(agreement) > 0.95
    assert story.metrics["slice_agreement_region.adjusted_rand.trained"] == pytest.approx(float(agreement), abs=1e-3)
    assert "islands" not in story.texts["agreement.md"]


@pytest.mark.slow
def test_each_cluster_s_customers_held_out_are_told_with_what_they_spent_next(story):
    bought = events()
    then = AS_OF - timedelta(days=HORIZON)
    spent = bought[bought["event_date"] >= then].groupby("customer_id")["amount"].sum().round(2)
    held = story.then[story.then["held"]].assign(spent=lambda rows: rows["customer_id"].map(spent).fillna(0.0))
    lines = [line for line in story.texts["explanation.md"].splitlines() if line.count("|") == 6]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    table = {int(row[0]): row[1:] for row in rows if row[-1] in ("reached", "below")}
    expected = held.groupby("prediction")["spent"].agg(["size", "mean"])
    assert sorted(table) == expected.index.tolist()
    for cluster, (customers, mean, _, met) in table.items():
        assert int(customers) == expected.loc[cluster, "size"]
        assert float(mean) == pytest.approx(expected.loc[cluster, "mean"], abs=1)
        assert met == ("reached" if expected.loc[cluster, "mean"] >= TARGET else "below")
    assert "1 of 3 segments reaches the target of 220 (mean of 'amount bought, net of returns'" in story.verdict


@pytest.mark.parametrize("name", ["nowhere", "frequency"])
def test_a_slice_that_is_no_text_is_refused_with_its_place_in_the_configuration(tmp_path, name):
    with pytest.raises(BadInputError, match=f"search.slices: {name} is no feature or attribute.*top_channel"):
        sliced_by(context_in(tmp_path, search={"slices": ["top_channel", name]}))


def test_an_attribute_may_be_called_by_its_own_name(tmp_path):
    context = context_in(tmp_path, search={"slices": ["region"]})
    families = {"features": {"families": ["rfm", "attributes"]}, "attributes": {"region": {"type": "categorical"}}}
    context.config = Config.model_validate(context.config.model_dump(by_alias=True) | families)
    assert sliced_by(context) == {"region": "attribute_region"}
