"""Processes that write to one audit log at the same moment: python -m tests.integration.auditors FOLDER NAME UNLOCKED.

Each writes some entries one after the other, once all have a session; each entry is a run of its own.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path

from segspark.io import commits
from segspark.segments.audit import Entry
from segspark.steps.audit import record
from tests.governing import context_in

WRITERS, ENTRIES = 3, 5


def main(folder: Path, name: str, unlocked: bool) -> None:
    if unlocked:
        commits.writer_lock = lambda *_: nullcontext()  # as on an object store
    context = context_in(folder)
    context.spark.range(1).collect()
    (folder / f"{name}.ready").touch()
    while len(list(folder.glob("*.ready"))) < WRITERS:
        time.sleep(0.05)
    for number in range(ENTRIES):
        made = Entry(name, "created", f"seg-{number}", {}, {"name": f"{name} {number}"}, "together")
        assert record(context, f"{name} {number}", [made]) == 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "unlocked")
