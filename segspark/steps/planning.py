"""Planning of a training's inputs: which features, how each is prepared, in which sets, and what is a known mistake."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.inputs import Input
from segspark.clustering.objective import mistakes, preset_inputs
from segspark.clustering.preparation import PREPARED, plan_inputs, summarised
from segspark.clustering.views import View, rotated
from segspark.config import Clustering
from segspark.config.clustering import ALL
from segspark.errors import BadInputError
from segspark.steps.context import Context


def plan(context: Context, sample: DataFrame) -> list[View]:
    """What candidates are compared on: all inputs, the configured feature sets, and components of each if asked for.

    What cannot be an input is an error if it was asked for, and dropped aloud if not.

    Args:
        context: of the training.
        sample: features of customers trained on, of bounded size.

    Raises:
        BadInputError: an input that was asked for is no feature or does not vary; nothing varies; there are too few
            customers; two feature sets are the same.
    """
    settings = context.config.clustering
    types = {feature.name: feature.type for feature in context.features}
    preset = preset_inputs(context.config.objective, types) if settings.inputs == "objective" else {}
    automatic = [feature.name for feature in context.features if feature.automatic]
    names = settings.inputs if isinstance(settings.inputs, list) else list(preset) or automatic
    settings = settings.model_copy(update={"weights": preset | settings.weights})
    sets = {ALL: names} | context.config.search.feature_sets
    _check(sets, types)
    every = list(dict.fromkeys(name for some in sets.values() for name in some))
    numbers = [name for name in every if types[name] != "STRING"]
    levels = [name for name in every if types[name] == "STRING"]
    table: pd.DataFrame = summarised(sample, numbers, levels).toPandas()  # at most clustering.sample_rows
    if len(table) <= settings.k.max:
        raise BadInputError(
            [f"clustering.k.max: {settings.k.max} clusters need more customers than the {len(table)} that are "
             "eligible and not held out; lower clustering.k.max, or check population.eligible and search.holdout_share"]
        )  # fmt: skip
    views = [View(name, tuple(_inputs(context, name, some, table, settings))) for name, some in sets.items()]
    _name_mistakes(context, views[0].plans, table)
    context.reporter.say(f"{len(table):,} customers, {len(views[0].plans)} inputs")
    return _with_components(context, _different(context, views), sample)


def _check(sets: dict[str, list[str]], types: dict[str, str]) -> None:
    problems = [
        f"{_path(name)}: {feature} is not a feature; there are {', '.join(types)}"
        for name, some in sets.items()
        for feature in sorted(set(some) - types.keys())
    ]
    problems += [
        f"{_path(name)}: these are the inputs of the clustering, which are tried in any case; remove it"
        for name, some in sets.items()
        if name != ALL and set(some) == set(sets[ALL])
    ]
    if problems:
        raise BadInputError(problems)


def _inputs(
    context: Context, name: str, features: Sequence[str], table: pd.DataFrame, settings: Clustering
) -> list[Input]:
    """The inputs of a feature set, of those that were asked for all that can be one."""
    plans, unusable = plan_inputs(table, features, settings)
    broken = [one for one in unusable if not one.repeats]
    if broken and (name != ALL or isinstance(settings.inputs, list)):
        raise BadInputError(f"{_path(name)}: {one.feature} {one.reason}; remove it" for one in broken)
    if not plans:
        raise BadInputError(f"{_path(name)}: no feature varies: {one.feature} {one.reason}" for one in unusable)
    where = "for clustering" if name == ALL else f"in {name}"
    for one in unusable:
        context.reporter.warn(f"{one.feature} {one.reason}: not used {where}")
    return plans


def _path(name: str) -> str:
    """Of a feature set in the configuration."""
    return "clustering.inputs" if name == ALL else f"search.feature_sets.{name}"


def _different(context: Context, views: Sequence[View]) -> list[View]:
    """Without the feature sets of which the same is left as of one before; these are named."""
    found: dict[frozenset[str], View] = {}
    for view in views:
        same = found.setdefault(frozenset(view.features), view)
        if same is not view:
            context.reporter.warn(f"{view.name} is left out: it has the same inputs as {same.name}")
    return list(found.values())


def _with_components(context: Context, views: Sequence[View], sample: DataFrame) -> list[View]:
    """Each feature set, and its principal components behind it."""
    wanted = context.config.search.components
    if wanted is None:
        return list(views)
    found = []
    for view in views:
        point = vector_to_array(F.col(PREPARED)).alias("point")
        table = view.preparation.transform(sample).select(point).toPandas()  # at most clustering.sample_rows
        turned = rotated(view, np.array(table["point"].tolist(), dtype=np.float64), wanted)
        if turned is None:
            context.reporter.warn(
                f"{view.name} is not rotated: all its {len(view.coordinates)} components would change no distance"
            )
        else:
            share = sum(one.share for one in turned.components)
            context.reporter.say(f"{turned.name}: {share:.1%} of the variance of {len(view.coordinates)} coordinates")
        found += [view, *([turned] if turned else [])]
    return found


def _name_mistakes(context: Context, plans: Sequence[Input], sample: pd.DataFrame) -> None:
    used = {plan.feature for plan in plans}
    families = {one.name: one.family for one in context.features if one.name in used}
    quiet = float(sample["recency_days"].min()) if "recency_days" in sample else None
    for one in mistakes(families, context.config.clustering.manageable.max, quiet):
        context.reporter.warn(one)
