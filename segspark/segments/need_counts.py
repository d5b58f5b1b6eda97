"""Needs counted: who looked at a category and did not buy, what was sent back, what was said, by segment."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

INTEREST = ("product_view", "page_view", "search", "cart_add")
NEGATIVE = -0.05  # a sentiment below it is negative (Hutto & Gilbert 2014)
NEEDS = {
    # what is counted of a customer and category, and of what
    "no_purchase": ("unbought", "looked"),
    "returns": ("returned", "lines"),
    "negative_feedback": ("negative", "said"),
}


def customer_categories(activity: DataFrame) -> DataFrame:
    """What customers had to do with categories.

    Args:
        activity: customer_id, event_type, category and sentiment (-1 to 1).

    Returns:
        One row per customer_id and category: looked and unbought (1 or 0), lines, returned, said, negative.

    Examples:
        >>> rows = [("a", "product_view", "tea", None), ("b", "search", "tea", None), ("b", "purchase", "tea", None)]
        >>> columns = "customer_id string, event_type string, category string, sentiment double"
        >>> seen = spark.createDataFrame(rows, columns)
        >>> sorted(customer_categories(seen).collect())[0]
        Row(customer_id='a', category='tea', looked=1, unbought=1, lines=0, returned=0, said=0, negative=0)
    """
    kind, told = F.col("event_type"), activity.where("category IS NOT NULL")
    summed = told.groupBy("customer_id", "category").agg(
        F.coalesce(F.max(kind.isin(*INTEREST).cast("int")), F.lit(0)).alias("looked"),
        F.count_if(kind == "purchase").alias("lines"),
        F.count_if(kind == "return").alias("returned"),
        F.count("sentiment").alias("said"),
        F.count_if(F.col("sentiment") < NEGATIVE).alias("negative"),
    )
    unbought = F.when(F.col("lines") == 0, F.col("looked")).otherwise(0).alias("unbought")
    return summed.select("customer_id", "category", "looked", unbought, "lines", "returned", "said", "negative")


def most_common(rows: DataFrame, count: int) -> DataFrame:
    """The categories that the most customers had to do with; equals by their names."""
    counted = rows.groupBy("category").agg(F.count("*").alias("customers"))
    return counted.orderBy(F.desc("customers"), "category").limit(count).select("category")


def need_moments(rows: DataFrame, kept: DataFrame, members: DataFrame) -> DataFrame:
    """Sums, squares and products over customers.

    Args:
        rows: of `customer_categories`.
        kept: category; few enough to be sent everywhere.
        members: customer_id, segment_id.

    Returns:
        One row per segment_id, category and need of whom there is anything to tell: told, x, y, xx, xy, yy.
    """
    some = rows.join(F.broadcast(kept), on="category", how="left_semi")
    each = [
        F.struct(F.lit(need).alias("need"), F.col(x).cast("long").alias("x"), F.col(y).cast("long").alias("y"))
        for need, (x, y) in NEEDS.items()
    ]
    long = some.join(members, on="customer_id", how="inner").select(
        "segment_id", "category", F.inline(F.array(*each))
    )  # fmt: skip
    told, x, y = long.where("x > 0 OR y > 0"), F.col("x"), F.col("y")
    return told.groupBy("segment_id", "category", "need").agg(
        F.count("*").alias("told"), F.sum(x).alias("x"), F.sum(y).alias("y"),
        F.sum(x * x).alias("xx"), F.sum(x * y).alias("xy"), F.sum(y * y).alias("yy"),
    )  # fmt: skip
