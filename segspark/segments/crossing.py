"""Crossing: how customers of the segments that there were are spread over the clusters of a new model."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.segments.matching import Crossing, Floats
from segspark.segments.profiles import Profile, profile

_NONE = ""  # of a customer without an earlier segment, or without a cluster


def crossing(customers: DataFrame, features: Sequence[str], segments: Sequence[str], clusters: int) -> Crossing:
    """Count customers by segment and cluster, and measure how far apart the means of both lie, in one pass.

    Args:
        customers: one row per customer: `previous` (segment_id, or null), `cluster` (from 0, or null), the features.
        features: names of numeric columns; those that do not vary, or are unknown of a segment, do not count there.
        segments: ids that there were, in the order wanted.
        clusters: of the new model.

    Examples:
        >>> values = [("a", 1, 0.0), ("a", 1, 2.0), ("b", 0, 9.0), (None, 0, 9.0)]
        >>> rows = spark.createDataFrame(values, "previous string, cluster int, x double")
        >>> found = crossing(rows, ["x"], ["a", "b"], 2)
        >>> found.shared.tolist(), found.sizes.tolist(), found.cluster_sizes.tolist()
        ([[0.0, 2.0], [1.0, 0.0]], [2.0, 1.0], [2.0, 2.0])
        >>> found.distances.round(2).tolist()
        [[1.97, 0.0], [0.0, 1.97]]
    """
    cell = F.concat_ws(
        ":", F.coalesce("previous", F.lit(_NONE)), F.coalesce(F.col("cluster").cast("string"), F.lit(_NONE))
    )
    counts, profiles = profile(customers.withColumn("segment_id", cell), features)
    cells = {name: tuple(name.rsplit(":", 1)) for name in counts}
    shared = np.zeros((len(segments), clusters))
    sizes, cluster_sizes = np.zeros(len(segments)), np.zeros(clusters)
    place = {segment: position for position, segment in enumerate(segments)}
    for name, (segment, cluster) in cells.items():
        if segment in place:
            sizes[place[segment]] += counts[name]
        if cluster != _NONE:
            cluster_sizes[int(cluster)] += counts[name]
        if segment in place and cluster != _NONE:
            shared[place[segment], int(cluster)] = counts[name]
    before = _means(profiles, {name: cell[0] for name, cell in cells.items()}, segments, features)
    after = _means(profiles, {name: cell[1] for name, cell in cells.items()}, list(map(str, range(clusters))), features)
    return Crossing(
        tuple(segments), shared, sizes, cluster_sizes, _distances(before, after), _distances(before, before)
    )


def _means(
    profiles: Iterable[Profile], groups: Mapping[str, Hashable], wanted: Sequence[Hashable], features: Sequence[str]
) -> Floats:
    """Means of groups of cells in everybody's standard deviations, NaN where unknown: shape (groups, features)."""
    known: dict[tuple[Hashable, str], list[Profile]] = defaultdict(list)
    for one in profiles:
        if one.standardised is not None:
            known[groups[one.segment_id], one.feature].append(one)
    found = np.full((len(wanted), len(features)), np.nan)
    for row, group in enumerate(wanted):
        for column, feature in enumerate(features):
            own = known.get((group, feature), [])
            weights = [one.customers for one in own]
            if sum(weights):
                found[row, column] = np.average([one.standardised or 0.0 for one in own], weights=weights)
    return found


def _distances(some: Floats, others: Floats) -> Floats:
    """Root mean square differences over the features known of both; infinite where there is none."""
    squares = (some[:, None, :] - others[None, :, :]) ** 2
    known = ~np.isnan(squares)
    totals = np.where(known, squares, 0.0).sum(axis=2)
    count = known.sum(axis=2)
    return np.asarray(np.sqrt(np.divide(totals, count, out=np.full(totals.shape, np.inf), where=count > 0)))
