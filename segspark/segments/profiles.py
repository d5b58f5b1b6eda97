"""Profiles: how the customers of a segment differ from all, feature by feature, in original units."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from segspark.columns import quoted


@dataclass(frozen=True)
class Profile:
    """One feature of one segment.

    Attributes:
        customers: of the segment, with a known value.
        mean: over them; None if there are none.
        overall_mean: over all customers with a known value.
        overall_deviation: their population standard deviation.
    """

    segment_id: str
    feature: str
    customers: int
    mean: float | None
    overall_mean: float | None
    overall_deviation: float | None

    @property
    def standardised(self) -> float | None:
        """Difference from everybody's mean in standard deviations; None where it is not defined.

        Examples:
            >>> Profile("s", "frequency", 10, 12.0, 8.0, 2.0).standardised
            2.0
        """
        if self.mean is None or self.overall_mean is None or not self.overall_deviation:
            return None
        return (self.mean - self.overall_mean) / self.overall_deviation


def profile(customers: DataFrame, features: Sequence[str]) -> tuple[dict[str, int], list[Profile]]:
    """Sizes of the segments and profiles of their features, from one pass.

    Args:
        customers: one row per customer with segment_id and the features.
        features: names of numeric columns.

    Returns:
        Customers by segment_id, and a profile per segment and feature, in the order of segment_id and features.

    Examples:
        >>> values = [("a", 1.0), ("a", 3.0), ("b", 8.0), ("b", None)]
        >>> rows = spark.createDataFrame(values, "segment_id string, x double")
        >>> sizes, found = profile(rows, ["x"])
        >>> sizes, found[0].mean, found[0].overall_mean, found[1].customers
        ({'a': 2, 'b': 2}, 2.0, 4.0, 1)
    """
    measures = [measure for number, name in enumerate(features) for measure in _measures(number, name)]
    counted = customers.groupBy("segment_id").agg(F.count("*").alias("size"), *measures).collect()  # a row per segment
    rows = sorted(counted, key=lambda row: row["segment_id"])
    found = [one for number, name in enumerate(features) for one in _of_feature(rows, number, name)]
    order = {name: position for position, name in enumerate(features)}
    return (
        {row["segment_id"]: row["size"] for row in rows},
        sorted(found, key=lambda one: (one.segment_id, order[one.feature])),
    )


def pooled(profiles: Iterable[Profile], parts: Mapping[str, str]) -> list[Profile]:
    """Profiles of segments from those of their parts.

    Args:
        profiles: of the parts, and of others.
        parts: the segment that each part is of, by the part's segment_id.

    Examples:
        >>> found = [Profile("a", "x", 1, 2.0, 4.0, 1.0), Profile("b", "x", 3, 6.0, 4.0, 1.0)]
        >>> pooled(found, {"a": "whole", "b": "whole"})
        [Profile(segment_id='whole', feature='x', customers=4, mean=5.0, overall_mean=4.0, overall_deviation=1.0)]
    """
    grouped: dict[tuple[str, str], list[Profile]] = defaultdict(list)
    for one in profiles:
        if one.segment_id in parts:
            grouped[parts[one.segment_id], one.feature].append(one)
    found = []
    for (segment, feature), own in grouped.items():
        n = sum(one.customers for one in own)
        mean = math.fsum(one.customers * one.mean / n for one in own if one.mean is not None) if n else None
        found.append(Profile(segment, feature, n, mean, own[0].overall_mean, own[0].overall_deviation))
    return found


def within(profiles: Iterable[Profile], whole: Iterable[Profile]) -> list[Profile]:
    """Profiles of parts held against the segment that they are parts of: its means in the place of everybody's.

    Examples:
        >>> part, whole = Profile("a", "x", 1, 2.0, 9.0, 1.0), Profile("whole", "x", 4, 5.0, 9.0, 1.0)
        >>> within([part], [whole])[0].standardised
        -3.0
    """
    means = {one.feature: one.mean for one in whole}
    return [replace(one, overall_mean=means.get(one.feature)) for one in profiles]


def by_segment(profiles: Iterable[Profile]) -> dict[str, list[Profile]]:
    """Profiles grouped by segment."""
    grouped: dict[str, list[Profile]] = defaultdict(list)
    for one in profiles:
        grouped[one.segment_id].append(one)
    return dict(grouped)


def _measures(number: int, name: str) -> list[Column]:
    value = F.col(quoted(name)).cast("double")
    return [
        F.count(value).alias(f"n{number}"),
        F.avg(value).alias(f"mean{number}"),
        F.var_pop(value).alias(f"variance{number}"),
    ]


def _of_feature(rows: Sequence[Row], number: int, name: str) -> list[Profile]:
    """Segments' moments, pooled (Chan, Golub & LeVeque 1983): no sum of squares that could overflow or cancel out."""
    known = [(row[f"n{number}"], row[f"mean{number}"], row[f"variance{number}"]) for row in rows if row[f"n{number}"]]
    n = sum(count for count, _, _ in known)
    mean = math.fsum(count * own / n for count, own, _ in known) if n else None
    pooled = (
        math.fsum(count / n * (spread + (own - mean) ** 2) for count, own, spread in known) if mean is not None else 0
    )
    deviation = math.sqrt(pooled) if mean is not None else None
    return [Profile(row["segment_id"], name, row[f"n{number}"], row[f"mean{number}"], mean, deviation) for row in rows]
