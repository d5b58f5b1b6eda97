"""What a stream tells of itself, and when it says that it is too slow."""

from __future__ import annotations

import io
import socket
import urllib.request
from datetime import UTC, date, datetime, timedelta

import pytest
from rich.console import Console

from scripts.kafka import free_port
from segspark.config.model import Config
from segspark.config.stream import Stream
from segspark.errors import BadInputError
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
    assert progress.due(at_last=True)
    progress.tell(context, recent_rows=lambda: 7)


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


def test_before_a_stretch_is_over_and_where_nothing_happened_nothing_is_told():
    progress = Progress(Stream(progress_seconds=3600))
    assert not progress.due(at_last=True)
    with progress.batch():
        pass
    assert not progress.due()
    assert progress.due(at_last=True)


def test_prometheus_reads_the_same_from_a_file_and_at_a_port(context, tmp_path):
    port = free_port()
    progress = Progress(Stream(metrics_file=str(tmp_path / "stream.prom"), metrics_port=port))
    stretch(progress, context)
    stretch(progress, context, waited=70)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        told = answer.read().decode()
    progress.close()
    assert (tmp_path / "stream.prom").read_text() == told
    values = dict(line.split() for line in told.splitlines() if not line.startswith("#"))
    assert float(values["segspark_stream_events_total"]) == 20
    assert float(values["segspark_stream_dead_total"]) == 0
    assert float(values["segspark_stream_recent_rows"]) == 7
    assert 70 <= float(values["segspark_stream_lag_seconds"]) < 80


def test_a_port_that_is_taken_and_a_folder_that_is_not_there_are_refused(tmp_path):
    with (
        socket.socket() as taken,
        pytest.raises(BadInputError, match=r"stream\.metrics_port: 127\.0\.0\.1:\d+ cannot be used"),
    ):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        Progress(Stream(metrics_port=taken.getsockname()[1]))
    with pytest.raises(BadInputError, match="no such folder"):
        Progress(Stream(metrics_file=str(tmp_path / "none" / "stream.prom")))


def test_it_warns_when_events_wait_too_long_and_longer_than_before(context):
    progress = Progress(context.config.stream)
    for waited, warnings in ((50, 0), (70, 1), (65, 1), (80, 2)):
        stretch(progress, context, waited)
        assert said(context).count("longer and longer") == warnings
