"""MLflow behind a real tracking server: eight writers at once, and a model whose files the server passes on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from mlflow import MlflowClient
from pyspark.ml import PipelineModel
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

from segspark.config import Tracking
from segspark.errors import RefusedError
from segspark.tracking import Tracker, TrainingTable
from tests.integration.servers import MlflowServer, running_mlflow
from tests.integration.writers import CANDIDATES, WRITERS

pytestmark = pytest.mark.slow

CUSTOMERS = [("a", 1.0), ("b", 2.0), ("c", 101.0), ("d", 102.0)]


@pytest.fixture(scope="module")
def server() -> Iterator[MlflowServer]:
    with running_mlflow() as running:
        yield running


def fitted(spark: SparkSession) -> PipelineModel:
    customers = spark.createDataFrame(CUSTOMERS, "customer_id STRING, spend DOUBLE")
    assembler = VectorAssembler(inputCols=["spend"], outputCol="features")
    return PipelineModel(stages=[assembler, KMeans(k=2, seed=1).fit(assembler.transform(customers))])


def test_eight_processes_write_to_one_server_at_the_same_time(server, tmp_path):
    command = [sys.executable, "-m", "tests.integration.writers", server.url, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == ""  # MLflow would print an address for each run
    client = MlflowClient(server.url)
    experiment = client.get_experiment_by_name("crowd").experiment_id
    runs = client.search_runs([experiment], "attributes.status = 'FINISHED'", max_results=1000)
    assert len(runs) == WRITERS * CANDIDATES
    assert len({(run.data.tags["mlflow.parentRunId"], run.data.params["k"]) for run in runs}) == WRITERS * CANDIDATES
    versions = client.search_model_versions("name = 'crowd'")
    assert sorted(int(version.version) for version in versions) == list(range(1, WRITERS + 1))
    # A client tries again where the server says 503, so its success says little.
    assert "locked" not in server.log and "500 Internal" not in server.log and "503" not in server.log


def test_a_model_goes_through_the_server_and_is_loaded_only_as_it_was_registered(
    server, spark, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    tracker = Tracker(Tracking(uri=server.url, experiment="shop", model="shop-segments"))
    training = tracker.training("run-1")
    training.log_table(TrainingTable("customer_features", 3, "/lake/customer_features"), {"spend": "DOUBLE"})
    training.log_metrics({"silhouette.euclidean.holdout": 0.9})
    version = training.register(fitted(spark), {"spend": "DOUBLE"}, {"spend": 50.0}, description="kmeans won")
    training.promote(version)

    elsewhere = Tracker(Tracking(uri=server.url, experiment="shop", model="shop-segments"))
    assert elsewhere.challenger() is None
    assert elsewhere.champion() == version
    assert elsewhere.metrics(version) == {"silhouette.euclidean.holdout": 0.9}
    rows = elsewhere.load(version).transform(spark.createDataFrame(CUSTOMERS, "customer_id STRING, spend DOUBLE"))
    clusters = {row.customer_id: row.prediction for row in rows.collect()}
    assert clusters["a"] == clusters["b"] != clusters["c"] == clusters["d"]
    assert tracker.client.get_run(training.mlflow_run_id).info.artifact_uri.startswith("mlflow-artifacts:")

    (changed,) = server.artifacts.rglob("sparkml/stages/*KMeans*/metadata/part-*")
    changed.write_bytes(changed.read_bytes().replace(b'"k":2', b'"k":3'))
    with pytest.raises(RefusedError, match="are not those that were registered"):
        elsewhere.load(version)
    assert list(tmp_path.iterdir()) == []  # all of it is the server's
    told = capfd.readouterr()
    assert told.out == ""
    assert not re.search("mlflow|artifacts|registered|version", told.err, re.IGNORECASE), told.err
