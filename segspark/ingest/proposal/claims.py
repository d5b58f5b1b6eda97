"""Claims: which column of a file is taken for which canonical column, how sure that is, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segspark.ingest.mapping import REQUIRED, canonical_columns
from segspark.ingest.proposal.looks import Look, Seen, squashed
from segspark.ingest.proposal.numbers import as_number
from segspark.ingest.proposal.personal import holds_emails, is_personal
from segspark.ingest.proposal.times import as_time
from segspark.ingest.proposal.vocabulary import CALLED, FEW
from segspark.tables import Column, Table

SURE, LIKELY, GUESSED = "sure", "likely", "guessed"
OWN_KEYS = ("event_id", "feedback_id")  # of tables whose rows need a key that files may lack
_KEYS = {t: REQUIRED[t][0] for t in ("events", "customers", "products", "campaigns", "feedback")}  # what a bare "id" is
_TIMES_ALSO = {"feedback_ts": "event_ts", "valid_from": "event_ts"}  # are called that as well, where required
_NAMED = {SURE: "named so", LIKELY: "fits by name or value", GUESSED: "fits by value"}


@dataclass(frozen=True)
class Claim:
    """A column of a file that is taken for a canonical column, and how sure that is."""

    seen: Seen
    sure: str

    def why(self, remark: str = "", show: bool = False) -> str:
        """What speaks for it; with a few of its values to `show` what it holds, unless they may be personal.

        Examples:
            >>> Claim(Seen("Art", "string", ("Kauf", "Retoure")), SURE).why(show=True)
            'Art: named so; seen: Kauf, Retoure'
        """
        shown = ", ".join(sorted(set(self.seen.values))[:5]) if show and self._may_be_shown() else ""
        parts = (f"{self.seen.name}: {_NAMED[self.sure]}", remark, shown and f"seen: {shown}")
        return "; ".join(part for part in parts if part)

    def _may_be_shown(self) -> bool:
        return self.seen.few and not is_personal(self.seen)


def claimed(look: Look, table: Table) -> dict[str, Claim]:
    """Canonical column: the column that claims it by its name and values; each is claimed once.

    Examples:
        >>> from segspark.tables import PRODUCTS
        >>> look = Look("p", "csv", "p.csv", (Seen("Marke", "string", ("x",)), Seen("id", "string", ("1",))))
        >>> {name: (claim.seen.name, claim.sure) for name, claim in claimed(look, PRODUCTS).items()}
        {'product_id': ('id', 'sure'), 'brand': ('Marke', 'sure')}
    """
    claims: dict[str, Claim] = {}
    free = list(look.columns)
    for sure in (SURE, LIKELY):
        for column in canonical_columns(table):
            if column.name in claims or column.type.startswith("MAP"):
                continue
            best = _best(free, column, table.name, exact=sure == SURE)
            if best is not None:
                claims[column.name] = Claim(best, sure)
                free = [seen for seen in free if seen.name != best.name]
    return claims


def settled(look: Look, table: Table) -> dict[str, Claim]:
    """The claims that hold: a key is unique, and a required time may be the one column of times that is left.

    Examples:
        >>> from segspark.tables import EVENTS
        >>> look = Look("clicks", "csv", "c.csv", (
        ...     Seen("id", "string", ("1", "1")), Seen("moment", "string", ("2025-01-01", "2025-01-02"))))
        >>> {name: (claim.seen.name, claim.sure) for name, claim in settled(look, EVENTS).items()}
        {'event_ts': ('moment', 'guessed')}
    """
    claims = {name: claim for name, claim in claimed(look, table).items() if name not in OWN_KEYS or claim.seen.unique}
    missing = [name for name in ("event_ts", *_TIMES_ALSO) if name in REQUIRED[table.name] and name not in claims]
    time = only_time(look, table, claims) if missing else None
    return claims if time is None else claims | {name: Claim(time, GUESSED) for name in missing}


def only_time(look: Look, table: Table, claims: Mapping[str, Claim]) -> Seen | None:
    """The one column of times that nothing claims; None where there are several.

    Examples:
        >>> from segspark.tables import EVENTS
        >>> moment = Seen("moment", "string", ("2025-01-01",))
        >>> only_time(Look("clicks", "csv", "c.csv", (moment,)), EVENTS, {}) == moment
        True
    """
    taken = {claim.seen.name for claim in claims.values()}
    free = [seen for seen in look.columns if seen.name not in taken]
    times = [seen for seen in free if as_time(seen, named=False) and not is_personal(seen, table.name)]
    return times[0] if len(times) == 1 else None


def _best(free: Sequence[Seen], column: Column, table: str, exact: bool) -> Seen | None:
    """The column with the best of the names, the first of several."""
    called = _called(column, table)
    ranked = [
        (rank, position)
        for position, seen in enumerate(free)
        if (rank := _rank(squashed(seen.name), called, exact)) is not None and _fits(seen, column, table)
    ]
    return free[min(ranked)[1]] if ranked else None


def _called(column: Column, table: str) -> list[str]:
    called = [squashed(column.name), *CALLED.get(column.name, ())]
    if column.name in _TIMES_ALSO and column.name in REQUIRED[table]:
        called += CALLED[_TIMES_ALSO[column.name]]
    if column.name == _KEYS.get(table):
        called += ["id", "uuid", "guid", "no", "nr"]
    return called


def _rank(name: str, called: Sequence[str], exact: bool) -> int | None:
    """Which of the names it is or, unless `exact`, ends in; short words end many names."""
    if exact:
        return called.index(name) if name in called else None
    return next((rank for rank, word in enumerate(called) if len(word) >= 6 and name.endswith(word)), None)


def _fits(seen: Seen, column: Column, table: str) -> bool:
    """Whether the values can be what the name promises."""
    if seen.nested or not seen.values:
        return False
    if column.type == "TIMESTAMP":
        return as_time(seen, named=True) is not None
    if column.type.startswith(("DECIMAL", "DOUBLE")):
        return as_number(seen) is not None
    if is_personal(seen, table):
        return column.name in ("customer_id", "identifier") and holds_emails(seen)
    if column.name in (_KEYS.get(table), "event_id", "order_id", "session_id") and as_time(seen, named=False):
        return False
    return seen.few if column.name in FEW else True
