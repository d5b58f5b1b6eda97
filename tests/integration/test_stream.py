"""A stream beside the batch: the same events, in whatever pieces and order, leave the same assignments behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import deltalake
import numpy as np
import pandas as pd
import pytest

from segspark.cli import main

pytestmark = pytest.mark.slow  # a training, a stream and batches

OPENING, CLOSING = "2026-01-01", "2026-01-02"
CONFIG = """
workspace: {{root: {lake}}}
tracking: {{uri: "sqlite:///{folder}/mlflow.db", artifacts: {folder}/artifacts}}
time: {{business_timezone: America/New_York}}
features: {{families: [rfm, recent, scores], windows_days: [30, 90]}}
population: {{eligible: frequency >= 1}}
clustering:
  inputs: [recency_days, frequency, average_order_value]
  algorithms: [kmeans]
  k: {{min: 3, max: 3}}
  correlation_limit: 1
assignment: {{hold: {{margin: 0.1, days: 3}}}}
search: {{resamples: 2, stability: 0.1, force: true}}
sources:
  events:
    - name: shop
      format: parquet
      path: {folder}/year.parquet
      columns: &columns {{event_id: event, customer_id: customer, event_ts: at, event_type: kind, amount: money,
                          order_id: basket, channel: channel, category: category, product_id: product}}
"""
# What each lake reads of the day.
DAYS = {
    "opening": "",
    "batch": "    - {{name: day, format: parquet, path: {folder}/batch-day, columns: *columns}}\n",
    "followed": "    - {{name: day, format: parquet, path: {folder}/followed-day, columns: *columns}}\n",
    "told": """
    - name: day
      format: kafka
      options: {{kafka.bootstrap.servers: "{broker}", subscribe: {topic}}}
      schema: >-
        event STRING, customer STRING, at STRING, kind STRING, money DOUBLE, basket STRING, channel STRING,
        category STRING, product STRING
      columns: *columns
""",
}
BAD = ["no {json", '{"event": "bad-1", "customer": "customer 1", "at": "yesterday", "kind": "purchase"}', None]

KINDS = [(40, 20.0), (15, 60.0), (5, 200.0)]  # orders in a year, and what one is worth


def a_year(customers: int, random: np.random.Generator) -> pd.DataFrame:
    """What customers of three kinds did in 2025."""
    rows = []
    for number in range(customers):
        often, money = KINDS[number % 3]
        for day in sorted(random.choice(364, random.poisson(often) + 1, replace=False)):
            rows.append((number, pd.Timestamp("2025-01-01 17:00") + pd.Timedelta(days=int(day)), "purchase", money))
    return as_log(pd.DataFrame(rows, columns=["number", "at", "kind", "money"]), "old", random)


def a_day(customers: int, events: int, random: np.random.Generator) -> pd.DataFrame:
    """What some of them, and some new ones, did on the first day of 2026: many enough to be in another segment."""
    number = random.integers(0, customers + 20, events)
    at = pd.Timestamp("2026-01-01 05:00") + pd.to_timedelta(random.integers(0, 86_399, events), unit="s")
    kind = random.choice(["purchase", "purchase", "page_view"], events)
    rows = pd.DataFrame({"number": number, "at": at, "kind": kind, "money": random.choice([5.0, 80.0, 500.0], events)})
    late = random.random(events) < 0.05  # of the last weeks of the year before
    rows["at"] = rows["at"].where(~late, rows["at"] - pd.to_timedelta(random.integers(1, 20, events), unit="D"))
    return as_log(rows, "new", random)


def as_log(rows: pd.DataFrame, name: str, random: np.random.Generator) -> pd.DataFrame:
    at = rows.index.astype(str)
    bought = rows["kind"] == "purchase"
    return pd.DataFrame(
        {
            "event": f"{name}-" + at,
            "customer": "customer " + rows["number"].astype(str),
            "at": rows["at"].astype("datetime64[us]"),
            "kind": rows["kind"],
            "money": (rows["money"] * random.lognormal(0, 0.1, len(rows))).round(2).where(bought),
            "basket": pd.Series(f"{name}-basket-" + at, index=rows.index).where(bought),
            "channel": np.where(bought, "store", "web"),
            "category": pd.Series(random.choice(["tea", "pots", "cups"], len(rows)), index=rows.index).where(bought),
            "product": pd.Series(random.choice([f"p{n}" for n in range(9)], len(rows)), index=rows.index).where(bought),
        }
    )


@dataclass
class Shop:
    """A folder with lakes that were one until the opening, and how commands are run."""

    folder: Path
    there: Callable[[Callable[[object], object]], object]
    before: dict[str, pd.DataFrame] = field(default_factory=dict)  # by lake: what the stream told, before the batch

    def run(self, lake: str, *phases: str, as_of: str = CLOSING) -> None:
        for phase in phases:
            given = [*phase.split(), "--config", str(self.folder / f"{lake}.yaml"), "--as-of", as_of]
            assert self.there(lambda _, given=given: main(given)) == 0, phase

    def table(self, lake: str, name: str) -> pd.DataFrame:
        return deltalake.DeltaTable(str(self.folder / lake / name)).to_pandas()

    def assigned(self, lake: str) -> pd.DataFrame:
        return self.table(lake, "segment_assignments").sort_values("customer_id").reset_index(drop=True)

    def moves(self, lake: str) -> pd.DataFrame:
        events = self.table(lake, "segment_membership_events")
        return events[events["as_of"].astype(str) == CLOSING]

    def went(self, lake: str) -> dict[str, tuple[object, object]]:
        """By customer the segments at the opening and at the closing, where they differ, from the events alone."""
        events = self.table(lake, "segment_membership_events").sort_values("sequence", kind="stable")
        at: dict[str, dict[str, object]] = {"before": {}, "after": {}}
        for row in events.itertuples():
            for when in ("after",) if str(row.as_of) == CLOSING else ("before", "after"):
                at[when][row.customer_id] = None if row.event_type == "exit" else row.segment_id
        both = at["before"].keys() | at["after"].keys()
        pairs = {one: (at["before"].get(one), at["after"].get(one)) for one in both}
        return {one: (before, after) for one, (before, after) in pairs.items() if before != after}


def pieces(rows: pd.DataFrame, number: int, random: np.random.Generator) -> Sequence[pd.DataFrame]:
    """The rows in any order, some of them twice, in so many pieces."""
    shuffled = rows.sample(frac=1, random_state=int(random.integers(1 << 30)))
    again = shuffled.sample(frac=0.1, random_state=int(random.integers(1 << 30)))
    together = pd.concat([shuffled, again]).reset_index(drop=True)
    return [together.iloc[list(some)] for some in np.array_split(np.arange(len(together)), number)]


def as_messages(rows: pd.DataFrame) -> list[str]:
    return str(rows.to_json(orient="records", lines=True, date_format="iso", date_unit="us")).splitlines()


@pytest.fixture(scope="module")
def shop(there, broker, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A day that one lake gets as a file, another as messages of Kafka, in two pieces with a stream after each."""
    made, random = Shop(tmp_path_factory.mktemp("shop"), there), np.random.default_rng(5)
    topic = f"day-{uuid4().hex}"
    broker.create(topic, 2)
    for lake, day in DAYS.items():
        text = (CONFIG + day).format(lake=made.folder / lake, folder=made.folder, broker=broker.address, topic=topic)
        (made.folder / f"{lake}.yaml").write_text(text)
    a_year(120, random).to_parquet(made.folder / "year.parquet")
    made.run("opening", "ingest", "features", "train", "assign", as_of=OPENING)
    for lake in ("batch", "followed", "told"):
        shutil.copytree(made.folder / "opening", made.folder / lake)
    day = a_day(120, 400, random)
    (made.folder / "batch-day").mkdir()
    day.to_parquet(made.folder / "batch-day" / "all.parquet")
    (made.folder / "followed-day").mkdir()
    pieces(day, 1, random)[0].to_parquet(made.folder / "followed-day" / "shuffled.parquet")
    made.run("followed", "ingest", "stream --to-the-end")
    for number, rows in enumerate(pieces(day, 2, random)):
        messages = [*as_messages(rows), *BAD]
        there(lambda spark, number=number, messages=messages: broker.send(spark, topic, number, messages))
        made.run("told", "stream --to-the-end")
    made.before = {lake: made.moves(lake) for lake in ("followed", "told")}
    return made


@pytest.fixture(scope="module")
def closed(shop: Shop) -> Shop:
    """All lakes after the batch of the day's end."""
    for lake in ("batch", "followed", "told"):
        shop.run(lake, "ingest", "features", "assign")
    return shop


@pytest.mark.parametrize("lake", ["followed", "told"])
def test_while_the_day_lasts_those_who_do_something_move_when_they_do(shop, lake):
    moves = shop.before[lake]
    assert len(moves) > 20
    assert set(moves["cause"]) == {"behaviour"}
    assert set(moves["event_type"]) == {"entry", "move"}  # new customers are of the day
    assert moves["event_ts"].max() < pd.Timestamp("2026-01-02 05:00", tz="UTC")


@pytest.mark.parametrize("lake", ["followed", "told"])
def test_once_the_day_is_over_the_assignments_are_those_of_a_batch(closed, lake):
    batch = closed.assigned("batch")
    assert len(batch) > 120
    pd.testing.assert_frame_equal(closed.assigned(lake), batch, rtol=1e-9)


@pytest.mark.parametrize("lake", ["followed", "told"])
def test_the_membership_events_of_the_day_come_to_the_same(closed, lake):
    assert closed.went(lake) == closed.went("batch")
    assert len(closed.went("batch")) > 20


@pytest.mark.parametrize("lake", ["followed", "told"])
def test_the_batch_only_corrects_what_a_stream_cannot_know(closed, lake):
    """Customers whose events of earlier days came late; most of the day's moves were there before it."""
    corrected = len(closed.moves(lake)) - len(closed.before[lake])
    assert corrected < len(closed.before[lake]) / 4


def test_events_from_messages_are_those_from_files(closed):
    told, batch = (
        closed.table(lake, "events")
        .drop(columns=["run_id", "source", "properties"])
        .sort_values("event_id", ignore_index=True)
        for lake in ("told", "batch")
    )
    pd.testing.assert_frame_equal(told, batch)


def test_a_message_that_is_no_event_is_set_apart_and_stops_nothing(closed):
    quarantine = closed.table("told", "quarantine")
    assert quarantine["occurrences"].sum() == 2 * len(BAD)
    runs = closed.table("told", "runs")
    streams = runs[runs["phase"] == "stream"]
    assert list(streams["status"]) == ["done", "done"]
    assert streams["rows_quarantined"].sum() == 2 * len(BAD)
    assert (
        streams["rows_read"] == streams[["rows_accepted", "rows_quarantined", "rows_deduplicated"]].sum(axis=1)
    ).all()


def test_the_batch_after_a_stream_reads_no_message_again(closed):
    runs = closed.table("told", "runs")
    of_messages = runs[(runs["phase"] == "ingest") & (runs["source"] == "day")]
    assert list(of_messages["rows_read"]) == [0]


@pytest.mark.parametrize("lake", ["followed", "told"])
def test_a_stream_tells_of_what_it_took_in(closed, lake):
    progress = closed.table(lake, "stream_progress")
    assert progress["events"].sum() >= 400
    assert progress["moved"].sum() == len(closed.before[lake])
    assert (progress["busy_share"] <= 1).all()
    assert (progress["lag_seconds"].notna() == (lake == "told")).all()
