"""Work that was finished is kept exactly as long as all that it read and wrote is as it was left."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from segspark.steps.context import Context, Outcome, run_phase
from segspark.steps.finished import kept, left
from segspark.tables import SEGMENT_PROFILES, SEGMENTS
from tests.governing import again, context_in, publish, run, said

READ, WRITTEN = [SEGMENT_PROFILES], [SEGMENTS]


def look(context: Context, **inputs: str) -> Outcome | None:
    own = again(context)
    asked = own.versions(*READ) | inputs
    found = kept(own, "profile", asked, READ, WRITTEN, "kpis")
    assert (found is not None) == ("kpis: done before" in said(own))
    return found


def finish(context: Context, **inputs: str) -> None:
    own = again(context)

    def work(_: Context) -> list[Outcome]:
        asked = own.versions(*READ) | inputs
        return [Outcome("kpis", inputs=asked, outputs=left(own, READ, WRITTEN), message="three KPIs")]

    run_phase(own, "profile", work)


@pytest.fixture
def done(spark: object, tmp_path: Path) -> Context:
    context = context_in(tmp_path)
    publish(context)
    finish(context)
    return context


def test_what_was_finished_is_kept_with_what_it_said(done):
    found = look(done)
    assert (found.source, found.message, found.outputs["segments"]) == ("kpis", "three KPIs", "1")


def test_nothing_is_kept_before_it_was_finished_or_if_it_failed(spark, tmp_path):
    context = context_in(tmp_path)
    publish(context)
    assert look(context) is None
    with pytest.raises(ZeroDivisionError):
        run_phase(again(context), "profile", lambda _: [Outcome(str(1 // 0))])
    assert look(context) is None


def rename(context: Context) -> None:
    run(context, "rename", "seg-a", name="Regulars", reason="r")


def other_input(context: Context) -> None:
    again(context).writer("x").publish_few(SEGMENT_PROFILES, [("seg-b", "frequency", 31, 4.0, 12.0, 8.0)])


def made_anew(context: Context) -> None:
    """At the same versions as before."""
    shutil.rmtree(context.lake.location(SEGMENT_PROFILES))
    versions = again(context).versions(*READ)
    publish(again(context))
    assert versions != again(context).versions(*READ) == context.versions(*READ)


@pytest.mark.parametrize("change", [rename, other_input, made_anew])
def test_it_is_done_again_after_any_change_of_what_it_wrote_or_read(done, change: Callable[[Context], None]):
    change(done)
    assert look(done) is None


def test_it_is_done_again_under_another_configuration_or_by_other_inputs(done):
    assert look(done, model="shop/2") is None
    other = again(done)
    other.config = done.config.model_copy(update={"kpis": done.config.kpis.model_copy(update={"periods": 3})})
    assert look(other) is None
