"""What a command takes: wall time and peak memory, with all the processes that it starts."""

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import psutil


class Taken(NamedTuple):
    """Seconds of a command, peak megabytes of all its processes together, and of those that are not a JVM."""

    seconds: float
    peak_mb: float
    python_mb: float


class Stages:
    """Seconds of one stage after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def end(self, stage: str) -> None:
        """The stage that began when the one before ended ends now."""
        now = time.monotonic()
        self.seconds[stage], self._last = now - self._last, now

    @property
    def total(self) -> float:
        """Of all stages."""
        return sum(self.seconds.values())


def measured(command: list[str], folder: Path, log: Path | None = None) -> Taken:
    """Seconds and peak megabytes of a command.

    Memory is the sum over its processes (Python, the JVM, Python workers), sampled five times a second.

    Args:
        command: program and arguments.
        folder: to run it in.
        log: gets what it prints; else that goes to the terminal.
    """
    started, peak, python = time.monotonic(), 0, 0
    with (log or Path(os.devnull)).open("w", encoding="utf-8") as target:
        process = psutil.Popen(command, cwd=folder, **({"stdout": target, "stderr": subprocess.STDOUT} if log else {}))
        while process.poll() is None:
            used = _memory(process)
            peak, python = max(peak, sum(used.values())), max(python, used[False])
            time.sleep(0.2)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        if log:
            print(log.read_text(encoding="utf-8", errors="replace")[-4000:])
        raise subprocess.CalledProcessError(process.returncode, command)
    return Taken(seconds, peak / 2**20, python / 2**20)


def machine() -> str:
    """The machine in a line, to stand over a table of results."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}"


def _memory(process: psutil.Process) -> dict[bool, int]:
    """Bytes of JVMs (True) and of all else (False)."""
    total = {True: 0, False: 0}
    for one in [process, *process.children(recursive=True)]:
        try:
            # What processes share, as after a fork, counts once.
            total[one.name() == "java"] += one.memory_full_info().pss
        except psutil.NoSuchProcess:  # it ended between the listing and the look
            continue
    return total
