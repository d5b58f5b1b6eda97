"""Fits: candidates on a coreset, or as spark.ml fits them on all customers, and what passes need of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml.clustering import KMeans
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from sklearn.cluster import KMeans as DriverKMeans
from threadpoolctl import threadpool_limits

from segspark.clustering.candidates import CLUSTER, JITTER
from segspark.clustering.preparation import PREPARED
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Floats, Grid

WEIGHT = "weight"


def nearest_centres(points: Floats, weights: Floats, k: int, restarts: int, seed: int, iterations: int) -> Floats:
    """KMeans on the driver: scikit-learn's, of several starts the one with the lowest weighted cost.

    On one thread, so that sums are taken in one order.

    Args:
        points: shape (n, inputs), n bounded by search.coreset_rows.
        weights: of the points.
        k: clusters.
        restarts: starts by k-means++.
        seed: of the starts.
        iterations: of each start, at most.

    Returns:
        Centres, shape (k, inputs).

    Examples:
        >>> found = nearest_centres(np.array([[0.0], [2.0], [9.0]]), np.array([1.0, 1.0, 5.0]), 2, 3, 42, 20)
        >>> sorted(found.ravel().tolist())
        [1.0, 9.0]
    """
    with threadpool_limits(1):
        fitted = DriverKMeans(k, n_init=restarts, max_iter=iterations, random_state=seed, copy_x=False)
        return np.asarray(fitted.fit(points, sample_weight=weights).cluster_centers_)


def weighted(spark: SparkSession, points: Floats, weights: Floats) -> DataFrame:
    """Points with weights as spark.ml takes them, in one partition: the vector `features`, and `weight`."""
    table = pd.DataFrame({"point": list(points), WEIGHT: weights})
    return spark.createDataFrame(table).select(array_to_vector(F.col("point")).alias(PREPARED), WEIGHT).coalesce(1)


def jittered(points: Floats, seed: int) -> Floats:
    """Points moved by up to 0.02 standard deviations per input, for mixtures to be fitted on.

    The same as a small ridge on the covariances (variance 0.0001): many customers with the very same features would
    otherwise pull a component's covariance to zero.
    """
    return points + np.random.default_rng(seed).uniform(-JITTER, JITTER, points.shape)


def published(spark: SparkSession, centres: Floats) -> Any:
    """A spark.ml KMeansModel with given centres: fitted on these alone, each is its own cluster.

    Its clusters may be numbered in another order.

    Args:
        spark: a session.
        centres: shape (k, inputs), no two equal.

    Examples:
        >>> model = published(spark, np.array([[0.0, 1.0], [5.0, 5.0]]))
        >>> sorted(centre.tolist() for centre in model.clusterCenters())
        [[0.0, 1.0], [5.0, 5.0]]
    """
    points = weighted(spark, centres, np.ones(len(centres)))
    fixed: dict[str, Any] = {
        "featuresCol": PREPARED,
        "predictionCol": CLUSTER,
        "initMode": "random",
        "maxIter": 1,
        "seed": 1,
    }
    return KMeans(k=len(centres), **fixed).fit(points)


def centres_of(model: Any) -> Floats:
    """A KMeansModel's or BisectingKMeansModel's centres, shape (k, inputs)."""
    return np.array([np.asarray(centre) for centre in model.clusterCenters()])


def mixture_of(model: Any) -> Mixture:
    """A GaussianMixtureModel's parameters."""
    rows = model.gaussiansDF.collect()  # k rows
    return Mixture.of(
        np.array(model.weights),
        np.array([row["mean"].toArray() for row in rows]),
        np.array([row["cov"].toArray() for row in rows]),
    )


def tree_of(nodes: Sequence[Row], grid: Grid) -> Partition:
    """The partition of a BisectingKMeansModel, from the nodes that it saves.

    Args:
        nodes: index (a leaf's is its cluster, others are negative, the root's is the first after 0), center, children.
        grid: that centres are put on.
    """
    by_index = {int(row["index"]): row for row in nodes}
    children = {index: [int(one) for one in row["children"]] for index, row in by_index.items()}
    order = _downwards(children)
    place = {index: position for position, index in enumerate(order)}
    centres = grid.snapped(np.array([by_index[index]["center"].toArray() for index in order]))
    leaves = sorted(index for index in order if not children[index])
    return Partition(
        centres[[place[leaf] for leaf in leaves]],
        centres,
        tuple((place[two[0]], place[two[1]]) if (two := children[index]) else (-1 - index, -1) for index in order),
    )


def _downwards(children: dict[int, list[int]]) -> list[int]:
    """The nodes, the root first."""
    below = {child for found in children.values() for child in found}
    order = [index for index in children if index not in below]
    for index in order:
        order.extend(children[index])
    return order
