"""Conditions as words, SQL and masks; that SQL and masks agree is in tests/spark."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.clustering.rules import Condition, Leaf, sql_of, words_of

BOUNDS = st.one_of(st.just(-inf), st.just(inf), st.integers(-5, 5).map(float))
CONDITIONS = st.builds(Condition, st.just("x"), BOUNDS, BOUNDS, st.booleans(), st.booleans())
VALUES = np.array([*range(-6, 7), nan], dtype=float)


@pytest.mark.parametrize(
    ("condition", "words", "sql"),
    [
        (Condition("x", above=1.5), "x > 1.5", "`x` > 1.5D"),
        (Condition("x", up_to=-3), "x <= -3", "`x` <= -3.0D"),
        (Condition("x", 1, 2), "1 < x <= 2", "(`x` > 1.0D AND `x` <= 2.0D)"),
        (Condition("x", 1, unknown=True), "x > 1", "(`x` > 1.0D OR `x` IS NULL)"),
        (Condition("x", 1, unknown=True, may_be_unknown=True), "(x > 1 or unknown)", "(`x` > 1.0D OR `x` IS NULL)"),
        (Condition("x", 1, may_be_unknown=True), "x > 1", "`x` > 1.0D"),
        (Condition("x", may_be_unknown=True), "x known", "`x` IS NOT NULL"),
        (Condition("x", known=False, unknown=True), "x unknown", "`x` IS NULL"),
        (Condition("x", up_to=1234567.5), "x <= 1234567.5", "`x` <= 1234567.5D"),
        (Condition("x", up_to=1e-7), "x <= 1e-07", "`x` <= 1e-07D"),
        (Condition("x", up_to=np.float64(0.1)), "x <= 0.1", "`x` <= 0.1D"),
    ],
)
def test_a_condition_as_words_and_as_sql(condition, words, sql):
    assert (condition.words, condition.sql) == (words, sql)


def test_a_hostile_name_stays_within_its_quotes():
    assert Condition("a` OR TRUE --", up_to=1).sql == "`a`` OR TRUE --` <= 1.0D"


def test_the_lower_bound_is_outside_the_upper_inside():
    assert Condition("x", 1, 3).met(np.array([1.0, 1.1, 3.0, 3.1])).tolist() == [False, True, True, False]


@settings(deadline=None, derandomize=True)
@given(CONDITIONS, CONDITIONS)
def test_both_is_met_where_each_is(one, other):
    both = one.both(other)
    assert both.met(VALUES).tolist() == (one.met(VALUES) & other.met(VALUES)).tolist()
    # Bounds are whole numbers from -5 to 5, so that a range that holds anything holds one of the values.
    assert both.possible == both.met(VALUES).any() or not np.isfinite([both.above, both.up_to]).all()


def test_conditions_hold_together_and_leaves_are_alternatives():
    young, old = (
        Leaf(0, (Condition("age", up_to=30), Condition("visits", above=2))),
        Leaf(0, (Condition("age", above=60),)),
    )
    features = {"age": np.array([20.0, 20, 40, 70]), "visits": np.array([3.0, 1, 9, 0])}
    assert young.met(features, 4).tolist() == [True, False, False, False]
    assert words_of([young, old]) == "age <= 30 and visits > 2; or age > 60"
    assert sql_of([young, old]) == "COALESCE((`age` <= 30.0D AND `visits` > 2.0D) OR (`age` > 60.0D), FALSE)"


def test_no_condition_is_everyone_and_no_leaf_nobody():
    assert (words_of([Leaf(0, ())]), sql_of([Leaf(0, ())])) == ("everyone", "COALESCE((TRUE), FALSE)")
    assert Leaf(0, ()).met({}, 2).tolist() == [True, True]
    assert (words_of([]), sql_of([])) == ("nobody", "FALSE")
