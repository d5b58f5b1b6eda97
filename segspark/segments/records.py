"""What people write about segments: how it is checked, compared and told."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict

from segspark.errors import BadInputError
from segspark.segments.audit import Entry, Value
from segspark.segments.registry import Segment

LONGEST_NAME, LONGEST_TEXT = 80, 1_000
_BOOKKEEPING = ("updated_at", "size", "share")  # what a change is not about


def label(segment: Segment) -> str:
    """How a segment is spoken of.

    Examples:
        >>> label(Segment("seg-1", "Gift givers", "", "rule", "gifts > 3", "draft"))
        'seg-1 (Gift givers)'
    """
    return f"{segment.segment_id} ({segment.name})"


def difference(old: Segment | None, new: Segment) -> tuple[dict[str, Value], dict[str, Value]]:
    """What a change is about: the columns that differ as they were, and as they are then.

    Of a segment that is new nothing was, and its columns that are not null are.

    Examples:
        >>> one, then = (Segment("a", name, "", "rule", "x > 1", "draft", size=n) for n, name in enumerate("xy"))
        >>> difference(one, then)
        ({'name': 'x'}, {'name': 'y'})
    """
    then = {name: value for name, value in asdict(new).items() if name not in ("segment_id", *_BOOKKEEPING)}
    if old is None:
        return {}, {name: value for name, value in then.items() if value is not None}
    was = asdict(old)
    changed = [name for name, value in then.items() if value != was[name]]
    return {name: was[name] for name in changed}, {name: then[name] for name in changed}


def happened(before: Iterable[Segment], after: Iterable[Segment], actor: str) -> list[Entry]:
    """What a publication changed of segments, for the log; sizes alone are no change.

    Args:
        before: the registry.
        after: the registry then.
        actor: the phase.

    Examples:
        >>> one, then = (Segment("a", "x", "", "cluster", None, status) for status in ("active", "retired"))
        >>> [(told.action, told.before, told.after) for told in happened([one], [then], "assign")]
        [('retired', {'status': 'active'}, {'status': 'retired'})]
    """
    known = {one.segment_id: one for one in before}
    found = []
    for one in after:
        old = known.get(one.segment_id)
        was, then = difference(old, one)
        if then:
            said = one.reason if "reason" in then and one.reason else ""
            found.append(Entry(actor, _action(old, then), one.segment_id, was, then, said))
    return found


def _action(old: Segment | None, then: Mapping[str, Value]) -> str:
    if old is None:
        return "created"
    if then.get("status") == "retired":
        return "retired"
    if old.retired:
        return "reinstated"
    return "continued" if "model_version" in then else "changed"


def active_count(segments: Collection[Segment]) -> int:
    """Segments that are in use, but for those that the configuration makes: they are always there.

    Examples:
        >>> kinds = ("cluster", "lifecycle", "rule")
        >>> active_count([Segment(kind, kind, "", kind, None, "active") for kind in kinds])
        2
    """
    return sum(one.status == "active" and one.kind != "lifecycle" for one in segments)


def same_person(one: str, other: str) -> bool:
    """Whether two names are of the same person, however they are written.

    Examples:
        >>> same_person("Zoë", " zoe\u0308 "), same_person("ann", "bob")
        (True, False)
    """
    return folded(one) == folded(other) != ""


def checked_text(option: str, text: str, longest: int, empty: bool = False) -> str:
    r"""A text as it was typed, without blanks around it.

    Raises:
        BadInputError: it is empty where it may not be, too long, or not one line of printable characters.

    Examples:
        >>> checked_text("--name", " Gift givers ", 80)
        'Gift givers'
        >>> checked_text("--name", "a" + chr(27), 80)
        Traceback (most recent call last):
        ...
        segspark.errors.BadInputError: --name 'a\x1b': expected one line of printable characters
    """
    found = text.strip()
    if not found and not empty:
        raise BadInputError([f"{option}: it is empty"])
    if len(found) > longest:
        raise BadInputError([f"{option}: it has {len(found):,} characters; expected at most {longest:,}"])
    if not found.isprintable():
        raise BadInputError([f"{option} {found!r}: expected one line of printable characters"])
    return found


def folded(text: str) -> str:
    """A name in the form in which two of them are compared.

    Examples:
        >>> folded(" Gift Givers ")
        'gift givers'
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()
