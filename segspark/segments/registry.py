"""The registry's rows: every segment with its name, size and status; past ones retired, never forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """One row of the registry, without its dates."""

    segment_id: str
    name: str
    description: str
    kind: str
    rule: str | None
    model_version: str
    cluster: int | None
    size: int
    share: float


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
    """The whole registry after a publication: these segments active, all others retired.

    Args:
        segments: those that have customers now.
        current: the segments table.
        as_of: date of the publication.

    Returns:
        One row per segment_id that was ever published.
    """
    now = current.sparkSession.createDataFrame(
        [(*vars(one).values(),) for one in segments],
        "segment_id STRING, name STRING, description STRING, kind STRING, rule STRING, model_version STRING, "
        "cluster INT, size BIGINT, share DOUBLE",
    )
    kept = current.select("segment_id", "status", "owner", "approver", "parent_segment_id", "created_at")
    active = now.join(kept, on="segment_id", how="left").select(
        *now.columns,
        F.lit("active").alias("status"),
        "owner",
        "approver",
        "parent_segment_id",
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
