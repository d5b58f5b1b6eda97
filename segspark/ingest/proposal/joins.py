"""Joins: lines of orders, and the file that knows their customers or times."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from segspark.ingest.proposal.claims import claimed
from segspark.ingest.proposal.looks import Look, Seen
from segspark.ingest.proposal.personal import is_personal
from segspark.ingest.proposal.proposals import Joined
from segspark.tables import EVENTS


def join_of(look: Look, looks: Sequence[Look]) -> Joined | None:
    """The file with the orders of these lines: it shares a column that is unique there, and has customers and times.

    Examples:
        >>> orders = Look("orders", "csv", "o.csv", (
        ...     Seen("no", "string", ("1", "2")), Seen("kunde", "string", ("a", "a")),
        ...     Seen("date", "string", ("2025-01-01", "2025-01-01"))))
        >>> lines = Look("lines", "csv", "l.csv", (
        ...     Seen("no", "string", ("1", "1")), Seen("paid", "string", ("5", "6"))))
        >>> found = join_of(lines, [orders, lines])
        >>> found.look.name, found.key, found.columns
        ('orders', 'no', ('kunde', 'date'))
    """
    claims = claimed(look, EVENTS)
    wanted = {"customer_id", "event_ts"} - set(claims)
    if not wanted or not {"amount", "product_id", "quantity"} & set(claims):
        return None
    others = (_joined(look, other, wanted) for other in looks if other is not look)
    return next((join for join in others if join is not None), None)


def with_joined(look: Look, join: Joined | None) -> Look:
    """The file with the columns that are joined to it.

    Examples:
        >>> orders = Look("orders", "csv", "o.csv", (Seen("no", "string", ("1",)), Seen("date", "string", ("x",))))
        >>> lines = Look("lines", "csv", "l.csv", (Seen("no", "string", ("1",)),))
        >>> [(seen.name, seen.joined) for seen in with_joined(lines, Joined(orders, "no", ("date",))).columns]
        [('no', False), ('date', True)]
    """
    if join is None:
        return look
    more = [replace(seen, joined=True) for seen in join.look.columns if seen.name in join.columns]
    return replace(look, columns=(*look.columns, *more))


def _joined(look: Look, other: Look, wanted: set[str]) -> Joined | None:
    """The other file, if it has what is wanted and customers."""
    offered = {name: claim.seen for name, claim in claimed(other, EVENTS).items()}
    if not {"customer_id", *wanted} <= set(offered):
        return None
    names = {seen.name for seen in look.columns}
    shared = [seen for seen in other.columns if seen.name in names and seen.name != offered["customer_id"].name]
    key = next((seen.name for seen in shared if seen.unique), None)
    return None if key is None else Joined(other, key, _new_columns(names, other, offered.values()))


def _new_columns(names: set[str], other: Look, offered: Iterable[Seen]) -> tuple[str, ...]:
    """The other file's columns that these names lack; personal ones only where they say what is needed."""
    kept = [s.name for s in other.columns if s.name not in names and not s.nested and not is_personal(s)]
    needed = [seen.name for seen in offered if seen.name not in names and seen.name not in kept]
    return (*kept, *needed)
