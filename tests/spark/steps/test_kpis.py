"""KPIs of a small log, each number by hand; and of a random one beside DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

from segspark.errors import BadInputError
from segspark.segments.cohorts import Cohort
from segspark.steps.context import Context
from segspark.steps.kpis import kpis
from segspark.tables import CAMPAIGNS, EVENTS, SEGMENT_ASSIGNMENTS, SEGMENT_COHORTS, SEGMENT_KPIS, SEGMENTS, Table
from tests.governing import again, context_in, said

AS_OF, BEGAN = date(2026, 3, 15), date(2026, 1, 14)
DEC, JAN, FEB, MAR = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
# customer, day, type, order, amount, discount, cost, campaign
LOG = [
    ("a", "2025-12-10", "purchase", "o1", 10, 0, None, None),
    ("b", "2025-12-20", "purchase", "o4", 5, 0, None, None),
    ("a", "2026-01-05", "purchase", "o2", 20, 0, "12", None),
    ("a", "2026-01-20", "purchase", "o3", 30, 10, "18", None),
    ("a", "2026-02-03", "page_view", None, None, None, None, None),
    ("b", "2026-01-31", "purchase", "o5", 40, 0, None, None),
    ("b", "2026-02-01", "purchase", "o5", 10, 0, None, None),  # of an order of January
    ("c", "2026-01-10", "purchase", "o6", 50, 0, None, None),
    ("c", "2026-02-02", "return", "o6", -20, None, None, None),
    ("c", "2026-02-10", "purchase", "o7", 25, 0, None, None),
    ("d", "2026-01-15", "campaign_sent", None, None, None, None, "c1"),
    ("e", "2026-02-10", "campaign_sent", None, None, None, None, "c1"),
    ("e", "2026-02-20", "purchase", "o8", 100, 0, "60", "c1"),
    ("e", "2026-02-21", "coupon_redemption", None, None, None, None, "c1"),
    ("e", "2026-03-02", "purchase", "o9", 7, 0, None, None),  # in a period that is not over
]  # fmt: skip
MEMBERS = {"a": "seg-a", "b": "seg-a", "c": "seg-a", "d": "seg-a", "e": "seg-b", "f": "life-prospect"}


NAMES = {"seg-a": "Frequent", "seg-b": "[red]Big", "seg-c": "Drawn", "life-prospect": "Prospects"}


def drawn() -> list[tuple[object, ...]]:
    """A random log of customers of a third segment: orders of one to three lines, returns, pages, messages."""
    random, found = np.random.default_rng(7), []
    for order in range(120):
        customer = f"z{random.integers(40)}"
        day = str(date(2025, 11, 20) + timedelta(days=int(random.integers(115))))
        for _ in range(random.integers(1, 4)):
            amount, discount = int(random.integers(1, 9000)) / 100, int(random.integers(0, 300)) / 100
            found.append((customer, day, "purchase", f"z{order}", amount, discount, None, None))
        other = str(random.choice(["page_view", "email_sent", "return"]))
        back = -int(random.integers(1, 500)) / 100 if other == "return" else None
        found.append((f"z{random.integers(40)}", day, other, None, back, None, None, None))
    return found


ALL = [*LOG, *drawn()]
EVERYBODY = MEMBERS | {f"z{one}": "seg-c" for one in range(40)}


def event(at: int, row: tuple[object, ...]) -> tuple[object, ...]:
    customer, day, kind, order, amount, discount, cost, campaign = row
    when = datetime.fromisoformat(f"{day}T17:00:00Z")
    properties = {"cost": cost} if cost else {}
    return (
        f"e{at}",
        customer,
        when,
        when.date(),
        kind,
        order,
        decimal(amount),
        decimal(discount),
        campaign,
        properties,
    )


def decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def put(context: Context, table: Table, rows: Sequence[tuple[object, ...]], names: str) -> None:
    """Rows of some columns, written straight to where the table lies: a lake's other columns are null then."""
    types = {one.name: one.type for one in table.columns}
    schema = ", ".join(f"{name} {types[name]}" for name in names.split())
    frame = context.spark.createDataFrame(list(rows), schema).coalesce(1)
    frame.write.format("delta").save(context.lake.location(table))


@pytest.fixture(scope="module")
def context(spark, tmp_path_factory):
    more = {
        "time": {"business_timezone": "America/New_York"},
        "objective": {"kpi": "repeat_rate", "target": 0.4, "horizon_days": 60},
        "kpis": {
            "periods": 2,
            "cohort_months": 2,
            "goals": {"repeat_rate": {"target": 0.9, "segments": ["Frequent"]},
                      "churn_rate": {"target": 0.9, "direction": "at_most", "segments": ["seg-a"]}},
        },
    }  # fmt: skip
    found = context_in(tmp_path_factory.mktemp("kpis"), more)
    found.as_of = AS_OF
    vars(found)["spark"] = spark
    put(
        found,
        EVENTS,
        [event(at, row) for at, row in enumerate(ALL)],
        "event_id customer_id event_ts event_date event_type order_id amount discount campaign_id properties",
    )
    put(found, SEGMENT_ASSIGNMENTS, list(EVERYBODY.items()), "customer_id segment_id")
    put(found, SEGMENTS, [(one, name, "active") for one, name in NAMES.items()], "segment_id name status")
    put(found, CAMPAIGNS, [("c1", datetime(2026, 1, 1, 12, tzinfo=UTC), Decimal(8))], "campaign_id start_ts cost")
    # Orders before January 14th, and before March 15th: a, b and c bought again; of e nothing is known then.
    orders = [("a", BEGAN, 2), ("b", BEGAN, 1), ("c", BEGAN, 1), ("d", BEGAN, 0),
              ("a", AS_OF, 3), ("b", AS_OF, 2), ("c", AS_OF, 2), ("d", AS_OF, 0), ("e", AS_OF, 2)]  # fmt: skip
    put(found, found.features_table, orders, "customer_id as_of frequency")
    return found


@pytest.fixture(scope="module")
def value(spark):
    return spark.createDataFrame([("a", 10.0), ("b", 20.0), ("e", 30.0)], "customer_id STRING, clv DOUBLE")


@pytest.fixture(scope="module")
def found(context, value):
    return kpis(context, "run", value)


@pytest.fixture(scope="module")
def table(context, found):
    """What was published, by segment, KPI and first day."""
    rows = context.lake.read(SEGMENT_KPIS).collect()
    return {(row["segment_id"], row["kpi"], row["period_start"]): row for row in rows}


# By segment, month and KPI: numerator, denominator, customers whom the value rests on.
EXPECTED = {
    # Known by the end of January: a, b, c and d, who only was written to; e is not. f has no events.
    ("seg-a", JAN): {
        "customers": (4, None, 4),
        "active_customers": (3, None, 3),
        "engagement_rate": (3, 4, 4),
        "conversion_rate": (3, 3, 3),
        "orders": (2 + 1 + 1, None, 3),
        "revenue": (20 + 30 + 40 + 50, None, 3),
        "average_order_value": (140, 4, 3),
        "margin": (20 - 12 + 30 - 18, None, 1),
        "margin_share": (20, 50, 1),
        "discount_share": (10, 140 + 10, 3),
        "repeat_rate": (1, 3, 3),
        "retention_rate": (2, 2, 2),  # a and b ordered in December, and again
        "churn_rate": (0, 2, 2),
        "response_rate": (0, 1, 1),
        "roas": (0, 4, 1),  # half of the campaign's cost of 8: one of its two contacts
        "campaign_roi": (-4, 4, 1),
    },
    # b's order is of January, its second line of February; c sent back 20.
    ("seg-a", FEB): {
        "customers": (4, None, 4),
        "active_customers": (3, None, 3),
        "conversion_rate": (1, 3, 3),
        "orders": (1, None, 1),
        "revenue": (10 - 20 + 25, None, 2),
        "average_order_value": (15, 1, 2),
        "margin_share": (0, 0, 0),
        "discount_share": (0, 35, 2),
        "repeat_rate": (0, 1, 1),
        "retention_rate": (1, 3, 3),
        "churn_rate": (2, 3, 3),
        "response_rate": (0, 0, 0),
    },
    ("seg-b", FEB): {
        "revenue": (100, None, 1),
        "retention_rate": (0, 0, 0),
        "margin_share": (40, 100, 1),
        "response_rate": (1, 1, 1),
        "roas": (100, 4, 1),
        "campaign_roi": (40 - 4, 4, 1),
    },
    ("life-prospect", JAN): {"customers": (1, None, 1), "engagement_rate": (0, 1, 1), "orders": (0, None, 0)},
}  # fmt: skip


@pytest.mark.parametrize(("segment", "start"), EXPECTED)
def test_kpis_are_what_a_calculation_by_hand_gives(table, segment, start):
    for kpi, (numerator, denominator, customers) in EXPECTED[segment, start].items():
        row = table[segment, kpi, start]
        assert (row["numerator"], row["denominator"], row["customers"]) == (numerator, denominator, customers), kpi
        if denominator is None:
            assert row["value"] == numerator
        else:
            assert row["value"] == (pytest.approx(numerator / denominator) if denominator else None), kpi


def test_intervals_are_wilson_s_by_customer_or_of_the_residuals(table):
    share, total, ratio = (table["seg-a", kpi, JAN] for kpi in ("engagement_rate", "revenue", "average_order_value"))
    assert (share["low"], share["high"]) == pytest.approx((0.3006, 0.9544), abs=1e-4)  # Wilson of 3 of 4
    # 50, 40, 50, 0: squares about the mean sum to 6600 - 140²/4 = 1700; t of 3 degrees of freedom is 3.182446
    assert total["high"] - 140 == pytest.approx(3.182446 * (4 * 1700 / 3) ** 0.5, rel=1e-6)
    # Residuals against 35 an order: 50 - 70, 40 - 35, 50 - 35, whose squares sum to 650; t of 2 is 4.302653
    assert ratio["high"] - 35 == pytest.approx(4.302653 * (3 * 650 / 2) ** 0.5 / 4, rel=1e-6)
    assert table["seg-a", "customers", JAN]["low"] is None


def test_there_is_no_row_before_a_segment_had_customers_nor_of_a_period_that_is_not_over(table):
    assert ("seg-b", "customers", JAN) not in table
    assert {start for _, kpi, start in table if kpi == "orders"} == {JAN, FEB}
    assert not any(segment != "all" for segment, kpi, _ in table if kpi == "cac")


def test_lifetime_value_is_of_as_of_and_the_objective_of_its_last_period(table):
    clv, everyone = table["seg-a", "clv_mean", AS_OF], table["all", "clv_mean", AS_OF]
    assert (clv["value"], clv["customers"], everyone["value"], clv["period_end"]) == (15.0, 2, 20.0, AS_OF)
    objective = table["seg-a", "objective", BEGAN]
    assert (objective["value"], objective["unit"], objective["period_end"]) == (0.75, "share", AS_OF)
    assert (objective["low"], objective["high"]) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert (objective["target"], objective["goal_state"]) == (0.4, "uncertain")


def test_a_goal_is_missed_where_the_whole_interval_is_on_the_wrong_side(context, found, table):
    # Wilson of 0 of 1 ends at 0.7935, and of 2 of 3 goes from 0.2077 to 0.9385
    states = {kpi: table["seg-a", kpi, FEB]["goal_state"] for kpi in ("repeat_rate", "churn_rate", "orders")}
    assert states == {"repeat_rate": "missed", "churn_rate": "uncertain", "orders": None}
    assert table["seg-b", "repeat_rate", FEB]["goal_state"] is None
    assert [(one.kpi, one.period_start) for one in found.missed] == [("repeat_rate", FEB)]
    assert "goal missed: repeat rate (repeat_rate) of Frequent since 2026-02-01: it rests on fewer than 11" in said(
        context
    )


def test_cohorts_are_by_the_month_of_the_first_order(context, found):
    kept = [(row["segment_id"], row["cohort_start"], row["months_since"], row["customers"], row["active"])
            for row in context.lake.read(SEGMENT_COHORTS).where("segment_id LIKE 'seg-a' OR segment_id LIKE 'seg-b'")
            .collect()]  # fmt: skip
    # a and b first ordered before; c in January, and again in February; e in February, and then in March only
    assert sorted(kept) == [
        ("seg-a", JAN, 0, 1, 1), ("seg-a", JAN, 1, 1, 1), ("seg-b", FEB, 0, 1, 1),
    ]  # fmt: skip
    assert isinstance(found.cohorts[0], Cohort)


def test_nothing_is_written_where_nothing_changed_and_no_bit_depends_on_how_events_lie(context, found, value):
    versions = [context.lake.latest(one) for one in (SEGMENT_KPIS, SEGMENT_COHORTS)]
    place = context.lake.location(EVENTS)
    moved = context.spark.read.format("delta").load(place).repartition(5, "event_id").sortWithinPartitions("amount")
    moved.write.format("delta").mode("overwrite").save(place)
    again = kpis(again_at(context), "another run", value)
    assert (again.rows, again.cohorts) == (found.rows, found.cohorts)
    assert [context.lake.latest(one) for one in (SEGMENT_KPIS, SEGMENT_COHORTS)] == versions


def again_at(context: Context) -> Context:
    own = again(context)
    own.as_of = context.as_of
    return own


def test_every_column_says_what_it_is_and_the_kpi_s_says_all_formulas(context, found):
    fields = context.spark.table(context.lake.identifier(SEGMENT_KPIS)).schema
    comments = {one.name: one.metadata.get("comment", "") for one in fields}
    assert all(comments.values())
    assert "average_order_value: revenue over orders" in comments["kpi"]


# The same in DuckDB's words: by customer and month, then by segment and month, and of all together.
STATEMENT = """
WITH log AS (SELECT *, date_trunc('month', day)::DATE AS month FROM events WHERE day < DATE '2026-03-01'),
orders AS (
  SELECT customer, date_trunc('month', first)::DATE AS month, count(*) AS orders
  FROM (SELECT customer, "order", min(day) AS first FROM log WHERE kind = 'purchase' GROUP BY ALL) GROUP BY ALL
),
grid AS (
  SELECT m.customer, m.segment, t.month, t.month + INTERVAL 1 MONTH AS after, t.month - INTERVAL 1 MONTH AS before
  FROM members AS m, (VALUES (DATE '2026-01-01'), (DATE '2026-02-01')) AS t(month)
),
known AS (
  SELECT g.* FROM grid AS g
  LEFT JOIN (SELECT customer, min(day) AS first FROM events GROUP BY ALL) AS f USING (customer)
  WHERE f.first IS NULL OR f.first < g.after
),
done AS (
  SELECT k.customer, k.segment, k.month,
    coalesce((SELECT sum(amount) FROM log AS l WHERE l.customer = k.customer AND l.month = k.month), 0)::DOUBLE AS net,
    coalesce((SELECT sum(amount + discount) FROM log AS l
      WHERE l.customer = k.customer AND l.month = k.month AND kind = 'purchase'), 0)::DOUBLE AS full_price,
    coalesce((SELECT sum(discount) FROM log AS l
      WHERE l.customer = k.customer AND l.month = k.month AND kind = 'purchase'), 0)::DOUBLE AS saved,
    (SELECT count(*) FROM log AS l
      WHERE l.customer = k.customer AND l.month = k.month AND kind NOT IN ('email_sent', 'campaign_sent')) AS active,
    coalesce((SELECT orders FROM orders AS o WHERE o.customer = k.customer AND o.month = k.month), 0) AS orders,
    coalesce((SELECT orders FROM orders AS o WHERE o.customer = k.customer AND o.month = k.before), 0) AS earlier,
    (SELECT date_trunc('month', min(day)) FROM log AS l
      WHERE l.customer = k.customer AND kind = 'purchase') = k.month AS won
  FROM known AS k
),
pooled AS (SELECT * FROM done UNION ALL SELECT customer, 'all' AS segment, * EXCLUDE (customer, segment) FROM done)
SELECT segment, month, count(*) AS customers, avg((active > 0)::INT) AS engagement_rate, sum(orders) AS orders,
  sum(net) AS revenue, sum(net) / sum(orders) AS average_order_value, sum(saved) / sum(full_price) AS discount_share,
  avg((orders > 1)::INT) FILTER (orders > 0) AS repeat_rate,
  avg((orders > 0)::INT) FILTER (earlier > 0) AS retention_rate,
  avg((orders > 0)::INT) FILTER (active > 0) AS conversion_rate, count_if(won) AS won,
  sqrt(count(*)) * stddev_samp(net) AS revenue_error
FROM pooled GROUP BY ALL
"""


def test_kpis_of_a_random_log_and_of_all_customers_are_those_of_one_duckdb_statement(table):
    names = ["customer", "day", "kind", "order", "amount", "discount"]
    events = pd.DataFrame([row[:6] for row in ALL], columns=names).astype({"amount": float, "discount": float})
    events["day"] = pd.to_datetime(events["day"])
    members = pd.DataFrame(list(EVERYBODY.items()), columns=["customer", "segment"])
    with duckdb.connect() as engine:
        engine.register("events", events)
        engine.register("members", members)
        expected = engine.sql(STATEMENT).df()
    assert len(expected) == 2 * 5 - 1  # seg-b has no customer in January
    for row in expected.to_dict("records"):
        place = (row["segment"], row["month"].date())
        for kpi in ("customers", "engagement_rate", "orders", "revenue", "average_order_value", "discount_share",
                    "repeat_rate", "retention_rate", "conversion_rate"):  # fmt: skip
            value = table[place[0], kpi, place[1]]["value"]
            assert (value is None) == pd.isna(row[kpi]), (place, kpi)
            assert value is None or value == pytest.approx(row[kpi]), (place, kpi)
        if place[0] == "seg-c":
            # 33 and more customers: t is 2.02 to 2.04
            revenue = table[place[0], "revenue", place[1]]
            assert (revenue["high"] - revenue["value"]) / row["revenue_error"] == pytest.approx(2.03, abs=0.01)
        if place[0] == "all":
            # Of the campaign's two contacts, each of 4, one was in either month.
            cac = table["all", "cac", place[1]]
            assert (cac["numerator"], cac["denominator"]) == (4, row["won"])


def test_a_goal_of_no_kpi_or_no_segment_is_refused_with_what_there_is(context):
    own = again_at(context)
    goals = {"kpis": {"goals": {"sales": {"target": 1}, "orders": {"target": 1, "segments": ["Nobody"]}}}}
    own.config = own.config.model_validate({**own.config.model_dump(by_alias=True), **goals})
    with pytest.raises(BadInputError) as refused:
        kpis(own, "run")
    assert "kpis.goals.sales: there is no such KPI; there are customers, " in str(refused.value)
    assert "'Nobody' is no segment's id or name; there are Drawn, Frequent, " in str(refused.value)
