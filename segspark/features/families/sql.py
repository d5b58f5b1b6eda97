"""Pieces of Spark SQL that features are made of."""

from segspark.tables import Feature

NO_ORDER = "has never bought"
NEVER_NULL = "never null"


def rate(numerator: str, denominator: str) -> str:
    """A quotient in doubles; null where there is nothing to divide by.

    Examples:
        >>> rate("saved", "gross")
        'IF((gross) != 0, CAST((saved) AS DOUBLE) / CAST((gross) AS DOUBLE), NULL)'
    """
    return f"IF(({denominator}) != 0, CAST(({numerator}) AS DOUBLE) / CAST(({denominator}) AS DOUBLE), NULL)"


def days_since(day: str) -> str:
    """Days from a date to as_of."""
    return f"datediff(as_of, {day})"


def rate_feature(
    name: str, comment: str, label: str, numerator: str, denominator: str, none: str, zero: str, over: str,
    unit: str = "share",
) -> Feature:  # fmt: skip
    """A share or rate.

    Args:
        none: what null says: why a customer has no denominator.
        zero: what zero says.
        over: the denominator in words.
    """
    return Feature(
        name, "DOUBLE", comment, unit, label, none, zero, sql=rate(numerator, denominator), denominator=over,
    )  # fmt: skip


def count_feature(name: str, comment: str, unit: str, label: str, sql: str, zero: str) -> Feature:
    """A number of something; zero where there was none."""
    return Feature(name, "BIGINT", comment, unit, label, NEVER_NULL, zero, sql=sql)
