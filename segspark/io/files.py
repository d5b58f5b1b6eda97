"""Files of text: written whole or not at all, and read as they are."""

import os
import tempfile
from pathlib import Path

from segspark.errors import BadInputError


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file through a temporary one beside it, so that no reader sees half of it.

    Raises:
        BadInputError: the folder cannot be written to.

    Examples:
        >>> import tempfile
        >>> write_text(Path(tempfile.mkdtemp()) / "new" / "page.html", "hello").read_text()
        'hello'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(target)
    except OSError as error:
        raise BadInputError([f"{target}: cannot be written: {error.strerror}; choose another place"]) from error
    return target


def read_text(path: str | Path) -> str:
    """A text file as it is, ends of lines included; empty where there is none.

    Raises:
        BadInputError: it cannot be read, or is not UTF-8.

    Examples:
        >>> read_text("/no/such/file")
        ''
    """
    source = Path(path)
    try:
        with source.open(encoding="utf-8", newline="") as found:
            return found.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError([f"{source}: cannot be read as text in UTF-8: {error}"]) from error
