"""The assign benchmark on few customers: what it prints, and that nights on which nothing changes write nothing.

Its processes' work is done in this one, one after the other.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OF_ITS_PROCESS = ("env", "OMP_NUM_THREADS=1")


@pytest.fixture
def benchmark(spark, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)  # they are run as scripts
    assign, ours, measure = (importlib.import_module(name) for name in ("assign", "assign_ours", "measure"))

    def measured(command: list[str], folder: Path, log: Path):
        assert (*command[:2], Path(command[3]).name) == (*OF_ITS_PROCESS, "assign_ours.py")
        monkeypatch.chdir(folder)
        ours.done(ours.parsed(command[4:]))
        return measure.Taken(1.0, 1.0, 1.0)

    monkeypatch.setattr(assign, "measured", measured)
    return assign


@pytest.mark.slow
def test_a_night_writes_what_changed_and_a_quiet_one_nothing(benchmark, tmp_path, capsys):
    # It ends the process, too, where Writer and MERGE do not end with the assignments that the step made.
    benchmark.main(["--customers", "20000", "--data", str(tmp_path)])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    # Of so few the scoring takes less than reading them varies: its figure may have any sign.
    assert result["scored_per_second_core_by_algorithm"].keys() == {"kmeans", "bisecting", "gmm"}
    assert result["scored_per_second_core"] == result["scored_per_second_core_by_algorithm"]["kmeans"]
    assert result["merge_vs_unconditional"] > 0
    assert result["merge_vs_unconditional_vectors"] > 0
    assert result["noop_versions"] == 0
    # One customer in a hundred has other features, and hardly one of those the same membership.
    assert 0.5 * 200 < result["changed"] < 1.3 * 200
    written = result["bytes_written"]
    assert written["vectors"] < written["publish"] < written["merge"]
    assert 0 < written["moved"] < written["first"]
