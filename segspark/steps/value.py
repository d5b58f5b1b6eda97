"""Value: what every customer is worth at as_of, by a model that is chosen by what earlier predictions were worth."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.kernels.worth import Horizon, Worth
from segspark.steps.back_test import back_test
from segspark.steps.context import Context, Outcome
from segspark.steps.orders import Orders, past_orders
from segspark.steps.population import features_at
from segspark.steps.value_models import Found, publish_models
from segspark.tables import CUSTOMER_VALUE, VALUE_MODELS
from segspark.value.choice import choose
from segspark.value.patterns import FEATURES, unfit
from segspark.value.purchases import BGNBD, PARETO, WORDS, fit
from segspark.value.scoring import Risk, settled, valued, worth_much
from segspark.value.spend import FittedSpend, fit_spend, spends_of, unfit_spend

_SETTINGS = "settings"  # in the position of the table's commits: by which it was computed
_INCUMBENT = "model before"  # among the inputs


def value_inputs(context: Context) -> dict[str, str]:
    """Besides the features: the model taken at the last date before as_of; BG/NBD the first time."""
    before = context.lake.read(VALUE_MODELS).where(F.col("chosen") & F.col("model").isin(BGNBD, PARETO))
    row = before.where(F.col("as_of") < F.lit(context.as_of)).orderBy(F.desc("as_of")).select("model").first()
    return {_INCUMBENT: BGNBD if row is None else str(row[0])}


def value(context: Context, inputs: Mapping[str, str]) -> Outcome:
    """Publish `customer_value`, with `value_models` and `value_calibration`; nothing where no model can be fitted.

    Args:
        context: of the phase.
        inputs: by which the run is identified: `value_inputs`, and the versions of features and events.
    """
    customers = features_at(context)
    lacking = [name for name in FEATURES if name not in customers.columns]
    if lacking:
        return _nothing(context, f"customer_features has no {', '.join(lacking)} (features.families, .off)")
    orders = past_orders(customers, context.config.value)
    spends = spends_of(orders.sample)
    reason = unfit(orders.patterns) or unfit_spend(spends)
    if reason:
        return _nothing(context, reason)
    found = _fitted(context, orders, fit_spend(spends), inputs[_INCUMBENT])
    return _published(context, customers, found, inputs)


def _nothing(context: Context, reason: str) -> Outcome:
    context.reporter.warn(f"value: no model can be fitted, and customer_value stays as it is: {reason}")
    return Outcome(message=f"not fitted: {reason}")


def _fitted(context: Context, orders: Orders, spend: FittedSpend, incumbent: str) -> Found:
    asked = context.config.value
    names = [BGNBD, PARETO] if asked.model == "auto" else [asked.model]
    if orders.sampled:
        context.reporter.say(f"value: there are too many patterns: fitted on {asked.fit_rows:,} customers")
    tested = back_test(context, names) if asked.back_test else None
    choice = choose(asked.model, incumbent, None if tested is None else tested.lead)
    fitted = fit(choice.name, orders.patterns)
    context.reporter.say(f"value: {WORDS[choice.name]}: {choice.reason}")
    if fitted.ran_away or spend.ran_away:
        context.reporter.warn("value: the data do not bound a parameter; customers may be too much alike, or too few")
    return Found(orders, fitted, spend, tested, choice)


def _published(context: Context, customers: DataFrame, found: Found, inputs: Mapping[str, str]) -> Outcome:
    asked, name = context.config.value, found.choice.name
    horizon = Horizon(asked.horizon_days, asked.period_days, asked.discount_rate, asked.margin_share)
    worth = Worth(found.fitted.model, found.spend.model, asked.unit_days, horizon)
    risk = Risk(worth_much(found.orders.sample, worth, asked.at_risk.top_share), asked.at_risk.probability)
    writer = context.writer(context.run_id("profile", inputs))
    publish_models(context, writer, found, risk.worth)
    # Under other settings, or by another model, each row is another one.
    position = {_SETTINGS: f"{name}, {horizon}"}
    step = asked.step if context.lake.position(CUSTOMER_VALUE) == position else 0.0
    current = context.lake.read(CUSTOMER_VALUE)
    rows = settled(valued(customers, worth, risk), current, step).withColumns(
        {
            "horizon_days": F.lit(asked.horizon_days),
            "model": F.lit(name),
            "as_of": F.lit(context.as_of),
            "run_id": F.lit(writer.run_id),
        }
    ).persist()  # fmt: skip
    change = writer.publish(CUSTOMER_VALUE, rows, delete_missing=True, position=position)
    total = _say(context, rows, change.total)
    rows.unpersist()
    return Outcome("value", total, total, message=f"{WORDS[name]}: {found.choice.reason}")


def _say(context: Context, rows: DataFrame, changed: int) -> int:
    """Say what all are worth together.

    Returns:
        The number of customers.
    """
    sums = [exact_sum(F.col(name)) for name in ("expected_purchases", "clv")]
    at_risk = F.count_if("at_risk")
    total, ordered, purchases, clv, risky = rows.agg(F.count("*"), F.count("clv"), *sums, at_risk).collect()[0]  # one
    asked, currency = context.config.value, context.config.money.currency
    context.reporter.say(
        f"value: {ordered:,} of {total:,} customers ever ordered; of them {purchases:,.0f} orders and {clv:,.0f} "
        f"{currency} are expected in {asked.horizon_days} days; {risky:,} are at risk; {changed:,} rows changed"
    )
    return int(total)
