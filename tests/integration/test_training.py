"""Trainings one after the other on customers whose groups are known: the guard, the gate, approval, and exact fits."""

from __future__ import annotations

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

FIRST, AS_OF, HORIZON = date(2026, 1, 1), date(2026, 7, 20), 60
CUSTOMERS = 450
THREE = {"min": 3, "max": 3}
KINDS = {"often": (7, 20.0), "sometimes": (21, 60.0), "seldom": (45, 200.0)}  # days between orders, amount


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
            rows.append((f"{number}-{len(rows)}", f"c{number}", day, amount * random.lognormal(0, 0.1)))
            at += gap * random.lognormal(0, 0.1)
    return pd.DataFrame(rows, columns=["event_id", "customer_id", "event_date", "amount"])


def context_in(folder: Path, **clustering: object) -> Context:
    search = {"resamples": 5, **clustering.pop("search", {})}  # type: ignore[dict-item]
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": ["rfm", "rhythm"]},
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
    refusal: str = ""
    registered_after_refusal: int = 0

    def note(self, context: Context) -> None:
        challenger = context.tracker.challenger()
        self.champions.append(context.tracker.champion().version)
        self.challengers.append(challenger and challenger.version)


def labelled(context: Context) -> list[int]:
    """The champion's cluster of each customer, in the order of their ids."""
    model = context.tracker.load(context.tracker.champion())
    rows = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(AS_OF))
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
def test_of_shuffled_columns_nothing_is_published(story):
    assert story.refusal.startswith("Nothing to segment: the features cannot be told from independent ones")
    assert story.registered_after_refusal == 3
