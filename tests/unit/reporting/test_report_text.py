"""How numbers and names are written."""

from __future__ import annotations

import math

import pytest

from segspark.reporting.labels import clean, shortened
from segspark.reporting.model import Measure
from segspark.reporting.text import comparison, money, number, percent, quantity

NOTHING = [None, math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("value", NOTHING)
def test_what_is_unknown_is_written_as_such(value):
    assert [number(value), percent(value), money(value, "USD"), quantity(value, "days")] == ["n/a"] * 4


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (-0.0, "0"), (1_234_567, "1,234,567"), (999.6, "1,000"), (57.06, "57.1"), (0.052, "0.052"), (3.0, "3")],
)
def test_numbers_have_separators_and_sensible_digits(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "50%"), (0.9999, "100%"), (0.00049, "<0.1%"), (-0.25, "-25%"), (12.0, "1,200%")]
)
def test_shares_are_percentages(value, shown):
    assert percent(value) == shown


def test_money_stands_behind_its_currency_in_both_halves_of_a_comparison():
    measure = Measure("monetary_value", "money spent", "EUR", 1234.4, 99.5, 1.0)
    assert comparison(measure) == "EUR 1,234 (average EUR 99.50)"


def test_a_share_is_compared_as_percentages():
    assert comparison(Measure("weekend_share", "weekend", "share", 0.461, None, None)) == "46.1% (average n/a)"


def test_one_of_something_is_singular_and_a_unit_may_be_missing():
    assert [quantity(1, "orders"), quantity(2, "orders"), quantity(7.25, "")] == ["1 order", "2 orders", "7.2"]


def test_characters_that_break_xml_or_turn_the_reading_direction_are_replaced():
    assert clean("a\x00b\x1bc\ud800d\u202ee\ufffff") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"


def test_a_name_in_any_script_is_kept():
    assert clean("北京 – Ömer 👩‍👧") == "北京 – Ömer 👩‍👧"


def test_a_long_name_ends_in_an_ellipsis_at_the_length_asked_for():
    assert shortened("x" * 29) == "x" * 27 + "…"
    assert shortened("x" * 28) == "x" * 28
