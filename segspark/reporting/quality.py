"""What the rules found in the rows that were read: which were broken, by how much, and whether it gets worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from segspark.reporting.labels import shortened
from segspark.reporting.model import QualityRow
from segspark.reporting.text import UNKNOWN, known, number, percent

SEVERITIES = ("fail", "reject", "warn")  # the gravest first
LONGEST_NAME = 160
BARS = 12
_BAR_WIDTH, _BAR_STEP, _HEIGHT = 5, 7, 24

Ledger = Sequence[tuple[str, int, int, int, int]]


def broken(rows: Iterable[QualityRow]) -> list[QualityRow]:
    """The rules that some row broke: the gravest first, then the largest share.

    >>> warned, rejected = (QualityRow("s", "events", "r", one, 10, 2, 0.2) for one in ("warn", "reject"))
    >>> kept = QualityRow("s", "events", "r", "fail", 10, 0, 0.0)
    >>> [row.severity for row in broken([warned, kept, rejected])]
    ['reject', 'warn']
    """
    return sorted((row for row in rows if row.rows_failed > 0), key=_gravity)


def kept(rows: Iterable[QualityRow]) -> list[QualityRow]:
    """The rules that rows were held against and no row broke, by source and rule.

    >>> rows = [QualityRow("s", "events", "r", "warn", checked, 0, 0.0) for checked in (10, 0)]
    >>> [row.rows_checked for row in kept(rows)]
    [10]
    """
    return sorted(
        (row for row in rows if row.rows_failed == 0 and row.rows_checked > 0), key=lambda row: (row.source, row.rule)
    )


def finding(rows: Sequence[QualityRow], ledger: Ledger) -> str:
    """What is to be said of the rules as a whole, and no more than is known.

    >>> finding([QualityRow("s", "events", "r", "warn", 10, 0, 0.0)], [("s", 10, 10, 0, 0)])
    'Nothing was broken: the rows read keep the one rule there is.'
    >>> finding([], [("s", 0, 0, 0, 0)])
    'No new rows were read, so no rule was checked.'
    """
    failed, fine = broken(rows), kept(rows)
    read, quarantined = sum(line[1] for line in ledger), sum(line[3] for line in ledger)
    if failed:
        return f"{_broken(len(failed), len(fine))} {_lines(quarantined)} quarantined, of {number(read)} read."
    if fine:
        rules = "the one rule there is" if len(fine) == 1 else f"all {number(len(fine))} rules"
        said = f"Nothing was broken: the rows read keep {rules}."
        return f"{said} {_lines(quarantined)} quarantined for other reasons." if quarantined else said
    if quarantined:
        return f"{_lines(quarantined)} quarantined; which rules they broke was not recorded."
    if not read:
        return "No new rows were read, so no rule was checked."
    return "No row was quarantined, and no broken rule was recorded."


def broken_in(source: str, rows: Iterable[QualityRow]) -> int:
    """How many rules the rows of a source broke.

    >>> broken_in("s", [QualityRow("s", "events", "r", "warn", 10, 2, 0.2)])
    1
    """
    return sum(row.source == source and row.rows_failed > 0 for row in rows)


def name(text: str) -> str:
    r"""A source's or a rule's name: one line, and no longer than one can read.

    >>> name("amount:\n missing")
    'amount: missing'
    """
    return shortened(text, LONGEST_NAME)


def share(value: float | None) -> str:
    """A share of rows: small ones keep two digits, and only none is 0%, only all 100%.

    >>> [share(value) for value in (0.0, 0.00027, 0.034, 0.99999, 1.0, 0.0000001, None)]
    ['0%', '0.027%', '3.4%', '>99.9%', '100%', '<0.001%', 'n/a']
    """
    if value is None or not known(value) or value == 0 or 0.01 <= value <= 0.999 or value >= 1:
        return percent(value)
    if value > 0.999:
        return ">99.9%"
    return "<0.001%" if value < 0.00001 else f"{100 * value:.2g}%"


def change(row: QualityRow) -> str:
    """How the share moved since the run before, in words.

    >>> change(QualityRow("s", "events", "r", "warn", 10, 2, 0.2, (0.3, 0.1)))
    'up from 10%'
    """
    before = [value for value in row.previous if known(value)]
    if not before:
        return "first run"
    now, last = row.failed_share, before[-1]
    if now is None or last is None or not known(now):
        return UNKNOWN
    return "as before" if share(now) == share(last) else f"{'up' if now > last else 'down'} from {share(last)}"


def trend(row: QualityRow) -> Markup:
    """The shares of the last runs as small bars, this run's last; the highest fills the height. Nothing for one run.

    >>> print(trend(QualityRow("s", "events", "r", "warn", 10, 1, 0.1, (0.2,))))
    <svg class="trend" ...aria-label="Share of rows, oldest run first: 20%, 10%">...</svg>
    """
    shares = [value for value in (*row.previous, row.failed_share) if value is not None and known(value)][-BARS:]
    if len(shares) < 2:
        return Markup("")
    top = max(shares) or 1.0
    heights = [max(1, round(_HEIGHT * value / top)) for value in shares]
    bars = "".join(
        f'<rect x="{_BAR_STEP * at}" y="{_HEIGHT - height}" width="{_BAR_WIDTH}" height="{height}"/>'
        for at, height in enumerate(heights)
    )
    width = _BAR_STEP * len(shares) - (_BAR_STEP - _BAR_WIDTH)
    label = f"Share of rows, oldest run first: {', '.join(map(share, shares))}"
    # Numbers alone go into it; the label is escaped by format().
    frame = Markup(
        '<svg class="trend" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">{3}</svg>'
    )
    return frame.format(width, _HEIGHT, label, Markup(bars))  # noqa: S704


def _gravity(row: QualityRow) -> tuple[int, float, str, str]:
    place = SEVERITIES.index(row.severity) if row.severity in SEVERITIES else len(SEVERITIES)
    return (place, -(row.failed_share or 0.0), row.source, row.rule)


def _broken(count: int, fine: int) -> str:
    said = f"{number(count)} {'rule was' if count == 1 else 'rules were'} broken"
    return f"{said}; {number(fine)} {'other was' if fine == 1 else 'others were'} kept." if fine else f"{said}."


def _lines(count: int) -> str:
    return f"{number(count) if count else 'No'} {'rows were' if count > 1 else 'row was'}"
