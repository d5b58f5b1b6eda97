"""The model search: candidates fitted on one prepared sample, each logged as it finishes, none done twice."""

import time
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER, Candidate, candidates, estimator, jittered, too_few_customers
from segspark.clustering.evaluation import Distances, Evaluation, silhouettes
from segspark.clustering.preparation import PREPARED
from segspark.config import Clustering
from segspark.errors import SegsparkError
from segspark.progress import Reporter
from segspark.tracking import CandidateRun, Training


@dataclass(frozen=True)
class Prepared:
    """The training sample as the candidates see it.

    Attributes:
        sample: customer_id and the vector `features`, one partition.
        jittered: the same for mixtures.
        evaluated: the first of them, on which silhouettes are computed.
        distances: between those.
        customers: rows of the sample.
        inputs: length of the vectors.
    """

    sample: DataFrame
    jittered: DataFrame
    evaluated: DataFrame
    distances: Distances
    customers: int
    inputs: int

    def fitted_on(self, candidate: Candidate) -> DataFrame:
        """What a candidate is fitted on."""
        return self.jittered if candidate.algorithm == "gmm" else self.sample

    def unpersist(self) -> None:
        """Let the cached samples go."""
        for frame in (self.sample, self.jittered, self.evaluated):
            frame.unpersist()


def prepare(sample: DataFrame, preparation: PipelineModel, settings: Clustering) -> Prepared:
    """Apply the preparation to the sample, once for all candidates."""
    prepared = preparation.transform(sample).select("customer_id", PREPARED).persist()
    evaluated = prepared.limit(settings.evaluation_rows).coalesce(1).persist()
    points = evaluated.select(vector_to_array(F.col(PREPARED)).alias("point")).collect()  # at most evaluation_rows
    matrix = np.array([row["point"] for row in points])
    distances = Distances.between(matrix)
    moved = jittered(prepared, settings.seed).persist()
    return Prepared(prepared, moved, evaluated, distances, prepared.count(), matrix.shape[1])


def search(
    prepared: Prepared, settings: Clustering, training: Training, reporter: Reporter
) -> list[tuple[Evaluation, str]]:
    """Evaluate every candidate, with its MLflow run; those that an earlier attempt finished are taken from there.

    Raises:
        SegsparkError: a candidate did not finish in time.
    """
    done = {_candidate(run): run for run in training.finished_candidates()}
    if done:
        reporter.say(f"{len(done)} candidates were finished by an earlier attempt")
    wanted = _possible(prepared, settings, reporter)
    found = {candidate: (_restored(candidate, run), run.mlflow_run_id) for candidate, run in done.items()}
    missing = [candidate for candidate in wanted if candidate not in found]
    with ThreadPool(settings.parallel_fits) as pool:
        fitted = pool.imap(lambda candidate: evaluate(candidate, prepared, settings), missing)
        for candidate in reporter.track(missing, "candidates"):
            evaluation = _in_time(fitted, candidate, settings.fit_timeout_seconds)
            found[candidate] = (evaluation, _log(training, evaluation, settings))
    return [found[candidate] for candidate in wanted]


def _possible(prepared: Prepared, settings: Clustering, reporter: Reporter) -> list[Candidate]:
    """The candidates that the sample is large enough for; the others are named."""
    possible = []
    for candidate in candidates(settings):
        obstacle = too_few_customers(candidate, prepared.customers, prepared.inputs)
        if obstacle:
            reporter.warn(f"{candidate.label} is left out: {obstacle}, and there are {prepared.customers}")
        else:
            possible.append(candidate)
    return possible


def _in_time(fitted: Any, candidate: Candidate, seconds: int) -> Evaluation:
    try:
        evaluation: Evaluation = fitted.next(timeout=seconds)
    except TimeoutError:
        raise SegsparkError(
            f"{candidate.label} did not finish within {seconds} s (clustering.fit_timeout_seconds); "
            "take its algorithm out of clustering.algorithms, lower clustering.k.max, or allow more time"
        ) from None
    return evaluation


def fit(candidate: Candidate, prepared: Prepared, settings: Clustering) -> Any:
    """The fitted spark.ml model of a candidate; the same at every call."""
    return estimator(candidate, settings).fit(prepared.fitted_on(candidate))


def evaluate(candidate: Candidate, prepared: Prepared, settings: Clustering) -> Evaluation:
    """Fit one candidate and measure it."""
    started = time.monotonic()
    model = fit(candidate, prepared, settings)
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
        "max_iterations": settings.max_iterations[candidate.algorithm],
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
