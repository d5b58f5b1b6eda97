"""A day of the demo's purchases, replayed into a real Kafka broker: `make demo-stream`, ARGS="--speed 720" for slower.

The households of The Complete Journey get their segments as of a morning. Then the day's purchases go into a topic, in
the order of time and --speed times as fast as they happened, `segspark stream` follows it, and what its triggers tell
arrives at a webhook of this program, which prints it. It ends by itself.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import yaml
from deltalake import DeltaTable
from rich.console import Console
from rich.markup import escape

from scripts.kafka import Broker, NoBrokerError, running_broker
from segspark.config import load_config
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.demo import prepare_demo

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "lake" / "demo-stream"
DAY = date(2017, 12, 2)
ZONE = "America/New_York"
TOPIC = "purchases"
FIELDS = {  # of a message
    "household_id": "STRING", "basket_id": "STRING", "product_id": "STRING", "department": "STRING",
    "quantity": "DOUBLE", "sales_value": "DOUBLE", "retail_disc": "DOUBLE", "coupon_disc": "DOUBLE",
    "coupon_match_disc": "DOUBLE", "store_id": "STRING", "transaction_timestamp": "STRING",
}  # fmt: skip
TRIGGERS = [
    {"name": "moved", "entered": ["*"], "purpose": None, "cooldown_hours": 0, "to": ["here"]},
    {"name": "hundredth_order", "becomes": "frequency >= 100", "purpose": None, "to": ["here"]},
    {"name": "dear_product", "event": "amount >= 40", "purpose": None, "to": ["here"]},
    {"name": "only_fuel", "event": "category = 'FUEL'", "unless": "category <> 'FUEL'", "within_minutes": 30,
     "purpose": None, "to": ["here"]},
]  # fmt: skip
console = Console(highlight=False)


def main() -> None:
    """Prepare, replay, and tell what came of it."""
    options = _options()
    os.environ["SEGSPARK_DEMO_HOOK"] = "a secret of this demo's own"
    try:
        with running_broker() as broker, receiving() as (port, told):
            broker.create(TOPIC, 1)
            purchases = prepared(broker, port)
            with streaming():
                replay(broker, purchases, options.speed)
                wait_for(len(purchases))
    except NoBrokerError as error:
        sys.exit(str(error))
    console.print(f"\n{len(purchases):,} purchases of {DAY}; {sum(told.values()):,} triggers were told of:")
    for name, number in sorted(told.items()):
        console.print(f"  {name}: {number:,}")
    console.print(f"The tables are in {FOLDER.relative_to(REPOSITORY)}/tables, and docs/streaming.md says more.")


def prepared(broker: Broker, port: int) -> pd.DataFrame:
    """Everyone's segment as of the day's morning, made once; and the day's purchases in the order of time."""
    config = load_config(REPOSITORY / "conf" / "demo.yaml")
    data = Path(config.sources.events[0].path).parent
    prepare_demo(Context(config, DAY, Reporter()))
    lines = pd.read_parquet(data / "transactions.parquet")
    days = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.date
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines[days < DAY].to_parquet(FOLDER / "before.parquet", coerce_timestamps="us")
    given = yaml.safe_load((REPOSITORY / "conf" / "demo.yaml").read_text(encoding="utf-8"))
    written = _configuration(given, data, broker, port)
    (FOLDER / "demo-stream.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    tables, morning = FOLDER / "tables", FOLDER / "morning"
    shutil.rmtree(tables, ignore_errors=True)
    if morning.exists():
        console.print("[dim]everyone's segment as of the morning is there from the last time[/]")
        shutil.copytree(morning, tables)
    else:
        for phase in ("ingest", "features", "train", "assign"):
            _segspark(phase, "--as-of", str(DAY))
        shutil.copytree(tables, FOLDER / "copied")
        (FOLDER / "copied").rename(morning)
    products = pd.read_parquet(data / "products.parquet", columns=["product_id", "department"])
    return lines[days == DAY].merge(products, on="product_id", how="left").sort_values("transaction_timestamp")


def _configuration(given: dict[str, Any], data: Path, broker: Broker, port: int) -> dict[str, Any]:
    """The demo's, with purchases of the days before in a file, and those of the day in a topic."""
    before, *others = given["sources"]["events"]
    columns = before["columns"]
    for one in (before, *others):
        one["path"] = str(data / Path(one["path"]).name)
        for join in one.get("joins", []):
            join["path"] = str(data / Path(join["path"]).name)
    live = {
        "name": "live", "format": "kafka", "schema": ", ".join(f"{name} {kind}" for name, kind in FIELDS.items()),
        "options": {"kafka.bootstrap.servers": broker.address, "subscribe": TOPIC}, "columns": columns,
    }  # fmt: skip
    return {
        "extends": str(REPOSITORY / "conf" / "demo.yaml"),
        "workspace": {"root": "tables"},
        "tracking": {"uri": "sqlite:///tables/mlflow/mlflow.db"},
        "sources": {"events": [before | {"path": "before.parquet"}, *others, live]},
        "stream": {"progress_seconds": 5},
        "triggers": TRIGGERS,
        "destinations": {
            "webhooks": {"here": {"url": f"http://127.0.0.1:{port}/", "secret": "${ENV:SEGSPARK_DEMO_HOOK}"}}
        },
    }


def _segspark(*arguments: str) -> None:
    program = Path(sys.executable).parent / "segspark"
    subprocess.run([str(program), *arguments, "--config", str(FOLDER / "demo-stream.yaml")], check=True)  # noqa: S603


@contextmanager
def streaming() -> Iterator[None]:
    """`segspark stream`, once it has opened the day; when the block is over it takes in what there is, and ends."""
    program, log = Path(sys.executable).parent / "segspark", FOLDER / "stream.log"
    command = [str(program), "stream", "--config", str(FOLDER / "demo-stream.yaml")]
    command += ["--as-of", str(DAY + timedelta(days=1))]
    console.print(f"\n[bold]segspark stream[/] [dim]begins; it prints to {log.relative_to(REPOSITORY)}[/]")
    with log.open("w", encoding="utf-8") as target:
        process = subprocess.Popen(command, stdout=target, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        _until(process, log, "did something since")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=300)
    if process.returncode:
        sys.exit(f"the stream has failed: {log.read_text(encoding='utf-8')[-2000:]}")


def wait_for(purchases: int, seconds: float = 600) -> None:
    """Wait until the stream has told that it took in so many, or for so long."""
    place, deadline = str(FOLDER / "tables" / "stream_progress"), time.monotonic() + seconds
    console.print("[dim]all purchases are sent; the stream takes in the rest[/]")
    while time.monotonic() < deadline:
        there = DeltaTable.is_deltatable(place)
        if there and sum(DeltaTable(place).to_pyarrow_table()["events"].to_pylist()) >= purchases:
            return
        time.sleep(1)


def _until(process: "subprocess.Popen[bytes]", log: Path, words: str) -> None:
    while words not in log.read_text(encoding="utf-8"):
        if process.poll() is not None:
            sys.exit(f"the stream has ended: {log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.5)


def replay(broker: Broker, purchases: pd.DataFrame, speed: float) -> None:
    """Send the purchases, each when it is due."""
    times = purchases["transaction_timestamp"]
    due = ((times - times.iloc[0]).dt.total_seconds() / speed).to_numpy()
    values = purchases[list(FIELDS)].to_json(orient="records", lines=True, date_format="iso").splitlines()
    started, sent = time.monotonic(), 0
    with broker.producing(TOPIC) as producer:
        while sent < len(values):
            now = int((due <= time.monotonic() - started).sum())
            producer.send(values[sent:now])
            sent = now
            time.sleep(0.1)


@contextmanager
def receiving() -> Iterator[tuple[int, dict[str, int]]]:
    """A webhook of this machine's that prints what it is told: its port, and how often it heard of each trigger."""
    told: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["content-length"])))
            data = said["data"]
            told[data["trigger"]] = told.get(data["trigger"], 0) + 1
            console.print(_line(said["timestamp"], data))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the lines are for who watches."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], told
    finally:
        server.shutdown()


def _line(stamp: str, data: dict[str, Any]) -> str:
    at = datetime.fromisoformat(stamp).astimezone(ZoneInfo(ZONE))
    who, segment = f"household {escape(str(data['customer_id'])):>6}", escape(str(data["segment"]))
    before = data["previous_segment"]
    what = f"[bold]{segment}[/]" + (f" [dim]from {escape(before)}[/]" if before else f" [dim]({data['kind']})[/]")
    return f"{at:%H:%M:%S}  [cyan]{data['trigger']:16}[/] {who}  {what}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--speed", type=float, default=720, help="how much faster than it was; 720: a day in two minutes"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
