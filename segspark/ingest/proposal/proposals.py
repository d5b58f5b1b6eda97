"""Proposals: what a file is proposed to be, with an expression for each canonical column."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from segspark.ingest.proposal.looks import Look
from segspark.ingest.proposal.personal import is_personal


@dataclass(frozen=True)
class Guess:
    """A canonical column with the expression proposed for it, None where nothing was found; how sure, and why."""

    column: str
    expression: str | None
    sure: str
    why: str


@dataclass(frozen=True)
class Joined:
    """Another file whose columns a source needs.

    Attributes:
        key: the column that both have; unique in the other.
        columns: those taken from the other.
    """

    look: Look
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a file is proposed to be: a source of `table`, or of none.

    Attributes:
        unused: columns that no expression uses.
        newest: the last date seen in its times.
    """

    look: Look
    table: str | None
    why: str
    guesses: tuple[Guess, ...] = ()
    unused: tuple[str, ...] = ()
    newest: date | None = None
    join: Joined | None = None

    @property
    def personal(self) -> list[str]:
        """Columns that look personal."""
        return [seen.name for seen in self.look.columns if is_personal(seen, self.table)]

    @property
    def expressions(self) -> dict[str, str]:
        """Canonical column: its expression, for those that were found."""
        return {guess.column: guess.expression for guess in self.guesses if guess.expression is not None}

    @property
    def summary(self) -> str:
        """What was made of the file, on one line.

        Examples:
            >>> look = Look("sales", "csv", "sales.csv", ())
            >>> Proposal(look, "events", "it has amounts", (Guess("event_ts", None, "", "no times"),)).summary
            'sales: events, because it has amounts; not found: event_ts'
        """
        if self.table is None:
            return f"{self.look.name}: {self.why}"
        missing = [guess.column for guess in self.guesses if guess.expression is None]
        lacking = f"; not found: {', '.join(missing)}" if missing else ""
        return f"{self.look.name}: {self.table}, because {self.why}{lacking}"

    def without(self, problems: Mapping[str, str]) -> "Proposal":
        """Without the expressions that cannot be used; what is wrong with them stays as a remark.

        Args:
            problems: canonical column: what is wrong with its expression.

        Examples:
            >>> found = Proposal(Look("sales", "csv", "s.csv", ()), "events", "", (Guess("amount", "`x`", "sure", ""),))
            >>> found.without({"amount": "no column x", "event_ts": "missing"}).guesses
            (Guess(column='amount', expression=None, sure='sure', why='no column x'),)
        """
        bad = self.expressions.keys() & problems.keys()
        guesses = [
            replace(guess, expression=None, why=problems[guess.column]) if guess.column in bad else guess
            for guess in self.guesses
        ]
        return replace(self, guesses=tuple(guesses))
