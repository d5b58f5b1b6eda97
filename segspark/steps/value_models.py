"""What is told of the models of value: parameters, what they were fitted on, how they did in the back-test."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from pyspark.sql import functions as F

from segspark.io.commits import Writer
from segspark.steps.back_test import Tested
from segspark.steps.context import Context
from segspark.steps.orders import Orders
from segspark.tables import VALUE_CALIBRATION, VALUE_MODELS
from segspark.value.backtest import NAIVE
from segspark.value.choice import Choice
from segspark.value.purchases import WORDS, Fitted
from segspark.value.spend import FittedSpend

_SPEND = "gamma_gamma"
_DIGITS = 12  # beyond which a number depends on the processor, and a row would seem to change


@dataclass(frozen=True)
class Found:
    """What customers are valued by.

    Attributes:
        orders: that models were fitted on.
        fitted: the chosen model of purchases; others are held against it in the back-test alone.
        spend: the model of spend.
        tested: the back-test, if there is one.
        choice: which of the models, and why.
    """

    orders: Orders
    fitted: Fitted
    spend: FittedSpend
    tested: Tested | None
    choice: Choice


def publish_models(context: Context, writer: Writer, found: Found, worth_much: float) -> None:
    """Publish `value_models` and `value_calibration` of as_of.

    Args:
        context: of the phase.
        writer: in whose name is written.
        found: what customers are valued by.
        worth_much: value from which a customer is worth much, if still there.
    """
    now, tested = F.col("as_of") == F.lit(context.as_of), found.tested
    held = [] if tested is None else [name for name in tested.errors if name != found.choice.name]
    rows = [_row(context, writer, found, name, worth_much) for name in [found.choice.name, *held, _SPEND]]
    writer.publish_few(VALUE_MODELS, rows, scope=now, delete_missing=True)
    bins = [] if tested is None else [
        (context.as_of, tested.began, name, *_rounded(astuple(one)), writer.run_id)
        for name, some in tested.bins.items()
        for one in some
    ]  # fmt: skip
    writer.publish_few(VALUE_CALIBRATION, bins, scope=now, delete_missing=True)


def _row(context: Context, writer: Writer, found: Found, name: str, worth_much: float) -> tuple[object, ...]:
    """A row of value_models."""
    told: dict[str, object] = {
        "as_of": context.as_of, "model": name, "chosen": name in (found.choice.name, _SPEND), "run_id": writer.run_id,
        "unit_days": context.config.value.unit_days,
    }  # fmt: skip
    if name == _SPEND:
        told |= {"reason": "spend an order", "parameters": _parameters(vars(found.spend.model))}
        told |= {"log_likelihood": found.spend.log_likelihood, "customers": found.spend.customers}
        told |= {"spend_correlation": found.spend.correlation}
    elif name == found.choice.name:
        one = found.fitted
        told |= {"parameters": _parameters(one.parameters), "log_likelihood": one.log_likelihood}
        told |= {"customers": one.customers, "patterns": one.patterns}
        told |= {"reason": found.choice.reason, "worth_much": worth_much}
    else:
        told |= {"reason": "for comparison" if name == NAIVE else f"{WORDS[found.choice.name]} is taken"}
    if found.tested is not None and name in found.tested.errors:
        error = found.tested.errors[name]
        told |= {"from_as_of": found.tested.began, "back_test_customers": found.tested.customers}
        told |= {"back_test_left_out": found.tested.left_out, "bias": error.bias, "mae": error.mae, "rmse": error.rmse}
        told |= {"predicted_mean": error.predicted, "actual_mean": error.actual}
    return _rounded([told.get(column) for column in VALUE_MODELS.column_names])


def _rounded(values: Sequence[object]) -> tuple[object, ...]:
    return tuple(round(one, _DIGITS) if isinstance(one, float) else one for one in values)


def _parameters(given: Mapping[str, float]) -> dict[str, float]:
    """To so many digits as do not depend on the processor."""
    return {name: float(f"{one:.9g}") for name, one in given.items()}
