"""Features of some customers by DuckDB, from rows that were packed into lists."""

from __future__ import annotations

import pyarrow as pa
import pytest

from segspark.kernels.live import features
from segspark.kernels.tiles import Statements

EVENT = pa.struct(
    [("event_id", pa.string()), ("customer_id", pa.string()), ("amount", pa.float64()), ("at", pa.int64())]
)
SPENT = Statements(
    setup="CREATE MACRO twice(x) AS x * 2;",
    columns={
        "people": {"customer_id": "VARCHAR"},
        "events": {"event_id": "VARCHAR", "customer_id": "VARCHAR", "amount": "DOUBLE"},
        "kept": {"customer_id": "VARCHAR", "amount": "DOUBLE"},
    },
    tiles={"sums": "SELECT customer_id, sum(amount) AS amount FROM events GROUP BY ALL"},
    merged={
        "spent": "SELECT customer_id, coalesce(sums.amount, 0) + coalesce(kept.amount, 0) AS spent "
        "FROM people LEFT JOIN sums USING (customer_id) LEFT JOIN kept USING (customer_id)",
        "result": "SELECT customer_id, twice(spent) AS doubled FROM spent",
    },
)


def doubled(*customers: dict[str, object], newest=None) -> dict[str, float]:
    rows = pa.RecordBatch.from_pylist(
        list(customers), pa.schema([("customer_id", pa.string()), ("events", pa.list_(EVENT))])
    )
    found = features(iter([rows]), SPENT, "result", {}, 200, newest or {})
    return {row["customer_id"]: row["doubled"] for batch in found for row in batch.to_pylist()}


def event(name: str, customer: str, amount: float, at: int = 1) -> dict[str, object]:
    return {"event_id": name, "customer_id": customer, "amount": amount, "at": at}


def test_packed_rows_are_computed_with_and_a_table_that_is_not_given_is_empty():
    found = doubled(
        {"customer_id": "a", "events": [event("1", "a", 3.0), event("2", "a", 4.0)]},
        {"customer_id": "b", "events": None},
    )
    assert found == {"a": 14.0, "b": 0.0}


def test_of_rows_of_one_key_the_newest_counts():
    rows = [event("1", "a", 3.0, at=1), event("1", "a", 5.0, at=2), event("2", "a", 1.0, at=1)]
    assert doubled({"customer_id": "a", "events": rows}, newest={"events": ("event_id", "at")}) == {"a": 12.0}


def test_of_nobody_nothing_is_computed():
    assert doubled() == {}


@pytest.mark.parametrize("name", ["it's", 'a "b"', "x; DROP TABLE events"])
def test_a_customer_s_id_is_text_whatever_it_looks_like(name):
    assert doubled({"customer_id": name, "events": [event("1", name, 2.0)]}) == {name: 4.0}
