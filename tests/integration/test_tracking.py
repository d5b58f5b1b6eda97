"""MLflow with a real sqlite store: found again, resumed, registered once, created by several at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from segspark.config import Tracking
from segspark.errors import BadInputError
from segspark.tracking import Tracker


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    return Tracker(Tracking(uri=f"sqlite:///{tmp_path}/store/mlflow.db", experiment="shop", model="shop-segments"))


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


def test_a_conclusion_is_kept_with_the_training(tracker):
    tracker.training("run-1").conclude("kmeans won", "little structure")
    assert tracker.training("run-1").conclusion == ("kmeans won", "little structure")


def test_a_training_that_registered_nothing_has_no_version_and_there_is_no_champion(tracker):
    assert tracker.training("run-1").version is None
    with pytest.raises(BadInputError, match="no version with the alias 'champion'"):
        tracker.champion()


def test_several_processes_can_create_one_store_at_the_same_time(tmp_path):
    program = (
        "from segspark.config import Tracking; from segspark.tracking import Tracker; "
        f"print(Tracker(Tracking(uri='sqlite:///{tmp_path}/store/mlflow.db')).experiment_id)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    finished = [process.communicate(timeout=180) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], finished
    assert len({out.split()[-1] for out, _ in finished}) == 1
