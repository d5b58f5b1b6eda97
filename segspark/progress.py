"""What a person sees while a job runs: phases, progress and row counts; plain lines when not on a terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Item = TypeVar("Item")


class Reporter:
    """Tells what happens on a console.

    Examples:
        >>> import io
        >>> out = io.StringIO()
        >>> reporter = Reporter(Console(file=out, width=80))
        >>> with reporter.phase("features"):
        ...     reporter.say("2,469 customers")
        >>> out.getvalue().splitlines()[:2]
        ['features', '  2,469 customers']
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """One line of news. The text may come from data: it is never read as markup."""
        self.console.print(f"  {escape(text)}")

    def warn(self, text: str) -> None:
        """One line that a person should not miss."""
        self.console.print(f"  [yellow]warning:[/] {escape(text)}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[str] = ()) -> None:
        """Rows under headings, cut or wrapped to the console's width. Texts may come from data: none is markup.

        Args:
            columns: headings.
            rows: a value per heading; None is shown as nothing.
            numbers: headings of columns that are set flush right.

        Examples:
            >>> import io
            >>> out = io.StringIO()
            >>> Reporter(Console(file=out, width=40)).table(["name", "n"], [["[red]a", 1], ["b", None]], ["n"])
            >>> [line.rstrip() for line in out.getvalue().splitlines()]
            ['  name     n', '  [red]a   1', '  b']
        """
        table = Table(box=None, padding=(0, 1), header_style="bold")
        for name in columns:
            table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text("" if value is None else printable(str(value))) for value in row))
        self.console.print(Padding(table, (0, 0, 0, 1)), soft_wrap=False)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A phase, with its duration at the end."""
        started = time.monotonic()
        self.console.print(f"[bold]{escape(name)}[/]")
        yield
        self.console.print(f"  [dim]{escape(name)} took {time.monotonic() - started:.1f} s[/]")

    def track(self, items: Sequence[Item], what: str) -> Iterator[Item]:
        """Go through items, showing how far it is: a bar on a terminal, a line per tenth otherwise."""
        if self.console.is_terminal:
            columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            with Progress(*columns, console=self.console, transient=True) as progress:
                yield from progress.track(items, description=what)
            return
        step = max(1, len(items) // 10)
        for position, item in enumerate(items, start=1):
            yield item
            if position % step == 0 or position == len(items):
                self.say(f"{what}: {position} of {len(items)}")


def printable(text: str) -> str:
    r"""A text that leaves the terminal as it is: what moves its cursor or changes its colours becomes a question mark.

    Examples:
        >>> printable("a\x1b[31mb\n")
        'a?[31mb?'
    """
    return "".join(character if character.isprintable() else "?" for character in text)
