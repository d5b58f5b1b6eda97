"""A spark.ml pipeline in MLflow's registry: it loads as it was registered, and not at all if its files changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import Imputer, SQLTransformer, VectorAssembler
from pyspark.sql import SparkSession

from segspark.config import Tracking
from segspark.errors import BadInputError, RefusedError
from segspark.tracking import ModelVersion, Tracker
from segspark.tracking.digest import digest
from segspark.tracking.names import DIGEST, MEMBERSHIP

# Two groups that no clustering could miss. One value is unknown; the median, 101, is in the second group.
CUSTOMERS = [("a", 1.0), ("b", 2.0), ("c", 101.0), ("d", 102.0), ("e", 103.0), ("f", None)]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    folder = tmp_path_factory.mktemp("registered")
    return Tracker(Tracking(uri=f"sqlite:///{folder}/mlflow.db", experiment="shop", model="shop-segments"))


@pytest.fixture(scope="module")
def pipeline(spark: SparkSession) -> PipelineModel:
    return fitted(spark)


@pytest.fixture(scope="module")
def version(tracker: Tracker, pipeline: PipelineModel) -> ModelVersion:
    return tracker.training("run-1").register(pipeline, {"spend": "DOUBLE"}, {"spend": 50.0}, "e1", "kmeans won")


@pytest.fixture
def files(tracker: Tracker, version: ModelVersion, tmp_path: Path):
    """Where the store keeps the version's files; put back as they were."""
    place = Path(tracker.client.get_model_version_download_uri(version.name, version.version).removeprefix("file://"))
    shutil.copytree(place, tmp_path / "kept")
    yield place
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(tmp_path / "kept", place)


def fitted(spark: SparkSession) -> PipelineModel:
    stages = [
        SQLTransformer(statement="SELECT *, spend * 1D AS doubled FROM __THIS__"),
        Imputer(strategy="median", inputCols=["doubled"], outputCols=["known"]),
        VectorAssembler(inputCols=["known"], outputCol="features"),
        KMeans(k=2, seed=1),
    ]
    return Pipeline(stages=stages).fit(spark.createDataFrame(CUSTOMERS, "customer_id STRING, spend DOUBLE"))


def groups(spark: SparkSession, model: PipelineModel) -> set[frozenset[str]]:
    """Who is in one cluster with whom."""
    rows = model.transform(spark.createDataFrame(CUSTOMERS, "customer_id STRING, spend DOUBLE")).collect()
    return {frozenset(row.customer_id for row in rows if row.prediction == cluster) for cluster in (0, 1)}


def test_an_untouched_model_loads_and_predicts(spark, tracker, version):
    assert groups(spark, tracker.load(version)) == {frozenset("ab"), frozenset("cdef")}


def test_mlflow_tells_nothing_of_its_own_and_leaves_nothing_where_it_runs(
    tracker, pipeline, capfd, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    tracker.load(tracker.training("run-3").register(pipeline, {"spend": "DOUBLE"}, {"spend": 50.0}))
    assert list(tmp_path.iterdir()) == []
    told = capfd.readouterr()
    assert told.out == ""
    assert not re.search("mlflow|artifacts|registered|version", told.err, re.IGNORECASE), told.err


def test_it_has_a_signature_a_made_up_example_a_description_and_tags(tracker, version, files):
    model = mlflow.models.Model.load(str(files))
    assert model.signature.inputs.to_dict() == [{"type": "double", "name": "spend", "required": False}]
    assert model.load_input_example(str(files)).to_dict("records") == [{"spend": 50.0}]
    found = tracker.client.get_model_version(version.name, version.version)
    assert found.description == "kmeans won"
    assert (version.run_id, version.embedding_version) == ("run-1", "e1")
    assert found.run_id == tracker.training("run-1").mlflow_run_id


def test_its_run_shows_it_as_a_model(tracker, version, files):
    run = tracker.client.get_run(tracker.training("run-1").mlflow_run_id)
    (shown,) = json.loads(run.data.tags["mlflow.log-model.history"])
    assert (shown["artifact_path"], set(shown["flavors"])) == (files.name, {"spark", "python_function"})


def test_it_is_registered_once_and_found_again_with_its_training(tracker, version, pipeline):
    again = tracker.training("run-1")
    assert again.register(pipeline, {"spend": "DOUBLE"}, {"spend": 50.0}) == version
    assert again.version == version


@pytest.mark.parametrize(
    "pattern", ["MLmodel", "sparkml/metadata/part-*", "sparkml/stages/*Imputer*/data/*.parquet", "input_example.json"]
)
def test_one_changed_byte_is_refused_before_the_file_is_read(tracker, version, files, pattern):
    (changed,) = files.glob(pattern)
    content = bytearray(changed.read_bytes())
    content[0] ^= 0xFF  # no longer YAML, JSON or Parquet: whoever reads it fails in another way
    changed.write_bytes(content)
    with pytest.raises(RefusedError, match="are not those that were registered") as refused:
        tracker.load(version)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda files: (files / "sparkml" / "more").write_text(""),
        lambda files: (files / "requirements.txt").unlink(),
        lambda files: (files / "requirements.txt").rename(files / "other.txt"),
    ],
    ids=["added", "removed", "renamed"],
)
def test_an_added_a_removed_and_a_renamed_file_are_refused(tracker, version, files, change: Callable[[Path], object]):
    change(files)
    with pytest.raises(RefusedError, match="are not those that were registered"):
        tracker.load(version)


def test_files_that_are_gone_are_told(tracker, version, files):
    shutil.rmtree(files)
    with pytest.raises(BadInputError, match="the files of shop-segments/1 cannot be fetched"):
        tracker.load(version)


def test_what_mlflow_itself_adds_when_it_loads_from_a_local_store_does_no_harm(spark, tracker, version, files):
    before = {path.name for path in files.iterdir()}
    mlflow.set_tracking_uri(tracker.uri)
    try:
        mlflow.spark.load_model(f"models:/{version.label}")
    finally:
        mlflow.set_tracking_uri(None)
    assert {path.name for path in files.iterdir()} - before == {"registered_model_meta"}
    assert groups(spark, tracker.load(version)) == {frozenset("ab"), frozenset("cdef")}


@pytest.mark.slow
def test_a_loaded_model_is_independent_of_the_stores_files(spark, tracker, version, files):
    model = tracker.load(version)
    shutil.rmtree(files)
    assert groups(spark, model) == {frozenset("ab"), frozenset("cdef")}


@pytest.mark.slow
def test_it_is_loaded_through_the_folder_that_a_cluster_shares(spark, tracker, version, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSPARK_DFS_TMPDIR", str(tmp_path / "shared"))
    model = tracker.load(version)
    assert groups(spark, model) == {frozenset("ab"), frozenset("cdef")}
    assert list((tmp_path / "shared").rglob("MLmodel"))


@pytest.mark.parametrize(("tag", "what"), [(DIGEST, "digest"), (MEMBERSHIP, "temperature of the memberships")])
def test_a_version_that_lacks_what_is_needed_is_refused_and_its_training_done_again(tracker, pipeline, tag, what):
    training = tracker.training(f"run-2-{what}")
    version = training.register(pipeline, {"spend": "DOUBLE"}, {"spend": 50.0})
    tracker.client.delete_model_version_tag(version.name, version.version, tag)
    with pytest.raises(RefusedError, match=f"knows no {what} of shop-segments/"):
        tracker.load(version)
    assert tracker.training(f"run-2-{what}").version is None
    again = training.register(pipeline, {"spend": "DOUBLE"}, {"spend": 50.0})
    assert again.version != version.version
    assert tracker.training(f"run-2-{what}").version == again


def test_the_temperature_of_memberships_is_kept_to_the_last_bit_and_posteriors_have_none(tracker, pipeline, version):
    given = tracker.training("run-warm").register(pipeline, {"spend": "DOUBLE"}, {"spend": 50.0}, temperature=1 / 3)
    assert tracker.training("run-warm").version == given
    assert (given.temperature, version.temperature) == (1 / 3, None)


def test_the_digest_is_that_of_common_tools(tmp_path):
    for name in ("b/.hidden.crc", "a", "B", "é x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "empty").mkdir()
    command = r"find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum"
    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert digest(tmp_path) == f"sha256:{said.split()[0]}"


@pytest.mark.parametrize("name", ["link", "pipe", "two\nlines"])
def test_what_is_no_plain_file_has_no_digest(tmp_path, name):
    if name == "link":
        (tmp_path / name).symlink_to("/etc")
    elif name == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).write_text("")
    with pytest.raises(RefusedError, match="a model consists of plain files"):
        digest(tmp_path)
