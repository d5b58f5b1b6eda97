"""Segspark profile over customers whose way of buying is known: at a date, again, and a night later."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from segspark.config.model import Config
from segspark.config.value import Value
from segspark.errors import BadInputError
from segspark.progress import Reporter
from segspark.steps.context import Context, run_phase
from segspark.steps.orders import past_orders
from segspark.steps.profile import profile
from segspark.steps.value import value, value_inputs
from segspark.tables import CUSTOMER_VALUE, EVENTS, VALUE_CALIBRATION, VALUE_MODELS
from segspark.value.backtest import comparable
from segspark.value.scoring import settled
from tests.features import with_unknown

BEGAN = date(2025, 10, 1)
LAST = BEGAN + timedelta(days=90)
NIGHT = LAST + timedelta(days=1)
CUSTOMERS, MERGED = 500, 7
TABLES = (CUSTOMER_VALUE, VALUE_MODELS, VALUE_CALIBRATION)


def histories() -> list[tuple[np.ndarray, float]]:
    """Days of orders from a year before BEGAN on, and a mean amount, each customer's: a Pareto/NBD of planted rates."""
    random = np.random.default_rng(11)
    made = []
    for _ in range(CUSTOMERS):
        start, rate, leaves = (
            random.integers(0, 330),
            random.gamma(0.9, 1 / 20),
            random.exponential(1 / random.gamma(1.2, 1 / 150)),
        )
        gaps = random.exponential(1 / rate, 400)
        days = np.unique(np.floor(start + np.concatenate([[0], np.cumsum(gaps)[np.cumsum(gaps) < leaves]])))
        made.append((days, float(random.gamma(6, 5))))
    return made


def features_of(orders: list[tuple[np.ndarray, float]], as_of: date) -> pd.DataFrame:
    now = (as_of - BEGAN).days + 365
    rows = []
    for number, (days, mean) in enumerate(orders):
        seen = days[days < now]
        if len(seen):
            amount = round(mean * len(seen), 2)
            rows.append((f"c{number}", len(seen), int(now - seen[-1]), int(now - seen[0]), amount))
    rows.append(("prospect", 0, None, None, 0.0))
    columns = ["customer_id", "frequency", "recency_days", "tenure_days", "monetary_value"]
    return pd.DataFrame(rows, columns=columns).astype({"recency_days": "Int64", "tenure_days": "Int64"})


def publish(context: Context, rows: pd.DataFrame) -> None:
    """Features of the dates in the rows' column as_of."""
    values = list(rows.astype(object).where(rows.notna(), None).itertuples(index=False, name=None))
    schema = (
        "customer_id STRING, frequency BIGINT, recency_days INT, tenure_days INT, monetary_value DOUBLE, as_of DATE"
    )
    frame = context.spark.createDataFrame(values, schema)
    context.writer("features").append(context.features_table, with_unknown(context, frame))


def context_in(spark, root, as_of: date, **value: object) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(root)},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": ["rfm"]},
            "value": value,
        }
    )
    found = Context(config, as_of, Reporter(Console(file=io.StringIO(), width=400)))
    vars(found).update(spark=spark)
    return found


def said_by(context: Context) -> str:
    return context.reporter.console.file.getvalue()


@dataclass
class Story:
    """What was said and left behind, by the name of each run."""

    said: dict[str, str] = field(default_factory=dict)
    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    models: pd.DataFrame | None = None
    calibration: pd.DataFrame | None = None
    now: pd.DataFrame | None = None
    then: pd.DataFrame | None = None
    unchanged: bool = False
    refused: str = ""


def inputs_of(context: Context) -> dict[str, str]:
    return context.versions(context.features_table, EVENTS) | value_inputs(context)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    told, orders = Story(), histories()
    root = tmp_path_factory.mktemp("value") / "lake"

    def context_at(as_of: date, **value: object) -> Context:
        return context_in(spark, root, as_of, **value)

    def run(name: str, as_of: date, **settings: object) -> Context:
        context = context_at(as_of, **settings)
        if as_of == NIGHT:  # recorded as the phase's
            run_phase(context, "profile", lambda context: [value(context, inputs_of(context))])
        else:
            value(context, inputs_of(context))
        told.said[name] = said_by(context)
        told.rows[name] = context.lake.read(CUSTOMER_VALUE).toPandas().set_index("customer_id").sort_index()
        return context

    last = context_at(LAST)
    row = [{"event_id": "e", "event_date": BEGAN - timedelta(days=400)}.get(one.name) for one in EVENTS.columns]
    last.writer("by hand").publish(EVENTS, last.lake.frame(EVENTS, [tuple(row)]))
    told.then, told.now = features_of(orders, BEGAN), features_of(orders, LAST)
    gone = told.then["customer_id"].head(MERGED)
    told.now = told.now[~told.now["customer_id"].isin(gone)]
    night = features_of(orders, NIGHT)
    night = night[~night["customer_id"].isin(gone)]
    dated = [rows.assign(as_of=at) for rows, at in ((told.then, BEGAN), (told.now, LAST), (night, NIGHT))]
    publish(last, pd.concat(dated))
    done = run("first", LAST)
    versions = done.versions(CUSTOMER_VALUE, VALUE_MODELS, VALUE_CALIBRATION)
    told.unchanged = run("again", LAST).versions(CUSTOMER_VALUE, VALUE_MODELS, VALUE_CALIBRATION) == versions
    told.models = done.lake.read(VALUE_MODELS).toPandas().set_index("model")
    told.calibration = done.lake.read(VALUE_CALIBRATION).toPandas()
    run("night", NIGHT, back_test=False)
    with pytest.raises(BadInputError) as refused:
        profile(context_at(LAST))
    told.refused = str(refused.value)
    return told


def test_the_same_again_makes_no_new_version_of_any_table(story):
    assert story.unchanged


def test_everyone_has_a_row_and_only_who_never_ordered_has_no_figures(story):
    rows = story.rows["first"]
    assert set(rows.index) == set(story.now["customer_id"])
    figures = ["probability_alive", "expected_purchases", "expected_spend", "clv", "churn_risk", "at_risk"]
    assert rows.loc["prospect", figures].isna().all()
    known = rows.drop(index="prospect")
    assert known[figures].notna().all(axis=None)
    assert known["probability_alive"].between(0, 1).all()
    assert (known["churn_risk"] + known["probability_alive"]).to_numpy() == pytest.approx(1)
    assert (known["clv"] > 0).all()


def test_value_is_between_the_expected_spend_discounted_by_a_whole_year_and_not_at_all(story):
    rows = story.rows["first"].drop(index="prospect")
    spend = rows["expected_purchases"] * rows["expected_spend"]
    assert (rows["clv"] <= spend * 1.000001).all()
    assert (rows["clv"] >= spend / 1.1 * 0.999999).all()


def test_at_risk_are_only_those_of_doubtful_presence_and_of_some_worth(story):
    rows = story.rows["first"].drop(index="prospect")
    risky = rows[rows["at_risk"].astype(bool)]
    assert 0 < len(risky) < 0.2 * len(rows)
    assert (risky["probability_alive"] < 0.5).all()
    would = rows["clv"] / rows["probability_alive"]  # if it is still there
    assert would[risky.index].min() >= np.quantile(would, 0.8) * 0.999999


def test_a_night_later_only_rows_that_moved_by_more_than_the_step_are_written(story):
    before, after = story.rows["first"], story.rows["night"]
    moved = after[after["as_of"] == NIGHT].index
    same = after.index.difference(moved)
    assert 0 < len(moved) < 0.5 * len(after)
    assert after.loc[same].equals(before.loc[same])
    apart = (after.loc[moved] != before.reindex(moved)) & after.loc[moved].notna()
    assert apart["clv"].all()


def test_the_back_test_compares_those_who_are_there_at_both_dates(story):
    naive = story.models.loc["naive"]
    buyers = story.then[story.then["frequency"] >= 1]
    both = buyers.merge(story.now, on="customer_id")
    assert naive["back_test_customers"] == len(both)
    assert naive["back_test_left_out"] == MERGED == len(buyers) - len(both)
    actual = both["frequency_y"] - both["frequency_x"]
    rate = (both["frequency_x"] - 1) / both["tenure_days_x"].astype(float) * 90
    assert naive["actual_mean"] == pytest.approx(actual.mean())
    assert naive["predicted_mean"] == pytest.approx(rate.mean())
    assert naive["mae"] == pytest.approx((rate - actual).abs().mean())
    assert naive["rmse"] == pytest.approx(np.sqrt(((rate - actual) ** 2).mean()))
    assert naive["from_as_of"] == BEGAN


def test_models_predict_better_than_the_rate_so_far_where_customers_leave_without_a_word(story):
    models = story.models
    assert models.loc["pareto_nbd", "rmse"] < models.loc["naive", "rmse"]
    assert abs(models.loc["pareto_nbd", "bias"]) < 0.15  # planted, and 500 customers
    chosen = models["chosen"]
    assert chosen["gamma_gamma"]
    assert not chosen["naive"]
    assert chosen["bgnbd"] != chosen["pareto_nbd"]


def test_calibration_has_every_customer_once_in_each_grouping_and_the_true_means(story):
    found = story.calibration
    both = story.then[story.then["frequency"] >= 1].merge(story.now, on="customer_id")
    assert (found.groupby(["model", "grouping"])["customers"].sum() == len(both)).all()
    own = found[(found["model"] == "bgnbd") & (found["grouping"] == "repeat_purchases")].set_index("bin")
    past = (both["frequency_x"] - 1).clip(upper=7)
    actual = (both["frequency_y"] - both["frequency_x"]).groupby(past).mean()
    assert own["actual_mean"].to_dict() == pytest.approx(actual.to_dict())
    assert (own["actual_lower"] <= own["actual_mean"]).all()
    assert (own["actual_upper"] >= own["actual_mean"]).all()
    deciles = (
        found[(found["model"] == "pareto_nbd") & (found["grouping"] == "predicted_decile")]
        .set_index("bin")
        .sort_index()
    )
    assert deciles.index.tolist() == list(range(1, 11))
    assert deciles["predicted_mean"].is_monotonic_increasing


def test_a_date_before_that_of_the_last_in_the_ledger_is_refused(story):
    assert story.refused.startswith(f"--as-of {LAST}: customer_value and segment_kpis are already at {NIGHT}")


@pytest.fixture(scope="module")
def lonely(spark, tmp_path_factory) -> Context:
    """One customer with two orders."""
    context = context_in(spark, tmp_path_factory.mktemp("lonely") / "lake", LAST)
    publish(context, features_of([(np.array([300.0, 310.0]), 5.0)], LAST).assign(as_of=LAST))
    return context


def configured(context: Context, **sections: object) -> Context:
    found = Context(context.config.model_copy(update=sections), context.as_of, context.reporter)
    vars(found).update(spark=context.spark, lake=context.lake)
    return found


def test_where_hardly_anybody_ordered_again_nothing_is_published_and_the_run_says_why(lonely):
    reason = "of 1 customers 1 ordered again, and 30 are needed"
    assert value(lonely, inputs_of(lonely)).message == f"not fitted: {reason}"
    assert reason in said_by(lonely)
    assert not any(lonely.lake.exists(table) for table in TABLES)


def test_without_a_feature_that_it_is_made_of_value_is_left_out(lonely):
    lacking = configured(lonely, features=lonely.config.features.model_copy(update={"off": ["frequency"]}))
    assert value(lacking, inputs_of(lacking)).message.startswith("not fitted: customer_features has no frequency")


def test_value_can_be_switched_off(lonely):
    off = configured(lonely, value=Value(enabled=False))
    vars(off)["reporter"] = Reporter(Console(file=io.StringIO(), width=400))
    with pytest.raises(BadInputError, match="run segspark assign first"):  # for KPIs, which come next
        profile(off)
    assert "value:" not in said_by(off)


def test_patterns_are_everybody_s_until_there_are_too_many_and_then_a_sample_s_whatever_the_partitioning(spark):
    # 60 customers of 5 patterns: x and t_x in days, 0 to 4, at an age of 9 days.
    rows = [(f"c{one}", one % 5 + 1, 9 - one % 5, 9, 10.0) for one in range(60)]
    columns = "customer_id STRING, frequency BIGINT, recency_days INT, tenure_days INT, monetary_value DOUBLE"
    features = spark.createDataFrame(rows, columns)

    def found(most: int, frame):
        return past_orders(frame, Value.model_construct(fit_rows=most, seed=1, unit_days=1))

    counted = found(5, features)
    assert not counted.sampled
    assert counted.patterns.x.tolist() == counted.patterns.t_x.tolist() == [0, 1, 2, 3, 4]
    assert counted.patterns.customers.tolist() == [12] * 5
    few, others = found(4, features), found(4, features.repartition(7))
    assert few.sampled
    assert few.patterns.total == len(few.sample) == 4
    pd.testing.assert_frame_equal(few.sample, others.sample)


def test_whose_past_is_told_differently_now_is_not_compared(spark):
    columns = "customer_id STRING, frequency BIGINT, recency_days INT, tenure_days INT, monetary_value DOUBLE"
    then = [("same", 2, 5, 50, 1.0), ("older now", 2, 5, 50, 1.0), ("fewer now", 3, 5, 50, 1.0), ("gone", 1, 9, 9, 1.0)]
    now = [("same", 4, 2, 80, 1.0), ("older now", 9, 2, 99, 1.0), ("fewer now", 2, 35, 80, 1.0), ("new", 1, 3, 3, 1.0)]
    found = comparable(spark.createDataFrame(then, columns), spark.createDataFrame(now, columns), 30).collect()
    assert [tuple(row) for row in found] == [("same", 1, 45, 50, 2)]


def test_a_row_is_kept_until_a_figure_moves_by_more_than_the_step(spark):
    columns = (
        "customer_id STRING, probability_alive DOUBLE, expected_purchases DOUBLE, expected_spend DOUBLE, clv DOUBLE, "
        "churn_risk DOUBLE, at_risk BOOLEAN"
    )
    old = [(name, 0.5, 2.0, 10.0, 20.0, 0.5, False) for name in ("near", "value", "risk", "ordered")]
    old += [("none", *[None] * 6), ("first", *[None] * 6)]
    new = [
        ("near", 0.46, 1.92, 10.4, 19.2, 0.54, False),
        ("value", 0.5, 2.0, 10.0, 21.1, 0.5, False),
        ("risk", 0.49, 2.0, 10.0, 20.0, 0.51, True),
        ("ordered", 0.56, 2.0, 10.0, 20.0, 0.44, False),
        ("none", *[None] * 6),
        ("first", 1.0, 1.0, 5.0, 5.0, 0.0, False),
        ("new", 1.0, 1.0, 5.0, 5.0, 0.0, False),
    ]
    frames = spark.createDataFrame(new, columns), spark.createDataFrame(old, columns)
    found = {row[0]: tuple(row) for row in settled(*frames, 0.05).collect()}
    wanted = {row[0]: row for row in new} | {"near": old[0]}
    assert found == wanted
    assert {tuple(row) for row in settled(*frames, 0.0).collect()} == set(new)
