"""What Spark's own event log says of a run: bytes read, shuffled, spilled."""

import json
from pathlib import Path

_METRICS = {
    "read": "internal.metrics.input.bytesRead",
    "shuffled": "internal.metrics.shuffle.write.bytesWritten",
    "spilled": "internal.metrics.diskBytesSpilled",
}


def totals(folder: Path) -> dict[str, float]:
    """Megabytes over all stages of the runs logged in a folder; empty where nothing was logged.

    Args:
        folder: spark.eventLog.dir.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    found: dict[str, float] = {}
    for path in files:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith('{"Event":"SparkListenerStageCompleted"'):
                    continue
                stage = json.loads(line)["Stage Info"]
                values = {one["Name"]: one.get("Value", 0) for one in stage["Accumulables"]}
                for name, metric in _METRICS.items():
                    found[name] = found.get(name, 0.0) + float(values.get(metric, 0)) / 1e6
    return found
