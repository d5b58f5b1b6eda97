"""Guesses: the expression proposed for a canonical column, from the column of the file that claims it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from segspark.columns import quoted, text_literal
from segspark.ingest.mapping import REQUIRED
from segspark.ingest.proposal.claims import GUESSED, LIKELY, OWN_KEYS, Claim
from segspark.ingest.proposal.keys import key_guess
from segspark.ingest.proposal.looks import Look, Seen, squashed, words
from segspark.ingest.proposal.numbers import as_number
from segspark.ingest.proposal.personal import holds_emails, is_personal
from segspark.ingest.proposal.proposals import Guess
from segspark.ingest.proposal.times import as_time
from segspark.ingest.proposal.vocabulary import FEW, KINDS, MEANS
from segspark.tables import Column

_PRICE = re.compile(r"(price|preis)$")
_LEFT_OVER = {"events": "properties", "customers": "attributes", "products": "attributes"}


def guess(look: Look, table: str, column: Column, claims: Mapping[str, Claim], several: bool) -> Guess | None:
    """The expression for a canonical column; None where there is nothing to say.

    Args:
        claims: those that hold, see `claims.settled`.
        several: whether other files give events too, whose ids this one's must not meet.

    Examples:
        >>> from segspark.tables import EVENTS
        >>> paid = Seen("paid", "string", ("9,50", "3"))
        >>> amount = next(column for column in EVENTS.columns if column.name == "amount")
        >>> guess(Look("sales", "csv", "s.csv", (paid,)), "events", amount, {"amount": Claim(paid, "sure")}, False)
        Guess(column='amount', expression="replace(replace(`paid`, '.', ''), ',', '.')", sure='sure',
              why='paid: named so; decimal comma')
    """
    if column.name in OWN_KEYS:
        return key_guess(look, table, column.name, claims, several)
    if column.name == "event_type":
        return _type_guess(claims)
    if column.name == "identifiers":
        return _identifiers_guess(look)
    if column.name in claims:
        return _claimed_guess(table, column, claims)
    return _absent_guess(look, table, column.name)


def left_over(table: str, rest: Sequence[Seen]) -> Guess | None:
    """What nothing else takes, as properties or attributes; None for a table that keeps none.

    Examples:
        >>> left_over("customers", [Seen("city", "string", ("Ulm",)), Seen("age", "int", ("40",))]).expression
        "map('city', `city`, 'age', CAST(`age` AS STRING))"
    """
    target = _LEFT_OVER.get(table)
    if target is None or not rest:
        return None
    pairs = ", ".join(f"{text_literal(seen.name)}, {_text(seen)}" for seen in rest)
    return Guess(target, f"map({pairs})", GUESSED, "what no other column takes; leave out what is of no use")


def _claimed_guess(table: str, column: Column, claims: Mapping[str, Claim]) -> Guess:
    claim = claims[column.name]
    expression, remark = _reading(claim.seen, column)
    if column.name == "amount" and "quantity" in claims and _PRICE.search(squashed(claim.seen.name)):
        remark += "; a price per unit? then multiply it by the quantity"
    if "?" in remark or (column.name in REQUIRED[table] and is_personal(claim.seen, table)):
        claim = replace(claim, sure=GUESSED)
    return Guess(column.name, expression, claim.sure, claim.why(remark, show=column.name in FEW))


def _reading(seen: Seen, column: Column) -> tuple[str, str]:
    """The expression that reads a column as the canonical one, and a remark."""
    if column.type == "TIMESTAMP":
        return as_time(seen, named=True) or (quoted(seen.name), "")
    if column.type.startswith(("DECIMAL", "DOUBLE")):
        return as_number(seen) or (quoted(seen.name), "")
    if column.name == "status":
        return _renamed(seen, "status"), ""
    if is_personal(seen):
        return _hashed(seen), "e-mail addresses, hashed"
    return quoted(seen.name), "unique in the rows seen" if seen.unique else ""


def _type_guess(claims: Mapping[str, Claim]) -> Guess:
    """A column that says what happened; else purchases and returns by the sign of the amount."""
    if claim := claims.get("event_type"):
        return Guess("event_type", _renamed(claim.seen, "event_type"), claim.sure, claim.why(show=True))
    if "amount" not in claims:
        return Guess("event_type", None, "", "no column says what happened; a constant will do, e.g. \"'page_view'\"")
    amount = claims["amount"].seen
    if not any("-" in value for value in amount.values):
        return Guess("event_type", "'purchase'", GUESSED, "there are amounts, none negative in the rows seen")
    number, _ = as_number(amount) or (quoted(amount.name), "")
    sign = f"if(try_cast({number} AS DOUBLE) < 0, 'return', 'purchase')"
    return Guess("event_type", sign, GUESSED, "there are amounts, some of them negative")


def _identifiers_guess(look: Look) -> Guess | None:
    for seen in look.columns:
        if not seen.nested and holds_emails(seen):
            expression = f"map('email_hash', {_hashed(seen)})"
            return Guess("identifiers", expression, LIKELY, f"{seen.name}: e-mail addresses, hashed")
    return None


def _absent_guess(look: Look, table: str, name: str) -> Guess | None:
    """What is said of a column that no name or value fits: nothing, unless it is required."""
    if name not in REQUIRED[table]:
        return None
    if name == "kind":
        return _kind_guess(look)
    names = ", ".join(seen.name for seen in look.columns[:30] if not is_personal(seen, table))
    return Guess(name, None, "", f"none of {names} was recognised")


def _kind_guess(look: Look) -> Guess:
    """A constant, by the file's name."""
    for kind, starts in KINDS.items():
        if any(word.startswith(starts) for word in words(look.name)):
            return Guess("kind", f"'{kind}'", GUESSED, "by the file's name")
    return Guess("kind", None, "", "no column says which; a constant will do, e.g. \"'survey'\"")


def _renamed(seen: Seen, name: str) -> str:
    """The column, with its words replaced by those that checks go by, where they are known to mean the same."""
    whens = [
        f"WHEN {text_literal(value)} THEN '{MEANS[name][squashed(value)]}'"
        for value in sorted(set(seen.values))
        if MEANS[name].get(squashed(value), value) != value
    ]
    column = _text(seen)
    return f"CASE trim({column}) {' '.join(whens)} ELSE {column} END" if whens else column


def _text(seen: Seen) -> str:
    return quoted(seen.name) if seen.type == "string" else f"CAST({quoted(seen.name)} AS STRING)"


def _hashed(seen: Seen) -> str:
    return f"sha2(lower(trim({quoted(seen.name)})), 256)"
