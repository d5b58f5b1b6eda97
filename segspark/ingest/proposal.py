"""Proposal: from a look at a file's columns, the table it may feed and an expression for each canonical column. Pure.

Nothing here is certain: every proposal says how sure it is and why. No value of a personal-looking column is shown.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import yaml

from segspark.columns import quoted, text_literal
from segspark.ingest.mapping import REQUIRED, canonical_columns
from segspark.tables import CAMPAIGNS, CONSENTS, CUSTOMERS, EVENTS, FEEDBACK, IDENTITY_LINKS, PRODUCTS, Column, Table

SURE, LIKELY, GUESSED = "sure", "likely", "guessed"
TABLES = {t.name: t for t in (CONSENTS, IDENTITY_LINKS, FEEDBACK, EVENTS, CAMPAIGNS, PRODUCTS, CUSTOMERS)}

# Canonical column: what exports call it, squashed (see `squashed`), the best name first.
_CALLED = {
    "customer_id": "customerid customerno customernumber customernr customer custid custno clientid clientno client "
    "userid userno user memberid memberno member accountid accountno account householdid household shopperid buyerid "
    "visitorid personid contactid kundenid kundennr kundenno kundennummer kundeid kunde kdnr mitgliedsnummer mitglied "
    "nutzerid benutzerid numeroclient codeclient idclient cliente idcliente",
    "event_id": "eventid eventuuid transactionid transaktionsid transaktionsnr buchungsid buchungsnr hitid messageid "
    "lineid positionsid belegid",
    "event_ts": "eventts eventtime eventdate timestamp ts occurredat purchasedat purchasedate orderedat orderdate "
    "ordertime transactiontimestamp transactiondate invoicedate saledate soldat visitedat clickedat sentat createdat "
    "createdon created datetime time date at zeitpunkt zeitstempel bestelltam bestelldatum bestellzeit kaufdatum "
    "verkaufsdatum buchungsdatum rechnungsdatum belegdatum erstelltam erstellt datum zeit fecha dateheure",
    "event_type": "eventtype eventname event type kind action activity what art typ ereignis ereignisart aktion "
    "vorgang belegart vorgangsart",
    "channel": "channel saleschannel kanal vertriebskanal shop store medium filiale",
    "session_id": "sessionid session visitid visit sitzung sitzungsid besuch",
    "order_id": "orderid orderno ordernumber ordernr order basketid basket cartid receiptid receiptno invoiceno "
    "invoiceid bestellid bestellnr bestellnummer bestellung auftragsnr auftragsnummer auftrag rechnungsnr "
    "rechnungsnummer belegnr belegnummer bonnr warenkorb",
    "product_id": "productid productno productcode sku ean gtin articleno articleid itemid itemno item product "
    "produktid produktnr produktnummer artikelid artikelnr artikelnummer artikelno artikel produkt article asin",
    "category": "category productcategory categoryname kategorie produktkategorie warengruppe department sortiment",
    "quantity": "quantity qty units pieces count menge anzahl stueck stk stueckzahl cantidad quantite",
    "amount": "amount total linetotal totalamount grandtotal totalprice paid price revenue sales salesvalue value "
    "netamount grossamount betrag gesamtbetrag summe gesamt preis gesamtpreis umsatz nettobetrag bruttobetrag importe "
    "montant",
    "discount": "discount discountamount rebate rabatt nachlass descuento remise",
    "campaign_id": "campaignid campaigncode campaign mailingid mailing newsletterid kampagnenid kampagne utmcampaign",
    "page_depth": "pagedepth scrolldepth scrolltiefe",
    "duration_seconds": "durationseconds duration dauer dauersekunden seconds sekunden",
    "rating": "rating score stars nps bewertung sterne note punkte",
    "text": "text comment review body message feedback kommentar bewertungstext freitext nachricht",
    "currency": "currency currencycode waehrung waehrungscode isocurrency",
    "updated_at": "updatedat updatedon lastmodified modifiedat lastupdate geaendertam geaendert aenderungsdatum",
    "valid_from": "validfrom gueltigab gueltigvon since seit consentedat grantedat",
    "brand": "brand marke hersteller manufacturer",
    "name": "name productname articlename title bezeichnung titel produktname artikelname artikelbezeichnung "
    "campaignname kampagnenname article artikel description beschreibung",
    "campaign_type": "campaigntype type kind art typ kampagnenart",
    "start_ts": "startts start startdate startsat startat beginn startdatum von begin",
    "end_ts": "endts end enddate endsat endat ende enddatum bis",
    "cost": "cost costs budget spend kosten",
    "feedback_id": "feedbackid reviewid ticketid ticketno surveyid responseid bewertungsid ticketnr",
    "feedback_ts": "feedbackts submittedat respondedat reviewedat reviewdate",
    "kind": "kind type art typ source",
    "purpose": "purpose consentpurpose consenttype zweck verwendungszweck einwilligungsart",
    "status": "status state consent consentstatus einwilligung zustimmung",
    "identifier_type": "identifiertype idtype typ type kind",
    "identifier": "identifier externalid value wert kennung",
}
_KEYS = {t: REQUIRED[t][0] for t in ("events", "customers", "products", "campaigns", "feedback")}  # what a bare "id" is
_IDS = ("customer_id", "event_id", "order_id", "product_id", "session_id", "campaign_id", "feedback_id")
_FEW = ("event_type", "channel", "currency", "campaign_type", "kind", "purpose", "status", "identifier_type")
_TIMES_ALSO = {"feedback_ts": "event_ts", "valid_from": "event_ts"}  # where required
_HINTS = {
    "consents": "consent einwilligung optin permission zustimmung",
    "identity_links": "identity identities link crosswalk",
    "feedback": "feedback review survey umfrage bewertung ticket rezension nps",
    "events": "event order bestell transaction transaktion purchase kauf verkauf sale umsatz click visit session log "
    "basket invoice rechnung receipt newsletter pageview auftrag beleg",
    "campaigns": "campaign kampagne",
    "products": "product produkt article artikel item sku catalog katalog sortiment",
    "customers": "customer kunde client user member mitglied household crm contact nutzer demographic",
}
_PERSONAL_INSIDE = (
    "email telefon phone vorname nachname firstname lastname surname fullname username anschrift adresse address "
    "strasse street iban kreditkart creditcard cardn loyaltycard kundenkarte geburt birth passport ausweis handy"
)
_PERSONAL_WHOLE = "mail emails tel fax mobil mobile name kundenname customername dob ssn ip card karte bic"
_THINGS = (
    "product article artikel produkt item campaign kampagnen category kategorie brand event shop page file utmcampaign"
)
_NOTES = "note notes notiz notizen bemerkung bemerkungen comment comments kommentar memo remark remarks text"
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_PHONE = re.compile(r"\+\d[\d ()/-]{6,}|0\d+[ ()/-][\d ()/-]{4,}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}( ?[A-Z0-9]){11,30}")
_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
_CLOCK, _CLOCK_FORMAT = r"( \d{1,2}:\d{2}(:\d{2})?)?", "[ H:mm[:ss]]"
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_COMMAS = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_MONEY = re.compile(r"([€$£]|EUR|USD|GBP|CHF)")
# Words that tables and checks go by, and what exports say instead.
_MEANS = {
    "event_type": {
        "purchase": "purchase sale sold order bought buy kauf verkauf bestellung umsatz",
        "return": "return returned refund refunded retoure rueckgabe gutschrift erstattung storno",
    },
    "status": {
        "granted": "granted yes y ja j true 1 optin erteilt",
        "denied": "denied no n nein false 0 abgelehnt",
        "withdrawn": "withdrawn revoked optout widerrufen",
    },
}
_KINDS = {"review": "review rezension bewertung", "ticket": "ticket", "survey": "survey umfrage nps"}
_MOST = 0.9  # share of values that must look alike: the rest is quarantined, row by row
_LEFT_OVER = 30


@dataclass(frozen=True)
class Seen:
    """What was seen of a column.

    Attributes:
        type: its Spark type; everything of a CSV file is string.
        cells: the first rows' values as text, None for null; aligned with the other columns' unless `joined`.
        joined: whether it comes from another file, so that its values repeat here in ways not seen.

    Examples:
        >>> Seen("no", "string", ("1", "2", None)).unique, Seen("no", "string", ("1", "2")).unique
        (False, True)
    """

    name: str
    type: str
    cells: tuple[str | None, ...]
    joined: bool = False

    @property
    def values(self) -> list[str]:
        """The values that say something."""
        return [cell.strip() for cell in self.cells if cell is not None and cell.strip()]

    @property
    def unique(self) -> bool:
        """Whether each row seen has a value of its own."""
        return not self.joined and 0 < len(self.cells) == len(set(self.values))

    @property
    def few(self) -> bool:
        """Whether these are few distinct short words."""
        distinct = set(self.values)
        return 0 < len(distinct) <= 20 and max(map(len, distinct)) <= 40

    @property
    def nested(self) -> bool:
        """Whether it has parts of its own."""
        return self.type.startswith(("struct", "array", "map", "variant", "binary"))


@dataclass(frozen=True)
class Look:
    """What was seen of a file or folder, and how the configuration names it.

    Attributes:
        name: of the source; lower-case letters, digits and _.
    """

    name: str
    format: str
    path: str
    columns: tuple[Seen, ...]
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Guess:
    """A canonical column with the expression proposed for it, None where nothing was found; how sure, and why."""

    column: str
    expression: str | None
    sure: str
    why: str


@dataclass(frozen=True)
class Joined:
    """Another file whose columns a source needs."""

    look: Look
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a file is proposed to be: a source of `table`, or of none."""

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


def squashed(name: str) -> str:
    """A name without case, punctuation and accents.

    Examples:
        >>> squashed("Kunden-Nr."), squashed("GesamtStückzahl")
        ('kundennr', 'gesamtstueckzahl')
    """
    lower = name.lower()
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        lower = lower.replace(letter, plain)
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", lower))


def is_personal(seen: Seen, table: str | None = None) -> bool:
    """Whether a column looks personal by its name or its values: e-mail, phone, name, address, card number.

    Examples:
        >>> is_personal(Seen("Kontakt", "string", ("ada@example.com",)))
        True
        >>> is_personal(Seen("mailing", "string", ("N1",)))
        False
    """
    name = squashed(seen.name)
    named = name in _PERSONAL_WHOLE.split() or any(word in name for word in _PERSONAL_INSIDE.split())
    of_things = table in ("products", "campaigns") and name == "name"
    of_persons = name.endswith("name") and name[:-4] not in ("", *_THINGS.split())
    if of_persons or (named and not of_things):
        return True
    if _mostly(seen, _EMAIL):
        return True
    if as_time(seen, named=False) is not None or any(name in _CALLED[key].split() for key in _IDS):
        return False
    return any(_mostly(seen, pattern) for pattern in (_PHONE, _IBAN)) or _cards(seen)


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
    table, why = _table_of(look)
    if table is None:
        return Proposal(look, None, why, unused=tuple(seen.name for seen in look.columns))
    claimed = _claimed(look, TABLES[table])
    guesses = {name: _guess(look, table, name, claimed, several) for name in _order(table)}
    used = {seen.name for seen, _ in claimed.values()} | _mentioned(guesses.values(), look)
    rest = [seen for seen in look.columns if seen.name not in used and _plain(seen, table)]
    if left := _left_over(table, rest):
        guesses[left.column] = left
    unused = [s.name for s in look.columns if s.name not in used and (s not in rest[:_LEFT_OVER] or not left)]
    times = [seen for name, (seen, _) in claimed.items() if name in ("event_ts", "feedback_ts", "updated_at")]
    newest = max((day for seen in times for day in _days(seen)), default=None)
    return Proposal(look, table, why, tuple(g for g in guesses.values() if g is not None), tuple(unused), newest)


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
    joins = {look.name: join for look in looks if (join := _join_of(look, looks))}
    heads = {join.look.name: name for name, join in joins.items()}
    merged = {look.name: _with_joined(look, joins.get(look.name)) for look in looks}
    several = sum(_table_of(merged[look.name])[0] == "events" for look in looks if look.name not in heads) > 1
    proposals = []
    for look in looks:
        if look.name in heads:
            why = f"joined to {heads[look.name]}, which lacks its customers or times"
            proposals.append(Proposal(look, None, why))
        else:
            proposals.append(replace(propose(merged[look.name], several), join=joins.get(look.name)))
    return proposals


def as_time(seen: Seen, named: bool) -> tuple[str, str] | None:
    """How to read a column as times, and a remark; None if it does not look like times.

    Args:
        named: whether its name says so, too; only then are whole numbers taken for times.

    Examples:
        >>> as_time(Seen("t", "string", ("1735689600", "1735689700")), named=True)
        ('try_cast(try_cast(`t` AS BIGINT) AS TIMESTAMP)', 'seconds since 1970')
        >>> as_time(Seen("t", "string", ("31.12.2024 23:59",)), named=False)
        ("CAST(try_to_timestamp(`t`, 'd.M.yyyy[ H:mm[:ss]]') AS TIMESTAMP_NTZ)", 'day.month.year')
    """
    column = quoted(seen.name)
    if seen.type.startswith(("timestamp", "date")) or _mostly(seen, _ISO):
        return column, "times" if _mostly(seen, re.compile(r".{11,}")) else "dates"
    for mark, said in ((r"\.", "day.month.year"), ("/", "")):
        if _mostly(seen, re.compile(rf"\d{{1,2}}{mark}\d{{1,2}}{mark}\d{{4}}{_CLOCK}")):
            pattern = "d.M.yyyy" if said else _slashes(seen)
            return _parsed(column, pattern + _CLOCK_FORMAT), said or f"{pattern}; day or month first?"
    if named and _mostly(seen, re.compile(r"(19|20)\d{6}")):
        return _parsed(f"CAST({column} AS STRING)", "yyyyMMdd"), "yearmonthday"
    if named and _mostly(seen, re.compile(r"1\d{9}")):
        return f"try_cast(try_cast({column} AS BIGINT) AS TIMESTAMP)", "seconds since 1970"
    if named and _mostly(seen, re.compile(r"1\d{12}")):
        return f"try_cast(try_cast({column} AS DECIMAL(20,0)) / 1000 AS TIMESTAMP)", "milliseconds since 1970"
    return None


def as_number(seen: Seen) -> tuple[str, str] | None:
    """How to read a column as numbers, and a remark; None if it does not look like numbers.

    Examples:
        >>> as_number(Seen("p", "string", ("€ 1,200.50",)))
        ("replace(regexp_replace(`p`, '[^0-9.,+-]', ''), ',', '')", 'comma between thousands, currency sign')
    """
    column, signs = quoted(seen.name), ""
    if _mostly(seen, _MONEY, inside=True):
        seen = replace(seen, cells=tuple(re.sub(r"[^0-9.,+-]", "", value) for value in seen.values))
        column, signs = f"regexp_replace({column}, '[^0-9.,+-]', '')", ", currency sign"
    if _mostly(seen, _NUMBER):
        return column, f"numbers{signs}"
    if _mostly(seen, _THOUSANDS) or (_mostly(seen, re.compile(rf"{_THOUSANDS.pattern}|{_NUMBER.pattern}"))):
        return f"replace({column}, ',', '')", f"comma between thousands{signs}"
    if _mostly(seen, _COMMAS):
        return f"replace(replace({column}, '.', ''), ',', '.')", f"decimal comma{signs}"
    return None


def yaml_text(proposals: Sequence[Proposal], root: str, store: str | None, command: str) -> str:
    """The configuration as commented YAML; whatever names and values hold, they stay what they are.

    Args:
        root: folder of the tables.
        store: MLflow's store; None to leave its default.
        command: the configuration's path as the next commands name it.
    """
    newest = max((found.newest for found in proposals if found.newest), default=None)
    as_of = (newest + timedelta(days=1)).isoformat() if newest else "DATE"
    money, why_money = _currency(proposals)
    lines = [
        "# Proposed by `segspark init` from the first rows of each file. Nothing here is certain: read every line,",
        "# complete what has ???, delete what is wrong. Then:",
        _comment(f"  segspark ingest --check --config {command} --as-of {as_of}"),
        _comment(f"  segspark run --config {command} --as-of {as_of}"),
        _comment(f"as_of: the day after the newest time seen, {newest}; the files may hold later ones")
        if newest
        else _comment("as_of: no times were seen; take the day after the newest event"),
        "",
        "workspace:",
        f"  root: {_scalar(root)}",
        "time:",
        "  business_timezone: UTC  # ??? zone of dates and of as_of's midnight, such as Europe/Berlin",
        "  input_timezone: UTC  # ??? zone of times that name none",
        "money:",
        f"  currency: {_scalar(money)}  {_comment(why_money)}",
        *([] if store is None else ["tracking:", f"  uri: {_scalar(store)}"]),
        "",
        "sources:",
    ]
    for table in ("events", "customers", "products", "campaigns", "feedback", "consents", "identity_links"):
        of_table = [found for found in proposals if found.table == table]
        if of_table or table == "events":
            lines.append(
                f"  {table}:" if of_table else "  # events: ???  no file looks like events; at least one must be"
            )
        for found in of_table:
            lines += [*_source_lines(found), ""]
    lines += [line for found in proposals if found.table is None for line in _unplaced_lines(found)]
    return "\n".join(lines).rstrip() + "\n"


def _table_of(look: Look) -> tuple[str | None, str]:
    found = {name: set(_claimed(look, table)) for name, table in TABLES.items()}
    hint = _hint(look.name)
    events = found["events"]
    acts = events & {"amount", "order_id", "product_id", "session_id", "campaign_id", "quantity"}
    customer = "customer_id" in events
    timed = "event_ts" in events or bool(_only_time(look, "events", "event_ts", _claimed(look, EVENTS)))
    customers = _claimed(look, CUSTOMERS)
    one_each = "customer_id" in customers and customers["customer_id"][0].unique
    rules: list[tuple[str, bool, str]] = [
        ("consents", {"customer_id", "purpose", "status"} <= found["consents"], "customers, purposes and a status"),
        (
            "identity_links",
            hint != "events" and {"customer_id", "identifier_type", "identifier"} <= found["identity_links"],
            "customers and identifiers with a type",
        ),
        (
            "feedback",
            "customer_id" in found["feedback"]
            and (bool({"rating", "text"} & found["feedback"]) if hint == "feedback" else "text" in found["feedback"])
            and not acts & {"amount", "order_id"},
            "customers with a rating or a text",
        ),
        (
            "customers",
            hint == "customers" and "customer_id" in customers and (one_each or not acts),
            "customers, and is named so",
        ),
        (
            "events",
            customer and timed and (bool(acts) or not one_each or hint == "events"),
            "customers and times",
        ),
        (
            "events",
            "amount" in events and ("order_id" in events or hint == "events"),
            "amounts, and orders or such a name",
        ),
        ("campaigns", not customer and "campaign_id" in found["campaigns"], "campaigns, and no customers"),
        ("products", not customer and "product_id" in found["products"], "products, and no customers"),
        ("customers", "customer_id" in customers, "customers, and no events"),
    ]
    for table, fits, why in rules:
        if fits:
            return table, f"it has {why}"
    return None, "no column is named like a customer, product or campaign"


def _hint(name: str) -> str | None:
    words = [squashed(part) for part in re.split(r"[^0-9A-Za-zÀ-ÿ]+|_", name)]
    for table, starts in _HINTS.items():
        if any(word.startswith(start) for word in words for start in starts.split() if word):
            return table
    return None


def _claimed(look: Look, table: Table) -> dict[str, tuple[Seen, str]]:
    """Canonical column: the column that claims it by its name and values, and how sure; each is claimed once."""
    claimed: dict[str, tuple[Seen, str]] = {}
    taken: set[str] = set()
    for sure in (SURE, LIKELY):
        for column in canonical_columns(table):
            if column.name in claimed or column.type.startswith("MAP"):
                continue
            ranked = [
                (rank, position)
                for position, seen in enumerate(look.columns)
                if seen.name not in taken
                and (rank := _rank(seen, column, table.name, exact=sure == SURE)) is not None
                and _fits(seen, column, table.name)
            ]
            if ranked:
                seen = look.columns[min(ranked)[1]]
                claimed[column.name] = (seen, sure)
                taken.add(seen.name)
    return claimed


def _rank(seen: Seen, column: Column, table: str, exact: bool) -> int | None:
    called = [squashed(column.name), *_CALLED.get(column.name, "").split()]
    if (also := _TIMES_ALSO.get(column.name)) and column.name in REQUIRED[table]:
        called += _CALLED[also].split()
    if column.name == _KEYS.get(table):
        called += ["id", "uuid", "guid", "no", "nr"]
    name = squashed(seen.name)
    if exact:
        return called.index(name) if name in called else None
    return next((rank for rank, word in enumerate(called) if len(word) >= 6 and name.endswith(word)), None)


def _fits(seen: Seen, column: Column, table: str) -> bool:
    if seen.nested or not seen.values:
        return False
    if column.type == "TIMESTAMP":
        return as_time(seen, named=True) is not None
    if column.type.startswith(("DECIMAL", "DOUBLE")):
        return as_number(seen) is not None
    if is_personal(seen, table):
        return column.name in ("customer_id", "identifier") and _mostly(seen, _EMAIL)
    if column.name in (_KEYS.get(table), "event_id", "order_id", "session_id") and as_time(seen, named=False):
        return False
    return seen.few if column.name in _FEW else True


def _order(table: str) -> list[str]:
    """Required columns first."""
    names = [column.name for column in canonical_columns(TABLES[table])]
    return [*REQUIRED[table], *(name for name in names if name not in REQUIRED[table])]


def _guess(look: Look, table: str, name: str, claimed: dict[str, tuple[Seen, str]], several: bool) -> Guess | None:
    if name in ("event_id", "feedback_id"):
        return _key_guess(look, table, name, claimed, several)
    if name == "event_type":
        return _type_guess(claimed)
    if name == "identifiers":
        return _identifiers_guess(look)
    if name not in claimed and name in ("event_ts", "feedback_ts", "valid_from") and name in REQUIRED[table]:
        claimed.update(_only_time(look, table, name, claimed))
    if name not in claimed:
        return _absent(look, table, name)
    seen, sure = claimed[name]
    expression, remark = _reading(seen, next(one for one in canonical_columns(TABLES[table]) if one.name == name))
    if name == "amount" and "quantity" in claimed and re.search(r"(price|preis)$", squashed(seen.name)):
        remark += "; a price per unit? then multiply it by the quantity"
    if "?" in remark or (name in REQUIRED[table] and is_personal(seen, table)):
        sure = GUESSED
    return Guess(name, expression, sure, _why(seen, sure, remark, show=name in _FEW))


def _only_time(
    look: Look, table: str, name: str, claimed: Mapping[str, tuple[Seen, str]]
) -> dict[str, tuple[Seen, str]]:
    """The one column of times that nothing claims, for a name that wants a time; none where there are several."""
    taken = {seen.name for seen, _ in claimed.values()}
    times = [s for s in look.columns if s.name not in taken and as_time(s, False) and not is_personal(s, table)]
    return {name: (times[0], GUESSED)} if len(times) == 1 else {}


def _reading(seen: Seen, column: Column) -> tuple[str, str]:
    if column.type == "TIMESTAMP":
        return as_time(seen, named=True) or (quoted(seen.name), "")
    if column.type.startswith(("DECIMAL", "DOUBLE")):
        return as_number(seen) or (quoted(seen.name), "")
    if column.name == "status":
        return _renamed(seen, column.name), ""
    if is_personal(seen):
        return _hashed(seen), "e-mail addresses, hashed"
    return quoted(seen.name), "unique in the rows seen" if seen.unique else ""


def _key_guess(look: Look, table: str, name: str, claimed: dict[str, tuple[Seen, str]], several: bool) -> Guess:
    """One column that is unique; else a hint at columns that are unique together."""
    named = claimed.pop(name, None)
    order = claimed.get("order_id")
    usable = [seen for seen in look.columns if _identifies(seen, table)]
    taken = {seen.name for seen, _ in claimed.values()}
    other = next((seen for seen in usable if seen.unique and seen.name not in taken), None)
    for found, sure in (named or (None, ""), (order[0], LIKELY) if order else (None, ""), (other, GUESSED)):
        if found is not None and found.unique:
            if found in (named or ()):
                claimed[name] = (found, sure)
            column = quoted(found.name)
            bare = several and _mostly(found, re.compile(r"\d+"))  # 1, 2, 3 of two sources would meet
            expression = f"concat({text_literal(look.name + '-')}, {column})" if bare else column
            return Guess(name, expression, sure, _why(found, sure, "unique in the rows seen", show=False))
    seen_names = ", ".join(seen.name for seen in usable[:6]) or "the columns"
    together = _together(usable, [seen for seen, _ in claimed.values()])
    parts = ", '-', ".join(quoted(seen.name) for seen in together)
    hint = f"; e.g. concat({parts})" if together else ""
    return Guess(name, None, "", f"none of {seen_names} is unique{hint}")


def _identifies(seen: Seen, table: str) -> bool:
    if seen.nested or seen.joined or not seen.values or is_personal(seen, table) or as_time(seen, False):
        return False
    return max(map(len, seen.values)) <= 64 and not any("." in value or "," in value for value in seen.values[:50])


def _together(usable: Sequence[Seen], claimed: Sequence[Seen]) -> tuple[Seen, ...]:
    """The fewest columns that are unique together in the rows seen; identifiers and counters before others."""
    first = [s for s in usable if re.search(r"(id|no|nr|line|pos|position|zeile|nummer)$", squashed(s.name))]
    ranked = [*first, *(s for s in usable if s not in first and s in claimed), *(s for s in usable if s not in claimed)]
    ranked = [*dict.fromkeys(ranked), *(s for s in claimed if s not in ranked and not s.joined and as_time(s, True))][
        :8
    ]
    for size in (2, 3):
        for columns in combinations(ranked, size):
            rows = list(zip(*(seen.cells for seen in columns), strict=True))
            if len(set(rows)) == len(rows) and not any(None in row for row in rows):
                return columns
    return ()


def _type_guess(claimed: dict[str, tuple[Seen, str]]) -> Guess:
    """A column that says what happened; else purchases and returns by the sign of the amount."""
    amount = claimed.get("amount")
    if "event_type" in claimed:
        seen, sure = claimed["event_type"]
        return Guess("event_type", _renamed(seen, "event_type"), sure, _why(seen, sure, "", show=True))
    if amount is None:
        return Guess("event_type", None, "", "no column says what happened; a constant will do, e.g. \"'page_view'\"")
    number, _ = as_number(amount[0]) or (quoted(amount[0].name), "")
    if not any("-" in value for value in amount[0].values):
        return Guess("event_type", "'purchase'", GUESSED, "there are amounts, none negative in the rows seen")
    sign = f"if(try_cast({number} AS DOUBLE) < 0, 'return', 'purchase')"
    return Guess("event_type", sign, GUESSED, "there are amounts, some of them negative")


def _renamed(seen: Seen, name: str) -> str:
    """The column, with its words replaced by those that checks go by, where they are known to mean the same."""
    meant = {said: word for word, others in _MEANS[name].items() for said in others.split()}
    whens = [
        f"WHEN {text_literal(value)} THEN '{meant[squashed(value)]}'"
        for value in sorted(set(seen.values))
        if meant.get(squashed(value), value) != value
    ]
    column = _text(seen)
    return f"CASE trim({column}) {' '.join(whens)} ELSE {column} END" if whens else column


def _text(seen: Seen) -> str:
    return quoted(seen.name) if seen.type == "string" else f"CAST({quoted(seen.name)} AS STRING)"


def _identifiers_guess(look: Look) -> Guess | None:
    for seen in look.columns:
        if not seen.nested and _mostly(seen, _EMAIL):
            expression = f"map('email_hash', {_hashed(seen)})"
            return Guess("identifiers", expression, LIKELY, f"{seen.name}: e-mail addresses, hashed")
    return None


def _hashed(seen: Seen) -> str:
    return f"sha2(lower(trim({quoted(seen.name)})), 256)"


def _absent(look: Look, table: str, name: str) -> Guess | None:
    """What is said of a column that no name or value fits: nothing, unless it is required."""
    if name not in REQUIRED[table]:
        return None
    if name == "kind":
        return _kind_guess(look)
    names = ", ".join(seen.name for seen in look.columns[:30] if not is_personal(seen, table))
    return Guess(name, None, "", f"none of {names} was recognised")


def _kind_guess(look: Look) -> Guess:
    """A constant, by the file's name."""
    words = look.name.split("_")
    for kind, starts in _KINDS.items():
        if any(word.startswith(tuple(starts.split())) for word in words):
            return Guess("kind", f"'{kind}'", GUESSED, "by the file's name")
    return Guess("kind", None, "", "no column says which; a constant will do, e.g. \"'survey'\"")


def _left_over(table: str, rest: Sequence[Seen]) -> Guess | None:
    """What nothing else takes, as properties or attributes."""
    target = {"events": "properties", "customers": "attributes", "products": "attributes"}.get(table)
    if target is None or not rest:
        return None
    pairs = []
    for seen in rest[:_LEFT_OVER]:
        pairs.append(f"{text_literal(seen.name)}, {_text(seen)}")
    return Guess(target, f"map({', '.join(pairs)})", GUESSED, "what no other column takes; leave out what is of no use")


def _plain(seen: Seen, table: str) -> bool:
    """Whether a column can be kept as it is: neither personal nor free text nor nested nor empty."""
    if seen.nested or not seen.values or is_personal(seen, table) or squashed(seen.name) in _NOTES.split():
        return False
    return sum(map(len, seen.values)) / len(seen.values) <= 60


def _mentioned(guesses: Iterable[Guess | None], look: Look) -> set[str]:
    """Columns that an expression uses without having claimed them: keys and identifiers."""
    alone = [g for g in guesses if g is not None and g.expression and g.column in ("event_id", "feedback_id")]
    return {s.name for s in look.columns for g in alone if quoted(s.name) in str(g.expression)}


def _join_of(look: Look, looks: Sequence[Look]) -> Joined | None:
    """The file with the orders of these lines: it shares a column that is unique there, and has customers and times."""
    claimed = _claimed(look, EVENTS)
    wanted = {"customer_id", "event_ts"} - set(claimed)
    if not wanted or not {"amount", "product_id", "quantity"} & set(claimed):
        return None
    names = {seen.name for seen in look.columns}
    for other in looks:
        offered = {name: seen for name, (seen, _) in _claimed(other, EVENTS).items()}
        if other is look or not wanted <= set(offered) or "customer_id" not in offered:
            continue
        for seen in other.columns:
            if seen.name in names and seen.unique and seen.name != offered["customer_id"].name:
                kept = [s.name for s in other.columns if s.name not in names and not s.nested and not is_personal(s)]
                needed = [s.name for s in offered.values() if s.name not in names and s.name not in kept]
                return Joined(other, seen.name, (*kept, *needed))
    return None


def _with_joined(look: Look, join: Joined | None) -> Look:
    if join is None:
        return look
    more = [replace(seen, joined=True) for seen in join.look.columns if seen.name in join.columns]
    return replace(look, columns=(*look.columns, *more))


def _mostly(seen: Seen, pattern: re.Pattern[str], inside: bool = False) -> bool:
    values = seen.values
    matched = sum(bool(pattern.search(v) if inside else pattern.fullmatch(v)) for v in values)
    return bool(values) and matched >= _MOST * len(values)


def _cards(seen: Seen) -> bool:
    """Whether these pass the check digit of payment cards; by chance one number in ten does."""
    digits = [re.sub(r"[ -]", "", value) for value in seen.values]
    long = [number for number in digits if re.fullmatch(r"\d{13,19}", number)]
    return len(long) >= _MOST * max(len(digits), 1) and sum(map(_luhn, long)) >= _MOST * len(digits) and bool(long)


def _luhn(number: str) -> bool:
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _slashes(seen: Seen) -> str:
    """Day or month first: what is above 12 is no month."""
    firsts = [int(value.split("/")[0]) for value in seen.values if re.match(r"\d{1,2}/\d{1,2}/", value)]
    seconds = [int(value.split("/")[1]) for value in seen.values if re.match(r"\d{1,2}/\d{1,2}/", value)]
    return "M/d/yyyy" if max(seconds) > 12 >= max(firsts) else "d/M/yyyy"


def _parsed(column: str, pattern: str) -> str:
    """Without a zone, so that the input's is applied."""
    return f"CAST(try_to_timestamp({column}, '{pattern}') AS TIMESTAMP_NTZ)"


def _days(seen: Seen) -> list[date]:
    """The dates of a column of times; what cannot be read is passed over."""
    expression = (as_time(seen, named=True) or ("", ""))[0]
    return [day for value in seen.values if (day := _day(value, expression)) is not None]


def _day(value: str, expression: str) -> date | None:
    try:
        if "BIGINT" in expression or "DECIMAL" in expression:
            return datetime.fromtimestamp(int(value) / (1000 if "DECIMAL" in expression else 1), UTC).date()
        if "M/d" in expression:
            month, day, year = re.split(r"[/ ]", value)[:3]
            return date(int(year), int(month), int(day))
        if "d.M" in expression or "d/M" in expression:
            day, month, year = re.split(r"[./ ]", value)[:3]
            return date(int(year), int(month), int(day))
        if "yyyyMMdd" in expression:
            return date(int(value[:4]), int(value[4:6]), int(value[6:8]))
        year, month, day = re.split(r"[-T ]", value)[:3]
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError, OSError):
        return None


def _currency(proposals: Sequence[Proposal]) -> tuple[str, str]:
    """The currency that most events name."""
    columns = [
        seen
        for found in proposals
        if found.table == "events"
        for seen in found.look.columns
        if squashed(seen.name) in _CALLED["currency"].split()
    ]
    counts = Counter(v for seen in columns for v in seen.values if re.fullmatch("[A-Z]{3}", v))
    if not counts:
        return "USD", "??? no currency was seen"
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    others = f"; rows in {', '.join(ranked[1:4])} would be refused" if ranked[1:] else ""
    return ranked[0], f"{LIKELY}: seen in the events{others}"


def _why(seen: Seen, sure: str, remark: str, show: bool) -> str:
    named = {SURE: "named so", LIKELY: "fits by name or value", GUESSED: "fits by value"}[sure]
    shown = ", ".join(sorted(set(seen.values))[:5]) if show and seen.few and not is_personal(seen) else ""
    return "; ".join(part for part in (f"{seen.name}: {named}", remark, shown and f"seen: {shown}") if part)


def _source_lines(found: Proposal) -> list[str]:
    look = found.look
    lines = [
        f"    {_comment(f'{look.name}: {found.table}, because {found.why}')}",
        f"    - name: {_scalar(look.name)}",
        f"      format: {_scalar(look.format)}",
        f"      path: {_scalar(look.path)}",
        *_option_lines(look, "      "),
    ]
    if found.join:
        other = found.join
        lines += [
            "      joins:",
            f"        - format: {_scalar(other.look.format)}",
            f"          path: {_scalar(other.look.path)}",
            *_option_lines(other.look, "          "),
            f"          keys: {_flow([other.key])}  {_comment('guessed: unique there in the rows seen')}",
            f"          columns: {_flow(other.columns)}",
        ]
    if found.personal:
        lines.append(f"      personal: {_flow(found.personal)}  {_comment('by name or values; complete the list')}")
    if any(guess.expression is not None for guess in found.guesses):
        lines.append("      columns:")
    else:
        lines.append("      columns: {}")
    for guess in found.guesses:
        if guess.expression is None:
            lines.append(f"        {_comment(f'{guess.column}: ???  {guess.why}')}")
        else:
            said = _comment(f"{guess.sure}: {guess.why}")
            lines.append(f"        {guess.column}: {_scalar(guess.expression)}  {said}")
    if left := [name for name in found.unused if name not in found.personal]:
        lines.append(f"      {_comment('not used: ' + ', '.join(left[:30]))}")
    return lines


def _option_lines(look: Look, indent: str) -> list[str]:
    options = [f"{indent}  {_scalar(key)}: {_scalar(value)}" for key, value in look.options.items()]
    return [f"{indent}options:", *options] if options else []


def _unplaced_lines(found: Proposal) -> list[str]:
    names = ", ".join(seen.name for seen in found.look.columns[:30])
    return [_comment(f"{found.look.name} ({found.look.path}): no source of its own; {found.why}. Columns: {names}")]


def _scalar(text: str) -> str:
    """A text as YAML on one line, that is read back as just this text."""
    style = None if text.isprintable() else '"'
    dumped = yaml.safe_dump(text, width=10**9, allow_unicode=text.isprintable(), default_style=style)
    return dumped.removesuffix("...\n").strip()


def _flow(texts: Iterable[str]) -> str:
    """Each quoted: a plain scalar that is fine in a block may end a list."""
    return "[" + ", ".join(yaml.safe_dump(t, width=10**9, default_style='"').strip() for t in texts) + "]"


def _comment(text: str) -> str:
    """One line of comment, whatever the text holds."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return "# " + (line if len(line) <= 400 else line[:399] + "…")
