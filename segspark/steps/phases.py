"""The phases in their order, by the name that the command line knows them by."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from importlib import import_module
from typing import Any

from segspark.errors import RefusedError
from segspark.steps.context import Context, run_phase

# A phase's module is imported when it runs: those of the others load MLflow, scikit-learn and matplotlib, for seconds.
PHASES = ("ingest", "features", "train", "assign", "profile", "compare", "report")


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


def run_compare(context: Context, before: str | None, after: str | None, until: date | None) -> None:
    """Compare two dates: those that are named, or the last two."""
    _step("report", "report_path")(context)
    context.tracker  # noqa: B018 (connects, and fails early)
    first, context.as_of = _step("compare", "resolve")(context, before, after, until)
    run_phase(context, "compare", partial(_step("compare"), before=first))


def run_report(context: Context, what: str) -> None:
    """Write the dashboard, the handbook or both."""
    _ask_early(context, ["report"])
    run_phase(context, "report", partial(_step("report"), what=what))


def run_stream(context: Context, to_the_end: bool, check: bool, send_again: bool) -> None:
    """Follow the events until stopped, or until all that there is now has been looked at; or say what would be done."""
    if check:
        with context.reporter.phase("check"):
            _step("stream", "check")(context)
        return
    context.tracker  # noqa: B018 (connects, and fails early)
    run_phase(context, "stream", partial(_step("stream"), to_the_end=to_the_end, send_again=send_again))


def run_phase_alone(context: Context, name: str) -> None:
    """Run one phase, as its command does."""
    _ask_early(context, [name])
    run_phase(context, name, _step(name))


def run_all(context: Context) -> None:
    """Run all phases in order: train only where it is due, compare only where there is a date before."""
    _ask_early(context, PHASES)
    _run_to_assign(context)
    run_phase(context, "profile", _step("profile"))
    before = _step("finished", "previous")(context)
    if before is not None:
        run_phase(context, "compare", partial(_step("compare"), before=before))
    run_phase(context, "report", _step("report"))


def _run_to_assign(context: Context) -> None:
    run_phase(context, "ingest", _step("ingest"))
    cadence = _step("due", "cadence")(context)
    run_features(context, anew=False, also=_needed(context) if cadence.reason else [])
    context.reporter.say(cadence.words)
    if cadence.reason:
        _retrain(context)
    run_phase(context, "assign", _step("assign"))


def run_demo(context: Context) -> None:
    """Prepare the demo's data and run all phases; before, give customers segments at a date a period earlier."""
    _step("demo", "prepare_demo")(context)
    _ask_early(context, PHASES)
    earlier = _step("demo", "earlier_date")(context)
    if earlier is not None:
        context.reporter.say(f"first as of {earlier}, then as of {context.as_of}")
        _run_to_assign(context.at(earlier))
    run_all(context)


def _retrain(context: Context) -> None:
    """Train; where nothing could be found this time, customers are assigned by the champion that there is."""
    try:
        run_phase(context, "train", _step("train"))
    except RefusedError as error:
        champion = context.tracker.champion_if_any()
        if champion is None:
            raise
        context.reporter.warn(f"{error}; customers are assigned by {champion.label}, which is still the champion")


def _ask_early(context: Context, names: Sequence[str]) -> None:
    """Ask for what a later phase will need before anything is computed."""
    if {"compare", "report"} & set(names):
        place = _step("report", "report_path")(context)
        if "report" in names:
            _step("handbook", "last_edition")(place.parent)
    if {"train", "assign"} & set(names):
        context.vocabulary  # noqa: B018 (reads it)
    if {"train", "assign", "report"} & set(names):
        context.tracker  # noqa: B018 (connects, and fails early)


def _needed(context: Context) -> list[date]:
    """Past dates whose features a training compares with."""
    needed: list[date] = _step("next_period", "dates_needed")(context)
    return needed
