"""How files are read, by their names and their first lines."""

from __future__ import annotations

import pytest

from segspark.ingest.proposal.formats import named_format, one_table, source_name, text_format, text_options


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("orders.csv", "csv"),
        ("in/ORDERS.TSV", "csv"),
        ("export.txt", "csv"),
        ("clicks.jsonl.gz", "json"),
        ("clicks.ndjson", "json"),
        ("part-0.snappy.parquet", "parquet"),
        ("s3://bucket/orders.2025.json", "json"),
        ("orders.xlsx", None),
        ("orders", None),
    ],
)
def test_the_last_known_extension_names_the_format(path: str, format_: str | None) -> None:
    assert named_format(path) == format_


@pytest.mark.parametrize(
    ("names", "single"),
    [
        (["_delta_log", "x.parquet"], True),
        (["part-00000-abc.csv"], True),
        (["_SUCCESS"], True),
        (["day=2025-01-31"], True),
        (["orders.csv", "customers.csv"], False),
        (["a.b=c.csv"], False),
        ([], False),
    ],
)
def test_a_folder_that_delta_or_spark_wrote_is_one_table(names: list[str], single: bool) -> None:
    assert one_table(names) is single


@pytest.mark.parametrize(
    ("lines", "format_"),
    [
        (['{"id": 1}', '{"id": 2}'], "json"),
        (["", "\ufeff  [", '{"id": 1}]'], "json"),
        (["id,day", "1,2025-01-31"], "csv"),
        (["12", "13"], "csv"),
        (['"id"', '"1"'], "csv"),
        (["{name},{day}"], "csv"),
        (["{", '  "id": 1', "}"], "json"),
    ],
)
def test_a_line_that_is_a_json_object_or_begins_a_list_is_json(lines: list[str], format_: str) -> None:
    assert text_format(lines) == format_


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (["id,day", "1,2"], {}),
        (["id;paid", "1;9,95", "2;10"], {"sep": ";"}),
        (["id\tname", "1\tAda, Bob", "2\tEve"], {"sep": "\t"}),
        (["id|name", "", "1|Ada"], {"sep": "|"}),
        (["id", "1", "2"], {}),
        (["id;note", '1;"a;b"'], {"sep": ";"}),
        (["id;paid", "1;9,95", "2;10,00"], {"sep": ";"}),
        (["id;note", "1;" + "x" * 200_000], {"sep": ";"}),
    ],
)
def test_the_separator_splits_most_lines_into_equally_many_fields(lines: list[str], options: dict[str, str]) -> None:
    assert text_options("csv", lines) == options


def test_a_quote_left_open_on_a_line_means_values_of_several_lines() -> None:
    assert text_options("csv", ["id,note", '1,"first', 'second"', "2,x"]) == {"multiLine": "true"}


def test_a_character_that_is_no_utf_8_means_an_older_encoding() -> None:
    assert text_options("csv", ["id,St\ufffdck", "1,2"]) == {"encoding": "ISO-8859-1"}


def test_a_json_list_takes_several_lines_and_objects_one_each() -> None:
    assert text_options("json", [" [", "{}", "]"]) == {"multiLine": "true"}
    assert text_options("json", ["{}", "{}"]) == {}
    assert text_options("json", ["{", '  "id": 1', "}"]) == {"multiLine": "true"}


@pytest.mark.parametrize(
    ("path", "taken", "name"),
    [
        ("in/Orders-2025.v2.csv", [], "orders_2025"),
        ("Stück & Größe.csv", [], "stueck_groesse"),
        ("s3://bucket/clicks/", [], "clicks"),
        ("2025.csv", [], "source_2025"),
        ("日本.csv", [], "source"),
        ("orders.json", ["orders"], "orders_2"),
        ("orders.json", ["orders", "orders_2"], "orders_3"),
        ("x" * 60 + ".csv", [], "x" * 50),
    ],
)
def test_a_source_is_called_after_its_file_in_plain_letters(path: str, taken: list[str], name: str) -> None:
    assert source_name(path, taken) == name
