"""The dashboard: complete in itself, safe with any name, the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import segspark.reporting.page as page
from segspark.reporting.cards import distinguishing, scatter_medians
from segspark.reporting.model import Measure, ScatterPoint, SegmentCard
from segspark.reporting.page import render

SECTIONS = [
    "overview", "attention", "verdict", "sizes",
    "segments", "cards", "worth", "opportunities", "over-time", "differences", "value",
    "attributes", "typical", "triggers", "terms",
    "migration", "migration-2017-12-01-from-2017-11-01", "migration-2017-11-01-from-2017-10-01",
    "kpis", "goals", "kpi-charts",
    "quality", "ledger", "features",
    "model", "selection", "splits", "run",
]  # fmt: skip


class Reader(HTMLParser):
    """Collects elements and text as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def count(self, tag: str) -> int:
        return sum(tag == other for other, _ in self.elements)


@pytest.fixture(scope="module")
def html(sample) -> str:
    return render(sample.report(warning="Little structure."))


def test_all_sections_and_figures_are_there(html):
    read = Reader(html)
    assert [a["id"] for tag, a in read.elements if tag == "section" and "id" in a] == SECTIONS
    # Sizes, differences, recency and value, choice of k, splits; two comparisons; six KPIs, and customers by period.
    assert (read.count("h1"), read.count("h2"), read.count("figure"), read.count("article")) == (1, 6, 14, 5)
    assert sum(a.get("role") == "img" for tag, a in read.elements if tag == "svg" and a.get("class") != "trend") == 14
    assert html.startswith("<!DOCTYPE html>\n")


def test_a_card_shows_size_share_and_measures_in_original_units(html):
    texts = Reader(html).texts
    # 21.4 + 2.05 * 38.2 = 99.71 days against 21.4; 385 of 2,469 customers.
    assert {"Slipping away", "385", "99.7 days (average 21.4)", "USD 4,972 (average USD 1,856)"} <= set(texts)
    assert "customers · 15.6%" in texts


def test_signals_stand_beside_their_segment_and_where_there_are_none_a_sentence_says_so(html, sample):
    texts = Reader(html).texts
    assert {"mailing, then late on a later day", "1.10 to 3.60", "channel mailing", "from 9.50 on"} <= set(texts)
    assert {"late", "-0.41", "1.30 to 1.70", "A: 12 orders; B: n/a"} <= set(texts)
    none = Reader(render(replace(sample.report(scatter=0), signals=()))).texts
    assert "No event is known to come before purchases more often than at other times." in none
    assert "There are no examples of typical customers." in none


def test_the_warning_is_shown_only_where_there_is_one(html, sample):
    assert "Little structure." in Reader(html).texts
    assert 'class="warning"' not in render(sample.report(scatter=10))


def test_the_chosen_candidate_is_marked_among_all(html):
    read = Reader(html)
    assert sum(a.get("class") == "chosen" for tag, a in read.elements if tag == "tr") == 1
    assert "Show all 27 candidates" in read.texts


def digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def test_nothing_is_fetched_and_only_the_page_s_own_style_and_script_are_allowed(html):
    read = Reader(html)
    assert set(re.findall(r"https?://[^\"' <]+", html)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert read.count("iframe") == read.count("object") == read.count("img") == read.count("link") - 1 == 0
    assert [a.get("type") for tag, a in read.elements if tag == "script"] == [None, "application/json"]
    targets = [v for _, a in read.elements for k, v in a.items() if k in {"src", "href", "xlink:href"}]
    assert {(v or "").split(",")[0].split(";")[0][:5] for v in targets if not (v or "").startswith("#")} == {"data:"}
    policy = next(a["content"] for tag, a in read.elements if a.get("http-equiv") == "Content-Security-Policy")
    style, script = (re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1] for tag in ("style", "script"))
    assert (policy or "").split("; ") == [
        "default-src 'none'", f"style-src-elem {digest(style)}", "style-src-attr 'unsafe-inline'",
        f"script-src {digest(script)}", "img-src data: blob:", "base-uri 'none'", "form-action 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ]  # fmt: skip
    assert "@import" not in html
    assert "url(" not in re.sub(r"url\(#", "", html)


def test_hostile_names_stay_text(sample):
    made = render(sample.hostile_report())
    read = Reader(made)
    assert (read.count("script"), read.count("img")) == (2, 0)
    assert not [a for _, a in read.elements if any(name.startswith("on") for name in a)]
    assert {"<script>alert(1)</script>", '"><img src=x onerror=alert(2)>'} <= set(read.texts)
    assert "\x00" not in made
    assert "\u202e" not in made


def test_the_page_s_data_cannot_end_its_element(sample):
    made = render(sample.hostile_report())
    found = made[made.index('id="data">') + 10 :]
    inside = found[: found.index("</script>")]
    assert "<" not in inside
    assert json.loads(inside)["names"][0] == '"><img src=x onerror=alert(2)>'


def test_a_count_in_the_data_is_no_word_that_could_be_an_id(html):
    words = set(html.replace('"', " ").replace(",", " ").split())
    assert not [word for word in words if word.isdecimal() and len(word) >= 4]


def test_rendering_twice_gives_the_same_bytes(html, sample):
    assert render(sample.report(warning="Little structure.")).encode() == html.encode()


def test_another_process_gives_the_same_bytes(tmp_path, html):
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; import sample; from segspark.reporting.page import render;"
        "sys.stdout.buffer.write(render(sample.report(warning='Little structure.')).encode())"
    )
    command = [sys.executable, "-c", code, str(Path(page.__file__).parents[2]), str(Path(__file__).parent)]
    other = subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, env={"PYTHONHASHSEED": "77"})
    assert other.stdout == html.encode()


def test_the_page_stays_under_three_megabytes_with_five_thousand_points(sample):
    assert len(render(sample.report(scatter=5_000)).encode()) < 3_000_000


def test_the_template_is_found_in_a_zipped_package(tmp_path):
    root = Path(page.__file__).parents[1]
    (tmp_path / "tree" / "segspark").mkdir(parents=True)
    shutil.copytree(root / "reporting", tmp_path / "tree" / "segspark" / "reporting")
    (tmp_path / "tree" / "segspark" / "__init__.py").touch()
    archive = shutil.make_archive(str(tmp_path / "segspark"), "zip", tmp_path / "tree")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from segspark.reporting import page, model;"
        "assert '.zip' in page.__file__;"
        "print(page.render(model.Report('Zipped', '2024-01-01', 'USD', (), (), (), (), '', '', (), ())))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, archive], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert "<h1>Zipped</h1>" in ran.stdout


def test_an_empty_report_says_what_is_missing(sample):
    full = sample.report(scatter=0)
    empty = replace(
        full, segments=(), candidates=(), scatter=(), ledger=(), details=(), headlines=(), quality=(), splits=(),
        kpi_definitions=(), kpis=(), migrations=(), values=(),
    )  # fmt: skip
    read = Reader(render(empty))
    assert read.count("svg") == 0
    assert {
        "There are no segments to show.",
        "No candidates were recorded.",
        "No tree of splits was recorded.",
        "No rows were read in this run.",
        "KPIs have not been computed.",
        "No two dates have been compared.",
    } <= set(read.texts)
    assert {"segspark profile", "segspark compare"} <= set(read.texts)


def test_unknown_numbers_are_written_as_such(sample):
    full = sample.report(scatter=10)
    lost = replace(full.candidates[0], silhouette=math.nan, cost=None, log_likelihood=None, smallest_share=math.nan)
    assert Reader(render(replace(full, candidates=(lost,)))).texts.count("n/a") >= 4


@pytest.mark.parametrize("count", [1, 20])
def test_one_segment_and_twenty_segments_each_get_a_card(sample, count):
    full = sample.report(scatter=20)
    cards = tuple(replace(full.segments[0], segment_id=str(n), name=f"segment {n}") for n in range(count))
    assert Reader(render(replace(full, segments=cards))).count("article") == count


def test_a_lifecycle_segment_without_measures_has_a_card_without_bars(sample):
    card = SegmentCard("p", "Prospects", "Signed up, never bought.", "lifecycle", 40, 0.02, (), ())
    read = Reader(render(replace(sample.report(scatter=0), segments=(card,))))
    assert {"Prospects", "lifecycle", "No segment has measures to compare."} <= set(read.texts)
    assert not [a for _, a in read.elements if a.get("class") == "track"]


def test_the_most_distinguishing_come_first_and_unknown_ones_never():
    measures = tuple(
        Measure(f, f, "days", 1.0, 1.0, z)
        for f, z in (("a", 0.5), ("b", -3.0), ("c", None), ("d", math.nan), ("e", 1.0), ("f", 0.1), ("g", -0.2))
    )
    card = SegmentCard("s", "s", "", "cluster", 1, 1.0, (), measures)
    assert [measure.feature for measure in distinguishing(card)] == ["b", "e", "a", "g"]


def test_medians_are_by_segment_and_strangers_come_last(sample):
    points = (
        ScatterPoint(9.0, 1.0, 1.0, "gone"), ScatterPoint(1.0, 2.0, 10.0, "c2"), ScatterPoint(4.0, 4.0, 30.0, "c1"),
        ScatterPoint(3.0, 6.0, 50.0, "c2"), ScatterPoint(math.nan, 6.0, 50.0, "c2"),
    )  # fmt: skip
    assert scatter_medians(sample.cards(), points) == [
        ("Loyal big baskets", 1, 4.0, 4.0, 30.0),
        ("Frequent small trips", 2, 2.0, 4.0, 30.0),
        ("other", 1, 9.0, 1.0, 1.0),
    ]


def test_opportunities_stand_in_a_table_but_none_of_ten_customers(html):
    assert "TEA: looked at and not bought" in html
    assert "CUP: too few to tell" not in html
