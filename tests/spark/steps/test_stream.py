"""What a stream says before it begins: what it follows and computes, and where it cannot."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from rich.console import Console

from segspark.config.model import Config
from segspark.errors import BadInputError
from segspark.progress import Reporter
from segspark.steps.context import Context, Outcome, run_phase
from segspark.steps.stream import check, live_date, stream

KAFKA = {"name": "clicks", "format": "kafka", "options": {"kafka.bootstrap.servers": "localhost:9", "subscribe": "c"}}
FILES = {"name": "log", "path": "log"}
OWN = [
    {"name": "big_lines", "aggregate": "count_if(amount > 100)", "description": "Lines above 100."},
    {"name": "largest_line", "aggregate": "max(amount)", "description": "The largest line."},
]


def context_of(folder, as_of=date.max, source=FILES, features=None) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder)},
            "sources": {"events": [{**source, "columns": {}}]},
            "features": {"families": ["rfm"], "own": OWN, **(features or {})},
        }
    )
    return Context(config, as_of, Reporter(Console(file=io.StringIO(), width=200)))


def checked(context: Context) -> list[str]:
    check(context)
    return [line.strip() for line in context.reporter.console.file.getvalue().splitlines()]


def test_the_check_names_what_is_followed(spark, tmp_path):
    assert checked(context_of(tmp_path))[0] == "follows the table events, as other jobs write it"
    assert checked(context_of(tmp_path, source=KAFKA))[0] == "follows the topics of clicks"


def test_the_check_names_each_feature_that_only_a_batch_computes_and_why(spark, tmp_path):
    features = {"families": ["rfm", "support", "embeddings"], "embeddings": {"components": 1}, "sentiment": "vader"}
    said = checked(context_of(tmp_path, features=features))
    assert said[1].endswith("3 are as the last batch computed them")
    assert set(said[2:]) == {
        "taste_1: product embeddings",
        "sentiment_mean: features.sentiment is vader",
        "largest_line: its aggregate does not add up over days",
    }


def assigned(context: Context, as_of: date) -> None:
    """A finished assign in the ledger."""
    run_phase(context.at(as_of), "assign", lambda _: [Outcome()])
    context.lake.look_again()


def test_before_anybody_was_assigned_there_is_nothing_to_go_on_from(spark, tmp_path):
    with pytest.raises(BadInputError, match="run segspark run first"):
        stream(context_of(tmp_path, date(2026, 1, 2)))


@pytest.mark.parametrize("days", [0, 1])
def test_a_date_that_is_over_is_refused(spark, tmp_path, days):
    context = context_of(tmp_path, date(2026, 1, 2))
    assigned(context, context.as_of + timedelta(days=days))
    with pytest.raises(BadInputError, match="history is not rewritten; give a later date"):
        stream(context)


def test_the_date_is_as_asked_for_until_it_is_over_and_then_the_day_after(spark, tmp_path):
    context = context_of(tmp_path, date(2026, 1, 5))
    assigned(context, date(2026, 1, 2))
    assert live_date(context) == date(2026, 1, 5)
    assigned(context, date(2026, 1, 5))
    assert live_date(context) == date(2026, 1, 6)
