"""The pages in Markdown on agreement and on the next period: what stands where, and hostile values."""

from __future__ import annotations

from segspark.reporting.agreement import agreement_page
from segspark.reporting.explanation import next_period_section

LASTING = {"resamples": (0.93, 0.71), "seeds": (0.5, None)}


def rows(page):
    return [line for line in page.splitlines() if line.startswith("| ")]


def test_every_k_and_measure_has_a_line():
    page = agreement_page([(1, -0.2, 0.01, 1.0), (2, None, None, 0.4)], "Both would take 1.", LASTING, {})
    assert rows(page)[1:3] == ["| 1 | -0.200 | 0.010 | 1.000 |", "| 2 | - | - | 0.400 |"]
    assert rows(page)[4:] == ["| resamples | 0.930 | 0.710 |", "| seeds | 0.500 | - |"]
    assert "Both would take 1. The gap" in page


def test_without_criteria_and_slices_only_the_chosen_clusters_are_told_of():
    page = agreement_page([], "", LASTING, {})
    assert [line for line in page.splitlines() if line.startswith("#")] == ["# Whether the chosen clusters come back"]


def test_a_hostile_slice_stays_in_its_cell():
    page = agreement_page([], "", LASTING, {"region": [("a|b\n# c", 1234, None), (None, 300, 0.25)]})
    assert rows(page)[-2:] == ["| a\\|b # c | 1,234 | - |", "| (not known) | 300 | 0.250 |"]


def test_clusters_are_held_against_the_target_where_there_is_one():
    found = [(1200, 3.5, 0.25, True), (50, 1.0, 0.125, False), (None, None, None, None)]
    assert rows(next_period_section(found, "orders", 2.0)) == [
        "| cluster | customers | mean | standard error | target 2 |",
        "| 0 | 1,200 | 3.5 | 0.25 | reached |",
        "| 1 | 50 | 1 | 0.12 | below |",
        "| 2 | <11 | - | - | - |",
    ]
    told = [(n, mean, error, None) for n, mean, error, _ in found]
    assert rows(next_period_section(told, "orders", None))[1] == "| 0 | 1,200 | 3.5 | 0.25 |"


def test_an_expression_over_several_lines_stays_in_its_sentence():
    assert "Mean of 'now.a - then.a' in the next period" in next_period_section([], "now.a\n  - then.a", None)
