"""The views that are published beside the tables, and as statements for sessions elsewhere."""

from collections.abc import Iterable
from pathlib import Path

from segspark.errors import BadInputError
from segspark.io.files import write_text
from segspark.io.views import publish_names, publish_view, statements
from segspark.segments.views import VIEWS
from segspark.steps.context import Context
from segspark.tables import SEGMENT_ASSIGNMENTS, SEGMENT_OVERLAYS, Table, View

_HEAD = """\
-- Views over the tables of {place}, for a session of Spark that can read them.

"""


def publish_views(context: Context, written: Iterable[Table]) -> None:
    """Make the views that read one of the tables just written, as soon as all their tables are there."""
    lake, new = context.lake, set(written)
    if lake.exists(SEGMENT_ASSIGNMENTS):
        lake.create(SEGMENT_OVERLAYS)
    there = _there(context)
    for view in there:
        if new & set(view.tables):
            publish_view(lake, view)
    publish_names(lake, dict.fromkeys(table for view in there for table in view.tables))


def views(context: Context, output: str | None) -> None:
    """Write the statements that make the views, or print them. Nothing in the workspace changes.

    Args:
        context: of the command.
        output: file to write; None: print.

    Raises:
        BadInputError: there are no tables yet, or the file exists or cannot be written.
    """
    if output is not None and Path(output).exists():
        raise BadInputError([f"--output {output}: there is such a file already; choose another name"])
    there = _there(context)
    if not there:
        raise BadInputError(["views: no view has all its tables yet; run segspark assign first"])
    place = context.lake.location(SEGMENT_ASSIGNMENTS).removesuffix(SEGMENT_ASSIGNMENTS.name).rstrip("/.")
    text = _HEAD.format(place=" ".join(place.split())) + statements(context.lake, there)
    if output is None:
        print(text, end="")
        return
    context.reporter.say(f"{len(there)} views written to {write_text(output, text)}")


def _there(context: Context) -> list[View]:
    return [view for view in VIEWS if all(map(context.lake.exists, view.tables))]
