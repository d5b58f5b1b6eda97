"""Calibrated memberships: by hand, and against what fresh resamples do with planted customers."""

from __future__ import annotations

import numpy as np
import pytest

from segspark.clustering.calibration import resampled, temperature
from segspark.clustering.clusterers import centroids, kmeans
from segspark.clustering.labelling import clusterer_of
from segspark.kernels.membership import shares
from segspark.kernels.partitions import Partition

# Centres of clouds of deviation 1, some of which overlap; a tree's first split is plain.
CLOUDS = {
    "kmeans": ((0.0, 0.0), (2.5, 0.0), (1.2, 2.2)),
    "bisecting": ((0.0, 0.0), (2.5, 0.0), (9.0, 0.0)),
}


def squared_to(points, centres):
    return ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)


def test_the_temperature_is_the_one_with_the_right_odds():
    # One kind of customer, 2 nearer to the first centre, 9 of 10 agree: exp(-2 / t) = 1 / 9.
    assert temperature(np.array([[5.0, 7.0]]), np.array([[9, 1]])) == pytest.approx(2 / np.log(9), rel=1e-3)


def test_the_likelihood_weighs_all_customers_by_their_resamples():
    # Two kinds, both 1 nearer: 3 of 4 and 1 of 1 agree, together 4 of 5.
    squared, counts = np.array([[0.0, 1.0], [6.0, 5.0]]), np.array([[3, 1], [0, 1]])
    assert temperature(squared, counts) == pytest.approx(1 / np.log(4), rel=1e-3)


def test_where_all_agree_or_none_the_temperature_stays_within_reach_of_the_lead():
    squared = np.array([[1.0, 3.0]])
    firm, loose = (temperature(squared, np.array([counts])) for counts in ([10, 0], [0, 10]))
    assert 2 / 100 <= firm < 2 / 10  # 99.99% and more
    assert loose == pytest.approx(2 * 100, rel=1e-2)


def test_a_temperature_scales_with_the_squared_unit():
    squared, counts = np.array([[1.0, 3.0, 8.0]]), np.array([[7, 2, 1]])
    assert temperature(25 * squared, counts) == pytest.approx(25 * temperature(squared, counts), rel=1e-3)


def test_clusters_of_resamples_are_matched_one_to_one_whatever_their_numbers():
    def other_numbers(points, k, seed, weights=None):
        return np.where(points[:, 0] < 5, 2, np.where(points[:, 0] < 15, 0, 1)).astype(np.int64)

    points = np.repeat(np.array([[0.0], [10.0], [20.0]]), 30, axis=0)
    labels = np.repeat([0, 1, 2], 30)
    counts = resampled(points, labels, 3, seed=1, resamples=10, clusterer=other_numbers)
    assert (counts[np.arange(90), labels] == counts.sum(axis=1)).all()
    # n of n points drawn with replacement hold 1 - 1 / e of them.
    assert counts.sum() / 900 == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_the_same_seed_gives_the_same_counts_and_another_other_ones():
    points = np.random.default_rng(3).normal(size=(200, 2))
    labels = kmeans(points, 3, 1)
    one, same, other = (resampled(points, labels, 3, seed, resamples=5) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()


@pytest.fixture(scope="module", params=["kmeans", "bisecting"])
def planted(request):
    """Squared distances, the temperature fitted on some resamples, and what others found."""
    random = np.random.default_rng(1)
    points = np.concatenate([random.normal(centre, 1.0, (200, 2)) for centre in CLOUDS[request.param]])
    clusterer = clusterer_of(request.param, Partition(np.zeros((3, 2))))
    labels = clusterer(points, 3, 1)
    squared = squared_to(points, centroids(points, labels, 3))
    fitted = temperature(squared, resampled(points, labels, 3, 1, resamples=20, clusterer=clusterer))
    return squared, fitted, resampled(points, labels, 3, 2, resamples=60, clusterer=clusterer)


def off(squared, warmth, fresh):
    """How far observed agreement is from membership: the mean over tenths of membership, weighted."""
    told = shares(squared, warmth)
    seen = fresh.sum(axis=1, keepdims=True) * np.ones_like(told)
    tenth = np.minimum((10 * told).astype(int), 9).ravel()
    totals = [np.bincount(tenth, values.ravel(), 10) for values in (seen * told, fresh.astype(float))]
    return np.abs(totals[0] - totals[1]).sum() / seen.sum()


def test_memberships_are_what_fresh_resamples_find_and_those_of_temperature_1_are_not(planted):
    squared, fitted, fresh = planted
    calibrated, plain = off(squared, fitted, fresh), off(squared, 1.0, fresh)
    assert calibrated < 0.01
    assert calibrated < plain / 2


def test_in_every_fifth_of_membership_observed_agreement_is_near(planted):
    squared, fitted, fresh = planted
    told = shares(squared, fitted)
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (told >= low) & (told < low + 0.2 + (low > 0.7))
        seen = (fresh.sum(axis=1, keepdims=True) * np.ones_like(told))[inside]
        agreed = fresh[inside].sum() / seen.sum()
        assert agreed == pytest.approx((told[inside] * seen).sum() / seen.sum(), abs=0.05), low
