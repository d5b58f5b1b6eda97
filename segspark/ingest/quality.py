"""Data quality: what was counted of each source and rule, as rows for BI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from segspark.config.sources import Rule
from segspark.ingest.rules import rule_reason


@dataclass(frozen=True)
class Checked:
    """A source's rows and the rules that they broke.

    Attributes:
        target: table that the source feeds.
        rules: those of the configuration; they are reported even where nothing broke them.
        rows: that were read.
        broken: (rule, severity): rows that broke it.
    """

    source: str
    target: str
    rules: Sequence[Rule]
    rows: int
    broken: Mapping[tuple[str, str], int]


def quality_rows(checked: Sequence[Checked], run_id: str, as_of: date, now: datetime) -> list[tuple[object, ...]]:
    """The rows of `data_quality`: a source's declared rules, and every built-in one that was broken.

    Examples:
        >>> rule = Rule(column="amount", check="not_null", severity="warn")
        >>> shop = Checked("shop", "events", [rule], 4, {("event_id: missing", "reject"): 1})
        >>> rows = quality_rows([shop], "r", date(2026, 1, 1), datetime(2026, 1, 1))
        >>> [(row[3], row[4], row[5], row[6], row[7]) for row in rows]
        [('amount: missing', 'warn', 4, 0, 0.0), ('event_id: missing', 'reject', 4, 1, 0.25)]
    """
    return [
        (run_id, one.source, one.target, rule, severity, one.rows, failed, failed / one.rows, as_of, now)
        for one in checked
        for (rule, severity), failed in sorted({**_declared(one.rules), **one.broken}.items())
    ]


def _declared(rules: Sequence[Rule]) -> dict[tuple[str, str], int]:
    return {(rule_reason(rule), rule.severity): 0 for rule in rules}
