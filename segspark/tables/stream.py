"""The contracts of what a stream tells of itself."""

from segspark.tables.contract import AS_OF, Column, Table

STREAM_PROGRESS = Table(
    "stream_progress",
    "One row per stream and stretch of some seconds in which it took in micro-batches; append-only.",
    (
        Column("attempt_id", "STRING", "Of the stream: new at each start."),
        Column("until", "TIMESTAMP", "End of the stretch."),
        AS_OF,
        Column("batches", "BIGINT", "Micro-batches that ended in it."),
        Column("events", "BIGINT", "Events that were looked at."),
        Column("rejected", "BIGINT", "Messages that were put into quarantine."),
        Column("customers", "BIGINT", "Customers who were looked at, each as often as that happened."),
        Column("changed", "BIGINT", "Assignments written."),
        Column("moved", "BIGINT", "Customers who went to another segment."),
        Column("fired", "BIGINT", "Triggers that told of a customer."),
        Column("held_back", "BIGINT", "Triggers that did not: no consent, or too soon after the last time."),
        Column("sent", "BIGINT", "Messages that arrived."),
        Column("dead", "BIGINT", "Messages that were given up: see dead_letters."),
        Column("events_per_second", "DOUBLE", "Events by the seconds of the stretch."),
        Column("busy_share", "DOUBLE", "Share of the stretch in which micro-batches were worked on."),
        Column("lag_seconds", "DOUBLE", "Longest time from a message in Kafka to its assignment; null of tables."),
        Column("longest_batch_seconds", "DOUBLE", "Of the slowest micro-batch."),
        Column(
            "seconds", "MAP<STRING,DOUBLE>", "Seconds by stage: taking in (messages), seeing, publishing, triggers."
        ),
        Column("recent_rows", "BIGINT", "Events at hand, of the days that are not in the kept state."),
    ),
    key=("attempt_id", "until"),
)
