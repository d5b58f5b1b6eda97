"""The model search of the training benchmark: segspark's, as `segspark train` makes it, without features and MLflow.

Usage: train_ours.py FOLDER TARGET --algorithm kmeans --k 2 12 [--holdout 0.2] [--cores 2]
       train_ours.py FOLDER held.parquet --held 0.2

The first reads the customers of train_data.py, decides the inputs' preparation on a sample, prepares all, searches, and
writes to TARGET (JSON) the seconds of each stage and every candidate's model in the data's own unit, with what was
measured of it. The second writes who is held out, for the peers.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measure import Stages
from pyspark.sql import DataFrame, SparkSession

from segspark.clustering.inputs import Input, NumberInput
from segspark.clustering.passes import held_out
from segspark.clustering.preparation import plan_inputs, summarised
from segspark.clustering.sampling import training_sample
from segspark.clustering.views import View
from segspark.config import Clustering, Search
from segspark.config.model import Spark
from segspark.io.session import open_session
from segspark.kernels.partitions import Partition
from segspark.progress import Reporter
from segspark.steps.search import Fitted, Prepared, pipeline_model, prepare, search

MAX_ITERATIONS = {"kmeans": 20, "bisecting": 20, "gmm": 50}
TOLERANCE = 1e-4


def main() -> None:
    """Search, and write what was found."""
    options = _options()
    started = time.monotonic()
    spark = open_session(Spark(master=f"local[{options.cores}]"))
    customers = spark.read.parquet(str(options.folder / "customers"))
    if options.held:
        named = customers.select("customer_id", held_out(options.held).alias("held"))
        named.toPandas().to_parquet(options.target)
        return
    found: dict[str, Any] = searched(spark, customers, options) | {"session": time.monotonic() - started}
    found["session"] -= found["seconds"]
    found["driver_mb"] = _peak_mb()
    options.target.write_text(json.dumps(found), encoding="utf-8")
    spark.stop()


def _peak_mb() -> float:
    """Of this process alone; getrusage's figure would count what the process that started it held when it did."""
    told = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def searched(spark: SparkSession, customers: DataFrame, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds by stage, from files to models, and the models."""
    settings = Clustering(
        algorithms=[options.algorithm],
        k={"min": min(options.k), "max": max(options.k)},
        max_iterations=MAX_ITERATIONS,
        tolerance=TOLERANCE,
        winsorise=(0.0, 1.0),
        transform="none",
        correlation_limit=1.0,
    )
    stages, reporter = Stages(), Reporter()
    plans = _plans(customers, settings, options.folder)
    stages.end("plans")
    prepared = prepare(customers, View("all", tuple(plans)), settings, Search(holdout_share=options.holdout))
    stages.end("prepare")
    found = search(prepared, reporter)
    stages.end("search")
    best = max(found, key=lambda one: one[0].silhouette_euclidean or 0.0)
    pipeline_model(best[1], prepared)
    stages.end("model")
    models = [_told(fitted, prepared, plans) | _measures(evaluation) for evaluation, fitted in found]
    return {"seconds": stages.total, "stages": stages.seconds, "models": models}


def _plans(customers: DataFrame, settings: Clustering, folder: Path) -> list[Input]:
    """Decided on a sample as `segspark train` does; then limits and scale of all, so that costs are in one unit."""
    names = [name for name in customers.columns if name != "customer_id"]
    sample = training_sample(customers, settings.sample_rows, settings.seed)
    plans, _ = plan_inputs(summarised(sample, names, []).toPandas(), names, settings)
    limits = json.loads((folder / "limits.json").read_text(encoding="utf-8"))
    return [
        replace(plan, lower=lower, upper=upper, scale=1.0)
        for plan, lower, upper in zip(plans, limits["lower"], limits["upper"], strict=True)
        if isinstance(plan, NumberInput)
    ]


def _told(fitted: Fitted, prepared: Prepared, plans: Sequence[Input]) -> dict[str, Any]:
    """A candidate's model in the data's own unit."""
    origin = np.array([plan.lower for plan in plans if isinstance(plan, NumberInput)])
    told = {"k": fitted.candidate.k, "fit_seconds": fitted.seconds}
    if isinstance(fitted.shape, Partition):
        return told | {"centres": (fitted.shape.centres * prepared.step + origin).tolist()}
    shape = fitted.shape
    means = (shape.means + origin).tolist()
    return told | {"weights": shape.shares.tolist(), "means": means, "covariances": shape.covariances.tolist()}


def _measures(evaluation: Any) -> dict[str, Any]:
    names = ("cost", "silhouette_euclidean", "calinski_harabasz", "davies_bouldin", "holdout_log_likelihood")
    return {name: getattr(evaluation, name) for name in names}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--algorithm", choices=["kmeans", "bisecting", "gmm"], default="kmeans")
    parser.add_argument("--k", type=int, nargs="+", default=[2, 12], help="the smallest and the largest")
    parser.add_argument("--holdout", type=float, default=0.0, help="share of customers that no model is fitted on")
    parser.add_argument("--cores", default="*")
    parser.add_argument("--held", type=float, default=0.0, help="write who is held out, and do nothing else")
    return parser.parse_args()


if __name__ == "__main__":
    main()
