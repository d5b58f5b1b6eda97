"""Views: principal components against scikit-learn and by hand, and that they start at 0 within their reach."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.decomposition import PCA

from segspark.clustering.inputs import Coordinate, LevelsInput, NumberInput, Shape
from segspark.clustering.views import Component, View, principal_components, rotated


def number(name: str, reach: float = 4.0) -> NumberInput:
    return NumberInput(name, 0.0, reach, Shape("none"), 0.0, 1.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def points():
    random = np.random.default_rng(4)
    return random.gamma(2.0, 1.0, (300, 5)) @ random.normal(size=(5, 5))


@pytest.mark.parametrize("wanted", [1, 3, 5, 0.6, 0.9, 0.999])
def test_components_are_those_of_scikit_learn_but_for_their_signs(points, wanted):
    theirs = PCA(wanted if wanted < 1 else int(wanted), svd_solver="full").fit(points)
    loadings, shares = principal_components(points, wanted)
    assert shares == pytest.approx(theirs.explained_variance_ratio_, rel=1e-9)
    assert np.abs(np.einsum("ij,ij->i", loadings, theirs.components_)) == pytest.approx(np.ones(len(loadings)))


def test_the_heaviest_weight_of_a_component_is_positive(points):
    for loadings in (principal_components(sign * points, 5)[0] for sign in (1, -1)):
        assert (loadings[np.arange(5), np.abs(loadings).argmax(axis=1)] > 0).all()


def test_of_equally_heavy_weights_the_first_is_positive():
    [[first, second]], _ = principal_components(np.array([[2.0, -2.0], [-2.0, 2.0], [0.1, 0.1], [-0.1, -0.1]]), 1)
    assert (first, second) == (pytest.approx(0.5**0.5), pytest.approx(-(0.5**0.5)))


def test_as_many_components_are_taken_as_have_the_share():
    # Variances 9, 4 and 1 of independent columns: shares 9/14 = 0.643, 13/14 = 0.929, 1.
    points = np.array([[3.0, 0, 0], [-3.0, 0, 0], [0, 2.0, 0], [0, -2.0, 0], [0, 0, 1.0], [0, 0, -1.0]])
    assert [len(principal_components(points, wanted)[0]) for wanted in (0.64, 0.65, 0.92, 0.93)] == [1, 2, 2, 3]


def test_more_components_than_have_variance_are_not_taken():
    along = np.arange(6.0)[:, None] * np.array([[1.0, 2.0, -1.0]])
    loadings, shares = principal_components(along, 3)
    assert loadings.ravel() == pytest.approx(np.array([1, 2, -1]) / 6**0.5)
    assert shares.tolist() == [pytest.approx(1.0)]


def test_a_component_is_0_at_its_lowest_corner_and_its_reach_at_its_highest():
    of = (Coordinate("a", "", 2.0), Coordinate("b", "", 5.0), Coordinate("c", "", 1.0))
    loadings = np.array([0.6, -0.7, -0.3])
    found = Component("one", of, tuple(loadings.tolist()), 0.5).coordinate
    at = [loadings @ corner for corner in product((0, 2), (0, 5), (0, 1))]  # from -3.8 to 1.2
    moved = float(found.sql.split("D + ")[0])
    assert (min(at) + moved, max(at) + moved) == (pytest.approx(0), pytest.approx(found.reach))
    assert found.reach == pytest.approx(5.0)


def test_a_rotated_view_has_the_inputs_of_the_one_it_was_made_of_and_no_answers(points):
    plans = (number("a"), number("b"), LevelsInput("plan", {"x": 0.5, "y": 0.3, "z": 0.2}, 1.0))
    view = View("all", plans)
    found = rotated(view, points, 2)
    assert found is not None
    assert (found.name, found.plans, found.features) == ("all, 2 components", plans, ["a", "b", "plan"])
    assert [one.name for one in found.coordinates] == ["__component_1", "__component_2"]
    assert ([one.feature for one in view.answers], found.answers) == (["plan"], [])


def test_all_components_of_a_view_are_no_view_of_its_own(points):
    view = View("all", tuple(number(name) for name in "abcde"))
    assert rotated(view, points, 5) is None
    assert rotated(view, points, 9) is None


def test_weights_count_in_components():
    random = np.random.default_rng(1)
    points = random.normal(size=(500, 2)) * [3.0, 1.0]
    [[first, second]], _ = principal_components(points, 1)
    assert abs(first) > 0.99 > 0.1 > abs(second)
