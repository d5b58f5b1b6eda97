"""The contracts of what is heard and seen of a segment: its words, triggers, attributes and typical customers."""

from segspark.tables.contract import AS_OF, CURRENT_OR_ALL, CURRENT_SEGMENT, RUN, Column, Table

_LOW = Column("low", "DOUBLE", "Lower end of its interval (kpis.confidence); null where there is none.")
_HIGH = Column("high", "DOUBLE", "Upper end of its interval; null where there is none.")
_P = Column("p_value", "DOUBLE", "How often chance alone would give as much, to either side.")

SEGMENT_TERMS = Table(
    "segment_terms",
    "One row per segment and term that is distinctive of what its customers write, the most distinctive first.",
    (
        CURRENT_SEGMENT,
        Column("term", "STRING", "A word, or two in a row, in lower case, without stop words."),
        Column("customers", "BIGINT", "Customers of the segment who wrote it: signals.min_customers at least."),
        Column("share", "DOUBLE", "Their share of the segment's customers who wrote anything."),
        Column("overall_share", "DOUBLE", "The same of all customers."),
        Column("score", "DOUBLE", "Class-based TF-IDF; each customer counts once for a term."),
        Column("sentiment", "DOUBLE", "Mean sentiment, -1 to 1, of texts with it; null: known of too few customers."),
        Column("position", "INT", "1 for the highest score."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "term"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_TRIGGERS = Table(
    "segment_triggers",
    "One row per segment and kind of event: who had it before a purchase, and who before a day without one.",
    (
        CURRENT_OR_ALL,
        Column("dimension", "STRING", "What the kind is of: type, channel, campaign (its type), or sequence."),
        Column("event", "STRING", "The type of event, channel or type of campaign; of a sequence the first type."),
        Column("then_event", "STRING", "Of a sequence the type on a later day; else empty."),
        Column("pairs", "BIGINT", "Customers whose last purchase and control day are compared."),
        Column("before_purchase", "BIGINT", "Those with such an event in the signals.window_days before the purchase."),
        Column("before_control", "BIGINT", "Those with one in as many days before the control day."),
        Column("only_purchase", "BIGINT", "Those with one before the purchase, and none before the control day."),
        Column("only_control", "BIGINT", "Those with one before the control day, and none before the purchase."),
        Column("lift", "DOUBLE", "before_purchase over before_control; null where that is 0."),
        Column("odds_ratio", "DOUBLE", "only_purchase over only_control, of matched pairs; null where that is 0."),
        _LOW,
        _HIGH,
        _P,
        Column("q_value", "DOUBLE", "Share of chance findings among the segment's rows as sure as this one."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "dimension", "event", "then_event"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_ATTRIBUTES = Table(
    "segment_attributes",
    "One row per segment, attribute and value: how much more often its customers have it. None was used to cluster.",
    (
        CURRENT_SEGMENT,
        Column("attribute", "STRING", "Attribute of customers that is declared, not protected, and no input."),
        Column("value", "STRING", "One of its values that the most customers have."),
        Column("customers", "BIGINT", "Customers of the segment who have it; 1 to 10 are too few to be published."),
        Column("known", "BIGINT", "Customers of the segment whose attribute is known."),
        Column("share", "DOUBLE", "customers over known."),
        Column("overall_share", "DOUBLE", "The same of all customers."),
        Column("lift", "DOUBLE", "share over overall_share."),
        _LOW,
        _HIGH,
        _P,
        Column("q_value", "DOUBLE", "Share of chance findings among the segment's rows as sure as this one."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "attribute", "value"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_EXAMPLES = Table(
    "segment_examples",
    "One row per segment, typical customer and feature; of whom it is, nothing is kept.",
    (
        CURRENT_SEGMENT,
        Column("example", "STRING", "A for the customer nearest to the segment's means, then B, C, ..."),
        Column("feature", "STRING", "One of the features that set the segment apart most."),
        Column("value", "DOUBLE", "Its value, to two digits, in the feature's unit; null: not known."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "example", "feature"),
    run_columns=("as_of", "run_id"),
)
