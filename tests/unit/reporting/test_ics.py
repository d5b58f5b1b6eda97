"""Calendar files by RFC 5545, and the plan that they hold."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.reporting.advice_model import Advice
from segspark.reporting.handbook_calendar import planned
from segspark.reporting.ics import Event, calendar, escaped, folded

MONDAY = date(2018, 1, 1)


def advice(place: str, *texts: str, rule: str = "r") -> list[Advice]:
    return [Advice(rule, place, text, ("fact",)) for text in texts]


def test_a_file_is_what_the_standard_asks_for_byte_by_byte():
    made = calendar("Plan", MONDAY, [Event("a", date(2018, 1, 31), "Write; wait, then\\stop", "one\ntwo")])
    assert made == (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//segspark//handbook//EN\r\nX-WR-CALNAME:Plan\r\n"
        "BEGIN:VEVENT\r\nUID:a@segspark\r\nDTSTAMP:20180101T000000Z\r\n"
        "DTSTART;VALUE=DATE:20180131\r\nDTEND;VALUE=DATE:20180201\r\n"
        "SUMMARY:Write\\; wait\\, then\\\\stop\r\nDESCRIPTION:one\\ntwo\r\n"
        "TRANSP:TRANSPARENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def test_no_text_can_begin_a_line_of_its_own():
    made = calendar("x\r\nBEGIN:VEVENT", MONDAY, [Event("a\nb", MONDAY, "s\r\nATTACH:http://e.com", "d\rX:y\u2028Z:z")])
    names = [line.partition(":")[0] for line in made.split("\r\n") if not line.startswith(" ")]
    assert names.count("BEGIN") == 2
    assert not {"ATTACH", "X", "Z"} & set(names)
    assert not set("\n\r\u2028") & set(made.replace("\r\n", ""))


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from("aé北🛒,;\\ "), max_size=400))
def test_lines_have_at_most_75_octets_and_unfold_to_what_they_were(text):
    pieces = folded(text).split("\r\n")
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == text


def test_a_line_of_exactly_75_octets_is_not_folded():
    assert folded("x" * 75) == "x" * 75
    assert folded("x" * 74 + "é") == "x" * 74 + "\r\n é"


def test_characters_that_deceive_a_reader_are_not_in_it():
    assert escaped("a\u202eb\x00") == "a\ufffdb\ufffd"


def test_the_plan_takes_each_asset_s_advice_in_its_order_within_four_weeks():
    given_ = [*advice("email", "first", "second", "third"), *advice("ad", "buy"), *advice("job", "not a place")]
    for as_of in (MONDAY, date(2018, 1, 3), date(2018, 1, 7)):
        found = planned(as_of, given_)
        assert [entry.advice.text for entry in found] == ["first", "second", "buy"]
        assert all(0 <= (entry.day - as_of).days < 28 for entry in found)
    assert [entry.day.isoformat() for entry in planned(MONDAY, given_)] == ["2018-01-02", "2018-01-16", "2018-01-25"]


def test_who_orders_at_weekends_is_written_to_on_fridays():
    found = planned(MONDAY, [*advice("do", "x", rule="weekend"), *advice("email", "mail")])
    assert [(entry.day.isoformat(), entry.advice.text) for entry in found] == [("2018-01-05", "mail")]


def test_without_advice_nothing_is_planned():
    assert planned(MONDAY, []) == []
