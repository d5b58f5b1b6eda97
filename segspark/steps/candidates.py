"""Candidates of a training: their runs in MLflow, their rows in training_candidates, their lines in reports."""

from collections.abc import Sequence

from segspark.clustering.candidates import Candidate
from segspark.clustering.choice import Choice
from segspark.clustering.evaluation import Evaluation
from segspark.config import Clustering
from segspark.reporting.model import Candidate as ReportedCandidate
from segspark.steps.context import Context
from segspark.tables import TRAINING_CANDIDATES
from segspark.tracking import CandidateRun, Training

_METRICS = {
    "silhouette.euclidean.sample": "silhouette_euclidean",
    "silhouette_error.euclidean.sample": "silhouette_error",
    "silhouette.squared_euclidean.sample": "silhouette_squared_euclidean",
    "simplified_silhouette.euclidean.all": "simplified_silhouette",
    "calinski_harabasz.squared_euclidean.trained": "calinski_harabasz",
    "davies_bouldin.euclidean.trained": "davies_bouldin",
    "cost.squared_euclidean.trained": "cost",
    "cost_per_customer.squared_euclidean.holdout": "holdout_cost",
    "log_likelihood.mixture.trained": "log_likelihood",
    "log_likelihood_per_customer.mixture.holdout": "holdout_log_likelihood",
    "bic.mixture.trained": "bic",
    "separation.adjusted_eta_squared.holdout": "separation",
    "separation_error.adjusted_eta_squared.holdout": "separation_error",
    "stability.jaccard.sample": "stability",
    "stability_null.jaccard.sample": "stability_null",
    "seed_agreement.adjusted_rand.sample": "seed_agreement",
    "time_agreement.adjusted_rand.holdout": "time_agreement",
    "gap.squared_euclidean.sample": "gap",
    "gap_error.squared_euclidean.sample": "gap_error",
    "prediction_strength.squared_euclidean.sample": "prediction_strength",
    "smallest_share.all": "smallest_share",
    "clusters.all": "clusters",
    "duration_seconds": "duration_seconds",
}

Logged = tuple[Evaluation, str]  # with the id of its run in MLflow


def log_candidates(training: Training, found: Sequence[Evaluation], settings: Clustering) -> list[Logged]:
    """Give every candidate a child run; one that an earlier attempt logged is not logged again."""
    done = {_candidate(run): run.mlflow_run_id for run in training.finished_candidates()}
    return [(one, done.get(one.candidate) or _log(training, one, settings)) for one in found]


def _log(training: Training, evaluation: Evaluation, settings: Clustering) -> str:
    candidate = evaluation.candidate
    params = {
        "algorithm": candidate.algorithm,
        "k": candidate.k,
        "seed": candidate.seed,
        "max_iterations": settings.max_iterations[candidate.algorithm],
        "tolerance": settings.tolerance,
        "feature_set": candidate.view,
    }
    measured = {name: getattr(evaluation, field) for name, field in _METRICS.items()}
    metrics = {name: float(value) for name, value in measured.items() if value is not None}
    return training.log_candidate(candidate.label, params, metrics, evaluation.cluster_sizes)


def _candidate(run: CandidateRun) -> Candidate:
    params = run.params
    return Candidate(params["algorithm"], int(params["k"]), int(params["seed"]), params["feature_set"])  # type: ignore[arg-type]


def reported_candidate(one: Evaluation, choice: Choice) -> ReportedCandidate:
    """A candidate as reports show it."""
    candidate = one.candidate
    return ReportedCandidate(
        algorithm=candidate.algorithm,
        k=candidate.k,
        seed=candidate.seed,
        silhouette=one.silhouette_euclidean,
        silhouette_distance="euclidean",
        cost=one.cost,
        log_likelihood=one.log_likelihood,
        smallest_share=one.smallest_share,
        duration_seconds=one.duration_seconds,
        chosen=one is choice.chosen,
        reason=choice.reasons[candidate],
        separation=one.separation,
        separation_error=one.separation_error,
        stability=one.stability,
        feature_set=candidate.view,
        stability_null=one.stability_null,
        seed_agreement=one.seed_agreement,
        time_agreement=one.time_agreement,
        gap=one.gap,
        gap_error=one.gap_error,
        prediction_strength=one.prediction_strength,
    )


def publish_candidates(context: Context, training: Training, choice: Choice, found: Sequence[Logged]) -> None:
    """Write the decision table."""
    rows = [
        (
            training.run_id,
            one.candidate.algorithm,
            one.candidate.k,
            one.candidate.seed,
            one.clusters,
            one.silhouette_euclidean,
            one.silhouette_error,
            one.silhouette_squared_euclidean,
            one.simplified_silhouette,
            one.calinski_harabasz,
            one.davies_bouldin,
            one.cost,
            one.holdout_cost,
            one.log_likelihood,
            one.holdout_log_likelihood,
            one.bic,
            one.separation,
            one.separation_error,
            one.stability,
            one.stability_null,
            one.seed_agreement,
            one.time_agreement,
            one.gap,
            one.gap_error,
            one.prediction_strength,
            one.smallest_share,
            list(one.cluster_sizes),
            one is choice.chosen,
            choice.reasons[one.candidate],
            one.duration_seconds,
            mlflow_run_id,
            context.as_of,
            one.candidate.view,
        )
        for one, mlflow_run_id in found
    ]
    context.writer(training.run_id).publish_few(TRAINING_CANDIDATES, rows)
