"""Codes of segments: opaque, stable, unlike each other."""

from __future__ import annotations

import hashlib
import itertools
from datetime import date

import pytest

from segspark.errors import BadInputError
from segspark.segments.codes import code, codes
from segspark.segments.registry import Segment


def segment(segment_id, created_at=None, name=""):
    return Segment(segment_id, name, "", "cluster", None, "active", created_at=created_at)


def clash() -> tuple[str, str]:
    """Two ids whose hashes begin with the same four digits; by the birthday problem some hundred ids have such."""
    seen: dict[str, str] = {}
    for number in itertools.count():
        own = f"seg-{number}"
        start = hashlib.sha256(own.encode()).hexdigest()[:4]
        if start in seen:
            return seen[start], own
        seen[start] = own
    raise AssertionError


def test_a_code_is_an_s_and_four_digits_of_the_hash_of_the_id():
    assert code("seg-abc") == "S-E2EF"  # printf seg-abc | sha256sum


def test_a_code_depends_on_nothing_but_the_id():
    assert codes([segment("a", name="Frequent")]) == codes([segment("a", date(2026, 1, 1), "Renamed")])


def test_of_two_that_would_share_a_code_the_older_keeps_it_whatever_their_ids():
    one, other = clash()
    for first, second in ((one, other), (other, one)):
        found = codes([segment(second, date(2026, 2, 1)), segment(first, date(2026, 1, 1))])
        assert found[first] == code(first)
        assert found[second] == code(second, 5)
        assert found[first] != found[second]


def test_later_segments_change_no_code():
    one, other = clash()
    before = codes([segment(one, date(2026, 1, 1))])
    assert before.items() <= codes([segment(one, date(2026, 1, 1)), segment(other, date(2026, 1, 2))]).items()


def test_an_id_that_is_there_twice_is_refused():
    with pytest.raises(BadInputError, match="a is there twice"):
        codes([segment("a"), segment("a")])
