"""The contracts of what is measured of segments by period, and of cohorts of customers."""

from segspark.tables.contract import AS_OF, CURRENT_OR_ALL, CURRENT_SEGMENT, RUN, Column, Table

SEGMENT_KPIS = Table(
    "segment_kpis",
    "One row per segment, KPI and period: how the customers who are in the segment now did in it.",
    (
        CURRENT_OR_ALL,
        Column("kpi", "STRING", "What is measured: see docs/kpis.md; in the lake this comment says all formulas."),
        Column("period_start", "DATE", "First day of the period; as_of where the KPI is of that moment."),
        Column("period_end", "DATE", "Day after its last; as_of where the KPI is of that moment."),
        Column("value", "DOUBLE", "The KPI, in its unit; null where there is nothing to divide by."),
        Column("low", "DOUBLE", "Lower end of its interval (kpis.confidence); null where there is none."),
        Column("high", "DOUBLE", "Upper end of its interval; null where there is none."),
        Column("numerator", "DOUBLE", "What is counted, summed, or divided."),
        Column("denominator", "DOUBLE", "What it is divided by; null where nothing is."),
        Column("customers", "BIGINT", "Customers whom the value rests on; 1 to 10 are too few to be published."),
        Column("unit", "STRING", "share, customers, orders, times or a currency; of the objective as its KPI has it."),
        Column("target", "DOUBLE", "What was aimed at; null where there is no goal."),
        Column("goal_state", "STRING", "met, missed or uncertain, by the interval; null where there is no goal."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "kpi", "period_start"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_COHORTS = Table(
    "segment_cohorts",
    "One row per segment, month of first orders and month since: how many ordered again then.",
    (
        CURRENT_OR_ALL,
        Column("cohort_start", "DATE", "First day of the month of the first order, in the business time zone."),
        Column("months_since", "INT", "Months since then; 0 is the month of the first order itself."),
        Column("customers", "BIGINT", "Customers of the segment now with a first order in that month."),
        Column("active", "BIGINT", "Those of them with an order months_since later."),
        Column("share", "DOUBLE", "active over customers."),
        Column("low", "DOUBLE", "Lower end of its Wilson interval (kpis.confidence)."),
        Column("high", "DOUBLE", "Upper end of its Wilson interval."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "cohort_start", "months_since"),
    run_columns=("as_of", "run_id"),
)

BASKET_RULES = Table(
    "basket_rules",
    "One row per segment and pair of items that are in one order more often than chance would give, either way round.",
    (
        CURRENT_OR_ALL,
        Column("antecedent", "STRING", "Category or product (baskets.level) that is bought."),
        Column("consequent", "STRING", "The one that is bought with it."),
        Column("orders", "BIGINT", "Orders with both, of the last baskets.days before as_of."),
        Column("support", "DOUBLE", "Their share of all orders with a known item."),
        Column("confidence", "DOUBLE", "Their share of the orders with the antecedent."),
        Column("lift", "DOUBLE", "confidence over the share of all orders that have the consequent; 1: no connection."),
        Column("low", "DOUBLE", "Lower end of the lift's interval (kpis.confidence), orders taken for independent."),
        Column("high", "DOUBLE", "Upper end of it."),
        Column("q_value", "DOUBLE", "Share of chance findings among the segment's rules that are as sure as this one."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "antecedent", "consequent"),
    run_columns=("as_of", "run_id"),
)

SEGMENT_PREFERENCES = Table(
    "segment_preferences",
    "One row per segment and item: how much more often its customers bought it than all customers did.",
    (
        CURRENT_SEGMENT,
        Column("item", "STRING", "Category or product (baskets.level)."),
        Column("customers", "BIGINT", "Customers of the segment who bought it; 1 to 10 are too few to be published."),
        Column("share", "DOUBLE", "Their share of the segment's customers who bought anything known."),
        Column("overall_share", "DOUBLE", "The same of all customers."),
        Column("lift", "DOUBLE", "share over overall_share, drawn to 1 by baskets.prior_customers."),
        Column("position", "INT", "1 for the item of the highest lift, the next best to offer beyond what is popular."),
        AS_OF,
        RUN,
    ),
    key=("segment_id", "item"),
    run_columns=("as_of", "run_id"),
)
