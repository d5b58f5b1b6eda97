"""The benchmarks follow the package: what they import is there, though most of them run in no test."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("program", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.name)
def test_a_benchmark_finds_all_that_it_imports(program, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)  # they are run as scripts
    runpy.run_path(str(program), run_name="imported")
