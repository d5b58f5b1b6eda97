"""Intervals, periods, goals and cohorts by hand; what KPIs are put together from sums."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from segspark.config.kpis import KpiGoal
from segspark.segments.cohorts import cohorts
from segspark.segments.goals import goal_problems, goal_state, with_goals
from segspark.segments.identity import cluster_segment_id, lifecycle_segment_id
from segspark.segments.intervals import Moments, added, of_ratio, of_total, wilson
from segspark.segments.kpi_definitions import ALL, EVERYONE, KPIS, PERIODIC, SUMS
from segspark.segments.kpis import KpiRow, known_by, measured
from segspark.segments.periods import Period, periods_before

JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))
FEBRUARY = Period(date(2026, 2, 1), date(2026, 3, 1))
ROW = KpiRow("seg-1", "repeat_rate", JANUARY.start, JANUARY.end, 0.5, 0.4, 0.6, 50.0, 100.0, 100, "share")
BY_NAME = {one.name: one for one in KPIS}


def moments(x, y, idle=0):
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    told = int(((x != 0) | (y != 0)).sum())
    return Moments(len(x) + idle, told, x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())


# Intervals


def test_wilson_s_interval_is_that_of_newcombe_s_table():
    """Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for successes, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                                         (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):  # fmt: skip
        assert wilson(successes, trials, 0.95) == pytest.approx((low, high), abs=5e-5)


def test_wilson_s_interval_ends_at_the_share_itself_where_that_is_0_or_1():
    assert wilson(0, 7, 0.95).low == 0.0
    assert wilson(7, 7, 0.95).high == 1.0


def test_the_interval_of_a_sum_is_the_one_of_a_mean_times_the_customers():
    x = [3.0, 0.0, 8.0, 1.0, 0.0]
    mean, error = np.mean(x), np.std(x, ddof=1) / np.sqrt(5)
    low, high = stats.t.interval(0.9, 4, mean, error)
    found = of_total(moments(x, [0] * 5), 0.9)
    assert found == pytest.approx((5 * low, 5 * high))


def test_customers_who_did_nothing_widen_the_interval_of_a_sum():
    all_of_them, without = (
        of_total(moments([2, 2, 2], [0, 0, 0], idle=3), 0.95),
        of_total(moments([2] * 3, [0] * 3), 0.95),
    )
    assert without == pytest.approx((6, 6))
    assert all_of_them.high > 6.1


def test_the_interval_of_a_mean_is_the_usual_one():
    x = [3.0, 5.0, 8.0, 1.0]
    expected = stats.t.interval(0.95, 3, np.mean(x), stats.sem(x))
    assert of_ratio(moments(x, [1] * 4), 0.95) == pytest.approx(expected)


def test_the_interval_of_a_quotient_holds_it_in_about_so_many_draws_as_it_says():
    """Orders of a customer are alike: by order rather than by customer, the interval would be far too short."""
    random, held, by_order = np.random.default_rng(5), 0, 0
    for _ in range(400):
        orders = random.poisson(2, 200) + 1
        level = random.gamma(4, 10, 200)
        spent = level * orders
        found = of_ratio(moments(spent, orders), 0.95)
        held += found.low <= 40 <= found.high
        lines = np.repeat(level, orders)
        by_order += abs(lines.mean() - 40) <= 1.96 * stats.sem(lines)
    assert held / 400 == pytest.approx(0.95, abs=0.03)
    assert by_order / 400 < 0.87


def test_of_one_customer_or_of_nothing_to_divide_by_there_is_no_interval():
    assert of_total(moments([5], [0]), 0.95) == (None, None)
    assert of_ratio(moments([5], [1]), 0.95) == (None, None)
    assert of_ratio(moments([5, 3], [0, 0]), 0.95) == (None, None)


def test_moments_of_parts_add_up_to_those_of_the_whole_in_any_order():
    parts = [moments([0.1, 0.7], [1, 2]), moments([0.3], [1]), moments([1e9], [3], idle=4)]
    assert added(parts) == added(parts[::-1])
    whole = moments([0.1, 0.7, 0.3, 1e9], [1, 2, 1, 3], idle=4)
    assert vars(added(parts)) == pytest.approx(vars(whole))
    assert added(parts).customers == 8


# Periods


@pytest.mark.parametrize(
    ("as_of", "unit", "starts"),
    [
        (date(2026, 3, 1), "month", ["2025-12-01", "2026-01-01", "2026-02-01"]),  # March has not begun
        (date(2026, 3, 31), "month", ["2025-12-01", "2026-01-01", "2026-02-01"]),  # and is not over
        (date(2026, 1, 4), "week", ["2025-12-08", "2025-12-15", "2025-12-22"]),  # a Sunday: its week is not over
        (date(2026, 1, 5), "week", ["2025-12-15", "2025-12-22", "2025-12-29"]),
        (date(2026, 4, 1), "quarter", ["2025-07-01", "2025-10-01", "2026-01-01"]),
    ],
)
def test_periods_are_the_last_complete_ones(as_of, unit, starts):
    found = periods_before(as_of, unit, 3)
    assert [str(one.start) for one in found] == starts
    assert all(one.end == later.start for one, later in pairwise(found))
    assert found[-1].end <= as_of


# KPIs


def test_everything_that_kpis_name_is_a_declared_sum_and_all_are_told_apart():
    for one in PERIODIC:
        words = set(re.findall(r"[a-z_]+", " ".join([one.numerator, one.denominator, *one.needs])))
        assert words <= set(SUMS), one.name
    assert len(BY_NAME) == len(KPIS)


def test_who_did_nothing_is_zero_in_every_sum_of_a_kpi():
    """Only those who did something are summed up: the others must not have made a difference."""
    nothing = dict.fromkeys(SUMS, 0)
    for one in PERIODIC:
        for expression in {one.numerator, one.denominator} - {EVERYONE, ""}:
            assert not eval(expression.replace("AND", "and").replace(" = ", " == "), {}, nothing), one.name


def test_churn_is_what_retention_leaves():
    place = ("seg-1", JANUARY.start)
    before, again, gone = (
        "previous_orders >= 1",
        "previous_orders >= 1 AND orders >= 1",
        "previous_orders >= 1 AND orders = 0",
    )
    two = [BY_NAME["retention_rate"], BY_NAME["churn_rate"]]
    found = measured(two, [JANUARY], {place: 9}, {place: {(before,): 5.0, (again,): 3.0, (gone,): 2.0}}, 0.95)
    kept, lost = (one for one in found if one.segment_id == "seg-1")
    assert (kept.value, lost.value, kept.customers) == (0.6, 0.4, 5)
    assert (kept.low, kept.high) == pytest.approx((1 - lost.high, 1 - lost.low))


def test_all_customers_together_are_the_sums_of_the_segments_not_the_mean_of_their_rates():
    places = {("a", JANUARY.start): 100, ("b", JANUARY.start): 10}
    sums = {place: {("activities > 0",): 10.0} for place in places}
    found = measured([BY_NAME["engagement_rate"]], [JANUARY], places, sums, 0.95)
    assert {one.segment_id: one.value for one in found} == {ALL: 20 / 110, "a": 0.1, "b": 1.0}


def test_a_period_that_was_over_before_anyone_s_first_event_has_no_rows():
    rows = [{"segment_id": "s", "first_seen": None, "known_0": 5, "known_1": 5},
            {"segment_id": "t", "first_seen": date(2026, 2, 1), "known_0": 0, "known_1": 2}]  # fmt: skip
    assert known_by(rows, [JANUARY, FEBRUARY]) == {("s", FEBRUARY.start): 5, ("t", FEBRUARY.start): 2}


def test_no_segment_is_called_as_all_of_them_are():
    assert all("-" in one for one in (cluster_segment_id("r", 0), lifecycle_segment_id("new")))
    assert "-" not in ALL


# Goals


def test_the_whole_interval_decides():
    least, most = (KpiGoal(target=0.4, direction=one) for one in ("at_least", "at_most"))
    assert (goal_state(ROW, least), goal_state(ROW, most)) == ("met", "uncertain")
    below = replace(ROW, value=0.3, low=0.2, high=0.39)
    assert (goal_state(below, least), goal_state(below, most)) == ("missed", "met")


def test_without_an_interval_nothing_is_certain_but_a_count():
    alone = replace(ROW, low=None, high=None)
    assert goal_state(alone, KpiGoal(target=0.1)) == "uncertain"
    assert goal_state(replace(alone, kpi="customers", value=90.0), KpiGoal(target=100)) == "missed"
    assert goal_state(replace(alone, value=None), KpiGoal(target=0.1)) is None


def test_a_goal_is_about_the_segments_it_names_by_id_or_name_or_about_all():
    rows = [replace(ROW, segment_id=one) for one in (ALL, "seg-1", "seg-2")]
    names = {"seg-1": "Frequent", "seg-2": "Seldom"}
    for asked, about in (("all", 3), (["Frequent"], 1), (["seg-2", ALL], 2)):
        found = with_goals(rows, {"repeat_rate": KpiGoal(target=0.4, segments=asked)}, names)
        assert sum(one.target == 0.4 and one.goal_state == "met" for one in found) == about
    assert goal_problems({"repeat_rate": KpiGoal(target=1, segments=["Frequent", "seg-2", ALL])}, names) == []


# Cohorts


def test_a_cohort_in_which_nobody_orders_any_more_is_zero_and_one_that_is_not_over_is_not_there():
    rows = [{"segment_id": segment, "cohort_start": JANUARY.start, "month": JANUARY.start, "customers": size}
            for segment, size in (("a", 3), ("b", 1))]  # fmt: skip
    found = cohorts(rows, [JANUARY, FEBRUARY], 0.95)
    assert [(one.segment_id, one.months_since, one.customers, one.active) for one in found] == [
        (ALL, 0, 4, 4), (ALL, 1, 4, 0), ("a", 0, 3, 3), ("a", 1, 3, 0), ("b", 0, 1, 1), ("b", 1, 1, 0),
    ]  # fmt: skip
    assert (found[1].low, found[1].high) == pytest.approx((0, 0.4899), abs=1e-4)  # Wilson of 0 of 4: z² / (4 + z²)
