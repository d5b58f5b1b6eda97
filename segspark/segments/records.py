"""A segment as the registry has it, and how what people write about it is checked and compared."""

import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date

from segspark.errors import BadInputError
from segspark.segments.audit import Value

LONGEST_NAME, LONGEST_TEXT = 80, 1_000
_BOOKKEEPING = ("updated_at", "size", "share")  # what a change is not about


@dataclass(frozen=True)
class Record:
    """A row of `segments`: see `segspark.tables.SEGMENTS`."""

    segment_id: str
    name: str
    description: str
    kind: str
    rule: str | None = None
    status: str = "draft"
    owner: str | None = None
    author: str | None = None
    approver: str | None = None
    reason: str | None = None
    review_at: date | None = None
    retrain_days: int | None = None
    priority: int | None = None
    overlay: bool | None = None
    successor_segment_id: str | None = None
    model_version: str = ""
    cluster: int | None = None
    parent_segment_id: str | None = None
    size: int = 0
    share: float = 0.0
    created_at: date | None = None
    updated_at: date | None = None
    retired_at: date | None = None

    @property
    def label(self) -> str:
        """How it is spoken of."""
        return f"{self.segment_id} ({self.name})"


def difference(old: Record | None, new: Record) -> tuple[dict[str, Value], dict[str, Value]]:
    """What a change is about: the columns that differ as they were, and as they are then.

    Of a segment that is new nothing was, and its columns that are not null are.

    Examples:
        >>> one = Record("a", "x", "", "rule")
        >>> difference(one, Record("a", "y", "", "rule", updated_at=date(2026, 1, 1)))
        ({'name': 'x'}, {'name': 'y'})
    """
    then = {name: value for name, value in asdict(new).items() if name not in ("segment_id", *_BOOKKEEPING)}
    if old is None:
        return {}, {name: value for name, value in then.items() if value is not None}
    was = asdict(old)
    changed = [name for name, value in then.items() if value != was[name]]
    return {name: was[name] for name in changed}, {name: then[name] for name in changed}


def active_count(records: Collection[Record]) -> int:
    """Segments that are in use, but for those that the configuration makes: they are always there.

    Examples:
        >>> kinds = ("cluster", "lifecycle", "rule")
        >>> active_count([Record(kind, kind, "", kind, status="active") for kind in kinds])
        2
    """
    return sum(one.status == "active" and one.kind != "lifecycle" for one in records)


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
