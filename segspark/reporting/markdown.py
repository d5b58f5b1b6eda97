"""Tables in Markdown, whatever their cells hold."""

from collections.abc import Iterable, Sequence


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
