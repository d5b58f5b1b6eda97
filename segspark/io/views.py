"""Views: created in the catalog; beside tables in a local folder, files that any engine can run; else, statements."""

from collections.abc import Iterable
from pathlib import Path

from segspark.columns import quoted, text_literal
from segspark.io.files import write_text
from segspark.io.lake import Lake
from segspark.tables import Table, View

_HEAD = """\
-- {comment}
-- The tables' names are those of the folders beside this one: make them known to the engine first, such as by
-- views/tables.spark.sql or views/tables.duckdb.sql.
--
{columns}
"""


def publish_view(lake: Lake, view: View) -> None:
    """Create a view, or write its file; on an object store there is neither (`statements` are for that)."""
    folder = _folder(lake)
    if folder is not None:
        _write(folder / f"{view.name}.sql", portable_statement(view))
    elif lake.workspace.root is None:
        lake.spark.sql(_statement(lake, view))


def publish_names(lake: Lake, tables: Iterable[Table]) -> None:
    """Write the statements that make tables in a local folder known by name to Spark and to DuckDB."""
    folder = _folder(lake)
    if folder is None:
        return
    there = sorted(table.name for table in tables if lake.exists(table))
    places = {one: f"{folder.parent}/{one}" for one in there}
    spark = [
        f"CREATE OR REPLACE TEMPORARY VIEW {one} AS SELECT * FROM delta.{quoted(place)};"  # noqa: S608
        for one, place in places.items()
    ]
    duckdb = [
        f"CREATE OR REPLACE VIEW {one} AS SELECT * FROM delta_scan({_plain_literal(place)});"  # noqa: S608
        for one, place in places.items()
    ]
    _write(folder / "tables.spark.sql", "\n".join(spark) + "\n")
    _write(folder / "tables.duckdb.sql", "\n".join(["INSTALL delta;", "LOAD delta;", *duckdb]) + "\n")


def portable_statement(view: View) -> str:
    """A view in SQL that several engines understand, over tables that they know by name; what it means as comments.

    Examples:
        >>> from segspark.tables import PRODUCTS
        >>> view = View("brands", "One row.", PRODUCTS.picked("brand"), "SELECT brand FROM {products}", (PRODUCTS,))
        >>> print(portable_statement(view))
        -- One row.
        ...
        -- brand: Its brand.
        CREATE OR REPLACE VIEW brands AS
        SELECT brand FROM products;
        <BLANKLINE>
    """
    head = _HEAD.format(
        comment=view.comment, columns="\n".join(f"-- {one.name}: {one.comment}" for one in view.columns)
    )
    return f"{head}CREATE OR REPLACE VIEW {view.name} AS\n{view.select(lambda table: table.name)};\n"


def statements(lake: Lake, views: Iterable[View]) -> str:
    """Spark SQL that makes views known, comments and all, to a session that knows none of the tables by name.

    They read the tables by their places, and are named as in the catalog or, where there is none, by their names alone.
    """
    return "".join(f"{_statement(lake, view)};\n\n" for view in views)


def spark_statement(view: View, identifier: str, select: str) -> str:
    """CREATE OR REPLACE VIEW with comments, for Spark.

    Args:
        view: the contract.
        identifier: quoted name of the view.
        select: its query, with the tables' names.

    Examples:
        >>> from segspark.tables import PRODUCTS
        >>> view = View("brands", "One row.", PRODUCTS.picked("brand"), "SELECT brand FROM {products}", (PRODUCTS,))
        >>> print(spark_statement(view, "`brands`", "SELECT brand FROM p"))
        CREATE OR REPLACE VIEW `brands` (`brand` COMMENT 'Its brand.') COMMENT 'One row.' AS
        SELECT brand FROM p
    """
    columns = ", ".join(f"{quoted(one.name)} COMMENT {text_literal(one.comment)}" for one in view.columns)
    return f"CREATE OR REPLACE VIEW {identifier} ({columns}) COMMENT {text_literal(view.comment)} AS\n{select}"


def _statement(lake: Lake, view: View) -> str:
    place = lake.workspace
    parts = [view.name] if place.root is not None else [str(place.catalog), str(place.schema_), view.name]
    return spark_statement(view, ".".join(map(quoted, parts)), view.select(lake.identifier))


def _folder(lake: Lake) -> Path | None:
    root = lake.workspace.root
    return None if root is None or "://" in root else Path(root).resolve() / "views"


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _plain_literal(text: str) -> str:
    """A string literal as the SQL standard has it."""
    return "'" + text.replace("'", "''") + "'"
