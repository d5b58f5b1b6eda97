"""The model search: candidates fitted on one prepared sample, each logged as it finishes, none done twice."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER, Candidate, candidates, estimator
from segspark.clustering.evaluation import Distances, Evaluation, silhouettes
from segspark.clustering.preparation import PREPARED
from segspark.config import Clustering
from segspark.progress import Reporter
from segspark.tracking import CandidateRun, Training


@dataclass(frozen=True)
class Prepared:
    """The training sample as the candidates see it.

    Attributes:
        sample: customer_id and the vector `features`, one partition.
        evaluated: the first of them, on which silhouettes are computed.
        distances: between those.
    """

    sample: DataFrame
    evaluated: DataFrame
    distances: Distances


def prepare(sample: DataFrame, preparation: PipelineModel, settings: Clustering) -> Prepared:
    """Apply the preparation to the sample, once for all candidates."""
    prepared = preparation.transform(sample).select("customer_id", PREPARED).persist()
    evaluated = prepared.limit(settings.evaluation_rows).coalesce(1).persist()
    points = evaluated.select(vector_to_array(F.col(PREPARED)).alias("point")).collect()  # at most evaluation_rows
    return Prepared(prepared, evaluated, Distances.between(np.array([row["point"] for row in points])))


def search(
    prepared: Prepared, settings: Clustering, training: Training, reporter: Reporter
) -> list[tuple[Evaluation, str]]:
    """Evaluate every candidate, with its MLflow run; those that an earlier attempt finished are taken from there."""
    done = {_candidate(run): run for run in training.finished_candidates()}
    if done:
        reporter.say(f"{len(done)} candidates were finished by an earlier attempt")
    found = []
    for candidate in reporter.track(candidates(settings), "candidates"):
        if candidate in done:
            found.append((_restored(candidate, done[candidate]), done[candidate].mlflow_run_id))
        else:
            evaluation = evaluate(candidate, prepared, settings)
            found.append((evaluation, _log(training, evaluation, settings)))
    return found


def evaluate(candidate: Candidate, prepared: Prepared, settings: Clustering) -> Evaluation:
    """Fit one candidate and measure it."""
    started = time.monotonic()
    model: Any = estimator(candidate, settings).fit(prepared.sample)
    labelled = model.transform(prepared.evaluated).select(CLUSTER).collect()  # at most evaluation_rows
    euclidean, squared = silhouettes(prepared.distances, [row[CLUSTER] for row in labelled])
    mixture = candidate.algorithm == "gmm"
    summary = model.summary
    return Evaluation(
        candidate=candidate,
        cluster_sizes=tuple(summary.clusterSizes),
        silhouette_euclidean=euclidean,
        silhouette_squared_euclidean=squared,
        cost=None if mixture else float(summary.trainingCost),
        log_likelihood=float(summary.logLikelihood) if mixture else None,
        duration_seconds=time.monotonic() - started,
    )


_METRICS = {
    "silhouette.euclidean.sample": "silhouette_euclidean",
    "silhouette.squared_euclidean.sample": "silhouette_squared_euclidean",
    "cost.squared_euclidean.sample": "cost",
    "log_likelihood.mixture.sample": "log_likelihood",
    "duration_seconds": "duration_seconds",
}


def _log(training: Training, evaluation: Evaluation, settings: Clustering) -> str:
    candidate = evaluation.candidate
    params = {
        "algorithm": candidate.algorithm,
        "k": candidate.k,
        "seed": candidate.seed,
        "max_iterations": settings.max_iterations,
        "tolerance": settings.tolerance,
    }
    measured = {name: getattr(evaluation, field) for name, field in _METRICS.items()}
    metrics = {name: value for name, value in measured.items() if value is not None}
    metrics |= {"smallest_share.sample": evaluation.smallest_share, "clusters.sample": evaluation.clusters}
    return training.log_candidate(candidate.label, params, metrics, evaluation.cluster_sizes)


def _candidate(run: CandidateRun) -> Candidate:
    return Candidate(run.params["algorithm"], int(run.params["k"]), int(run.params["seed"]))  # type: ignore[arg-type]


def _restored(candidate: Candidate, run: CandidateRun) -> Evaluation:
    measured = {field: run.metrics.get(name) for name, field in _METRICS.items()}
    return Evaluation(candidate=candidate, cluster_sizes=run.cluster_sizes, **measured)  # type: ignore[arg-type]
