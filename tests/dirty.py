"""A dirtied copy of events in mixed formats, with the account of what was done to every row.

Each row that is written carries one label: "clean", a harmless oddity, a defect, or what it is to another row with its
id; tests/defects.py says what must become of each. The same table and seed give the same files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.defects import AGES, COPIES, DEFECTS, FATES, HARMLESS, LONG_TEXT, Change
from tests.dirty_files import write_rows

SCHEMA = pa.schema(
    [
        ("event_id", pa.string()), ("customer_id", pa.string()), ("event_ts", pa.timestamp("us")),
        ("event_type", pa.string()), ("channel", pa.string()), ("store_id", pa.string()), ("session_id", pa.string()),
        ("order_id", pa.string()), ("product_id", pa.string()), ("quantity", pa.int64()), ("amount", pa.float64()),
        ("discount", pa.float64()), ("note", pa.string()), ("updated_at", pa.timestamp("us")),
    ]
)  # fmt: skip
TEXT_SCHEMA = ", ".join(f"{name} STRING" for name in SCHEMA.names)
# How a configuration maps the files' columns; times without a zone are in UTC.
COLUMNS = {name: name for name in SCHEMA.names if name not in ("store_id", "note")} | {
    "text": "note",
    "properties": "map('store_id', store_id)",
}
MIX = {"parquet": 0.6, "json": 0.25, "csv": 0.15}
TEXT = ("json", "csv")


@dataclass(frozen=True)
class Shares:
    """How much of the rows is damaged, repeated, repeated with other content, or written in another zone."""

    dirty: float = 0.02
    duplicates: float = 0.01
    conflicts: float = 0.005
    zones: float = 0.01


@dataclass(frozen=True)
class Dirt:
    """What was done: `rows` has a row per row written: source (its format), row (of the clean table) and label."""

    rows: pa.Table

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """Rows written by source and label."""
        pairs = zip(self.rows["source"].to_pylist(), self.rows["label"].to_pylist(), strict=True)
        return dict(sorted(Counter(pairs).items()))


def ledger(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """What must become of each source's rows: read, accepted, quarantined, deduplicated.

    >>> ledger({("csv", "clean"): 5, ("csv", "missing id"): 2})
    {'csv': {'read': 7, 'accepted': 5, 'quarantined': 2, 'deduplicated': 0}}
    """
    found = {source: Counter(read=0, accepted=0, quarantined=0, deduplicated=0) for source, _ in counts}
    for (source, label), count in counts.items():
        found[source].update({"read": count, FATES[label]: count})
    return {source: dict(lines) for source, lines in found.items()}


def journey(transactions: str | Path | pa.Table) -> pa.Table:
    """The Complete Journey's transactions (a Parquet file or its table) as clean events, row by row in its order."""
    given = transactions if isinstance(transactions, pa.Table) else pq.read_table(transactions)
    number = np.arange(given.num_rows) % 50
    notes = np.select([number == 0, number == 1], ['said "no bag", twice', "naïve café – 北京"], "")
    text = {name: given[f"{name}_id"].cast("string") for name in ("household", "store", "basket", "product")}
    time = given["transaction_timestamp"].cast("timestamp[us]")
    saved = pc.add(pc.add(given["retail_disc"], given["coupon_disc"]), given["coupon_match_disc"])
    columns = {
        "event_id": pc.binary_join_element_wise("line", text["basket"], text["product"], "-"),
        "customer_id": text["household"], "event_ts": time, "event_type": ["purchase"] * given.num_rows,
        "channel": ["store"] * given.num_rows, "store_id": text["store"], "session_id": pa.nulls(given.num_rows),
        "order_id": text["basket"], "product_id": text["product"], "quantity": given["quantity"].cast("int64"),
        "amount": given["sales_value"].cast("float64"), "discount": pc.round(saved, 2),
        "note": pa.array(notes, pa.string(), mask=notes == ""),
        "updated_at": pc.add(time, pa.scalar(3_600_000_000, pa.duration("us"))),
    }  # fmt: skip
    return pa.table(columns).cast(SCHEMA)


def sources(folder: Path) -> list[dict[str, object]]:
    """A configuration's `sources.events` for what `write_dirty` writes into a folder."""
    return [
        {"name": name, "format": name, "path": str(folder / name), "columns": dict(COLUMNS)}
        | ({"schema": TEXT_SCHEMA} if name in TEXT else {})
        for name in MIX
    ]


def write_dirty(
    clean: pa.Table,
    folder: Path,
    seed: int,
    *,
    part: int = 0,
    files: int = 3,
    shares: Shares = Shares(),
    long_text: int = 10_000_000,
) -> Dirt:
    """Write a table of clean events, soiled, as folder/FORMAT/part-*.FORMAT.

    Args:
        clean: the events (SCHEMA), with unique ids.
        folder: gets a folder a format; that of a text format gets an empty file, too.
        seed: with `part`, decides everything.
        part: number of this table, where several are written into one folder.
        files: files a format; a copy of a row may stand in another file than the row.
        shares: of the rows of each format; each kind of defect gets an equal part, at least one row.
        long_text: characters of the one long text, in a JSON line; 0 for none.
    """
    ends = np.round(np.cumsum(list(MIX.values())) * clean.num_rows).astype(int).tolist()
    made = []
    for name, (start, end) in zip(MIX, pairwise([0, *ends]), strict=True):
        (folder / name).mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng([seed, part, len(made)])
        rows, labels = _plan(name, end - start, random, shares, name == "json" and long_text > 0)
        targets = [folder / name / f"part-{part:03}-{number}.{name}" for number in range(files)]
        write_rows(clean.slice(start, end - start), rows, labels, targets, long_text)
        if name in TEXT:
            (folder / name / f"part-{part:03}-empty.{name}").touch()
        written = pa.array(labels).dictionary_encode()
        made.append(pa.table({"source": [name] * len(labels), "row": rows + start, "label": written}))
    return Dirt(pa.concat_tables(made).unify_dictionaries())


def expected_events(clean: pa.Table, dirt: Dirt) -> pa.Table:
    """The events that must be accepted: event_id, customer_id, event_ts, amount; amount is null for tied versions."""
    labels = dirt.rows["label"].cast("string")
    accepted = pc.is_in(labels, pa.array([label for label, fate in FATES.items() if fate == "accepted"]))
    rows = clean.take(dirt.rows["row"].filter(accepted)).select(["event_id", "customer_id", "event_ts", "amount"])
    labels = labels.filter(accepted)
    corrected = pc.add(rows["amount"], pc.equal(labels, "newer version").cast("float64"))
    known = pc.if_else(pc.equal(labels, "tied"), pa.scalar(None, pa.float64()), corrected)
    return rows.set_column(3, "amount", known)


def _plan(
    name: str, count: int, random: np.random.Generator, shares: Shares, long_text: bool
) -> tuple[np.ndarray, list[str]]:
    """The rows to write, in order: which clean row each is of, and its label."""
    wanted = _wanted(DEFECTS, name, count * shares.dirty) | _wanted(HARMLESS, name, count * shares.zones)
    wanted |= {LONG_TEXT: 1} if long_text else {}
    wanted |= {label: max(1, round(count * shares.conflicts / len(AGES))) for label in AGES}
    copies = max(2, round(count * shares.duplicates))
    wanted["exact duplicate"] = copies - copies // 3  # some rows are repeated twice
    if sum(wanted.values()) > count:
        raise ValueError(f"{count} rows as {name} are too few to be damaged as asked; give more, or smaller shares")
    drawn, labels, extra = iter(random.permutation(count).tolist()), ["clean"] * count, []
    for label, number in wanted.items():
        mine = [next(drawn) for _ in range(number)]
        for row in mine:
            labels[row] = COPIES.get(label, label)
        again = mine[: copies // 3] if label == "exact duplicate" else []
        extra += [(row, label) for row in [*mine, *again] if label in COPIES]
    rows = np.array([*range(count), *(row for row, _ in extra)])
    # Rows keep their order, copies stand anywhere.
    places = np.concatenate([np.arange(count), random.uniform(0, count, len(extra))])
    order = np.argsort(places, kind="stable")
    labels += [label for _, label in extra]
    return rows[order], [labels[at] for at in order.tolist()]


def _wanted(changes: Mapping[str, Change], name: str, count: float) -> dict[str, int]:
    found = [label for label, change in changes.items() if name in change.formats]
    return {label: max(1, round(count / len(found))) for label in found}
