"""The peers of the training benchmark: plain MLlib, scikit-learn and faiss on the same customers.

Usage: train_peers.py PEER TASK FOLDER TARGET --k 2 12 [--seeds 1 2 3 4 5] [--cores 2]

PEER is mllib, sklearn, minibatch or faiss; TASK kmeans, bisecting or gmm. From the files on, the seconds count: reading
them, a fit for each k, and its indices. MLlib works as most people would write it: a cached vector, a fit and a
ClusteringEvaluator for each k. The others hold all customers in memory, and compute the silhouette of 5,000 of them
and the Calinski-Harabasz and Davies-Bouldin indices of all. With several seeds KMeans is fitted for each, and nothing
else is done: those are the costs that ours are compared with.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.ml.clustering import BisectingKMeans, GaussianMixture, KMeans
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from train_data import matrix
from train_ours import MAX_ITERATIONS, TOLERANCE

from segspark.clustering.fitted_models import mixture_of
from segspark.clustering.passes import held_out
from segspark.config.model import Spark
from segspark.io.session import open_session

SEED, SAMPLE = 42, 5_000

Models = list[dict[str, Any]]


def main() -> None:
    """Fit, and write what was found."""
    options = _options()
    fit = by_mllib if options.peer == "mllib" else in_memory
    options.target.write_text(json.dumps(fit(options)), encoding="utf-8")


def by_mllib(options: argparse.Namespace) -> dict[str, Any]:
    """The plain loop, in a session like ours."""
    spark = open_session(Spark(master=f"local[{options.cores}]"))
    started = time.monotonic()
    origin = np.array(json.loads((options.folder / "limits.json").read_text(encoding="utf-8"))["lower"])
    origin = origin if options.task == "bisecting" else np.zeros(len(origin))
    customers = spark.read.parquet(str(options.folder / "customers"))
    if options.task == "gmm" and options.holdout:
        customers = customers.where(~held_out(options.holdout))
    points = _assembled(customers, origin.tolist()).cache()
    fit = {"kmeans": _kmeans, "bisecting": _bisecting, "gmm": _mixture}[options.task]
    models = [fit(points, k, seed, not options.seeds) for k in _ks(options) for seed in options.seeds or [SEED]]
    seconds = time.monotonic() - started
    for model in models:
        if "centres" in model:
            model["centres"] = (np.array(model["centres"]) + origin).tolist()
    found = {"seconds": seconds, "models": models, "blas": _blas(spark)}
    spark.stop()
    return found


def _assembled(customers: DataFrame, origin: list[float]) -> DataFrame:
    """The vector `features`. MLlib's BisectingKMeans needs customers away from 0, as ours are (see preparation.py)."""
    names = [name for name in customers.columns if name != "customer_id"]
    if any(origin):
        customers = customers.select(*[(F.col(name) - at).alias(name) for name, at in zip(names, origin, strict=True)])
    return VectorAssembler(inputCols=names, outputCol="features").transform(customers).select("features")


def _kmeans(points: DataFrame, k: int, seed: int, judged: bool) -> dict[str, Any]:
    model = KMeans(k=k, seed=seed, maxIter=MAX_ITERATIONS["kmeans"], tol=TOLERANCE).fit(points)
    told = {"k": k, "seed": seed, "centres": [list(one) for one in model.clusterCenters()]}
    return told | _judged(model, points, judged)


def _bisecting(points: DataFrame, k: int, seed: int, judged: bool) -> dict[str, Any]:
    model = BisectingKMeans(k=k, seed=seed, maxIter=MAX_ITERATIONS["bisecting"]).fit(points)
    told = {"k": k, "cost": model.summary.trainingCost, "centres": [list(one) for one in model.clusterCenters()]}
    return told | _judged(model, points, judged)


def _mixture(points: DataFrame, k: int, seed: int, judged: bool) -> dict[str, Any]:
    model = GaussianMixture(k=k, seed=seed, maxIter=MAX_ITERATIONS["gmm"], tol=TOLERANCE).fit(points)
    found = mixture_of(model)
    return {
        "k": k,
        "weights": found.shares.tolist(),
        "means": found.means.tolist(),
        "covariances": found.covariances.tolist(),
    }


def _judged(model: Any, points: DataFrame, judged: bool) -> dict[str, Any]:
    return {"silhouette_squared": ClusteringEvaluator().evaluate(model.transform(points))} if judged else {}


def _blas(spark: SparkSession) -> str:
    """What MLlib multiplies matrices with: JNIBLAS is the system's libblas; without it, it falls back to Java."""
    try:
        found = spark._jvm.dev.ludovic.netlib.blas.NativeBLAS.getInstance()
    except Py4JError:
        return "Java"
    library = Path("/usr/lib/x86_64-linux-gnu/libblas.so.3")
    return f"{found.getClass().getSimpleName()}, {library.resolve() if library.exists() else 'unknown library'}"


def in_memory(options: argparse.Namespace) -> dict[str, Any]:
    """By scikit-learn or faiss."""
    started = time.monotonic()
    rows = matrix(options.folder)
    if options.task == "gmm" and options.holdout:
        held = pq.read_table(options.folder / "held.parquet").sort_by("customer_id")["held"].to_numpy()
        rows = rows[~held]
    fit = _fits(options.peer, options.task)
    models, judging = [], 0.0
    for k in _ks(options):
        model, labels = fit(rows, k)
        models.append({"k": k} | model)
        since = time.monotonic()
        models[-1] |= _indices(rows, labels) if labels is not None else {}
        judging += time.monotonic() - since
    return {"seconds": time.monotonic() - started, "judging": judging, "models": models}


def _fits(peer: str, task: str) -> Callable[[Any, int], tuple[dict[str, Any], Any]]:
    if peer == "faiss":
        return _faiss
    if task == "gmm":
        return _sklearn_mixture
    from sklearn import cluster

    common = {"random_state": SEED, "tol": TOLERANCE, "n_init": 1}
    given: dict[tuple[str, str], Callable[[int], Any]] = {
        ("sklearn", "kmeans"): lambda k: cluster.KMeans(k, max_iter=MAX_ITERATIONS["kmeans"], **common),
        ("minibatch", "kmeans"): lambda k: cluster.MiniBatchKMeans(k, max_iter=MAX_ITERATIONS["kmeans"], **common),
        ("sklearn", "bisecting"): lambda k: cluster.BisectingKMeans(k, max_iter=MAX_ITERATIONS["bisecting"], **common),
    }

    def fit(rows: Any, k: int) -> tuple[dict[str, Any], Any]:
        model = given[peer, task](k).fit(rows)
        return {"cost": float(model.inertia_), "centres": model.cluster_centers_.tolist()}, model.labels_

    return fit


def _sklearn_mixture(rows: Any, k: int) -> tuple[dict[str, Any], None]:
    from sklearn.mixture import GaussianMixture as DriverMixture

    model = DriverMixture(k, random_state=SEED, tol=TOLERANCE, max_iter=MAX_ITERATIONS["gmm"]).fit(rows)
    told = {"weights": model.weights_, "means": model.means_, "covariances": model.covariances_}
    return {name: value.tolist() for name, value in told.items()}, None


def _faiss(rows: Any, k: int) -> tuple[dict[str, Any], Any]:
    import faiss

    points = np.ascontiguousarray(rows, np.float32)
    model = faiss.Kmeans(
        points.shape[1], k, niter=MAX_ITERATIONS["kmeans"], seed=SEED, max_points_per_centroid=len(points)
    )
    model.train(points)
    labels = model.index.search(points, 1)[1].ravel()
    return {"cost": float(model.obj[-1]), "centres": model.centroids.tolist()}, labels


def _indices(rows: Any, labels: Any) -> dict[str, float]:
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

    return {
        "silhouette_euclidean": float(silhouette_score(rows, labels, sample_size=SAMPLE, random_state=SEED)),
        "calinski_harabasz": float(calinski_harabasz_score(rows, labels)),
        "davies_bouldin": float(davies_bouldin_score(rows, labels)),
    }


def _ks(options: argparse.Namespace) -> list[int]:
    """From the smallest to the largest; with several seeds these very ones."""
    return options.k if options.seeds else list(range(min(options.k), max(options.k) + 1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("peer", choices=["mllib", "sklearn", "minibatch", "faiss"])
    parser.add_argument("task", choices=["kmeans", "bisecting", "gmm"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--k", type=int, nargs="+", required=True)
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--holdout", type=float, default=0.0, help="share that a mixture is not fitted on")
    parser.add_argument("--cores", default="*")
    return parser.parse_args()


if __name__ == "__main__":
    main()
