"""Looks: what was seen of a file and of its columns, before anything is made of it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST = 0.9  # share of values that must look alike: the rest is quarantined, row by row


@dataclass(frozen=True)
class Seen:
    """What was seen of a column.

    Attributes:
        type: its Spark type; everything of a CSV file is string.
        cells: the first rows' values as text, None for null; aligned with the other columns' unless `joined`.
        joined: whether it comes from another file, so that its values repeat here in ways not seen.

    Examples:
        >>> Seen("no", "string", ("1", "2", None)).unique, Seen("no", "string", ("1", "2")).unique
        (False, True)
    """

    name: str
    type: str
    cells: tuple[str | None, ...]
    joined: bool = False

    @property
    def values(self) -> list[str]:
        """The values that say something."""
        return [cell.strip() for cell in self.cells if cell is not None and cell.strip()]

    @property
    def unique(self) -> bool:
        """Whether each row seen has a value of its own."""
        return not self.joined and 0 < len(self.cells) == len(set(self.values))

    @property
    def few(self) -> bool:
        """Whether these are few distinct short words."""
        distinct = set(self.values)
        return 0 < len(distinct) <= 20 and max(map(len, distinct)) <= 40

    @property
    def nested(self) -> bool:
        """Whether it has parts of its own."""
        return self.type.startswith(("struct", "array", "map", "variant", "binary"))

    def mostly(self, pattern: re.Pattern[str], inside: bool = False) -> bool:
        r"""Whether nearly all values match a pattern: as a whole, or with a part `inside` them.

        Examples:
            >>> Seen("no", "string", ("1", "2", "x")).mostly(re.compile(r"\d"))
            False
            >>> Seen("price", "string", ("5 €", "7 €")).mostly(re.compile("€"), inside=True)
            True
        """
        values = self.values
        matched = sum(bool(pattern.search(value) if inside else pattern.fullmatch(value)) for value in values)
        return bool(values) and matched >= MOST * len(values)


@dataclass(frozen=True)
class Look:
    """What was seen of a file or folder, and how the configuration names it.

    Attributes:
        name: of the source; lower-case letters, digits and _.
        options: of the reader, beside segspark's own.
    """

    name: str
    format: str
    path: str
    columns: tuple[Seen, ...]
    options: Mapping[str, str] = field(default_factory=dict)


def squashed(name: str) -> str:
    """A name without case, punctuation and accents.

    Examples:
        >>> squashed("Kunden-Nr."), squashed("GesamtStückzahl")
        ('kundennr', 'gesamtstueckzahl')
    """
    lower = name.lower()
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        lower = lower.replace(letter, plain)
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", lower))


def words(name: str) -> list[str]:
    """The words of a name, each squashed.

    Examples:
        >>> words("Verkäufe_2025 (neu)")
        ['verkaeufe', '2025', 'neu']
    """
    parts = (squashed(part) for part in re.split(r"[^0-9A-Za-zÀ-ÿ]+|_", name))
    return [part for part in parts if part]
