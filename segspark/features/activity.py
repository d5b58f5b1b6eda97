"""Activity: everything that customers did, as features see it; and who is to have a row."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import local_date, midnight

_CARRIED = (
    "event_id", "customer_id", "event_date", "event_type", "channel", "session_id", "order_id", "product_id",
    "category", "amount", "discount", "campaign_id", "page_depth", "duration_seconds", "rating", "text",
)  # fmt: skip


def activity(
    events: DataFrame, feedback: DataFrame, business_timezone: str, heard: SparkColumn | None = None
) -> DataFrame:
    """Events, and feedback as events of type feedback_survey, feedback_ticket, feedback_review, feedback_interview.

    Args:
        events: of the table.
        feedback: of the table.
        business_timezone: of event_date and event_hour.
        heard: sentiment of the column `text`, -1 to 1; where a source gives properties['sentiment'] that counts.

    Returns:
        Events with `event_hour` (0 to 23, business time) and `sentiment`.
    """
    said = feedback.select(
        F.concat(F.lit("feedback:"), "feedback_id").alias("event_id"),
        "customer_id",
        F.col("feedback_ts").alias("event_ts"),
        local_date(F.col("feedback_ts"), business_timezone).alias("event_date"),
        F.concat(F.lit("feedback_"), "kind").alias("event_type"),
        "product_id",
        "rating",
        "text",
    )
    hour = F.hour(F.from_utc_timestamp("event_ts", business_timezone))
    given = F.expr("try_cast(properties['sentiment'] AS DOUBLE)")
    sentiment = F.coalesce(given, heard) if heard is not None else given
    both = events.unionByName(said, allowMissingColumns=True)
    return both.select(*_CARRIED, "properties", hour.alias("event_hour"), sentiment.alias("sentiment"))


def with_taste(rows: DataFrame, embeddings: DataFrame) -> DataFrame:
    """Activity with `taste`: the components of the product; null where it has no vector.

    Args:
        rows: as `activity` returns them.
        embeddings: product_id and components, of one version; small enough to be sent everywhere.

    Examples:
        >>> rows = spark.sql("SELECT explode(array('tea', 'kettle')) AS product_id")
        >>> embeddings = spark.sql("SELECT 'tea' AS product_id, array(0.5D) AS components")
        >>> sorted(with_taste(rows, embeddings).collect())
        [Row(product_id='kettle', taste=None), Row(product_id='tea', taste=[0.5])]
    """
    known = embeddings.select("product_id", F.col("components").alias("taste"))
    return rows.join(F.broadcast(known), on="product_id", how="left").select(*rows.columns, "taste")


def everyone(state: DataFrame, customers: DataFrame, dates: Sequence[date], business_timezone: str) -> DataFrame:
    """Who has a row at each date: everyone with an event or attributes before it.

    Args:
        state: customer_id and as_of of those with events.
        customers: of the table.
        dates: as_of's.
        business_timezone: of their midnights.

    Returns:
        One row per customer_id and as_of: attributes, those that hold since the latest time before as_of.
    """
    described = attributes_at(customers, dates, business_timezone)
    return state.select("customer_id", "as_of").join(described, on=["customer_id", "as_of"], how="full")


def attributes_at(customers: DataFrame, dates: Sequence[date], business_timezone: str) -> DataFrame:
    """The attributes of each customer that hold since the latest time before each date.

    Args:
        customers: of the table.
        dates: as_of's.
        business_timezone: of their midnights.

    Returns:
        One row per customer_id and as_of of those with a row in the table before it: attributes.
    """
    starts = {one: F.lit(midnight(one, business_timezone)) for one in dates}
    moments = [F.struct(F.lit(one).alias("as_of"), start.alias("at")) for one, start in starts.items()]
    each = customers.withColumn("_at", F.explode(F.array(*moments)))
    holding = each.where(F.col("valid_from").isNull() | (F.col("valid_from") < F.col("_at.at")))
    newest = F.struct(F.col("valid_from").isNotNull(), "valid_from", "source_customer_id")
    return holding.groupBy("customer_id", F.col("_at.as_of").alias("as_of")).agg(
        F.max_by("attributes", newest).alias("attributes")
    )
