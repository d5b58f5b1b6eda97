"""Keys: what identifies the rows of a file, a column or several together."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

from segspark.columns import quoted, text_literal
from segspark.ingest.proposal.claims import GUESSED, LIKELY, Claim
from segspark.ingest.proposal.looks import Look, Seen, squashed
from segspark.ingest.proposal.personal import is_personal
from segspark.ingest.proposal.proposals import Guess
from segspark.ingest.proposal.times import as_time

_COUNTER = re.compile(r"(id|no|nr|line|pos|position|zeile|nummer)$")
_DIGITS = re.compile(r"\d+")
_TRIED = 8  # columns that are tried together


def key_guess(look: Look, table: str, name: str, claims: Mapping[str, Claim], several: bool) -> Guess:
    """One column that is unique; else a hint at columns that are unique together.

    Args:
        name: of the canonical column.
        claims: those that hold, see `claims.settled`.
        several: whether other files feed the table too, whose keys this one's must not meet.

    Examples:
        >>> look = Look("clicks", "csv", "c.csv", (Seen("no", "string", ("1", "2")),))
        >>> key_guess(look, "events", "event_id", {}, several=True).expression
        "concat('clicks-', `no`)"
    """
    usable = [seen for seen in look.columns if _identifies(seen, table)]
    key = _unique(name, usable, claims)
    if key is None:
        return Guess(name, None, "", _said_of_none(usable, claims))
    column = quoted(key.seen.name)
    if several and key.seen.mostly(_DIGITS):  # 1, 2, 3 of two sources would meet
        column = f"concat({text_literal(look.name + '-')}, {column})"
    return Guess(name, column, key.sure, key.why("unique in the rows seen"))


def _identifies(seen: Seen, table: str) -> bool:
    if seen.nested or seen.joined or not seen.values or is_personal(seen, table) or as_time(seen, named=False):
        return False
    return max(map(len, seen.values)) <= 64 and not any("." in value or "," in value for value in seen.values[:50])


def _unique(name: str, usable: Sequence[Seen], claims: Mapping[str, Claim]) -> Claim | None:
    """A unique column: one named so, the order's, or one that nothing else takes."""
    taken = {claim.seen.name for claim in claims.values()}
    named = [claims[name]] if name in claims else []
    order = [Claim(claims["order_id"].seen, LIKELY)] if "order_id" in claims else []
    others = [Claim(seen, GUESSED) for seen in usable if seen.name not in taken]
    return next((claim for claim in (*named, *order, *others) if claim.seen.unique), None)


def _said_of_none(usable: Sequence[Seen], claims: Mapping[str, Claim]) -> str:
    names = ", ".join(seen.name for seen in usable[:6]) or "the columns"
    together = _together(usable, [claim.seen for claim in claims.values() if claim.sure != GUESSED])
    parts = ", '-', ".join(quoted(seen.name) for seen in together)
    return f"none of {names} is unique" + (f"; e.g. concat({parts})" if together else "")


def _together(usable: Sequence[Seen], known: Sequence[Seen]) -> tuple[Seen, ...]:
    """The fewest columns that are unique together in the rows seen; identifiers and counters before others."""
    counters = [seen for seen in usable if _COUNTER.search(squashed(seen.name))]
    claimed = [seen for seen in usable if seen in known]
    times = [seen for seen in known if not seen.joined and as_time(seen, named=True)]
    ranked = list(dict.fromkeys([*counters, *claimed, *usable, *times]))[:_TRIED]
    every = (columns for size in (2, 3) for columns in combinations(ranked, size))
    return next((columns for columns in every if _tell_apart(columns)), ())


def _tell_apart(columns: Sequence[Seen]) -> bool:
    rows = list(zip(*(seen.cells for seen in columns), strict=True))
    return len(set(rows)) == len(rows) and not any(None in row for row in rows)
