"""The dirtied copy does what it says: read back with other tools, line by line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.defects import FATES
from tests.dirty import SCHEMA, Dirt, Shares, expected_events, journey, ledger, sources, write_dirty

ROWS = 10_000
START = datetime(2024, 1, 1)  # noqa: DTZ001 - naive, as in the files


def events(count: int) -> pa.Table:
    times = [START + timedelta(minutes=n) for n in range(count)]
    return pa.table(
        {
            "event_id": [f"e{n}" for n in range(count)], "customer_id": [f"c{n % 99}" for n in range(count)],
            "event_ts": times, "event_type": ["purchase"] * count, "channel": ["store"] * count,
            "store_id": ["1"] * count, "session_id": pa.nulls(count), "order_id": ["o"] * count,
            "product_id": ["p"] * count, "quantity": [1] * count, "amount": [n / 4 for n in range(count)],
            "discount": [0.5] * count, "note": ['a, "b"' if n % 2 else None for n in range(count)], "updated_at": times,
        }
    ).cast(SCHEMA)  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def lines(folder: Path, name: str) -> list[bytes]:
    found = [path.read_bytes().split(b"\n") for path in sorted(folder.glob(f"{name}/*.{name}"))]
    return [line for file in found for line in (file[1:] if name == "csv" else file) if line]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Dirt]:
    folder = tmp_path_factory.mktemp("dirty")
    return folder, write_dirty(events(ROWS), folder, seed=1, long_text=150_000)


def test_the_same_seed_gives_the_same_files_and_another_does_not(made, tmp_path):
    for seed in (1, 2):
        write_dirty(events(ROWS), tmp_path / str(seed), seed=seed, long_text=150_000)
    assert contents(tmp_path / "1") == contents(made[0])
    assert contents(tmp_path / "2").keys() == contents(made[0]).keys()
    assert contents(tmp_path / "2") != contents(made[0])


def test_the_ledger_of_parquet_is_as_computed_by_hand(made):
    # 6,000 rows: 2% among 9 kinds of defect are 13 of each, 117 in all; 60 duplicates; 10 of each of 3 conflicts.
    # Quarantined: 117, and a loser of each of 30 conflicts. Read: 6,000 rows, 60 and 30 copies.
    expected = {"read": 6_090, "accepted": 6_090 - 147 - 60, "quarantined": 147, "deduplicated": 60}
    assert ledger(made[1].counts)["parquet"] == expected


def test_each_ledger_adds_up_to_what_the_files_hold(made):
    folder, dirt = made
    parquet = duckdb.sql(f"SELECT count(*) FROM '{folder}/parquet/*.parquet'").fetchall()[0][0]
    held = {"parquet": parquet, "json": len(lines(folder, "json")), "csv": len(lines(folder, "csv"))}
    for source, line in ledger(dirt.counts).items():
        assert line["read"] == line["accepted"] + line["quarantined"] + line["deduplicated"] == held[source]


def test_every_label_has_a_fate_and_is_made_at_least_once(made):
    assert {label for _, label in made[1].counts} == set(FATES)


def test_as_many_json_lines_as_said_cannot_be_parsed(made):
    broken = 0
    for line in lines(made[0], "json"):
        try:
            broken += not isinstance(json.loads(line), dict)
        except ValueError:
            broken += 1
    assert broken == made[1].counts["json", "broken JSON line"] > 1


def test_as_many_csv_lines_as_said_have_more_or_fewer_fields_than_the_header(made):
    widths = Counter(len(row) for row in csv.reader(line.decode(errors="replace") for line in lines(made[0], "csv")))
    assert set(widths) == {13, 14, 16}
    assert widths[13] + widths[16] == made[1].counts["csv", "ragged CSV line"]


def test_as_many_csv_lines_as_said_are_no_utf_8(made):
    wrong = [line for line in lines(made[0], "csv") if "\ufffd" in line.decode(errors="replace")]
    assert len(wrong) == made[1].counts["csv", "invalid UTF-8"] > 1


@pytest.mark.parametrize(("name", "nul"), [("csv", b"\0"), ("json", b"\\u0000")])
def test_as_many_lines_as_said_have_a_nul(made, name, nul):
    assert sum(nul in line for line in lines(made[0], name)) == made[1].counts[name, "NUL byte"] > 1


def test_exact_duplicates_are_the_same_bytes_and_some_come_twice(made):
    copies = Counter(Counter(lines(made[0], "csv")).values())
    assert copies[2] + 2 * copies[3] == made[1].counts["csv", "exact duplicate"]
    assert copies[3] > 0
    assert set(copies) == {1, 2, 3}


def test_versions_differ_in_content_and_are_newer_older_or_as_old(made):
    found = duckdb.sql(f"""
        SELECT date_diff('day', min(updated_at) FILTER (note IS DISTINCT FROM 'corrected'), max(updated_at) FILTER
            (note = 'corrected')) AS days, count(*) FROM '{made[0]}/parquet/*.parquet'
        GROUP BY event_id HAVING count(DISTINCT amount) = 2 AND count(*) = 2 AND event_id <> ''""").fetchall()
    assert Counter(days for days, _ in found) == {1: 10, -1: 10, 0: 10}


def test_each_parquet_defect_is_found_as_often_as_said(made):
    conditions = {
        "missing id": "event_id IS NULL AND customer_id IS NOT NULL",
        "blank id": "trim(event_id) = ''",
        "missing customer": "customer_id IS NULL AND event_id IS NOT NULL",
        "absurd date": "year(event_ts) IN (1900, 9999)",
        "non-finite amount": "NOT isfinite(amount) AND event_id IS NOT NULL",
        "negative price": "amount < 0 AND isfinite(amount)",
        "NUL byte": "contains(event_id, chr(0)) OR contains(note, chr(0))",
        "long id": "length(event_id) > 256",
        "several defects": "event_id IS NULL AND customer_id IS NULL AND isnan(amount)",
    }
    counts = ", ".join(f"count_if({condition})" for condition in conditions.values())
    found = duckdb.sql(f"SELECT {counts} FROM '{made[0]}/parquet/*.parquet'").fetchall()[0]
    assert dict(zip(conditions, found, strict=True)) == dict.fromkeys(conditions, 13)


def test_times_in_other_zones_are_the_same_instants(made):
    offsets = 0
    for line in lines(made[0], "json"):
        if line.startswith(b'{"event_id":"e') and line.endswith(b"}"):
            row = json.loads(line)
            if "T" in row["event_ts"]:
                offsets += 1
                minutes = int(row["event_id"][1:])
                expected = START.replace(tzinfo=UTC) + timedelta(minutes=minutes)
                assert datetime.fromisoformat(row["event_ts"]) == expected
    assert offsets == made[1].counts["json", "other time zone"] > 1


def test_one_json_line_has_a_text_of_the_length_asked_for(made):
    assert sum(b"x" * 150_000 in line for line in lines(made[0], "json")) == 1


def test_text_formats_have_an_empty_file(made):
    assert [path.name for path in sorted(made[0].rglob("*.*")) if path.stat().st_size == 0] == [
        "part-000-empty.csv",
        "part-000-empty.json",
    ]


def test_an_expected_event_has_the_newest_versions_amount(made):
    clean, dirt = events(ROWS), made[1]
    expected = {row["event_id"]: row["amount"] for row in expected_events(clean, dirt).to_pylist()}
    labels = zip(dirt.rows["row"].to_pylist(), dirt.rows["label"].to_pylist(), strict=True)
    last = dict(pair for pair in labels if pair[1] in ("newer version", "tied", "other time zone", "missing id"))
    newer = next(row for row, label in last.items() if label == "newer version")
    tied = next(row for row, label in last.items() if label == "tied")
    moved = next(row for row, label in last.items() if label == "other time zone")
    lost = next(row for row, label in last.items() if label == "missing id")
    assert expected[f"e{newer}"] == newer / 4 + 1
    assert expected[f"e{tied}"] is None
    assert expected[f"e{moved}"] == moved / 4
    assert f"e{lost}" not in expected


def test_no_event_is_expected_twice_and_all_that_the_ledger_accepts_are(made):
    ids = expected_events(events(ROWS), made[1])["event_id"].to_pylist()
    assert len(ids) == len(set(ids)) == sum(line["accepted"] for line in ledger(made[1].counts).values())


def test_parts_stand_beside_each_other_and_are_soiled_in_different_places(tmp_path):
    first, second = (write_dirty(events(ROWS), tmp_path, seed=1, part=part, files=1, long_text=0) for part in (0, 1))
    assert len(list((tmp_path / "parquet").iterdir())) == 2
    assert first.counts == second.counts
    assert first.rows["row"] != second.rows["row"]


def test_too_few_rows_to_be_damaged_as_asked_are_refused(tmp_path):
    with pytest.raises(ValueError, match="too few"):
        write_dirty(events(60), tmp_path, seed=1)


def test_smaller_shares_leave_more_rows_clean(tmp_path, made):
    less = write_dirty(events(ROWS), tmp_path, seed=1, shares=Shares(dirty=0.001), long_text=0)
    assert less.counts["parquet", "clean"] > made[1].counts["parquet", "clean"]


def test_the_journeys_transactions_become_events_row_by_row():
    given = pa.table(
        {
            "household_id": [7], "store_id": [30], "basket_id": [5], "product_id": [9], "quantity": [2],
            "sales_value": [3.5], "retail_disc": [0.1], "coupon_disc": [0.2], "coupon_match_disc": [0.0], "week": [1],
            "transaction_timestamp": pa.array([START], pa.timestamp("us")),
        }
    )  # fmt: skip
    assert journey(given).to_pylist() == [
        {
            "event_id": "line-5-9", "customer_id": "7", "event_ts": START, "event_type": "purchase", "channel": "store",
            "store_id": "30", "session_id": None, "order_id": "5", "product_id": "9", "quantity": 2, "amount": 3.5,
            "discount": 0.3, "note": 'said "no bag", twice', "updated_at": START + timedelta(hours=1),
        }
    ]  # fmt: skip


def test_the_sources_of_a_configuration_name_the_folders(tmp_path):
    named = [(source["name"], source["format"], source["path"]) for source in sources(tmp_path)]
    assert named == [(name, name, str(tmp_path / name)) for name in ("parquet", "json", "csv")]
