"""Segment ids: opaque, the same for the same model, never used again for another one."""

import hashlib


def cluster_segment_id(training_run_id: str, cluster: int) -> str:
    """The id of a model's cluster.

    Examples:
        >>> cluster_segment_id("r1", 0) == cluster_segment_id("r1", 0) != cluster_segment_id("r2", 0)
        True
    """
    return "seg-" + hashlib.sha256(f"{training_run_id}/{cluster}".encode()).hexdigest()[:10]


def lifecycle_segment_id(name: str) -> str:
    """The id of a lifecycle segment, which outlives every model.

    Examples:
        >>> lifecycle_segment_id("prospect")
        'life-prospect'
    """
    return f"life-{name}"
