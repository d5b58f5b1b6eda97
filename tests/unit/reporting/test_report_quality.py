"""The page's part on data quality: what was broken, how grave it is, whether it gets worse."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from segspark.reporting.model import QualityRow
from segspark.reporting.page import render
from segspark.reporting.quality import broken, change, finding, kept, name, share, trend

CLEAN = [("shop", 10, 10, 0, 0)]


def rule(failed: int = 0, checked: int = 10, severity: str = "reject", said: str = "x: missing", **more) -> QualityRow:
    return QualityRow("shop", "events", said, severity, checked, failed, failed / checked if checked else None, **more)


class Tables(HTMLParser):
    """The section's tables as lists of rows of cell texts, and the attributes of what stands in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.section, self.cell = False, False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.section = dict(attrs).get("id") == "ledger" if tag == "section" else self.section
        if not self.section:
            return
        self.attributes.append((tag, dict(attrs)))
        self.cell = self.cell or tag in ("th", "td")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        self.cell = self.cell and tag not in ("th", "td")

    def handle_data(self, data):
        if self.section and self.cell:
            self.tables[-1][-1][-1] = f"{self.tables[-1][-1][-1]} {data.strip()}".strip()


@pytest.fixture(scope="module")
def read(sample) -> Tables:
    return Tables(render(sample.report(scatter=0)))


def test_each_source_has_its_ledger_and_the_number_of_rules_it_broke(read):
    assert read.tables[0][1:] == [
        ["purchases", "1,469,307", "1,468,911", "396", "0", "3"],
        ["campaigns", "6,589", "6,580", "0", "9", "0"],
        ["coupons", "2,102", "2,100", "0", "2", "1"],
    ]


def test_a_broken_rule_shows_source_severity_share_rows_and_trend_in_words(read):
    # 301 / 1,469,307 = 0.000205, after 0.00015 in the run before.
    assert read.tables[1][1] == [
        "amount: purchases are positive and returns negative purchases → events",
        "reject",
        "0.02%",
        "301 of 1,469,307",
        "up from 0.015%",
    ]


def test_rejecting_rules_stand_before_warning_ones_and_larger_shares_before_smaller(read):
    # 301 and 95 of 1,469,307 rows are quarantined; 100% and 1.3% only counted.
    assert [row[2] for row in read.tables[1][1:]] == ["0.02%", "0.0065%", "100%", "1.3%"]


def test_rules_that_all_rows_kept_are_listed_apart(read):
    assert read.tables[2][1:] == [
        ["event_id: missing", "campaigns", "reject", "6,589"],
        ["event_ts: cannot be read as TIMESTAMP", "purchases", "reject", "1,469,307"],
    ]


def test_every_cell_of_a_heading_says_what_it_heads(read):
    assert {a.get("scope") for tag, a in read.attributes if tag == "th"} == {"row", "col"}


def test_what_scrolls_sideways_can_be_reached_by_keyboard_and_has_a_name(read):
    scrolling = [a for _, a in read.attributes if a.get("class") == "scroll"]
    assert len(scrolling) == 3
    assert all(a["tabindex"] == "0" and a["role"] == "region" and a["aria-label"] for a in scrolling)


def test_a_trend_has_a_bar_a_run_and_says_its_numbers(read):
    label = "Share of rows, oldest run first: 2%, 1.8%, 1.6%, 1.4%, 1.3%, 1.3%"
    assert label in [a.get("aria-label") for tag, a in read.attributes if tag == "svg"]


def test_hostile_names_of_rules_sources_and_severities_stay_text(sample):
    found = Tables(render(sample.hostile_report()))
    assert {tag for tag, _ in found.attributes}.isdisjoint({"script", "img"})
    assert not [a for _, a in found.attributes if any(key.startswith("on") for key in a)]
    assert "<script>alert(1)</script> → <script>alert(1)</script>" in found.tables[1][1][0]
    assert {a["class"].strip() for _, a in found.attributes if (a.get("class") or "").startswith("severity")} == {
        "severity fail",
        "severity",
    }


def test_without_recorded_rules_the_ledger_stands_alone(sample):
    found = Tables(render(replace(sample.report(scatter=0), quality=())))
    assert [row[0] for row in found.tables[0]] == ["Source", "purchases", "campaigns", "coupons"]
    assert found.tables[0][0][-1] == "Duplicates dropped"
    assert len(found.tables) == 1


@pytest.mark.parametrize(
    ("rows", "ledger", "said"),
    [
        ([rule(), rule()], CLEAN, "Nothing was broken: the rows read keep all 2 rules."),
        ([rule()], [("shop", 10, 9, 1, 0)],
         "Nothing was broken: the rows read keep the one rule there is. 1 row was quarantined for other reasons."),
        ([], CLEAN, "No row was quarantined, and no broken rule was recorded."),
        ([], [("shop", 10, 7, 3, 0)], "3 rows were quarantined; which rules they broke was not recorded."),
        ([], [("shop", 0, 0, 0, 0)], "No new rows were read, so no rule was checked."),
        ([rule(checked=0)], [("shop", 0, 0, 0, 0)], "No new rows were read, so no rule was checked."),
        ([rule(1), rule()], [("shop", 10, 9, 1, 0)],
         "1 rule was broken; 1 other was kept. 1 row was quarantined, of 10 read."),
        ([rule(1, severity="warn"), rule(2)], CLEAN, "2 rules were broken. No row was quarantined, of 10 read."),
    ],
)  # fmt: skip
def test_the_finding_says_no_more_than_is_known(rows, ledger, said):
    assert finding(rows, ledger) == said


def test_a_rule_that_no_row_was_held_against_is_neither_broken_nor_kept():
    unchecked = [rule(checked=0)]
    assert broken(unchecked) == kept(unchecked) == []


@pytest.mark.parametrize(
    ("previous", "said"),
    [((), "first run"), ((0.1,), "up from 10%"), ((0.1, 0.3), "down from 30%"), ((0.2,), "as before"),
     ((0.0,), "up from 0%"), ((0.1, None), "up from 10%"), ((float("nan"),), "first run")],
)  # fmt: skip
def test_the_change_is_held_against_the_last_run_with_a_known_share(previous, said):
    assert change(rule(2, previous=previous)) == said


def test_the_highest_bar_fills_the_height_and_the_others_are_in_proportion():
    # 0.1, 0.4 and 0.2 of a height of 24: 6, 24 and 12.
    assert re.findall(r'<rect [^>]*height="(\d+)"', trend(rule(2, previous=(0.1, 0.4)))) == ["6", "24", "12"]


def test_only_the_last_twelve_runs_have_a_bar():
    assert trend(rule(2, previous=(0.9,) + (0.2,) * 30)).count("<rect") == 12


def test_a_run_without_a_known_share_has_no_bar_and_shares_of_nothing_are_flat():
    assert re.findall(r'<rect [^>]*height="(\d+)"', trend(rule(0, previous=(None, 0.0)))) == ["1", "1"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5, "50%"), (0.00012, "0.012%"), (0.0099, "0.99%"), (0.9995, ">99.9%"), (1e-9, "<0.001%"), (1.0, "100%")],
)
def test_a_share_never_rounds_to_none_or_to_all(value, shown):
    assert share(value) == shown


def test_an_endless_name_is_cut_with_an_ellipsis():
    assert name("x" * 161) == "x" * 159 + "…"
