"""The peers of the pipeline benchmark: from the same events to an assignment of every customer.

Usage: pipeline_peers.py duckdb|plain FOLDER TARGET --k 2 10 --also 5

By DuckDB's statement and scikit-learn in memory, or by plain PySpark and MLlib, each as most people would write it. The
features are those of the features benchmark. Inputs are winsorised, transformed where they are skewed and scaled by the
same rules as ours; KMeans is tried for each k, with a silhouette each, bisecting and a mixture for those of --also. The
KMeans of the highest silhouette gives each customer who ever bought a segment; the others get none.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from string import Template

import duckdb
import numpy as np
import pandas as pd
from events_data import AS_OF
from features_peers import STATEMENT, features
from measure import Stages
from pyspark.ml import clustering as mllib
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.config import load_config
from segspark.io.session import open_session

INPUTS = (
    "recency_days", "tenure_days", "frequency", "monetary_value", "average_order_value", "distinct_products",
    "distinct_categories", "category_entropy", "top_category_share", "orders_count_30d", "orders_count_90d",
    "spend_sum_30d", "spend_sum_90d", "discount_share", "spend_trend_90d", "products_per_order", "weekend_order_share",
)  # fmt: skip
ITERATIONS, TOLERANCE, SEED, SAMPLE = {"kmeans": 50, "bisecting": 20, "gmm": 50}, 1e-4, 42, 5_000
LIMITS, SKEWED = (0.01, 0.99), 1.0


def by_duckdb(options: argparse.Namespace, stages: Stages) -> None:
    """DuckDB and scikit-learn."""
    from sklearn import cluster, mixture

    files = str(options.folder / "lake" / "events" / "*.parquet")
    statement = Template(STATEMENT.read_text(encoding="utf-8")).substitute(files=files, as_of=AS_OF)
    connection = duckdb.connect(config={"temp_directory": str(options.folder / "spill")})
    customers = connection.sql(f"SELECT customer_id, {', '.join(INPUTS)} FROM ({statement})").df()  # noqa: S608
    stages.end("features")
    buyers = customers[customers["frequency"] >= 1]
    points = np.column_stack([_prepared(buyers[name].to_numpy(np.float64, na_value=np.nan)) for name in INPUTS])
    common = {"random_state": SEED, "tol": TOLERANCE, "n_init": 1}
    found = {}
    for k in _ks(options):
        model = cluster.KMeans(k, max_iter=ITERATIONS["kmeans"], **common).fit(points)
        found[_silhouette(points, model.labels_)] = model.labels_
    stages.end("sweep")
    for k in options.also:
        model = cluster.BisectingKMeans(k, max_iter=ITERATIONS["bisecting"], **common).fit(points)
        _silhouette(points, model.labels_)
    stages.end("bisecting")
    for k in options.also:
        given = {"random_state": SEED, "tol": TOLERANCE, "reg_covar": 1e-4}
        model = mixture.GaussianMixture(k, max_iter=ITERATIONS["gmm"], **given).fit(points)
        _silhouette(points, model.predict(points))
    stages.end("mixture")
    segments = pd.DataFrame({"customer_id": buyers["customer_id"], "segment": found[max(found)]})
    customers[["customer_id"]].merge(segments, on="customer_id", how="left").to_parquet(options.target)
    stages.end("assignments")


def _prepared(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    lower, upper = np.quantile(known, LIMITS)
    lower, upper = (known.min(), known.max()) if lower == upper else (lower, upper)
    pulled = np.where(np.isnan(values), np.median(known), values).clip(lower, upper)
    centred = pulled - pulled.mean()
    if abs((centred**3).mean() / pulled.std() ** 3) > SKEWED:
        pulled, lower = (np.sign(some) * np.log1p(np.abs(some)) for some in (pulled, lower))
    return (pulled - lower) / pulled.std()


def _silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(points, labels, sample_size=SAMPLE, random_state=SEED))


def by_plain_spark(options: argparse.Namespace, stages: Stages) -> None:
    """PySpark's groupBy and joins, MLlib's estimators and evaluator."""
    spark = open_session(load_config(str(options.folder / "pipeline.yaml")).spark)
    events = spark.read.parquet(str(options.folder / "lake" / "events" / "*.parquet"))
    customers = features(events).select("customer_id", *[F.col(name).cast("double") for name in INPUTS]).cache()
    customers.count()
    stages.end("features")
    points = _assembled(customers.where("frequency >= 1")).cache()
    common = {"seed": SEED, "tol": TOLERANCE}
    found = {}
    for k in _ks(options):
        model = mllib.KMeans(k=k, maxIter=ITERATIONS["kmeans"], **common).fit(points)
        found[ClusteringEvaluator().evaluate(model.transform(points))] = model
    stages.end("sweep")
    for k in options.also:
        model = mllib.BisectingKMeans(k=k, maxIter=ITERATIONS["bisecting"], seed=SEED).fit(points)
        ClusteringEvaluator().evaluate(model.transform(points))
    stages.end("bisecting")
    for k in options.also:
        model = mllib.GaussianMixture(k=k, maxIter=ITERATIONS["gmm"], **common).fit(points)
        ClusteringEvaluator().evaluate(model.transform(points))
    stages.end("mixture")
    segments = found[max(found)].transform(points).select("customer_id", F.col("prediction").alias("segment"))
    joined = customers.select("customer_id").join(segments, on="customer_id", how="left")
    joined.write.mode("overwrite").parquet(str(options.target))
    stages.end("assignments")
    spark.stop()


def _assembled(customers: DataFrame) -> DataFrame:
    """The vector `features`: winsorised, transformed where skewed, scaled."""
    medians = dict(zip(INPUTS, customers.approxQuantile(list(INPUTS), [0.5], 0.001), strict=True))
    filled = customers.fillna({name: found[0] for name, found in medians.items()})
    limits = dict(zip(INPUTS, filled.approxQuantile(list(INPUTS), list(LIMITS), 0.001), strict=True))
    pulled = filled.select(
        "customer_id", *[F.greatest(F.least(name, F.lit(b)), F.lit(a)).alias(name) for name, (a, b) in limits.items()]
    )
    skewness = pulled.agg(*[F.skewness(name).alias(name) for name in INPUTS]).first().asDict()
    shaped = pulled.select("customer_id", *[_shaped(name, limits[name][0], skewness[name]) for name in INPUTS])
    spread = shaped.agg(*[F.stddev(name).alias(name) for name in INPUTS]).first().asDict()
    scaled = shaped.select("customer_id", *[(F.col(name) / (spread[name] or 1.0)).alias(name) for name in INPUTS])
    assembler = VectorAssembler(inputCols=list(INPUTS), outputCol="features")
    return assembler.transform(scaled).select("customer_id", "features")


def _shaped(name: str, lower: float, skewness: float | None) -> Column:
    def logged(value: Column) -> Column:
        return F.signum(value) * F.log1p(F.abs(value))

    shape: Callable[[Column], Column] = logged if abs(skewness or 0.0) > SKEWED else (lambda value: value)
    return (shape(F.col(name)) - shape(F.lit(lower))).alias(name)


def _ks(options: argparse.Namespace) -> range:
    return range(options.k[0], options.k[1] + 1)


def main() -> None:
    """Compute, and print the seconds of each stage."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("peer", choices=["duckdb", "plain"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--k", type=int, nargs=2, required=True)
    parser.add_argument("--also", type=int, nargs="+", required=True)
    options, stages = parser.parse_args(), Stages()
    {"duckdb": by_duckdb, "plain": by_plain_spark}[options.peer](options, stages)
    print(json.dumps({name: round(taken, 2) for name, taken in stages.seconds.items()}))


if __name__ == "__main__":
    main()
