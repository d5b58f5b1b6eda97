"""A Delta table's log on the local disk, read without a query: its id, its latest version, what its commits say.

Delta commits by making the file of the next number, so the greatest number there is the table's version (Delta's
protocol, "Delta Log Entries"). Asking Spark for the same takes some tenths of a second, several times in each write.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_NUMBERED = "[0-9]" * 20
_KINDS = ("json", "checkpoint")


def log_folder(location: str, master: str) -> Path | None:
    """The log of a table at a path without a scheme, where that can only be a path on this machine's disk; else None.

    Args:
        location: of the table.
        master: of the session: on a cluster, the same path may be of another file system.

    Examples:
        >>> log_folder("s3a://bucket/lake/events", "local[2]"), log_folder("/lake/events", "yarn")
        (None, None)
    """
    folder = Path(location) / "_delta_log"
    return folder if "://" not in location and master.startswith("local") and folder.is_dir() else None


def latest_version(log: Path) -> int | None:
    """The greatest number of a commit or a checkpoint; None where there is none."""
    numbers = [int(path.name[:20]) for path in log.glob(f"{_NUMBERED}.*") if path.name.split(".")[1] in _KINDS]
    return max(numbers, default=None)


def metadata_of(log: Path, after: int, most: int) -> Iterator[tuple[int, str | None]]:
    """Versions after one, the newest first, and their user metadata.

    Args:
        log: the folder.
        after: a version.
        most: how many are looked at.
    """
    found = sorted(log.glob(f"{_NUMBERED}.json"), reverse=True)[:most]
    for path in found:
        version = int(path.name[:20])
        if version <= after:
            return
        yield version, _user_metadata(path)


def identity_of(log: Path) -> str | None:
    """The id that the table was created with; None where its first commit is not kept any more."""
    first = log / f"{0:020}.json"
    made = _action(first, "metaData") if first.exists() else {}
    return made.get("id")


def _user_metadata(path: Path) -> str | None:
    """Of the action that describes the commit; it is the first one, or among the first."""
    said = _action(path, "commitInfo").get("userMetadata")
    return None if said is None else str(said)


def _action(commit: Path, name: str) -> dict[str, Any]:
    """The first action of a kind in a commit; empty if there is none."""
    with commit.open(encoding="utf-8") as lines:
        for line in lines:
            if f'"{name}"' in line:
                action = json.loads(line)
                if name in action:
                    return dict(action[name])
    return {}
