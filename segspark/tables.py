"""The contracts of all tables: their columns with types and comments, their keys, what they are laid out by."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column: its name, its Spark SQL type and what it means.

    Examples:
        >>> Column("amount", "DECIMAL(18,4)", "Paid, in the reporting currency.").name
        'amount'
    """

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Feature(Column):
    """A column of `customer_features`: how it is computed, and what a person needs to read it.

    Attributes:
        unit: of the value: days, orders, products, categories, currency, share, nats or score.
        label: its name in a figure.
        null_means: what a null says (unknown).
        zero_means: what a zero says (none).
        high: adjective for a customer far above the average; empty if it tells a person nothing.
        low: adjective for a customer far below the average.
        sentence: how to say a segment's mean in words; {ratio}, {value}, {average} are filled in.
        sql: Spark SQL expression over what is kept of a customer (`segspark.features.plan.Plan`).
        family: what it belongs to.
        automatic: whether it is a model input where none are named.
        denominator: of a rate: what it is a share of, or divided by.
    """

    unit: str
    label: str
    null_means: str
    zero_means: str
    high: str = ""
    low: str = ""
    sentence: str = ""
    sql: str = ""
    family: str = ""
    automatic: bool = False
    denominator: str = ""


@dataclass(frozen=True)
class Table:
    """A Delta table's contract.

    Attributes:
        key: columns that identify a row; what is written is unique by them.
        run_columns: columns that say which run wrote a row; a change in them alone is no change.
        cluster_by: columns for liquid clustering.
        internal: whether only segspark reads it; then rows may be changed by deletion vectors, files left alone.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    run_columns: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    internal: bool = False

    @property
    def column_names(self) -> list[str]:
        """The columns' names in order.

        Examples:
            >>> PRODUCTS.column_names[:2]
            ['product_id', 'category']
        """
        return [column.name for column in self.columns]

    @property
    def compared(self) -> list[str]:
        """The columns in which a difference means that a row changed.

        Examples:
            >>> PRODUCTS.compared
            ['category', 'brand', 'name', 'attributes', 'updated_at']
        """
        return [name for name in self.column_names if name not in (*self.key, *self.run_columns)]

    def with_columns(self, columns: Iterable[Column]) -> "Table":
        """The same contract with more columns, as `customer_features` gets from the declared features."""
        return replace(self, columns=(*self.columns, *columns))


_CUSTOMER = Column("customer_id", "STRING", "The customer.")
_GIVEN = Column("source_customer_id", "STRING", "The customer's id as the source gave it.")
_AS_OF = Column("as_of", "DATE", "Date in the business time zone; nothing at or after its midnight was read.")
_RUN = Column("run_id", "STRING", "Run that wrote the row: a hash of command, configuration, as_of and inputs.")
_SOURCE = Column("source", "STRING", "Source in the configuration.")
_UPDATED = Column(
    "updated_at", "TIMESTAMP", "When the source last changed the row: of several with one key the latest wins."
)
_SEGMENT = Column("segment_id", "STRING", "Segment; opaque, never reused.")
_MODEL = Column("model_version", "STRING", "Registered model and version, as name/version; empty for rules.")

EVENTS = Table(
    "events",
    "One row per accepted event.",
    (
        Column("event_id", "STRING", "Identifies the event over all sources."),
        _CUSTOMER,
        _GIVEN,
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
        _UPDATED,
        _SOURCE,
        _RUN,
    ),
    key=("event_id",),
    run_columns=("run_id",),
    cluster_by=("event_date", "customer_id"),
)

QUARANTINE = Table(
    "quarantine",
    "One row per distinct rejected input row, with all its reasons.",
    (
        _SOURCE,
        Column("row_hash", "STRING", "Hash of the raw row."),
        Column("reasons", "ARRAY<STRING>", "Everything that is wrong with the row, sorted."),
        Column("raw", "STRING", "The row as read, as JSON; columns declared personal are hashed."),
        Column("kind", "STRING", "rejected: by a rule; superseded: another row with its key won."),
        Column("occurrences", "BIGINT", "How often this very row was in the input when it was first refused."),
        _RUN,
    ),
    key=("source", "row_hash"),
    run_columns=("run_id", "occurrences"),
)

CUSTOMERS = Table(
    "customers",
    "One row per customer and time from which its attributes hold; of those before as_of the newest counts.",
    (
        _CUSTOMER,
        _GIVEN,
        Column("valid_from", "TIMESTAMP", "Since when the attributes hold; null: always."),
        Column("attributes", "MAP<STRING,STRING>", "Demographic, firmographic and other attributes."),
        _UPDATED,
        _SOURCE,
        _RUN,
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
        _UPDATED,
        _SOURCE,
        _RUN,
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
        _UPDATED,
        _SOURCE,
        _RUN,
    ),
    key=("campaign_id",),
    run_columns=("source", "run_id"),
)

FEEDBACK = Table(
    "feedback",
    "One row per piece of feedback.",
    (
        Column("feedback_id", "STRING", "Identifies the feedback over all sources."),
        _CUSTOMER,
        _GIVEN,
        Column("feedback_ts", "TIMESTAMP", "Instant at which it was given."),
        Column("kind", "STRING", "survey, ticket, review or interview."),
        Column("rating", "DOUBLE", "Rating in the source's scale."),
        Column("text", "STRING", "What was said."),
        Column("product_id", "STRING", "Product that it is about."),
        _UPDATED,
        _SOURCE,
        _RUN,
    ),
    key=("feedback_id",),
    run_columns=("run_id",),
)

CONSENTS = Table(
    "consents",
    "One row per customer, purpose and time from which a consent's status holds.",
    (
        _CUSTOMER,
        _GIVEN,
        Column("purpose", "STRING", "What the data may be used for, such as email_marketing."),
        Column("valid_from", "TIMESTAMP", "Since when the status holds."),
        Column("status", "STRING", "granted, denied or withdrawn."),
        _UPDATED,
        _SOURCE,
        _RUN,
    ),
    key=("source_customer_id", "purpose", "valid_from"),
    run_columns=("source", "run_id"),
)

# Mapped and judged like a table's rows; what is accepted goes to customer_identifiers.
IDENTITY_LINKS = Table(
    "identity_links",
    "One row per identifier that a source knows of a customer; not stored as such.",
    (
        _CUSTOMER,
        Column("identifier_type", "STRING", "device, email_hash, loyalty_card, crm_id, ..."),
        Column("identifier", "STRING", "The identifier."),
        Column("valid_from", "TIMESTAMP", "Since when it is known; null: always."),
        _GIVEN,
        _UPDATED,
        _SOURCE,
        _RUN,
    ),
    key=("source_customer_id", "identifier_type", "identifier"),
    run_columns=("source", "run_id"),
)

CUSTOMER_IDENTIFIERS = Table(
    "customer_identifiers",
    "One row per identifier of a customer; the only place where personal identifiers are stored.",
    (
        _GIVEN,
        Column("identifier_type", "STRING", "device, email_hash, loyalty_card, crm_id, ..."),
        Column("identifier", "STRING", "The identifier."),
        Column("first_seen", "TIMESTAMP", "Earliest time at which a source showed the two together."),
        _RUN,
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
        _CUSTOMER,
        Column("valid_from", "DATE", "as_of at which the id became part of the customer."),
        Column("valid_to", "DATE", "as_of at which it became part of another; null: still."),
        Column("status", "STRING", "merged; suspicious: shares identifiers with too many others, and is kept apart."),
        _RUN,
    ),
    key=("source_customer_id", "valid_from"),
    run_columns=("run_id",),
)

DATA_QUALITY = Table(
    "data_quality",
    "One row per run, source and rule; append-only.",
    (
        _RUN,
        _SOURCE,
        Column("target", "STRING", "Table that the source feeds."),
        Column("rule", "STRING", "The rule, as its reason in quarantine says it."),
        Column("severity", "STRING", "reject, warn or fail."),
        Column("rows_checked", "BIGINT", "Rows read from the source in the run."),
        Column("rows_failed", "BIGINT", "Rows that broke the rule."),
        Column("failed_share", "DOUBLE", "Their share of the rows read."),
        _AS_OF,
        Column("finished_at", "TIMESTAMP", "When the source was ingested."),
    ),
    key=("run_id", "source", "rule"),
    run_columns=("finished_at",),
)

INGEST_POSITIONS = Table(
    "ingest_positions",
    "One row per part of a source that was read: how far. What ingest goes by to read only what is new.",
    (
        _SOURCE,
        Column("item", "STRING", "File, Delta version, Kafka topic and partition, watermark, or columns."),
        Column("position", "STRING", "Size and time of the file, version, next offset, value, or names."),
        Column("mapping", "STRING", "Hash of the source's configuration when it was read."),
        _RUN,
    ),
    key=("source", "item"),
    run_columns=("run_id",),
)

# A column for each measure that the features ask for follows: see segspark.features.plan.
CUSTOMER_DAILY = Table(
    "customer_daily",
    "State: one row per customer and day with an event, in sums that add up to any period.",
    (_CUSTOMER, Column("event_date", "DATE", "Date in the business time zone.")),
    key=("customer_id", "event_date"),
    cluster_by=("event_date", "customer_id"),
    internal=True,
)

CUSTOMER_DIMENSION = Table(
    "customer_dimension",
    "State: one row per customer, dimension, value and run that added to it; the rows of a value add up.",
    (
        _CUSTOMER,
        Column("dimension", "STRING", "category, product, channel, campaign_reached or campaign_answered."),
        Column("value", "STRING", "The value; of campaigns the date, a blank and the campaign."),
        Column("events", "BIGINT", "Events with it; negative where a correction took some away."),
        Column("amount", "DOUBLE", "Amounts of purchases and returns with it, in ten-thousandths."),
        _RUN,
    ),
    key=("customer_id", "dimension", "value", "run_id"),
    cluster_by=("customer_id", "dimension"),
    internal=True,
)

CUSTOMER_STATE = Table(
    "customer_state",
    "State: one row per customer with an event: all its days summed up, and what its dimensions say.",
    (_CUSTOMER,),
    key=("customer_id",),
    cluster_by=("customer_id",),
    internal=True,
)

CUSTOMER_FEATURES = Table(
    "customer_features",
    "One row per customer and as_of; the features follow from the configuration.",
    (_CUSTOMER, _AS_OF),
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
        _RUN,
    ),
    key=("embedding_version", "product_id"),
    run_columns=("run_id",),
)

TRAINING_CANDIDATES = Table(
    "training_candidates",
    "One row per candidate of a training run.",
    (
        _RUN,
        Column("algorithm", "STRING", "kmeans, bisecting, gmm or lca."),
        Column("k", "INT", "Number of clusters asked for."),
        Column("seed", "BIGINT", "Seed of the fit."),
        Column("clusters", "INT", "Number of clusters that have members."),
        Column("silhouette_euclidean", "DOUBLE", "Mean silhouette, Euclidean distance, on the evaluation sample."),
        Column("silhouette_error", "DOUBLE", "Standard error of that mean over the customers of the sample."),
        Column("silhouette_squared_euclidean", "DOUBLE", "Mean silhouette, squared Euclidean distance, same sample."),
        Column("simplified_silhouette", "DOUBLE", "Mean simplified silhouette, Euclidean, all; null for gmm, lca."),
        Column("calinski_harabasz", "DOUBLE", "Variance ratio, customers trained on; null for gmm, lca."),
        Column("davies_bouldin", "DOUBLE", "Mean likeness of clusters, Euclidean, trained on; null for gmm, lca."),
        Column("cost", "DOUBLE", "Sum of squared distances to the own centre, trained on; null for gmm, lca."),
        Column("holdout_cost", "DOUBLE", "The same of a customer held out, on average; null for gmm, lca."),
        Column("log_likelihood", "DOUBLE", "Log-likelihood of customers trained on, nats; null but for gmm, lca."),
        Column("holdout_log_likelihood", "DOUBLE", "The same of one held out, on average; null but for gmm, lca."),
        Column("bic", "DOUBLE", "Bayesian information criterion, lower is better; null but for gmm, lca."),
        Column("separation", "DOUBLE", "Adjusted share of variance of the next period's KPI, held out."),
        Column("separation_error", "DOUBLE", "Standard error of the separation."),
        Column("stability", "DOUBLE", "Mean Jaccard similarity of the weakest cluster; null if not tried."),
        Column("stability_null", "DOUBLE", "The same where customers have no structure; null if not tried."),
        Column("seed_agreement", "DOUBLE", "Mean adjusted Rand index of fits by other seeds; null if not tried."),
        Column("time_agreement", "DOUBLE", "Adjusted Rand index with a fit of the last period; null if not tried."),
        Column("gap", "DOUBLE", "Gap statistic, squared Euclidean, evaluation sample; null but for kmeans."),
        Column("gap_error", "DOUBLE", "Standard error of the gap."),
        Column("prediction_strength", "DOUBLE", "Prediction strength, evaluation sample; null but for kmeans."),
        Column("smallest_share", "DOUBLE", "Share of the smallest cluster, all customers."),
        Column("cluster_sizes", "ARRAY<BIGINT>", "Customers of each cluster, the largest first."),
        Column("chosen", "BOOLEAN", "Whether this candidate was published."),
        Column("reason", "STRING", "Why it was or was not chosen."),
        Column("duration_seconds", "DOUBLE", "Seconds for fitting and measuring it."),
        Column("mlflow_run_id", "STRING", "Its run in MLflow."),
        _AS_OF,
        Column("feature_set", "STRING", "What it clusters: all inputs, a configured set, or components of either."),
    ),
    key=("run_id", "algorithm", "k", "seed", "feature_set"),
    run_columns=("mlflow_run_id", "duration_seconds"),
)

SEGMENTS = Table(
    "segments",
    "The registry: one row per segment that was ever published.",
    (
        _SEGMENT,
        Column("name", "STRING", "Plain-language name, unique among the active."),
        Column("description", "STRING", "What distinguishes its customers, in original units."),
        Column("kind", "STRING", "cluster, rule or lifecycle."),
        Column("rule", "STRING", "Condition of a rule or lifecycle segment; null for clusters."),
        Column(
            "status", "STRING", "draft, in_review, approved, active, split (its customers are in its parts) or retired."
        ),
        Column("owner", "STRING", "Who answers for it."),
        Column("approver", "STRING", "Who approved it; null where promotion approves."),
        _MODEL,
        Column("cluster", "INT", "Number of the model's cluster; null but for clusters."),
        Column("parent_segment_id", "STRING", "Segment that it is a part of: the one that was split."),
        Column("size", "BIGINT", "Customers in it; of one that is split, in its parts: add up the active ones."),
        Column("share", "DOUBLE", "Its share of all customers."),
        Column("created_at", "DATE", "as_of of its first publication."),
        Column("updated_at", "DATE", "as_of of its last change."),
        Column("retired_at", "DATE", "as_of of its retirement."),
    ),
    key=("segment_id",),
    run_columns=("created_at", "updated_at"),
)

SEGMENT_ASSIGNMENTS = Table(
    "segment_assignments",
    "One row per customer: the current segment.",
    (
        _CUSTOMER,
        _SEGMENT,
        Column("runner_up_segment_id", "STRING", "Second best segment; null outside the clustered population."),
        Column("membership", "DOUBLE", "Posterior of a mixture; else the share of resampled segmentations that agree."),
        Column("margin", "DOUBLE", "Lead over the runner-up: of posteriors, or of distances (simplified silhouette)."),
        Column("since", "DATE", "as_of at which the customer entered the segment."),
        _MODEL,
    ),
    key=("customer_id",),
    run_columns=("since", "model_version"),
    cluster_by=("customer_id",),
)

SEGMENT_MEMBERSHIP_EVENTS = Table(
    "segment_membership_events",
    "One row per entry, move or exit; append-only.",
    (
        _CUSTOMER,
        _SEGMENT,
        Column("previous_segment_id", "STRING", "Segment before; null for an entry."),
        Column("event_type", "STRING", "entry (first segment), move or exit (no longer a customer)."),
        Column("event_ts", "TIMESTAMP", "Instant of as_of's midnight in the business time zone."),
        _AS_OF,
        _MODEL,
        _RUN,
    ),
    key=("customer_id", "as_of", "event_type", "segment_id", "model_version"),
    run_columns=("run_id",),
    cluster_by=("as_of", "customer_id"),
)

SEGMENT_PROFILES = Table(
    "segment_profiles",
    "One row per segment and feature: how its customers differ from all.",
    (
        _SEGMENT,
        Column("feature", "STRING", "Column of customer_features."),
        Column("customers", "BIGINT", "Customers of the segment with a known value."),
        Column("mean", "DOUBLE", "Mean over them, in the feature's unit."),
        Column("overall_mean", "DOUBLE", "Mean over all customers with a known value."),
        Column("overall_deviation", "DOUBLE", "Standard deviation over them."),
    ),
    key=("segment_id", "feature"),
)

RUNS = Table(
    "runs",
    "One row per attempt, phase and source, written when it ends; append-only.",
    (
        _RUN,
        Column("attempt_id", "STRING", "New at each try."),
        Column("phase", "STRING", "ingest, features, train, assign or report."),
        Column("source", "STRING", "Source, for ingest; empty otherwise."),
        _AS_OF,
        Column("status", "STRING", "done or failed."),
        Column("rows_read", "BIGINT", "Rows read: accepted + quarantined + deduplicated."),
        Column("rows_accepted", "BIGINT", "Rows accepted."),
        Column("rows_quarantined", "BIGINT", "Rows rejected."),
        Column("rows_deduplicated", "BIGINT", "Rows that were there already, or twice in the input."),
        Column("config_hash", "STRING", "Hash of the configuration that the phase depends on."),
        Column("inputs", "MAP<STRING,STRING>", "Inputs with their versions."),
        Column("outputs", "MAP<STRING,STRING>", "Tables with the version after the phase."),
        Column("started_at", "TIMESTAMP", "Start of the phase."),
        Column("finished_at", "TIMESTAMP", "Its end."),
        Column("message", "STRING", "What a person should know."),
    ),
    key=("run_id", "attempt_id", "phase", "source"),
)

TABLES = (
    EVENTS,
    QUARANTINE,
    CUSTOMERS,
    PRODUCTS,
    CAMPAIGNS,
    FEEDBACK,
    CONSENTS,
    CUSTOMER_IDENTIFIERS,
    IDENTITIES,
    DATA_QUALITY,
    INGEST_POSITIONS,
    CUSTOMER_DAILY,
    CUSTOMER_DIMENSION,
    CUSTOMER_STATE,
    CUSTOMER_FEATURES,
    PRODUCT_EMBEDDINGS,
    TRAINING_CANDIDATES,
    SEGMENTS,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_PROFILES,
    RUNS,
)
