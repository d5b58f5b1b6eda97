"""Proposing: from looks at files to a proposal for each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from segspark.columns import quoted
from segspark.ingest.mapping import REQUIRED, canonical_columns
from segspark.ingest.proposal.claims import OWN_KEYS, Claim, settled
from segspark.ingest.proposal.guesses import guess, left_over
from segspark.ingest.proposal.joins import join_of, with_joined
from segspark.ingest.proposal.looks import Look, Seen, squashed
from segspark.ingest.proposal.personal import is_personal
from segspark.ingest.proposal.proposals import Guess, Proposal
from segspark.ingest.proposal.recognition import TABLES, table_of
from segspark.ingest.proposal.times import days
from segspark.ingest.proposal.vocabulary import NOTES
from segspark.tables import Column, Table

_KEPT = 30  # columns that are kept as properties or attributes


def propose(look: Look, several: bool = False) -> Proposal:
    """The table that a file may feed, and an expression for each canonical column that was recognised.

    Args:
        several: whether other files give events too, whose ids this one's must not meet.

    Examples:
        >>> shop = Look("sales", "csv", "sales.csv", (
        ...     Seen("id", "string", ("1", "2")), Seen("Kunde", "string", ("7", "7")),
        ...     Seen("Datum", "string", ("2025-01-31", "2025-02-01")), Seen("Betrag", "string", ("9,50", "1.200,00"))))
        >>> found = propose(shop)
        >>> found.table, found.newest.isoformat()
        ('events', '2025-02-01')
        >>> for guess in found.guesses:
        ...     print(guess.column, "=", guess.expression)
        event_id = `id`
        customer_id = `Kunde`
        event_ts = `Datum`
        event_type = 'purchase'
        amount = replace(replace(`Betrag`, '.', ''), ',', '.')
    """
    name, why = table_of(look)
    if name is None:
        return Proposal(look, None, why, unused=tuple(seen.name for seen in look.columns))
    claims = settled(look, TABLES[name])
    guesses = {column.name: guess(look, name, column, claims, several) for column in _required_first(TABLES[name])}
    used = {claim.seen.name for claim in claims.values()} | _mentioned(guesses.values(), look)
    rest = [seen for seen in look.columns if seen.name not in used and _plain(seen, name)][:_KEPT]
    if left := left_over(name, rest):
        guesses[left.column] = left
        used |= {seen.name for seen in rest}
    unused = tuple(seen.name for seen in look.columns if seen.name not in used)
    found = tuple(one for one in guesses.values() if one is not None)
    return Proposal(look, name, why, found, unused, _newest(claims))


def propose_all(looks: Sequence[Look]) -> list[Proposal]:
    """A proposal for each file; lines without customer or time are joined with the file that has them.

    Examples:
        >>> orders = Look("orders", "csv", "o.csv", (
        ...     Seen("no", "string", ("1", "2")), Seen("kunde", "string", ("a", "a")),
        ...     Seen("date", "string", ("2025-01-01", "2025-01-01"))))
        >>> lines = Look("lines", "csv", "l.csv", (
        ...     Seen("no", "string", ("1", "1")), Seen("paid", "string", ("5", "6"))))
        >>> [(found.look.name, found.join and found.join.key, found.table) for found in propose_all([orders, lines])]
        [('orders', None, None), ('lines', 'no', 'events')]
    """
    joins = {look.name: join for look in looks if (join := join_of(look, looks))}
    heads = {join.look.name: name for name, join in joins.items()}
    merged = {look.name: with_joined(look, joins.get(look.name)) for look in looks}
    several = sum(table_of(merged[look.name])[0] == "events" for look in looks if look.name not in heads) > 1
    return [
        Proposal(look, None, f"joined to {heads[look.name]}, which lacks its customers or times")
        if look.name in heads
        else replace(propose(merged[look.name], several), join=joins.get(look.name))
        for look in looks
    ]


def _required_first(table: Table) -> list[Column]:
    columns = {column.name: column for column in canonical_columns(table)}
    required = {name: columns[name] for name in REQUIRED[table.name]}
    return list((required | columns).values())


def _mentioned(guesses: Iterable[Guess | None], look: Look) -> set[str]:
    """Columns that a key's expression uses without having claimed it."""
    keys = [str(one.expression) for one in guesses if one is not None and one.expression and one.column in OWN_KEYS]
    return {seen.name for seen in look.columns for key in keys if quoted(seen.name) in key}


def _plain(seen: Seen, table: str) -> bool:
    """Whether a column can be kept as it is: neither personal nor free text nor nested nor empty."""
    if seen.nested or not seen.values or is_personal(seen, table) or squashed(seen.name) in NOTES:
        return False
    return sum(map(len, seen.values)) / len(seen.values) <= 60


def _newest(claims: dict[str, Claim]) -> date | None:
    times = [claims[name].seen for name in ("event_ts", "feedback_ts", "updated_at") if name in claims]
    return max((day for seen in times for day in days(seen)), default=None)
