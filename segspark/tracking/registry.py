"""The registered model: its versions with the digests of their files, and its aliases."""

from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient, artifacts
from mlflow.entities import Run, model_registry
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME
from pyspark.ml import PipelineModel

from segspark.errors import BadInputError, RefusedError
from segspark.tracking.digest import digest
from segspark.tracking.names import (
    CHALLENGER,
    CHAMPION,
    DIGEST,
    EMBEDDINGS,
    MEMBERSHIP,
    POSTERIOR,
    RUN_ID,
    ModelVersion,
)
from segspark.tracking.pipelines import load, own_folder

_DESCRIPTION_LENGTH = 5000  # what MLflow's tables hold
_NEEDED = {DIGEST: "digest", MEMBERSHIP: "temperature of the memberships"}  # without which a version is of no use


class Registry:
    """The registered model of a name.

    A version is made with the digest of its files, and loaded only from a copy that has this digest: who can change
    the artifacts but not the registry can make nobody load a changed model.

    Args:
        uri: of the tracking server or store.
    """

    def __init__(self, client: MlflowClient, name: str, uri: str) -> None:
        self._client = client
        self.name = name
        self._uri = uri

    def aliased(self, alias: str) -> ModelVersion | None:
        """The version that has an alias, if one has."""
        try:
            return _version(self._client.get_model_version_by_alias(self.name, alias))
        except MlflowException as error:
            # sqlite says of a missing alias that it is an invalid one.
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            return None

    def version(self, label: str) -> ModelVersion:
        """A version of this model or another, by its label: name/version.

        Raises:
            BadInputError: there is none.
        """
        name, _, number = label.rpartition("/")
        try:
            return _version(self._client.get_model_version(name, number))
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            raise BadInputError([f"tracking: there is no model version {label}; was it deleted?"]) from error

    def trained_by(self, mlflow_run_id: str) -> ModelVersion | None:
        """The last version that a run registered, of those that can be loaded and applied."""
        found = self._client.search_model_versions(f"run_id = '{mlflow_run_id}'")
        own = [one for one in found if one.name == self.name and one.tags.keys() >= _NEEDED.keys()]
        return _version(max(own, key=lambda one: int(one.version))) if own else None

    def metrics(self, version: ModelVersion) -> dict[str, float]:
        """What the training that made a version measured of it: the metrics of its parent run, by name."""
        run = self._run(version)
        return dict(run.data.metrics) if run else {}

    def params(self, version: ModelVersion) -> dict[str, str]:
        """What the training that made a version was asked for: the parameters of its parent run, by name."""
        run = self._run(version)
        return dict(run.data.params) if run else {}

    def register(
        self, files: Path, mlflow_run_id: str, artifact_path: str, tags: Mapping[str, str], description: str
    ) -> ModelVersion:
        """Upload a model's files to a run and register them with their digest, in one step for whoever looks.

        Args:
            files: a folder in MLflow's format.
            artifact_path: where to in the run. Nothing may be there yet: it would be loaded, too.
            description: plain text, cut to 5,000 characters.
        """
        known = {**tags, DIGEST: digest(files)}
        self._client.log_artifacts(mlflow_run_id, str(files), artifact_path)
        place = self._client.get_run(mlflow_run_id).info.artifact_uri
        self._exists()
        return _version(
            self._client.create_model_version(
                self.name, f"{place}/{artifact_path}", mlflow_run_id, known, description=bounded(description)
            )
        )

    def promote(self, version: ModelVersion) -> None:
        """Give a version the alias `champion`; the model's description becomes the version's.

        If it was the challenger, there is none any more.
        """
        described = self._client.get_model_version(version.name, version.version).description
        self._client.set_registered_model_alias(version.name, CHAMPION, version.version)
        if described:
            self._client.update_registered_model(version.name, described)
        challenger = self.aliased(CHALLENGER)
        if challenger is not None and challenger.version == version.version:
            self._client.delete_registered_model_alias(version.name, CHALLENGER)

    def challenge(self, version: ModelVersion) -> None:
        """Give a version the alias `challenger`, unless it is the champion: none challenges itself."""
        champion = self.aliased(CHAMPION)
        if champion is None or champion.version != version.version:
            self._client.set_registered_model_alias(version.name, CHALLENGER, version.version)

    def load(self, version: ModelVersion) -> PipelineModel:
        """The spark.ml pipeline of a version, from a copy of its files that was checked before anything reads it.

        Raises:
            RefusedError: the registry knows no digest of it, or another one than the files have; or not how memberships
                are made.
            BadInputError: the files cannot be fetched.
        """
        tags = self._client.get_model_version(version.name, version.version).tags
        for tag, what in _NEEDED.items():
            if tag not in tags:
                raise RefusedError(
                    f"tracking: the registry knows no {what} of {version.label} (tag {tag}), so nothing of it is "
                    "loaded; run segspark train, which registers one"
                )
        known = tags[DIGEST]
        files = self._fetched(version)
        found = digest(files)
        if found != known:
            raise RefusedError(
                f"tracking: the files of {version.label} are not those that were registered ({found}, and the registry "
                f"knows {known}), so nothing of it is loaded; find out who changed them, delete that version in MLflow "
                "and run segspark train"
            )
        return load(files)

    def _run(self, version: ModelVersion) -> Run | None:
        run_id = self._client.get_model_version(version.name, version.version).run_id
        return self._client.get_run(run_id) if run_id else None

    def _fetched(self, version: ModelVersion) -> Path:
        place = self._client.get_model_version_download_uri(version.name, version.version)
        try:
            # The address of the files themselves: by that of the version, MLflow would add a file of its own.
            fetched = artifacts.download_artifacts(place, dst_path=str(own_folder()), tracking_uri=self._uri)
        except (MlflowException, OSError) as error:
            problem = f"tracking: the files of {version.label} cannot be fetched ({type(error).__name__})"
            raise BadInputError([f"{problem}; are they deleted?"]) from error
        # Whoever loads a version from a local store by MLflow's own functions leaves this in it.
        (Path(fetched) / REGISTERED_MODEL_META_FILE_NAME).unlink(missing_ok=True)
        return Path(fetched)

    def _exists(self) -> None:
        try:
            self._client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def bounded(text: str) -> str:
    """A description that every store of MLflow's takes.

    Examples:
        >>> bounded("kmeans with k=4 won"), len(bounded("x" * 6000)), bounded("x" * 6000)[-3:]
        ('kmeans with k=4 won', 5000, 'xx…')
    """
    return text if len(text) <= _DESCRIPTION_LENGTH else text[: _DESCRIPTION_LENGTH - 1] + "…"


def _version(found: model_registry.ModelVersion) -> ModelVersion:
    tags = found.tags
    told = tags.get(MEMBERSHIP, POSTERIOR)
    temperature = None if told == POSTERIOR else float(told)
    return ModelVersion(found.name, str(found.version), tags.get(RUN_ID, ""), tags.get(EMBEDDINGS, ""), temperature)
