"""The back-test of value: models fitted on customers as they were, held against what these did since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.sampling import training_sample
from segspark.kernels.worth import predicted
from segspark.steps.context import Context
from segspark.steps.next_period import beginning
from segspark.steps.orders import past_orders
from segspark.steps.population import features_at
from segspark.value.backtest import NAIVE, cells, comparable, deciles_of, predictions
from segspark.value.calibration import Bin, Errors, calibration, errors, lead
from segspark.value.patterns import customers_with_orders, unfit
from segspark.value.purchases import WORDS, fit

_FEWEST = 100  # customers, with fewer of whom an error says nothing


@dataclass(frozen=True)
class Tested:
    """What a back-test found.

    Attributes:
        began: date from which is predicted, until as_of.
        customers: that are compared.
        left_out: customers of then who are gone or whose past is told differently now.
        errors: by model, the naive one included.
        bins: calibration by model, likewise.
        lead: by how many standard errors Pareto/NBD's squared errors are below those of BG/NBD; None where only one of
            the two was asked for.
    """

    began: date
    customers: int
    left_out: int
    errors: Mapping[str, Errors]
    bins: Mapping[str, Sequence[Bin]]
    lead: float | None


def back_test(context: Context, names: Sequence[str]) -> Tested | None:
    """Predict the period that ends at as_of from its beginning; None where that cannot be done, which is said.

    Args:
        context: of the phase.
        names: models to test.
    """
    settings, found = context.config.value, _then(context)
    if found is None:
        return None
    began, then = found
    orders = past_orders(then, settings)
    reason = unfit(orders.patterns)
    if reason:
        context.reporter.say(f"value: no back-test from {began}: {reason}")
        return None
    models = {name: fit(name, orders.patterns).model for name in names}
    days, now = (context.as_of - began).days, features_at(context)
    customers = comparable(then, now, days).persist()
    compared = customers.count()
    if compared < _FEWEST:
        context.reporter.say(f"value: no back-test, as only {compared} customers of {began} can be compared")
        customers.unpersist()
        return None
    sample = training_sample(customers, settings.fit_rows, settings.seed).drop("customer_id")
    few = next(predicted([sample.toPandas()], models, settings.unit_days, days))  # at most fit_rows
    told = cells(predictions(customers, models, settings.unit_days, days), deciles_of(few, [*names, NAIVE]))
    customers.unpersist()
    left_out = customers_with_orders(then).count() - compared
    found_of = {name: errors(told, name) for name in (*names, NAIVE)}
    bins = {name: calibration(told, name) for name in (*names, NAIVE)}
    tested = Tested(began, compared, left_out, found_of, bins, lead(told))
    _say(context, tested)
    return tested


def _then(context: Context) -> tuple[date, DataFrame] | None:
    """The date from which is predicted, and the features of then; None, which is said, where there are none."""
    began = beginning(context)
    if began is not None:
        then = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(began))
        if not then.isEmpty():
            return began, then
    days = context.config.objective.horizon_days
    context.reporter.say(
        f"value: no back-test, as there are no features of {days} days before (segspark features --also DATE)"
    )
    return None


def _say(context: Context, found: Tested) -> None:
    gone = f"; {found.left_out:,} are gone or have another past now" if found.left_out else ""
    context.reporter.say(f"value: back-test from {found.began} on {found.customers:,} customers{gone}")
    for name, one in found.errors.items():
        words = WORDS.get(name, "rate so far")
        bias = "" if one.bias is None else f" ({one.bias:+.1%})"
        context.reporter.say(
            f"  {words}: {one.predicted:.3f} orders predicted, {one.actual:.3f} made{bias}; root mean squared error "
            f"{one.rmse:.3f}, mean absolute error {one.mae:.3f}"
        )
