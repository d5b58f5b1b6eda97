"""Personal data: which columns look like it, by their names or by their values."""

import re

from segspark.ingest.proposal.looks import MOST, Seen, squashed
from segspark.ingest.proposal.times import as_time
from segspark.ingest.proposal.vocabulary import CALLED, IDS, PERSONAL_NAMES, PERSONAL_PARTS, THINGS

_EMAIL = re.compile(r"\S+@\S+\.\S+")
_PHONE = re.compile(r"\+\d[\d ()/-]{6,}|0\d+[ ()/-][\d ()/-]{4,}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}( ?[A-Z0-9]){11,30}")
_CARD = re.compile(r"\d{13,19}")


def is_personal(seen: Seen, table: str | None = None) -> bool:
    """Whether a column looks personal by its name or its values: e-mail, phone, name, address, card number.

    Args:
        table: that the column's file is to feed; the name of a product or of a campaign is no person's.

    Examples:
        >>> is_personal(Seen("Kontakt", "string", ("ada@example.com",)))
        True
        >>> is_personal(Seen("mailing", "string", ("N1",)))
        False
        >>> is_personal(Seen("name", "string", ("Espresso",)), "products")
        False
    """
    name = squashed(seen.name)
    if _named_so(name, table) or holds_emails(seen):
        return True
    if as_time(seen, named=False) is not None or any(name in CALLED[key] for key in IDS):
        return False
    return seen.mostly(_PHONE) or seen.mostly(_IBAN) or _holds_cards(seen)


def holds_emails(seen: Seen) -> bool:
    """Whether nearly all values are e-mail addresses.

    Examples:
        >>> holds_emails(Seen("user", "string", ("ada@example.com", None)))
        True
    """
    return seen.mostly(_EMAIL)


def _named_so(name: str, table: str | None) -> bool:
    if name.endswith("name") and name[:-4] not in ("", *THINGS):
        return True
    if name == "name" and table in ("products", "campaigns"):
        return False
    return name in PERSONAL_NAMES or any(part in name for part in PERSONAL_PARTS)


def _holds_cards(seen: Seen) -> bool:
    """Whether these pass the check digit of payment cards; by chance one number in ten does."""
    numbers = [re.sub(r"[ -]", "", value) for value in seen.values]
    cards = [number for number in numbers if _CARD.fullmatch(number) and _luhn(number)]
    return bool(cards) and len(cards) >= MOST * len(numbers)


def _luhn(number: str) -> bool:
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
