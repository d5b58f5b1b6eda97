"""Back-test: customers of whom is known what they did in a period, and what models predict of it."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.kernels.hypergeometric import Floats
from segspark.kernels.worth import predicted
from segspark.value.calibration import BY_PURCHASES
from segspark.value.patterns import customers_with_orders
from segspark.value.purchases import BGNBD, PARETO, Model

NAIVE = "naive"
_MOST_PURCHASES = 7  # and more, in one class
_DECILES = 10


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


def cells(rows: DataFrame, cuts: Mapping[str, Floats]) -> pd.DataFrame:
    """All that is told of a back-test, in sums by past orders and deciles: of one pass over the customers.

    Args:
        rows: as `predictions` returns them.
        cuts: of the deciles, by model; who is at one is below it. Where many predictions are the same, deciles are of
            other sizes than a tenth, or empty.

    Returns:
        A row per cell that has customers, sorted: at most 8 times 10 for each model. repeat_purchases and NAME_decile;
        customers, actual and actual_squares; of each model NAME, NAME_off (absolute errors) and NAME_squares (squared
        errors); and lead and lead_squares: of squared errors of BG/NBD less those of Pareto/NBD, where both are there.
    """
    keys = {BY_PURCHASES: F.least(F.col("x"), F.lit(float(_MOST_PURCHASES)))}
    sums = {"actual": F.col("actual"), "actual_squares": F.col("actual") ** 2}
    off = {name: F.col(name) - F.col("actual") for name in cuts}
    for name, own in cuts.items():
        keys[f"{name}_decile"] = reduce(
            Column.__add__, [(F.col(name) > float(cut)).cast("double") for cut in own], F.lit(1.0)
        )
        sums |= {name: F.col(name), f"{name}_off": F.abs(off[name]), f"{name}_squares": off[name] ** 2}
    if {BGNBD, PARETO} <= off.keys():
        gain = off[BGNBD] ** 2 - off[PARETO] ** 2
        sums |= {"lead": gain, "lead_squares": gain**2}
    groups = rows.groupBy(*(key.cast("int").alias(name) for name, key in keys.items()))
    made = [exact_sum(value).alias(name) for name, value in sums.items()]
    return groups.agg(F.count("*").alias("customers"), *made).orderBy(*keys).toPandas()
