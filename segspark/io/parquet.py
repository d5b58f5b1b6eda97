"""Parquet files made elsewhere, in a form that Spark can read."""

from pathlib import Path

import pyarrow.parquet as pq

_ROWS = 131_072  # a row group is the least that one task reads


def copy_with_microseconds(source: Path, target: Path) -> bool:
    """Copy a Parquet file once, with times in microseconds: Spark refuses the nanoseconds that pandas writes.

    Returns:
        Whether the file was copied; False if it is there already.
    """
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    pq.write_table(pq.read_table(source), unfinished, coerce_timestamps="us", row_group_size=_ROWS)
    unfinished.replace(target)
    return True
