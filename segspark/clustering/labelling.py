"""The clusters that a candidate gives to points on the driver, and how its algorithm would cluster others anew."""

import warnings
from functools import partial

import numpy as np
from sklearn.cluster import BisectingKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from segspark.clustering.answer_patterns import Item, Patterns
from segspark.clustering.clusterers import Clusterer, Floats, Ints, kmeans
from segspark.clustering.fits import shape_of
from segspark.clustering.latent_classes import posteriors
from segspark.clustering.latent_fitting import fit, too_many_classes
from segspark.config.clustering import Algorithm, Clustering, Search
from segspark.kernels.classes import Classes
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition, nearness

_STEPS = 25  # of EM, from the mixture's own parameters
_STARTS, _LONG, _CLOSE = 2, 200, 1e-6  # of EM for latent classes: starts, iterations, and nats a customer at the end

Shape = Partition | Mixture | Classes  # of a candidate


def labels_of(shape: Shape, points: Floats, step: float) -> Ints:
    """The cluster of each point.

    Args:
        shape: a candidate's.
        points: whole numbers of steps, shape (n, inputs).
        step: of the grid.

    Examples:
        >>> labels_of(Partition(np.array([[0.0], [8.0]])), np.array([[1.0], [5.0]]), 0.5).tolist()
        [0, 1]
    """
    if not isinstance(shape, Partition):
        return shape.assigned(shape.log_joint(points * step))
    return np.asarray(shape.labels(points.T, nearness(points.T, shape.centres)), dtype=np.int64)


def clusterer_of(algorithm: Algorithm, shape: Shape) -> Clusterer:
    """What clusters a resample as a candidate's algorithm would.

    spark.ml's own would start jobs for every resample. KMeans and BisectingKMeans are scikit-learn's; a mixture is
    fitted from the candidate's own parameters, which lets it keep them if it can, so its figure is on the high side.
    Latent classes are looked for anew, from few starts.
    """
    if isinstance(shape, Classes):
        return partial(_latent, of=shape)
    if algorithm == "bisecting":
        return _bisecting
    return partial(_mixture, start=shape) if isinstance(shape, Mixture) else kmeans


def anew(algorithm: Algorithm, shape: Shape, settings: Clustering, search: Search) -> Clusterer:
    """What fits points as the search fits candidates to its coreset, whoever they are: no candidate's model goes in.

    Of latent classes only which coordinates are indicators of one input is taken from the shape.

    The clusterer is given whole numbers of steps, as `labels_of` is. Of fewer different points than clusters it makes
    a cluster of each.

    Examples:
        >>> points = np.array([[0.0], [2.0], [90.0], [92.0]])
        >>> shape, told = Partition(points), (Clustering(), Search())
        >>> found = [anew(name, shape, *told)(points, 2, seed=1) for name in ("kmeans", "bisecting", "gmm")]
        >>> [bool(one[0] == one[1] != one[2] == one[3]) for one in found]
        [True, True, True]
    """
    if isinstance(shape, Classes):
        return partial(_latent, of=shape)

    def clustered(points: Floats, k: int, seed: int, weights: Floats | None = None) -> Ints:
        shares = np.ones(len(points)) if weights is None else weights
        points = points[:, np.ptp(points, axis=0) > 0]  # of a slice an input may not vary, and a covariance must
        k = min(k, len(np.unique(points, axis=0))) if points.size else 1
        if k == 1:
            return np.zeros(len(points), dtype=np.int64)
        return labels_of(shape_of(algorithm, points, shares, k, seed, settings, search), points, 1.0)

    return clustered


def _bisecting(points: Floats, k: int, seed: int, weights: Floats | None = None) -> Ints:
    with threadpool_limits(1):
        fitted = BisectingKMeans(k, random_state=seed, bisecting_strategy="biggest_inertia").fit(points, None, weights)
    return np.asarray(fitted.labels_, dtype=np.int64)


def _mixture(points: Floats, k: int, seed: int, weights: Floats | None = None, *, start: Mixture) -> Ints:
    if weights is not None:
        raise ValueError("a mixture of scikit-learn takes no weights")
    precisions = start.whitening @ start.whitening.transpose(0, 2, 1)
    model = GaussianMixture(
        k,
        max_iter=_STEPS,
        weights_init=start.shares / start.shares.sum(),
        means_init=start.means,
        precisions_init=precisions,
        reg_covar=1e-4,
        random_state=seed,
    )
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many steps tell whether it stays
        return np.asarray(model.fit_predict(points), dtype=np.int64)


def _latent(points: Floats, k: int, seed: int, weights: Floats | None = None, *, of: Classes) -> Ints:
    """Latent classes of the same items; all one class where the points cannot tell so many."""
    if weights is not None:
        raise ValueError("latent classes of a resample take no weights")
    codes, place, counts = np.unique(of.answers(points), axis=0, return_inverse=True, return_counts=True)
    items = tuple(Item(str(at), tuple(map(str, range(len(one) + 1)))) for at, one in enumerate(of.indicators))
    patterns = Patterns(items, codes, counts)
    if too_many_classes(patterns, k):
        return np.zeros(len(points), dtype=np.int64)
    with threadpool_limits(1):
        found = fit(patterns, k, range(seed, seed + _STARTS), max_iterations=_LONG, tolerance=_CLOSE)
    return np.asarray(posteriors(found, codes).argmax(axis=1)[place.ravel()], dtype=np.int64)
