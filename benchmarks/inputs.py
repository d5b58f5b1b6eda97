"""Inputs that a benchmark generates: whether those that are there are the ones asked for, and reading them once."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def code(*files: str | None) -> str:
    """A hash of what generates: with other code the files would be others."""
    return hashlib.sha256(b"".join(Path(str(file)).read_bytes() for file in files)).hexdigest()[:16]


def read_all(paths: Iterable[Path]) -> float:
    """Megabytes of the files; afterwards they are in the page cache for everyone."""
    read = 0
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(2**24):
                read += len(block)
    return read / 1e6
