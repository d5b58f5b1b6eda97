"""Views: created in the catalog; beside tables in a local folder, files that any engine can run."""

from collections.abc import Callable, Iterable
from pathlib import Path

from segspark.columns import quoted
from segspark.io.files import write_text
from segspark.io.lake import Lake
from segspark.tables import Table

_HEAD = """\
-- {comment}
-- The tables' names are those of the folders beside this one: make them known to the engine first, such as by
-- views/tables.spark.sql or views/tables.duckdb.sql.
"""

Statement = Callable[[str, Callable[[Table], str]], str]


def publish_view(lake: Lake, name: str, comment: str, statement: Statement) -> None:
    """Create a view, or write its file; on an object store there is neither.

    Args:
        lake: with the view's tables.
        name: of the view.
        comment: what a row is.
        statement: makes the SQL from the view's name and from how a table is called.
    """
    folder = _folder(lake)
    if folder is not None:
        text = _HEAD.format(comment=comment) + statement(name, lambda table: table.name).rstrip() + ";\n"
        _write(folder / f"{name}.sql", text)
    elif lake.workspace.root is None:
        place = ".".join(quoted(str(part)) for part in (lake.workspace.catalog, lake.workspace.schema_, name))
        lake.spark.sql(statement(place, lake.identifier))


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


def _folder(lake: Lake) -> Path | None:
    root = lake.workspace.root
    return None if root is None or "://" in root else Path(root).resolve() / "views"


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _plain_literal(text: str) -> str:
    """A string literal as the SQL standard has it."""
    return "'" + text.replace("'", "''") + "'"
