"""The audit log under real processes: many writers at once, and one that is killed between its two writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from segspark.steps.audit import links, unbroken
from segspark.tables import AUDIT_LOG
from tests.governing import again, context_in, log, publish, record_of, run, said
from tests.integration.auditors import ENTRIES, PROCESSES, THREADS, WRITERS

pytestmark = pytest.mark.slow  # each process starts a JVM

ROOT = Path(__file__).parents[2]
SMALL = {"spark": {"config": {"spark.driver.memory": "768m", "spark.sql.shuffle.partitions": 1}}}


def environment() -> dict[str, str]:
    hidden = ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET")
    return {name: value for name, value in os.environ.items() if name not in hidden} | {"PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("how", ["locked", "unlocked"])
def test_however_many_write_at_once_the_chain_has_no_gap_and_no_fork(spark, tmp_path, how):
    context = context_in(tmp_path, more=SMALL)
    command = [sys.executable, "-m", "tests.integration.auditors", str(tmp_path)]
    processes = [subprocess.Popen([*command, f"p{n}", how], cwd=ROOT, env=environment()) for n in range(PROCESSES)]
    assert [process.wait(timeout=900) for process in processes] == [0] * PROCESSES
    names = [f"p{process}-{thread}" for process in range(PROCESSES) for thread in range(THREADS)]
    entries = links(context, F.lit(True))
    assert [one.sequence for one in entries] == list(range(1, WRITERS * ENTRIES + 1))
    assert Counter(one.actor for one in entries) == dict.fromkeys(names, ENTRIES)
    for name in names:  # each one's own in their order
        assert [one.subject for one in entries if one.actor == name] == [f"seg-{n}" for n in range(ENTRIES)]
    assert unbroken(again(context)).broken == ""
    assert context.lake.read(AUDIT_LOG).select("hash").distinct().count() == WRITERS * ENTRIES


KILLED = """
import os, signal, sys
from pathlib import Path
from segspark.io.commits import Writer
from tests.governing import context_in, run

Writer.exchange = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run(context_in(Path(sys.argv[1])), "rename", "seg-a", actor="bea", name="Regulars", reason="r")
"""


def test_a_process_that_is_killed_between_the_log_and_the_segment_leaves_what_the_next_one_completes(spark, tmp_path):
    context = context_in(tmp_path)
    publish(context)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, env=environment(), check=False)
    assert killed.returncode == -9
    assert log(context) == [(1, "bea", "renamed")]
    assert record_of(context, "seg-a").name == "Frequent customers"
    told = said(run(context, "assign-owner", "seg-b", actor="ann", owner="cem"))
    assert "entry 1 of the log (seg-a renamed by bea) did not reach the segment; it is completed now" in told
    assert (record_of(context, "seg-a").name, record_of(context, "seg-b").owner) == ("Regulars", "cem")
    assert unbroken(again(context)).tip.sequence == 2
