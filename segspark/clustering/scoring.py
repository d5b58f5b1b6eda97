"""Scoring: a published pipeline's cluster for every customer, with runner-up, membership and margin."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import ArrayType

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.latent_scoring import class_count
from segspark.clustering.preparation import PREPARED
from segspark.kernels.membership import by_distance, by_probability, distances

_FOUND = "runner_up INT, membership DOUBLE, runner_up_membership DOUBLE, margin DOUBLE"


def score(features: DataFrame, model: PipelineModel, temperature: float | None = None) -> DataFrame:
    """Apply a pipeline to customers.

    Args:
        features: one row per customer_id with the model's inputs.
        model: preparation and clustering, as train published them.
        temperature: of memberships by distance (clustering.calibration); None for a model that gives probabilities.

    Returns:
        One row per customer_id: cluster, runner_up, the memberships of both (0 to 1), margin (see kernels.membership).

    Raises:
        ValueError: the model gives no probabilities, and there is no temperature.
    """
    applied = model.transform(features)
    found = _firmness(model, applied, temperature)
    return applied.select("customer_id", F.col(CLUSTER).cast("int").alias("cluster"), found.alias("found")).select(
        "customer_id", "cluster", "found.runner_up", "found.membership", "found.runner_up_membership", "found.margin"
    )


def cluster_count(model: PipelineModel) -> int:
    """Number of clusters of a published pipeline."""
    last: Any = model.stages[-1]
    classes = class_count(last)
    if classes is not None:
        return classes
    return len(last.weights) if hasattr(last, "weights") else len(last.clusterCenters())


def _firmness(model: PipelineModel, applied: DataFrame, temperature: float | None) -> Column:
    last: Any = model.stages[-1]
    if "probability" in applied.columns:
        posterior = F.col("probability")
        is_array = isinstance(applied.schema["probability"].dataType, ArrayType)  # of latent classes
        return _by_probability()(posterior if is_array else vector_to_array(posterior), F.col(CLUSTER))
    if temperature is None:
        raise ValueError("a model that gives no probabilities needs a temperature for its memberships")
    centres = np.array([np.asarray(centre) for centre in last.clusterCenters()])
    return _by_distance(centres, temperature)(vector_to_array(F.col(PREPARED)), F.col(CLUSTER))


def _by_distance(centres: npt.NDArray[np.float64], temperature: float) -> Callable[..., Column]:
    @pandas_udf(_FOUND)  # type: ignore[call-overload,untyped-decorator]
    def firmness(points: pd.Series, cluster: pd.Series) -> pd.DataFrame:
        apart = distances(_matrix(points), centres)
        return _table(*by_distance(apart, cluster.to_numpy(dtype=np.int64), temperature))

    return cast(Callable[..., Column], firmness)


def _by_probability() -> Callable[..., Column]:
    @pandas_udf(_FOUND)  # type: ignore[call-overload,untyped-decorator]
    def firmness(posterior: pd.Series, cluster: pd.Series) -> pd.DataFrame:
        return _table(*by_probability(_matrix(posterior), cluster.to_numpy(dtype=np.int64)))

    return cast(Callable[..., Column], firmness)


def _matrix(arrays: pd.Series) -> npt.NDArray[np.float64]:
    return np.stack(list(arrays))


def _table(runner_up: object, membership: object, second: object, margin: object) -> pd.DataFrame:
    named = {"runner_up": runner_up, "membership": membership, "runner_up_membership": second, "margin": margin}
    return pd.DataFrame(named)
