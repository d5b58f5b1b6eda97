"""People's notes in a handbook: found, kept as they are, never lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.reporting.notes import NotesError, block, notes, start


def test_notes_are_what_stands_between_the_marks_to_the_last_blank():
    text = "\n  indented *x* <b>\n\n| a | b |  \n<!-- other -->\n"
    page = f"# Book\n{block('a', text)}\nbetween\n{block('b', '')}\n"
    assert notes(page) == {"a": text, "b": ""}


def test_lines_may_end_as_they_do_on_windows():
    assert notes("<!-- notes:a -->\r\none\r\n<!-- /notes -->\r\n") == {"a": "one\r\n"}


def test_notes_of_one_id_that_are_there_twice_are_joined():
    assert notes(block("a", "one\n") + "\n" + block("a", "two\n")) == {"a": "one\ntwo\n"}


def test_a_page_without_marks_has_no_notes():
    assert notes("") == notes("# x\ntext <!-- notes:a --> in a line\n") == {}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("x\n<!-- notes:a -->\ntext\n", "line 2: <!-- notes:a --> has no <!-- /notes --> after it"),
        ("<!-- notes:a -->\nx\n<!-- notes:b -->\n<!-- /notes -->\n", "line 3: <!-- notes:b --> does not follow"),
        ("x\ny\n<!-- /notes -->\n", "line 3: <!-- /notes --> does not follow <!-- notes:SEGMENT_ID -->"),
    ],
)
def test_where_a_mark_is_missing_nobody_guesses(page, said):
    with pytest.raises(NotesError, match=said.replace("(", r"\(")):
        notes(page)


@settings(deadline=None, derandomize=True)
@given(st.text(min_size=1, max_size=30))
def test_any_id_is_found_again_and_none_ends_its_mark(segment_id):
    assert start(segment_id).count("-->") == 1
    assert notes(block(segment_id, "x\n")) == {segment_id: "x\n"}
