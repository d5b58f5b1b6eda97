"""The views in Spark's catalog: with the names, types and comments that are declared."""

from __future__ import annotations

import pytest

from segspark.config.model import Workspace
from segspark.io.lake import Lake
from segspark.io.views import publish_view
from segspark.segments.views import VIEWS


@pytest.fixture(scope="module")
def catalog(spark):
    """A schema with all views, over tables that are views themselves: of no rows, with the contracts' columns."""
    spark.sql("CREATE SCHEMA views_test")
    workspace = Workspace(catalog="spark_catalog", schema="views_test")
    for table in dict.fromkeys(table for view in VIEWS for table in view.tables):
        columns = ", ".join(f"CAST(NULL AS {one.type}) AS `{one.name}`" for one in table.columns)
        spark.sql(f"CREATE VIEW views_test.{table.name} AS SELECT {columns} WHERE FALSE")
    for view in VIEWS:
        publish_view(Lake(spark, workspace), view)
    yield spark
    spark.sql("DROP SCHEMA views_test CASCADE")


def test_columns_have_the_names_types_and_comments_that_are_declared(catalog):
    for view in VIEWS:
        found = catalog.table(f"views_test.{view.name}").schema
        told = [(one.name, one.dataType.simpleString().upper(), one.metadata["comment"]) for one in found]
        assert told == [(one.name, one.type, one.comment) for one in view.columns], view.name


def test_a_view_says_what_a_row_is(catalog):
    told = catalog.sql("DESCRIBE EXTENDED views_test.segment_kpi_latest").where("col_name = 'Comment'").collect()
    assert (
        told[0]["data_type"] == "One row per segment and KPI: the last full period beside the one before, and the goal."
    )


def test_a_view_is_made_anew_where_there_is_one(catalog):
    publish_view(Lake(catalog, Workspace(catalog="spark_catalog", schema="views_test")), VIEWS[0])
    assert catalog.table(f"views_test.{VIEWS[0].name}").count() == 0
