"""The input of the ingest benchmark: a year of purchases and page views in mixed formats, soiled by tests/dirty.py."""

import json
import shutil
from collections import Counter
from pathlib import Path

import events_data
import numpy as np
import pyarrow as pa
import yaml
from events_data import ids
from inputs import code

from tests import defects, dirty, dirty_files
from tests.dirty import SCHEMA, ledger, sources, write_dirty

CHUNK = 500_000
CODE = code(__file__, events_data.__file__, defects.__file__, dirty.__file__, dirty_files.__file__)
AS_OF = "2025-01-01"  # the day after the last event
_YEAR = 366 * 86_400  # seconds of 2024
_START = np.datetime64("2024-01-01T00:00:00", "us")


def generate(folder: Path, rows: int, seed: int) -> dict[str, dict[str, int]]:
    """Write so many clean rows, soiled, and a configuration into a folder, unless they are there; return the ledger.

    Args:
        folder: gets parquet/, json/, csv/, ingest.yaml and, last, ledger.json.
        rows: clean rows; what is written has the copies, too.
        seed: decides everything.
    """
    account = folder / "ledger.json"
    asked = {"rows": rows, "seed": seed, "code": CODE}
    if account.exists():
        kept = json.loads(account.read_text(encoding="utf-8"))
        if kept["asked"] == asked:
            return kept["ledger"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counts: Counter[tuple[str, str]] = Counter()
    for part, start in enumerate(range(0, rows, CHUNK)):
        clean = chunk(start, min(CHUNK, rows - start), rows, seed)
        long_text = 0 if part else 10_000_000
        counts.update(write_dirty(clean, folder, seed, part=part, files=1, long_text=long_text).counts)
        print(f"\r{start + clean.num_rows:,} of {rows:,} rows generated", end="", flush=True)
    print()
    config = {"workspace": {"root": "lake"}, "sources": {"events": sources(Path())}}
    (folder / "ingest.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    account.write_text(json.dumps({"asked": asked, "ledger": ledger(counts)}), encoding="utf-8")
    return ledger(counts)


def chunk(start: int, count: int, rows: int, seed: int) -> pa.Table:
    """Clean events number `start` to `start + count` of so many, in the order of their times."""
    random = np.random.default_rng([seed, start])
    number = np.arange(start, start + count)
    bought = random.random(count) < 0.5
    # A few customers and products have most of the events.
    customer = (max(rows // 60, 1) * random.random(count) ** 2).astype(int)
    product = (20_000 * random.random(count) ** 3).astype(int)
    time = _START + np.sort((number + random.random(count)) / rows * _YEAR * 1e6).astype("timedelta64[us]")
    time = time.astype("datetime64[s]").astype("datetime64[us]")
    amount = np.round(random.lognormal(2.5, 1.0, count), 2)
    saved = np.where(random.random(count) < 0.2, np.round(amount * 0.1, 2), 0.0)
    noted = random.random(count) < 0.02
    columns = {
        "event_id": ids("e", number), "customer_id": ids("c", customer), "event_ts": time,
        "event_type": np.where(bought, "purchase", "page_view"), "channel": np.where(bought, "store", "web"),
        "store_id": ids("s", customer % 300, bought), "session_id": ids("v", number // 8, ~bought),
        "order_id": ids("o", number // 5, bought), "product_id": ids("p", product),
        "quantity": pa.array(random.integers(1, 6, count), mask=~bought), "amount": pa.array(amount, mask=~bought),
        "discount": pa.array(saved, mask=~bought), "note": pa.array(["asked at the till, twice"] * count, mask=~noted),
        "updated_at": time + np.timedelta64(3600, "s"),
    }  # fmt: skip
    return pa.table(columns).cast(SCHEMA)
