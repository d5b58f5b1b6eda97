"""Patterns of past orders: what the models of purchases are fitted on, counted, so that cost follows patterns."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.kernels.hypergeometric import Floats

FEATURES = ("frequency", "recency_days", "tenure_days", "monetary_value")  # that value is computed from
COLUMNS = ("x", "t_x", "age")
_FEWEST = 30  # customers with a repeat purchase; of fewer the shapes of two distributions cannot be told


@dataclass(frozen=True)
class Patterns:
    """Distinct patterns of past orders, sorted.

    Attributes:
        x: orders after the first.
        t_x: from the first order to the last, in units of time.
        age: from the first order to as_of, in units of time.
        customers: that each pattern stands for.
    """

    x: Floats
    t_x: Floats
    age: Floats
    customers: Floats

    @property
    def size(self) -> int:
        """The number of distinct patterns."""
        return len(self.x)

    @property
    def total(self) -> int:
        """The number of customers."""
        return int(self.customers.sum())

    def thinned(self, most: int) -> "Patterns":
        """Every second, third, ... pattern, so that no more than so many are left: for a first look.

        Examples:
            >>> one = np.arange(5.0)
            >>> Patterns(one, one, one, one).thinned(2).x.tolist()
            [0.0, 3.0]
        """
        step = -(-self.size // most)
        return Patterns(self.x[::step], self.t_x[::step], self.age[::step], self.customers[::step])


def customers_with_orders(features: DataFrame) -> DataFrame:
    """Customers who ever ordered, with x, t_x and age in whole days.

    Args:
        features: one row per customer_id with FEATURES.

    Returns:
        One row per customer_id: x, t_x, age, and frequency and monetary_value as they were.

    Examples:
        >>> rows = spark.sql("SELECT 'a' AS customer_id, 3L AS frequency, 10 AS recency_days, 30 AS tenure_days, "
        ...     "60.0 AS monetary_value UNION ALL SELECT 'b', 0L, null, null, 0.0")
        >>> customers_with_orders(rows).select(*COLUMNS).collect()
        [Row(x=2, t_x=20, age=30)]
    """
    return features.where("frequency >= 1").select(
        "customer_id",
        (F.col("frequency") - 1).alias("x"),
        (F.col("tenure_days") - F.col("recency_days")).alias("t_x"),
        F.col("tenure_days").alias("age"),
        "frequency",
        "monetary_value",
    )


def counted(customers: DataFrame) -> DataFrame:
    """Distinct patterns in whole days, each with how many `customers` have it."""
    return customers.groupBy(*COLUMNS).agg(F.count("*").alias("customers"))


def patterns_of(rows: pd.DataFrame, unit_days: float) -> Patterns:
    """Patterns from rows of whole days: one each customer, or with a column `customers` that counts them.

    Examples:
        >>> rows = pd.DataFrame({"x": [1, 0, 1], "t_x": [7, 0, 7], "age": [14, 21, 14]})
        >>> found = patterns_of(rows, 7)
        >>> found.x.tolist(), found.t_x.tolist(), found.age.tolist(), found.customers.tolist()
        ([0.0, 1.0], [0.0, 1.0], [3.0, 2.0], [1.0, 2.0])
    """
    weighed = rows if "customers" in rows.columns else rows.assign(customers=1)
    found = weighed.groupby(list(COLUMNS))["customers"].sum().sort_index().reset_index()
    x, t_x, age, customers = (found[name].to_numpy(dtype=np.float64) for name in (*COLUMNS, "customers"))
    return Patterns(x, t_x / unit_days, age / unit_days, customers)


def unfit(patterns: Patterns) -> str:
    """Why no model can be fitted on the patterns; empty if one can.

    Examples:
        >>> once = np.zeros(1)
        >>> unfit(Patterns(once, once, once + 3, once + 500))
        'of 500 customers 0 ordered again, and 30 are needed'
    """
    again = int(patterns.customers[patterns.x > 0].sum())
    if again < _FEWEST:
        return f"of {patterns.total:,} customers {again} ordered again, and {_FEWEST} are needed"
    return ""
