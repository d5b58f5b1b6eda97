"""One writer of a table at a time, where tables lie on a disk that processes of this machine share."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from segspark.errors import SegsparkError


@contextmanager
def writer_lock(folder: Path, name: str, timeout_seconds: float, purpose: str) -> Iterator[None]:
    """Hold a table's lock while inside.

    The operating system gives a lock back when its process ends, however it ends: the lock of a dead process is free at
    once, and what a killed writer had not committed is not there.

    Args:
        folder: where the locks lie; made if missing.
        name: of the table.
        timeout_seconds: how long to wait for another writer.
        purpose: what a writer that waits in vain is told about this one.

    Raises:
        SegsparkError: another process still holds the lock; the message says which.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with writer_lock(folder, "events", 1, "run a"):
        ...     with writer_lock(folder, "events", 0, "run b"):
        ...         pass
        Traceback (most recent call last):
        ...
        segspark.errors.SegsparkError: events is being written by process ... on ... (run a, since ...); waited 0 s...
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / f"{name}.holder"
    try:
        with FileLock(str(folder / f"{name}.lock"), timeout=timeout_seconds):
            holder.write_text(json.dumps(_self(purpose)), encoding="utf-8")
            yield
    except Timeout:
        raise SegsparkError(
            f"{name} is being written by {_words(holder)}; waited {timeout_seconds:.0f} s. Let it end, or end it, and "
            "run the same command again (commits.lock_timeout_seconds says how long to wait)"
        ) from None


def _self(purpose: str) -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"process": str(os.getpid()), "host": socket.gethostname(), "purpose": purpose, "since": now}


def _words(holder: Path) -> str:
    try:
        said = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {said['process']} on {said['host']} ({said['purpose']}, since {said['since']})"
    except (OSError, ValueError, KeyError):  # it holds the lock, but has not said yet who it is
        return "another process"
