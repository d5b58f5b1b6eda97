"""What a stream tells of itself, and when it says that it is too slow."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from rich.console import Console

from segspark.config.model import Config
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.stream_progress import Progress
from segspark.tables import STREAM_PROGRESS


@pytest.fixture
def context(spark, tmp_path):
    config = Config.model_validate(
        {
            "workspace": {"root": str(tmp_path)},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "stream": {"progress_seconds": 3600, "lag_alarm_seconds": 60},
        }
    )
    return Context(config, date(2026, 1, 2), Reporter(Console(file=io.StringIO(), width=200)))


def said(context: Context) -> str:
    return context.reporter.console.file.getvalue()


def stretch(progress: Progress, context: Context, waited: float | None = None) -> None:
    with progress.batch(), progress.now.stage("publishing"):
        progress.now.counts.update(events=10, customers=4, changed=3, moved=2)
    progress.waited(None if waited is None else datetime.now(UTC) - timedelta(seconds=waited))
    progress.tell(context, recent_rows=lambda: 7, at_last=True)


def test_a_stretch_is_a_row_with_what_happened_in_it(context):
    progress = Progress()
    stretch(progress, context)
    stretch(progress, context)
    context.lake.look_again()
    rows = context.lake.read(STREAM_PROGRESS).orderBy("until").collect()
    told = [(row["batches"], row["events"], row["customers"], row["changed"], row["moved"]) for row in rows]
    assert told == [(1, 10, 4, 3, 2)] * 2
    assert [(row["lag_seconds"], row["recent_rows"], row["as_of"]) for row in rows] == [(None, 7, date(2026, 1, 2))] * 2
    assert all(0 <= row["seconds"]["publishing"] <= row["longest_batch_seconds"] for row in rows)


def test_before_a_stretch_is_over_and_without_a_micro_batch_nothing_is_told(context):
    progress = Progress()
    with progress.batch():
        pass
    progress.tell(context, lambda: 0)
    Progress().tell(context, lambda: 0, at_last=True)
    assert not context.lake.exists(STREAM_PROGRESS)


def test_it_warns_when_events_wait_too_long_and_longer_than_before(context):
    progress = Progress()
    for waited, warnings in ((50, 0), (70, 1), (65, 1), (80, 2)):
        stretch(progress, context, waited)
        assert said(context).count("longer and longer") == warnings
