"""Eight processes that write to one MLflow at the same moment: python -m tests.integration.writers URI FOLDER.

They are forked from one that has imported all, so that they start together; each opens the store, logs candidates
and registers a version. Exits with the number of those that failed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

from segspark.config import Tracking
from segspark.tracking import Tracker
from segspark.tracking.registry import Registry

WRITERS = 8
CANDIDATES = 6
# MLflow imports these only when it opens a store: each writer would do it for itself.
_LATE = ("alembic.command", "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store")


def main(uri: str, folder: Path) -> int:
    for module in _LATE:
        import_module(module)
    context = get_context("fork")
    together = context.Barrier(WRITERS, timeout=120)
    writers = [context.Process(target=_write, args=(uri, folder, number, together)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return sum(writer.exitcode != 0 for writer in writers)


def _write(uri: str, folder: Path, number: int, together: Barrier) -> None:
    together.wait()
    tracker = Tracker(Tracking(uri=uri, experiment="crowd", model="crowd"))
    together.wait()
    training = tracker.training(f"writer-{number}")
    for k in range(CANDIDATES):
        training.log_candidate(f"kmeans k={k}", {"k": k}, {"cost.squared_euclidean.sample": float(number)}, (k, 1))
    files = folder / str(number)
    files.mkdir(parents=True)
    (files / "model").write_text(f"model of {number}")
    together.wait()
    Registry(tracker.client, "crowd", uri).register(files, training.mlflow_run_id, "model", {}, "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
