"""What every customer is worth, and which of those who are worth much are at risk."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.kernels.worth import SCHEMA, Worth
from segspark.value.patterns import customers_with_orders

FIGURES = ("probability_alive", "expected_purchases", "expected_spend", "clv")
_DIGITS = 9  # after the point; beyond them figures depend on the processor that computed them


@dataclass(frozen=True)
class Risk:
    """Who is at risk: worth much, if still there, which is doubtful.

    Attributes:
        worth: clv_if_alive from which a customer is worth much.
        probability: probability_alive below which it is doubtful.
    """

    worth: float
    probability: float


def worth_much(sample: pd.DataFrame, worth: Worth, top_share: float) -> float:
    """The clv_if_alive that so large a share of customers reach or exceed.

    Args:
        sample: of customers with an order: x, t_x and age in days, frequency and monetary_value.
        worth: the models.
        top_share: of the customers.
    """
    found = worth.of(sample)["clv_if_alive"].to_numpy()
    return float(np.quantile(found, 1.0 - top_share, method="inverted_cdf"))


def valued(features: DataFrame, worth: Worth, risk: Risk) -> DataFrame:
    """Every customer's figures.

    Args:
        features: one row per customer_id with the features of `segspark.value.patterns.FEATURES`.
        worth: the models.
        risk: who is at risk.

    Returns:
        One row per customer_id with FIGURES, churn_risk and at_risk; all null of customers who never ordered.
    """
    customers = customers_with_orders(features).selectExpr(
        "customer_id", *(f"CAST({name} AS DOUBLE) AS {name}" for name in ("x", "t_x", "age")),
        "CAST(frequency AS DOUBLE) AS frequency", "CAST(monetary_value AS DOUBLE) AS monetary_value",
    )  # fmt: skip
    scored = customers.mapInPandas(worth.scored, SCHEMA)
    alive, much = F.col("probability_alive"), F.col("clv_if_alive") >= risk.worth
    known = scored.select(
        "customer_id",
        *[F.round(name, _DIGITS).alias(name) for name in FIGURES],
        F.round(1.0 - alive, _DIGITS).alias("churn_risk"),
        (much & (alive < risk.probability)).alias("at_risk"),
    )
    return features.select("customer_id").join(known, on="customer_id", how="left")


def settled(new: DataFrame, current: DataFrame, step: float) -> DataFrame:
    """New rows, but for those that moved by no more than a step: of these the rows that there are.

    Everyone grows older every night, and a refit moves all figures by a hair: without a step everyone's row
    would change each night. A row moves when its probability does by more than the step, or another figure by more
    than that share of itself, or when at_risk changes.

    Args:
        new: one row per customer_id, with the columns of `valued`; others may come besides.
        current: the same of before.
        step: 0: every difference counts.
    """
    same = ["churn_risk", "at_risk", *FIGURES]
    old = current.select("customer_id", F.struct(*same).alias("old"))
    near = F.col("at_risk").eqNullSafe(F.col("old.at_risk")) & _near("probability_alive", F.lit(step))
    for name in FIGURES[1:]:
        near &= _near(name, step * F.abs(F.col(f"old.{name}")))
    kept = F.coalesce(F.col("old").isNotNull() & near, F.lit(False))
    columns = {name: F.when(kept, F.col(f"old.{name}")).otherwise(F.col(name)) for name in same}
    return new.join(old, on="customer_id", how="left").withColumns(columns).drop("old")


def _near(name: str, by: Column) -> Column:
    """Whether a figure moved by no more than that; false where it has become known or unknown."""
    old = F.col(f"old.{name}")
    return F.coalesce(F.abs(F.col(name) - old) <= by, F.col(name).isNull() & old.isNull())
