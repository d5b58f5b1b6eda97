"""A stream beside the batch: the same events, in whatever pieces and order, leave the same assignments behind."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from segspark.io.webhooks import signature
from tests.integration.shop import a_day, as_messages, pieces
from tests.integration.streamed import AFTER, CUSTOMERS, FILES, MESSAGES, OPENING, Shop
from tests.receiver import Answer, Receiver, hang_up, running, slowly, status

pytestmark = pytest.mark.slow  # a training, streams and batches

LONG = "SEGSPARK_LONG" in os.environ  # make test-long
KILLS, ROUNDS = (50, 200) if LONG else (1, 1)
EVENTS = 1_000 if LONG else 400
STREAMED = ("followed", "killed")
SMALL_BITES = """
triggers:
  - {{name: large, event: event_type = 'purchase' AND amount >= 400, purpose: null, cooldown_hours: 0}}
stream: {{every_seconds: 0, events_per_batch: {at_a_time}}}
"""
BAD = ["no {json", '{"event": "bad-1", "customer": "customer 1", "at": "yesterday", "kind": "purchase"}', None]


@dataclass
class Day:
    """What happened on the day, and what the streams left of it before the batch."""

    shop: Shop
    events: pd.DataFrame
    before: dict[str, pd.DataFrame] = field(default_factory=dict)  # by lake: moves
    taken: list[int] = field(default_factory=list)  # events that there were after each kill


@pytest.fixture(scope="module")
def shop(there, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop.opened(tmp_path_factory.mktemp("shop"), there)


@pytest.fixture(scope="module")
def day(shop: Shop, broker) -> Day:
    """A day that one lake gets as files, which a batch takes in while a stream follows, and another as messages, with a
    stream that is killed at random moments: shuffled, some twice, some late, some messages no events at all."""
    random, topic = np.random.default_rng(5), f"day-{uuid4().hex}"
    made = Day(shop, a_day(CUSTOMERS, EVENTS, random))
    broker.create(topic, 2)
    shop.another("batch", FILES)
    shop.another("followed", FILES + "stream: {{every_seconds: 0.2, progress_seconds: 2}}\n")
    shop.another("killed", MESSAGES + SMALL_BITES, broker=broker.address, topic=topic, at_a_time=10 if LONG else 200)
    for lake in ("batch", "followed"):
        (shop.folder / f"{lake}-day").mkdir()
    made.events.to_parquet(shop.folder / "batch-day" / "all.parquet")
    followed(made, random)
    for number, rows in enumerate(pieces(made.events, 2, random)):
        shop.send(broker, topic, [*as_messages(rows), *BAD], number)
    for _ in range(KILLS):
        with shop.streaming("killed", kill=True):
            if not LONG:  # the only one, so amid the messages
                until(lambda: len(shop.day_events("killed")) > 0)
            time.sleep(random.uniform(0, 12 if LONG else 2))
        made.taken.append(len(shop.day_events("killed")))
    shop.run("killed", "stream --to-the-end")
    made.before = {lake: shop.moves(lake) for lake in STREAMED}
    return made


def followed(day: Day, random: np.random.Generator) -> None:
    """One lake's day: at once, or bit by bit while a stream in a process of its own follows."""
    shop, parts = day.shop, pieces(day.events, ROUNDS, random)
    place = shop.folder / "followed-day"
    if not LONG:
        parts[0].to_parquet(place / "all.parquet")
        shop.run("followed", "ingest", "stream --to-the-end")
        return
    with shop.streaming("followed"):
        for number, rows in enumerate(parts):
            rows.to_parquet(place / f"{number:03d}.parquet")
            shop.run("followed", "ingest")
        until(lambda: shop.taken_in("followed") >= EVENTS)


@pytest.fixture(scope="module")
def closed(day: Day) -> Shop:
    """All lakes after the batch of the day's end."""
    for lake in ("batch", *STREAMED):
        day.shop.run(lake, "ingest", "features", "assign")
    return day.shop


@pytest.mark.parametrize("lake", STREAMED)
def test_while_the_day_lasts_those_who_do_something_move_when_they_do(day, lake):
    moves = day.before[lake]
    assert len(moves) > 20
    assert set(moves["cause"]) == {"behaviour"}
    assert set(moves["event_type"]) == {"entry", "move"}  # new customers are of the day
    assert moves["event_ts"].max() < pd.Timestamp("2026-01-02 05:00", tz="UTC")


def test_the_streams_were_killed_amid_the_messages(day):
    assert len(day.taken) == KILLS
    assert any(0 < taken < EVENTS for taken in day.taken)


@pytest.mark.parametrize("lake", STREAMED)
def test_once_the_day_is_over_the_assignments_are_those_of_a_batch(closed, lake):
    batch = closed.assigned("batch")
    assert len(batch) > CUSTOMERS
    pd.testing.assert_frame_equal(closed.assigned(lake), batch, rtol=1e-9)


@pytest.mark.parametrize("lake", STREAMED)
def test_the_membership_events_of_the_day_come_to_the_same(closed, lake):
    assert closed.went(lake) == closed.went("batch")
    assert len(closed.went("batch")) > 20


@pytest.mark.parametrize("lake", STREAMED)
def test_the_batch_only_corrects_what_a_stream_cannot_know(closed, day, lake):
    """Customers whose events of earlier days came late; most of the day's moves were there before it."""
    corrected = len(closed.moves(lake)) - len(day.before[lake])
    assert corrected < len(day.before[lake]) / 4


def test_events_from_messages_are_those_from_files(closed):
    told, batch = (
        closed.table(lake, "events")
        .drop(columns=["run_id", "source", "properties"])
        .sort_values("event_id", ignore_index=True)
        for lake in ("killed", "batch")
    )
    pd.testing.assert_frame_equal(told, batch)


def test_a_message_that_is_no_event_is_set_apart_and_stops_nothing(closed):
    assert len(closed.table("killed", "quarantine")) == 2 * len(BAD)  # a row with its offset
    runs = closed.table("killed", "runs")
    streams = runs[runs["phase"] == "stream"]
    assert list(streams["status"]) == ["done"]  # those that were killed could not say anything
    counted = streams[["rows_accepted", "rows_quarantined", "rows_deduplicated"]].sum(axis=1)
    assert (streams["rows_read"] == counted).all()


def test_the_batch_after_a_stream_reads_no_message_again(closed):
    runs = closed.table("killed", "runs")
    of_messages = runs[(runs["phase"] == "ingest") & (runs["source"] == "day")]
    assert list(of_messages["rows_read"]) == [0]


def test_what_triggers_tell_is_the_same_however_often_it_dies(day):
    """Purchases of the day: those that came late are of weeks ago, and nobody wants to hear of them any more."""
    events = day.shop.day_events("killed")
    large = events[(events["event_type"] == "purchase") & (events["amount"] >= 400)]
    today = large[large["event_date"].astype(str) == OPENING]
    assert 20 < len(today) < len(large)
    assert sorted(day.shop.table("killed", "triggers")["event_id"]) == sorted(today["event_id"])


@pytest.mark.parametrize("lake", STREAMED)
def test_a_stream_tells_of_what_it_took_in(closed, day, lake):
    progress = closed.table(lake, "stream_progress")
    assert (progress["busy_share"] <= 1).all()
    assert progress["lag_seconds"].notna().any() == (lake == "killed")
    if lake == "followed":  # whoever was killed could not tell of the last seconds
        assert progress["events"].sum() >= EVENTS
        assert progress["moved"].sum() == len(day.before[lake])


def until(true: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(1)


def test_beside_batches_no_event_is_lost_or_doubled(day):
    events = day.shop.table("followed", "events")
    assert sorted(day.shop.day_events("followed")["event_id"]) == sorted(day.events["event"])
    assert not events["event_id"].duplicated().any()


@pytest.mark.parametrize("lake", STREAMED)
def test_assignments_and_their_events_say_the_same(closed, lake):
    assigned, events = closed.assigned(lake), closed.table(lake, "segment_membership_events")
    assert not assigned["customer_id"].duplicated().any()
    assert dict(zip(assigned["customer_id"], assigned["segment_id"], strict=True)) == closed.members(lake)
    assert not events.duplicated(["customer_id", "sequence", "segment_id"]).any()


@pytest.mark.skipif(not LONG, reason="a training and a stream more: make test-long")
def test_a_new_champion_is_applied_to_everyone_by_the_stream_that_is_running(closed):
    """It has what the first one has, trained with another seed; a person makes it champion."""
    config = closed.folder / "followed.yaml"
    config.write_text(config.read_text().replace("max: 3}", "max: 3}\n  seed: 7"))

    def versions() -> set[str]:
        rows = closed.assigned("followed")
        return set(rows[rows["model_version"] != ""]["model_version"])

    assert versions() == {"segspark/1"}
    with closed.streaming("followed", as_of=AFTER):
        closed.run("followed", "train", "train --approve")
        until(lambda: versions() == {"segspark/2"})
    assert versions() == {"segspark/2"}
    runs = closed.table("followed", "runs")
    assert list(runs[runs["phase"] == "stream"]["status"]) == ["done", "done"]


WATCHED = """
  consents:
    - {{name: said, format: parquet, path: {folder}/consents.parquet, columns: {{customer_id: customer,
       purpose: purpose, status: status, valid_from: since}}}}
triggers:
  - {{name: moved, entered: ["*"], purpose: null, to: [crm, bus]}}
  - {{name: big, event: "event_type = 'purchase' AND amount >= 400", purpose: mail, to: [crm]}}
  - {{name: looked, event: event_type = 'page_view', unless: event_type = 'purchase', within_minutes: 30, purpose: null,
     cooldown_hours: 0}}
  - {{name: regular, becomes: frequency >= 17, purpose: null, to: [bus]}}
destinations:
  webhooks: {{crm: {{url: "{hook}", secret: "${{ENV:CRM_SECRET}}", first_pause_seconds: 0.5, timeout_seconds: 2,
                     attempts: 3}}}}
  topics: {{bus: {{topic: {topic}-out, options: {{kafka.bootstrap.servers: "{broker}"}}}}}}
"""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Watched:
    """A lake with triggers, who they told, and all that happened."""

    shop: Shop
    day: pd.DataFrame
    consents: pd.DataFrame
    topic: str
    receiver: Receiver
    starts: list[dict[str, int]] = field(default_factory=list)  # after each stream: rows by table

    def table(self, name: str) -> pd.DataFrame:
        return self.shop.table("watched", name)

    def fired(self, trigger: str) -> pd.DataFrame:
        rows = self.table("triggers")
        return rows[rows["trigger"] == trigger]


def answers(receiver: Receiver) -> list[Answer]:
    """It fails, times out, takes a message and does not say so, and refuses one for good; then it says 204."""
    return [status(500), status(503), slowly(receiver), hang_up, status(410)]


def what_customers_agreed_to(random: np.random.Generator) -> pd.DataFrame:
    """Most have said yes to mail, some of them no later; others have never been asked."""
    rows = []
    for number in range(CUSTOMERS + 20):
        said = random.choice(["yes", "yes", "yes", "no", "no more", "never asked", "to something else"])
        if said != "never asked":
            granted = {"no": "denied"}.get(said, "granted")
            rows.append((number, "calls" if said == "to something else" else "mail", granted, "2025-06-01"))
        if said == "no more":
            rows.append((number, "mail", "withdrawn", "2025-12-01"))
    found = pd.DataFrame(rows, columns=["number", "purpose", "status", "since"])
    found["customer"] = "customer " + found["number"].astype(str)
    return found.assign(since=pd.to_datetime(found["since"]).astype("datetime64[us]")).drop(columns="number")


@pytest.fixture(scope="module")
def watched(shop: Shop, broker) -> Iterator[Watched]:
    """A day in the order of time, in two pieces, each with a stream that begins and ends; then one without news."""
    random, topic = np.random.default_rng(11), f"watched-{uuid4().hex}"
    day = a_day(CUSTOMERS, 600, random, late=0).sort_values("at").reset_index(drop=True)
    for one in (topic, f"{topic}-out"):
        broker.create(one, 1)
    with running() as receiver:
        made = Watched(shop, day, what_customers_agreed_to(random), topic, receiver)
        made.consents.to_parquet(shop.folder / "consents.parquet")
        shop.another("watched", MESSAGES + WATCHED, broker=broker.address, topic=topic, hook=receiver.url)
        shop.there(lambda _: os.environ.update(CRM_SECRET=SECRET))
        shop.run("watched", "ingest", as_of=OPENING)
        receiver.answers.extend(answers(receiver))
        for piece in (day.iloc[:300], day.iloc[300:], None):
            if piece is not None:  # every tenth event twice
                shop.send(broker, topic, as_messages(pd.concat([piece, piece.iloc[::10]])))
            shop.run("watched", "stream --to-the-end")
            made.starts.append({name: len(made.table(name)) for name in ("triggers", "deliveries", "dead_letters")})
        yield made


@pytest.fixture(scope="module")
def out(watched: Watched, broker) -> list[tuple[str, dict[str, Any], str]]:
    """What is in the topic that triggers are written to: key, message and id."""
    topic, address = f"{watched.topic}-out", broker.address  # a function that goes to another process takes no more

    def read(spark: SparkSession) -> list[tuple[str, ...]]:
        options = {"kafka.bootstrap.servers": address, "subscribe": topic, "includeHeaders": "true"}
        rows = spark.read.format("kafka").options(**options).load()
        texts = [f"CAST({one} AS STRING)" for one in ("key", "value", "headers[0].value")]
        return [tuple(row) for row in rows.selectExpr(*texts).collect()]

    return [(key, json.loads(value), identity) for key, value, identity in watched.shop.there(read)]


def test_who_moves_on_the_day_is_told_of_once_a_segment(watched):
    moves = watched.shop.moves("watched")
    moves = moves[moves["event_type"].isin(["entry", "move"])]
    told = watched.fired("moved")
    first = moves.sort_values("sequence").drop_duplicates("customer_id")  # the rest of the day is its cooldown
    assert len(told) > 20
    assert set(zip(told["customer_id"], told["segment_id"], strict=True)) == set(
        zip(first["customer_id"], first["segment_id"], strict=True)
    )


def test_an_event_is_told_of_where_the_customer_agreed_and_once_in_its_cooldown(watched):
    said = watched.consents[watched.consents["purpose"] == "mail"].sort_values("since", kind="stable")
    latest = said.drop_duplicates("customer", keep="last").set_index("customer")["status"]
    large = watched.day[(watched.day["kind"] == "purchase") & (watched.day["money"] >= 400)]
    first = large.drop_duplicates("customer")
    agreed = first[first["customer"].map(latest) == "granted"]
    assert 10 < len(agreed) < len(first)
    assert sorted(watched.fired("big")["event_id"]) == sorted(agreed["event"])


def test_a_wait_is_told_of_when_nothing_ended_it(watched):
    expected = set()
    end = watched.day["at"].max() - pd.Timedelta(seconds=30)
    for _, rows in watched.day.groupby("customer"):
        following, due = rows["at"].shift(-1), rows["at"] + pd.Timedelta(minutes=30)
        alone = (rows["kind"] == "page_view") & (following.isna() | (following > due)) & (due <= end)
        expected |= set(rows.loc[alone, "event"])
    told = watched.fired("looked")
    assert len(expected) > 50
    assert expected <= set(told["event_id"])
    # The others' waits were over in the seconds that passed since the last event.
    assert len(told) == len(set(told["event_id"])) < len(expected) + 5
    began = told["event_id"].map(watched.day.set_index("event")["at"].dt.tz_localize("UTC"))
    assert ((told["occurred_at"] - began) == pd.Timedelta(minutes=30)).all()


def test_who_comes_to_meet_a_condition_is_told_of_and_who_did_before_is_not(watched):
    features = watched.table("customer_features")
    opening = features[features["as_of"].astype(str) == OPENING].set_index("customer_id")["frequency"]
    bought = watched.day[watched.day["kind"] == "purchase"].groupby("customer")["basket"].nunique()
    everyone = opening.index.union(bought.index)
    before = opening.reindex(everyone, fill_value=0)
    after = before + bought.reindex(everyone, fill_value=0)
    became = after.index[(after >= 17) & (before < 17)]
    assert len(became) > 5
    assert sorted(watched.fired("regular")["customer_id"]) == sorted(became)


def test_a_stream_that_begins_again_tells_nothing_twice(watched):
    assert watched.starts[2] == watched.starts[1]
    assert not watched.table("triggers")["trigger_id"].duplicated().any()


def test_every_message_to_the_webhook_arrived_or_is_a_dead_letter(watched):
    ids = {row.trigger_id for row in watched.table("triggers").itertuples() if "crm" in row.destinations}
    arrived, dead = (watched.table(name) for name in ("deliveries", "dead_letters"))
    arrived = arrived[arrived["destination"] == "crm"]
    assert set(arrived["trigger_id"]) | set(dead["trigger_id"]) == ids
    assert len(arrived) + len(dead) == len(ids)
    assert [(row.status, row.reason) for row in dead.itertuples()] == [(410, "410 Gone")]
    assert arrived["attempts"].sum() - len(arrived) == 4  # 500, 503, too late, and hung up: each was sent again
    assert {one.id for one in watched.receiver.taken} == ids


def test_a_message_says_who_what_and_when_and_is_signed(watched):
    taken = watched.receiver.taken[-1]
    stamp = int(taken.headers["webhook-timestamp"])
    assert taken.headers["webhook-signature"] == signature(SECRET, taken.id, stamp, taken.body)
    said = json.loads(taken.body)
    row = watched.table("triggers").set_index("trigger_id").loc[taken.id]
    assert said["type"] == "segspark.trigger"
    assert pd.Timestamp(said["timestamp"]) == row["occurred_at"].floor("ms")
    names = ("trigger", "customer_id", "segment_id")
    assert {name: said["data"][name] for name in names} == {name: row[name] for name in names}


def test_the_topic_has_each_of_its_triggers_once_by_customer(watched, out):
    triggers = watched.table("triggers")
    asked = {row.trigger_id: row.customer_id for row in triggers.itertuples() if "bus" in row.destinations}
    assert {identity: key for key, _, identity in out} == asked
    assert len(out) == len(asked)
    assert all(said["data"]["trigger_id"] == identity for _, said, identity in out)


def test_the_progress_counts_what_was_told_and_what_was_held_back(watched):
    progress = watched.table("stream_progress")
    assert progress["fired"].sum() == len(watched.table("triggers"))
    assert progress["held_back"].sum() > 10
    assert progress["dead"].sum() == 1
    assert progress["sent"].sum() == len(watched.table("deliveries"))


def test_what_was_given_up_is_sent_when_asked_for(watched):
    before = watched.table("dead_letters")["trigger_id"].tolist()
    watched.shop.run("watched", "stream --to-the-end --send-again")
    assert watched.table("dead_letters").empty
    assert watched.receiver.taken[-1].id == before[0]
    assert before[0] in set(watched.table("deliveries")["trigger_id"])


def test_a_condition_that_does_not_work_is_refused_before_anything_begins(watched):
    text = (watched.shop.folder / "watched.yaml").read_text()
    (watched.shop.folder / "wrong.yaml").write_text(text.replace("frequency >= 17", "frequncy >= 17"))
    watched.shop.run("wrong", "stream --check", code=2)
