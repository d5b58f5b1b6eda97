"""A figure as text for a page (SVG) or as bytes for a file (PNG), the same every time."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

from segspark.reporting.marks import unfold
from segspark.reporting.palette import variables
from segspark.reporting.style import style

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_HREF = f"{{{_XLINK}}}href"
_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_VARIABLES = variables()
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FONT_FAMILY = re.compile(r"'DejaVu Sans'[^;]*")
_WIDEST_PER_INCH = 110  # CSS pixels: an inch is 96, and a little more is still pleasant to read


def to_svg(figure: Figure) -> str:
    """The figure as one <svg> element to stand inline in a page, beside others.

    It fills its box up to a little over its natural width and keeps its proportions; its ids start with the
    figure's name; marks keep what they say (see `marks`); text stays text, in the page's font; colours follow the
    page's variables where it sets them (see `palette.variables`).
    """
    root = ET.fromstring(_saved(figure, "svg", 200, "none", _METADATA))  # noqa: S314 - matplotlib's own writing
    name = figure.get_gid() or "figure"
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}]:
            parent.remove(child)
    for element in root.iter():
        _rewrite(element, f"{name}-")
    _frame(root, str(figure.get_label()), figure.get_figwidth() * _WIDEST_PER_INCH)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode")


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG on white, 144 dots an inch."""
    return _saved(figure, "png", 144, "white", {"Software": None})


def _saved(figure: Figure, kind: str, dpi: int, background: str, metadata: dict[str, None]) -> bytes:
    target = io.BytesIO()
    with style(), warnings.catch_warnings():
        # A name may hold letters that matplotlib's own font lacks; the reader's browser has them.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        figure.savefig(target, format=kind, dpi=dpi, facecolor=background, metadata=metadata)
    return target.getvalue()


def _rewrite(element: ET.Element, prefix: str) -> None:
    """Makes ids the figure's own, and colours and fonts the page's."""
    unfold(element)
    if "id" in element.attrib:
        element.set("id", prefix + element.attrib["id"])
    if element.get(_HREF, "").startswith("#"):
        element.set(_HREF, "#" + prefix + element.attrib[_HREF][1:])
    for key, value in element.attrib.items():
        if key in {"style", "fill", "stroke", "clip-path"}:
            element.set(key, _restyled(value, prefix))


def _restyled(value: str, prefix: str) -> str:
    value = _FONT_FAMILY.sub("system-ui, sans-serif", value)
    value = _COLOUR.sub(lambda found: _VARIABLES.get(found[0], found[0]), value)
    return value.replace("url(#", "url(#" + prefix)


def _frame(root: ET.Element, title: str, width: float) -> None:
    """Gives the outermost element its role, its title and a size that follows the page."""
    for absolute in ("width", "height", "id"):
        root.attrib.pop(absolute, None)
    root.set("role", "img")
    root.set("aria-label", title)
    root.set("width", "100%")
    # matplotlib's style sheet would reach the whole page; its two settings are inherited from here instead.
    root.set("style", f"max-width: {width:.0f}px; stroke-linejoin: round; stroke-linecap: butt")
    heading = ET.Element(f"{{{_SVG}}}title")
    heading.text = title
    root.insert(0, heading)
