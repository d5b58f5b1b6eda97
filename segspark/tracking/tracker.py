"""The way into MLflow: an experiment and a registered model."""

from datetime import date

from mlflow import MlflowClient
from pyspark.ml import PipelineModel

from segspark.config.load import reveal
from segspark.config.model import Tracking
from segspark.errors import BadInputError
from segspark.tracking.comparing import Comparison
from segspark.tracking.names import CHALLENGER, CHAMPION, KIND, RUN_ID, ModelVersion
from segspark.tracking.registry import Registry
from segspark.tracking.store import check_reachable, experiment, quiet, store_lock
from segspark.tracking.training import Training


class Tracker:
    """An MLflow experiment and a registered model.

    Raises:
        BadInputError: the tracking server does not answer, or the experiment was deleted.
    """

    def __init__(self, settings: Tracking, verbose: bool = False) -> None:
        self.settings = settings
        self.uri = reveal(settings.uri)
        if not verbose:
            quiet()
        check_reachable(self.uri)
        with store_lock(self.uri):
            self.client = MlflowClient(self.uri)
            self.experiment_id = experiment(self.client, settings, self.uri)
        self._registry = Registry(self.client, settings.model, self.uri)

    def training(self, run_id: str) -> Training:
        """The parent run of a training: the one with this run_id, or a new one."""
        query = f"tags.`{RUN_ID}` = '{run_id}' AND tags.`{KIND}` = 'training'"
        found = self.client.search_runs([self.experiment_id], query, max_results=1)
        tags = {RUN_ID: run_id, KIND: "training", "mlflow.runName": f"training {run_id[:8]}"}
        run = found[0] if found else self.client.create_run(self.experiment_id, tags=tags)
        return Training(self.client, self._registry, run_id, run)

    def comparison(self, run_id: str) -> Comparison:
        """The run of a comparison of two dates: the one with this run_id, or a new one."""
        query = f"tags.`{RUN_ID}` = '{run_id}' AND tags.`{KIND}` = 'comparison'"
        found = self.client.search_runs([self.experiment_id], query, max_results=1)
        tags = {RUN_ID: run_id, KIND: "comparison", "mlflow.runName": f"comparison {run_id[:8]}"}
        run = found[0] if found else self.client.create_run(self.experiment_id, tags=tags)
        return Comparison(self.client, run)

    def champion(self) -> ModelVersion:
        """The model version that has the alias `champion`.

        Raises:
            BadInputError: there is none.
        """
        found = self.champion_if_any()
        if found is None:
            name = self.settings.model
            raise BadInputError(
                [f"tracking: the model '{name}' has no version with the alias '{CHAMPION}'; run segspark train first"]
            )
        return found

    def champion_if_any(self) -> ModelVersion | None:
        """The model version that has the alias `champion`, if one has."""
        return self._registry.aliased(CHAMPION)

    def challenger(self) -> ModelVersion | None:
        """The model version that has the alias `challenger`, if one has."""
        return self._registry.aliased(CHALLENGER)

    def version(self, label: str) -> ModelVersion:
        """A model version by its label, of whichever registered model.

        Raises:
            BadInputError: there is none.
        """
        return self._registry.version(label)

    def metrics(self, version: ModelVersion) -> dict[str, float]:
        """What the training that made a version measured of it, by metric name."""
        return self._registry.metrics(version)

    def trained_at(self, version: ModelVersion) -> date | None:
        """as_of of the training that made a version; None if it is not known."""
        text = self._registry.params(version).get("as_of")
        return date.fromisoformat(text) if text else None

    def promote(self, version: ModelVersion) -> None:
        """Give a version the alias `champion`, as a team does that approves of a challenger."""
        self._registry.promote(version)

    def load(self, version: ModelVersion) -> PipelineModel:
        """The spark.ml pipeline of a model version.

        Raises:
            RefusedError: its files are not those that were registered, or the registry does not know.
        """
        return self._registry.load(version)
