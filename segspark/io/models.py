"""What spark.ml tells of a model only in what it saves."""

import os
import shutil
import tempfile
import uuid
from typing import Any

from pyspark.sql import Row, SparkSession


def saved_nodes(spark: SparkSession, model: Any) -> list[Row]:
    """The nodes of a BisectingKMeansModel's tree: index, size, center, cost, height, children; at most 2k - 1 rows.

    SEGSPARK_DFS_TMPDIR names a folder for it that driver and executors share; without it, one of this machine is used.
    """
    shared = os.environ.get("SEGSPARK_DFS_TMPDIR")
    folder = (
        f"{shared.rstrip('/')}/segspark-tree-{uuid.uuid4().hex}" if shared else tempfile.mkdtemp(prefix="segspark-")
    )
    model.write().overwrite().save(folder)
    nodes = spark.read.parquet(f"{folder}/data/data").collect()
    if "://" not in folder:  # on a distributed file system a few kilobytes stay, as those of MLflow's do
        shutil.rmtree(folder)
    return nodes
