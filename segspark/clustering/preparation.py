"""Preparation of model inputs: what becomes of each feature is decided on a sample, and done by two spark.ml stages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyspark.ml import Transformer
from pyspark.ml.feature import SQLTransformer, VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.clustering.inputs import Coordinate, Input, LevelsInput, NumberInput, Shape, power_of, robust_deviation
from segspark.columns import quoted
from segspark.config.clustering import Clustering

PREPARED = "features"


@dataclass(frozen=True)
class Unusable:
    """A feature that cannot be an input, and why.

    Attributes:
        repeats: whether it would only say again what another input says.
    """

    feature: str
    reason: str
    repeats: bool = False


def summarised(features: DataFrame, numbers: Iterable[str], levels: Iterable[str]) -> DataFrame:
    """Customer ids and features in the form in which inputs are decided on: numbers as doubles, levels as text."""
    columns: list[Column] = [F.col(quoted(name)).cast("double").alias(name) for name in numbers]
    columns += [F.col(quoted(name)).cast("string").alias(name) for name in levels]
    return features.select("customer_id", *columns)


def plan_inputs(sample: pd.DataFrame, names: Sequence[str], settings: Clustering) -> tuple[list[Input], list[Unusable]]:
    """Decide the preparation of each feature from a sample.

    Args:
        sample: bounded sample of customers; a column of doubles per number, NaN for unknown; of text per level.
        names: the features.
        settings: of the preparation.

    Returns:
        The plans, and the features that are constant, never known, or nearly the same as one before.

    Examples:
        >>> sample = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0] * 4, "c": [np.nan] * 4})
        >>> plans, unusable = plan_inputs(sample, ["a", "b", "c"], Clustering(winsorise=(0.0, 1.0)))
        >>> [(one.feature, one.lower, one.upper) for one in plans]
        [('a', 1.0, 4.0)]
        >>> [(one.feature, one.reason) for one in unusable]
        [('b', 'is 5 for every customer'), ('c', 'is unknown (null) for every customer')]
    """
    obstacles = {name: _obstacle(sample[name]) for name in names}
    varied = [name for name in names if not obstacles[name]]
    repeated = _repeated(sample, varied, settings.correlation_limit)
    plans = [_plan(name, sample[name], settings) for name in varied if name not in repeated]
    reasons = obstacles | repeated
    return plans, [Unusable(name, why, name in repeated) for name, why in reasons.items() if why]


def preparation_stages(plans: Sequence[Input], components: Sequence[Coordinate] = ()) -> list[Transformer]:
    """The spark.ml stages that turn features into the vector `features`: expressions with literals, nothing to fit.

    Args:
        plans: of the inputs.
        components: expressions over the inputs' coordinates, which the vector has instead of these, if there are any.
    """
    found = coordinates(plans)
    steps = [found, components] if components else [found]
    return [
        *(computed({one.name: one.sql for one in step}) for step in steps),
        VectorAssembler(inputCols=[one.name for one in steps[-1]], outputCol=PREPARED),
    ]


def computed(columns: Mapping[str, str]) -> SQLTransformer:
    """A stage that adds columns to those that there are: Spark SQL by name."""
    selected = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    return SQLTransformer(statement=f"SELECT *, {selected} FROM __THIS__")  # noqa: S608 (quoted names, numbers, texts)


def coordinates(plans: Sequence[Input]) -> list[Coordinate]:
    """The coordinates of a prepared customer, in order.

    They start at 0, at each input's lower limit: MLlib's BisectingKMeans starts its split by a step that is a share of
    the centre's norm, so of customers around the origin it finds nothing.
    """
    return [one for plan in plans for one in plan.coordinates]


def _obstacle(values: pd.Series) -> str:
    """Why a feature cannot be an input; empty if it can."""
    known = values.dropna()
    if known.empty:
        return "is unknown (null) for every customer"
    if known.nunique() > 1:
        return ""
    whom = "for every customer" if len(known) == len(values) else "wherever it is known"
    constant = known.iloc[0]
    return f"is {constant if isinstance(constant, str) else format(constant, 'g')} {whom}"


def _repeated(sample: pd.DataFrame, names: Sequence[str], limit: float) -> dict[str, str]:
    """Numbers that go with one before them, by name, with the reason: the same signal would count twice."""
    numbers = [name for name in names if sample[name].dtype.kind == "f"]
    if limit >= 1 or len(numbers) < 2:
        return {}
    together = sample[numbers].corr("spearman").abs().to_numpy()
    found: dict[str, str] = {}
    for here, name in enumerate(numbers):
        for there, other in enumerate(numbers[:here]):
            if other not in found and together[here, there] > limit:
                found[name] = f"goes with {other} (rank correlation {together[here, there]:.3f})"
                break
    return found


def _plan(name: str, values: pd.Series, settings: Clustering) -> Input:
    weight = settings.weights.get(name, 1.0)
    if values.dtype.kind != "f":
        shares = (values.value_counts() / len(values)).to_dict()
        kept = sorted(shares.items(), key=lambda one: (-one[1], one[0]))[: settings.levels]
        return LevelsInput(name, {str(level): float(share) for level, share in kept}, weight)
    return _number(name, values, weight, settings)


def _number(name: str, values: pd.Series, weight: float, settings: Clustering) -> NumberInput:
    known = values.dropna()
    lower, upper = (float(known.quantile(share)) for share in settings.winsorise)
    if lower == upper:  # nearly all values are one: the others are what there is to see
        lower, upper = float(known.min()), float(known.max())
    pulled = known.clip(lower, upper)
    shape = _shape(pulled.to_numpy(), settings)
    fill, missing = float(pulled.median()), float(values.isna().mean())
    shaped = pd.Series(shape.of(values.fillna(fill).clip(lower, upper).to_numpy()))
    scale = (robust_deviation(shaped) if settings.scale == "robust" else 0.0) or float(shaped.std())
    told = settings.unknown_weight * weight / max((missing * (1 - missing)) ** 0.5, 0.1) if missing > 0 else 0.0
    return NumberInput(name, lower, upper, shape, fill, scale, weight, missing, told)


def _shape(pulled: npt.NDArray[np.float64], settings: Clustering) -> Shape:
    if settings.transform == "none" or abs(skewness(pulled)) <= settings.log_skewness:
        return Shape("none")
    return Shape("log") if settings.transform == "log" else Shape("yeo-johnson", power_of(pulled))


def skewness(values: npt.NDArray[np.float64]) -> float:
    """Population skewness, the mean cubed standard score; 0 for constants.

    Examples:
        >>> round(skewness(np.array([0.0, 0.0, 3.0])), 6)
        0.707107
    """
    deviation = values.std()
    return 0.0 if deviation == 0 else float((((values - values.mean()) / deviation) ** 3).mean())


def words(plans: Sequence[Input]) -> Mapping[str, str]:
    """The preparation of each input, in words."""
    return {plan.feature: plan.words for plan in plans}
