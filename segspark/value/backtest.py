"""Back-test: what was predicted for a period, held against what customers did in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from math import sqrt

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.kernels.hypergeometric import Floats
from segspark.kernels.worth import predicted
from segspark.value.patterns import customers_with_orders
from segspark.value.purchases import Model

NAIVE = "naive"
BY_PURCHASES, BY_PREDICTION = "repeat_purchases", "predicted_decile"
_MOST_PURCHASES = 7  # and more, in one class
_DECILES = 10
_NORMAL = 1.96  # standard errors to either end of a 95% interval


@dataclass(frozen=True)
class Bin:
    """Customers that are alike in what they did or what was predicted for them.

    Attributes:
        grouping: repeat_purchases or predicted_decile.
        bin: orders after the first, 7 for so many or more; or the decile, 1 that of the lowest predictions.
        customers: in it.
        predicted: mean orders predicted.
        actual: mean orders made.
        lower: lower end of the 95% interval of the mean made.
        upper: upper end of it.
    """

    grouping: str
    bin: int
    customers: int
    predicted: float
    actual: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Errors:
    """How a model did over all customers.

    Attributes:
        predicted: mean orders predicted.
        actual: mean orders made.
        mae: mean absolute error.
        rmse: root of the mean squared error, which is least of all for who predicts the mean.
    """

    predicted: float
    actual: float
    mae: float
    rmse: float

    @property
    def bias(self) -> float | None:
        """Share by which too many are predicted; below 0 too few; None where nothing was ordered.

        Examples:
            >>> Errors(1.2, 1.0, 0.5, 0.7).bias
            0.2
        """
        return self.predicted / self.actual - 1.0 if self.actual else None


def comparable(then: DataFrame, now: DataFrame, days: int) -> DataFrame:
    """Customers that had ordered by the earlier date and whose past is told alike at both.

    Who is not there any more (merged, erased), whose first order is another now or whose orders have become fewer
    (merged, corrected) cannot be compared.

    Args:
        then: features at the earlier date.
        now: features at the later one.
        days: between the two.

    Returns:
        One row per customer_id: x, t_x and age at the earlier date, and `actual`, the orders since.
    """
    before = customers_with_orders(then).select("customer_id", "x", "t_x", "age", F.col("frequency").alias("had"))
    after = now.select("customer_id", "frequency", F.col("tenure_days").alias("age_now"))
    both = before.join(after, on="customer_id", how="inner")
    alike = (F.col("age_now") - F.col("age") == days) & (F.col("frequency") >= F.col("had"))
    return both.where(alike).select(
        "customer_id", "x", "t_x", "age", (F.col("frequency") - F.col("had")).alias("actual")
    )


def predictions(customers: DataFrame, models: Mapping[str, Model], unit_days: int, days: int) -> DataFrame:
    """Customers of `comparable` with what each model, and the naive rate so far, predicts; without ids."""
    numbers = customers.selectExpr(*(f"CAST({name} AS DOUBLE) AS {name}" for name in ("x", "t_x", "age", "actual")))
    schema = ", ".join(f"{name} DOUBLE" for name in ("x", "actual", NAIVE, *models))
    return numbers.mapInPandas(partial(predicted, models=dict(models), unit_days=unit_days, days=days), schema)


def deciles_of(sample: pd.DataFrame, names: Sequence[str]) -> dict[str, Floats]:
    """The nine values that part the predictions of a sample in ten, by model."""
    shares = np.arange(1, _DECILES) / _DECILES
    return {name: np.quantile(sample[name].to_numpy(), shares, method="inverted_cdf") for name in names}


def calibration(rows: DataFrame, name: str, cuts: Floats) -> list[Bin]:
    """A model's predictions beside what was ordered, by past orders and by decile of the prediction.

    Args:
        rows: as `predictions` returns them.
        name: the model's column.
        cuts: of the deciles; who is at one is below it. Where many predictions are the same, deciles are of other sizes
            than a tenth, or empty.
    """
    past = F.least(F.col("x"), F.lit(float(_MOST_PURCHASES)))
    decile = reduce(Column.__add__, [(F.col(name) > float(cut)).cast("double") for cut in cuts], F.lit(1.0))
    found = []
    for grouping, own in ((BY_PURCHASES, past), (BY_PREDICTION, decile)):
        groups = rows.groupBy(own.cast("int").alias("bin")).agg(
            F.count("*").alias("n"), exact_sum(F.col(name)).alias("predicted"), F.sum("actual").alias("actual"),
            F.sum(F.col("actual") * F.col("actual")).alias("squares"),
        )  # fmt: skip
        found += [_bin(grouping, row) for row in groups.orderBy("bin").collect()]  # at most ten
    return found


def _bin(grouping: str, row: Row) -> Bin:
    n, mean = row["n"], row["actual"] / row["n"]
    spread = max(row["squares"] - n * mean * mean, 0.0) / (n - 1) if n > 1 else 0.0
    half = _NORMAL * sqrt(spread / n)
    return Bin(grouping, row["bin"], n, row["predicted"] / n, mean, mean - half, mean + half)


def errors(rows: DataFrame, names: Sequence[str]) -> dict[str, Errors]:
    """Each model's errors over all customers.

    Args:
        rows: as `predictions` returns them.
        names: the models' columns.
    """
    sums = [F.count("*").alias("n"), F.sum("actual").alias("actual")]
    for name in names:
        off = F.col(name) - F.col("actual")
        sums += [exact_sum(F.col(name)).alias(name), exact_sum(F.abs(off)).alias(f"{name}_off")]
        sums += [exact_sum(off * off).alias(f"{name}_squared")]
    found = rows.agg(*sums).collect()[0]  # one row
    n = found["n"]
    return {
        name: Errors(found[name] / n, found["actual"] / n, found[f"{name}_off"] / n, sqrt(found[f"{name}_squared"] / n))
        for name in names
    }


def lead(rows: DataFrame, one: str, other: str) -> float:
    """By how many standard errors another model's squared errors are below those of one, customer by customer.

    Args:
        rows: as `predictions` returns them.
        one: column of a model.
        other: column of the other one.
    """
    gain = (F.col(one) - F.col("actual")) ** 2 - (F.col(other) - F.col("actual")) ** 2
    n, total, squares = rows.agg(F.count("*"), exact_sum(gain), exact_sum(gain * gain)).collect()[0]  # one row
    spread = squares - total * total / n
    return total / sqrt(spread) if spread > 0 else 0.0
