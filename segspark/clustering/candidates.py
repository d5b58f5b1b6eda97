"""Candidates: which models are tried, and the spark.ml estimator of each."""

from dataclasses import dataclass
from typing import Any

from pyspark.ml import Estimator
from pyspark.ml.clustering import BisectingKMeans, GaussianMixture, KMeans

from segspark.clustering.preparation import PREPARED
from segspark.config.model import Algorithm, Clustering

CLUSTER = "prediction"  # the name that MLflow looks for when it applies a model


@dataclass(frozen=True, order=True)
class Candidate:
    """One model to try."""

    algorithm: Algorithm
    k: int
    seed: int

    @property
    def label(self) -> str:
        """Short name for people.

        Examples:
            >>> Candidate("kmeans", 4, 42).label
            'kmeans k=4 seed=42'
        """
        return f"{self.algorithm} k={self.k} seed={self.seed}"


def candidates(settings: Clustering) -> list[Candidate]:
    """All candidates of a configuration.

    Examples:
        >>> len(candidates(Clustering()))
        27
    """
    numbers = range(settings.k.min, settings.k.max + 1)
    return [Candidate(algorithm, k, settings.seed) for algorithm in settings.algorithms for k in numbers]


def estimator(candidate: Candidate, settings: Clustering) -> "Estimator[Any]":
    """The spark.ml estimator of a candidate: squared Euclidean distances, predictions in `prediction`."""
    common: dict[str, Any] = {
        "featuresCol": PREPARED,
        "predictionCol": CLUSTER,
        "k": candidate.k,
        "seed": candidate.seed,
        "maxIter": settings.max_iterations,
    }
    if candidate.algorithm == "kmeans":
        return KMeans(**common, tol=settings.tolerance)
    if candidate.algorithm == "bisecting":
        return BisectingKMeans(**common)
    return GaussianMixture(**common, tol=settings.tolerance)
