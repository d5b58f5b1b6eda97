"""Preparation of model inputs: winsorise, log where skewed, impute, standardise, as spark.ml stages with literals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyspark.ml import Estimator, Transformer
from pyspark.ml.feature import Imputer, SQLTransformer, StandardScaler, VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.config.model import Clustering

PREPARED = "features"


@dataclass(frozen=True)
class InputPlan:
    """How one feature becomes a model input.

    Attributes:
        lower: values below are raised to it, in the feature's unit.
        upper: values above are lowered to it.
        log: whether sign(x) * ln(1 + |x|) is taken after that.
        missing_share: share of customers whose value is unknown.
    """

    feature: str
    lower: float
    upper: float
    log: bool
    missing_share: float

    @property
    def words(self) -> str:
        """The preparation as a person reads it.

        Examples:
            >>> print(InputPlan("frequency", 1.0, 90.0, False, 0.0).words)
            winsorised to [1, 90], unknown (0.0%) filled with the median, divided by the standard deviation
        """
        log = ", signed log1p" if self.log else ""
        return (
            f"winsorised to [{self.lower:g}, {self.upper:g}]{log}, unknown ({self.missing_share:.1%}) filled with the "
            "median, divided by the standard deviation"
        )


@dataclass(frozen=True)
class Unusable:
    """A feature that cannot be an input, and why."""

    feature: str
    reason: str


def as_doubles(features: DataFrame, names: Iterable[str]) -> DataFrame:
    """Customer ids and features as doubles, the form in which inputs are summarised."""
    columns: list[Column] = [F.col(quoted(name)).cast("double").alias(name) for name in names]
    return features.select("customer_id", *columns)


def plan_inputs(
    sample: pd.DataFrame, names: Sequence[str], settings: Clustering
) -> tuple[list[InputPlan], list[Unusable]]:
    """Decide the preparation of each feature from a sample.

    Args:
        sample: bounded sample of customers, a column of doubles per feature, NaN for unknown.
        names: the features.
        settings: winsorising quantiles and the skewness from which a log is taken.

    Returns:
        The plans, and the features that are constant or never known.

    Examples:
        >>> sample = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0] * 4, "c": [np.nan] * 4})
        >>> plans, unusable = plan_inputs(sample, ["a", "b", "c"], Clustering(winsorise=(0.0, 1.0)))
        >>> plans
        [InputPlan(feature='a', lower=1.0, upper=4.0, log=False, missing_share=0.0)]
        >>> [(one.feature, one.reason) for one in unusable]
        [('b', 'is 5 for every customer'), ('c', 'is unknown (null) for every customer')]
    """
    plans, unusable = [], []
    for name in names:
        values = sample[name].to_numpy(dtype=float)
        known = values[~np.isnan(values)]
        if known.size == 0:
            unusable.append(Unusable(name, "is unknown (null) for every customer"))
        elif known.min() == known.max():
            whom = "for every customer" if known.size == values.size else "wherever it is known"
            unusable.append(Unusable(name, f"is {known[0]:g} {whom}"))
        else:
            plans.append(_plan(name, known, 1 - known.size / values.size, settings))
    return plans, unusable


def preparation_stages(plans: Sequence[InputPlan]) -> "list[Estimator[Any] | Transformer]":
    """The spark.ml stages that turn features into the vector `features`: literals, imputation, scaling."""
    prepared = [f"{plan.feature}__prepared" for plan in plans]
    known = [f"{name}__known" for name in prepared]
    selected = ", ".join(f"{_sql(plan)} AS {quoted(name)}" for plan, name in zip(plans, prepared, strict=True))
    return [
        SQLTransformer(statement=f"SELECT *, {selected} FROM __THIS__"),  # noqa: S608 (quoted names and numbers)
        Imputer(strategy="median", inputCols=prepared, outputCols=known, relativeError=0.0001),
        VectorAssembler(inputCols=known, outputCol="assembled"),
        # Not centred: distances are the same, and MLlib's BisectingKMeans starts its split by a step that is a share of
        # the centre's norm, so around the origin it finds nothing.
        StandardScaler(inputCol="assembled", outputCol=PREPARED, withMean=False, withStd=True),
    ]


def _plan(name: str, known: npt.NDArray[np.float64], missing_share: float, settings: Clustering) -> InputPlan:
    lower, upper = (float(q) for q in np.quantile(known, settings.winsorise))
    if lower == upper:  # nearly all values are one: the others are what there is to see
        lower, upper = float(known.min()), float(known.max())
    pulled = np.clip(known, lower, upper)
    log = abs(skewness(pulled)) > settings.log_skewness
    return InputPlan(name, lower, upper, bool(log), float(missing_share))


def skewness(values: npt.NDArray[np.float64]) -> float:
    """Population skewness, the mean cubed standard score; 0 for constants.

    Examples:
        >>> round(skewness(np.array([0.0, 0.0, 3.0])), 6)
        0.707107
    """
    deviation = values.std()
    return 0.0 if deviation == 0 else float((((values - values.mean()) / deviation) ** 3).mean())


def _sql(plan: InputPlan) -> str:
    value = f"CAST({quoted(plan.feature)} AS DOUBLE)"
    pulled = f"LEAST(GREATEST({value}, {plan.lower!r}D), {plan.upper!r}D)"
    shaped = f"SIGN({pulled}) * LOG1P(ABS({pulled}))" if plan.log else pulled
    return f"CASE WHEN {value} IS NOT NULL AND NOT ISNAN({value}) THEN {shaped} END"
