"""State kept night by night beside state from all events: whatever comes late, is corrected, merged or erased."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from segspark.config.model import Config
from segspark.features.dimensions import totals
from segspark.features.lookback import customer_features
from segspark.features.plan import plan_of
from segspark.progress import Reporter
from segspark.steps import state as steps
from segspark.steps.context import Context
from segspark.steps.features import _from_state
from segspark.steps.position import activity_at, position_now
from segspark.steps.tiles import Tiles
from segspark.tables import CUSTOMER_DIMENSION, CUSTOMERS, EVENTS, PRODUCTS

FIRST = date(2026, 1, 1)
LONG = "SEGSPARK_LONG" in os.environ
FAMILIES = ["rfm", "rhythm", "breadth", "recent", "campaigns", "scores", "price", "preference", "web", "engagement"]
KINDS = ["purchase", "purchase", "purchase", "return", "page_view", "campaign_sent", "coupon_redemption", "email_sent"]


def context_at(folder, as_of: date) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder)},
            "time": {"business_timezone": "America/New_York"},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": FAMILIES, "windows_days": [2, 4], "half_lives": {"spend": 3, "orders": 3}},
        }
    )
    return Context(config, as_of, Reporter())


event = st.fixed_dictionaries(
    {
        "customer": st.sampled_from("abcd"),
        "kind": st.sampled_from(KINDS),
        "hour": st.integers(0, 23),
        "order": st.sampled_from([None, "o1", "o2"]),
        "what": st.sampled_from(["p1", "p2", "p3", None]),
        "cents": st.integers(1, 10_000),
    }
)
night = st.fixed_dictionaries(
    {
        "new": st.lists(event, min_size=1, max_size=6),
        "late": st.lists(st.tuples(event, st.integers(1, 6)), max_size=2),
        "corrected": st.integers(0, 2),
        "erased": st.sampled_from([None, None, "a", "d"]),
        "merged": st.sampled_from([None, None, ("b", "a"), ("d", "c")]),
    }
)


def row(number: int, day: date, one: dict[str, object]) -> tuple[object, ...]:
    moment = datetime.combine(day, time(int(str(one["hour"]))), tzinfo=UTC) + timedelta(hours=5)  # New York in winter
    money = Decimal(int(str(one["cents"]))) / 100
    kind = one["kind"]
    amount = {"purchase": money, "return": -money}.get(str(kind))
    about = "k1" if kind in ("campaign_sent", "coupon_redemption") else None
    visit = f"v{day}" if kind == "page_view" else None
    return (
        f"e{number}", one["customer"], one["customer"], moment, day, kind, "store", visit, one["order"], one["what"],
        one["what"] and f"c{one['what']}", amount, money / 10 if kind == "purchase" else None, about,
    )  # fmt: skip


COLUMNS = (
    "event_id STRING, customer_id STRING, source_customer_id STRING, event_ts TIMESTAMP, event_date DATE, "
    "event_type STRING, channel STRING, session_id STRING, order_id STRING, product_id STRING, category STRING, "
    "amount DECIMAL(18,4), discount DECIMAL(18,4), campaign_id STRING"
)


def change_events(context: Context, rows, change: str, table=EVENTS) -> None:
    missing = [one for one in table.columns if one.name not in rows.columns]
    complete = rows.withColumns({one.name: F.lit(None).cast(one.type) for one in missing})
    marked = complete.select(*table.column_names, F.lit(change).alias("_change")).localCheckpoint()
    context.writer("test").apply(table, marked)


def live(context: Context, number: int, day: date, night: dict[str, object]) -> int:
    """What a night's ingest does to the events."""
    new = [row(number + at, day, one) for at, one in enumerate(night["new"])]
    new += [row(number + 100 + at, day - timedelta(days=ago), one) for at, (one, ago) in enumerate(night["late"])]
    change_events(context, context.spark.createDataFrame(new, COLUMNS), "insert")
    stored = context.lake.read(EVENTS)
    if night["corrected"]:
        wrong = stored.where("event_type = 'purchase'").orderBy("event_id").limit(night["corrected"])
        change_events(context, wrong.withColumn("amount", F.col("amount") + 1), "update")
    if night["merged"]:
        gone, kept = night["merged"]
        moved = context.lake.read(EVENTS).where(F.col("customer_id") == gone)
        change_events(context, moved.withColumn("customer_id", F.lit(kept)), "update")
    if night["erased"]:
        change_events(context, context.lake.read(EVENTS).where(F.col("customer_id") == night["erased"]), "delete")
    return number + 200


def rows_of(frame) -> dict[tuple[object, ...], dict[str, object]]:
    keys = [name for name in ("customer_id", "as_of", "event_date", "dimension", "value") if name in frame.columns]
    return {tuple(row[key] for key in keys): row.asDict() for row in frame.collect()}


def assert_same(found, expected, what: str) -> None:
    """Keys, counts, dates, decimals and names alike; doubles to 1e-9 of what was summed, which is above a hundredth."""
    kept, anew = rows_of(found), rows_of(expected)
    assert kept.keys() == anew.keys(), what
    for key, values in anew.items():
        for name, value in values.items():
            same = pytest.approx(value, rel=1e-9, abs=1e-11) if isinstance(value, float) else value
            assert kept[key][name] == same, f"{what}: {name} of {key}"


def one(customer: str, kind: str, hour: int, order: str | None, what: str | None, cents: int) -> dict[str, object]:
    return {"customer": customer, "kind": kind, "hour": hour, "order": order, "what": what, "cents": cents}


# All that can happen in a night, for where there is no time to have many generated.
TWO_NIGHTS = [
    {
        "new": [
            one("a", "purchase", 9, "o1", "p1", 1_250), one("a", "purchase", 9, "o1", "p2", 399),
            one("b", "purchase", 23, "o2", "p1", 10_000), one("c", "page_view", 12, None, "p3", 1),
            one("d", "purchase", 0, None, None, 77), one("d", "campaign_sent", 8, None, None, 1),
        ],
        "late": [(one("c", "purchase", 10, "o3", "p3", 333), 5)], "corrected": 1, "erased": None, "merged": None,
    },
    {
        "new": [
            one("a", "return", 15, "o1", "p1", 1_250), one("d", "coupon_redemption", 7, None, "p2", 1),
            one("c", "email_sent", 6, None, None, 1), one("c", "purchase", 18, "o4", "p2", 501),
        ],
        "late": [(one("b", "page_view", 11, None, "p2", 1), 1), (one("a", "purchase", 20, "o2", "p3", 61), 6)],
        "corrected": 2, "erased": "d", "merged": ("b", "a"),
    },
]  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate][: 1 + LONG],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@example(nights=TWO_NIGHTS)
@given(nights=st.lists(night, min_size=2, max_size=3))
def test_state_kept_by_night_equals_state_from_all_events(spark, tmp_path_factory, nights):
    folder, number = tmp_path_factory.mktemp("kept"), 0
    for index, one in enumerate(nights):
        day = FIRST + timedelta(days=10 + 2 * index)
        context = context_at(folder, day + timedelta(days=1))
        number = live(context, number, day, one)
        plan = plan_of(context.features, context.config.features)
        steps.keep(context, plan, f"run{index}", rebuild=False)
        now = position_now(context, plan)
        parts = {
            plan.daily_table: steps._all_days, CUSTOMER_DIMENSION: steps._all_dimensions,
            plan.state_table: steps._all_states,
        }  # fmt: skip
        by_kernel = Tiles(context, plan, now)
        for table, everything in parts.items():
            kept = context.lake.read(table)
            if table is CUSTOMER_DIMENSION:
                kept = totals(kept, steps.WHO).where("events != 0")
            anew = everything(context, plan, now)
            assert_same(kept, anew, f"night {index}, {table.name}")
            assert_same(by_kernel.rows(table), anew.drop("run_id"), f"night {index}, {table.name} by the kernel")
        events = activity_at(context, now.versions)
        customers, products = context.lake.read(CUSTOMERS), context.lake.read(PRODUCTS)
        anew = customer_features(
            events, customers, products, [context.as_of], "America/New_York", plan, context.features
        )
        assert_same(_from_state(context, plan), anew, f"night {index}, features")


@pytest.mark.slow
def test_a_refresh_reads_no_events_of_days_that_did_not_change(spark, tmp_path):
    """The files of earlier days are taken away: what has to read them fails, and a refresh does not."""
    one = {"customer": "a", "kind": "purchase", "hour": 3, "order": "o1", "what": "p1", "cents": 100}
    quiet = {"late": [], "corrected": 0, "erased": None, "merged": None}
    for index in range(3):
        day = FIRST + timedelta(days=4 * index)
        context = context_at(tmp_path, day + timedelta(days=1))
        live(context, 200 * index, day, {"new": [one, one | {"customer": f"c{index}"}], **quiet})
        plan = plan_of(context.features, context.config.features)
        if index == 2:
            # All but the last day of the night before: an order of that day may go on.
            early = context.lake.read(EVENTS).where(F.col("event_date") < F.lit(day - timedelta(days=4)))
            for row in early.select(F.input_file_name()).distinct().collect():
                Path(unquote(urlsplit(row[0]).path)).unlink()
        steps.keep(context, plan, f"run{index}", rebuild=False)
    kept = rows_of(context.lake.read(plan.state_table))
    assert kept["a",]["orders"] == 3
    assert kept["a",]["order_gap_squares"] == 2 * 16
    assert kept["c2",]["net"] == 10_000.0
    with pytest.raises(Exception, match="FILE_NOT_EXIST"):
        steps.keep(context, plan, "again", rebuild=True)
