"""How points are clustered anew, from a candidate's own parameters or from none, and which labels a candidate gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segspark.clustering.labelling import anew, clusterer_of, labels_of
from segspark.config.clustering import Clustering, Search
from segspark.kernels.classes import Classes
from segspark.kernels.partitions import Partition

ITEMS = 4
SHAPE = Classes(np.zeros(2), tuple((2 * item, 2 * item + 1) for item in range(ITEMS)), ())


@pytest.fixture(scope="module")
def planted():
    """Indicators of three levels, the third of which has none, by three kinds of customers."""
    random = np.random.default_rng(8)
    kinds = random.integers(0, 3, 600)
    levels = [
        np.where(random.random(600) < 0.9, (kinds + item) % 3, random.integers(0, 3, 600)) for item in range(ITEMS)
    ]
    return kinds, np.hstack([np.eye(3)[one][:, :2] * 1.7 for one in levels])


def test_latent_classes_of_a_resample_are_found_anew_and_are_the_same_for_a_seed(planted):
    kinds, points = planted
    clusterer = clusterer_of("lca", SHAPE)
    found = clusterer(points, 3, 1)
    assert adjusted_rand_score(kinds, found) > 0.9
    assert clusterer(points, 3, 1).tolist() == found.tolist()


def test_customers_of_the_same_answers_are_in_one_class(planted):
    _, points = planted
    found = clusterer_of("lca", SHAPE)(points, 3, 1)
    _, place = np.unique(points, axis=0, return_inverse=True)
    assert all(len(set(found[place.ravel() == one])) == 1 for one in range(place.max() + 1))


def test_what_cannot_tell_so_many_classes_is_one_class(planted):
    _, points = planted
    assert clusterer_of("lca", SHAPE)(points[:5], 3, 1).tolist() == [0] * 5


def test_customers_that_stand_for_several_are_refused(planted):
    with pytest.raises(ValueError, match="no weights"):
        clusterer_of("lca", SHAPE)(planted[1], 3, 1, np.ones(600))


def test_labels_of_classes_are_their_likeliest():
    shape = Classes(np.log([0.5, 0.5]), ((0,),), (np.log([[0.9, 0.2], [0.1, 0.8]]),))
    assert labels_of(shape, np.array([[3.0], [0.0]]), 0.5).tolist() == [0, 1]


# Fits that owe nothing to a candidate

ALGORITHMS = ["kmeans", "bisecting", "gmm"]


def clusterer(algorithm):
    return anew(algorithm, Partition(np.zeros((1, 1))), Clustering(), Search())


def clouds(n=80):
    """Three, in whole numbers of steps."""
    random = np.random.default_rng(3)
    centres = np.repeat([[0, 0], [9_000, 0], [0, 9_000]], n, axis=0)
    return np.rint(centres + random.normal(0, 800, size=(3 * n, 2))), np.repeat([0, 1, 2], n)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_three_clouds_are_found_and_the_points_left_as_they_were(algorithm):
    points, truth = clouds()
    before = points.copy()
    assert adjusted_rand_score(truth, clusterer(algorithm)(points, 3, seed=1)) == 1.0
    assert (points == before).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_input_that_does_not_vary_changes_nothing(algorithm):
    points, _ = clouds()
    wider = np.column_stack([points, np.full(len(points), 7.0)])
    assert (clusterer(algorithm)(points, 3, seed=1) == clusterer(algorithm)(wider, 3, seed=1)).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("values", "clusters"), [([5.0], 1), ([0.0, 90.0], 2)])
def test_of_fewer_different_points_than_clusters_each_is_one(algorithm, values, clusters):
    points = np.repeat(np.array(values), 20)[:, None]
    found = clusterer(algorithm)(points, 3, seed=1)
    assert len(set(found)) == clusters
    assert adjusted_rand_score(points[:, 0], found) == 1.0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_seed_alone_decides(algorithm):
    points = np.rint(np.random.default_rng(5).normal(0, 1_000, size=(300, 4)))
    one = clusterer(algorithm)(points, 5, seed=1)
    assert (clusterer(algorithm)(points, 5, seed=1) == one).all()
    assert any(adjusted_rand_score(one, clusterer(algorithm)(points, 5, seed=seed)) < 1 for seed in range(2, 7))


def test_latent_classes_anew_take_only_the_layout_of_their_inputs(planted):
    _, points = planted
    found = anew("lca", SHAPE, Clustering(), Search())(points, 3, seed=1)
    assert found.tolist() == clusterer_of("lca", SHAPE)(points, 3, 1).tolist()
