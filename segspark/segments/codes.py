"""Codes of segments for other systems: they say nothing of who is in one, and stay as they are."""

import hashlib
from collections.abc import Iterable
from datetime import date

from segspark.errors import BadInputError
from segspark.segments.registry import Segment

_DIGITS = 4  # 65,536 codes: of a dozen segments, two would share one once in a thousand registries


def code(segment_id: str, digits: int = _DIGITS) -> str:
    """The code that a segment has, unless an older one has it already: the first digits of the id's SHA-256.

    Examples:
        >>> code("seg-1"), code("seg-1", 6)
        ('S-A227', 'S-A227D5')
    """
    return f"S-{hashlib.sha256(segment_id.encode()).hexdigest()[:digits].upper()}"


def codes(segments: Iterable[Segment]) -> dict[str, str]:
    """A code for each segment by its id, no two alike.

    Of two that would share one, the older keeps it, and the later has more digits: what was handed out never
    changes, whichever segments come later.

    Args:
        segments: all that were ever published, retired ones included.

    Raises:
        BadInputError: an id is there twice.

    Examples:
        >>> codes([Segment(name, "", "", "rule", "x", "active") for name in ("seg-1", "seg-2")])
        {'seg-1': 'S-A227', 'seg-2': 'S-1ED5'}
    """
    found: dict[str, str] = {}
    given: set[str] = set()
    for one in sorted(segments, key=lambda one: (one.created_at or date.min, one.segment_id)):
        if one.segment_id in found:
            raise BadInputError([f"segments: {one.segment_id} is there twice"])
        tries = (code(one.segment_id, digits) for digits in range(_DIGITS, 65))
        found[one.segment_id] = next(own for own in tries if own not in given)
        given.add(found[one.segment_id])
    return found
