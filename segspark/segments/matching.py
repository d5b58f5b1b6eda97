"""Matching: which segment that there was each cluster of a new model is, and what became of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from segspark.config.segments import Continuity

Floats = npt.NDArray[np.float64]
Verdict = Literal["kept", "moved", "split", "merged", "vanished", "new"]
_MOSTLY = 0.5  # of its customers: at most one of several can have more


@dataclass(frozen=True)
class Crossing:
    """The same customers by the segments that there were and by the clusters of a new model.

    Attributes:
        segments: ids of the p segments.
        shared: customers of each segment in each of the c clusters, shape (p, c).
        sizes: customers of each segment, those in no cluster included, shape (p,).
        cluster_sizes: customers of each cluster, those of no segment included, shape (c,).
        distances: between the means of segments and clusters, shape (p, c): root mean square over the features, in
            everybody's standard deviations.
        apart: between the means of two segments, shape (p, p).
    """

    segments: tuple[str, ...]
    shared: Floats
    sizes: Floats
    cluster_sizes: Floats
    distances: Floats
    apart: Floats

    @property
    def of_segments(self) -> Floats:
        """Share of each segment's customers that is in each cluster, shape (p, c)."""
        return _ratio(self.shared, self.sizes[:, None])

    @property
    def of_clusters(self) -> Floats:
        """Share of each cluster's customers that is of each segment, shape (p, c)."""
        return _ratio(self.shared, self.cluster_sizes[None, :])

    @property
    def jaccard(self) -> Floats:
        """Shared customers as a share of those that either has, shape (p, c)."""
        return _ratio(self.shared, self.sizes[:, None] + self.cluster_sizes[None, :] - self.shared)

    @property
    def nearness(self) -> Floats:
        """1 where the means are the same, 1/2 at the distance to the nearest other segment, shape (p, c)."""
        others = np.where(np.eye(len(self.segments), dtype=bool), np.inf, self.apart).min(axis=1, initial=np.inf)
        scale = np.where(np.isfinite(others) & (others > 0), others, 1.0)
        return np.asarray(1 / (1 + (self.distances / scale[:, None]) ** 2))


@dataclass(frozen=True)
class Lineage:
    """What a model version made of a segment.

    Attributes:
        segment_id: of the segment.
        cluster: that it is now; None where it ended.
        verdict: kept, moved (its mean did), split, merged, vanished, or new.
        related_segment_id: where most of an ended one went, the other part of one that was split, or where most of a
            new one came from; None where there is none.
        shared: customers of both: of the segment and its cluster; of one that is new or ended, and the related one.
        share_of_previous: of the earlier one's customers.
        share_of_new: of the later one's customers.
        jaccard: of all customers that either has.
        distance: between the two means; None where there is nothing to compare with.
    """

    segment_id: str
    cluster: int | None
    verdict: Verdict
    related_segment_id: str | None = None
    shared: int = 0
    share_of_previous: float | None = None
    share_of_new: float | None = None
    jaccard: float | None = None
    distance: float | None = None


def matched(found: Crossing, new_ids: Sequence[str], settings: Continuity) -> list[Lineage]:
    """A line for each cluster, in their order, and one for each segment that ended.

    Segments and clusters are paired one to one such that the sum of their similarity is greatest (Kuhn 1955), which is
    the mean of `jaccard` and `nearness`. A pair is the same segment where its similarity is at least
    `settings.similarity`. Where a segment is split into clusters, or several are merged into one, a pair is the same
    only if it shares more than half of all customers that either has: at most one pair can. A segment of no such pair
    ends. Numbers of clusters have no part in it, nor have names.

    Args:
        found: segments and clusters of the same customers.
        new_ids: an id for each cluster, for those that are no segment that there was.
        settings: thresholds.

    Examples:
        >>> swapped = np.array([[0.0, 90.0], [80.0, 10.0]])
        >>> far = np.array([[2.0, 0.1], [0.1, 2.0]])
        >>> apart = np.array([[0.0, 2.0], [2.0, 0.0]])
        >>> there = Crossing(("a", "b"), swapped, swapped.sum(1), swapped.sum(0), far, apart)
        >>> [(one.segment_id, one.cluster, one.verdict) for one in matched(there, ("c", "d"), Continuity())]
        [('b', 0, 'kept'), ('a', 1, 'kept')]
    """
    parts = (found.of_segments > settings.part) & (found.of_clusters > _MOSTLY)
    split = parts.sum(axis=1) > 1
    merged = (found.of_segments > _MOSTLY).sum(axis=0) > 1
    same = _pairs(found, settings, split, merged)
    ids = {cluster: found.segments[segment] for cluster, segment in same.items()}
    ids |= {cluster: new_ids[cluster] for cluster in range(len(new_ids)) if cluster not in same}
    lines = [
        _continued(found, same[cluster], cluster, ids, parts, settings)
        if cluster in same
        else _new(found, cluster, ids)
        for cluster in range(len(new_ids))
    ]
    ended = sorted(set(range(len(found.segments))) - set(same.values()))
    return lines + [_ended(found, segment, ids, bool(split[segment]), merged) for segment in ended]


def first(new_ids: Sequence[str]) -> list[Lineage]:
    """The lines of a model before which there was no segment.

    Examples:
        >>> [(one.segment_id, one.cluster, one.verdict) for one in first(["a", "b"])]
        [('a', 0, 'new'), ('b', 1, 'new')]
    """
    return [Lineage(one, cluster, "new") for cluster, one in enumerate(new_ids)]


def _pairs(
    found: Crossing, settings: Continuity, split: npt.NDArray[np.bool_], merged: npt.NDArray[np.bool_]
) -> dict[int, int]:
    """The segment that a cluster is, by cluster."""
    similarity, jaccard = (found.jaccard + found.nearness) / 2, found.jaccard
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    contested = split[rows] | merged[columns]
    good = similarity[rows, columns] >= settings.similarity
    good &= (found.shared[rows, columns] > 0) & (~contested | (jaccard[rows, columns] > _MOSTLY))
    return dict(zip(columns[good].tolist(), rows[good].tolist(), strict=True))


def _continued(
    found: Crossing,
    segment: int,
    cluster: int,
    ids: Mapping[int, str],
    parts: npt.NDArray[np.bool_],
    settings: Continuity,
) -> Lineage:
    others = [int(other) for other in np.flatnonzero(parts[segment]) if other != cluster]
    if others and parts[segment].sum() > 1:
        largest = max(others, key=lambda other: (found.shared[segment, other], -other))
        return _line(found, segment, cluster, found.segments[segment], cluster, "split", ids[largest])
    verdict: Verdict = "moved" if found.distances[segment, cluster] > settings.moved else "kept"
    return _line(found, segment, cluster, found.segments[segment], cluster, verdict, None)


def _new(found: Crossing, cluster: int, ids: Mapping[int, str]) -> Lineage:
    if not found.shared[:, cluster].any():
        return Lineage(ids[cluster], cluster, "new")
    origin = int(found.shared[:, cluster].argmax())
    return _line(found, origin, cluster, ids[cluster], cluster, "new", found.segments[origin])


def _ended(
    found: Crossing, segment: int, ids: Mapping[int, str], split: bool, merged: npt.NDArray[np.bool_]
) -> Lineage:
    if not found.shared[segment].any():
        return Lineage(found.segments[segment], None, "vanished")
    largest = int(found.shared[segment].argmax())
    whole = bool(merged[largest]) and found.of_segments[segment, largest] > _MOSTLY
    verdict: Verdict = "split" if split else "merged" if whole else "vanished"
    return _line(found, segment, largest, found.segments[segment], None, verdict, ids[largest])


def _line(
    found: Crossing, row: int, column: int, segment_id: str, cluster: int | None, verdict: Verdict, related: str | None
) -> Lineage:
    distance = float(found.distances[row, column])
    return Lineage(
        segment_id, cluster, verdict, related,
        int(found.shared[row, column]), float(found.of_segments[row, column]), float(found.of_clusters[row, column]),
        float(found.jaccard[row, column]), distance if np.isfinite(distance) else None,
    )  # fmt: skip


def _ratio(some: Floats, whole: Floats) -> Floats:
    return np.divide(some, whole, out=np.zeros(np.broadcast_shapes(some.shape, whole.shape)), where=whole > 0)
