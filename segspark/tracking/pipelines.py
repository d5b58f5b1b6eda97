"""A spark.ml pipeline as files in MLflow's format, and back."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import mlflow.spark
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from pyspark.ml import PipelineModel

_REQUIREMENTS = ["pyspark==4.2.0", "numpy", "pandas<3"]
_TYPES = {"INT": DataType.integer, "BIGINT": DataType.long, "STRING": DataType.string}


def columns(inputs: Mapping[str, str]) -> Schema:
    """MLflow's schema of a model's inputs, each of which may be unknown.

    Args:
        inputs: Spark SQL type of each; what is no whole number is a double.

    Examples:
        >>> columns({"frequency": "BIGINT"}).to_dict()
        [{'type': 'long', 'name': 'frequency', 'required': False}]
    """
    found: list[ColSpec | TensorSpec] = [
        ColSpec(_TYPES.get(kind, DataType.double), name, required=False) for name, kind in inputs.items()
    ]
    return Schema(found)


def save(
    model: PipelineModel, folder: Path, header: Model, inputs: Mapping[str, str], example: Mapping[str, object]
) -> None:
    """Write a pipeline with its signature and its example to a folder that is not there yet.

    Args:
        model: plain spark.ml stages, so that it loads without segspark.
        header: what MLflow notes about it; gets the signature.
        inputs: Spark SQL type of each input column.
        example: a made-up customer, never a real one.
    """
    mlflow.spark.save_model(
        model,
        str(folder),
        mlflow_model=header,
        signature=ModelSignature(inputs=columns(inputs), outputs=Schema([ColSpec(DataType.integer)])),
        input_example=pd.DataFrame([dict(example)]),
        pip_requirements=_REQUIREMENTS,
        dfs_tmpdir=_exchange(),
    )


def load(folder: Path) -> PipelineModel:
    """The pipeline in a folder, and no other.

    MLflow takes a path without a scheme from the cluster's file system if it is there, too; an address says which is
    meant. Where Spark's file system is another one, MLflow copies the folder to SEGSPARK_DFS_TMPDIR first.
    """
    model: PipelineModel = mlflow.spark.load_model(folder.as_uri(), dfs_tmpdir=_exchange())
    return model


def own_folder() -> Path:
    """A new folder in which nobody else can write, removed when Python ends.

    It has to last: some stages read their files only when they are applied. Where SEGSPARK_DFS_TMPDIR is a path that
    driver and executors share, it lies there, readable for executors of another user.
    """
    shared = os.environ.get("SEGSPARK_DFS_TMPDIR", "")
    place = urlsplit(shared)
    plain = bool(shared) and place.scheme in ("", "file")
    if plain:
        Path(place.path).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="segspark-model-", dir=place.path if plain else None))
    if plain:
        folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _exchange() -> str:
    """Where Spark and MLflow pass models to each other; SEGSPARK_DFS_TMPDIR names a folder that a cluster can reach."""
    return os.environ.get("SEGSPARK_DFS_TMPDIR") or str(own_folder())
