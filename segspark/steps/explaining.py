"""What a segmentation's inputs have to do with it: a rule for each cluster, and effect sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.clusterers import Floats, Ints
from segspark.clustering.explanation import explain
from segspark.clustering.fidelity import Rule, agreement, cost_ratio, rule
from segspark.clustering.importance import SegmentMoments, cramers_v, eta_squared
from segspark.clustering.inputs import Input, LevelsInput
from segspark.clustering.outcomes import ClusterOutcome, outcomes
from segspark.clustering.passes import held_out
from segspark.clustering.preparation import PREPARED
from segspark.clustering.sampling import training_sample
from segspark.clustering.scoring import cluster_count
from segspark.columns import quoted
from segspark.steps.context import Context
from segspark.steps.next_period import NextPeriod

_ROWS = 20_000  # customers that the tree is made of, and those held out that it is measured on


@dataclass(frozen=True)
class Explained:
    """A tree's rules, and how much of each input lies between the clusters.

    Attributes:
        rules: of each cluster.
        agreement: share of customers held out to whom the tree gives the model's cluster.
        cost_ratio: cost of the tree's clusters over that of the model's, customers held out; None for mixtures.
        effects: by input, eta squared of numbers and Cramér's V of levels, customers held out.
    """

    rules: tuple[Rule, ...]
    agreement: float
    cost_ratio: float | None
    effects: dict[str, float]


def explained(context: Context, model: PipelineModel, customers: DataFrame, plans: Sequence[Input]) -> Explained | None:
    """Explain a model on samples of its customers; None without numbers among the inputs, or nobody held out."""
    share, seed = context.config.search.holdout_share, context.config.clustering.seed
    numbers = [one.feature for one in plans if not isinstance(one, LevelsInput)]
    levels = [one.feature for one in plans if isinstance(one, LevelsInput)]
    trained, held = (
        _labelled(model, training_sample(customers.where(part), _ROWS, seed), numbers, levels)
        for part in (~held_out(share), held_out(share))
    )
    if not numbers or held.empty:
        return None
    k = cluster_count(model)
    tree = explain(_values(trained, numbers), _clusters(trained), k)
    values, labels = _values(held, numbers), _clusters(held)
    others = tree.segments(values, len(labels))
    return Explained(
        tuple(rule(tree.of(one), one, values, labels) for one in range(k)),
        agreement(labels, others),
        _cost_ratio(model, held, labels, others),
        _effects(held, numbers, levels, labels, k),
    )


def next_outcomes(model: PipelineModel, period: NextPeriod | None) -> tuple[ClusterOutcome, ...]:
    """What the customers of each of a model's clusters did in the next period; empty where that is not known."""
    if period is None:
        return ()
    found = model.transform(period.rows).select(CLUSTER, "kpi").toPandas()  # at most search.yardstick_rows
    return outcomes(found["kpi"].to_numpy(dtype=np.float64), _clusters(found), cluster_count(model))


def _labelled(model: PipelineModel, sample: DataFrame, numbers: list[str], levels: list[str]) -> pd.DataFrame:
    """Inputs, cluster and prepared point of each customer of a sample, at most _ROWS."""
    columns = [F.col(quoted(name)).cast("double").alias(name) for name in numbers]
    columns += [F.col(quoted(name)).cast("string").alias(name) for name in levels]
    point = vector_to_array(F.col(PREPARED)).alias("_point")
    found: pd.DataFrame = model.transform(sample).select(*columns, CLUSTER, point).toPandas()
    return found


def _values(table: pd.DataFrame, numbers: list[str]) -> dict[str, Floats]:
    return {name: table[name].to_numpy(dtype=np.float64) for name in numbers}


def _clusters(table: pd.DataFrame) -> Ints:
    return table[CLUSTER].to_numpy(dtype=np.int64)


def _cost_ratio(model: PipelineModel, held: pd.DataFrame, labels: Ints, others: Ints) -> float | None:
    last: Any = model.stages[-1]
    if not hasattr(last, "clusterCenters"):
        return None
    centres = np.array([np.asarray(one) for one in last.clusterCenters()])
    return cost_ratio(np.array(held["_point"].tolist()), labels, others, centres)


def _effects(held: pd.DataFrame, numbers: list[str], levels: list[str], labels: Ints, k: int) -> dict[str, float]:
    found = eta_squared(SegmentMoments.of(held[numbers].to_numpy(dtype=np.float64), labels, k))
    effects = dict(zip(numbers, map(float, found), strict=True))
    for name in levels:
        strength = cramers_v(pd.crosstab(labels, held[name].fillna("unknown")).to_numpy(dtype=np.float64))
        effects[name] = strength if strength is not None else float("nan")
    return effects
