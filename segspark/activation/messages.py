"""Messages: what is said of a trigger, in JSON, the same to whomever it is sent."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

TYPE = "segspark.trigger"


def messages(rows: DataFrame, names: Mapping[str, str]) -> DataFrame:
    """What is to be sent: one row per trigger_id, with customer_id and `body`.

    Args:
        rows: of the table triggers.
        names: of segments, by id.

    Examples:
        >>> fired = spark.sql("SELECT 'id' AS trigger_id, 'big' AS trigger, 'event' AS kind, 'c' AS customer_id, "
        ...     "'s1' AS segment_id, CAST(NULL AS STRING) AS previous_segment_id, 'e1' AS event_id, "
        ...     "TIMESTAMP'2026-01-01 10:00' AS occurred_at, DATE'2026-01-02' AS as_of, 'mail' AS purpose")
        >>> row = messages(fired, {"s1": "Loyal"}).first()
        >>> row["body"][:65]
        '{"type":"segspark.trigger","timestamp":"2026-01-01T10:00:00.000Z"'
        >>> import json
        >>> json.loads(row["body"])["data"]["segment"]
        'Loyal'
    """
    data = F.struct(
        "trigger_id", "trigger", "kind", "customer_id",
        "segment_id", _name("segment_id", names).alias("segment"),
        "previous_segment_id", _name("previous_segment_id", names).alias("previous_segment"),
        "event_id", "as_of", "purpose",
    )  # fmt: skip
    said = F.struct(F.lit(TYPE).alias("type"), F.col("occurred_at").alias("timestamp"), data.alias("data"))
    return rows.select("trigger_id", "customer_id", F.to_json(said, {"ignoreNullFields": "false"}).alias("body"))


def _name(segment: str, names: Mapping[str, str]) -> Column:
    if not names:
        return F.lit(None).cast("string")
    return F.create_map(*[F.lit(part) for pair in sorted(names.items()) for part in pair])[F.col(segment)]
