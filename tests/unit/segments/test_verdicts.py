"""The verdict on planted histories: noise is hardly ever called a shift, ten points of share always are."""

from __future__ import annotations

import numpy as np
import pytest

from segspark.segments.comparison import membership_measures
from segspark.segments.contingency import Contingency
from segspark.segments.verdicts import Measure, judge, overall

NAMES = ("a", "b", "c", "d", "e")
SHARES = np.array([0.35, 0.25, 0.2, 0.15, 0.05])
CUSTOMERS = 2_500
TURNOVER = 0.15  # of customers who choose a segment anew in a period


def period(shares: np.ndarray, aim: np.ndarray, random: np.random.Generator, moved: float = 0.0):
    """Who went where in a period in which some customers choose anew; `moved` of all go from a to b besides."""
    sizes = random.multinomial(CUSTOMERS, shares)
    counts = np.zeros((5, 5), dtype=int)
    for at, size in enumerate(sizes):
        leaving = random.binomial(size, TURNOVER)
        counts[at] = random.multinomial(leaving, aim)
        counts[at, at] += size - leaving
    going = min(round(moved * CUSTOMERS), counts[0, 0])
    counts[0, 0] -= going
    counts[0, 1] += going
    return Contingency.of([(NAMES[i], NAMES[j], int(counts[i, j])) for i in range(5) for j in range(5)]), counts


def history(seed: int, periods: int, moved: float, season: float):
    """The last period's measures, judged by those before; in each the aims differ by a season of its own."""
    random, shares = np.random.default_rng(seed), SHARES
    before: dict[tuple[str, str], list[float]] = {}
    for at in range(periods + 1):
        aim = np.maximum(SHARES + random.normal(0, season, 5), 0.01)
        table, counts = period(shares, aim / aim.sum(), random, moved if at == periods else 0.0)
        shares = counts.sum(axis=0) / counts.sum()
        measures = membership_measures(table, seed)
        if at < periods:
            for one in measures:
                before.setdefault((one.kind, one.name), []).append(one.value)
    return judge(measures, before)


@pytest.mark.parametrize(("periods", "season"), [(0, 0.0), (2, 0.05), (6, 0.0), (6, 0.05), (12, 0.05)])
def test_no_change_beyond_noise_is_no_shift_in_at_least_95_of_100_histories(periods, season):
    wrong = sum(overall(history(seed, periods, 0.0, season)) == "shift" for seed in range(100))
    assert wrong <= 5


@pytest.mark.parametrize("periods", [0, 2, 6, 12])
def test_ten_points_of_share_are_a_shift_of_the_two_segments(periods):
    found = [history(seed, periods, 0.1, 0.02) for seed in range(40)]
    assert sum(overall(one) == "shift" for one in found) >= 38
    shares = [{one.measure.name: one.verdict for one in each if one.measure.kind == "share_shift"} for each in found]
    assert sum(each["a"] == each["b"] == "shift" for each in shares) >= 36
    assert sum("shift" in (each["c"], each["d"], each["e"]) for each in shares) <= 4


def measured(value: float, error: float = 0.001, kind: str = "share_shift") -> Measure:
    return Measure(kind, "a", value, error, value - 2 * error, value + 2 * error)


def verdict(one: Measure, *before: float) -> str:
    return judge([one], {(one.kind, "a"): before})[0].verdict


def test_a_change_that_resamples_explain_is_steady_however_large():
    assert verdict(measured(0.3, error=0.2)) == "steady"


def test_a_change_that_is_not_worth_a_word_is_steady_however_sure():
    assert verdict(measured(0.019, error=0.0001), 0.0, 0.0, 0.0, 0.0, 0.0) == "steady"


def test_a_change_as_between_other_periods_is_a_blip():
    assert verdict(measured(0.06), 0.05, -0.06, 0.04, -0.05, 0.06, -0.04) == "blip"
    assert verdict(measured(0.16), 0.05, -0.06, 0.04, -0.05, 0.06, -0.04, 0.05, -0.05, 0.04, -0.04) == "shift"


def test_with_few_periods_before_a_conventional_limit_and_the_largest_deviation_stand_in():
    assert verdict(measured(0.04)) == "blip"
    assert verdict(measured(0.06)) == "shift"
    assert verdict(measured(0.06), 0.08, -0.08) == "blip"


def test_a_trend_that_goes_on_is_steady_and_its_end_is_a_shift():
    trend = (0.06, 0.061, 0.059, 0.06, 0.062, 0.06)
    assert verdict(measured(0.06), *trend) == "steady"
    assert verdict(measured(0.0), *trend) == "shift"


def test_more_agreement_than_usual_is_no_shift_and_much_less_is():
    usual = (0.7, 0.71, 0.69, 0.7, 0.7)
    assert verdict(measured(0.99, kind="agreement"), *usual) == "steady"
    assert verdict(measured(0.5, kind="agreement"), *usual) == "shift"


def test_the_threshold_is_what_the_deviation_had_to_exceed():
    (one,) = judge([measured(0.06)], {("share_shift", "a"): [0.01]})
    assert (one.usual, one.threshold, one.periods) == (0.01, 0.05, 1)
    assert one.verdict == "blip"  # 0.06 - 0.01 is no more than 0.05
