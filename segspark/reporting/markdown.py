"""Tables and texts in Markdown, whatever they hold."""

import re
from collections.abc import Iterable, Sequence

from segspark.reporting.labels import clean

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # not every reader knows a backslash before these
_SIGNS = re.compile(r"([\\`*_\[\]|~$#])")
_FIRST = re.compile(r"^(?:[-+=](?=[\s=-]|$)|\d+(?=[.)](?:\s|$)))")  # what begins an item, a rule or a heading


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    r"""The lines of a table.

    Examples:
        >>> for line in table(["name", "rule"], [("a|b", "x > 1")]):
        ...     print(line)
        | name | rule |
        |---|---|
        | a\|b | x > 1 |
    """
    return [_line(columns), "|" + "---|" * len(columns), *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def escaped(text: str) -> str:
    r"""A text on one line in which nothing is markup: no HTML, no link, no heading, no item of a list.

    Examples:
        >>> print(escaped("<b>*a* [x](http://e.com)"))
        &lt;b&gt;\*a\* \[x\](http&#58;//e.com)
        >>> print(escaped("# one"), escaped("1. two"), escaped("- three"), escaped("-1.5"))
        \# one 1\. two \- three -1.5
    """
    line = "".join(_ENTITIES.get(character, character) for character in clean(text))
    line = _SIGNS.sub(r"\\\1", line).replace("://", "&#58;//").replace("www.", "www&#46;")
    return _FIRST.sub(lambda found: f"\\{found[0]}" if found[0] in "-+=" else f"{found[0]}\\", line)
