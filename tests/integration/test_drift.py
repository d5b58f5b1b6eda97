"""Drift watched with a real model and its tables, and what makes a training due."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from segspark.clustering.scoring import score
from segspark.columns import quoted
from segspark.config.model import Config
from segspark.progress import Reporter
from segspark.segments.assignments import cluster_assignments
from segspark.steps.context import Context, run_phase
from segspark.steps.drift import watch
from segspark.steps.due import cadence
from segspark.steps.population import eligible, features_at
from segspark.steps.train import train
from segspark.tables import DRIFT, DRIFT_REFERENCE, EVENTS, SEGMENTS
from segspark.tracking import ModelVersion
from tests.features import with_unknown

pytestmark = pytest.mark.slow  # two trainings

FIRST = date(2026, 1, 5)
LATER = FIRST + timedelta(days=30)
LAST = FIRST + timedelta(days=60)
KINDS = {"often": (44, 20), "sometimes": (16, 80), "seldom": (4, 200)}
SEGMENTS_OF = {"often": 150, "sometimes": 150, "seldom": 100}


def customers(orders_more: float = 0.0, moved: int = 0) -> pd.DataFrame:
    """Three kinds; `moved` of those who bought often now buy seldom, all others bought so much more."""
    random = np.random.default_rng(5)
    made = []
    for kind, (orders, money) in KINDS.items():
        n = SEGMENTS_OF[kind]
        made.append(
            pd.DataFrame(
                {
                    "customer_id": [f"{kind} {number}" for number in range(n)],
                    "frequency": np.maximum(np.rint(random.normal(orders, 1.5, n) + orders_more), 1).astype(int),
                    "average_order_value": random.normal(money, 3, n),
                }
            )
        )
    found = pd.concat(made, ignore_index=True)
    found.loc[: moved - 1, ["frequency", "average_order_value"]] = [4, 200.0]
    return found


def context_in(folder: Path, as_of: date, algorithm: str = "kmeans", **retraining: object) -> Context:
    inputs = ["frequency", "average_order_value"]
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": ["rfm", "recent"]},
            "objective": {"kpi": "repeat_rate", "horizon_days": 30},
            "clustering": {
                "algorithms": [algorithm],
                "k": {"min": 3, "max": 3},
                "inputs": inputs,
                "correlation_limit": 1,
                "log_skewness": 9,
            },
            "search": {"resamples": 5},
            "retraining": retraining,
            "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        }
    )
    return Context(config, as_of, Reporter())


def publish(context: Context, rows: pd.DataFrame) -> None:
    """Features as of the context's date, all others unknown."""
    kinds = {"i": "BIGINT", "f": "DOUBLE"}
    schema = ", ".join(f"{quoted(name)} {kinds.get(rows[name].dtype.kind, 'STRING')}" for name in rows.columns)
    frame = context.spark.createDataFrame(list(rows.itertuples(index=False, name=None)), schema).withColumns(
        {"as_of": F.lit(context.as_of), "tenure_days": F.lit(100), "recency_days": F.lit(9)}
    )
    context.writer(f"features {context.as_of}").publish(context.features_table, with_unknown(context, frame))


def write(context: Context, table, **values: object) -> None:
    """A row with these values and nothing else."""
    row = [values.get(one.name) for one in table.columns]
    context.writer("by hand").publish(table, context.lake.frame(table, [tuple(row)]))


def watched(context: Context, version: ModelVersion) -> tuple[pd.DataFrame, str]:
    """What watch returns, as a frame by kind and name, and what it says."""
    model, features = context.tracker.load(version), features_at(context)
    ids = {cluster: f"seg-{cluster}" for cluster in range(3)}
    assigned = cluster_assignments(score(eligible(context, features), model, version.temperature), ids, version.label)
    sizes = {row["segment_id"]: row["count"] for row in assigned.groupBy("segment_id").count().collect()}
    with context.reporter.console.capture() as said:
        found = watch(context, f"assign {context.as_of}", version, model, features, assigned, sizes)
    return pd.DataFrame([vars(one) for one in found]).set_index(["kind", "name"]), " ".join(said.get().split())


@dataclass
class Story:
    drift: dict[str, pd.DataFrame] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    due: dict[str, str | None] = field(default_factory=dict)
    words: str = ""
    versions: list[tuple[int, int]] = field(default_factory=list)
    reference: pd.DataFrame = field(default_factory=pd.DataFrame)
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    other: pd.DataFrame = field(default_factory=pd.DataFrame)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    told, folder = Story(), tmp_path_factory.mktemp("drift")
    context = context_in(folder, FIRST)
    told.due["before"] = cadence(context).reason
    write(context, EVENTS, event_id="e", customer_id="often 0", event_date=date(2025, 12, 1))
    publish(context, customers())
    run_phase(context, "train", train)
    version = context.tracker.champion()
    for _ in range(2):
        told.drift["first"], told.said["first"] = watched(context, version)
        told.versions.append((context.lake.latest(DRIFT), context.lake.latest(DRIFT_REFERENCE)))
    told.words = cadence(context).words
    later = context_in(folder, LATER)
    publish(later, customers(orders_more=1))
    told.drift["later"], told.said["later"] = watched(later, version)
    last = context_in(folder, LAST)
    publish(last, customers(orders_more=1, moved=60).assign(average_order_value=lambda rows: rows.iloc[:, 2] * 1.4))
    told.drift["last"], told.said["last"] = watched(last, version)
    told.reference = last.lake.read(DRIFT_REFERENCE).toPandas()
    told.rows = last.lake.read(DRIFT).toPandas()
    told.due["drift"] = cadence(last).reason
    told.due["no drift"] = cadence(context_in(folder, LAST, on_drift=False)).reason
    told.due["pause"] = cadence(context_in(folder, LAST, pause_days=61)).reason
    told.due["cadence"] = cadence(context_in(folder, LAST, every_days=60, on_drift=False)).reason
    write(last, SEGMENTS, segment_id="seg-0", status="active", retrain_days=45)
    told.due["segment"] = cadence(context_in(folder, LAST, on_drift=False)).reason
    mixture = context_in(folder, LAST, "gmm")
    run_phase(mixture, "train", train)
    told.due["trained"] = cadence(context_in(folder, LAST + timedelta(days=1), every_days=45)).reason
    new = mixture.tracker.challenger() or mixture.tracker.champion()
    assert new.version == "2"
    told.other, told.said["mixture"] = watched(mixture, new)
    return told


def test_at_the_first_assign_by_a_version_nothing_has_drifted_and_the_reference_is_kept(story):
    first = story.drift["first"]
    assert not first["exceeded"].any()
    assert set(first.index) == {
        ("input", "frequency"), ("input", "average_order_value"), ("share", "psi"), ("share", "largest_change"),
        ("fit", "distance"),
    }  # fmt: skip
    assert first.drop(("fit", "distance"))["value"].tolist() == [0.0] * 4
    assert first.loc[("fit", "distance"), "value"] == pytest.approx(0.01, abs=0.005)


def test_the_same_assign_again_makes_no_new_version(story):
    assert story.versions[0] == story.versions[1]


def test_the_reference_has_the_bins_of_the_first_customers_and_is_never_changed(story):
    kept = story.reference[story.reference["model_version"] == "segspark/1"]
    assert set(kept.loc[kept["kind"] != "kpi", "as_of"]) == {FIRST}
    frequency = kept[(kept["kind"] == "input") & (kept["name"] == "frequency")].set_index("bin").sort_index()
    deciles = np.unique(np.quantile(customers()["frequency"], np.arange(1, 10) / 10, method="inverted_cdf"))
    assert frequency["upper"].dropna().tolist() == deciles.tolist()
    assert frequency["value"].sum() == 400
    assert kept.loc[kept["kind"] == "share", "value"].sum() == 400


def test_what_the_table_says_is_what_is_returned_with_the_dates_and_the_model(story):
    rows = story.rows[story.rows["as_of"] == LAST].set_index(["kind", "name"])
    assert set(rows.index) == set(story.drift["last"].index)
    for name in ("value", "threshold", "exceeded"):
        wanted = story.drift["last"][name]
        assert [rows.loc[key, name] for key in wanted.index] == pytest.approx(wanted.tolist(), rel=1e-9)
    assert set(rows.loc[["input", "share", "fit"], "from_as_of"]) == {FIRST}
    assert set(rows["model_version"]) == {"segspark/1"}


def test_inputs_shares_and_fit_are_exceeded_where_customers_changed(story):
    last = story.drift["last"]
    assert last.loc[("input", "average_order_value"), "exceeded"]
    assert last.loc[("share", "largest_change"), "value"] == pytest.approx(60 / 400)
    assert last.loc[("share", "psi"), "exceeded"]
    assert last.loc[("fit", "distance"), "exceeded"]
    assert "the input average order value (average_order_value) has a PSI of" in story.said["last"]
    assert re.search(r"further from every centre than 99% were, more than 0\.05, since 2026-01-05", story.said["last"])
    assert "segspark ingest --check" in story.said["last"]


def test_the_kpi_is_left_out_until_there_are_features_of_a_period_before_and_then_is_the_reference(story):
    assert "the KPI is left out, as features of 30 days before are of too few customers" in story.said["first"]
    later = story.drift["later"].loc["kpi"]
    # Everybody bought once more but those whose orders were at the lower end; by hand from the same customers.
    then, now = customers().set_index("customer_id"), customers(orders_more=1).set_index("customer_id")
    bought = (now["frequency"] > then["frequency"]).groupby(then.index.str.split().str[0]).mean()
    assert sorted(later["value"]) == pytest.approx(sorted(bought))
    assert later["value"].tolist() == later["reference"].tolist()
    assert set(story.reference.loc[story.reference["kind"] == "kpi", "as_of"]) >= {LATER}


def test_a_kpi_that_fell_in_every_segment_is_exceeded_and_said_with_what_to_look_at(story):
    last = story.drift["last"].loc["kpi"]
    assert last["value"].tolist() == pytest.approx([0.0] * 3)  # nobody bought once more in the second period
    assert last["exceeded"].all()
    assert "look at offers and seasons first" in story.said["last"]


def test_of_a_mixture_fit_is_watched_by_its_means_and_its_reference_is_its_own(story):
    assert not story.other["exceeded"].any()
    assert story.other.loc[("fit", "distance"), "value"] == pytest.approx(0.01, abs=0.005)
    assert story.other.loc[("share", "largest_change"), "value"] == 0.0


def test_a_training_is_due_where_there_is_no_champion(story):
    assert story.due["before"] == "there is no champion yet"


def test_what_is_not_due_says_when_was_trained_and_when_will_be(story):
    assert story.words == "training: not due, trained 2026-01-05, next on 2026-04-05"


def test_a_training_is_due_by_drift_but_not_by_the_kpi_alone_nor_soon_after_a_training(story):
    reason = story.due["drift"]
    assert reason is not None
    assert reason.startswith("drift at 2026-03-06 beyond its threshold: fit distance, input average_order_value")
    assert "kpi" not in reason
    assert story.due["no drift"] is None
    assert story.due["pause"] is None


def test_a_training_is_due_by_the_configuration_s_days_or_by_a_segment_s(story):
    assert story.due["cadence"] == "trained 2026-01-05, and 60 days are over (retraining.every_days)"
    assert story.due["segment"] == "trained 2026-01-05, and 45 days are over (retrain_days of seg-0)"


def test_days_count_from_the_last_training_whether_or_not_it_won(story):
    assert story.due["trained"] is None
