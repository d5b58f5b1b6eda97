"""Small counts: never shown, and not to be had by sums either."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.reporting.suppression import SMALL, protect_parts, protect_table, told

COUNTS = st.one_of(st.just(0), st.integers(1, 12), st.integers(11, 300))
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(COUNTS, min_size=width, max_size=width), min_size=1, max_size=5)
)


def with_totals(counts):
    across = [[*row, sum(row)] for row in counts]
    return [*across, [sum(column) for column in zip(*across, strict=True)]]


def hidden_in_lines(marks):
    """How many cells are withheld in each row and column, totals among them."""
    return [sum(mark != "shown" for mark in line) for line in [*marks, *zip(*marks, strict=True)]]


def determined(marks):
    """Withheld places whose value follows from the sums: by Gaussian elimination over fractions."""
    places = [(i, j) for i, row in enumerate(marks) for j, mark in enumerate(row) if mark != "shown"]
    rows, columns = range(len(marks)), range(len(marks[0]))
    lines = [[(i, j) for j in columns] for i in rows] + [[(i, j) for i in rows] for j in columns]
    system = []
    for line in lines:
        sign = {place: -1 if place == line[-1] else 1 for place in line}
        system.append([Fraction(sign.get(place, 0)) for place in places])
    pivots = []
    for column in range(len(places)):
        row = next((r for r in range(len(pivots), len(system)) if system[r][column]), None)
        if row is None:
            continue
        at = len(pivots)
        system[at], system[row] = system[row], system[at]
        system[at] = [value / system[at][column] for value in system[at]]
        for other in range(len(system)):
            if other != at and system[other][column]:
                factor = system[other][column]
                system[other] = [a - factor * b for a, b in zip(system[other], system[at], strict=True)]
        pivots.append(column)
    return {places[column] for at, column in enumerate(pivots) if sum(map(bool, system[at])) == 1}


def test_a_small_cell_takes_one_more_in_its_row_and_column_and_the_circle_is_closed():
    # 3 in 3+50+40 = 93 and 3+60+30 = 93; the cells that cost least close a circle of four.
    assert protect_table([[3, 50, 40], [60, 70, 80], [30, 20, 90]]) == [
        ["small", "shown", "withheld", "shown"],
        ["shown", "shown", "shown", "shown"],
        ["withheld", "shown", "withheld", "shown"],
        ["shown", "shown", "shown", "shown"],
    ]


def test_where_nothing_is_small_all_is_shown_zeros_too():
    assert protect_table([[0, 11], [40, 0]]) == [["shown"] * 3] * 3
    assert protect_table([]) == []


def test_two_ones_that_add_up_to_two_are_not_left_to_their_sum():
    # 1 + 1 + 98 = 100: with 98 shown, 2 remain for two cells of at least 1.
    assert protect_parts([1, 1, 98]) == ["small", "small", "withheld", "shown"]


def test_a_total_that_is_small_itself_is_withheld():
    assert protect_parts([3, 4]) == ["small", "small", "small"]


def test_a_part_that_is_the_whole_takes_the_total_with_it():
    assert protect_parts([0, 7]) == ["shown", "small", "small"]


@pytest.mark.parametrize(("count", "mark"), [(1, "small"), (10, "small"), (11, "shown"), (0, "shown")])
def test_small_is_from_one_to_ten(count, mark):
    assert protect_parts([count, 500, 500, 500])[0] == mark


def test_a_count_is_told_as_its_mark_says():
    assert [told(7, "small"), told(70, "withheld"), told(7000), told(0)] == ["≤10", "withheld", "7,000", "0"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TABLES)
def test_no_small_count_is_shown_and_none_follows_from_the_sums(counts):
    marks = protect_table(counts)
    whole = with_totals(counts)
    places = list(product(range(len(whole)), range(len(whole[0]))))
    assert all((marks[i][j] == "small") == (0 < whole[i][j] <= SMALL) for i, j in places)
    known = {place for place in determined(marks) if marks[place[0]][place[1]] == "small"}
    # Only where a line has nothing else: every other cell is zero or withheld already.
    for i, j in known:
        row, column = whole[i], [line[j] for line in whole]
        assert all(v == 0 or marks[i][n] != "shown" for n, v in enumerate(row))
        assert all(v == 0 or marks[n][j] != "shown" for n, v in enumerate(column))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(TABLES)
def test_no_row_and_no_column_has_a_single_withheld_cell(counts):
    assert 1 not in hidden_in_lines(protect_table(counts))
