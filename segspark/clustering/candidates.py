"""Candidates: which models are tried, and the spark.ml estimator of each."""

from dataclasses import dataclass
from typing import Any

from pyspark.ml import Estimator
from pyspark.ml.clustering import BisectingKMeans, GaussianMixture, KMeans

from segspark.clustering.preparation import PREPARED
from segspark.config.clustering import ALL, Algorithm, Clustering

_POINTS_PER_DIMENSION = 10
JITTER = 0.02  # standard deviations per input, by which customers are moved for mixtures
CLUSTER = "prediction"  # the name that MLflow looks for when it applies a model


@dataclass(frozen=True, order=True)
class Candidate:
    """One model to try.

    Attributes:
        view: the name of what it clusters customers on (`segspark.clustering.views.View`).
    """

    algorithm: Algorithm
    k: int
    seed: int
    view: str = ALL

    @property
    def kind(self) -> str:
        """The algorithm, and what it is applied to where that is not all inputs as they are.

        Examples:
            >>> Candidate("kmeans", 4, 42).kind, Candidate("kmeans", 4, 42, "habits").kind
            ('kmeans', 'kmeans (habits)')
        """
        return self.algorithm if self.view == ALL else f"{self.algorithm} ({self.view})"

    @property
    def label(self) -> str:
        """Short name for people.

        Examples:
            >>> Candidate("kmeans", 4, 42).label
            'kmeans k=4 seed=42'
        """
        return f"{self.kind} k={self.k} seed={self.seed}"


def candidates(settings: Clustering, view: str = ALL) -> list[Candidate]:
    """All candidates of a configuration on a view.

    Examples:
        >>> len(candidates(Clustering()))
        27
    """
    numbers = range(settings.k.min, settings.k.max + 1)
    return [Candidate(algorithm, k, settings.seed, view) for algorithm in settings.algorithms for k in numbers]


def too_few_customers(candidate: Candidate, customers: int, inputs: int) -> str:
    """Why a mixture cannot be fitted on so few customers; empty if it can, as the other algorithms always can.

    A full covariance needs several points per dimension: with fewer, a component collapses onto single customers, its
    density overflows, and MLlib's eigenvalue routine never returns from the resulting NaN.

    Examples:
        >>> too_few_customers(Candidate("gmm", 4, 42), customers=123, inputs=10)
        'a mixture of 4 with 10 inputs needs at least 440 customers'
        >>> too_few_customers(Candidate("kmeans", 4, 42), customers=123, inputs=10)
        ''
    """
    needed = _POINTS_PER_DIMENSION * candidate.k * (inputs + 1)
    if candidate.algorithm != "gmm" or customers >= needed:
        return ""
    return f"a mixture of {candidate.k} with {inputs} inputs needs at least {needed} customers"


def estimator(candidate: Candidate, settings: Clustering) -> "Estimator[Any]":
    """The spark.ml estimator of a candidate: squared Euclidean distances, predictions in `prediction`; none of lca.

    Args:
        candidate: algorithm, k and seed.
        settings: iterations and tolerance.
    """
    common: dict[str, Any] = {
        "featuresCol": PREPARED,
        "predictionCol": CLUSTER,
        "k": candidate.k,
        "seed": candidate.seed,
        "maxIter": settings.max_iterations[candidate.algorithm],
    }
    if candidate.algorithm == "kmeans":
        return KMeans(**common, tol=settings.tolerance)
    if candidate.algorithm == "bisecting":
        return BisectingKMeans(**common)
    return GaussianMixture(**common, tol=settings.tolerance)
