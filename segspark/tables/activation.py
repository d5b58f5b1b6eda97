"""The contracts of what was told of customers to others, and whether it arrived."""

from segspark.tables.contract import AS_OF, CUSTOMER, RUN, Column, Table

_TRIGGER = Column("trigger_id", "STRING", "Identifies what happened, whenever it is found; the id of its messages.")
_DESTINATION = Column("destination", "STRING", "Name of the destination in the configuration.")
_ATTEMPTS = Column("attempts", "INT", "How often it was sent.")
_STATUS = Column("status", "INT", "Status of the last answer of a webhook; null where there was none, and of Kafka.")

TRIGGERS = Table(
    "triggers",
    "One row per time that a declared trigger told of a customer; append-only.",
    (
        _TRIGGER,
        Column("trigger", "STRING", "Its name in the configuration."),
        Column("kind", "STRING", "entered, left, event, absence or becomes."),
        CUSTOMER,
        Column("segment_id", "STRING", "Segment that the customer was in then; null: in none."),
        Column("previous_segment_id", "STRING", "Segment that the customer left; null but for entered and left."),
        Column("event_id", "STRING", "Event that did it, or that the wait began with; null for the others."),
        Column("occurred_at", "TIMESTAMP", "When it happened: of an absence the end of the wait."),
        Column("fired_at", "TIMESTAMP", "When it was found."),
        Column("purpose", "STRING", "Consent that was asked for; null: none was needed."),
        Column("destinations", "ARRAY<STRING>", "Who was to be told."),
        AS_OF,
        RUN,
    ),
    key=("trigger_id",),
    run_columns=("fired_at", "run_id"),
    cluster_by=("occurred_at", "customer_id"),
)

DELIVERIES = Table(
    "deliveries",
    "One row per trigger and destination that it arrived at; append-only.",
    (_TRIGGER, _DESTINATION, _ATTEMPTS, _STATUS, Column("delivered_at", "TIMESTAMP", "When the answer came.")),
    key=("trigger_id", "destination"),
    cluster_by=("delivered_at",),
)

DEAD_LETTERS = Table(
    "dead_letters",
    "One row per trigger and destination that it could not be sent to; `segspark stream --send-again` takes them out.",
    (
        _TRIGGER,
        _DESTINATION,
        _ATTEMPTS,
        _STATUS,
        Column("reason", "STRING", "Why it failed the last time."),
        Column("failed_at", "TIMESTAMP", "When it was given up."),
    ),
    key=("trigger_id", "destination"),
)
