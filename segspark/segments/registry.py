"""The registry's rows: every segment with its name, size and status; past ones retired, never forgotten."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.segments.identity import LIFECYCLE, cluster_segment_id, lifecycle_segment_id
from segspark.segments.naming import Wording

_LIFECYCLE_NAMES = {
    "prospect": ("Prospects", "Known, but has never bought."),
    "new": ("New customers", "First bought a short while ago; not clustered yet."),
    "dormant": ("Dormant customers", "Has bought, but is outside the clustered population."),
}


@dataclass(frozen=True)
class Segment:
    """One row of the registry, without its dates.

    Attributes:
        parent_segment_id: the segment that it is a part of.
        status: active, or split: then its customers are in its parts.
    """

    segment_id: str
    name: str
    description: str
    kind: str
    rule: str | None
    model_version: str
    cluster: int | None
    size: int
    share: float
    parent_segment_id: str | None = None
    status: str = "active"


def cluster_segments(
    run_id: str, model_version: str, clusters: int, words: Mapping[str, Wording], sizes: Mapping[str, int]
) -> list[Segment]:
    """The segments of a model's clusters, empty ones included."""
    total = sum(sizes.values())
    found = []
    for cluster in range(clusters):
        segment = cluster_segment_id(run_id, cluster)
        wording = words.get(segment, Wording(f"Cluster {cluster}, empty", ()))
        size = sizes.get(segment, 0)
        found.append(
            Segment(
                segment, wording.name, wording.description, "cluster", None, model_version, cluster, size, size / total
            )
        )
    return found


def as_parts(parent: Segment, parts: Sequence[Segment]) -> tuple[Segment, list[Segment]]:
    """A segment that is split, and the parts it is split into.

    The segment's size and share are those of its parts: whoever adds up the active segments counts nobody twice.

    Examples:
        >>> parent = Segment("s", "Frequent customers", "", "cluster", None, "m/1", 0, 0, 0.0)
        >>> names = ("New customers", "Old customers")
        >>> parts = [Segment(name, name, "", "cluster", None, "n/1", 0, 2, 0.25) for name in names]
        >>> whole, (one, _) = as_parts(parent, parts)
        >>> whole.status, whole.size, whole.share, one.name, one.parent_segment_id
        ('split', 4, 0.5, 'Frequent customers: new customers', 's')
    """
    size, share = sum(one.size for one in parts), math.fsum(one.share for one in parts)
    named = [
        replace(one, name=f"{parent.name}: {one.name[:1].lower()}{one.name[1:]}", parent_segment_id=parent.segment_id)
        for one in parts
    ]
    return replace(parent, status="split", size=size, share=share), named


def lifecycle_segments(rules: Mapping[str, str], sizes: Mapping[str, int]) -> list[Segment]:
    """The lifecycle segments that have members.

    Examples:
        >>> [one.name for one in lifecycle_segments({"prospect": "frequency = 0"}, {"life-prospect": 3})]
        ['Prospects']
    """
    total = sum(sizes.values())
    found = []
    for name in LIFECYCLE:
        segment = lifecycle_segment_id(name)
        if sizes.get(segment):
            title, text = _LIFECYCLE_NAMES[name]
            size = sizes[segment]
            found.append(Segment(segment, title, text, "lifecycle", rules[name], "", None, size, size / total))
    return found


def registry(segments: Sequence[Segment], current: DataFrame, as_of: date) -> DataFrame:
    """The whole registry after a publication: these segments with the status they have, all others retired.

    Args:
        segments: those that there are now.
        current: the segments table.
        as_of: date of the publication.

    Returns:
        One row per segment_id that was ever published.
    """
    now = current.sparkSession.createDataFrame(
        [(*vars(one).values(),) for one in segments],
        "segment_id STRING, name STRING, description STRING, kind STRING, rule STRING, model_version STRING, "
        "cluster INT, size BIGINT, share DOUBLE, parent_segment_id STRING, status STRING",
    )
    kept = current.select("segment_id", "owner", "approver", "created_at")
    active = now.join(kept, on="segment_id", how="left").select(
        *now.columns,
        "owner",
        "approver",
        F.coalesce("created_at", F.lit(as_of)).alias("created_at"),
        F.lit(as_of).alias("updated_at"),
        F.lit(None).cast("date").alias("retired_at"),
    )
    past = current.join(now.select("segment_id"), on="segment_id", how="left_anti").withColumns(
        {
            "status": F.lit("retired"),
            "size": F.lit(0).cast("bigint"),
            "share": F.lit(0.0),
            "updated_at": F.lit(as_of),
            "retired_at": F.coalesce("retired_at", F.lit(as_of)),
        }
    )
    return active.unionByName(past)
