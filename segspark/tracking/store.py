"""Opening MLflow's store: a server that answers, a sqlite file made by one process at a time, an experiment."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from segspark.config.load import reveal
from segspark.config.model import Tracking
from segspark.errors import BadInputError

_TIMEOUT_SECONDS = 5
_SQLITE = "sqlite:///"


def check_reachable(uri: str) -> None:
    """Ask a server for its health first: MLflow itself would retry for minutes.

    Raises:
        BadInputError: it does not answer.
    """
    if urlsplit(uri).scheme not in ("http", "https"):
        return
    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=_TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        problem = f"tracking.uri: the tracking server does not answer ({type(error).__name__})"
        raise BadInputError([f"{problem}; is it running? is the address right?"]) from error


@contextmanager
def store_lock(uri: str) -> Iterator[None]:
    """One process at a time makes the tables of a sqlite store, and the experiment.

    All that is written later needs no lock of ours: MLflow has sqlite wait up to 20 seconds for another writer.
    """
    file = _sqlite_file(uri)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        yield


def experiment(client: MlflowClient, settings: Tracking, uri: str) -> str:
    """The id of the experiment, made where it is missing.

    Raises:
        BadInputError: it was deleted, so nothing can be logged to it.
    """
    found = client.get_experiment_by_name(settings.experiment)
    if found is None:
        try:
            return str(client.create_experiment(settings.experiment, artifact_location=_artifacts(settings, uri)))
        except MlflowException as error:
            found = client.get_experiment_by_name(settings.experiment)
            # Else somebody made it meanwhile.
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or found is None:
                raise
    if found.lifecycle_stage != "active":
        raise BadInputError(
            [f"tracking.experiment: '{settings.experiment}' was deleted; name another one, or restore it by "
             f"mlflow experiments restore -x {found.experiment_id}"]
        )  # fmt: skip
    return str(found.experiment_id)


def quiet() -> None:
    """Keep MLflow from telling of its work; what goes wrong it raises."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="mlflow")
    # With a server it would print two lines for each candidate, and a bar for the few files of a model.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def _artifacts(settings: Tracking, uri: str) -> str | None:
    if settings.artifacts is not None:
        return reveal(settings.artifacts)
    file = _sqlite_file(uri)
    return None if file is None else (file.parent / "artifacts").as_uri()


def _sqlite_file(uri: str) -> Path | None:
    return Path(uri.removeprefix(_SQLITE).partition("?")[0]) if uri.startswith(_SQLITE) else None
