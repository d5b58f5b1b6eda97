"""The gate: a newly trained version becomes champion if it tells apart better what customers do next."""

from dataclasses import dataclass

import numpy as np
from pyspark.errors import PySparkException

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.yardstick import Separation, separations
from segspark.errors import BadInputError, RefusedError
from segspark.steps.context import Context
from segspark.steps.next_period import NextPeriod
from segspark.tracking import ModelVersion, Training


@dataclass(frozen=True)
class Decision:
    """Whether a version is to be champion, and why."""

    promoted: bool
    why: str


def decide(context: Context, separation: float | None, period: NextPeriod | None) -> Decision:
    """Compare a new version with the champion by the yardstick, on the same customers held out.

    Args:
        context: of the training.
        separation: of the new version.
        period: that both are compared in; None if it is not known.
    """
    champion = context.tracker.champion_if_any()
    if champion is None:
        return Decision(True, "there was no champion")
    if period is None or separation is None:
        return _won(context, f"it cannot be compared with {champion.label}: the next period is not known")
    current = _separation(context, champion, period)
    if current is None:
        return _won(context, f"it cannot be compared with {champion.label}, which cannot be applied to these features")
    margin = context.config.promotion.margin
    told = f"it separates the KPI by {separation:.3f}, {champion.label} by {current.value:.3f} on the same customers"
    if separation - current.value > margin:
        return _won(context, told)
    return Decision(False, f"{told}: not by more than {margin:g} (promotion.margin)")


def apply(training: Training, version: ModelVersion, decision: Decision, context: Context) -> None:
    """Move the alias that the decision names, and say so."""
    if decision.promoted:
        training.promote(version)
        context.reporter.say(f"{version.label} registered and promoted to champion: {decision.why}")
    else:
        training.challenge(version)
        context.reporter.say(f"{version.label} registered as challenger: {decision.why}")


def approve(context: Context) -> None:
    """Make the challenger champion, as a person decided.

    Raises:
        BadInputError: there is no challenger.
    """
    challenger = context.tracker.challenger()
    if challenger is None:
        name = context.config.tracking.model
        raise BadInputError([f"--approve: the model '{name}' has no challenger; run segspark train first"])
    context.tracker.promote(challenger)
    context.reporter.say(f"{challenger.label} approved and promoted to champion")


def _won(context: Context, why: str) -> Decision:
    if context.config.promotion.approval:
        return Decision(False, f"{why}; it waits for segspark train --approve (promotion.approval)")
    return Decision(True, why)


def _separation(context: Context, champion: ModelVersion, period: NextPeriod) -> Separation | None:
    """The champion's separation; None where it cannot be loaded or its inputs are not there."""
    try:
        model = context.tracker.load(champion)
        found = model.transform(period.rows).select(CLUSTER).toPandas()  # at most search.yardstick_rows
    except (PySparkException, RefusedError) as error:
        context.reporter.warn(f"{champion.label}: {str(error).strip().splitlines()[0]}")
        return None
    labels = found[CLUSTER].to_numpy(dtype=np.int64)
    return separations(period.kpi, [labels], context.config.clustering.seed)[0]
