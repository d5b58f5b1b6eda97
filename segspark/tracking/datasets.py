"""The table that a training read, as MLflow's dataset input."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from mlflow.entities import Dataset, DatasetInput, InputTag

from segspark.tracking.pipelines import columns

# In an address of Azure's, the part before the @ names the container.
_CONTAINERS = ("abfs", "abfss", "wasb", "wasbs")


@dataclass(frozen=True)
class TrainingTable:
    """A Delta table at one of its versions.

    Attributes:
        name: as it is known: customer_features, or catalog.schema.customer_features.
        version: Delta's number of the version that was read.
        path: where it lies; None for a table of a catalog.
    """

    name: str
    version: int
    path: str | None = None


def dataset_input(table: TrainingTable, inputs: Mapping[str, str]) -> DatasetInput:
    """What MLflow shows as the run's dataset, in the context `training`.

    The digest is the version, and a hash of place and inputs: MLflow keeps one dataset of a name and a digest in an
    experiment, and two workspaces may well have the same version of the same table.

    Args:
        table: where the customers came from; secrets in its path are left out.
        inputs: Spark SQL type of each column that was used.

    Examples:
        >>> table = TrainingTable("customer_features", 12, "s3a://me:hush@lake/features")
        >>> one = dataset_input(table, {"monetary_value": "DOUBLE"})
        >>> one.dataset.name, one.dataset.source_type, one.dataset.source
        ('customer_features', 'delta_table', '{"path": "s3a://lake/features", "delta_table_version": 12}')
        >>> one.dataset.digest.split("-")[0], [(tag.key, tag.value) for tag in one.tags]
        ('12', [('mlflow.data.context', 'training')])
    """
    place = {"path": without_secrets(table.path)} if table.path else {"delta_table_name": table.name}
    # The form of MLflow's DeltaDatasetSource, which itself would leave out a version 0.
    source = json.dumps({**place, "delta_table_version": table.version})
    schema = json.dumps({"mlflow_colspec": columns(inputs).to_dict()})
    mark = hashlib.sha256((source + schema).encode()).hexdigest()[:12]
    dataset = Dataset(table.name, f"{table.version}-{mark}", "delta_table", source, schema)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def without_secrets(path: str) -> str:
    """An address without the user, password, query and fragment that it may have; a plain path as it is.

    Examples:
        >>> without_secrets("https://me:hush@store.example/lake?sig=hush#x")
        'https://store.example/lake'
        >>> without_secrets("abfss://lake@account.dfs.core.windows.net/features")
        'abfss://lake@account.dfs.core.windows.net/features'
        >>> without_secrets("/srv/lake/what?")
        '/srv/lake/what?'
    """
    if "://" not in path:
        return path
    parts = urlsplit(path)
    user, _, host = parts.netloc.rpartition("@")
    kept = parts.netloc if parts.scheme in _CONTAINERS and ":" not in user else host
    return urlunsplit((parts.scheme, kept, parts.path, "", ""))
