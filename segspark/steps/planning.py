"""Planning of a training's inputs: which features, how each is prepared, and what is a known mistake."""

from collections.abc import Sequence

import pandas as pd
from pyspark.sql import DataFrame

from segspark.clustering.inputs import Input
from segspark.clustering.objective import mistakes, preset_inputs
from segspark.clustering.preparation import plan_inputs, summarised
from segspark.errors import BadInputError
from segspark.steps.context import Context


def plan(context: Context, sample: DataFrame) -> list[Input]:
    """The inputs' preparation; what cannot be an input is an error if it was asked for, and dropped aloud if not.

    Args:
        context: of the training.
        sample: features of customers trained on, of bounded size.

    Raises:
        BadInputError: an input that was asked for is no feature or does not vary; nothing varies; there are too few
            customers.
    """
    settings = context.config.clustering
    types = {feature.name: feature.type for feature in context.features}
    preset = preset_inputs(context.config.objective, types) if settings.inputs == "objective" else {}
    automatic = [feature.name for feature in context.features if feature.automatic]
    names = settings.inputs if isinstance(settings.inputs, list) else list(preset) or automatic
    settings = settings.model_copy(update={"weights": preset | settings.weights})
    if unknown := sorted(set(names) - types.keys()):
        raise BadInputError(
            f"clustering.inputs: {name} is not a feature; there are {', '.join(types)}" for name in unknown
        )
    numbers = [name for name in names if types[name] != "STRING"]
    levels = [name for name in names if types[name] == "STRING"]
    table: pd.DataFrame = summarised(sample, numbers, levels).toPandas()  # at most clustering.sample_rows
    if len(table) <= settings.k.max:
        raise BadInputError(
            [f"clustering.k.max: {settings.k.max} clusters need more customers than the {len(table)} that are "
             "eligible and not held out; lower clustering.k.max, or check population.eligible and search.holdout_share"]
        )  # fmt: skip
    plans, unusable = plan_inputs(table, names, settings)
    broken = [one for one in unusable if not one.repeats]
    if isinstance(settings.inputs, list) and broken:
        raise BadInputError(f"clustering.inputs: {one.feature} {one.reason}; remove it" for one in broken)
    if not plans:
        raise BadInputError(f"clustering.inputs: no feature varies: {one.feature} {one.reason}" for one in unusable)
    for one in unusable:
        context.reporter.warn(f"{one.feature} {one.reason}: not used for clustering")
    _name_mistakes(context, plans, table)
    context.reporter.say(f"{len(table):,} customers, {len(plans)} inputs")
    return plans


def _name_mistakes(context: Context, plans: Sequence[Input], sample: pd.DataFrame) -> None:
    used = {plan.feature for plan in plans}
    families = {one.name: one.family for one in context.features if one.name in used}
    quiet = float(sample["recency_days"].min()) if "recency_days" in sample else None
    for one in mistakes(families, context.config.clustering.manageable.max, quiet):
        context.reporter.warn(one)
