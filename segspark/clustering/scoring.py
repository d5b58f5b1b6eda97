"""Scoring: a published pipeline's cluster for every customer, with runner-up, memberships and margin."""

from collections.abc import Sequence
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.clustering import BisectingKMeansModel
from pyspark.sql import DataFrame

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.firmness import (
    by_distance,
    by_probability,
    with_array,
    with_cluster,
    with_distances,
    with_posteriors,
)
from segspark.clustering.fitted_models import centres_of, mixture_of
from segspark.clustering.latent_scoring import class_count
from segspark.columns import quoted


def score(features: DataFrame, model: PipelineModel, temperature: float | None = None) -> DataFrame:
    """Apply a pipeline to customers.

    All is Spark SQL with the model's numbers as literals; spark.ml itself, which makes an object of every customer, is
    asked only where a tree decides, whose nodes its model does not tell.

    Args:
        features: one row per customer_id with the model's inputs.
        model: preparation and clustering, as train published them: plain stages of spark.ml.
        temperature: of memberships by distance (clustering.calibration); None for a model that gives probabilities.

    Returns:
        One row per customer_id. `cluster` is the pipeline's prediction. Where its model gives probabilities,
        `membership` is that of the cluster, and `margin` its lead over `runner_up`, the most probable other. Else the
        memberships of all clusters are the softmax of minus the squared distance to each centre over the temperature;
        `runner_up` is the nearest other cluster, and `margin` the customer's simplified silhouette (Hruschka, de Castro
        & Campello 2004): with a the distance to the own centre and b that to the runner-up's, (b - a) / max(a, b). It
        is negative where the cluster is not the nearest, as bisecting trees can have it.
        `runner_up_membership` is the membership of the runner-up. Of equally near or probable ones the first counts.

    Raises:
        ValueError: the model gives no probabilities, and there is no temperature.
    """
    last: Any = model.stages[-1]
    k = cluster_count(model)
    if class_count(last) is not None:
        found = with_array(model.transform(features), "probability", k, ["customer_id"])
        return by_probability(with_cluster(found, k), k)
    if _is_mixture(last):
        return by_probability(with_cluster(_valued(features, model, ["customer_id"]), k), k)
    if temperature is None:
        raise ValueError("a model that gives no probabilities needs a temperature for its memberships")
    if isinstance(last, BisectingKMeansModel):
        rows, kept = model.transform(features), ["customer_id", CLUSTER]
        found = with_distances(rows, _inputs(model), centres_of(last), kept).withColumnRenamed(CLUSTER, "cluster")
    else:
        found = with_cluster(_valued(features, model, ["customer_id"]), k)
    return by_distance(found, k, temperature)


def clustered(features: DataFrame, model: PipelineModel) -> DataFrame:
    """Customers with their columns and `prediction`: as model.transform, where nothing else of that is wanted.

    Args:
        features: with the model's inputs.
        model: as score takes it.
    """
    last: Any = model.stages[-1]
    if class_count(last) is not None or isinstance(last, BisectingKMeansModel):
        found = model.transform(features)
    else:
        found = with_cluster(_valued(features, model, features.columns), cluster_count(model), CLUSTER)
    return found.selectExpr(*map(quoted, [*features.columns, CLUSTER]))


def cluster_count(model: PipelineModel) -> int:
    """Number of clusters of a published pipeline."""
    last: Any = model.stages[-1]
    classes = class_count(last)
    if classes is not None:
        return classes
    return len(last.weights) if _is_mixture(last) else len(last.clusterCenters())


def _valued(features: DataFrame, model: PipelineModel, keep: Sequence[str]) -> DataFrame:
    """Customers with a value for each centre or component; of the pipeline, only the preparation is applied."""
    last: Any = model.stages[-1]
    prepared = PipelineModel(stages=model.stages[:-2]).transform(features)
    if _is_mixture(last):
        return with_posteriors(prepared, _inputs(model), mixture_of(last), keep)
    return with_distances(prepared, _inputs(model), centres_of(last), keep)


def _inputs(model: PipelineModel) -> list[str]:
    """What the stage before the model assembles."""
    assembler: Any = model.stages[-2]
    return list(assembler.getInputCols())


def _is_mixture(last: Any) -> bool:
    return hasattr(last, "weights")
