"""Passes over all customers, against numpy and scikit-learn on the same points, whatever the partitioning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.clustering import (
    BisectingKMeans,
    BisectingKMeansModel,
    GaussianMixture,
    GaussianMixtureModel,
    KMeansModel,
)
from pyspark.ml.functions import array_to_vector
from pyspark.sql import functions as F
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, pairwise_distances
from sklearn.mixture import GaussianMixture as DriverMixture

from segspark.clustering import passes
from segspark.clustering.evaluation import of_mixture, of_partition
from segspark.clustering.fits import bisected
from segspark.clustering.fitted_models import mixture_of, tree_of
from segspark.io.models import centres_model, mixture_model, saved_nodes, tree_model
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition, nearness
from segspark.kernels.points import Grid

N, INPUTS, HELD = 3_000, 3, 0.25
GRID = Grid.over(20.0, INPUTS)


@pytest.fixture(scope="module")
def points():
    """Four groups within a continuum, in whole steps of the grid."""
    random = np.random.default_rng(11)
    centres = np.array([[2, 2, 2], [9, 2, 4], [3, 9, 9], [9, 9, 2]], dtype=float)
    near = centres[random.choice(4, N, p=[0.5, 0.25, 0.15, 0.1])] + random.normal(0, 0.8, (N, INPUTS))
    return GRID.snapped(np.where(random.random((N, 1)) < 0.7, near, random.gamma(3.0, 1.5, (N, INPUTS))).clip(0, 20))


@pytest.fixture(scope="module")
def customers(spark, points):
    columns = {f"x{one}": points[:, one] * GRID.step for one in range(INPUTS)}
    return spark.createDataFrame(pd.DataFrame({"customer_id": [f"c{one}" for one in range(N)]} | columns)).persist()


@pytest.fixture(scope="module")
def held(customers):
    """Whether each customer is held out, in the order of points."""
    told = customers.select("customer_id", passes.held_out(HELD).alias("held")).toPandas()
    return told.set_index("customer_id")["held"].loc[[f"c{one}" for one in range(N)]].to_numpy(bool)


@pytest.fixture(scope="module")
def blocks(customers):
    """The customers' blocks by number of partitions."""
    inputs = [F.col(f"x{one}") for one in range(INPUTS)]
    found = {number: passes.packed(customers.repartition(number), inputs, GRID, HELD, seed=3) for number in (1, 2, 7)}
    for one in found.values():
        one.frame.persist()
    return found


@pytest.fixture(scope="module")
def starts(points):
    """Centres that are not good yet."""
    random = np.random.default_rng(2)
    return [points[random.choice(N, k, replace=False)] for k in (2, 4, 7)]


def vectors(customers):
    return customers.select(
        "customer_id", array_to_vector(F.array(*[f"x{one}" for one in range(INPUTS)])).alias("features")
    )


def predicted(model, customers):
    told = model.transform(vectors(customers)).select("customer_id", "prediction").toPandas()
    return told.set_index("customer_id")["prediction"].loc[[f"c{one}" for one in range(N)]].to_numpy()


def cost(points, centres):
    return pairwise_distances(points, centres, metric="sqeuclidean").min(axis=1).sum()


# Moments and samples


@pytest.mark.parametrize("number", [1, 2, 7])
def test_moments_are_exact_over_any_partitions(blocks, points, held, number):
    for found, some in zip(passes.moments(blocks[number]), (points[~held], points[held]), strict=True):
        assert found.n == len(some)
        assert found.sums.tolist() == some.sum(axis=0).tolist()
        assert found.squares == int((some.astype(int) ** 2).sum())
        assert found.spread == pytest.approx(((some - some.mean(axis=0)) ** 2).sum())


def test_without_customers_all_moments_are_0(customers):
    nobody = passes.packed(customers.limit(0), [F.col("x0")], Grid.over(20.0, 1), HELD, seed=3)
    trained, held = passes.moments(nobody)
    assert (trained.n, trained.squares, held.n) == (0, 0, 0)


def test_samples_are_the_same_over_any_partitions(blocks):
    trained, _ = passes.moments(blocks[1])
    first, *others = (passes.drawn(one, trained, N, 400, 500) for one in blocks.values())
    assert 300 < len(first.coreset) < 500
    assert 400 < len(first.evaluated) < 600
    for other in others:
        for name in ("coreset", "weights", "evaluated", "held"):
            assert np.array_equal(getattr(first, name), getattr(other, name)), name


def test_of_fewer_customers_than_a_sample_may_have_all_are_taken(blocks, points, held):
    trained, _ = passes.moments(blocks[2])
    found = passes.drawn(blocks[2], trained, N, 10_000, 10_000)
    assert sorted(found.coreset.tolist()) == sorted(points[~held].tolist())
    assert (found.weights == 1).all()
    assert sorted(found.evaluated.tolist()) == sorted(points.tolist())
    assert found.held.sum() == held.sum()


# Partitions


def test_measures_of_partitions_are_those_of_scikit_learn(blocks, points, held, starts):
    about = np.rint(points[~held].mean(axis=0))
    found = passes.measured(blocks[2], [Partition(centres) for centres in starts], about)
    for centres, sums in zip(starts, found, strict=True):
        told = of_partition(sums, (centres - about) * GRID.step)
        apart = pairwise_distances(points, centres) * GRID.step
        labels, (own, other) = apart.argmin(axis=1), np.sort(apart, axis=1)[:, :2].T
        trained = points[~held] * GRID.step, labels[~held]
        assert told["cluster_sizes"] == tuple(sorted(np.bincount(labels, minlength=len(centres)), reverse=True))
        assert told["cost"] == pytest.approx((own[~held] ** 2).sum(), rel=1e-9)
        assert told["holdout_cost"] == pytest.approx((own[held] ** 2).mean(), rel=1e-9)
        assert told["calinski_harabasz"] == pytest.approx(calinski_harabasz_score(*trained), rel=1e-9)
        assert told["davies_bouldin"] == pytest.approx(_davies_bouldin_about(centres, *trained), rel=1e-4)
        assert told["simplified_silhouette"] == pytest.approx(((other - own) / other).mean(), abs=1e-8)


def _davies_bouldin_about(centres, points, labels):
    """With distances to the given centres, which a candidate's sums are of; means apart as scikit-learn has them."""
    means = np.array([points[labels == one].mean(axis=0) for one in range(len(centres))])
    spread = [
        np.linalg.norm(points[labels == one] - centres[one] * GRID.step, axis=1).mean() for one in range(len(centres))
    ]
    apart = pairwise_distances(means)
    np.fill_diagonal(apart, np.inf)
    return (np.add.outer(spread, spread) / apart).max(axis=1).mean()


def test_of_centres_that_are_means_the_davies_bouldin_index_is_scikit_learn_s(blocks, points, held, starts):
    trained = points[~held]
    fitted = KMeans(4, init=starts[1], n_init=1, max_iter=300, tol=0).fit(trained)
    about = np.rint(trained.mean(axis=0))
    [sums] = passes.measured(blocks[2], [Partition(np.rint(fitted.cluster_centers_))], about)
    told = of_partition(sums, (np.rint(fitted.cluster_centers_) - about) * GRID.step)
    assert told["davies_bouldin"] == pytest.approx(davies_bouldin_score(trained, fitted.labels_), rel=1e-5)
    assert told["cost"] == pytest.approx(fitted.inertia_ * GRID.step**2, rel=1e-9)


def test_no_measure_depends_on_partitions(blocks, points, starts):
    about = np.rint(points.mean(axis=0))

    def measures(some):
        found = passes.measured(some, [Partition(centres) for centres in starts], about)
        return [of_partition(one, centres) for one, centres in zip(found, starts, strict=True)]

    assert measures(blocks[1]) == measures(blocks[2]) == measures(blocks[7])


# Lloyd's iterations


def test_passes_are_lloyd_s_iterations_of_scikit_learn(blocks, points, held, starts):
    trained, _ = passes.moments(blocks[2])
    found, made = passes.refined(blocks[2], starts, trained, tolerance=1e-12, passes=5)
    assert made == 5
    for start, centres in zip(starts, found, strict=True):
        theirs = KMeans(len(start), init=start, n_init=1, max_iter=5, tol=0, algorithm="lloyd").fit(points[~held])
        assert np.abs(centres - theirs.cluster_centers_).max() * GRID.step < 1e-4
        assert np.array_equal(centres, np.rint(centres))


def test_refined_centres_are_the_same_over_any_partitions(blocks, starts):
    trained, _ = passes.moments(blocks[1])
    first, *others = (passes.refined(one, starts, trained, 1e-6, 4) for one in blocks.values())
    for other in others:
        assert other[1] == first[1]
        assert all(np.array_equal(one, another) for one, another in zip(first[0], other[0], strict=True))


def test_no_pass_raises_a_cost_and_with_nothing_left_to_gain_they_stop(blocks, points, held, starts):
    trained, _ = passes.moments(blocks[2])
    costs, centres = [[cost(points[~held], one) for one in starts]], starts
    for _ in range(3):
        centres, made = passes.refined(blocks[2], centres, trained, 1e-9, 1)
        assert made == 1
        costs.append([cost(points[~held], one) for one in centres])
    steps = np.diff(costs, axis=0)
    assert (steps < 0).all()
    final, made = passes.refined(blocks[2], centres[:2], trained, 1e-4, 100)
    assert 1 < made < 60
    again, more = passes.refined(blocks[2], final, trained, 1e-3, 100)
    assert more <= 2
    assert all(cost(points[~held], one) <= cost(points[~held], other) for one, other in zip(again, final, strict=True))


def test_an_empty_cluster_keeps_its_centre(blocks, points):
    trained, _ = passes.moments(blocks[2])
    far = GRID.snapped(np.full((1, INPUTS), 200.0))
    [centres], _ = passes.refined(blocks[2], [np.concatenate([points[:2], far])], trained, 1e-4, 3)
    assert centres[2].tolist() == far[0].tolist()
    assert not np.array_equal(centres[:2], points[:2])


# Mixtures


def test_likelihoods_and_sizes_of_mixtures_are_scikit_learn_s(blocks, points, held):
    fitted = [DriverMixture(k, random_state=1, max_iter=5, tol=1e-1).fit(points * GRID.step) for k in (2, 3)]
    mixtures = [Mixture(one.weights_, one.means_, one.covariances_) for one in fitted]
    for theirs, (trained, out) in zip(fitted, passes.mixture_sums(blocks[7], mixtures), strict=True):
        for (sizes, likelihood), some in ((trained, points[~held]), (out, points[held])):
            assert sizes.tolist() == np.bincount(theirs.predict(some * GRID.step), minlength=len(sizes)).tolist()
            assert likelihood == pytest.approx(theirs.score_samples(some * GRID.step).sum(), rel=1e-8)
        told = of_mixture((trained, out), INPUTS)
        assert told["bic"] == pytest.approx(theirs.bic(points[~held] * GRID.step), rel=1e-8)


def test_no_sum_of_mixtures_depends_on_partitions(blocks, points):
    fitted = DriverMixture(3, random_state=1).fit(points * GRID.step)
    mixture = Mixture(fitted.weights_, fitted.means_, fitted.covariances_)
    first, *others = (passes.mixture_sums(one, [mixture])[0] for one in blocks.values())
    for other in others:
        for (sizes, likelihood), (more, another) in zip(first, other, strict=True):
            assert sizes.tolist() == more.tolist()
            assert likelihood == another


# Models of spark.ml


@pytest.mark.parametrize("k", [2, 5, 12])
def test_centres_are_published_as_spark_s_own_model(spark, customers, points, k, tmp_path):
    flat = Partition(points[:k])
    centres_model(spark, flat.centres * GRID.step, "features", "prediction").save(str(tmp_path / "centres"))
    model = KMeansModel.load(str(tmp_path / "centres"))
    assert [one.tolist() for one in model.clusterCenters()] == (flat.centres * GRID.step).tolist()
    assert predicted(model, customers).tolist() == flat.labels(points.T, nearness(points.T, flat.centres)).tolist()


@pytest.mark.parametrize("k", [2, 5, 6])
def test_a_tree_s_labels_are_the_predictions_of_spark_s_bisecting_model(spark, customers, points, k):
    model = BisectingKMeans(k=k, seed=1, maxIter=10).fit(vectors(customers))
    tree = tree_of(saved_nodes(spark, model), GRID)
    labels = tree.labels(points.T, nearness(points.T, tree.centres))
    assert len(np.unique(labels)) == k
    assert labels.tolist() == predicted(model, customers).tolist()


def test_a_mixture_s_labels_are_the_predictions_of_spark_s_model_and_it_is_as_likely(customers, points):
    model = GaussianMixture(k=3, seed=1, maxIter=10).fit(vectors(customers))
    mixture = mixture_of(model)
    joint = mixture.log_joint(points * GRID.step)
    assert joint.argmax(axis=1).tolist() == predicted(model, customers).tolist()
    # Spark tells the likelihood before its last step, which can only raise it.
    before = model.summary.logLikelihood
    assert before <= np.logaddexp.reduce(joint, axis=1).sum() < before + 0.01 * abs(before)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_a_tree_is_published_as_spark_s_own_model(spark, customers, points, k, tmp_path):
    tree = bisected(points, np.ones(N), k, restarts=2, seed=1, iterations=20)
    given = tree_model(spark, tree.nodes * GRID.step, tree.children, "features", "prediction")
    given.save(str(tmp_path / "tree"))
    model = BisectingKMeansModel.load(str(tmp_path / "tree"))
    assert [one.tolist() for one in model.clusterCenters()] == (tree.centres * GRID.step).tolist()
    assert predicted(model, customers).tolist() == tree.labels(points.T, nearness(points.T, tree.centres)).tolist()
    assert tree_of(saved_nodes(spark, model), GRID).centres.tolist() == tree.centres.tolist()


def test_a_mixture_is_published_as_spark_s_own_model(spark, customers, points, tmp_path):
    fitted = DriverMixture(3, random_state=1).fit(points * GRID.step)
    mixture = Mixture(fitted.weights_, fitted.means_, fitted.covariances_)
    mixture_model(spark, mixture, "features", "prediction").save(str(tmp_path / "mixture"))
    model = GaussianMixtureModel.load(str(tmp_path / "mixture"))
    again = mixture_of(model)
    for name in ("shares", "means", "covariances"):
        assert getattr(again, name).tolist() == getattr(mixture, name).tolist()
    assert predicted(model, customers).tolist() == fitted.predict(points * GRID.step).tolist()


def test_of_customers_far_from_all_components_the_labels_are_those_that_spark_gives(spark, customers, points):
    narrow = np.eye(INPUTS) * 0.002  # densities below 1e-16 from about half a unit on
    mixture = Mixture(np.array([0.3, 0.3, 0.4]), np.array([[2.0, 2, 2], [9, 2, 4], [3, 9, 9]]), np.stack([narrow] * 3))
    joint = mixture.log_joint(points * GRID.step)
    told = predicted(mixture_model(spark, mixture, "features", "prediction"), customers)
    assert (mixture.assigned(joint) != joint.argmax(axis=1)).any()
    assert told.tolist() == mixture.assigned(joint).tolist()
