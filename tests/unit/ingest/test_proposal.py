"""What is proposed for files, from names, types and a few values."""

from __future__ import annotations

import pytest

from segspark.ingest.proposal.proposing import propose, propose_all
from tests.unit.ingest.samples import ORDERS, PEOPLE, expressions, guess, look


def test_an_orders_file_gives_events_with_its_unique_order_as_id() -> None:
    found = propose(ORDERS)
    assert found.table == "events"
    assert expressions(found) == {
        "event_id": "`order_id`",
        "customer_id": "`customer_no`",
        "event_ts": "`created_at`",
        "event_type": "'purchase'",
        "order_id": "`order_id`",
        "amount": "`total`",
    }


def test_german_names_dates_and_amounts_are_recognised() -> None:
    columns: dict[str, list[str | None]] = {
        "Bestellnummer": ["1", "2"],
        "Kunden-Nr.": ["7", "7"],
        "Bestelldatum": ["24.12.2024", "5.1.2025 08:30"],
        "Stück": ["1", "2"],
        "Betrag": ["1.299,00", "9,95"],
    }
    assert expressions(propose(look("export", columns))) == {
        "event_id": "`Bestellnummer`",
        "customer_id": "`Kunden-Nr.`",
        "event_ts": "CAST(try_to_timestamp(`Bestelldatum`, 'd.M.yyyy[ H:mm[:ss]]') AS TIMESTAMP_NTZ)",
        "event_type": "'purchase'",
        "order_id": "`Bestellnummer`",
        "quantity": "`Stück`",
        "amount": "replace(replace(`Betrag`, '.', ''), ',', '.')",
    }


@pytest.mark.parametrize(
    ("name", "columns", "table"),
    [
        ("users", {"user_id": ["1", "2"], "created_at": ["2025-01-01", "2025-01-02"]}, "customers"),
        ("crm", {"id": ["1", "2"], "city": ["Ulm", "Ulm"]}, "customers"),
        ("kunden", {"id": ["1", "2"], "Ort": ["Ulm", "Ulm"]}, "customers"),
        ("clicks", {"user_id": ["1", "1"], "ts": ["1735689600", "1735689601"]}, "events"),
        ("catalog", {"sku": ["a", "b"], "price": ["1", "2"]}, "products"),
        ("plan", {"campaign_id": ["a", "b"], "start": ["2025-01-01", "2025-02-01"]}, "campaigns"),
        ("reviews", {"customer": ["1", "2"], "stars": ["5", "1"], "at": ["2025-01-01", "2025-02-01"]}, "feedback"),
        ("optins", {"kunde": ["1"], "zweck": ["mail"], "status": ["ja"], "seit": ["2025-01-01"]}, "consents"),
        ("ids", {"customer_id": ["1"], "id_type": ["device"], "external_id": ["x"]}, "identity_links"),
        ("weather", {"station": ["a"], "rain": ["1.5"]}, None),
    ],
)
def test_the_table_follows_from_what_a_file_holds(
    name: str, columns: dict[str, list[str | None]], table: str | None
) -> None:
    assert propose(look(name, columns)).table == table


def test_a_missing_event_id_is_explained_with_columns_that_are_unique_together() -> None:
    lines: dict[str, list[str | None]] = {
        "order_no": ["1", "1", "2"],
        "line": ["1", "2", "1"],
        "customer": ["a", "a", "b"],
        "date": ["2025-01-01"] * 3,
        "paid": ["5.50", "6.50", "5.50"],
    }
    found = guess(propose(look("lines", lines)), "event_id")
    assert found.expression is None
    assert found.why == "none of order_no, line, customer is unique; e.g. concat(`order_no`, '-', `line`)"


def test_numbers_as_ids_of_several_event_sources_are_kept_apart() -> None:
    columns: dict[str, list[str | None]] = {"id": ["1", "2"], "user_id": ["7", "7"], "ts": ["2025-01-01"] * 2}
    first, second = propose_all([look("clicks", columns), look("calls", columns)])
    assert expressions(first)["event_id"] == "concat('clicks-', `id`)"
    assert expressions(second)["event_id"] == "concat('calls-', `id`)"


def test_negative_amounts_become_returns() -> None:
    columns = {seen.name: list(seen.cells) for seen in ORDERS.columns} | {"total": ["1", "-1", "2"]}
    found = expressions(propose(look("orders", columns)))
    assert found["event_type"] == "if(try_cast(`total` AS DOUBLE) < 0, 'return', 'purchase')"


def test_words_for_purchases_and_returns_are_translated() -> None:
    columns = {seen.name: list(seen.cells) for seen in ORDERS.columns} | {"Art": ["Verkauf", "Retoure", "Anruf"]}
    found = expressions(propose(look("orders", columns)))
    assert (
        found["event_type"]
        == "CASE trim(`Art`) WHEN 'Retoure' THEN 'return' WHEN 'Verkauf' THEN 'purchase' ELSE `Art` END"
    )


def test_a_word_that_is_translated_is_quoted_in_the_expression() -> None:
    columns = {seen.name: list(seen.cells) for seen in ORDERS.columns} | {"type": ["Sale'", "Sale'", "x"]}
    found = expressions(propose(look("orders", columns)))
    assert found["event_type"] == "CASE trim(`type`) WHEN 'Sale\\'' THEN 'purchase' ELSE `type` END"


@pytest.mark.parametrize(
    ("values", "expression"),
    [
        (["1735689600", "1735693200"], "try_cast(try_cast(`ts` AS BIGINT) AS TIMESTAMP)"),
        (["1735689600000"], "try_cast(try_cast(`ts` AS DECIMAL(20,0)) / 1000 AS TIMESTAMP)"),
        (["20250131"], "CAST(try_to_timestamp(CAST(`ts` AS STRING), 'yyyyMMdd') AS TIMESTAMP_NTZ)"),
        (["12/31/2024"], "CAST(try_to_timestamp(`ts`, 'M/d/yyyy[ H:mm[:ss]]') AS TIMESTAMP_NTZ)"),
        (["31/12/2024"], "CAST(try_to_timestamp(`ts`, 'd/M/yyyy[ H:mm[:ss]]') AS TIMESTAMP_NTZ)"),
        (["2024-12-31T23:59:59Z"], "`ts`"),
    ],
)
def test_times_are_read_as_they_are_written(values: list[str | None], expression: str) -> None:
    rows = len(values)
    found = propose(look("clicks", {"user": ["1"] * rows, "page": ["x"] * rows, "ts": values}))
    assert expressions(found)["event_ts"] == expression


def test_whether_day_or_month_comes_first_is_only_guessed() -> None:
    found = propose(look("clicks", {"user": ["1", "1"], "ts": ["01/02/2025", "03/04/2025"]}))
    assert guess(found, "event_ts").sure == "guessed"


def test_a_single_column_of_times_is_taken_whatever_its_name() -> None:
    found = propose(look("clicks", {"user": ["1", "1"], "sku": ["a", "b"], "moment": ["2025-01-01", "2025-01-02"]}))
    assert found.table == "events"
    assert (guess(found, "event_ts").expression, guess(found, "event_ts").sure) == ("`moment`", "guessed")


def test_when_a_customer_signed_up_is_not_since_when_its_attributes_hold() -> None:
    users = look("users", {"user_id": ["1", "2"], "created_at": ["2025-01-01", "2025-01-02"]})
    assert set(expressions(propose(users))) == {"customer_id", "attributes"}


def test_lines_are_joined_with_the_orders_that_know_customer_and_time() -> None:
    lines = look("lines", {"order_id": ["A1", "A1"], "sku": ["x", "y"], "paid": ["5", "6"]})
    orders, joined = propose_all([ORDERS, lines])
    assert orders.table is None
    assert joined.join is not None
    assert (joined.join.key, joined.join.columns) == ("order_id", ("customer_no", "created_at", "total"))
    assert expressions(joined)["customer_id"] == "`customer_no`"


def test_of_personal_columns_only_a_hash_of_the_email_is_proposed() -> None:
    assert expressions(propose(PEOPLE)) == {
        "customer_id": "`customer_id`",
        "identifiers": "map('email_hash', sha2(lower(trim(`email`)), 256))",
        "attributes": "map('kind', `kind`)",
    }


def test_an_email_as_customer_is_hashed() -> None:
    found = propose(look("clicks", {"user": ["a@b.de", "a@b.de"], "ts": ["2025-01-01", "2025-01-02"]}))
    assert expressions(found)["customer_id"] == "sha2(lower(trim(`user`)), 256)"
