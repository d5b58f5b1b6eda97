"""Messages on which an expression fails: found, set apart and told of, and no other with them."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime

import pytest
from pyspark.sql import functions as F
from rich.console import Console

from segspark.config.model import Config
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.messages import Messages
from segspark.tables import EVENTS, INGEST_POSITIONS, QUARANTINE

SOURCE = {
    "name": "clicks",
    "format": "kafka",
    "options": {"kafka.bootstrap.servers": "localhost:9", "subscribe": "c"},
    "schema": "id STRING, who STRING, at STRING, kind STRING, money STRING",
    # A cast that fails on a row, where try_cast would leave it to the rules.
    "columns": {"event_id": "id", "customer_id": "who", "event_ts": "at", "event_type": "kind",
                "amount": "CAST(money AS DECIMAL(18,4))"},
}  # fmt: skip


@pytest.fixture
def context(spark, tmp_path):
    config = Config.model_validate({"workspace": {"root": str(tmp_path)}, "sources": {"events": [SOURCE]}})
    return Context(config, date(2026, 1, 2), Reporter(Console(file=io.StringIO(), width=200)))


def batch(context: Context, money: list[str], first: int = 0):
    """Messages of two partitions, as Kafka gives them."""
    rows = []
    for number, one in enumerate(money, start=first):
        said = {"id": f"e{number}", "who": "c", "at": "2026-01-01T10:00:00", "kind": "purchase", "money": one}
        rows.append(
            (None, json.dumps(said).encode(), "c", number % 2, number // 2, datetime(2026, 1, 1, tzinfo=UTC), "clicks")
        )
    types = "key BINARY, value BINARY, topic STRING, partition INT, offset BIGINT, timestamp TIMESTAMP, _source STRING"
    return context.spark.createDataFrame(rows, types)


def events_of(frames) -> list[str]:
    return sorted(row["event_id"] for frame in frames for row in frame.collect())


def test_the_others_are_taken_in_and_the_poisoned_is_in_quarantine(context):
    messages = Messages.of(context)
    money = ["1"] * 23
    money[5], money[6], money[22] = "a lot", "1e400", ""
    written = messages.take_in(context, batch(context, money))
    good = [f"e{number}" for number in range(23) if number not in (5, 6, 22)]
    assert events_of(written) == sorted(good)
    context.lake.look_again()
    assert sorted(row["event_id"] for row in context.lake.read(EVENTS).collect()) == sorted(good)
    apart = {row["raw"]: row["reasons"] for row in context.lake.read(QUARANTINE).collect()}
    assert len(apart) == 3
    assert all(reasons[0].startswith("row: an expression failed on it: ") for reasons in apart.values())
    assert {json.loads(json.loads(raw)["value"])["id"] for raw in apart} == {"e5", "e6", "e22"}
    assert (messages.read, messages.rejected) == (23, 3)
    messages.record(context)
    positions = {row["item"]: row["position"] for row in context.lake.read(INGEST_POSITIONS).collect()}
    assert positions == {"c/0": "12", "c/1": "11"}


def test_a_batch_of_nothing_but_poison_is_read_and_the_next_goes_on(context):
    messages = Messages.of(context)
    assert events_of(messages.take_in(context, batch(context, ["x", "y", "z"]))) == []
    context.lake.look_again()
    assert context.lake.read(QUARANTINE).count() == 3
    assert events_of(messages.take_in(context, batch(context, ["1", "2"], first=4))) == ["e4", "e5"]


def test_the_reason_does_not_tell_what_was_in_the_row(context):
    Messages.of(context).take_in(context, batch(context, ["hush hush", "1"]))
    context.lake.look_again()
    reasons = context.lake.read(QUARANTINE).select(F.explode("reasons").alias("reason")).collect()
    assert [row["reason"] for row in reasons] == ["row: an expression failed on it: CAST_INVALID_INPUT"]
