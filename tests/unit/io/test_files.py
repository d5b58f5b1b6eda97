"""Files of text: as they were written, whole or not at all."""

from __future__ import annotations

import pytest

from segspark.errors import BadInputError
from segspark.io.files import read_text, write_text


def test_ends_of_lines_are_kept_both_ways(tmp_path):
    text = "one\r\ntwo\nthree\r"
    path = write_text(tmp_path / "a" / "b.ics", text)
    assert path.read_bytes() == text.encode()
    assert read_text(path) == text


def test_a_file_that_is_not_there_is_empty_and_one_that_is_no_text_is_bad_input(tmp_path):
    assert read_text(tmp_path / "none.md") == ""
    (tmp_path / "page.md").write_bytes(b"\xff\xfe")
    for place in (tmp_path / "page.md", tmp_path):
        with pytest.raises(BadInputError, match="cannot be read as text in UTF-8"):
            read_text(place)
