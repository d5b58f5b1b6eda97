"""Wall time and peak memory of the demo, first and second run, from an empty folder: `make bench-demo`.

Memory is the sum over the command's processes (Python, the JVM, Python workers), sampled five times a second. The last
line is one JSON object.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[1]


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of a command."""
    started, peak = time.monotonic(), 0
    process = psutil.Popen(command, cwd=folder)
    while process.poll() is None:
        peak = max(peak, _memory(process))
        time.sleep(0.2)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - started, peak / 2**20


def _memory(process: psutil.Process) -> int:
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:  # it ended between the listing and the look
            continue
    return total


def main() -> None:
    """Run the demo twice and print what it took."""
    folder = Path(tempfile.mkdtemp(prefix="segspark-bench-demo-"))
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    command = [str(Path(sys.executable).parent / "segspark"), "demo", *sys.argv[1:]]
    first, second = measured(command, folder), measured(command, folder)
    shutil.rmtree(folder)
    memory = psutil.virtual_memory().total / 2**30
    print(f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}")
    print("run      seconds   peak MB")
    for name, (seconds, megabytes) in (("first", first), ("second", second)):
        print(f"{name:8} {seconds:7.0f}   {megabytes:7.0f}")
    result = {"first_seconds": first[0], "second_seconds": second[0], "peak_mb": max(first[1], second[1])}
    print(json.dumps({key: round(value, 1) for key, value in result.items()}))


if __name__ == "__main__":
    main()
