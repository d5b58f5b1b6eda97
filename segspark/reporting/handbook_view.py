"""A handbook as its pages show it: headings, sentences and tables of plain text, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Grid:
    """A table; the columns from `numbers` on are numbers, unless it is None."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int | None = None


@dataclass(frozen=True)
class Part:
    """A part of a chapter: sentences, points and a table; `none` stands where nothing else does."""

    title: str
    lead: str = ""
    points: tuple[str, ...] = ()
    grid: Grid | None = None
    none: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.points and (self.grid is None or not self.grid.rows)


@dataclass(frozen=True)
class ChapterView:
    """A segment's chapter; `facts` are (label, value) pairs, `notes` as people wrote them."""

    segment_id: str
    name: str
    about: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    notes: str = ""


@dataclass(frozen=True)
class Page:
    """The whole handbook; `former` are (segment_id, name, notes) of segments that have no chapter any more.

    `since` is the date of the edition that `changes` are from, "" where there is none.
    """

    title: str
    as_of: str
    currency: str
    since: str
    changes: tuple[str, ...]
    chapters: tuple[ChapterView, ...]
    former: tuple[tuple[str, str, str], ...] = field(default=())
