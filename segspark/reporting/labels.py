"""Names given by people, made safe to draw: one line, no control characters, no more than fits."""

from __future__ import annotations

import textwrap
import unicodedata

_NONCHARACTERS = frozenset("\ufffe\uffff")
# Direction overrides and isolates can make a label read as something else than it says.
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    r"""A label on one line, without the characters that XML forbids or that turn the direction of reading.

    >>> clean("big\nspenders\x00 <b>") == "big spenders\ufffd <b>"
    True
    """
    return " ".join("".join(_safe(character) for character in text).split())


def clean_lines(text: str) -> str:
    r"""The same of a text of several lines, which stay lines, with the blanks at their beginnings.

    >>> clean_lines("a\x00\n  b ") == "a\ufffd\n  b"
    True
    """
    return "\n".join("".join(_safe(character) for character in line).rstrip() for line in text.splitlines())


def shortened(text: str, length: int = 28) -> str:
    """A clean label of at most `length` characters, for where there is no room to wrap.

    >>> shortened("customers who buy only on Sundays", 16)
    'customers who b…'
    """
    whole = clean(text)
    return whole if len(whole) <= length else whole[: length - 1].rstrip() + "…"


def wrapped(text: str, width: int, lines: int) -> str:
    r"""A clean label broken into at most so many lines of about `width` characters.

    >>> wrapped("days since last order", 12, 3)
    'days since\nlast order'
    """
    return "\n".join(textwrap.wrap(clean(text), width, max_lines=lines, placeholder=" …"))


def _safe(character: str) -> str:
    if character.isspace():
        return " "
    forbidden = unicodedata.category(character) in {"Cc", "Cs"} or character in _NONCHARACTERS | _BIDI_CONTROLS
    return "\ufffd" if forbidden else character
