"""Rules: what makes a row unacceptable, each with the reason that its quarantined row will show."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.ingest.mapping import REQUIRED
from segspark.tables import Table

MONEY_TYPES = ("purchase", "return")


def with_reasons(rows: DataFrame, table: Table, currency: str) -> DataFrame:
    """Add `_reasons`: everything that is wrong with a row, sorted; empty for an acceptable one.

    Args:
        rows: as map_rows returns them.
        table: EVENTS, CUSTOMERS, PRODUCTS or CAMPAIGNS.
        currency: the reporting currency; an event in another one is refused.

    Examples:
        >>> from segspark.tables import PRODUCTS
        >>> rows = spark.sql("SELECT CAST(NULL AS STRING) AS product_id, array('brand: cannot be read') AS _unreadable")
        >>> with_reasons(rows, PRODUCTS, "USD").first()["_reasons"]
        ['brand: cannot be read', 'product_id: missing']
    """
    reasons = [_missing(name) for name in REQUIRED[table.name]]
    if table.name == "events":
        reasons += [_amount_missing(), _sign_wrong(), _foreign(currency)]
    found = F.array_compact(F.array(*reasons))
    return rows.withColumn("_reasons", F.sort_array(F.concat("_unreadable", found))).drop("_unreadable")


def _missing(name: str) -> SparkColumn:
    """A required value that was not given; one that was given but unreadable has its own reason already."""
    unreadable = F.exists("_unreadable", lambda reason: reason.startswith(f"{name}: "))
    return F.when(F.col(name).isNull() & ~unreadable, f"{name}: missing")


def _amount_missing() -> SparkColumn:
    unreadable = F.exists("_unreadable", lambda reason: reason.startswith("amount: "))
    needs = F.col("event_type").isin(*MONEY_TYPES) & F.col("amount").isNull()
    return F.when(needs & ~unreadable, "amount: missing, which a purchase or return needs")


def _sign_wrong() -> SparkColumn:
    wrong = ((F.col("event_type") == "purchase") & (F.col("amount") < 0)) | (
        (F.col("event_type") == "return") & (F.col("amount") > 0)
    )
    return F.when(wrong, "amount: purchases are positive and returns negative")


def _foreign(currency: str) -> SparkColumn:
    return F.when(F.col("currency") != currency, f"currency: not {currency}, and no rates are given")
