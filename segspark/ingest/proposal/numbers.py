"""Numbers: the expression that reads a column as numbers, by how its values are written."""

import re
from dataclasses import replace

from segspark.columns import quoted
from segspark.ingest.proposal.looks import Seen

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_COMMAS = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_THOUSANDS = re.compile(rf"[+-]?\d{{1,3}}(,\d{{3}})+(\.\d+)?|{_NUMBER.pattern}")
_MONEY = re.compile(r"([€$£]|EUR|USD|GBP|CHF)")
_NO_NUMBER = "[^0-9.,+-]"


def as_number(seen: Seen) -> tuple[str, str] | None:
    """How to read a column as numbers, and a remark; None if it does not look like numbers.

    Examples:
        >>> as_number(Seen("p", "string", ("€ 1,200.50",)))
        ("replace(regexp_replace(`p`, '[^0-9.,+-]', ''), ',', '')", 'comma between thousands, currency sign')
    """
    column, signs = quoted(seen.name), ""
    if seen.mostly(_MONEY, inside=True):
        seen = replace(seen, cells=tuple(re.sub(_NO_NUMBER, "", value) for value in seen.values))
        column, signs = f"regexp_replace({column}, '{_NO_NUMBER}', '')", ", currency sign"
    if seen.mostly(_NUMBER):
        return column, f"numbers{signs}"
    if seen.mostly(_THOUSANDS):
        return f"replace({column}, ',', '')", f"comma between thousands{signs}"
    if seen.mostly(_COMMAS):
        return f"replace(replace({column}, '.', ''), ',', '.')", f"decimal comma{signs}"
    return None
