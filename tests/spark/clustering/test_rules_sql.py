"""A rule's SQL selects on Spark the customers that its mask selects, whatever the features are called."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segspark.clustering.explanation import explain
from segspark.clustering.rules import Condition, Leaf, sql_of

NAMES = ["recency_days", "a`b", "x OR TRUE --", "with space.and dot", "SELECT"]


def test_sql_and_mask_select_the_same_customers(spark):
    random = np.random.default_rng(3)
    values = np.column_stack(
        [
            random.integers(0, 90, size=400),
            random.normal(size=400),
            random.exponential(1e-6, size=400),
            random.normal(1e12, 1e11, size=400),
            random.integers(-3, 3, size=400),
        ]
    ).astype(float)
    labels = (values[:, 0] > 40) + 2 * (values[:, 1] > 0.3) * (values[:, 2] > 1e-6) + (values[:, 3] > 1e12)
    values[random.uniform(size=values.shape) < 0.1] = np.nan
    features = dict(zip(NAMES, values.T, strict=True))
    tree = explain(features, labels.astype(int), 4)
    assert len(tree.leaves) > 4
    nulls = pd.DataFrame(features).astype(object).where(lambda frame: frame.notna(), None)
    schema = ", ".join(f"`{name.replace('`', '``')}` DOUBLE" for name in NAMES)
    customers = spark.createDataFrame(list(nulls.itertuples(index=False, name=None)), schema)
    rules = [sql_of(tree.of(segment)) for segment in range(5)]
    found = np.array([row[:] for row in customers.selectExpr(*rules).collect()])
    expected = tree.segments(features, 400)
    assert (found == (expected[:, None] == np.arange(5))).all()
    assert found.any(axis=0).sum() >= 3


def test_whole_numbers_decimals_and_unknowns_compare_as_doubles(spark):
    customers = spark.sql("SELECT * FROM VALUES (30L, 0.1BD), (31L, 0.10001BD), (NULL, NULL) AS t(days, amount)")
    known = Leaf(0, (Condition("days", up_to=30), Condition("amount", up_to=0.1)))
    unknown = Leaf(0, (Condition("days", known=False, unknown=True),))
    found = customers.selectExpr(sql_of([known]), sql_of([unknown]), sql_of([known, unknown]), sql_of([])).collect()
    assert [row[:] for row in found] == [
        (True, False, True, False),
        (False, False, False, False),
        (False, True, True, False),
    ]
