"""The digest of a model's files: two folders have the same one only if names and contents are the same."""

import hashlib
from pathlib import Path

from segspark.errors import RefusedError


def digest(folder: Path) -> str:
    r"""SHA-256 over the sorted list of all files, each with the SHA-256 of its content.

    Empty folders count for nothing, and neither do times and permissions: stores keep none of them. The same comes from
    `find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum`.

    Raises:
        RefusedError: something in it is neither a file nor a folder. A link would lead to content that is not covered.

    Examples:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> _ = (folder / "model").write_text("k=3")
        >>> before = digest(folder)
        >>> before
        'sha256:80caacc0661815f0496e92edaa0bd677b533a4a7e906a48902a4bc9b34fa02cd'
        >>> _ = (folder / "model").write_text("k=4")
        >>> digest(folder) == before
        False
    """
    lines = []
    for path in sorted(_files(folder), key=lambda path: _name(path, folder)):
        with path.open("rb") as content:
            lines.append(hashlib.file_digest(content, "sha256").hexdigest().encode() + b"  " + _name(path, folder))
    return "sha256:" + hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def _files(folder: Path) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        # A line break would let one name pass for two lines of the list.
        if path.is_symlink() or not (path.is_file() or path.is_dir()) or "\n" in path.name:
            raise RefusedError(f"a model consists of plain files, and {str(path.relative_to(folder))!r} is none")
        if path.is_file():
            found.append(path)
    return found


def _name(path: Path, folder: Path) -> bytes:
    return path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
