"""Evaluation: what is measured of a fitted candidate, on all customers and on a sample of bounded size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import pairwise_distances

from segspark.clustering.candidates import Candidate
from segspark.clustering.indices import bic, calinski_harabasz, cost, davies_bouldin, mixture_bic
from segspark.clustering.passes import Counted, Measured
from segspark.clustering.silhouette import mean_silhouette
from segspark.kernels.points import Floats


@dataclass(frozen=True)
class Evaluation:
    """A fitted candidate's measures.

    Attributes:
        cluster_sizes: customers of each cluster, the largest first; all customers, held out ones included.
        silhouette_euclidean: mean silhouette (Rousseeuw 1987), Euclidean distance, on the evaluation sample; None with
            a single cluster.
        silhouette_error: standard error of that mean over the customers of the sample.
        silhouette_squared_euclidean: the same with squared distances, as MLlib's evaluator has it by default.
        cost: sum of squared distances to the own centre, of the customers trained on; None for mixtures, of which
            latent classes are a kind, and so below.
        holdout_cost: the same of those held out, divided by their number; None, too, if there are none.
        log_likelihood: of the customers trained on, nats; None but for mixtures.
        holdout_log_likelihood: of those held out, divided by their number; None, too, if there are none.
        bic: Bayesian information criterion, the lower the better; None but for mixtures.
        simplified_silhouette: mean over all customers of (b - a) / max(a, b), with a the Euclidean distance to the own
            centre and b that to the nearest other; None for mixtures.
        calinski_harabasz: of the customers trained on; None for mixtures.
        davies_bouldin: of the customers trained on, Euclidean; None for mixtures.
        separation: adjusted share of the next period's KPI's variance that lies between the clusters, customers held
            out; None where that period is not known.
        separation_error: its standard error.
        stability: of the cluster that comes back worst in resamples, the mean Jaccard similarity; None if not tried.
        stability_null: the same of normal clouds with the sample's covariance, clustered likewise; None, as are the
            agreements, where the candidate cannot be chosen anyway.
        seed_agreement: mean adjusted Rand index of fits of the evaluation sample that differ in the seed alone.
        time_agreement: adjusted Rand index of its labels of customers held out, as they were when the next period
            began, with what its algorithm makes of these alone; None where that period is not known.
        gap: the gap statistic of KMeans with so many clusters, on the evaluation sample; None for other algorithms.
        gap_error: its standard error.
        prediction_strength: of KMeans with so many clusters, on the evaluation sample; None for other algorithms.
    """

    candidate: Candidate
    duration_seconds: float
    cluster_sizes: tuple[int, ...]
    silhouette_euclidean: float | None
    silhouette_error: float | None
    silhouette_squared_euclidean: float | None
    cost: float | None = None
    holdout_cost: float | None = None
    log_likelihood: float | None = None
    holdout_log_likelihood: float | None = None
    bic: float | None = None
    simplified_silhouette: float | None = None
    calinski_harabasz: float | None = None
    davies_bouldin: float | None = None
    separation: float | None = None
    separation_error: float | None = None
    stability: float | None = None
    stability_null: float | None = None
    seed_agreement: float | None = None
    time_agreement: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    prediction_strength: float | None = None

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


def silhouettes(distances: Distances, labels: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Mean silhouettes of the evaluation sample, as fields of Evaluation; None unless there are 2 clusters.

    Args:
        distances: of n customers.
        labels: their clusters, n numbers.

    Examples:
        >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
        >>> found = silhouettes(Distances.between(points), np.array([0, 0, 1, 1]))
        >>> {name: round(value, 4) for name, value in found.items()}
        {'silhouette_euclidean': 0.8997, 'silhouette_error': 0.058, 'silhouette_squared_euclidean': 0.99}
    """
    euclidean = mean_silhouette(distances.euclidean, labels)
    squared = mean_silhouette(distances.squared, labels)
    return {
        "silhouette_euclidean": euclidean and euclidean[0],
        "silhouette_error": euclidean and euclidean[1],
        "silhouette_squared_euclidean": squared and squared[0],
    }


def of_partition(found: tuple[Measured, Measured], centres: Floats) -> dict[str, Any]:
    """Measures of a partition, as fields of Evaluation.

    Args:
        found: of the customers trained on, and of those held out.
        centres: in the prepared unit, about the same point as the sums.
    """
    trained, held = found
    customers = float(trained.sums.counts.sum()), float(held.sums.counts.sum())
    firm = (trained.silhouette * customers[0] + held.silhouette * customers[1]) / sum(customers)
    return {
        "cluster_sizes": _sizes(trained.sums.counts + held.sums.counts),
        "cost": cost(trained.sums, centres),
        "holdout_cost": cost(held.sums, centres) / customers[1] if customers[1] else None,
        "simplified_silhouette": float(firm),
        "calinski_harabasz": calinski_harabasz(trained.sums),
        "davies_bouldin": davies_bouldin(trained.sums),
    }


def of_mixture(found: tuple[Counted, Counted], inputs: int) -> dict[str, Any]:
    """Measures of a mixture, as fields of Evaluation.

    Args:
        found: sizes and log-likelihood of the customers trained on, and of those held out.
        inputs: coordinates of a customer.
    """
    (sizes, likelihood), (held_sizes, held) = found
    customers = int(sizes.sum())
    return {
        "cluster_sizes": _sizes(sizes + held_sizes),
        "log_likelihood": likelihood,
        "holdout_log_likelihood": held / int(held_sizes.sum()) if held_sizes.sum() else None,
        "bic": mixture_bic(likelihood, customers, len(sizes), inputs),
    }


def of_classes(found: tuple[Counted, Counted], parameters: int) -> dict[str, Any]:
    """Measures of latent classes with so many free parameters, as fields of Evaluation; else as of_mixture."""
    told = of_mixture(found, 0)
    return told | {"bic": bic(told["log_likelihood"], int(found[0][0].sum()), parameters)}


def _sizes(counts: npt.NDArray[Any]) -> tuple[int, ...]:
    return tuple(sorted((int(one) for one in counts), reverse=True))
