"""The contracts of what could be done with segments: pockets, needs, discounts, and prospects that resemble them."""

from segspark.tables.contract import AS_OF, CURRENT_SEGMENT, CUSTOMER, RUN, Column, Table

_ENDS = "(kpis.confidence); null where there is none."

SEGMENT_POCKETS = Table(
    "segment_pockets",
    "One row per segment and pocket: customers who are worth more, or grow faster, than the rest of the segment. All "
    "figures are of the half of the customers that had no say in the choice of the pocket.",
    (
        CURRENT_SEGMENT,
        Column("kind", "STRING", "value: worth more; growth: orders grow faster."),
        Column("rule", "STRING", "Condition over customer_features, as of a rule segment: who is in the pocket."),
        Column("description", "STRING", "The same in words."),
        Column("customers", "BIGINT", "Its customers in that half; about as many again are in the other one."),
        Column("share", "DOUBLE", "Their share of the segment's customers in that half."),
        Column("value_of", "STRING", "What value is: clv or monetary_value, of a customer."),
        Column("value_mean", "DOUBLE", "Mean value of its customers, in the currency."),
        Column("rest_value_mean", "DOUBLE", "Mean value of the segment's other customers."),
        Column("growth", "DOUBLE", "Orders a day in the shorter window of features, over those in the longer before."),
        Column("rest_growth", "DOUBLE", "The same of the segment's other customers."),
        Column("lift", "DOUBLE", "By its kind: value_mean over rest_value_mean, or growth over rest_growth."),
        Column("low", "DOUBLE", f"Lower end of the lift's interval {_ENDS}"),
        Column("high", "DOUBLE", f"Upper end of it {_ENDS}"),
        Column("new_customers", "BIGINT", "Its customers whose first order was in the shorter window."),
        Column("new_before", "BIGINT", "Those whose first order was in as many days before that."),
        Column("q_value", "DOUBLE", "Share of chance findings among the pockets of all segments as sure as this one."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "kind", "rule"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_NEEDS = Table(
    "segment_needs",
    "One row per segment, category and need: how often it is not met, against the customers of all other segments.",
    (
        CURRENT_SEGMENT,
        Column("category", "STRING", "Category of the product."),
        Column("need", "STRING", "no_purchase, returns or negative_feedback."),
        Column("customers", "BIGINT", "Customers whom it rests on: who looked, bought or returned, or said something."),
        Column(
            "value",
            "DOUBLE",
            "Of those who viewed, searched or put into a cart, the share without a purchase; lines returned over lines "
            "bought; or the share of negative ones of what was said.",
        ),
        Column("low", "DOUBLE", f"Lower end of its interval {_ENDS}"),
        Column("high", "DOUBLE", f"Upper end of it {_ENDS}"),
        Column("rest_value", "DOUBLE", "The same of the customers of all other segments."),
        Column("q_value", "DOUBLE", "Share of chance findings among all rows that are as sure of being higher."),
        Column("unmet", "BOOLEAN", "Whether it is higher than of others (opportunities.false_discoveries)."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "category", "need"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_DISCOUNTS = Table(
    "segment_discounts",
    "One row per segment and bin of the depth of an order's discount: how the segment orders at it. It was observed, "
    "not tried: what would be ordered at another depth is not known.",
    (
        CURRENT_SEGMENT,
        Column("depth_low", "DOUBLE", "Discount over the price before it, of the whole order: above this."),
        Column("depth_high", "DOUBLE", "And up to this; 0 and 0: orders without a discount."),
        Column("orders", "BIGINT", "Orders of the last opportunities.days before as_of."),
        Column("share", "DOUBLE", "Their share of the segment's orders."),
        Column("low", "DOUBLE", f"Lower end of its interval, by customer {_ENDS}"),
        Column("high", "DOUBLE", f"Upper end of it {_ENDS}"),
        Column("rest_share", "DOUBLE", "The same share of the orders of all other segments."),
        Column("order_value", "DOUBLE", "Mean amount paid of an order, in the currency; null where there is none."),
        Column("margin_share", "DOUBLE", "Margin over the amounts whose cost is known; null where none is."),
        Column("customers", "BIGINT", "Customers with such an order; 1 to 10 are too few to be published."),
        Column("discounted_customers", "BIGINT", "Customers of the segment with an order at any discount."),
        Column(
            "response",
            "STRING",
            "full price or discounts, where its share of orders without a discount is above or below that of others; "
            "else like others.",
        ),
        Column("q_value", "DOUBLE", "Share of chance findings among segments that differ as surely in that share."),
        Column("recommended", "BOOLEAN", "Whether the bin is in the range of discounts that is enough."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "depth_low", "depth_high"),
    run_columns=("as_of", "run_id"),
)

PROSPECT_RESEMBLANCE = Table(
    "prospect_resemblance",
    "One row per prospect: the segment of buyers that it is most like; no rows where that cannot be told.",
    (
        CUSTOMER,
        Column("segment_id", "STRING", "Segment that it resembles most."),
        Column("probability", "DOUBLE", "Probability of that segment, if it were one of the buyers; to two digits."),
        AS_OF,
        RUN,
    ),
    key=("customer_id",),
    run_columns=("as_of", "run_id"),
    cluster_by=("customer_id",),
)
