"""How resamples of latent classes are clustered anew."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segspark.clustering.labelling import clusterer_of, labels_of
from segspark.kernels.classes import Classes

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
