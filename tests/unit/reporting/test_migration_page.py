"""Who went where on the dashboard: the matrix, its diagram, and no small count in either."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from segspark.reporting.directory import directory
from segspark.reporting.migration import latest, matrix, migration_figure
from segspark.reporting.model import Report, SegmentCard
from segspark.reporting.outcomes import Migration
from segspark.reporting.svg import to_svg

FLOWS = (("a", "a", 300), ("a", "b", 4), ("b", "a", 30), ("b", "b", 200), ("", "a", 20), ("b", "", 60), ("a", "", 40))


def report(*migrations: Migration) -> Report:
    cards = tuple(SegmentCard(one, one.upper(), "", "cluster", 50, 0.5, (), ()) for one in ("a", "b"))
    return Report("t", "2026-04-01", "USD", (), cards, (), (), "", "", (), (), migrations=migrations)


def made(flows=FLOWS, **more):
    one = Migration("2026-01-01", "2026-02-01", flows, **more)
    found = directory(report(one))
    return one, matrix(one, found), found


def test_rows_are_the_segments_before_columns_those_after_and_outside_comes_last():
    _, table, _ = made()
    assert (table.befores, table.afters) == ((0, 1, None), (0, 1, None))
    assert table.counts == ((300, 4, 40, 344), (30, 200, 60, 290), (20, 0, 0, 20), (350, 204, 100, 654))


def test_the_four_who_moved_are_not_told_and_not_to_be_had_by_subtraction():
    _, table, _ = made()
    cells = [[table.cell(row, column) for column in range(4)] for row in range(4)]
    # Withheld with them: 40 in their row, 200 in their column, and 60 where these two cross.
    assert cells == [
        ["300", "≤10", "withheld", "344"],
        ["30", "withheld", "withheld", "290"],
        ["20", "0", "0", "20"],
        ["350", "204", "100", "654"],
    ]


def test_a_share_is_of_the_row_and_only_of_segments_and_of_what_may_be_told():
    _, table, _ = made()
    assert table.share(0, 0) == 300 / 344
    assert table.share(0, 1) is None
    assert table.share(2, 0) is None


def test_the_diagram_has_bands_for_what_may_be_told_and_says_their_customers():
    one, table, found = made()
    svg = to_svg(migration_figure(one, table, found, 0))
    tips = [element.get("data-tip") for element in ET.fromstring(svg).iter() if element.get("class") == "mark"]
    assert [tip for tip in tips if "→" in tip] == ["A → A: 300", "B → A: 30", "no customer yet → A: 20"]
    assert "B: 290" in tips and "no customer any more: 100" in tips


def test_a_migration_of_too_few_has_no_diagram():
    one, table, found = made((("a", "b", 4), ("b", "a", 9)))
    assert migration_figure(one, table, found, 0) is None
    assert {table.cell(row, column) for row in range(2) for column in range(2)} == {"≤10", "0"}


def test_a_segment_that_is_gone_keeps_its_name_and_comes_after_those_with_a_card():
    _, table, found = made((("old", "a", 50), ("a", "a", 60)), names=(("old", "Ended"),))
    assert found.names == ("A", "B", "Ended")
    assert table.befores == (0, 2)


def test_only_the_latest_comparisons_are_shown():
    made = [Migration(f"2026-{n:02}-01", f"2026-{n + 1:02}-01", ()) for n in range(1, 12)]
    assert [one.after for one in latest([*made, replace(made[0], before="2025-01-01")])][:2] == [
        "2026-12-01",
        "2026-11-01",
    ]
    assert len(latest(made * 2)) == 12
