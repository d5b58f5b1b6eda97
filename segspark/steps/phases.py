"""The phases in their order, by the name that the command line knows them by."""

from collections.abc import Sequence
from datetime import date

from segspark.steps.assign import assign
from segspark.steps.check import check
from segspark.steps.context import Context, Outcome, Step, run_phase
from segspark.steps.features import features, features_at_each, rebuild
from segspark.steps.ingest import ingest, replay, reread
from segspark.steps.report import report, report_path
from segspark.steps.train import train

PHASES: dict[str, Step] = {
    "ingest": ingest,
    "features": features,
    "train": train,
    "assign": assign,
    "report": report,
}


def run_ingest(context: Context, how: str) -> None:
    """Run ingest in one of its other ways: check, replay or reread."""
    if how == "check":
        with context.reporter.phase("check"):
            check(context)
    else:
        run_phase(context, "ingest", {"replay": replay, "reread": reread}[how])


def run_features(context: Context, anew: bool, also: Sequence[date]) -> None:
    """Run features with state computed anew, or with looks back to other dates as well."""

    def step(context: Context) -> Sequence[Outcome]:
        found = [*(rebuild(context) if anew else features(context))]
        return [*found, *(features_at_each(context, also) if also else [])]

    run_phase(context, "features", step)


def run_phases(context: Context, names: list[str]) -> None:
    """Run phases in order. What a later one will need is asked for before anything is computed."""
    if "report" in names:
        report_path(context)
    if {"train", "assign", "report"} & set(names):
        context.tracker  # noqa: B018 (connects, and fails early)
    for name in names:
        run_phase(context, name, PHASES[name])
