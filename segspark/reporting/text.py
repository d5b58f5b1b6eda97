"""Numbers and measures as people read them."""

from __future__ import annotations

import math

from segspark.reporting.model import Measure

UNKNOWN = "n/a"
PERCENT_UNITS = frozenset({"share", "rate"})


def known(value: float | None) -> bool:
    """Whether a value is there at all: neither None, nor NaN, nor infinite.

    >>> known(0.0), known(None), known(float("nan"))
    (True, False, False)
    """
    return value is not None and math.isfinite(value)


def number(value: float | None) -> str:
    """A number with thousands separators and about three digits that matter.

    >>> [number(v) for v in (2469, 123.4, 12.34, 3.96, 4, 0.1234, 0.0001, -5.52, None)]
    ['2,469', '123', '12.3', '4.0', '4', '0.12', '<0.001', '-5.5', 'n/a']
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if 0 < size < 0.001:
        return "<0.001" if value > 0 else ">-0.001"
    digits = 0 if size >= 100 else 1 if size >= 1 else 2 if size >= 0.1 else 3
    # Adding zero turns a negative zero into plain zero.
    return f"{value + 0.0:,.{0 if value == round(value) else digits}f}"


def score(value: float | None) -> str:
    """A score to three decimals, for candidates that lie close together.

    >>> score(0.4), score(None)
    ('0.400', 'n/a')
    """
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:.3f}"


def percent(value: float | None) -> str:
    """A fraction as a percentage.

    >>> [percent(v) for v in (0.1234, 1.0, 0.0, 0.0004, float("nan"))]
    ['12.3%', '100%', '0%', '<0.1%', 'n/a']
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if 0 < abs(value) < 0.001:
        return "<0.1%" if value > 0 else ">-0.1%"
    return f"{100 * value + 0.0:,.1f}%".replace(".0%", "%")


def money(value: float | None, currency: str) -> str:
    """An amount behind its currency's code; cents only below 100.

    >>> money(1234.5, "USD"), money(9.5, "EUR"), money(-250.0, "USD"), money(None, "USD")
    ('USD 1,234', 'EUR 9.50', 'USD -250', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{currency} {value:,.{0 if abs(value) >= 100 else 2}f}"


def is_currency(unit: str) -> bool:
    """Whether a unit is a currency's ISO 4217 code: three capital letters.

    >>> is_currency("USD"), is_currency("days")
    (True, False)
    """
    return len(unit) == 3 and unit.isascii() and unit.isalpha() and unit.isupper()


def bare(value: float | None, unit: str) -> str:
    """A value without its unit's name, for a table cell whose heading has it; shares are percentages.

    >>> bare(0.25, "share"), bare(1234.0, "USD"), bare(12.3, "orders")
    ('25%', '1,234', '12.3')
    """
    return percent(value) if unit in PERCENT_UNITS else number(value)


def quantity(value: float | None, unit: str) -> str:
    """A value with its unit.

    >>> quantity(12.3, "orders"), quantity(0.25, "share"), quantity(1234.0, "USD"), quantity(1.0, "days")
    ('12.3 orders', '25%', 'USD 1,234', '1 day')
    """
    if not known(value):
        return UNKNOWN
    if is_currency(unit):
        return money(value, unit)
    text = bare(value, unit)
    if unit in PERCENT_UNITS or not unit:
        return text
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}"


def average(measure: Measure) -> str:
    """Everybody's mean, to stand behind a segment's.

    >>> average(Measure("frequency", "orders", "orders", 12.3, 4.1, 1.6))
    'average 4.1'
    """
    mean, unit = measure.overall_mean, measure.unit
    return f"average {money(mean, unit) if is_currency(unit) else bare(mean, unit)}"


def comparison(measure: Measure) -> str:
    """A segment's mean beside everybody's.

    >>> comparison(Measure("frequency", "orders", "orders", 12.3, 4.1, 1.6))
    '12.3 orders (average 4.1)'
    """
    return f"{quantity(measure.mean, measure.unit)} ({average(measure)})"


def points(value: float | None) -> str:
    """A difference of two shares in percentage points, with its sign.

    >>> points(0.0312), points(-0.1), points(0.0), points(None)
    ('+3.1 points', '-10.0 points', '0.0 points', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{100 * value:+.1f} points" if round(1000 * value) else "0.0 points"


def signed(value: float | None) -> str:
    """A number with its sign and two decimals.

    >>> signed(0.318), signed(-1.5), signed(0.001)
    ('+0.32', '-1.50', '0.00')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:+.2f}" if round(100 * value) else "0.00"
