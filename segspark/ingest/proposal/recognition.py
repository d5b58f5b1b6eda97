"""Recognition: which table a file may feed, by the columns that it has and by its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from segspark.ingest.proposal.claims import Claim, claimed, only_time
from segspark.ingest.proposal.looks import Look, words
from segspark.ingest.proposal.vocabulary import HINTS
from segspark.tables import CAMPAIGNS, CONSENTS, CUSTOMERS, EVENTS, FEEDBACK, IDENTITY_LINKS, PRODUCTS

TABLES = {t.name: t for t in (CONSENTS, IDENTITY_LINKS, FEEDBACK, EVENTS, CAMPAIGNS, PRODUCTS, CUSTOMERS)}
_ACTS = ("amount", "order_id", "product_id", "session_id", "campaign_id", "quantity")


@dataclass(frozen=True)
class _Evidence:
    """What speaks for one table or another.

    Attributes:
        claims: by table, what its columns would be.
        hint: the table that the file's name suggests.
        timed: whether the rows have times as events would.
    """

    claims: Mapping[str, Mapping[str, Claim]]
    hint: str | None
    timed: bool

    def has(self, table: str, *columns: str) -> bool:
        return set(columns) <= set(self.claims[table])

    def has_any(self, table: str, *columns: str) -> bool:
        return not set(columns).isdisjoint(self.claims[table])

    @property
    def acts(self) -> bool:
        """Whether the rows say what was done."""
        return self.has_any("events", *_ACTS)

    @property
    def one_each(self) -> bool:
        """Whether each row has a customer of its own."""
        return self.has("customers", "customer_id") and self.claims["customers"]["customer_id"].seen.unique


def table_of(look: Look) -> tuple[str | None, str]:
    """The table that a file may feed, None if it fits none, and what speaks for it.

    Examples:
        >>> from segspark.ingest.proposal.looks import Seen
        >>> table_of(Look("plan", "csv", "p.csv", (Seen("Kampagne", "string", ("a", "b")),)))
        ('campaigns', 'it has campaigns, and no customers')
    """
    claims = {name: claimed(look, table) for name, table in TABLES.items()}
    timed = "event_ts" in claims["events"] or only_time(look, EVENTS, claims["events"]) is not None
    evidence = _Evidence(claims, _hint(look.name), timed)
    for table, fits, why in _RULES:
        if fits(evidence):
            return table, f"it has {why}"
    return None, "no column is named like a customer, product or campaign"


def _hint(name: str) -> str | None:
    """The table by whose words a word of the file's name begins."""
    named = words(name)
    return next((table for table, starts in HINTS.items() if any(word.startswith(starts) for word in named)), None)


def _consents(file: _Evidence) -> bool:
    return file.has("consents", "customer_id", "purpose", "status")


def _identity_links(file: _Evidence) -> bool:
    return file.hint != "events" and file.has("identity_links", "customer_id", "identifier_type", "identifier")


def _feedback(file: _Evidence) -> bool:
    """A rating alone may be of a purchase, unless the file's name says that it is feedback."""
    telling = ("rating", "text") if file.hint == "feedback" else ("text",)
    opinions = file.has("feedback", "customer_id") and file.has_any("feedback", *telling)
    return opinions and not file.has_any("events", "amount", "order_id")


def _customers_by_name(file: _Evidence) -> bool:
    return file.hint == "customers" and file.has("customers", "customer_id") and (file.one_each or not file.acts)


def _events(file: _Evidence) -> bool:
    happened = file.acts or not file.one_each or file.hint == "events"
    return file.has("events", "customer_id") and file.timed and happened


def _events_to_complete(file: _Evidence) -> bool:
    return file.has("events", "amount") and (file.has("events", "order_id") or file.hint == "events")


def _campaigns(file: _Evidence) -> bool:
    return file.has("campaigns", "campaign_id") and not file.has("events", "customer_id")


def _products(file: _Evidence) -> bool:
    return file.has("products", "product_id") and not file.has("events", "customer_id")


def _customers(file: _Evidence) -> bool:
    return file.has("customers", "customer_id")


# The first that fits is taken.
_RULES: tuple[tuple[str, Callable[[_Evidence], bool], str], ...] = (
    ("consents", _consents, "customers, purposes and a status"),
    ("identity_links", _identity_links, "customers and identifiers with a type"),
    ("feedback", _feedback, "customers with a rating or a text"),
    ("customers", _customers_by_name, "customers, and is named so"),
    ("events", _events, "customers and times"),
    ("events", _events_to_complete, "amounts, and orders or such a name"),
    ("campaigns", _campaigns, "campaigns, and no customers"),
    ("products", _products, "products, and no customers"),
    ("customers", _customers, "customers, and no events"),
)
