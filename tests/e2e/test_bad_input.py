"""Bad input: exit code 2, one message that says what, where and what to do, no trace, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import deltalake
import pytest

from segspark.cli import main

EVENTS = """event_id,customer,at,kind,value,basket
e1,a,2024-01-01T10:00:00Z,purchase,10.00,b1
e2,b,2024-01-02T10:00:00Z,purchase,20.00,b2
e3,c,2024-01-03T10:00:00Z,purchase,30.00,b3
"""
CONFIG = """
workspace: {root: lake}
tracking: {uri: "sqlite:///mlflow.db"}
sources:
  events:
    - name: shop
      format: csv
      path: events.csv
      columns:
        event_id: event_id
        customer_id: customer
        event_ts: at
        event_type: kind
        amount: value
        order_id: basket
"""


@pytest.fixture
def shop(spark, tmp_path: Path) -> Path:
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "shop.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture(scope="module")
def few_customers(spark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of eight customers who all bought once."""
    shop = tmp_path_factory.mktemp("few")
    rows = "".join(f"x{n},c{n},2024-01-{n + 1:02}T10:00:00Z,purchase,{n + 1}.00,b{n}\n" for n in range(8))
    (shop / "events.csv").write_text(EVENTS.splitlines()[0] + "\n" + rows)
    (shop / "shop.yaml").write_text(CONFIG)
    for phase in ("ingest", "features"):
        assert main([phase, "--config", str(shop / "shop.yaml"), "--as-of", "2024-02-01"]) == 0
    return shop


def fails(capsys, shop: Path, phase: str, *arguments: str, as_of: str = "2024-02-01", code: int = 2) -> str:
    found = main([phase, "--config", str(shop / "shop.yaml"), "--as-of", as_of, *arguments])
    message = capsys.readouterr().err
    assert found == code, message
    assert "Traceback" not in message
    assert message.startswith("bad input: ")
    return " ".join(message.split())


def untouched(shop: Path) -> bool:
    return not (shop / "lake").exists() and not (shop / "mlflow.db").exists()


def test_a_mistyped_key_is_named_with_the_one_that_was_meant(capsys, shop):
    (shop / "shop.yaml").write_text(CONFIG + "clusterin: {seed: 1}\n")
    assert "clusterin: unknown key; did you mean 'clustering'?" in fails(capsys, shop, "run")
    assert untouched(shop)


def test_a_missing_file_is_named(capsys, shop):
    (shop / "events.csv").unlink()
    message = fails(capsys, shop, "ingest")
    assert f"source shop: nothing found at {shop}/events.csv" in message
    assert "check path" in message
    assert untouched(shop)


def test_a_missing_column_is_named_with_those_that_are_there(capsys, shop):
    (shop / "shop.yaml").write_text(CONFIG.replace("amount: value", "amount: total"))
    message = fails(capsys, shop, "ingest")
    assert "sources.events.shop.columns.amount: there is no column `total`" in message
    assert "the source has event_id, customer, at, kind, value, basket" in message
    assert untouched(shop)


def test_an_expression_that_does_not_parse_is_shown(capsys, shop):
    (shop / "shop.yaml").write_text(CONFIG.replace("amount: value", 'amount: "value +* 2"'))
    message = fails(capsys, shop, "ingest")
    assert "sources.events.shop.columns.amount: 'value +* 2' is not a Spark SQL expression" in message
    assert untouched(shop)


def test_all_problems_of_all_columns_are_told_at_once(capsys, shop):
    broken = (
        CONFIG.replace("amount: value", "amount: total")
        .replace("event_ts: at", "event_ts: when_")
        .replace("order_id: basket", "order_no: basket")
    )
    (shop / "shop.yaml").write_text(broken)
    message = fails(capsys, shop, "ingest")
    assert "3 problems" in message
    assert "order_no: events has no such column; did you mean 'order_id'?" in message
    assert untouched(shop)


def test_a_users_own_cast_that_fails_on_a_row_says_to_use_try_cast(capsys, shop):
    (shop / "events.csv").write_text(EVENTS + "e4,d,2024-01-04T10:00:00Z,purchase,ten,b4\n")
    (shop / "shop.yaml").write_text(CONFIG.replace("amount: value", 'amount: "CAST(value AS DECIMAL(18,4))"'))
    message = fails(capsys, shop, "ingest")
    assert "sources.events: an expression failed on a row" in message
    assert "use try_cast" in message
    assert untouched(shop)


def test_no_acceptable_event_is_an_error_that_says_why(capsys, shop):
    (shop / "events.csv").write_text("event_id,customer,at,kind,value,basket\ne1,,never,purchase,10,b1\n")
    message = fails(capsys, shop, "ingest")
    assert "sources.events: not one event can be accepted, so nothing was written" in message
    assert "customer_id: missing (1 rows)" in message
    assert untouched(shop)


def test_features_before_ingest_say_what_to_run(capsys, shop):
    assert "there are no events; run segspark ingest" in fails(capsys, shop, "features")
    assert untouched(shop)


def test_an_as_of_before_the_first_event_names_the_first_event(capsys, few_customers):
    features = deltalake.DeltaTable(str(few_customers / "lake" / "customer_features"))
    before = features.version()
    message = fails(capsys, few_customers, "features", as_of="2023-12-31")
    assert "--as-of 2023-12-31: no event is before it; the first event is at 2024-01-01 10:00:00 UTC" in message
    features.update_incremental()
    assert features.version() == before


def test_a_feature_of_ones_own_that_is_no_aggregate_is_named(capsys, few_customers):
    wrong = "features.own=[{name: paid, aggregate: amount, description: Paid.}]"
    message = fails(capsys, few_customers, "features", "--set", wrong)
    assert "features.own.0.aggregate: 'amount' is no aggregate over events" in message


def test_a_feature_of_ones_own_that_takes_anothers_name_is_named(capsys, few_customers):
    taken = "features.own=[{name: frequency, aggregate: count(*), description: Events., type: count}]"
    message = fails(capsys, few_customers, "features", "--set", taken)
    assert "features.own: there is a feature frequency already; choose another name" in message


def test_fewer_customers_than_k_is_told_with_both_numbers(capsys, few_customers):
    message = fails(capsys, few_customers, "train")
    # Eight, of whom the hash of their ids holds two out.
    assert "clustering.k.max: 10 clusters need more customers than the 6 that are eligible and not held out" in message


def test_a_constant_feature_that_was_asked_for_is_named(capsys, few_customers):
    chosen = "clustering.inputs=[monetary_value, frequency, campaign_response_rate]"
    message = fails(capsys, few_customers, "train", "--set", chosen, "--set", "clustering.k.max=4")
    assert "clustering.inputs: frequency is 1 for every customer; remove it" in message
    assert "clustering.inputs: campaign_response_rate is unknown (null) for every customer; remove it" in message


def test_an_input_that_is_no_feature_is_named(capsys, few_customers):
    message = fails(capsys, few_customers, "train", "--set", "clustering.inputs=[monetary]")
    assert "clustering.inputs: monetary is not a feature; there are recency_days, frequency" in message


def test_a_condition_on_the_population_that_is_none_is_shown(capsys, few_customers):
    message = fails(capsys, few_customers, "train", "--set", "population.eligible=orders > 3")
    assert "population.eligible: 'orders > 3' is not a condition over the features" in message


def test_an_as_of_without_features_says_what_to_run(capsys, few_customers):
    message = fails(capsys, few_customers, "train", as_of="2024-03-01")
    assert "customer_features has no rows for it; run segspark features first" in message


def test_assigning_before_training_says_what_to_run(capsys, few_customers):
    assert "no version with the alias 'champion'; run segspark train first" in fails(capsys, few_customers, "assign")


def test_an_unreachable_tracking_server_is_told_before_anything_is_read(capsys, shop):
    message = fails(capsys, shop, "run", "--set", "tracking.uri=http://127.0.0.1:9/")
    assert "tracking.uri: the tracking server does not answer" in message
    assert untouched(shop)


def test_a_report_without_a_place_is_refused_before_anything_is_computed(capsys, shop):
    (shop / "shop.yaml").write_text(CONFIG.replace("{root: lake}", "{catalog: main, schema: shop}"))
    assert "report.path: give one, as the workspace is not a local folder" in fails(capsys, shop, "run")
    assert untouched(shop)
