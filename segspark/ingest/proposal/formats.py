"""Formats: how files are read and what their sources are called, by their names and first lines."""

import csv
import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from segspark.ingest.proposal.looks import words

_EXTENSIONS = {
    "csv": "csv", "tsv": "csv", "txt": "csv", "json": "json", "jsonl": "json", "ndjson": "json", "parquet": "parquet",
}  # fmt: skip
_SEPARATORS = (",", ";", "\t", "|")
_MARKS = ("_delta_log", "_SUCCESS")
_PART = re.compile(r"part-|[^.=]+=")


def named_format(path: str) -> str | None:
    """The format that a file's extensions name; None if they name none.

    Examples:
        >>> named_format("in/orders.2025.CSV.gz"), named_format("orders.xlsx")
        ('csv', None)
    """
    suffixes = [suffix.lstrip(".").lower() for suffix in Path(path).suffixes]
    return next((_EXTENSIONS[suffix] for suffix in reversed(suffixes) if suffix in _EXTENSIONS), None)


def one_table(names: Iterable[str]) -> bool:
    """Whether a folder with these names in it is a single table: Delta's, or what Spark writes.

    Examples:
        >>> one_table(["_SUCCESS", "part-00000.parquet"]), one_table(["day=2025-01-01"]), one_table(["orders.csv"])
        (True, True, False)
    """
    return any(name in _MARKS or _PART.match(name) for name in names)


def text_format(lines: Sequence[str]) -> str:
    """The format of a text file, json or csv, by its first lines; one at least is not blank.

    Examples:
        >>> text_format(['{"id": 1}', '{"id": 2}']), text_format(["id;day", "1;2"])
        ('json', 'csv')
    """
    first = _first(lines)
    return "json" if first.startswith("[") or first.strip() == "{" or _is_object(first) else "csv"


def text_options(format_: str, lines: Sequence[str]) -> dict[str, str]:
    """What a reader of json or csv must be told, by the file's first lines.

    Examples:
        >>> text_options("csv", ["id;name", '1;"Ada', 'Lovelace"'])
        {'sep': ';', 'multiLine': 'true'}
        >>> text_options("json", ["[", '{"id": 1}'])
        {'multiLine': 'true'}
    """
    if format_ == "csv":
        return _csv_options([line for line in lines if line.strip()])
    return {} if _is_object(_first(lines)) else {"multiLine": "true"}


def source_name(path: str, taken: Container[str]) -> str:
    """A plain name after a file's, not taken yet.

    Examples:
        >>> source_name("in/Verkäufe 2025.csv", ()), source_name("in/2025.csv", ()), source_name("a.csv", {"a", "a_2"})
        ('verkaeufe_2025', 'source_2025', 'a_3')
    """
    plain = "_".join(words(Path(path.rstrip("/")).name.split(".")[0]))[:50]
    name = unique = plain if re.match(r"[a-z]", plain) else f"source_{plain}".rstrip("_")
    number = 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _first(lines: Sequence[str]) -> str:
    """The first line that is not blank, without a byte-order mark."""
    return next(line for line in lines if line.strip()).lstrip("\ufeff \t")


def _is_object(line: str) -> bool:
    """Whether a line is a whole JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _csv_options(lines: Sequence[str]) -> dict[str, str]:
    """The separator, quoted line breaks, an older encoding."""
    separator = max(_SEPARATORS, key=lambda separator: _alike(lines, separator))
    options = {} if separator == "," else {"sep": separator}
    if any(line.count('"') % 2 for line in lines):
        options["multiLine"] = "true"
    if any("\ufffd" in line for line in lines):
        options["encoding"] = "ISO-8859-1"  # Spark reads no windows-1252
    return options


def _alike(lines: Sequence[str], separator: str) -> tuple[int, bool, int]:
    """How many lines a separator splits into equally many fields, none if into one; whether the first; how many."""
    usual = csv.field_size_limit(sum(map(len, lines)) + len(lines))  # a field may be longer than its 131,072
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
    finally:
        csv.field_size_limit(usual)
    fields, alike = Counter(counts).most_common(1)[0]
    return (alike if fields > 1 else 0, counts[0] == fields, fields)
