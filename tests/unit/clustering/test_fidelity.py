"""Coverage, precision, agreement and cost ratio, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segspark.clustering.explanation import explain
from segspark.clustering.fidelity import agreement, cost_ratio, rule
from segspark.clustering.rules import Condition, Leaf

FEATURES = {"x": np.array([1.0, 2.0, 3.0, 8.0, 9.0])}
LABELS = np.array([0, 0, 1, 1, 0])
SMALL, LARGE = Leaf(0, (Condition("x", up_to=3),)), Leaf(0, (Condition("x", above=8),))


def test_coverage_is_of_the_segment_and_precision_of_the_rule():
    # x <= 3 holds for 1, 2, 3, of whom two are in the segment, which has three.
    found = rule([SMALL], 0, FEATURES, LABELS)
    assert (found.coverage, found.precision) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_alternatives_cover_together():
    found = rule([SMALL, LARGE], 0, FEATURES, LABELS)
    assert (found.coverage, found.precision) == (1.0, 0.75)
    assert found.words == "x <= 3; or x > 8"
    assert found.sql == "COALESCE((`x` <= 3.0D) OR (`x` > 8.0D), FALSE)"


def test_weights_are_repeats():
    weights = np.array([1, 2, 3, 1, 4])
    repeated = rule([SMALL], 0, {"x": np.repeat(FEATURES["x"], weights)}, np.repeat(LABELS, weights))
    assert rule([SMALL], 0, FEATURES, LABELS, weights.astype(float)) == repeated


def test_what_nobody_meets_has_no_precision_and_an_empty_segment_no_coverage():
    assert rule([], 0, FEATURES, LABELS).coverage == 0.0
    assert rule([], 0, FEATURES, LABELS).precision is None
    assert rule([SMALL], 7, FEATURES, LABELS).coverage is None
    assert rule([SMALL], 7, FEATURES, LABELS).precision == 0.0


def test_agreement_is_the_share_of_customers():
    assert agreement(LABELS, np.zeros(5, int)) == 0.6
    assert agreement(LABELS, np.zeros(5, int), np.array([1.0, 1, 1, 1, 4])) == pytest.approx(6 / 8)


def test_the_cost_ratio_by_hand():
    # Model: 1² + 1² + 0 = 2. Tree puts the second customer with the other centre: 1² + 9² + 0 = 82.
    prepared, centres = np.array([[1.0, 0.0], [9.0, 0.0], [10.0, 0.0]]), np.array([[0.0, 0.0], [10.0, 0.0]])
    model, tree = np.array([0, 1, 1]), np.array([0, 0, 1])
    assert cost_ratio(prepared, model, tree, centres) == pytest.approx(41.0)
    assert cost_ratio(prepared, model, model, centres) == 1.0
    assert cost_ratio(prepared, model, tree, centres, np.array([1.0, 3.0, 5.0])) == pytest.approx((1 + 243) / (1 + 3))


def test_a_model_that_costs_nothing_has_no_ratio():
    centres = np.array([[0.0], [1.0]])
    assert cost_ratio(centres, np.array([0, 1]), np.array([0, 0]), centres) is None


def test_held_out_customers_tell_that_a_tree_learnt_noise():
    random = np.random.default_rng(0)
    values, labels = random.normal(size=(400, 5)), random.integers(2, size=400)
    train, held_out = slice(None, 200), slice(200, None)
    named = [{f"x{i}": values[rows, i] for i in range(5)} for rows in (train, held_out)]
    tree = explain(named[0], labels[train], 2)
    assert agreement(labels[train], tree.segments(named[0], 200)) > 0.58
    assert agreement(labels[held_out], tree.segments(named[1], 200)) < 0.56
