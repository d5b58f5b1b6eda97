"""Models of spark.ml through their files: what only these tell, and models as given, which no fit of spark.ml makes."""

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.ml import linalg
from pyspark.ml.clustering import BisectingKMeansModel, GaussianMixtureModel, KMeansModel
from pyspark.mllib import linalg as old  # trees and mixtures are still saved in it
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    IntegerType,
    LongType,
    StructField,
    StructType,
)

from segspark.kernels.mixtures import Mixture

_Floats = npt.NDArray[np.float64]

_TREE = "org.apache.spark.mllib.clustering.BisectingKMeansModel"


def saved_nodes(spark: SparkSession, model: Any) -> list[Row]:
    """The nodes of a BisectingKMeansModel's tree: index, size, center, cost, height, children; at most 2k - 1 rows."""
    with _folder() as folder:
        model.write().overwrite().save(folder)
        return spark.read.parquet(f"{folder}/data/data").collect()


def centres_model(spark: SparkSession, centres: _Floats, features: str, prediction: str) -> Any:
    """A spark.ml KMeansModel with given centres; its own fit takes none.

    Args:
        spark: a session.
        centres: shape (k, inputs), in the order of the clusters' numbers.
        features: the column with the vector.
        prediction: the column with the cluster.

    Examples:
        >>> model = centres_model(spark, np.array([[5.0, 5.0], [0.0, 1.0]]), "features", "prediction")
        >>> [centre.tolist() for centre in model.clusterCenters()]
        [[5.0, 5.0], [0.0, 1.0]]
    """
    rows = [(cluster, linalg.Vectors.dense(centre.tolist())) for cluster, centre in enumerate(centres)]
    params = {"featuresCol": features, "predictionCol": prediction, "k": len(centres)}
    with _folder() as folder:
        _write_metadata(spark, folder, KMeansModel, params)
        spark.createDataFrame(rows, _CENTRES).coalesce(1).write.parquet(f"{folder}/data")
        return KMeansModel.load(folder)


def tree_model(
    spark: SparkSession, nodes: _Floats, children: Sequence[tuple[int, int]], features: str, prediction: str
) -> Any:
    """A spark.ml BisectingKMeansModel of a given tree; its own fit takes none.

    Sizes and costs of nodes, which no prediction needs, are 0.

    Args:
        spark: a session.
        nodes: centres, the root first, shape (nodes, inputs).
        children: of each node, as positions; of a leaf (-1 - cluster, -1), clusters numbered from left to right.
        features: the column with the vector.
        prediction: the column with the cluster.

    Examples:
        >>> nodes = np.array([[0.0], [-2.0], [2.0]])
        >>> model = tree_model(spark, nodes, ((1, 2), (-1, -1), (-2, -1)), "features", "prediction")
        >>> [one.tolist() for one in model.clusterCenters()]
        [[-2.0], [2.0]]
    """
    inner = [node for node, two in enumerate(children) if two[1] >= 0]
    index = {node: -1 - place for place, node in enumerate(inner)}
    index |= {node: -1 - two[0] for node, two in enumerate(children) if two[1] < 0}
    rows = []
    for node, two in enumerate(children):
        below = list(two) if node in inner else []
        height = max((float(np.linalg.norm(nodes[node] - nodes[one])) for one in below), default=0.0)
        centre = old.Vectors.dense(nodes[node].tolist())
        rows.append(
            (index[node], 0, centre, float(np.linalg.norm(nodes[node])), 0.0, height, [index[one] for one in below])
        )
    told = {"class": _TREE, "version": "3.0", "rootId": index[0], "distanceMeasure": "euclidean", "trainingCost": 0.0}
    params = {"featuresCol": features, "predictionCol": prediction, "k": sum(two[1] < 0 for two in children)}
    with _folder() as folder:
        _write_metadata(spark, folder, BisectingKMeansModel, params)
        _write_text(spark, f"{folder}/data/metadata", told)
        spark.createDataFrame(rows, _NODES).coalesce(1).write.parquet(f"{folder}/data/data")
        return BisectingKMeansModel.load(folder)


def mixture_model(spark: SparkSession, mixture: Mixture, features: str, prediction: str) -> Any:
    """A spark.ml GaussianMixtureModel with given parameters; its own fit takes none.

    Args:
        spark: a session.
        mixture: shares, means and covariances.
        features: the column with the vector.
        prediction: the column with the component.

    Examples:
        >>> given = Mixture(np.array([0.25, 0.75]), np.array([[0.0], [4.0]]), np.ones((2, 1, 1)))
        >>> mixture_model(spark, given, "features", "prediction").weights
        [0.25, 0.75]
    """
    means = [old.Vectors.dense(one.tolist()) for one in mixture.means]
    covariances = [old.DenseMatrix(len(one), len(one), one.ravel(order="F").tolist()) for one in mixture.covariances]
    row = (mixture.shares.tolist(), means, covariances)
    params = {"featuresCol": features, "predictionCol": prediction, "k": mixture.k}
    with _folder() as folder:
        _write_metadata(spark, folder, GaussianMixtureModel, params)
        spark.createDataFrame([row], _COMPONENTS).coalesce(1).write.parquet(f"{folder}/data")
        return GaussianMixtureModel.load(folder)


_CENTRES = StructType(
    [
        StructField("clusterIdx", IntegerType(), nullable=False),
        StructField("clusterCenter", linalg.VectorUDT()),
    ]
)
_NODES = StructType(
    [
        StructField("index", IntegerType(), nullable=False),
        StructField("size", LongType(), nullable=False),
        StructField("center", old.VectorUDT()),
        StructField("norm", DoubleType(), nullable=False),
        StructField("cost", DoubleType(), nullable=False),
        StructField("height", DoubleType(), nullable=False),
        StructField("children", ArrayType(IntegerType(), containsNull=False)),
    ]
)
_COMPONENTS = StructType(
    [
        StructField("weights", ArrayType(DoubleType(), containsNull=False)),
        StructField("mus", ArrayType(old.VectorUDT())),
        StructField("sigmas", ArrayType(old.MatrixUDT())),
    ]
)


@contextmanager
def _folder() -> Iterator[str]:
    """A new folder that driver and executors share: in SEGSPARK_DFS_TMPDIR, or of this machine without it."""
    shared = os.environ.get("SEGSPARK_DFS_TMPDIR")
    if shared:  # on a distributed file system a few kilobytes stay, as those of MLflow's do
        yield f"{shared.rstrip('/')}/segspark-model-{uuid.uuid4().hex}"
        return
    folder = tempfile.mkdtemp(prefix="segspark-")
    try:
        yield f"file://{folder}/model"
    finally:
        shutil.rmtree(folder)


def _write_metadata(spark: SparkSession, folder: str, model: type, params: dict[str, object]) -> None:
    """What each model of spark.ml has beside its data."""
    told = {
        "class": f"org.apache.spark.ml.clustering.{model.__name__}",
        "timestamp": 0,
        "sparkVersion": spark.version,
        "uid": f"{model.__name__}_segspark",
        "paramMap": params,
        "defaultParamMap": {},
    }
    _write_text(spark, f"{folder}/metadata", told)


def _write_text(spark: SparkSession, path: str, told: dict[str, object]) -> None:
    spark.createDataFrame([(json.dumps(told),)], "value string").coalesce(1).write.text(path)
