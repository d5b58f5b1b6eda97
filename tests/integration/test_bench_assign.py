"""The assign benchmark on few customers: what it prints, and that nights on which nothing changes write nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_a_night_writes_what_changed_and_a_quiet_one_nothing(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "assign.py"), "--customers", "20000"]
    command += ["--algorithms", "kmeans", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # It fails, too, where Writer and MERGE do not end with the assignments that the step made.
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    # Of so few the scoring takes less than reading them varies: its figure may have any sign.
    assert result["scored_per_second_core_by_algorithm"].keys() == {"kmeans"}
    assert result["scored_per_second_core"] == result["scored_per_second_core_by_algorithm"]["kmeans"]
    assert result["merge_vs_unconditional"] > 0
    assert result["noop_versions"] == 0
    # One customer in a hundred has other features, and hardly one of those the same membership.
    assert 0.5 * 200 < result["changed"] < 1.3 * 200
    written = result["bytes_written"]
    assert written["publish"] < written["merge"]
    assert 0 < written["moved"] < written["first"]
