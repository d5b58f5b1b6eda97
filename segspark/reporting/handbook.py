"""The handbook of segments: Markdown, one HTML file, a calendar, and what the next edition is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from segspark.reporting.edition import Editions, as_json, difference, following, from_json
from segspark.reporting.handbook_calendar import events, planned
from segspark.reporting.handbook_facts import Told, edition, told_chapters
from segspark.reporting.handbook_model import Handbook
from segspark.reporting.handbook_parts import facts, parts
from segspark.reporting.handbook_view import ChapterView, Page
from segspark.reporting.ics import Event, calendar
from segspark.reporting.notes import block, notes
from segspark.reporting.templating import environment, lines, markdown_environment, policy, styles


@dataclass(frozen=True)
class Files:
    """The texts of the files, to lie beside each other under these names."""

    markdown: str
    html: str
    calendar: str
    editions: str

    def by_name(self) -> dict[str, str]:
        """Each with its file's name."""
        return {
            "handbook.md": self.markdown, "handbook.html": self.html, "handbook.ics": self.calendar,
            "handbook.json": self.editions,
        }  # fmt: skip


def handbook(book: Handbook, last_markdown: str = "", last_editions: str = "") -> Files:
    """All files of an edition; the same from the same, however often it is made.

    Args:
        book: all that is known.
        last_markdown: handbook.md as it lies there, with people's notes; empty where there is none.
        last_editions: handbook.json as it lies there; empty where there is none.

    Raises:
        NotesError: the notes in last_markdown cannot be told from the rest.
    """
    written = notes(last_markdown)
    told = told_chapters(book)
    editions = following(from_json(last_editions), edition(book, told))
    page = _page(book, told, editions, written)
    return Files(_markdown(page), _html(page), _calendar(book, told), as_json(editions))


def _page(book: Handbook, told: list[Told], editions: Editions, written: Mapping[str, str]) -> Page:
    as_of, names = date.fromisoformat(book.as_of), dict(book.names)
    chapters = tuple(
        ChapterView(
            one.chapter.card.segment_id, one.chapter.card.name, one.chapter.card.sentences, facts(one),
            parts(one, as_of, book.currency), written.get(one.chapter.card.segment_id, ""),
        )
        for one in told
    )  # fmt: skip
    there = {one.segment_id for one in chapters}
    former = tuple(
        (key, names.get(key, key), text) for key, text in written.items() if key not in there and text.strip()
    )
    since = editions.before.as_of if editions.before else ""
    return Page(book.title, book.as_of, book.currency, since, tuple(difference(editions)), chapters, former)


def _markdown(page: Page) -> str:
    # Notes are a person's own Markdown, and stay as they were written.
    made = markdown_environment().get_template("handbook.md.j2").render(
        page=page, block=lambda segment, text: Markup(block(segment, text))  # noqa: S704
    )  # fmt: skip
    return made.rstrip() + "\n"


def _html(page: Page) -> str:
    style = styles("report.css", "handbook.css")
    template = environment().get_template("handbook.html.j2")
    return template.render(page=page, style=style, policy=policy(style), lines=lines).rstrip() + "\n"


def _calendar(book: Handbook, told: list[Told]) -> str:
    """Never without an event, which would be no calendar: the edition's own day is one."""
    as_of = date.fromisoformat(book.as_of)
    found = [Event("edition", as_of, f"{book.title}: handbook as of {book.as_of}")]
    for one in told:
        found += events(one.chapter.card.name, one.chapter.code, planned(as_of, one.advice))
    return calendar(f"{book.title}: handbook", as_of, found)
