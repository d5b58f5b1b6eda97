"""Colours against an independent model of colour-blind sight and of contrast."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from segspark.reporting.palette import CATEGORICAL, INK, diverging, segment_colour, segment_marker

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "full": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
DARK_PANEL, DARK_INK = "#181e28", "#e8ebf1"


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colour: str, sight: str) -> np.ndarray:
    seen = np.clip(np.array(SIGHTS[sight]) @ linear(rgb(colour)), 0, 1)
    x, y, z = np.cbrt(np.clip(TO_XYZ @ seen / [0.9505, 1.0, 1.089], 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    lights = sorted(float(TO_XYZ[1] @ linear(values)) + 0.05 for values in (one, other))
    return lights[1] / lights[0]


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("count", "apart"), [(8, 19), (20, 13)])
def test_colours_stay_apart_in_every_kind_of_sight(sight, count, apart):
    seen = [lab(colour, sight) for colour in CATEGORICAL[:count]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= apart


def test_twenty_segments_have_twenty_looks_and_a_position_keeps_its_own():
    looks = [(segment_colour(position), segment_marker(position)) for position in range(20)]
    assert len({colour for colour, _ in looks}) == 20
    assert looks[3] == ("#40b8dc", "D")


def test_the_sign_decides_the_side_and_the_size_the_strength():
    assert diverging(-1.0)[0] != diverging(1.0)[0]
    assert [diverging(z)[1] for z in (0.0, 1.0, 2.0, 9.0)] == [0.0, 0.36, 0.72, 0.72]


@pytest.mark.parametrize(("panel", "ink"), [("#ffffff", INK), (DARK_PANEL, DARK_INK)])
@pytest.mark.parametrize("z", [-2.0, -1.0, 1.0, 2.0])
def test_text_in_a_cell_of_the_heat_map_is_readable_on_light_and_on_dark(panel, ink, z):
    colour, opacity = diverging(z)
    assert contrast(opacity * rgb(colour) + (1 - opacity) * rgb(panel), rgb(ink)) >= 4.5
