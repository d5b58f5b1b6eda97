"""Colours that stay apart for colour-blind readers, on light and on dark."""

from __future__ import annotations

# Found by a farthest-point search in CIELAB over normal vision and full protan-, deuter- and tritanopia (Machado et
# al. 2009), within the luminances that stand out from both white and near-black: the first eight differ by at least
# 19 in every pair and every kind of sight, all twenty by at least 13. Markers differ too: colour is never alone.
CATEGORICAL = (
    "#3574b8", "#d9782d", "#a01c64", "#40b8dc", "#5840b8", "#d0a07c", "#e84c88", "#7c4c34", "#94c4c4", "#88107c",
    "#c4c428", "#b82810", "#7c70e8", "#ac7040", "#acd058", "#4c7c58", "#a088e8", "#b870ac", "#10dca0", "#881c10",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
OTHER = "#8a8f98"

# Darker than the first two above: on these, at full strength, both dark and light text keep a contrast of 4.5.
ABOVE = "#c8641e"
BELOW = "#2f6db5"
STRONGEST = 0.72
CLIP = 2.0

DARK_BRIGHTNESS = 1.25

# Stand-ins that to_svg turns into CSS variables, so that a page in dark mode can draw them light.
INK = "#1d2433"
MUTED = "#5b6473"
GRID = "#d8dde6"


def segment_colour(position: int) -> str:
    """The colour of the segment at a position of the report; it repeats after twenty.

    >>> segment_colour(0), segment_colour(20)
    ('#3574b8', '#3574b8')
    """
    return CATEGORICAL[position % len(CATEGORICAL)]


def on_dark(colour: str) -> str:
    """The colour a dark page draws instead, just as CSS's brightness(1.25) changes the pixels of a picture.

    >>> on_dark("#5840b8"), on_dark("#e84c88")
    ('#6e50e6', '#ff5faa')
    """
    parts = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{min(255, round(part * DARK_BRIGHTNESS)):02x}" for part in parts)


def variables() -> dict[str, str]:
    """The CSS variable that stands for each colour, with the colour itself where nobody sets it.

    >>> variables()["#3574b8"], variables()[INK]
    ('var(--s0, #3574b8)', 'var(--ink, #1d2433)')
    """
    names = {INK: "ink", MUTED: "muted", GRID: "grid"} | {hue: f"s{n}" for n, hue in enumerate(CATEGORICAL)}
    return {colour: f"var(--{name}, {colour})" for colour, name in names.items()}


def segment_marker(position: int) -> str:
    """The marker of the segment at a position.

    >>> segment_marker(0), segment_marker(11)
    ('o', 's')
    """
    return MARKERS[position % len(MARKERS)]


def clipped(standardised: float) -> float:
    """A standardised difference kept within -2 to 2.

    >>> clipped(3.5), clipped(-0.4)
    (2.0, -0.4)
    """
    return max(-CLIP, min(CLIP, standardised))


def diverging(standardised: float) -> tuple[str, float]:
    """Colour and opacity of a standardised difference: none at 0, strongest at 2 and beyond.

    Opacity instead of paler colours lets the page's own background, light or dark, be the middle.

    >>> diverging(0.0), diverging(-5.0)
    (('#c8641e', 0.0), ('#2f6db5', 0.72))
    """
    side = clipped(standardised)
    return (BELOW if side < 0 else ABOVE, round(STRONGEST * abs(side) / CLIP, 3))
