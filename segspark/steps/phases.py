"""The phases in their order, by the name that the command line knows them by."""

from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from typing import Any

from segspark.steps.context import Context, run_phase

# A phase's module is imported when it runs: those of the others load MLflow, scikit-learn and matplotlib, for seconds.
PHASES = ("ingest", "features", "train", "assign", "report")


def _step(module: str, function: str = "") -> Callable[..., Any]:
    step: Callable[..., Any] = getattr(import_module(f"segspark.steps.{module}"), function or module)
    return step


def run_ingest(context: Context, how: str) -> None:
    """Run ingest in one of its other ways: check, replay or reread."""
    if how == "check":
        with context.reporter.phase("check"):
            _step("check")(context)
    else:
        run_phase(context, "ingest", _step("ingest", how))


def run_features(context: Context, anew: bool, also: Sequence[date]) -> None:
    """Run features with state computed anew, or with looks back to other dates as well."""
    step = _step("features", "rebuild" if anew else "features")
    run_phase(context, "features", lambda context: step(context, also))


def run_approval(context: Context) -> None:
    """Make the challenger champion."""
    with context.reporter.phase("approve"):
        _step("promotion", "approve")(context)


def run_split(context: Context, segment_id: str, undo: bool) -> None:
    """Split a segment into sub-segments, or join them again."""
    context.tracker  # noqa: B018 (connects, and fails early)
    _step("split", "join" if undo else "split")(context, segment_id)


def run_phases(context: Context, names: list[str]) -> None:
    """Run phases in order. What a later one will need is asked for before anything is computed."""
    if "report" in names:
        _step("report", "report_path")(context)
    if {"train", "assign", "report"} & set(names):
        context.tracker  # noqa: B018 (connects, and fails early)
    for name in names:
        if name == "features":
            run_features(context, anew=False, also=_needed(context, names))
        else:
            run_phase(context, name, _step(name))


def _needed(context: Context, names: Sequence[str]) -> list[date]:
    """Past dates whose features a later phase compares with."""
    needed: list[date] = _step("next_period", "dates_needed")(context) if "train" in names else []
    return needed
