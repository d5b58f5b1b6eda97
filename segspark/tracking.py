"""MLflow: the only module that touches it. Runs of candidates, the registered model, its champion alias."""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mlflow
import pandas as pd
import requests
from filelock import FileLock
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from pyspark.ml import PipelineModel

from segspark.config.load import reveal
from segspark.config.model import Tracking
from segspark.errors import BadInputError

CHAMPION = "champion"
_RUN_ID = "segspark.run_id"
_VERSION = "segspark.model_version"
EMBEDDINGS = "segspark.embedding_version"
_SIZES = "segspark.cluster_sizes"
_VERDICT = "segspark.verdict"
_WARNING = "segspark.warning"
_TIMEOUT_SECONDS = 5
_REQUIREMENTS = ["pyspark==4.2.0", "numpy", "pandas<3"]


@dataclass(frozen=True)
class ModelVersion:
    """A registered model that can be applied.

    Attributes:
        run_id: segspark's id of the training that made it.
        embedding_version: of the product embeddings that its inputs were made with; empty if none of them was.
    """

    name: str
    version: str
    run_id: str
    embedding_version: str = ""

    @property
    def label(self) -> str:
        """As it stands in tables.

        Examples:
            >>> ModelVersion("segspark", "3", "r1").label
            'segspark/3'
        """
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class CandidateRun:
    """A candidate as it stands in MLflow: parameters as text, metrics, sizes of its clusters."""

    mlflow_run_id: str
    params: dict[str, str]
    metrics: dict[str, float]
    cluster_sizes: tuple[int, ...]


class Tracker:
    """An MLflow experiment and a registered model.

    Raises:
        BadInputError: the tracking server does not answer.
    """

    def __init__(self, settings: Tracking, verbose: bool = False) -> None:
        self.settings = settings
        self.uri = reveal(settings.uri)
        _quiet(verbose)
        _check_reachable(self.uri)
        mlflow.set_tracking_uri(self.uri)
        with _store_lock(self.uri):
            self.client = MlflowClient(self.uri)
            self.experiment_id = self._experiment()

    def training(self, run_id: str) -> "Training":
        """The parent run of a training: the one with this run_id, or a new one."""
        found = self.client.search_runs(
            [self.experiment_id], f"tags.`{_RUN_ID}` = '{run_id}' AND tags.`segspark.kind` = 'training'", max_results=1
        )
        if found:
            return Training(self, run_id, found[0])
        tags = {_RUN_ID: run_id, "segspark.kind": "training", "mlflow.runName": f"training {run_id[:8]}"}
        return Training(self, run_id, self.client.create_run(self.experiment_id, tags=tags))

    def champion(self) -> ModelVersion:
        """The model version that has the alias `champion`.

        Raises:
            BadInputError: there is none.
        """
        name = self.settings.model
        try:
            version = self.client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException as error:
            raise BadInputError(
                [f"tracking: the model '{name}' has no version with the alias '{CHAMPION}'; run segspark train first"]
            ) from error
        return ModelVersion(name, str(version.version), version.tags[_RUN_ID], version.tags.get(EMBEDDINGS, ""))

    def load(self, version: ModelVersion) -> PipelineModel:
        """The spark.ml pipeline of a model version."""
        model: PipelineModel = mlflow.spark.load_model(f"models:/{version.label}", dfs_tmpdir=_scratch())
        return model

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(self.settings.experiment)
        if found is not None:
            return str(found.experiment_id)
        return str(self.client.create_experiment(self.settings.experiment, artifact_location=self._artifacts()))

    def _artifacts(self) -> str | None:
        if self.settings.artifacts is not None:
            return reveal(self.settings.artifacts)
        if self.uri.startswith("sqlite:///"):
            return (Path(self.uri.removeprefix("sqlite:///")).parent / "artifacts").as_uri()
        return None


class Training:
    """The parent run of one training, with a child run per candidate."""

    def __init__(self, tracker: Tracker, run_id: str, run: Run) -> None:
        self._tracker = tracker
        self._client = tracker.client
        self.run_id = run_id
        self.mlflow_run_id = str(run.info.run_id)
        self._tags = dict(run.data.tags)

    @property
    def version(self) -> ModelVersion | None:
        """The version that this training registered, if it came to its end."""
        version = self._tags.get(_VERSION)
        return ModelVersion(self._tracker.settings.model, version, self.run_id) if version else None

    @property
    def conclusion(self) -> tuple[str, str]:
        """Why the chosen candidate won, and what to be careful about (may be empty)."""
        return self._tags.get(_VERDICT, ""), self._tags.get(_WARNING, "")

    def conclude(self, verdict: str, warning: str) -> None:
        """Store the conclusion with the run."""
        self._client.log_batch(self.mlflow_run_id, tags=[RunTag(_VERDICT, verdict), RunTag(_WARNING, warning)])
        self._tags |= {_VERDICT: verdict, _WARNING: warning}

    def describe(self, params: Mapping[str, object], tags: Mapping[str, str], config: Mapping[str, Any]) -> None:
        """Log the parent's parameters, tags and configuration (references to secrets, never secrets)."""
        self._client.log_batch(self.mlflow_run_id, params=[Param(k, str(v)[:6000]) for k, v in params.items()])
        self._client.log_batch(self.mlflow_run_id, tags=[RunTag(k, v) for k, v in tags.items()])
        self._client.log_dict(self.mlflow_run_id, dict(config), "config.yaml")

    def finished_candidates(self) -> list[CandidateRun]:
        """Children that an earlier attempt finished."""
        query = f"tags.`mlflow.parentRunId` = '{self.mlflow_run_id}' AND attributes.status = 'FINISHED'"
        runs = self._client.search_runs([self._tracker.experiment_id], query, max_results=1000)
        return [
            CandidateRun(run.info.run_id, run.data.params, run.data.metrics, tuple(json.loads(run.data.tags[_SIZES])))
            for run in runs
        ]

    def log_candidate(
        self, label: str, params: Mapping[str, object], metrics: Mapping[str, float], cluster_sizes: Sequence[int]
    ) -> str:
        """Log one candidate as a child run; it counts only once it is finished."""
        tags = {"mlflow.parentRunId": self.mlflow_run_id, "mlflow.runName": label, _RUN_ID: self.run_id}
        run = self._client.create_run(
            self._tracker.experiment_id, tags=tags | {_SIZES: json.dumps(list(cluster_sizes))}
        )
        at = int(run.info.start_time)
        self._client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, at, 0) for name, value in metrics.items()],
            params=[Param(name, str(value)) for name, value in params.items()],
        )
        self._client.set_terminated(run.info.run_id)
        return str(run.info.run_id)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Log metrics of the parent run."""
        for name, value in metrics.items():
            self._client.log_metric(self.mlflow_run_id, name, value)

    def log_figures(self, figures: Mapping[str, Figure]) -> None:
        """Log figures as figures/NAME.png."""
        for name, figure in figures.items():
            self._client.log_figure(self.mlflow_run_id, figure, f"figures/{name}.png")

    def log_texts(self, texts: Mapping[str, str]) -> None:
        """Log texts, by file name."""
        for name, text in texts.items():
            self._client.log_text(self.mlflow_run_id, text, name)

    def register(
        self,
        model: PipelineModel,
        inputs: Mapping[str, str],
        example: Mapping[str, object],
        embedding_version: str = "",
    ) -> ModelVersion:
        """Log and register the pipeline, once per training.

        Args:
            model: plain spark.ml stages, so that it loads without segspark.
            inputs: Spark SQL type of each input column.
            example: a made-up customer, never a real one.
            embedding_version: of the product embeddings that inputs were made with; empty if none was.
        """
        name = self._tracker.settings.model
        version = self._registered(name) or self._log_model(model, name, inputs, example)
        self._client.set_model_version_tag(name, version, _RUN_ID, self.run_id)
        if embedding_version:
            self._client.set_model_version_tag(name, version, EMBEDDINGS, embedding_version)
        self._client.set_tag(self.mlflow_run_id, _VERSION, version)
        self._tags[_VERSION] = version
        return ModelVersion(name, version, self.run_id, embedding_version)

    def promote(self, version: ModelVersion) -> None:
        """Give a version the alias `champion`, and end the run."""
        self._client.set_registered_model_alias(version.name, CHAMPION, version.version)
        self._client.set_terminated(self.mlflow_run_id)

    def fail(self) -> None:
        """Mark the run as failed; the next attempt finds it and goes on."""
        self._client.set_terminated(self.mlflow_run_id, status="FAILED")

    def _registered(self, name: str) -> str | None:
        """A version that a crashed attempt registered already."""
        found = self._client.search_model_versions(f"name = '{name}' AND run_id = '{self.mlflow_run_id}'")
        return str(found[0].version) if found else None

    def _log_model(
        self, model: PipelineModel, name: str, inputs: Mapping[str, str], example: Mapping[str, object]
    ) -> str:
        # MLflow prints news of its own; what goes wrong it raises.
        with mlflow.start_run(run_id=self.mlflow_run_id), redirect_stderr(StringIO()):
            info = mlflow.spark.log_model(
                model,
                artifact_path="model",
                registered_model_name=name,
                signature=_signature(inputs),
                input_example=pd.DataFrame([dict(example)]),
                pip_requirements=_REQUIREMENTS,
                dfs_tmpdir=_scratch(),
            )
        return str(info.registered_model_version)


def _signature(inputs: Mapping[str, str]) -> ModelSignature:
    types = {"INT": DataType.integer, "BIGINT": DataType.long}
    columns: list[ColSpec | TensorSpec] = [
        ColSpec(types.get(kind, DataType.double), name, required=False) for name, kind in inputs.items()
    ]
    return ModelSignature(inputs=Schema(columns), outputs=Schema([ColSpec(DataType.integer)]))


def _scratch() -> str:
    """Where spark.ml writes a model before MLflow takes it; SEGSPARK_DFS_TMPDIR names one that a cluster can reach."""
    return os.environ.get("SEGSPARK_DFS_TMPDIR") or tempfile.mkdtemp(prefix="segspark-model-")


def _check_reachable(uri: str) -> None:
    """Ask the server for its health first: MLflow itself would retry for minutes."""
    if urlsplit(uri).scheme not in ("http", "https"):
        return
    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=_TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        problem = f"tracking.uri: the tracking server does not answer ({type(error).__name__})"
        raise BadInputError([f"{problem}; is it running? is the address right?"]) from error


@contextmanager
def _store_lock(uri: str) -> Iterator[None]:
    """One process at a time creates the tables of a sqlite store."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    path = Path(uri.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        yield


def _quiet(verbose: bool) -> None:
    if not verbose:
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="mlflow")
