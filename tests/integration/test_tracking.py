"""MLflow with a real sqlite store: found again, resumed, registered once, written to by several at once."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import mlflow.data
import pytest
from mlflow.data.delta_dataset_source import DeltaDatasetSource

from segspark.config import Tracking
from segspark.errors import BadInputError
from segspark.tracking import ModelVersion, Tracker, TrainingTable
from segspark.tracking import training as runs
from segspark.tracking.names import RUN_ID
from segspark.tracking.registry import Registry
from tests.integration.writers import CANDIDATES, WRITERS

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "mlflow.db"


@pytest.fixture
def tracker(store: Path) -> Tracker:
    """An experiment and a model of the test's own; making a store of its own takes seconds."""
    name = f"shop-{next(NUMBERS)}"
    return Tracker(Tracking(uri=f"sqlite:///{store}", experiment=name, model=name))


def registered(tracker: Tracker, folder: Path, run_id: str, description: str = "") -> ModelVersion:
    """A version of a file that is no model: aliases do not mind."""
    files = folder / run_id
    files.mkdir()
    (files / "model").write_text(run_id)
    run = tracker.training(run_id).mlflow_run_id
    registry = Registry(tracker.client, tracker.settings.model, tracker.uri)
    return registry.register(files, run, "model", {RUN_ID: run_id}, description)


def test_the_same_training_is_found_again_by_its_run_id(tracker):
    first = tracker.training("run-1")
    assert tracker.training("run-1").mlflow_run_id == first.mlflow_run_id
    assert tracker.training("run-2").mlflow_run_id != first.mlflow_run_id


def test_finished_candidates_of_an_interrupted_training_are_found_with_what_they_measured(tracker):
    training = tracker.training("run-1")
    training.log_candidate(
        "kmeans k=3", {"algorithm": "kmeans", "k": 3}, {"cost.squared_euclidean.sample": 1.5}, (4, 2, 1)
    )
    training.fail()
    (found,) = tracker.training("run-1").finished_candidates()
    assert found.params == {"algorithm": "kmeans", "k": "3"}
    assert found.metrics == {"cost.squared_euclidean.sample": 1.5}
    assert found.cluster_sizes == (4, 2, 1)


def test_all_finished_candidates_are_found_when_there_are_more_than_a_page_of_them(tracker, monkeypatch):
    monkeypatch.setattr(runs, "_PAGE", 2)
    training = tracker.training("run-1")
    for k in range(2, 7):
        training.log_candidate(f"kmeans k={k}", {"k": k}, {}, (1, 1))
    assert sorted(found.params["k"] for found in training.finished_candidates()) == ["2", "3", "4", "5", "6"]


def test_a_conclusion_is_kept_with_the_training(tracker):
    tracker.training("run-1").conclude("kmeans won", "little structure")
    again = tracker.training("run-1")
    assert again.conclusion == ("kmeans won", "little structure")
    described = tracker.client.get_run(again.mlflow_run_id).data.tags["mlflow.note.content"]
    assert described == "kmeans won\n\nlittle structure"


def test_more_parameters_and_tags_than_mlflow_takes_at_once_are_all_logged(tracker):
    names = [f"feature_{number}" for number in range(230)]
    training = tracker.training("run-1")
    training.describe(dict.fromkeys(names, 1), dict.fromkeys(names, "what it means"), {})
    logged = tracker.client.get_run(training.mlflow_run_id).data
    assert set(names) <= set(logged.params) and set(names) <= set(logged.tags)


def test_a_training_that_registered_nothing_has_no_version_and_there_is_no_champion(tracker):
    assert tracker.training("run-1").version is None
    assert tracker.challenger() is None
    with pytest.raises(BadInputError, match="no version with the alias 'champion'"):
        tracker.champion()


def test_a_challenger_stands_beside_the_champion_until_it_is_promoted(tracker, tmp_path):
    first, second = registered(tracker, tmp_path, "run-1"), registered(tracker, tmp_path, "run-2")
    tracker.training("run-1").promote(first)
    tracker.training("run-2").challenge(second)
    assert (tracker.champion(), tracker.challenger()) == (first, second)
    tracker.promote(second)
    assert (tracker.champion(), tracker.challenger()) == (second, None)


def test_a_challenger_remains_when_another_version_is_promoted(tracker, tmp_path):
    first, second, third = (registered(tracker, tmp_path, f"run-{number}") for number in (1, 2, 3))
    tracker.training("run-1").promote(first)
    tracker.training("run-2").challenge(second)
    tracker.training("run-3").promote(third)
    assert (tracker.champion(), tracker.challenger()) == (third, second)


def test_the_champion_does_not_become_its_own_challenger(tracker, tmp_path):
    first = registered(tracker, tmp_path, "run-1")
    tracker.training("run-1").promote(first)
    tracker.training("run-1").challenge(first)
    assert (tracker.champion(), tracker.challenger()) == (first, None)


@pytest.mark.parametrize("end", ["promote", "challenge"])
def test_a_training_ends_with_either_alias(tracker, tmp_path, end):
    version, training = registered(tracker, tmp_path, "run-1"), tracker.training("run-1")
    getattr(training, end)(version)
    assert tracker.client.get_run(training.mlflow_run_id).info.status == "FINISHED"


def test_what_was_measured_of_the_champion_can_be_read(tracker, tmp_path):
    training = tracker.training("run-1")
    training.log_metrics({"silhouette.euclidean.holdout": 0.61, "k": 4.0})
    training.log_candidate("kmeans k=3", {"k": 3}, {"silhouette.euclidean.holdout": 0.2}, (1, 1, 1))
    training.promote(registered(tracker, tmp_path, "run-1"))
    assert tracker.metrics(tracker.champion()) == {"silhouette.euclidean.holdout": 0.61, "k": 4.0}


def test_the_model_is_described_as_its_champion_is(tracker, tmp_path):
    first = registered(tracker, tmp_path, "run-1", "kmeans with k=4 won")
    second = registered(tracker, tmp_path, "run-2", "gmm with k=3 won")
    tracker.training("run-1").promote(first)
    tracker.training("run-2").challenge(second)
    assert tracker.client.get_registered_model(first.name).description == "kmeans with k=4 won"
    assert tracker.client.get_model_version(first.name, second.version).description == "gmm with k=3 won"
    tracker.promote(second)
    assert tracker.client.get_registered_model(first.name).description == "gmm with k=3 won"


def test_the_table_that_was_read_is_the_runs_dataset_and_logged_once(tracker):
    training = tracker.training("run-1")
    for _ in range(2):
        training.log_table(
            TrainingTable("customer_features", 0, "s3a://key:hush@lake/features?token=hush"),
            {"frequency": "BIGINT", "visits": "INT", "monetary_value": "DECIMAL(18,4)"},
        )
    (found,) = tracker.client.get_run(training.mlflow_run_id).inputs.dataset_inputs
    assert {tag.key: tag.value for tag in found.tags} == {"mlflow.data.context": "training"}
    source = mlflow.data.get_source(found.dataset)
    assert isinstance(source, DeltaDatasetSource)
    assert (source.path, source.delta_table_version) == ("s3a://lake/features", 0)
    columns = json.loads(found.dataset.schema)["mlflow_colspec"]
    assert [(column["name"], column["type"]) for column in columns] == [
        ("frequency", "long"), ("visits", "integer"), ("monetary_value", "double"),
    ]  # fmt: skip
    assert "hush" not in json.dumps(found.to_dictionary())


def test_the_same_version_of_another_workspaces_table_is_another_dataset(tracker):
    paths = {"run-1": "/lake/one/customer_features", "run-2": "/lake/two/customer_features"}
    for run_id, path in paths.items():
        tracker.training(run_id).log_table(TrainingTable("customer_features", 7, path), {"frequency": "INT"})
    for run_id, path in paths.items():
        (found,) = tracker.client.get_run(tracker.training(run_id).mlflow_run_id).inputs.dataset_inputs
        assert mlflow.data.get_source(found.dataset).path == path


def test_a_deleted_experiment_is_told(tracker):
    tracker.client.delete_experiment(tracker.experiment_id)
    with pytest.raises(BadInputError, match=r"tracking\.experiment: 'shop-[0-9]+' was deleted"):
        Tracker(tracker.settings)


def test_eight_processes_create_one_store_and_write_to_it_at_the_same_time(tmp_path):
    uri = f"sqlite:///{tmp_path}/store/mlflow.db"
    command = [sys.executable, "-m", "tests.integration.writers", uri, str(tmp_path / "models")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "locked" not in done.stderr
    with closing(sqlite3.connect(tmp_path / "store" / "mlflow.db")) as store:
        finished = store.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone()
        metrics = store.execute("SELECT count(*) FROM metrics").fetchone()
        versions = store.execute("SELECT version FROM model_versions ORDER BY version").fetchall()
        experiments = store.execute("SELECT count(*) FROM experiments WHERE name = 'crowd'").fetchone()
    assert (finished, metrics, experiments) == ((WRITERS * CANDIDATES,), (WRITERS * CANDIDATES,), (1,))
    assert versions == [(number,) for number in range(1, WRITERS + 1)]
