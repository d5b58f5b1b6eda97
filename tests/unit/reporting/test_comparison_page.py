"""The page that compares two dates: what it shows, that names are only text, and the diagram's arithmetic."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import pytest

from segspark.reporting.alluvial import places
from segspark.reporting.comparison import ComparisonPage, diagram, psi_bars, render_comparison
from segspark.reporting.palette import segment_colour, variables
from segspark.reporting.svg import to_svg

HOSTILE = "<script>alert(1)</script>\x00\u202e $x_1$"


@pytest.fixture
def page(sample) -> ComparisonPage:
    return sample.comparison_page()


def rows(html: str) -> list[list[str]]:
    """The cells of the migration matrix, without the shares below the counts."""
    table = re.search(r'aria-label="Migration matrix.*?</table>', html, re.DOTALL)
    assert table is not None
    told = re.sub(r'<span class="place">.*?</span>', "", table[0])
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", told, re.DOTALL)
    ]


def test_the_matrix_has_a_row_for_each_segment_of_the_earlier_date_with_those_who_came_and_left(page):
    assert rows(render_comparison(page)) == [
        ["From \\ to", "Big baskets", "Rare", "No customer any more", "All"],
        ["Big baskets", "45", "5", "0", "50"],
        ["Rare", "10", "35", "0", "45"],
        ["Ended", "3", "0", "2", "5"],
        ["No customer yet", "2", "0", "", ""],
        ["All", "60", "40", "", ""],
    ]


def test_where_nobody_came_or_left_there_is_no_row_and_no_column_for_them(page):
    inside = tuple(flow for flow in page.flows if None not in flow)
    found = rows(render_comparison(replace(page, flows=inside)))
    assert found[0] == ["From \\ to", "Big baskets", "Rare", "All"]
    assert [row[0] for row in found] == ["From \\ to", "Big baskets", "Rare", "Ended", "All"]


def test_a_segment_has_the_colour_that_the_report_gives_to_its_position(page):
    svg = to_svg(diagram(page))
    colours = variables()
    for position in range(3):
        assert colours[segment_colour(position)] in svg
    html = render_comparison(page)
    assert [f"var(--s{n}, " in card for n, card in enumerate(re.findall(r"<article[^>]*>", html))] == [True] * 3


def test_bands_are_as_wide_as_the_customers_and_fill_both_sides(page):
    figure = diagram(page)
    axes = figure.axes[0]
    bars = [patch for patch in axes.patches if hasattr(patch, "get_width")]
    heights = sorted(round(bar.get_height() * 102) for bar in bars)
    assert heights == sorted([50, 45, 5, 2, 60, 40, 2])  # 100 who were there, 2 who came; 100 who are there, 2 who left
    bands = [patch for patch in axes.patches if not hasattr(patch, "get_width")]
    assert len(bands) == len(page.flows)


def test_no_two_nodes_overlap_and_small_ones_have_room_for_their_label():
    found = places([0.7, 0.001, 0.001, 0.298])
    for (_, bottom), (top, _) in pairwise(found):
        assert bottom > top
    assert found[1][0] - found[2][0] >= 0.12


def test_cards_say_what_changed_with_intervals_and_verdicts(page):
    html = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render_comparison(page)))
    assert "Share of all customers shift 50% → 60%: +10.0 points (+9.0 points to +11.0 points)" in html
    assert "orders shift 4 → 6 orders: +0.50 standard deviations" in html


def test_a_hostile_name_is_text_on_the_page_and_in_the_diagram(page):
    named = replace(page, title=HOSTILE, segments=(replace(page.segments[0], name=HOSTILE), *page.segments[1:]))
    html = render_comparison(named)
    assert "<script" not in html and "\x00" not in html and "\u202e" not in html
    texts = [one.text or "" for one in ET.fromstring(to_svg(diagram(named))).iter("{http://www.w3.org/2000/svg}text")]
    assert any("<script>alert(1)" in text for text in texts)


def test_a_comparison_without_features_or_customers_says_so(page):
    html = render_comparison(replace(page, features=(), flows=(), segments=(), causes=()))
    assert "Features of one of the dates are not there." in html
    assert "Nobody was in a segment at either date." in html
    assert psi_bars(()) is None


def test_the_same_comparison_gives_the_same_bytes(page):
    assert render_comparison(page) == render_comparison(page)
