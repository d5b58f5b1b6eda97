"""A small lake of segments, features and profiles, written straight to its tables, for tests of governance."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import date
from pathlib import Path

import yaml
from pyspark.sql import functions as F
from rich.console import Console

from segspark.config import load_config
from segspark.progress import Reporter
from segspark.segments.registry import Segment
from segspark.steps.audit import links
from segspark.steps.context import Context
from segspark.steps.segments import Asked, segments
from segspark.tables import SEGMENT_PROFILES, SEGMENTS
from tests.features import with_unknown

DAY = date(2026, 5, 1)
SEGMENTS_THERE = (
    Segment(
        "seg-a", "Frequent customers", "Buys often.", "cluster", None, "active", model_version="shop/1", cluster=0,
        size=60, share=0.6, created_at=DAY, updated_at=DAY,
    ),
    Segment(
        "seg-b", "Seldom customers", "Buys seldom.", "cluster", None, "active", model_version="shop/1", cluster=1,
        size=30, share=0.3, created_at=DAY, updated_at=DAY,
    ),
    Segment(
        "life-prospect", "Prospects", "Has never bought.", "lifecycle", "frequency = 0", "active",
        size=10, share=0.1, created_at=DAY, updated_at=DAY,
    ),
)  # fmt: skip
# customers, mean, overall mean, overall deviation
PROFILES = (("seg-a", "frequency", 60, 20.0, 12.0, 8.0), ("seg-b", "frequency", 30, 4.0, 12.0, 8.0))


def configuration(folder: Path, governance: Mapping[str, object], more: Mapping[str, object]) -> Path:
    """A file that names the lake; one that is there already is kept."""
    path = folder / "segspark.yaml"
    if path.exists():
        return path
    told = {
        "workspace": {"root": "lake"},
        "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
        "tracking": {"uri": "sqlite:///mlflow.db"},
        "governance": {"approval": True, **governance},
        **more,
    }
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return path


def context_in(folder: Path, more: Mapping[str, object] | None = None, **governance: object) -> Context:
    """What a command works with; what it says is kept."""
    config = load_config(configuration(folder, governance, more or {}))
    return Context(config, DAY, Reporter(Console(file=io.StringIO(), width=200)))


def said(context: Context) -> str:
    """All that a command has said."""
    file = context.reporter.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def publish(context: Context, records: Sequence[Segment] = SEGMENTS_THERE, customers: int = 10) -> None:
    """The registry, profiles of its clusters, and features of customers with 0, 1, 2, ... orders."""
    writer, spark = context.writer("lake"), context.spark
    writer.publish(SEGMENTS, context.lake.frame(SEGMENTS, list(map(astuple, records))))
    writer.publish(SEGMENT_PROFILES, context.lake.frame(SEGMENT_PROFILES, PROFILES))
    given = spark.range(customers).select(
        F.concat(F.lit("c"), "id").alias("customer_id"), F.lit(DAY).alias("as_of"), F.col("id").alias("frequency")
    )
    writer.publish(context.features_table, with_unknown(context, given))


def run(context: Context, action: str, *segment_ids: str, actor: str = "ann", **options: object) -> Context:
    """A command, in a context of its own, as a process has one."""
    own = again(context)
    segments(own, Asked(action, segment_ids, actor, **options))  # type: ignore[arg-type]
    return own


def again(context: Context) -> Context:
    """The same lake and session, seen by another process."""
    own = Context(context.config, context.as_of, Reporter(Console(file=io.StringIO(), width=200)))
    vars(own)["spark"] = context.spark
    return own


def record_of(context: Context, segment_id: str) -> Segment:
    """A segment as it is in the table now."""
    context.lake.look_again()
    (row,) = context.lake.read(SEGMENTS).where(F.col("segment_id") == segment_id).collect()
    return Segment(**row.asDict())


def defined(context: Context, name: str = "Loyal", rule: str = "frequency >= 5", **options: object) -> str:
    """A new rule segment of bob's, and its id."""
    run(context, "define", name=name, rule=rule, **{"reason": "asked for", "actor": "bob", **options})
    context.lake.look_again()
    (row,) = context.lake.read(SEGMENTS).where(F.col("name") == name).collect()
    return str(row["segment_id"])


def log(context: Context) -> list[tuple[int, str, str]]:
    """The log in its order: entry, who, what."""
    context.lake.look_again()
    return [(one.sequence, one.actor, one.action) for one in links(context, F.lit(True))]
