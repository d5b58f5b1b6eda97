"""The contracts of what customers are worth, and how far that can be trusted."""

from segspark.tables.contract import AS_OF, CUSTOMER, RUN, Column, Table

_MODEL = Column("model", "STRING", "bgnbd, pareto_nbd, naive (rate of orders so far) or gamma_gamma (spend an order).")
_BACK = "null without a back-test"

CUSTOMER_VALUE = Table(
    "customer_value",
    "One row per customer: what is expected of it. All figures are null of who never ordered. A row is rewritten "
    "when it moves by more than value.step.",
    (
        CUSTOMER,
        Column(
            "probability_alive", "DOUBLE", "Probability that it is still a customer: who is will order again some day."
        ),
        Column("expected_purchases", "DOUBLE", "Orders expected within the horizon."),
        Column("expected_spend", "DOUBLE", "Amount of an order that is expected, net of returns, in the currency."),
        Column("clv", "DOUBLE", "Customer lifetime value: margin expected within the horizon, discounted to as_of."),
        Column("churn_risk", "DOUBLE", "1 - probability_alive."),
        Column("at_risk", "BOOLEAN", "Whether it is worth much if still there, which is doubtful: see value.at_risk."),
        Column("horizon_days", "INT", "Days from as_of that are looked ahead."),
        Column("model", "STRING", "bgnbd or pareto_nbd."),
        AS_OF,
        RUN,
    ),
    key=("customer_id",),
    run_columns=("as_of", "run_id"),
    cluster_by=("customer_id",),
)

VALUE_MODELS = Table(
    "value_models",
    "One row per date and model: its parameters, what it was fitted on, and how it did in the back-test.",
    (
        AS_OF,
        _MODEL,
        Column("chosen", "BOOLEAN", "Whether customer_value is computed by it."),
        Column("reason", "STRING", "Why it is chosen or not, or why it could not be fitted."),
        Column("parameters", "MAP<STRING,DOUBLE>", "By name, as in docs/value.md; null for naive or if not fitted."),
        Column("unit_days", "INT", "Days in the unit of time of the parameters."),
        Column("log_likelihood", "DOUBLE", "Of the customers that it was fitted on, nats; null if not fitted."),
        Column("customers", "BIGINT", "Customers that it was fitted on; null if not fitted."),
        Column("patterns", "BIGINT", "Distinct patterns of past orders among them; null for gamma_gamma and naive."),
        Column("spend_correlation", "DOUBLE", "Correlation of orders and mean amount; null but for gamma_gamma."),
        Column(
            "worth_much", "DOUBLE", "Value from which a customer is worth much, if still there; null if not chosen."
        ),
        Column("from_as_of", "DATE", f"Date from which the back-test predicts; {_BACK}."),
        Column("back_test_customers", "BIGINT", f"Customers of the back-test; {_BACK}."),
        Column("back_test_left_out", "BIGINT", f"Customers of then who are gone or whose past is another; {_BACK}."),
        Column("predicted_mean", "DOUBLE", f"Orders predicted of a customer until as_of, on average; {_BACK}."),
        Column("actual_mean", "DOUBLE", f"Orders made until as_of, on average; {_BACK}."),
        Column("bias", "DOUBLE", f"Share by which too many orders were predicted; negative: too few; {_BACK}."),
        Column("mae", "DOUBLE", f"Mean absolute error, orders; {_BACK}."),
        Column("rmse", "DOUBLE", f"Root of the mean squared error, orders; {_BACK}."),
        RUN,
    ),
    key=("as_of", "model"),
    run_columns=("run_id",),
)

VALUE_CALIBRATION = Table(
    "value_calibration",
    "One row per back-test, model and group of customers: orders predicted, and orders made.",
    (
        AS_OF,
        Column("from_as_of", "DATE", "Date from which is predicted, until as_of."),
        Column("model", "STRING", "bgnbd, pareto_nbd or naive (rate of orders so far)."),
        Column("grouping", "STRING", "repeat_purchases, or predicted_decile."),
        Column(
            "bin", "INT", "Orders after the first by then, 7 for more, too; or decile, 1 of the lowest predictions."
        ),
        Column("customers", "BIGINT", "Customers in the group."),
        Column("predicted_mean", "DOUBLE", "Orders predicted of a customer, on average."),
        Column("actual_mean", "DOUBLE", "Orders made by a customer, on average."),
        Column("actual_lower", "DOUBLE", "Lower end of the 95% interval of that average."),
        Column("actual_upper", "DOUBLE", "Upper end of it."),
        RUN,
    ),
    key=("as_of", "model", "grouping", "bin"),
    run_columns=("run_id",),
)
