"""Notebooks as they are committed: run from top to bottom, small, quiet, and the same on every machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOT_ELSEWHERE = {
    "a path of one machine": r"(?<![\w.])/(?:home|root|tmp|work|Users|var)/",
    "an id that is made anew": r"\b[0-9a-f]{24,}\b",
    "how long something took": r"took \d",
    "a warning": r"warning",
}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def outputs(path: Path) -> list[dict]:
    return [output for cell in cells(path) for output in cell["outputs"]]


def test_it_was_run_from_top_to_bottom(path: Path) -> None:
    assert [cell["execution_count"] for cell in cells(path)] == list(range(1, len(cells(path)) + 1))
    assert outputs(path)


def test_it_shows_no_error_and_nothing_from_stderr(path: Path) -> None:
    assert {output["output_type"] for output in outputs(path)} <= {"stream", "execute_result", "display_data"}
    assert {output.get("name", "stdout") for output in outputs(path)} == {"stdout"}


@pytest.mark.parametrize("what", NOT_ELSEWHERE)
def test_what_it_shows_is_the_same_on_every_machine(path: Path, what: str) -> None:
    given = [item for output in outputs(path) for item in output.get("data", {"text": output.get("text")}).items()]
    shown = json.dumps([text for kind, text in given if not kind.startswith("image/")])
    found = re.search(NOT_ELSEWHERE[what], shown, re.IGNORECASE)
    assert not found, f"{what}: {found[0]}"


def test_it_is_small_enough_to_clone(path: Path) -> None:
    assert path.stat().st_size < 300_000


def test_its_links_lead_to_notebooks_that_are_there(path: Path) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    words = " ".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown")
    for link in re.findall(r"\]\(([^)]+)\)", words):
        assert (path.parent / link).exists(), link


def test_the_page_about_notebooks_names_every_one() -> None:
    page = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`notebooks/([\w-]+\.ipynb)`", page)) == {path.name for path in NOTEBOOKS}
