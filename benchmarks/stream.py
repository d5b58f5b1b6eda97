"""From an event to what it triggers, in a real stream: `make bench-stream`, ARGS="--seconds 60" for less.

A lake of a log with planted segments (events_data.py) is segmented; then `segspark stream` follows a topic of a Kafka
broker that shares the machine with it and with the generator of events. Some of the purchases meet a trigger, which
writes to another topic. First events come at an even pace (--rate, for --seconds): the latency is from the time that
Kafka noted for an event's message to the one that it noted for the trigger's message, for events after the first
--warm-up seconds. Then --backlog events come at once: events_per_second is how many of them are taken in a second, to
their assignments and triggers. The last line is one JSON object.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import deltalake
import numpy as np
import psutil
import pyarrow as pa
import yaml
from events_data import AS_OF, ZONE, chunk, gathered
from features import prepare
from measure import machine

from scripts.kafka import Broker, Producer, running_broker

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).parent / "segspark"
LIVE, NEXT = "2024-12-31", "2025-01-01"  # the day that is streamed, and the date at which it is over
FIELDS = (
    "event_id",
    "customer_id",
    "event_ts",
    "event_type",
    "channel",
    "order_id",
    "product_id",
    "category",
    "amount",
)
INPUTS = [
    "recency_days",
    "frequency",
    "average_order_value",
    "weekend_order_share",
    "discount_share",
    "category_entropy",
]
_PIECE = 50_000  # events that are generated at a time
_STEP = 0.05  # seconds between two hands of events


def main() -> None:
    """Prepare, stream, and print."""
    options = _options()
    folder = HERE / "data" / f"stream-{options.events}-{options.customers}"
    with running_broker() as broker:
        for topic in ("events", "triggers"):
            broker.create(topic, options.partitions)
        lake = prepared(folder, broker, options)
        with streaming(folder) as stream:
            waiting = Waiting(lake)
            with broker.producing("events") as producer:
                events = live_events(options.customers, options.seed)
                print(f"{options.rate:,} events a second for {options.seconds} seconds", flush=True)
                sent = at_a_pace(producer, events, options.rate, options.seconds)
                waiting.until(sent, "events that came at an even pace")
                started = time.monotonic()
                producer.send(next(events) for _ in range(options.backlog))
                print(f"{options.backlog:,} events at once", flush=True)
            waiting.until(sent + options.backlog, "the backlog")
            seconds = time.monotonic() - started
            memory = sum(one.memory_info().rss for one in [stream, *stream.children(recursive=True)]) / 2**20
        found = latencies(broker, options.warm_up, sent)
        result = _result(found, options.backlog / seconds, waiting.progress(), memory)
    print(machine())
    print(json.dumps(result | {"rate": options.rate, "seconds": options.seconds, "customers": options.customers}))


def prepared(folder: Path, broker: Broker, options: argparse.Namespace) -> Path:
    """A lake in which everyone has a segment as of the live day; kept for the next time, and copied for each run."""
    asked = SimpleNamespace(customers=options.customers, seed=options.seed, hot=0.0, days=options.days)
    prepare(folder, options.events, asked)
    config, done = folder / "stream.yaml", folder / "segmented"
    config.write_text(yaml.safe_dump(_configuration(broker, options)), encoding="utf-8")
    if not done.exists():
        for phase in ("features", "train", "assign"):
            command = [str(PROGRAM), phase, "--config", str(config), "--as-of", AS_OF]
            subprocess.run(command, check=True)  # noqa: S603
        shutil.copytree(folder / "lake", done)
    shutil.rmtree(folder / "lake")
    shutil.copytree(done, folder / "lake")
    return folder / "lake"


def _configuration(broker: Broker, options: argparse.Namespace) -> dict[str, Any]:
    servers = {"kafka.bootstrap.servers": broker.address}
    return {
        "workspace": {"root": "lake"},
        "time": {"business_timezone": ZONE},
        "sources": {
            "events": [
                {"name": "log", "format": "parquet", "path": "lake/events", "columns": {}},
                {
                    "name": "live", "format": "kafka", "options": servers | {"subscribe": "events"},
                    "schema": ", ".join(f"{name} {'DOUBLE' if name == 'amount' else 'STRING'}" for name in FIELDS),
                    "columns": {name: name for name in FIELDS},
                },
            ]
        },
        "clustering": {"inputs": INPUTS, "algorithms": ["kmeans"], "k": {"min": 4, "max": 6}, "correlation_limit": 1.0},
        "search": {"stability": 0.0, "force": True},
        "tracking": {"uri": "sqlite:///lake/mlflow/mlflow.db"},
        "stream": {"progress_seconds": 5, "events_per_batch": options.events_per_batch},
        "triggers": [
            {"name": "large", "event": "event_type = 'purchase' AND amount >= 60", "purpose": None, "cooldown_hours": 0,
             "to": ["bus"]},
            {"name": "moved", "entered": ["*"], "purpose": None, "to": ["bus"]},
        ],
        "destinations": {"topics": {"bus": {"topic": "triggers", "options": servers}}},
    }  # fmt: skip


@contextmanager
def streaming(folder: Path) -> Iterator[psutil.Process]:
    """`segspark stream`, from when it has opened the day until it has ended as it is told to."""
    log = folder / "stream.log"
    command = [str(PROGRAM), "stream", "--config", str(folder / "stream.yaml"), "--as-of", NEXT]
    with log.open("w", encoding="utf-8") as target:
        process = psutil.Popen(command, stdout=target, stderr=subprocess.STDOUT)
    try:
        while "did something since" not in log.read_text(encoding="utf-8"):
            if process.poll() is not None:
                sys.exit(f"the stream has ended: {log.read_text(encoding='utf-8')[-3000:]}")
            time.sleep(0.5)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=300)
    if process.returncode != 0:
        sys.exit(f"the stream has failed: {log.read_text(encoding='utf-8')[-3000:]}")


def live_events(customers: int, seed: int) -> Iterator[str]:
    """Messages of the live day in the order of time, without an end."""
    crowd, first = gathered(customers, seed, 1), 0
    while True:
        rows = chunk(crowd, 10**9 + first, _PIECE, (0.0, 1.0), seed, 0.0).select(list(FIELDS))
        at = np.datetime64(f"{LIVE}T15:00:00", "us") + np.arange(first, first + _PIECE) * np.timedelta64(200, "us")
        rows = rows.set_column(FIELDS.index("event_ts"), "event_ts", pa.array(at.astype(str)))
        rows = rows.set_column(FIELDS.index("amount"), "amount", rows["amount"].cast(pa.float64()))
        yield from (json.dumps(row) for row in rows.to_pylist())
        first += _PIECE


def at_a_pace(producer: Producer, events: Iterator[str], rate: int, seconds: float) -> int:
    """Send so many events a second; and return how many that were."""
    started, sent = time.monotonic(), 0
    while (passed := time.monotonic() - started) < seconds:
        due = int(passed * rate)
        producer.send([next(events) for _ in range(due - sent)])
        sent = due
        time.sleep(_STEP)
    return sent


class Waiting:
    """Looks into a lake until a number of events has been taken in."""

    def __init__(self, lake: Path) -> None:
        self.lake = lake

    def progress(self) -> list[dict[str, Any]]:
        """The rows of stream_progress in their order; none yet."""
        place = str(self.lake / "stream_progress")
        if not deltalake.DeltaTable.is_deltatable(place):
            return []
        rows: list[dict[str, Any]] = deltalake.DeltaTable(place).to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda one: one["until"])

    def until(self, events: int, what: str, limit: float = 1800) -> None:
        """Wait; ends the program where it takes too long."""
        deadline = time.monotonic() + limit
        while sum(one["events"] for one in self.progress()) < events:
            if time.monotonic() > deadline:
                sys.exit(f"{what}: not taken in after {limit:.0f} seconds")
            time.sleep(1)


def latencies(broker: Broker, warm_up: float, sent: int) -> np.ndarray:
    """Milliseconds from an event's message to its trigger's, of the events that came at an even pace."""
    came = {json.loads(value)["event_id"]: stamp for stamp, value in broker.messages("events")[:sent]}
    begin = min(came.values()) + warm_up * 1000
    told = ((stamp, json.loads(value)["data"]["event_id"]) for stamp, value in broker.messages("triggers"))
    return np.array([stamp - came[event] for stamp, event in told if event in came and came[event] >= begin])


def _result(found: np.ndarray, speed: float, progress: Sequence[dict[str, Any]], memory: float) -> dict[str, Any]:
    stages: dict[str, float] = {}
    for row in progress:
        for name, seconds in row["seconds"]:
            stages[name] = stages.get(name, 0.0) + seconds
    batches = sum(row["batches"] for row in progress)
    quantiles = zip((50, 95, 99), np.percentile(found, (50, 95, 99)), strict=True)
    return {
        "events_per_second": round(speed),
        **{f"latency_p{name}_ms": round(float(value)) for name, value in quantiles},
        "state_rows": progress[-1]["recent_rows"],
        "triggers": len(found),
        "micro_batches": batches,
        "seconds_by_stage": {name: round(seconds / batches, 2) for name, seconds in sorted(stages.items())},
        "memory_mb": round(memory),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=1_000_000, help="of the log before the live day")
    parser.add_argument("--days", type=int, default=730, help="that the log covers")
    parser.add_argument("--rate", type=int, default=1_000, help="events a second at an even pace")
    parser.add_argument("--seconds", type=float, default=180, help="of the even pace")
    parser.add_argument("--warm-up", type=float, default=60, help="seconds whose events are not measured")
    parser.add_argument("--backlog", type=int, default=100_000, help="events that come at once, afterwards")
    parser.add_argument("--events-per-batch", type=int, default=10_000)
    parser.add_argument("--partitions", type=int, default=2, help="of the topics")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
