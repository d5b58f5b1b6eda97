"""The spread of features, as the page shows it."""

from __future__ import annotations

from segspark.reporting.distributions import BINS, distribution
from segspark.reporting.page import render
from tests.unit.reporting.sample import report


def test_shares_and_quantiles_are_of_those_whose_value_is_known():
    found = distribution("x", "x", "days", [float(n) for n in range(101)] + [None, float("nan")])
    assert (found.low, found.median, found.high) == (5.0, 50.0, 95.0)
    assert found.known_share == 101 / 103
    assert found.zero_share == 1 / 101


def test_one_value_far_out_leaves_the_others_apart():
    found = distribution("x", "x", "days", [float(n) for n in range(1_000)] + [1e12])
    assert len(found.heights) == BINS
    assert min(found.heights) > 80


def test_a_feature_that_nobody_has_is_told_without_bars():
    found = distribution("x", "x", "days", [None, None])
    assert (found.known_share, found.median, found.heights) == (0.0, None, ())


def test_the_page_lists_every_feature_with_its_unit():
    page = render(report(scatter=10))
    section = page[page.index('id="features"') : page.index('id="model"')]
    assert "Show all 3 features" in section
    assert "orders (orders)" in section
    assert section.count("<i style=") == 2 * BINS
    assert "n/a" in section
