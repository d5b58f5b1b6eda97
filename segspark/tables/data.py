"""The contracts of what was taken in: events, entities, who is whom, and how good the data was."""

from segspark.tables.contract import AS_OF, CUSTOMER, GIVEN, RUN, SOURCE, UPDATED, Column, Table

EVENTS = Table(
    "events",
    "One row per accepted event.",
    (
        Column("event_id", "STRING", "Identifies the event over all sources."),
        CUSTOMER,
        GIVEN,
        Column("event_ts", "TIMESTAMP", "Instant of the event."),
        Column("event_date", "DATE", "Date of the event in the business time zone."),
        Column("event_type", "STRING", "purchase, return, campaign_sent, coupon_redemption, page_view, ..."),
        Column("channel", "STRING", "Channel, such as store, web, email."),
        Column("session_id", "STRING", "Visit that the event belongs to."),
        Column("order_id", "STRING", "Order or basket of a purchase or return."),
        Column("product_id", "STRING", "Product."),
        Column("category", "STRING", "Category of the product."),
        Column("quantity", "DECIMAL(18,4)", "Units or volume; not comparable between products, so never summed."),
        Column("amount", "DECIMAL(18,4)", "Paid, in the reporting currency; purchases positive, returns negative."),
        Column("discount", "DECIMAL(18,4)", "Discount granted, positive, in the reporting currency."),
        Column("campaign_id", "STRING", "Campaign."),
        Column("page_depth", "DOUBLE", "Share of the page that was scrolled through, 0 to 1."),
        Column("duration_seconds", "DOUBLE", "Duration in seconds."),
        Column("rating", "DOUBLE", "Rating in the source's scale."),
        Column("text", "STRING", "Free text of feedback."),
        Column("properties", "MAP<STRING,STRING>", "Anything else that the source gives."),
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("event_id",),
    run_columns=("run_id",),
    cluster_by=("event_date", "customer_id"),
)

QUARANTINE = Table(
    "quarantine",
    "One row per distinct rejected input row, with all its reasons.",
    (
        SOURCE,
        Column("row_hash", "STRING", "Hash of the raw row."),
        Column("reasons", "ARRAY<STRING>", "Everything that is wrong with the row, sorted."),
        Column("raw", "STRING", "The row as read, as JSON; columns declared personal are hashed."),
        Column("kind", "STRING", "rejected: by a rule; superseded: another row with its key won."),
        Column("occurrences", "BIGINT", "How often this very row was in the input when it was first refused."),
        RUN,
    ),
    key=("source", "row_hash"),
    run_columns=("run_id", "occurrences"),
)

CUSTOMERS = Table(
    "customers",
    "One row per customer and time from which its attributes hold; of those before as_of the newest counts.",
    (
        CUSTOMER,
        GIVEN,
        Column("valid_from", "TIMESTAMP", "Since when the attributes hold; null: always."),
        Column("attributes", "MAP<STRING,STRING>", "Demographic, firmographic and other attributes."),
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("source_customer_id", "valid_from"),
    run_columns=("source", "run_id"),
)

PRODUCTS = Table(
    "products",
    "One row per product.",
    (
        Column("product_id", "STRING", "The product."),
        Column("category", "STRING", "Its category."),
        Column("brand", "STRING", "Its brand."),
        Column("name", "STRING", "Its name."),
        Column("attributes", "MAP<STRING,STRING>", "Anything else."),
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("product_id",),
    run_columns=("source", "run_id"),
)

CAMPAIGNS = Table(
    "campaigns",
    "One row per campaign.",
    (
        Column("campaign_id", "STRING", "The campaign."),
        Column("name", "STRING", "Its name."),
        Column("campaign_type", "STRING", "Its kind."),
        Column("start_ts", "TIMESTAMP", "Instant of its start."),
        Column("end_ts", "TIMESTAMP", "Instant of its end."),
        Column("cost", "DECIMAL(18,4)", "Its cost in the reporting currency."),
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("campaign_id",),
    run_columns=("source", "run_id"),
)

FEEDBACK = Table(
    "feedback",
    "One row per piece of feedback.",
    (
        Column("feedback_id", "STRING", "Identifies the feedback over all sources."),
        CUSTOMER,
        GIVEN,
        Column("feedback_ts", "TIMESTAMP", "Instant at which it was given."),
        Column("kind", "STRING", "survey, ticket, review or interview."),
        Column("rating", "DOUBLE", "Rating in the source's scale."),
        Column("text", "STRING", "What was said."),
        Column("product_id", "STRING", "Product that it is about."),
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("feedback_id",),
    run_columns=("run_id",),
)

CONSENTS = Table(
    "consents",
    "One row per customer, purpose and time from which a consent's status holds.",
    (
        CUSTOMER,
        GIVEN,
        Column("purpose", "STRING", "What the data may be used for, such as email_marketing."),
        Column("valid_from", "TIMESTAMP", "Since when the status holds."),
        Column("status", "STRING", "granted, denied or withdrawn."),
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("source_customer_id", "purpose", "valid_from"),
    run_columns=("source", "run_id"),
)

# Mapped and judged like a table's rows; what is accepted goes to customer_identifiers.
IDENTITY_LINKS = Table(
    "identity_links",
    "One row per identifier that a source knows of a customer; not stored as such.",
    (
        CUSTOMER,
        Column("identifier_type", "STRING", "device, email_hash, loyalty_card, crm_id, ..."),
        Column("identifier", "STRING", "The identifier."),
        Column("valid_from", "TIMESTAMP", "Since when it is known; null: always."),
        GIVEN,
        UPDATED,
        SOURCE,
        RUN,
    ),
    key=("source_customer_id", "identifier_type", "identifier"),
    run_columns=("source", "run_id"),
)

CUSTOMER_IDENTIFIERS = Table(
    "customer_identifiers",
    "One row per identifier of a customer; the only place where personal identifiers are stored.",
    (
        GIVEN,
        Column("identifier_type", "STRING", "device, email_hash, loyalty_card, crm_id, ..."),
        Column("identifier", "STRING", "The identifier."),
        Column("first_seen", "TIMESTAMP", "Earliest time at which a source showed the two together."),
        RUN,
    ),
    key=("source_customer_id", "identifier_type", "identifier"),
    run_columns=("run_id",),
    cluster_by=("source_customer_id",),
)

IDENTITIES = Table(
    "identities",
    "One row per customer id that is or was part of another, and since which as_of.",
    (
        Column("source_customer_id", "STRING", "The customer's id as sources give it."),
        CUSTOMER,
        Column("valid_from", "DATE", "as_of at which the id became part of the customer."),
        Column("valid_to", "DATE", "as_of at which it became part of another; null: still."),
        Column("status", "STRING", "merged; suspicious: shares identifiers with too many others, and is kept apart."),
        RUN,
    ),
    key=("source_customer_id", "valid_from"),
    run_columns=("run_id",),
)

DATA_QUALITY = Table(
    "data_quality",
    "One row per run, source and rule; append-only.",
    (
        RUN,
        SOURCE,
        Column("target", "STRING", "Table that the source feeds."),
        Column("rule", "STRING", "The rule, as its reason in quarantine says it."),
        Column("severity", "STRING", "reject, warn or fail."),
        Column("rows_checked", "BIGINT", "Rows read from the source in the run."),
        Column("rows_failed", "BIGINT", "Rows that broke the rule."),
        Column("failed_share", "DOUBLE", "Their share of the rows read."),
        AS_OF,
        Column("finished_at", "TIMESTAMP", "When the source was ingested."),
    ),
    key=("run_id", "source", "rule"),
    run_columns=("finished_at",),
)

INGEST_POSITIONS = Table(
    "ingest_positions",
    "One row per part of a source that was read: how far. What ingest goes by to read only what is new.",
    (
        SOURCE,
        Column("item", "STRING", "File, Delta version, Kafka topic and partition, watermark, or columns."),
        Column("position", "STRING", "Size and time of the file, version, next offset, value, or names."),
        Column("mapping", "STRING", "Hash of the source's configuration when it was read."),
        RUN,
    ),
    key=("source", "item"),
    run_columns=("run_id",),
)
