"""The views that are published beside the tables of segments."""

from segspark.io.views import publish_names, publish_view
from segspark.segments.views import VIEWS
from segspark.steps.context import Context
from segspark.tables import SEGMENT_OVERLAYS


def publish_views(context: Context) -> None:
    """Make the views, and the table that they read which may not be there yet."""
    context.lake.create(SEGMENT_OVERLAYS)
    for view in VIEWS:
        publish_view(context.lake, view.name, view.comment, view.statement)
    publish_names(context.lake, dict.fromkeys(table for view in VIEWS for table in view.tables))
