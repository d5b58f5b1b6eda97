"""The end of a run: where everything is, and the command that opens each."""

from segspark.steps.context import Context
from segspark.steps.report import report_path
from segspark.tables import SEGMENT_ASSIGNMENTS


def show_ending(context: Context) -> None:
    """Tell where the tables, the report and the MLflow store are."""
    place = context.lake.location(SEGMENT_ASSIGNMENTS)
    tracking = context.config.tracking
    files = f"deltalake.DeltaTable('{place}').file_uris()"
    query = (
        f"spark.table('{place}').show()"
        if context.config.workspace.root is None
        # delta-rs knows the current files, Arrow reads them itself: deltalake's own readers can abort at exit.
        else f'python -c "import deltalake, pyarrow.dataset as d; print(d.dataset({files}).to_table().to_pandas())"'
    )
    with context.reporter.phase("where everything is"):
        context.reporter.say(f"tables   {place.removesuffix('/segment_assignments')}")
        context.reporter.say(f"         {query}")
        context.reporter.say(f"report   {report_path(context)}")
        context.reporter.say(f"         xdg-open '{report_path(context)}'   (macOS: open)")
        context.reporter.say(f"handbook {report_path(context).parent / 'handbook.html'}")
        context.reporter.say(f"MLflow   {tracking.uri}   experiment {tracking.experiment}")
        context.reporter.say(f"         mlflow ui --backend-store-uri '{tracking.uri}'")
