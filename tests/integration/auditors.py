"""Writers of one audit log: python -m tests.integration.auditors FOLDER NAME locked|unlocked.

Each process has two of them, with a session each. Once all are ready, each writes some entries one after the other;
each entry is a run of its own.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from segspark.io import commits
from segspark.segments.audit import Entry
from segspark.steps.audit import record
from segspark.steps.context import Context
from tests.governing import context_in

PROCESSES, THREADS, ENTRIES = 2, 2, 3
WRITERS = PROCESSES * THREADS


def main(folder: Path, name: str, unlocked: bool) -> None:
    if unlocked:
        commits.writer_lock = lambda *_: nullcontext()  # as on an object store
    context = context_in(folder)
    context.spark.range(1).collect()
    (folder / f"{name}.ready").touch()
    while len(list(folder.glob("*.ready"))) < PROCESSES:
        time.sleep(0.05)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(partial(write, context), [f"{name}-{thread}" for thread in range(THREADS)]))


def write(context: Context, name: str) -> None:
    own = Context(context.config, context.as_of, context.reporter)
    vars(own)["spark"] = context.spark.newSession()
    for number in range(ENTRIES):
        made = Entry(name, "created", f"seg-{number}", {}, {"name": f"{name} {number}"}, "together")
        assert record(own, f"{name} {number}", [made]) == 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "unlocked")
