"""PSI by hand: bins, unknown values, smoothing, and how it varies where nothing changed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from segspark.segments.comparison import feature_measures, profile_measures
from segspark.segments.profiles import Profile
from segspark.segments.stability_index import Bins, resampled_index, stability_index


def test_deciles_of_different_values_make_ten_bins_of_a_tenth():
    values = pd.Series(np.arange(1000.0))
    bins = Bins.of(values)
    assert bins.counts(values).tolist() == [100] * 10 + [0]


def test_a_value_that_many_have_makes_one_bin_of_its_own():
    values = pd.Series([0.0] * 60 + list(np.arange(1.0, 41.0)))
    assert Bins.of(values).counts(values)[0] == 60


def test_the_index_is_what_a_calculation_by_hand_gives():
    before, after = [90, 10], [50, 50]
    p, q = [90.5 / 101, 10.5 / 101], [50.5 / 101, 50.5 / 101]
    wanted = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert float(stability_index(before, after)) == pytest.approx(wanted)


def test_an_empty_bin_is_no_infinity():
    assert 0 < float(stability_index([100, 0], [90, 10])) < 1


def test_values_that_became_unknown_are_a_change():
    before = pd.DataFrame({"x": np.arange(100.0)})
    after = before.where(before["x"] < 60)
    (one,), counts = feature_measures(before, after, seed=1)
    assert counts["x"][:, -1].tolist() == [0, 40]
    assert one.value > 0.25


def test_where_nothing_changed_the_index_varies_as_chi_square_says():
    """(1/n + 1/m) chi-square with bins - 1 degrees of freedom (Yurdakul & Naranjo 2020)."""
    random = np.random.default_rng(1)
    found = [
        float(stability_index(random.multinomial(2000, [0.1] * 10), random.multinomial(1000, [0.1] * 10)))
        for _ in range(500)
    ]
    assert np.mean(found) == pytest.approx((1 / 2000 + 1 / 1000) * 9, rel=0.1)
    drawn = resampled_index(np.full(10, 200), np.full(10, 100), seed=2)
    assert drawn.std() == pytest.approx(np.std(found), rel=0.15)


def test_texts_are_binned_by_their_frequent_values_and_all_others_are_one_bin():
    before = pd.Series([f"v{n:02d}" for n in range(12) for _ in range(20 - n)] + [None])
    bins = Bins.of(before)
    assert bins.levels == tuple(f"v{n:02d}" for n in range(10))
    assert bins.counts(pd.Series(["v00", "v11", "new", None])).tolist() == [1] + [0] * 9 + [2, 1]


def test_a_profile_s_shift_is_in_standard_deviations_of_both_dates_pooled():
    then = [Profile("s", "x", 100, 4.0, 5.0, 3.0), Profile("t", "x", 100, 6.0, 5.0, 3.0)]
    now = [Profile("s", "x", 300, 9.0, 5.0, 4.0), Profile("new", "x", 100, 6.0, 5.0, 4.0)]
    (one,) = profile_measures(then, now)
    pooled = math.sqrt((200 * 9 + 400 * 16) / 600)
    assert (one.name, one.value) == ("s/x", pytest.approx(5 / pooled))
    assert one.error == pytest.approx(math.sqrt(1 / 100 + 1 / 300))
    assert one.upper - one.lower == pytest.approx(2 * 1.959964 * one.error)
