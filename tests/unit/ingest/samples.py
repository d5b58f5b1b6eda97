"""Looks at small files, made by hand, and what a test asks of the proposals for them."""

from __future__ import annotations

from segspark.ingest.proposal.looks import Look, Seen
from segspark.ingest.proposal.proposals import Guess, Proposal


def look(name: str, columns: dict[str, list[str | None]], type_: str = "string") -> Look:
    return Look(name, "csv", f"{name}.csv", tuple(Seen(key, type_, tuple(cells)) for key, cells in columns.items()))


def expressions(found: Proposal) -> dict[str, str | None]:
    return {guess.column: guess.expression for guess in found.guesses}


def guess(found: Proposal, column: str) -> Guess:
    return next(one for one in found.guesses if one.column == column)


ORDERS = look(
    "orders",
    {
        "order_id": ["A1", "A2", "A3"],
        "customer_no": ["K1", "K1", "K2"],
        "created_at": ["2025-01-31 10:00:00", "2025-02-28 11:00:00", "2025-02-01 12:00:00"],
        "total": ["10.50", "3", "7.00"],
    },
)

PEOPLE = look(
    "customers",
    {
        "customer_id": ["1", "2"],
        "email": ["ada@example.com", "bob@example.com"],
        "phone": ["0711 123456", "0711 654321"],
        "kind": ["person", "firm"],
        "name": ["Ada Lovelace", "Bob Stone"],
    },
)
