"""Wall time and peak memory of the demo, first and second run, from an empty folder: `make bench-demo`.

Memory is the sum over the command's processes (Python, the JVM, Python workers), sampled five times a second. The last
line is one JSON object.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from measure import machine, measured

REPOSITORY = Path(__file__).parents[1]


def main() -> None:
    """Run the demo twice and print what it took."""
    folder = Path(tempfile.mkdtemp(prefix="segspark-bench-demo-"))
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    command = [str(Path(sys.executable).parent / "segspark"), "demo", *sys.argv[1:]]
    first, second = measured(command, folder), measured(command, folder)
    shutil.rmtree(folder)
    print(machine())
    print("run      seconds   peak MB")
    for name, taken in (("first", first), ("second", second)):
        print(f"{name:8} {taken.seconds:7.0f}   {taken.peak_mb:7.0f}")
    peak = max(first.peak_mb, second.peak_mb)
    result = {"first_seconds": first.seconds, "second_seconds": second.seconds, "peak_mb": peak}
    print(json.dumps({key: round(value, 1) for key, value in result.items()}))


if __name__ == "__main__":
    main()
