"""Source files as they are, and what is said when they are not as declared."""

from __future__ import annotations

import pytest

from segspark.config.sources import Join, Source
from segspark.errors import BadInputError
from segspark.io.sources import read_new


def source(path, form="csv", **more):
    return Source(name="shop", path=str(path), format=form, columns={}, **more)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(spark, given, known=None):
    """The rows, of files with one set of columns, without what could not be parsed."""
    (found,) = read_new(spark, given, known or {}).rows
    return found.drop("_corrupt_record")


def rows(spark, given):
    return [tuple(row) for row in read(spark, given).collect()]


def problem(spark, given):
    with pytest.raises(BadInputError) as caught:
        read_new(spark, given, {})
    (said,) = caught.value.problems
    return said


def test_a_csv_s_columns_are_texts_whatever_they_hold(spark, tmp_path):
    path = write(tmp_path / "a.csv", "id,amount,day\n007,1.50,2017-01-01\n")
    found = read(spark, source(path))
    assert found.dtypes == [("id", "string"), ("amount", "string"), ("day", "string")]
    assert [tuple(row) for row in found.collect()] == [("007", "1.50", "2017-01-01")]


def test_quoted_commas_and_doubled_quotes_are_read_as_csv_has_them(spark, tmp_path):
    path = write(tmp_path / "a.csv", 'id,name\n1,"a, b"\n2,"say ""hi"""\n3,"back\\slash"\n')
    assert rows(spark, source(path)) == [("1", "a, b"), ("2", 'say "hi"'), ("3", "back\\slash")]


def test_line_breaks_in_quotes_are_read_with_the_reader_s_option(spark, tmp_path):
    path = write(tmp_path / "a.csv", 'id,name\n1,"two\nlines"\n2,one\n')
    assert rows(spark, source(path, options={"multiLine": True})) == [("1", "two\nlines"), ("2", "one")]


def test_reader_options_win_over_defaults(spark, tmp_path):
    path = write(tmp_path / "a.csv", "1;x\n2;y\n")
    assert rows(spark, source(path, options={"header": False, "sep": ";"})) == [("1", "x"), ("2", "y")]


def test_a_csv_s_byte_order_mark_is_not_part_of_a_name(spark, tmp_path):
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbfid,name\n1,x\n")
    assert read(spark, source(path)).columns == ["id", "name"]


def test_a_csv_of_a_header_alone_has_columns_and_no_rows(spark, tmp_path):
    found = read(spark, source(write(tmp_path / "a.csv", "id,name\n")))
    assert (found.columns, found.count()) == (["id", "name"], 0)


def test_a_declared_schema_names_and_types_the_columns(spark, tmp_path):
    path = write(tmp_path / "a.json", '{"id": 7, "at": "2017-01-01"}\n')
    assert rows(spark, source(path, "json", schema="id BIGINT, missing STRING")) == [(7, None)]


def test_json_numbers_are_texts_as_they_were_written(spark, tmp_path):
    path = write(tmp_path / "a.json", '{"id": 7, "amount": 1.50, "deep": {"x": true}}\n')
    assert read(spark, source(path, "json")).selectExpr("amount", "deep.x", "id").first()[:] == (
        "1.50",
        "true",
        "7",
    )


def test_a_broken_json_line_is_a_row_that_keeps_its_text(spark, tmp_path):
    path = write(tmp_path / "a.json", '{"id": "1"}\n{"id": "2", \n{"id": "3"}\n')
    (found,) = read_new(spark, source(path, "json"), {}).rows
    assert sorted(map(tuple, found.select("id", "_corrupt_record").collect()), key=str) == [
        ("1", None),
        ("3", None),
        (None, '{"id": "2", '),
    ]


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "delta"])
def test_a_missing_path_is_named(spark, tmp_path, form):
    said = problem(spark, source(tmp_path / "none", form))
    assert said.startswith("source shop: ")
    assert str(tmp_path / "none") in said


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_a_file_of_another_format_is_named(spark, tmp_path, form):
    path = write(tmp_path / "folder" / "a.csv", "id\n1\n").parent
    said = problem(spark, source(path, form))
    assert str(path) in said
    assert "\n" not in said


def test_a_schema_that_does_not_parse_is_named(spark, tmp_path):
    path = write(tmp_path / "a.csv", "id\n1\n")
    said = problem(spark, source(path, schema="id NO_SUCH_TYPE"))
    assert said.startswith("source shop: ")
    assert "NO_SUCH_TYPE" in said.upper()


def test_a_secret_in_the_options_is_revealed_only_to_the_reader(spark, tmp_path, monkeypatch):
    monkeypatch.setenv("SEP_T", ";")
    given = source(write(tmp_path / "a.csv", "id;name\n1;x\n"), options={"sep": "${ENV:SEP_T}"})
    assert rows(spark, given) == [("1", "x")]
    assert given.options == {"sep": "${ENV:SEP_T}"}


@pytest.fixture
def lines(tmp_path):
    return write(tmp_path / "lines.csv", "line,product\n1,p\n2,q\n3,\n4,unknown\n")


def joined(lines, products, keys=("product",), columns=("category",)):
    join = Join(format="csv", path=str(products), keys=list(keys), columns=list(columns))
    return source(lines, joins=[join])


def test_a_join_brings_the_columns_asked_for_and_loses_no_row(spark, tmp_path, lines):
    products = write(tmp_path / "products.csv", "product,category,other\np,fruit,x\nq,meat,y\nr,bread,z\n")
    found = read(spark, joined(lines, products))
    assert set(found.columns) == {"line", "product", "category"}
    assert sorted(found.select("line", "category").collect()) == [
        ("1", "fruit"), ("2", "meat"), ("3", None), ("4", None),
    ]  # fmt: skip


def test_a_join_that_would_double_rows_is_refused_with_the_key(spark, tmp_path, lines):
    products = write(tmp_path / "products.csv", "product,category\np,fruit\np,meat\n")
    said = problem(spark, joined(lines, products))
    assert said == f"source shop: joins: {products} has more than one row with the same product"


def test_columns_that_a_join_lacks_are_all_named_with_their_side(spark, tmp_path, lines):
    products = write(tmp_path / "products.csv", "sku,category\np,fruit\n")
    with pytest.raises(BadInputError) as caught:
        read_new(spark, joined(lines, products, columns=("category", "brand")), {})
    assert caught.value.problems == (
        f"source shop: joins: {products} has no column product",
        f"source shop: joins: {products} has no column brand",
    )


def test_a_join_s_missing_file_is_named(spark, tmp_path, lines):
    assert str(tmp_path / "none.csv") in problem(spark, joined(lines, tmp_path / "none.csv"))


def test_a_join_cannot_bring_a_column_that_the_source_has(spark, tmp_path, lines):
    # Which of the two an expression means could not be said.
    products = write(tmp_path / "products.csv", "product,line\np,x\n")
    assert "line" in problem(spark, joined(lines, products, columns=("line",)))
