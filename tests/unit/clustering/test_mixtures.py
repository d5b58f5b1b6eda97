"""Mixtures from many components to one, distances between components, and valleys between them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from segspark.clustering.mixtures import bhattacharyya, fitted, from_many_to_one, prior_of
from segspark.clustering.separation import separation
from segspark.clustering.valley import valleys
from segspark.kernels.mixtures import Mixture


def pair(means, spreads, shares=(0.5, 0.5)):
    return Mixture(np.array(shares), np.array(means)[:, None], np.square(spreads)[:, None, None])


@pytest.mark.parametrize(
    ("means", "spreads"), [((0.0, 3.0), (1.0, 1.0)), ((0.0, 0.0), (1.0, 2.0)), ((1, -2), (0.5, 3))]
)
def test_the_distance_is_minus_the_logarithm_of_the_overlap_of_root_densities(means, spreads):
    one, other = (stats.norm(m, s) for m, s in zip(means, spreads, strict=True))
    coefficient = integrate.quad(lambda x: np.sqrt(one.pdf(x) * other.pdf(x)), -40, 40, limit=200)[0]
    assert bhattacharyya(pair(means, spreads)) == pytest.approx([-np.log(coefficient)])


def test_distances_come_in_the_order_of_pairs():
    three = Mixture(np.full(3, 1 / 3), np.array([[0.0], [4.0], [12.0]]), np.ones((3, 1, 1)))
    assert bhattacharyya(three) == pytest.approx([16 / 8, 144 / 8, 64 / 8])


@pytest.fixture(scope="module")
def by_k():
    rng = np.random.default_rng(3)
    covariance = np.array([[1.0, 0.6], [0.6, 1.0]])
    large = rng.multivariate_normal([10.0, 0.0], covariance, size=900)
    small = rng.multivariate_normal([10.0, 6.0], np.eye(2) / 4, size=100)
    return {one.k: one for one in from_many_to_one(np.concatenate([large, small]), 8, seed=1)}


def test_there_is_a_mixture_of_each_number_of_components(by_k):
    assert sorted(by_k) == list(range(1, 9))
    assert all(one.shares.sum() == pytest.approx(1.0) for one in by_k.values())


def test_two_clusters_are_found_with_their_shares_means_and_covariances(by_k):
    small, large = np.argsort(by_k[2].shares)
    assert by_k[2].shares[small] == pytest.approx(0.1, abs=0.002)
    assert by_k[2].means[small] == pytest.approx([10, 6], abs=0.15)  # three standard errors of the mean
    assert by_k[2].means[large] == pytest.approx([10, 0], abs=0.1)
    assert by_k[2].covariances[large] == pytest.approx(np.array([[1, 0.6], [0.6, 1]]), abs=0.15)
    assert by_k[2].covariances[small] == pytest.approx(np.eye(2) / 4, abs=0.12)


def test_one_component_has_the_sample_s_mean_and_nearly_its_covariance(by_k):
    # 0.9 · 0.1 · (0, 6)² and the clusters' own: variances of 0.925 and 0.925 + 3.24.
    assert by_k[1].means[0] == pytest.approx([10, 0.6], abs=0.15)
    assert np.diag(by_k[1].covariances[0]) == pytest.approx([0.925, 4.165], rel=0.1)


def test_points_that_stand_for_several_customers_count_as_often():
    rng = np.random.default_rng(5)
    points = np.concatenate([rng.normal(-3, 1, (60, 2)), rng.normal(3, 2, (40, 2))])
    counts = rng.integers(1, 5, 100).astype(float)
    start = np.eye(2)[(points[:, 0] > 0).astype(int)]
    prior = prior_of(points, np.ones(100), 2)
    _, weighted = fitted(points, counts, start, prior)
    _, repeated = fitted(*(np.repeat(one, counts.astype(int), axis=0) for one in (points, np.ones(100), start)), prior)
    for name in ("shares", "means", "covariances"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), abs=1e-9), name


def test_customers_with_the_very_same_values_leave_every_covariance_positive():
    points = np.concatenate([np.zeros((300, 2)), np.random.default_rng(2).normal(4, 1, (100, 2))])
    start = np.eye(2)[(points[:, 0] > 0).astype(int)]
    _, mixture = fitted(points, np.ones(400), start, prior_of(points, np.ones(400), 2), steps=200, tolerance=0.0)
    assert mixture.shares == pytest.approx([0.75, 0.25], abs=0.01)
    # The prior alone: p + 2 = 4 customers of the sample's covariance, halved (K = 2, p = 2), among 306.
    own = np.cov(points.T) / 2
    assert mixture.covariances[0] == pytest.approx(own / 304, rel=0.05)


def test_members_are_those_of_the_highest_density():
    mixture = pair((0.0, 3.0), (1.0, 0.5), (0.8, 0.2))
    values = np.linspace(-3, 6, 50)
    densities = np.stack([0.8 * stats.norm(0, 1).pdf(values), 0.2 * stats.norm(3, 0.5).pdf(values)])
    assert (mixture.assigned(mixture.log_joint(values[:, None])) == densities.argmax(axis=0)).all()


def test_a_tiny_component_is_never_separate():
    assert separation(pair((0.0, 9.0), (1.0, 1.0), (0.981, 0.019)), 10_000) == 0.0


def test_near_components_are_never_separate_however_many_customers():
    assert separation(pair((0.0, 2.0), (1.0, 1.0)), 1_000_000) == 0.0  # distance 1/2


def test_separation_grows_with_the_root_of_the_smaller_s_customers():
    mixture = pair((0.0, 4.0), (1.0, 1.0), (0.25, 0.75))  # distance 2, so 2 · sqrt(n / 4)
    assert [separation(mixture, n) for n in (4, 16, 100)] == pytest.approx([2, 4, 10])


def test_the_valley_of_two_normal_clusters_is_that_of_their_density():
    rng = np.random.default_rng(1)
    points = np.append(rng.normal(size=20_000), rng.normal(4, 1, size=20_000))[:, None]
    # Density in the middle by that at a centre: 2 φ(2) / (φ(0) + φ(4)); the kernel's smoothing adds a little.
    expected = 2 * stats.norm.pdf(2) / (stats.norm.pdf(0) + stats.norm.pdf(4))
    assert valleys(pair((0.0, 4.0), (1.0, 1.0)), points) == pytest.approx([expected, expected], abs=0.03)


def test_a_core_and_its_tails_have_no_valley():
    rng = np.random.default_rng(1)
    points = np.append(rng.normal(size=500), rng.normal(0.1, 4, size=500))[:, None]
    assert valleys(pair((0.0, 0.1), (1.0, 4.0)), points).min() > 0.98
