"""KPIs on the dashboard: goals, small counts, what charts and their data hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from segspark.reporting.charts import extent, line_chart
from segspark.reporting.data import embedded
from segspark.reporting.directory import EVERYBODY_AT, Period, directory
from segspark.reporting.kpis import customers_series, goals, kpi_series
from segspark.reporting.model import Report, SegmentCard
from segspark.reporting.outcomes import EVERYBODY, KpiDefinition, KpiPoint

RATE = KpiDefinition("rate", "Rate", "rate", "some / all", "all")
MONTHS = [("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-04-01")]


def point(segment: str, month: int, value: float | None, customers: int = 100, **more) -> KpiPoint:
    return KpiPoint("rate", segment, *MONTHS[month], value, None, None, customers, **more)


def report(*points: KpiPoint) -> Report:
    cards = tuple(SegmentCard(one, one.upper(), "", "cluster", 50, 0.5, (), ()) for one in ("a", "b", "c"))
    return Report(
        "t", "2026-04-01", "USD", (), cards, (), (), "", "", (), (), kpi_definitions=(RATE,), kpis=points
    )  # fmt: skip


def series(*points: KpiPoint):
    made = report(*points)
    return kpi_series(made, directory(made))[0]


def test_of_ten_customers_neither_count_nor_rate_is_told_nor_of_one_more_segment():
    made = series(
        point("a", 0, 0.1, 10), point("b", 0, 0.2, 60), point("c", 0, 0.3, 90), point(EVERYBODY, 0, 0.25, 160)
    )
    told = {row.at: (row.mark, row.point.value) for row in made.rows}
    # Of 60 and 90 the smaller one hides the ten; the total may stay.
    assert told == {-1: ("shown", 0.25), 0: ("small", None), 1: ("withheld", None), 2: ("shown", 0.3)}


def test_periods_are_protected_one_by_one():
    made = series(point("a", 0, 0.1, 10), point("b", 0, 0.2, 60), point("a", 1, 0.1, 30), point("b", 1, 0.2, 60))
    assert [(row.at, row.period, row.mark) for row in made.rows] == [
        (0, 0, "small"), (0, 1, "shown"), (1, 0, "withheld"), (1, 1, "shown"),
    ]  # fmt: skip


def test_a_kpi_without_points_has_no_chart():
    assert kpi_series(report(), directory(report())) == []
    assert customers_series(report(), directory(report())) is None


def test_missed_goals_come_first_the_furthest_before_the_others_and_only_the_latest_period_counts():
    goal = {"target": 0.5}
    made = series(
        point("a", 0, 0.1, goal_state="missed", **goal), point("a", 1, 0.6, goal_state="met", **goal),
        point("b", 1, 0.4, goal_state="missed", **goal), point("c", 1, 0.2, goal_state="missed", **goal),
        point(EVERYBODY, 1, 0.4),
    )  # fmt: skip
    assert [(row.at, row.point.goal_state) for _, row in goals([made])] == [(2, "missed"), (1, "missed"), (0, "met")]


def test_customers_by_period_are_the_most_that_any_kpi_was_of():
    other = replace(RATE, name="other")
    made = report(point("a", 0, 0.1, 40), replace(point("a", 0, 0.1, 55), kpi="other"))
    made = replace(made, kpi_definitions=(RATE, other))
    found = customers_series(made, directory(made))
    assert [row.point.value for row in found.rows] == [55.0]


def test_a_chart_is_drawn_from_the_highest_value_down_with_a_gap_where_a_period_is_unknown():
    # 0.4 is the highest (0), 0.2 the lowest (1,000), 0.3 between; February is unknown.
    made = series(point("a", 0, 0.4), point("a", 2, 0.2), point("b", 0, 0.3), point("b", 1, 0.4), point("b", 2, 0.3))
    svg = line_chart(made, directory(report(*[row.point for row in made.rows])), 0)
    lines = dict(re.findall(r'data-at="(\d)".*?class="line" d="([^"]*)"', svg))
    assert lines == {"0": "M0 0.00h0 M2 1000.00h0", "1": "M0 500.00L1 0.00L2 500.00"}


def test_a_band_goes_along_its_lower_end_and_back_along_the_upper():
    rows = [replace(point("a", at, 0.5), low=0.0, high=1.0) for at in (0, 1)]
    svg = line_chart(series(*rows), directory(report(*rows)), 0)
    assert re.search(r'class="band" d="([^"]*)"', svg)[1] == "M0 1000.00L1 1000.00L1 0.00L0 0.00Z"


def test_the_extent_has_intervals_and_goals_in_it_and_is_never_nothing():
    made = series(replace(point("a", 0, 0.5, target=0.9), low=0.4, high=0.6))
    assert extent(made.rows) == (0.4, 0.9)
    low, high = extent(series(point("a", 0, 0.5)).rows)
    assert low < 0.5 < high


def test_the_data_has_a_value_for_each_period_and_null_where_there_is_none():
    made = report(point("a", 0, 0.4), point("a", 2, float("nan")), point("b", 1, 0.25, target=0.3))
    found = directory(made)
    told = json.loads(embedded(found, kpi_series(made, found)))
    assert told["names"] == ["A", "B", "C"]
    assert [one["label"] for one in told["periods"]] == ["2026-01", "2026-02", "2026-03"]
    assert told["charts"][0]["lines"] == {"0": {"v": [0.4, None, None]}, "1": {"v": [None, 0.25, None],
                                          "t": [None, 0.3, None]}}  # fmt: skip


def test_what_is_withheld_is_not_in_the_data_or_the_page_either(sample):
    from segspark.reporting.page import render

    points = (
        point("c1", 0, 0.12345, 7), point("c2", 0, 0.23456, 60), point("c3", 0, 0.5, 90), point(EVERYBODY, 0, 0.4, 157)
    )  # fmt: skip
    made = replace(sample.report(scatter=0), kpi_definitions=(RATE,), kpis=points, candidates=(), splits=())
    page = render(made)
    assert "0.12345" not in page and "0.23456" not in page and "12.3%" not in page
    assert "0.5" in page
    assert page.count('<td class="n">≤10</td>') >= 2  # of the KPI, and of customers by period


@pytest.mark.parametrize(
    ("start", "end", "label", "tick"),
    [
        ("2026-01-01", "2026-02-01", "2026-01", "2026-01"),
        ("2025-12-01", "2026-01-01", "2025-12", "2025-12"),
        ("2025-01-01", "2026-01-01", "2025", "2025"),
        ("2025-04-01", "2026-04-01", "2025-04-01 – 2026-04-01", "2025-04-01"),
        ("2026-01-05", "2026-01-12", "2026-01-05 – 2026-01-12", "2026-01-05"),
    ],
)
def test_months_and_years_go_by_their_names_and_other_periods_by_their_dates(start, end, label, tick):
    assert (Period(start, end).label, Period(start, end).tick) == (label, tick)


def test_everybody_comes_before_the_segments():
    made = series(point("b", 0, 0.1), point(EVERYBODY, 0, 0.2), point("a", 0, 0.3))
    assert made.places == [EVERYBODY_AT, 0, 1]
    assert made.latest.point.value == 0.2
