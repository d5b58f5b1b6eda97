"""The views as DuckDB answers them, over few rows whose answers are worked out by hand."""

from __future__ import annotations

import re
from datetime import date

import duckdb
import pytest

from segspark.io.views import portable_statement
from segspark.segments.views import VIEWS
from segspark.tables import (
    BASKET_RULES,
    CUSTOMER_VALUE,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_COHORTS,
    SEGMENT_KPIS,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_MIGRATIONS,
    SEGMENT_PREFERENCES,
    SEGMENTS,
    VALUE_CALIBRATION,
    VALUE_MODELS,
    Table,
)

NOW, JUNE, MAY, APRIL = date(2026, 6, 15), date(2026, 6, 1), date(2026, 5, 1), date(2026, 4, 1)
# Names are hostile: quotes of both kinds, and one that is SQL.
FREQUENT, SELDOM = 'Frequent "o\'clock" buyers', "x'; DROP TABLE segments; --"


def value_of(number: int, clv: float | None, at_risk: bool | None) -> dict[str, object]:
    return {"customer_id": f"c{number}", "clv": clv, "at_risk": at_risk, "as_of": NOW}


def kpi(segment: str, start: date, end: date, value: float, customers: int, name: str = "revenue") -> dict[str, object]:
    return {"segment_id": segment, "kpi": name, "period_start": start, "period_end": end, "value": value,
            "low": value - 1, "high": value + 1, "customers": customers, "unit": "USD", "target": 5.0,
            "goal_state": "met"}  # fmt: skip


def event(customer: str, segment: str, kind: str, day: date, before: str | None = None) -> dict[str, object]:
    return {"customer_id": customer, "segment_id": segment, "previous_segment_id": before, "event_type": kind,
            "as_of": day, "cause": "behaviour", "overlay": False, "sequence": 1}  # fmt: skip


ROWS: dict[Table, list[dict[str, object]]] = {
    SEGMENTS: [
        {"segment_id": "seg-a", "name": FREQUENT, "status": "active", "size": 12, "share": 0.75},
        {"segment_id": "seg-b", "name": SELDOM, "status": "draft", "size": 10, "share": 0.25},
        {"segment_id": "seg-o", "name": "Overlay", "status": "active", "size": 11, "share": 0.7, "overlay": True},
        {"segment_id": "seg-s", "name": "Was split", "status": "split", "size": 12, "share": 0.75},
        {"segment_id": "seg-r", "name": "Retired", "status": "retired", "size": 0, "share": 0.0},
        {"segment_id": "seg-e", "name": "Empty", "status": "active", "size": 0, "share": 0.0},
    ],
    # 12 customers in a, of whom 11 ordered and one is at risk; 10 in b, who all ordered.
    SEGMENT_ASSIGNMENTS: [
        {"customer_id": f"c{n}", "segment_id": "seg-a" if n < 12 else "seg-b", "since": MAY} for n in range(22)
    ],
    CUSTOMER_VALUE: [
        *(value_of(number, 10.0 * number, number == 0) for number in range(11)),
        value_of(11, None, None),
        *(value_of(number, 1.0, False) for number in range(12, 22)),
    ],
    SEGMENT_MIGRATIONS: [
        {
            "from_as_of": MAY,
            "as_of": JUNE,
            "from_segment_id": "seg-a",
            "to_segment_id": "seg-b",
            "customers": 11,
            "share_of_from": 0.5,
        },
        {"from_as_of": MAY, "as_of": JUNE, "from_segment_id": "", "to_segment_id": "seg-a", "customers": 10},
    ],
    SEGMENT_MEMBERSHIP_EVENTS: [
        *(event(f"c{number}", "seg-a", "entry", MAY) for number in range(12)),
        *(event(f"c{number}", "seg-b", "move", date(2026, 6, 3 + number), "seg-a") for number in range(11)),
        event("c0", "seg-b", "move", NOW, "seg-a"),  # the same customer again in that month
        *(event(f"d{number}", "seg-b", "exit", JUNE) for number in range(10)),
        event("c0", "seg-o", "entry", MAY) | {"overlay": True},
    ],
    SEGMENT_KPIS: [
        kpi("seg-a", APRIL, MAY, 7.0, 11),
        kpi("seg-a", MAY, JUNE, 9.5, 11),
        kpi("all", MAY, JUNE, 20.0, 40),
        kpi("seg-b", APRIL, MAY, 3.0, 11),
        kpi("seg-b", MAY, JUNE, 4.0, 10),
        kpi("seg-e", APRIL, MAY, 1.0, 0),
        kpi("seg-a", NOW, NOW, 33.0, 12, "clv_mean"),
    ],
    SEGMENT_COHORTS: [
        {
            "segment_id": "seg-a",
            "cohort_start": APRIL,
            "months_since": month,
            "customers": 30,
            "active": active,
            "share": active / 30,
            "low": 0.1,
            "high": 0.9,
            "as_of": NOW,
        }
        for month, active in enumerate((30, 10, 0))
    ]
    + [{"segment_id": "seg-b", "cohort_start": APRIL, "months_since": 0, "customers": 10, "active": 10}],
    BASKET_RULES: [
        {
            "segment_id": segment,
            "antecedent": "BREAD",
            "consequent": other,
            "orders": orders,
            "confidence": 0.5,
            "lift": low + 1,
            "low": low,
            "high": low + 2,
            "as_of": NOW,
        }
        for segment, other, orders, low in (
            ("all", "MILK", 11, 1.5),
            ("all", "JAM", 90, 2.5),
            ("seg-a", "MILK", 20, 1.1),
            ("seg-a", "TEA", 10, 9.0),
        )
    ],
    SEGMENT_PREFERENCES: [
        {
            "segment_id": "seg-a",
            "item": item,
            "customers": customers,
            "share": 0.5,
            "overall_share": 0.25,
            "lift": 2.0,
            "position": at,
            "as_of": NOW,
        }
        for item, customers, at in (("TEA", 10, 1), ("JAM", 11, 2))
    ],
    VALUE_CALIBRATION: [
        {
            "as_of": day,
            "from_as_of": APRIL,
            "model": "bgnbd",
            "grouping": "predicted_decile",
            "bin": bin_,
            "customers": customers,
            "predicted_mean": 1.0,
            "actual_mean": 2.0,
            "actual_lower": 1.5,
            "actual_upper": 2.5,
        }
        for day, bin_, customers in ((MAY, 1, 50), (NOW, 1, 11), (NOW, 2, 10))
    ],
    VALUE_MODELS: [{"as_of": NOW, "model": "bgnbd", "chosen": True}],
}


@pytest.fixture(scope="module")
def shop():
    """All tables of the views, and the views, as they are made from their files."""
    with duckdb.connect() as connection:
        for table in dict.fromkeys(table for view in VIEWS for table in view.tables):
            types = [(one.name, re.sub(r"^MAP<(\w+),(\w+)>$", r"MAP(\1, \2)", one.type)) for one in table.columns]
            connection.execute(f"CREATE TABLE {table.name} ({', '.join(f'{name} {kind}' for name, kind in types)})")
            for row in ROWS.get(table, []):
                told = [row.get(name) for name in table.column_names]
                connection.execute(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(told))})", told)
        for view in VIEWS:
            connection.execute(portable_statement(view))
        yield connection


def rows(shop, query: str) -> list[tuple[object, ...]]:
    return shop.sql(query).fetchall()


def test_current_segments_are_those_with_customers_and_small_sizes_are_withheld(shop):
    found = rows(shop, "SELECT segment_name, customers, share, overlay FROM current_segments ORDER BY segment_id")
    assert found == [(FREQUENT, 12, 0.75, False), (SELDOM, None, None, False), ("Overlay", 11, 0.7, True)]


def test_every_customer_has_a_row_with_name_and_value_known_or_not(shop):
    found = rows(shop, "SELECT customer_id, segment_name, clv FROM current_customer_value")
    assert len(found) == 22
    assert {("c3", FREQUENT, 30.0), ("c11", FREQUENT, None), ("c21", SELDOM, 1.0)} <= set(found)


def test_a_segment_s_value_is_that_of_customers_who_ordered_and_few_are_withheld(shop):
    found = rows(shop, "SELECT * FROM segment_value ORDER BY segment_id")
    # 0 + 10 + ... + 100 = 550 of 11 customers; one of them is at risk. In the other are only 10.
    assert found == [
        ("seg-a", FREQUENT, 11, 550.0, 50.0, None, None),
        ("seg-b", SELDOM, None, None, None, 0, None),
    ]


def test_flows_have_names_and_few_customers_are_withheld(shop):
    found = rows(shop, "SELECT from_segment_name, to_segment_name, customers, share_of_from FROM segment_flows")
    assert sorted(found, key=str) == [(FREQUENT, SELDOM, 11, 0.5), (None, FREQUENT, None, None)]


def test_a_customer_counts_once_in_a_month_s_moves_and_overlays_do_not(shop):
    names = "month_start, from_segment_id, to_segment_id, customers"
    assert rows(shop, f"SELECT {names} FROM segment_moves_by_month ORDER BY month_start, customers NULLS LAST") == [
        (MAY, None, "seg-a", 12),
        (JUNE, "seg-a", "seg-b", 11),
        (JUNE, "seg-b", None, None),
    ]


def test_kpis_of_few_customers_are_withheld_and_everyone_has_a_name(shop):
    found = rows(shop, "SELECT segment_name, period_start, value, customers, goal_state FROM segment_kpi_history")
    assert len(found) == 7
    assert ("All customers", MAY, 20.0, 40, "met") in found
    assert (SELDOM, MAY, None, None, None) in found
    assert ("Empty", APRIL, 1.0, 0, "met") in found


def test_the_last_period_stands_beside_the_one_before(shop):
    names = "segment_id, kpi, value, previous_value, change, low, target, goal_state, customers"
    assert rows(shop, f"SELECT {names} FROM segment_kpi_latest ORDER BY kpi, segment_id") == [
        ("seg-a", "clv_mean", 33.0, None, None, 32.0, 5.0, "met", 12),
        ("all", "revenue", 20.0, None, None, 19.0, 5.0, "met", 40),
        ("seg-a", "revenue", 9.5, 7.0, 2.5, 8.5, 5.0, "met", 11),
        ("seg-b", "revenue", None, 3.0, None, None, 5.0, None, None),
    ]


def test_of_cohorts_few_who_came_back_are_withheld_and_small_cohorts_left_out(shop):
    found = rows(shop, "SELECT segment_id, months_since, active, share, low FROM segment_cohort_retention ORDER BY 2")
    assert found == [("seg-a", 0, 30, 1.0, 0.1), ("seg-a", 1, None, None, None), ("seg-a", 2, 0, 0.0, 0.1)]


def test_suggestions_are_ranked_within_a_segment_and_rules_on_few_orders_left_out(shop):
    names = "segment_name, bought, suggested, suggestion, orders"
    assert rows(shop, f"SELECT {names} FROM segment_cross_sell ORDER BY segment_id, suggestion") == [
        ("All customers", "BREAD", "JAM", 1, 90),
        ("All customers", "BREAD", "MILK", 2, 11),
        (FREQUENT, "BREAD", "MILK", 1, 20),
    ]


def test_favourites_that_few_bought_are_left_out(shop):
    assert rows(shop, "SELECT segment_name, item, position, customers FROM segment_favourites") == [
        (FREQUENT, "JAM", 2, 11)
    ]


def test_the_back_test_is_the_last_one_and_small_groups_are_left_out(shop):
    assert rows(shop, "SELECT as_of, model, chosen, bin, customers FROM value_back_test") == [
        (NOW, "bgnbd", True, 1, 11)
    ]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_columns_are_declared_in_the_order_of_the_query(shop, view):
    found = shop.sql(f"SELECT * FROM {view.name} LIMIT 0")
    assert found.columns == [one.name for one in view.columns]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_names_need_no_quotes_and_comments_fit_a_metastore(view):
    assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in (view.name, *(one.name for one in view.columns)))
    told = [view.comment, *(one.comment for one in view.columns)]
    assert all(one and len(one) <= 256 and "\n" not in one for one in told)  # Hive's metastore keeps 256 characters


def test_views_have_names_of_their_own_and_no_other_personal_identifier_than_the_customer_s():
    names = [view.name for view in VIEWS]
    assert len(set(names)) == len(names)
    assert not set(names) & {table.name for view in VIEWS for table in view.tables}
    personal = {"source_customer_id", "identifier", "attributes", "text", "raw", "properties"}
    assert not personal & {one.name for view in VIEWS for one in view.columns}
