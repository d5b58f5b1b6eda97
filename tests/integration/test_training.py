"""Trainings one after the other on customers whose groups are known: guard, gate, approval, exact fits, views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F
from sklearn.metrics import adjusted_rand_score

from benchmarks.verdict import shuffle
from segspark.config.model import Config
from segspark.errors import RefusedError
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.features import features
from segspark.steps.promotion import approve
from segspark.steps.train import train
from segspark.tables import EVENTS, TRAINING_CANDIDATES
from segspark.tracking import ModelVersion

FIRST, AS_OF, HORIZON = date(2026, 1, 1), date(2026, 7, 20), 60
CUSTOMERS = 450
THREE = {"min": 3, "max": 3}
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


def context_in(folder: Path, **clustering: object) -> Context:
    search = {"resamples": 5, **clustering.pop("search", {})}  # type: ignore[dict-item]
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": ["rfm", "rhythm", "scores", "preference", "engagement"]},
            "objective": {"kpi": "revenue", "horizon_days": HORIZON},
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
    context = context_in(folder)
    fill(context)
    train(context)
    told.note(context)
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
@pytest.mark.parametrize("way", ["fast", "exact", "views"])
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
    assert story.views["chosen"].sum() == 1
    [classes] = story.views[story.views["algorithm"] == "lca"].to_dict("records")
    assert classes["separation"] > 0.8
    assert classes["stability"] > 0.6
    assert classes["log_likelihood"] < 0 < classes["bic"]
    assert sum(classes["cluster_sizes"]) == CUSTOMERS


@pytest.mark.slow
def test_of_shuffled_columns_nothing_is_published(story):
    assert story.refusal.startswith("Nothing to segment: the features cannot be told from independent ones")
    assert story.registered_after_refusal == 4
