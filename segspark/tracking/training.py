"""The runs of a training: a parent, and a child for each candidate."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_MODELS, MLFLOW_RUN_NOTE
from pyspark.ml import PipelineModel

from segspark.tracking.datasets import TrainingTable, dataset_input
from segspark.tracking.names import (
    DECIDED,
    EMBEDDINGS,
    MEMBERSHIP,
    POSTERIOR,
    PROMOTED,
    RUN_ID,
    SIZES,
    VERDICT,
    VERSION,
    WARNING,
    ModelVersion,
)
from segspark.tracking.pipelines import save
from segspark.tracking.registry import Registry

# What MLflow takes in one request, and the longest value of a parameter.
_PARAMS_OR_TAGS = 100
_METRICS = 1000
_PARAM_LENGTH = 6000
_PAGE = 1000

Item = TypeVar("Item")


@dataclass(frozen=True)
class CandidateRun:
    """A candidate as it stands in MLflow: parameters as text, metrics, sizes of its clusters."""

    mlflow_run_id: str
    params: dict[str, str]
    metrics: dict[str, float]
    cluster_sizes: tuple[int, ...]


class Training:
    """The parent run of one training, with a child run per candidate."""

    def __init__(self, client: MlflowClient, registry: Registry, run_id: str, run: Run) -> None:
        self._client = client
        self._registry = registry
        self._experiment_id = run.info.experiment_id
        self.run_id = run_id
        self.mlflow_run_id = str(run.info.run_id)
        self._tags = dict(run.data.tags)
        self.finished = run.info.status == "FINISHED"

    @property
    def version(self) -> ModelVersion | None:
        """The version that this training registered, if it came to its end and the version can be loaded."""
        return self._registry.trained_by(self.mlflow_run_id) if VERSION in self._tags else None

    @property
    def conclusion(self) -> tuple[str, str]:
        """Why the chosen candidate won, and what to be careful about (may be empty)."""
        return self._tags.get(VERDICT, ""), self._tags.get(WARNING, "")

    def conclude(self, verdict: str, warning: str) -> None:
        """Store the conclusion with the run, whose description in MLflow it is."""
        self._tag({VERDICT: verdict, WARNING: warning, MLFLOW_RUN_NOTE: f"{verdict}\n\n{warning}".strip()})

    @property
    def decision(self) -> tuple[bool, str] | None:
        """Whether the version was to be champion, and why; None if that was not decided yet."""
        return (self._tags[PROMOTED] == "yes", self._tags.get(DECIDED, "")) if PROMOTED in self._tags else None

    def decide(self, promoted: bool, why: str) -> None:
        """Store the decision of the gate, before an alias moves."""
        self._tag({DECIDED: why, PROMOTED: "yes" if promoted else "no"})

    def describe(self, params: Mapping[str, object], tags: Mapping[str, str], config: Mapping[str, Any]) -> None:
        """Log the parent's parameters, tags and configuration (references to secrets, never secrets)."""
        for batch in _batches([Param(k, str(v)[:_PARAM_LENGTH]) for k, v in params.items()], _PARAMS_OR_TAGS):
            self._client.log_batch(self.mlflow_run_id, params=batch)
        self._tag(tags)
        self._client.log_dict(self.mlflow_run_id, dict(config), "config.yaml")

    def log_table(self, table: TrainingTable, inputs: Mapping[str, str]) -> None:
        """Log the table that the training reads as its dataset.

        Args:
            table: with the version that is read.
            inputs: Spark SQL type of each column that is used.
        """
        self._client.log_inputs(self.mlflow_run_id, [dataset_input(table, inputs)])

    def finished_candidates(self) -> list[CandidateRun]:
        """Children that an earlier attempt finished."""
        query = f"tags.`mlflow.parentRunId` = '{self.mlflow_run_id}' AND attributes.status = 'FINISHED'"
        return [
            CandidateRun(run.info.run_id, run.data.params, run.data.metrics, tuple(json.loads(run.data.tags[SIZES])))
            for run in self._children(query)
        ]

    def log_candidate(
        self, label: str, params: Mapping[str, object], metrics: Mapping[str, float], cluster_sizes: Sequence[int]
    ) -> str:
        """Log one candidate as a child run; it counts only once it is finished.

        Args:
            metrics: by `metric_name`.
        """
        tags = {"mlflow.parentRunId": self.mlflow_run_id, "mlflow.runName": label, RUN_ID: self.run_id}
        run = self._client.create_run(self._experiment_id, tags=tags | {SIZES: json.dumps(list(cluster_sizes))})
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
        at = time.time_ns() // 1_000_000
        for batch in _batches([Metric(name, value, at, 0) for name, value in metrics.items()], _METRICS):
            self._client.log_batch(self.mlflow_run_id, metrics=batch)

    def log_figures(self, figures: Mapping[str, Figure]) -> None:
        """Log figures as figures/NAME.png."""
        for name, figure in figures.items():
            self._client.log_figure(self.mlflow_run_id, figure, f"figures/{name}.png")

    def log_texts(self, texts: Mapping[str, str]) -> None:
        """Log texts, by file name."""
        for name, text in texts.items():
            self._client.log_text(self.mlflow_run_id, text, name)

    def text(self, name: str) -> str | None:
        """A text that was logged, by file name; None if there is none."""
        if name not in {one.path for one in self._client.list_artifacts(self.mlflow_run_id)}:
            return None
        with TemporaryDirectory(prefix="segspark-text-") as folder:
            path = self._client.download_artifacts(self.mlflow_run_id, name, folder)
            return Path(path).read_text(encoding="utf-8")

    def register(
        self,
        model: PipelineModel,
        inputs: Mapping[str, str],
        example: Mapping[str, object],
        embedding_version: str = "",
        description: str = "",
        temperature: float | None = None,
    ) -> ModelVersion:
        """Log and register the pipeline, once per training.

        Args:
            model: plain spark.ml stages, so that it loads without segspark.
            inputs: Spark SQL type of each input column.
            example: a made-up customer, never a real one.
            embedding_version: of the product embeddings that inputs were made with; empty if none was.
            description: of the version, plain text: the verdict, the inputs.
            temperature: of memberships by distance; None where the pipeline gives probabilities.
        """
        # A crashed attempt may have registered it already.
        version = self._registry.trained_by(self.mlflow_run_id)
        if version is None:
            tags = {RUN_ID: self.run_id, MEMBERSHIP: POSTERIOR if temperature is None else repr(temperature)}
            tags |= {EMBEDDINGS: embedding_version} if embedding_version else {}
            # Never twice the same place: what an attempt left there that was cut off would be part of the model.
            place = f"model-{uuid4().hex[:8]}"
            header = Model(artifact_path=place, run_id=self.mlflow_run_id)
            with TemporaryDirectory(prefix="segspark-model-") as folder:
                files = Path(folder) / "model"
                save(model, files, header, inputs, example)
                version = self._registry.register(files, self.mlflow_run_id, place, tags, description)
            # So that MLflow's page of the run shows these artifacts as a model.
            self._tag({MLFLOW_LOGGED_MODELS: json.dumps([header.get_tags_dict()])})
        self._tag({VERSION: version.version})
        return version

    def promote(self, version: ModelVersion) -> None:
        """Give a version the alias `champion`, and end the run."""
        self._registry.promote(version)
        self._client.set_terminated(self.mlflow_run_id)

    def challenge(self, version: ModelVersion) -> None:
        """Give a version the alias `challenger`, and end the run; the champion stays what it is."""
        self._registry.challenge(version)
        self._client.set_terminated(self.mlflow_run_id)

    def fail(self) -> None:
        """Mark the run as failed; the next attempt finds it and goes on."""
        self._client.set_terminated(self.mlflow_run_id, status="FAILED")

    def _tag(self, tags: Mapping[str, str]) -> None:
        for batch in _batches([RunTag(name, value) for name, value in tags.items()], _PARAMS_OR_TAGS):
            self._client.log_batch(self.mlflow_run_id, tags=batch)
        self._tags |= tags

    def _children(self, query: str) -> Iterator[Run]:
        page = None
        while page != "":
            found = self._client.search_runs([self._experiment_id], query, max_results=_PAGE, page_token=page)
            yield from found
            page = found.token or ""


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """Items in lists of at most so many.

    Examples:
        >>> list(_batches([1, 2, 3], 2))
        [[1, 2], [3]]
    """
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
