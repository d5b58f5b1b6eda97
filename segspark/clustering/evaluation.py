"""Evaluation: what is measured of a fitted candidate, on bounded samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import pairwise_distances, silhouette_score

from segspark.clustering.candidates import Candidate


@dataclass(frozen=True)
class Evaluation:
    """A fitted candidate's measures.

    Attributes:
        cluster_sizes: members of each cluster in the training sample, by cluster number.
        silhouette_euclidean: mean silhouette (Rousseeuw 1987), Euclidean distance; None with a single cluster.
        silhouette_squared_euclidean: the same with squared distances, as MLlib's evaluator has it by default.
        cost: sum of squared distances to the own centre, training sample; None for mixtures.
        log_likelihood: of the training sample, nats; None but for mixtures.
    """

    candidate: Candidate
    cluster_sizes: tuple[int, ...]
    silhouette_euclidean: float | None
    silhouette_squared_euclidean: float | None
    cost: float | None
    log_likelihood: float | None
    duration_seconds: float

    @property
    def clusters(self) -> int:
        """Clusters that have members."""
        return sum(size > 0 for size in self.cluster_sizes)

    @property
    def smallest_share(self) -> float:
        """Share of the smallest cluster that was asked for; 0 if one is empty."""
        return min(self.cluster_sizes) / sum(self.cluster_sizes)


@dataclass(frozen=True)
class Distances:
    """Distances between all pairs of an evaluation sample, computed once for all candidates."""

    euclidean: npt.NDArray[np.float64]
    squared: npt.NDArray[np.float64]

    @staticmethod
    def between(points: npt.NDArray[np.float64]) -> "Distances":
        """Distances between prepared customers, shape (n, inputs) to (n, n).

        Examples:
            >>> Distances.between(np.array([[0.0, 0.0], [3.0, 4.0]])).euclidean.tolist()
            [[0.0, 5.0], [5.0, 0.0]]
        """
        euclidean = np.asarray(pairwise_distances(points, metric="euclidean"))
        np.fill_diagonal(euclidean, 0.0)
        return Distances(euclidean, euclidean**2)


def silhouettes(distances: Distances, labels: Sequence[int]) -> tuple[float | None, float | None]:
    """Mean silhouette with Euclidean and with squared Euclidean distances; None unless there are 2 clusters.

    Args:
        distances: of n customers.
        labels: their clusters, n numbers.

    Examples:
        >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
        >>> euclidean, squared = silhouettes(Distances.between(points), [0, 0, 1, 1])
        >>> round(euclidean, 4), round(squared, 4)
        (0.8997, 0.9899)
    """
    found = len(set(labels))
    if not 2 <= found < len(labels):
        return None, None
    return (
        float(silhouette_score(distances.euclidean, labels, metric="precomputed")),
        float(silhouette_score(distances.squared, labels, metric="precomputed")),
    )
