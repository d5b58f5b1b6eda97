"""The handbook: complete, safe with any name, the same every time; people's notes stay."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from segspark.reporting.handbook import handbook
from segspark.reporting.markdown import escaped
from segspark.reporting.model import Measure
from segspark.reporting.notes import NotesError, notes
from segspark.reporting.outcomes import KpiDefinition, KpiPoint, ValueSummary
from segspark.reporting.templating import policy, styles
from tests.unit.reporting.handbook_sample import alone, book, card, hostile

PARTS = [
    "Value", "KPIs of the last period", "What sets it apart", "Who they are", "Typical customers",
    "What it buys more often than others", "What to offer besides", "How it is reached", "What precedes a purchase",
    "Problems", "What they write", "Opportunities", "Messaging framework", "Plan by asset", "The next four weeks",
    "Last changes", "Notes",
]  # fmt: skip


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data.strip())

    def count(self, tag):
        return sum(tag == other for other, _ in self.elements)


@pytest.fixture(scope="module")
def made():
    return handbook(book())


def chapter(markdown: str, name: str) -> str:
    return re.split(r"^## ", markdown, flags=re.MULTILINE)[[*headings(markdown, 2)].index(name) + 1]


def headings(markdown: str, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", markdown, re.MULTILINE)


def written(markdown: str, segment: str, text: str) -> str:
    """The page after a person wrote into it."""
    return markdown.replace(f"<!-- notes:{segment} -->\n", f"<!-- notes:{segment} -->\n{text}")


def renamed(one, segment, name):
    cards = [replace(c, card=replace(c.card, name=name)) if c.card.segment_id == segment else c for c in one.chapters]
    return replace(one, chapters=tuple(cards))


def without(one, segment):
    return replace(one, chapters=tuple(c for c in one.chapters if c.card.segment_id != segment))


def test_every_segment_has_a_chapter_with_all_parts_in_both_formats(made):
    names = [one.card.name for one in book().chapters]
    assert headings(made.markdown, 2) == ["What has changed", *names]
    assert headings(made.markdown, 3) == PARTS * 5
    read = Reader(made.html)
    assert (read.count("h1"), read.count("h2"), read.count("article")) == (1, 6, 5)
    assert read.texts.count("Messaging framework") == 5


def test_a_chapter_says_its_facts_in_original_units(made):
    told = chapter(made.markdown, "Slipping away")
    # 385 of 2,469 customers; 21.4 + 2.05 * 38.2 = 99.71 days.
    assert "| Size | 385 customers, 15.6% of all |" in told
    assert "| Code | S-00A4 |" in told
    assert "| days since last order | 99.7 days | 21.4 days | +2.05 |" in told
    assert "| TEA | 60% | 20% | 2.00 |" in told
    assert "SALT" not in told  # its lift is below 1
    assert (
        "With CUP offer TEA: it is in 80% of the orders with CUP, 2.00 times as often as by chance, 1.5 to 2.6." in told
    )
    assert "| 2017-11-01 10:00:00 | Ann | renamed | name x → y | clearer |" in told


def test_a_chapter_says_who_they_are_what_they_write_and_what_precedes_their_purchases(made):
    told = chapter(made.markdown, "Slipping away")
    assert "| mailing | late | 60% | 40% | 1.50 | 1.30 to 1.70 |" in told
    assert "| mailing, then late on a later day | 40 | 20 | 2.00 | 1.10 to 3.60 |" in told
    assert "| channel mailing | 33 | 0 |  | from 9.50 on |" in told
    assert "| late | 30 | 2.50 | -0.41 |" in told
    assert (
        "- They write “late”, mostly in complaint (30 customers, 2.50 times as often as all, sentiment -0.41)." in told
    )
    assert "| Measure | Customer A | Customer B | Segment's mean |" in told
    assert "| orders | 12 orders | n/a |" in told


def test_of_a_small_segment_no_signal_is_told():
    few = replace(book().chapters[0], card=card(Measure("frequency", "orders", "orders", 9.0, 2.0, 3.0), size=10))
    made = handbook(replace(alone(card()), chapters=(few,))).markdown
    for secret in ("mailing", "late", "Customer A"):
        assert secret not in made


def test_advice_stands_beside_its_facts(made):
    told = chapter(made.markdown, "Bargain hunters")
    # 0.171 + 1.33 * 0.083 = 0.28139
    because = "share of spend discounted: 28.1% (average 17.1%, +1.33 standard deviations)"
    assert f"They respond to discounts: lead with the price. | {because} |" in told
    assert "A discount of 10% to 20% off the order" in told
    assert "lead with the price" not in chapter(made.markdown, "Slipping away")


def test_opportunities_stand_with_their_evidence_but_none_of_ten_customers(made):
    told = chapter(made.markdown, "Slipping away")
    assert "| Unmet need | TEA: looked at and not bought | 11 | 60% (51% to 68%), others 40% |" in told
    assert "CUP: too few to tell" not in made.markdown + made.html


def test_kpis_of_the_last_period_stand_beside_those_of_all_with_intervals_and_goals():
    kpi = KpiDefinition("repeat_rate", "repeat rate", "share", "", "")
    points = tuple(
        KpiPoint("repeat_rate", segment, start, end, value, value - 0.05, value + 0.05, 100, target, state)
        for segment, start, end, value, target, state in (
            ("", "2017-11-01", "2017-12-01", 0.3, None, ""), ("", "2017-12-01", "2018-01-01", 0.35, None, ""),
            ("s1", "2017-11-01", "2017-12-01", 0.5, None, ""), ("s1", "2017-12-01", "2018-01-01", 0.45, 0.6, "missed"),
        )
    )  # fmt: skip
    made = handbook(replace(alone(card()), kpi_definitions=(kpi,), kpis=points)).markdown
    assert "| repeat rate | 2017-12 | 45% | 40% to 50% | 35% | 30% to 40% | 60% (missed) |" in made
    assert "2017-11" not in made


def test_what_is_not_measured_is_said_in_a_sentence_and_nothing_is_advised():
    made = handbook(alone(card()))
    assert "What they are worth has not been computed." in made.markdown
    assert "By which channel and when they are reached best is not measured" in made.markdown
    assert "Returns, support, ratings and sentiment are not measured" in made.markdown
    assert "It differs in nothing that a rule speaks about." in made.markdown
    assert made.calendar.count("BEGIN:VEVENT") == 1  # the edition itself


def test_channels_times_and_problems_are_told_where_they_are_measured():
    made = handbook(alone(card(
        Measure("weekend_order_share", "orders at weekends", "share", 0.4, 0.3, 0.2),
        Measure("return_share", "share returned", "share", 0.2, 0.1, 0.9),
    ))).markdown  # fmt: skip
    assert "- orders at weekends: 40% (average 30%, +0.20 standard deviations)" in made
    assert "- share returned: 20% (average 10%, +0.90 standard deviations)" in made
    assert "not measured" not in made.partition("### How it is reached")[2].partition("### Messaging")[0]


def test_another_time_it_is_the_same_byte_by_byte(made):
    assert handbook(book()) == made
    assert handbook(book(), made.markdown, made.editions) == made


def test_notes_stay_as_they_are_by_id_when_the_segment_is_renamed(made):
    text = "Ann: *do not* write on Mondays!\n\n  - <b>ask</b> Bob  \n"
    again = handbook(renamed(book(), "c4", "Hunters"), written(made.markdown, "c4", text), made.editions)
    assert notes(again.markdown)["c4"] == text
    assert text in chapter(again.markdown, "Hunters")
    assert handbook(renamed(book(), "c4", "Hunters"), again.markdown, again.editions) == again


def test_notes_of_a_segment_that_is_gone_move_to_an_appendix_and_come_back_with_it(made):
    page = written(made.markdown, "c4", "Keep me.\n")
    gone = handbook(without(book(), "c4"), page, made.editions)
    assert headings(gone.markdown, 2)[-1] == "Notes of former segments"
    assert "### Bargain hunters (c4)\n\n<!-- notes:c4 -->\nKeep me.\n<!-- /notes -->" in gone.markdown
    assert "Keep me." in gone.html
    assert handbook(without(book(), "c4"), gone.markdown, gone.editions) == gone
    back = handbook(book(), gone.markdown, gone.editions)
    assert "Notes of former segments" not in back.markdown
    assert "Keep me." in chapter(back.markdown, "Bargain hunters")


def test_empty_notes_of_a_segment_that_is_gone_leave_nothing_behind(made):
    assert "Notes of former segments" not in handbook(without(book(), "c4"), made.markdown, "").markdown


def test_without_a_mark_no_new_page_is_made(made):
    with pytest.raises(NotesError, match="line"):
        handbook(book(), made.markdown.replace("<!-- /notes -->", "", 1))


def test_notes_are_text_in_html():
    text = "<script>alert(1)</script>\n  <img src=x onerror=alert(2)>\n[x](javascript:alert(3))\u202e\n"
    page = written(handbook(alone(card())).markdown, "s1", text)
    read = Reader(handbook(alone(card()), page).html)
    assert read.count("script") == read.count("img") == 0
    assert "<script>alert(1)</script>\n  <img src=x onerror=alert(2)>\n[x](javascript:alert(3))\ufffd" in read.texts


def test_the_top_says_what_has_changed_since_the_edition_of_an_earlier_date(made):
    assert "This is the first edition." in made.markdown
    later = replace(without(renamed(book(), "c1", "Best"), "c5"), as_of="2018-01-01")
    found = handbook(later, made.markdown, made.editions)
    top = chapter(found.markdown, "What has changed")
    assert "Since the edition of 2017-12-01:" in top
    assert "- Gone: Slipping away." in top
    assert "- Renamed: Loyal big baskets is Best now." in top
    assert handbook(later, found.markdown, found.editions) == found
    same = handbook(replace(book(), as_of="2018-01-01"), made.markdown, made.editions)
    assert "Nothing that is more than chance, since the edition of 2017-12-01." in same.markdown


def test_of_ten_customers_or_fewer_nothing_is_told_and_no_sum_gives_them_away():
    few = card(Measure("frequency", "orders", "orders", 9.0, 2.0, 3.0), size=7, name="Few", segment_id="few")
    rest = [card(size=size, name=name, segment_id=name) for size, name in ((60, "middle"), (500, "most"))]
    chapters = tuple(replace(book().chapters[0], card=one) for one in (few, *rest))
    made = handbook(replace(alone(few), chapters=chapters, values=(ValueSummary("few", 7, 0.5, 99.0, 0.5),)))
    told = chapter(made.markdown, "Few")
    assert "| Size | ≤10 customers |" in told
    for secret in ("9 orders", "TEA", "USD 99", "7 customers"):
        assert secret not in told
    assert "| Size | withheld customers |" in chapter(made.markdown, "middle")
    assert json.loads(made.editions)["now"]["segments"]["few"] == {
        "advice": [], "customers": None, "kpis": {}, "name": "Few", "share": None,
    }  # fmt: skip
    assert json.loads(made.editions)["now"]["segments"]["middle"]["customers"] is None


def test_hostile_names_stay_text_in_html():
    made = handbook(hostile(), "<!-- notes:gone%20%3Ci%3E -->\nx\n<!-- /notes -->\n").html
    read = Reader(made)
    assert read.count("script") == read.count("img") == read.count("iframe") == 0
    assert not [a for _, a in read.elements if any(name.startswith("on") for name in a)]
    assert "<script>alert(1)</script>" in read.texts
    assert {a.get("href", "")[:1] for tag, a in read.elements if tag == "a"} == {"#"}
    assert not {"\x00", "\u202e"} & set(made)


def test_hostile_names_stay_text_in_markdown():
    made = handbook(hostile())
    tokens = MarkdownIt("commonmark").enable("table").parse(made.markdown)
    every = [*tokens, *(child for token in tokens for child in token.children or [])]
    html = [token.content.strip() for token in every if token.type in ("html_block", "html_inline")]
    assert all(re.fullmatch(r"(<!-- [^<>]* -->\s*)+", one) for one in html), html
    assert not {"link_open", "image", "em_open", "fence"} & {token.type for token in every}
    assert {token.content for token in every if token.type == "code_inline"} == {"notes", "/notes"}  # the page's own
    assert sum(token.type == "heading_open" for token in every) == 2 + 1 + len(PARTS)  # title, changes, chapter, parts
    assert list(notes(made.markdown)) == ["a --> <b>"]
    assert "\u202e" not in made.markdown


SIGNS = (
    *("# a", "1. a", "1) a", "- a", "+ a", "= a", "> a", "```", "~~~", "---", "===", "a | b", "\\", "$x$", "a  "),
    *("<b>", "&lt;", "[a](b)", "![a](b)", "`a`", "*a*", "<http://e.com>"),
)


@pytest.mark.parametrize("text", SIGNS)
def test_an_escaped_text_is_read_as_itself(text):
    tokens = MarkdownIt("commonmark").parse(escaped(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children} <= {"text", "text_special"}
    assert "".join(child.content for child in tokens[1].children) == text.strip()


def test_the_page_loads_nothing_and_may_do_nothing(made):
    read = Reader(made.html)
    allowed = next(a["content"] for tag, a in read.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert allowed == policy(styles("report.css", "handbook.css"))
    assert "script-src" not in allowed
    assert allowed.startswith("default-src 'none'; ")
    style = re.search("<style>(.*?)</style>", made.html, re.DOTALL)
    assert policy(style[1]) == allowed
    assert read.count("script") == read.count("img") == 0
    assert [a["href"] for tag, a in read.elements if tag == "link"] == ["data:,"]
    assert not re.findall(r"https?://", made.html)


def test_a_handbook_without_segments_says_so():
    made = handbook(replace(alone(card()), chapters=()))
    assert "There are no active segments." in made.markdown
    assert "There are no active segments." in made.html


def test_events_have_ids_of_their_own_and_stamps_of_the_edition(made):
    uids = re.findall(r"^UID:(.*)\r$", made.calendar, re.MULTILINE)
    assert len(uids) == len(set(uids)) > 5
    assert set(re.findall(r"^DTSTAMP:(.*)\r$", made.calendar, re.MULTILINE)) == {"20171201T000000Z"}
