"""The handbook's last edition, as the step finds it; the rest of the step needs Spark."""

from __future__ import annotations

import re

import pytest

from segspark.errors import BadInputError
from segspark.segments.audit import Entry, Tip, chained
from segspark.steps.handbook import last_edition
from segspark.steps.handbook_items import most_frequent
from segspark.steps.showing import told_entries


def test_before_the_first_edition_there_is_nothing(tmp_path):
    assert last_edition(tmp_path / "report") == ("", "")


def test_an_edition_is_read_as_it_lies_there(tmp_path):
    page = "<!-- notes:a -->\r\nx\n<!-- /notes -->\n"
    (tmp_path / "handbook.md").write_bytes(page.encode())
    (tmp_path / "handbook.json").write_text("{}", encoding="utf-8")
    assert last_edition(tmp_path) == (page, "{}")


def test_notes_without_an_end_are_bad_input_that_says_where(tmp_path):
    (tmp_path / "handbook.md").write_text("# x\n<!-- notes:a -->\nlost?\n", encoding="utf-8")
    said = f"{tmp_path / 'handbook.md'}: line 2: <!-- notes:a --> has no <!-- /notes --> after it; mend it there"
    with pytest.raises(BadInputError, match=re.escape(said)):
        last_edition(tmp_path)


def test_of_two_values_as_frequent_the_first_by_the_alphabet_is_told():
    found = most_frequent("channel", [("a", "web", 20), ("a", "app", 20), ("b", "web", 60)])
    # 20 of a's 40; 20 of all 100.
    assert (found["a"].value, found["a"].customers, found["a"].share, found["a"].overall_share) == ("app", 20, 0.5, 0.2)


def test_entries_of_the_log_are_told_in_words():
    made = Entry("Ann", "renamed", "a", {"name": "x"}, {"name": "y"}, "clearer")
    ((link, told),) = told_entries(chained(Tip(), [made], 1_500_000_000_000_000, "r"))
    assert link.subject == "a"
    assert told == ("2017-07-14 02:40:00", "Ann", "renamed", "name x → y", "clearer")
