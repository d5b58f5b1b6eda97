"""What people wrote into a handbook: found between its marks, and handed on as it is."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_MARK = re.compile(r"^<!-- (?:notes:(?P<start>\S+)|(?P<end>/notes)) -->[ \t]*\r?$", re.MULTILINE)
END = "<!-- /notes -->"


class NotesError(ValueError):
    """A mark of notes is missing: what is notes and what is not cannot be told."""


def start(segment_id: str) -> str:
    """The mark before a segment's notes; no id can end it.

    >>> start("seg-1"), start("a --> b")
    ('<!-- notes:seg-1 -->', '<!-- notes:a%20--%3E%20b -->')
    """
    return f"<!-- notes:{quote(segment_id, safe='')} -->"


def notes(page: str) -> dict[str, str]:
    r"""The notes of a handbook by segment id, as they stand between the marks; of one id in their order.

    Args:
        page: the handbook's Markdown; empty where there is none yet.

    Raises:
        NotesError: a mark has no other end, so that notes could be lost.

    >>> notes("# Book\n<!-- notes:seg-1 -->\nTry *tea*.\n<!-- /notes -->\n")
    {'seg-1': 'Try *tea*.\n'}
    """
    found: dict[str, str] = {}
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(page):
        if (mark["start"] is None) == (opened is None):
            raise NotesError(f"line {_line(page, mark)}: {mark[0].strip()} does not follow {_other(opened)}")
        if opened is not None:
            own, text = unquote(opened["start"]), page[opened.end() : mark.start()].removeprefix("\n")
            found[own] = found.get(own, "") + text
            opened = None
        else:
            opened = mark
    if opened is not None:
        raise NotesError(f"line {_line(page, opened)}: {opened[0].strip()} has no {END} after it")
    return found


def block(segment_id: str, text: str) -> str:
    r"""Notes between their marks.

    >>> print(block("seg-1", "Try *tea*.\n"))
    <!-- notes:seg-1 -->
    Try *tea*.
    <!-- /notes -->
    """
    return f"{start(segment_id)}\n{text if not text or text.endswith(chr(10)) else text + chr(10)}{END}"


def _line(page: str, mark: re.Match[str]) -> int:
    return page.count("\n", 0, mark.start()) + 1


def _other(opened: re.Match[str] | None) -> str:
    return "<!-- notes:SEGMENT_ID -->" if opened is None else END
