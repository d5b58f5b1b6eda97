"""The contracts of what is computed of customers: state, features, tastes."""

from segspark.tables.contract import AS_OF, CUSTOMER, RUN, Column, Table

# A column for each measure that the features ask for follows: see segspark.features.plan.
CUSTOMER_DAILY = Table(
    "customer_daily",
    "State: one row per customer and day with an event, in sums that add up to any period.",
    (CUSTOMER, Column("event_date", "DATE", "Date in the business time zone.")),
    key=("customer_id", "event_date"),
    cluster_by=("event_date", "customer_id"),
    internal=True,
)

CUSTOMER_DIMENSION = Table(
    "customer_dimension",
    "State: one row per customer, dimension, value and run that added to it; the rows of a value add up.",
    (
        CUSTOMER,
        Column("dimension", "STRING", "category, product, channel, campaign_reached or campaign_answered."),
        Column("value", "STRING", "The value; of campaigns the date, a blank and the campaign."),
        Column("events", "BIGINT", "Events with it; negative where a correction took some away."),
        Column("amount", "DOUBLE", "Amounts of purchases and returns with it, in ten-thousandths."),
        RUN,
    ),
    key=("customer_id", "dimension", "value", "run_id"),
    cluster_by=("customer_id", "dimension"),
    internal=True,
)

CUSTOMER_STATE = Table(
    "customer_state",
    "State: one row per customer with an event: all its days summed up, and what its dimensions say.",
    (CUSTOMER,),
    key=("customer_id",),
    cluster_by=("customer_id",),
    internal=True,
)

CUSTOMER_FEATURES = Table(
    "customer_features",
    "One row per customer and as_of; the features follow from the configuration.",
    (CUSTOMER, AS_OF),
    key=("customer_id", "as_of"),
    cluster_by=("as_of", "customer_id"),
)

PRODUCT_EMBEDDINGS = Table(
    "product_embeddings",
    "One row per version of the embeddings and product: where it lies among tastes. A version never changes.",
    (
        Column("embedding_version", "STRING", "Hash of what it was learnt from, and how."),
        Column("product_id", "STRING", "The product."),
        Column("components", "ARRAY<DOUBLE>", "Principal components of its vector; zero: as the average customer."),
        Column("settings", "STRING", "Hash of the settings and the seed that it was learnt with."),
        Column("as_of", "DATE", "It was learnt from the events before this date."),
        Column("number", "INT", "Counts the versions: 1 is the first that was learnt."),
        RUN,
    ),
    key=("embedding_version", "product_id"),
    run_columns=("run_id",),
)
