"""A shop with several lakes that were one until the opening of a day, and how commands are run on them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import deltalake
import numpy as np
import pandas as pd

from segspark.cli import main
from tests.integration.servers import Broker
from tests.integration.shop import COLUMNS, SCHEMA, a_year

OPENING, CLOSING, AFTER = "2026-01-01", "2026-01-02", "2026-01-03"
CUSTOMERS = 120
CONFIG = """
workspace: {{root: {folder}/{lake}}}
tracking: {{uri: "sqlite:///{folder}/{lake}.db", artifacts: {folder}/artifacts}}
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
    - {{name: shop, format: parquet, path: {folder}/year.parquet, columns: &columns {columns}}}
"""
# What a lake has of the day, in files or in messages, and what it says beside the sources.
FILES = "    - {{name: day, format: parquet, path: {folder}/{lake}-day, columns: *columns}}\n"
MESSAGES = """
    - name: day
      format: kafka
      options: {{kafka.bootstrap.servers: "{broker}", subscribe: {topic}}}
      schema: >-{schema}
      columns: *columns
"""


@dataclass
class Shop:
    """A folder with the lakes, and a session in which commands are run."""

    folder: Path
    there: Callable[[Callable[[object], object]], object]

    @classmethod
    def opened(cls, folder: Path, there: Callable[[Callable[[object], object]], object]) -> Shop:
        """With a lake `opening`, in which everyone has a segment of what happened in the year before."""
        made = cls(folder, there)
        a_year(CUSTOMERS, np.random.default_rng(5)).to_parquet(folder / "year.parquet")
        made.configure("opening", "")
        made.run("opening", "ingest", "features", "train", "assign", as_of=OPENING)
        return made

    def configure(self, lake: str, more: str, **names: object) -> None:
        text = (CONFIG + more).format(columns=COLUMNS, schema=SCHEMA, lake=lake, folder=self.folder, **names)
        (self.folder / f"{lake}.yaml").write_text(text)

    def another(self, lake: str, more: str, **names: object) -> None:
        """A copy of the opening, with a day of its own."""
        self.configure(lake, more, **names)
        shutil.copytree(self.folder / "opening", self.folder / lake)
        shutil.copy(self.folder / "opening.db", self.folder / f"{lake}.db")

    def run(self, lake: str, *phases: str, as_of: str = CLOSING, code: int = 0) -> None:
        for phase in phases:
            given = [*phase.split(), "--config", str(self.folder / f"{lake}.yaml"), "--as-of", as_of]
            assert self.there(lambda _, given=given: main(given)) == code, phase

    def send(self, broker: Broker, topic: str, messages: list[str | None], partition: int = 0) -> None:
        self.there(lambda spark: broker.send(spark, topic, partition, messages))

    @contextlib.contextmanager
    def streaming(self, lake: str, kill: bool = False, as_of: str = CLOSING) -> Iterator[None]:
        """A stream in a process of its own, from when it has opened the day; ended or killed with the block."""
        program, log = Path(sys.executable).parent / "segspark", self.folder / f"{lake}.log"
        given = ["stream", "--config", str(self.folder / f"{lake}.yaml"), "--as-of", as_of]
        with log.open("w") as target:
            process = subprocess.Popen(
                [str(program), *given], stdout=target, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            deadline = time.monotonic() + 300
            while "did something since" not in log.read_text() and time.monotonic() < deadline:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield
            assert process.poll() is None, log.read_text()
            if not kill:
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=300) == 0, log.read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its JVM, too
            process.wait(timeout=60)

    def table(self, lake: str, name: str) -> pd.DataFrame:
        return deltalake.DeltaTable(str(self.folder / lake / name)).to_pandas()

    def taken_in(self, lake: str) -> int:
        """Events that streams have told of so far."""
        if not (self.folder / lake / "stream_progress" / "_delta_log").exists():
            return 0
        return int(self.table(lake, "stream_progress")["events"].sum())

    def day_events(self, lake: str) -> pd.DataFrame:
        """Of the day, as far as they are there."""
        events = self.table(lake, "events")
        return events[events["source"] == "day"]

    def assigned(self, lake: str) -> pd.DataFrame:
        return self.table(lake, "segment_assignments").sort_values("customer_id").reset_index(drop=True)

    def moves(self, lake: str) -> pd.DataFrame:
        events = self.table(lake, "segment_membership_events")
        return events[events["as_of"].astype(str) == CLOSING]

    def members(self, lake: str, until: str = CLOSING) -> dict[str, str]:
        """By customer the segment at a date, from the membership events alone."""
        events = self.table(lake, "segment_membership_events").sort_values("sequence", kind="stable")
        events = events[events["as_of"].astype(str) <= until]
        last = events.drop_duplicates("customer_id", keep="last")
        last = last[last["event_type"] != "exit"]
        return dict(zip(last["customer_id"], last["segment_id"], strict=True))

    def went(self, lake: str) -> dict[str, tuple[str | None, str | None]]:
        """By customer the segments at the opening and at the closing, where they differ, from the events alone."""
        before, after = self.members(lake, OPENING), self.members(lake)
        pairs = {one: (before.get(one), after.get(one)) for one in before.keys() | after.keys()}
        return {one: pair for one, pair in pairs.items() if pair[0] != pair[1]}
