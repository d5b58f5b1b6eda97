"""Marks of a figure that say their value to whoever points at them, or comes to them by keyboard."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.collections import PathCollection

from segspark.reporting.labels import clean

_ONE, _EACH = "mark ", "marks "
_DRAWN = ("}use", "}path")


def mark(artist: Artist, words: str, *positions: int | None) -> None:
    """Lets an artist say something, in the name of the segments at some positions of the report.

    >>> from matplotlib.patches import Rectangle
    >>> bar = Rectangle((0, 0), 1, 1)
    >>> mark(bar, "new: 12 customers", 3)
    >>> bar.get_gid()
    'mark 3 new: 12 customers'
    """
    named = ",".join(str(at) for at in positions if at is not None)
    artist.set_gid(f"{_ONE}{named or '-'} {clean(words)}")


def mark_each(points: PathCollection, words: Sequence[str]) -> None:
    """Lets each of some points, in their order, say something."""
    points.set_gid(_EACH + json.dumps([clean(one) for one in words]))


def unfold(element: ET.Element) -> None:
    """Turns the id of a mark, as matplotlib wrote it, into what the page's script looks for.

    >>> element = ET.Element("g", {"id": "mark 3 new: 12 customers"})
    >>> unfold(element)
    >>> element.attrib
    {'class': 'mark', 'data-tip': 'new: 12 customers', 'data-at': '3'}
    """
    written = element.get("id", "")
    if written.startswith(_ONE):
        positions, words = written.removeprefix(_ONE).split(" ", 1)
        del element.attrib["id"]
        _say(element, words)
        if positions != "-":
            element.set("data-at", positions.replace(",", " "))
    elif written.startswith(_EACH):
        del element.attrib["id"]
        defined = {one for defs in element.iter() if defs.tag.endswith("}defs") for one in defs.iter()}
        drawn = [one for one in element.iter() if one.tag.endswith(_DRAWN) and one not in defined]
        for one, words in zip(drawn, json.loads(written.removeprefix(_EACH)), strict=True):
            _say(one, words)


def _say(element: ET.Element, words: str) -> None:
    element.set("class", "mark")
    element.set("data-tip", words)
