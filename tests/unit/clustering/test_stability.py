"""Bootstrap Jaccard, by hand and where the answer is plain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.clustering.clusterers import kmeans
from segspark.clustering.stability import bootstrap_jaccard, jaccard, normal_like, null_jaccard, words


def normal(*centres, n=50, scale=1.0, seed=3):
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(centre, scale, size=(n, len(centre))) for centre in centres])


def test_similarities_are_shares_of_the_union():
    # A = {0,1,2}, B = {3,4}; found C = {0,1}, D = {2,3,4}. A,C: 2 of 3; A,D: 1 of 5; B,C: 0; B,D: 2 of 3.
    found = jaccard(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 2)
    assert found == pytest.approx(np.array([[2 / 3, 1 / 5], [0, 2 / 3]]))


def test_an_empty_cluster_is_similar_to_nothing():
    assert jaccard(np.array([0, 0]), np.array([1, 1]), 3).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=20))
def test_weights_are_repeats(rows):
    labels, others, weights = np.array(rows).T
    repeated = jaccard(np.repeat(labels, weights), np.repeat(others, weights), 3)
    assert jaccard(labels, others, 3, weights.astype(float)) == pytest.approx(repeated)


def test_clouds_far_apart_always_come_back_and_two_halves_of_one_do_not():
    # Three clouds asked to be four: the wide one is cut in two, each time elsewhere; the other two stay.
    points = np.concatenate([normal((0, 0), (60, 0)), normal((0, 60), n=100, scale=6.0)])
    labels = kmeans(points, 4, 1)
    found = bootstrap_jaccard(points, labels, 4, seed=1, resamples=30)
    one, other = labels[0], labels[50]
    halves = [cluster for cluster in range(4) if cluster not in (one, other)]
    assert (found.jaccard[one], found.jaccard[other]) == (1.0, 1.0)
    assert max(found.jaccard[cluster] for cluster in halves) < 0.8


def test_numbers_of_clusters_do_not_matter():
    points = normal((0, 0), (4, 0))
    labels = kmeans(points, 2, 1)
    one, other = (bootstrap_jaccard(points, given, 2, seed=1, resamples=10) for given in (labels, 1 - labels))
    assert one.jaccard == other.jaccard[::-1] and one.dissolved_share == other.dissolved_share[::-1]


def test_a_cluster_is_dissolved_where_no_new_one_shares_more_than_half():
    def one_cluster(points, k, seed, weights=None):
        return np.zeros(len(points), dtype=np.int64)

    # All points together as one: of 90 to 10, the large one has 0.9 of the union, the small one 0.1.
    points, labels = np.zeros((1000, 1)), np.repeat([0, 1], [900, 100])
    found = bootstrap_jaccard(points, labels, 2, seed=1, resamples=20, clusterer=one_cluster)
    assert found.jaccard == pytest.approx((0.9, 0.1), abs=0.01)
    assert found.dissolved_share == (0.0, 1.0)


def test_weights_reach_the_clusterer_and_the_similarity():
    seen = []

    def one_cluster(points, k, seed, weights=None):
        seen.append((len(points), weights))
        return np.zeros(len(points), dtype=np.int64)

    weights = np.repeat([1.0, 9.0], 500)
    found = bootstrap_jaccard(
        np.zeros((1000, 1)), np.repeat([0, 1], 500), 2, seed=1, resamples=20, clusterer=one_cluster, weights=weights
    )
    assert found.jaccard == pytest.approx((0.1, 0.9), abs=0.01)
    assert all(len(given) == n and set(given) == {1.0, 9.0} for n, given in seen)


def test_a_resample_is_drawn_with_replacement_and_counts_nobody_twice():
    sizes = []

    def counting(points, k, seed, weights=None):
        sizes.append(len(np.unique(points)))
        assert len(np.unique(points)) == len(points)
        return np.zeros(len(points), dtype=np.int64)

    bootstrap_jaccard(np.arange(1000.0)[:, None], np.zeros(1000, int), 1, seed=1, resamples=20, clusterer=counting)
    assert np.mean(sizes) == pytest.approx(1000 * (1 - np.exp(-1)), rel=0.02)


def test_a_long_cloud_is_cut_stably_and_so_is_its_null():
    # Why the figure alone proves nothing: one cloud, high figures, and the same without any structure.
    points = np.random.default_rng(1).normal(size=(400, 2)) * [10, 1]
    own = bootstrap_jaccard(points, kmeans(points, 2, 1), 2, seed=1, resamples=20).jaccard
    null = null_jaccard(lambda seed: normal_like(points, seed), 2, seed=7, nulls=3, resamples=20)
    assert min(own) > 0.85
    assert sorted(own) == pytest.approx(null, abs=0.08)


def test_clusters_are_well_above_their_null():
    points = normal((0, 0), (9, 0), (0, 9), (9, 9))
    own = bootstrap_jaccard(points, kmeans(points, 4, 1), 4, seed=1, resamples=20).jaccard
    null = null_jaccard(lambda seed: normal_like(points, seed), 4, seed=7, nulls=3, resamples=20)
    assert list(null) == sorted(null)
    assert min(own) > 0.95 > 0.85 > null[0]


def test_the_null_has_mean_and_covariance_of_the_points():
    points = np.random.default_rng(1).exponential(size=(300, 3)) @ np.array([[2.0, 1, 0], [0, 1, 1], [0, 0, 3]]) + 5
    null = normal_like(points, seed=1, n=200_000)
    assert null.mean(axis=0) == pytest.approx(points.mean(axis=0), abs=0.05)
    assert np.cov(null.T) == pytest.approx(np.cov(points.T, ddof=0), abs=0.15)
    assert normal_like(points, seed=1).shape == points.shape


def test_the_null_of_weighted_points_is_that_of_repeated_ones():
    points, weights = np.array([[0.0, 1.0], [3.0, 1.5], [5.0, 9.0]]), np.array([1, 4, 2])
    repeated = normal_like(np.repeat(points, weights, axis=0), seed=1, n=5)
    assert normal_like(points, seed=1, n=5, weights=weights) == pytest.approx(repeated)


def test_a_single_column_has_a_null_too():
    assert normal_like(np.array([[0.0], [2.0]]), seed=1, n=100_000).std() == pytest.approx(1.0, abs=0.02)


def test_the_same_seed_gives_the_same_and_another_another():
    points = normal((0, 0), (3, 0))
    labels = kmeans(points, 3, 1)
    one = bootstrap_jaccard(points, labels, 3, seed=1, resamples=5)
    assert bootstrap_jaccard(points, labels, 3, seed=1, resamples=5) == one
    assert bootstrap_jaccard(points, labels, 3, seed=2, resamples=5) != one


@pytest.mark.parametrize(
    ("similarity", "said"),
    [(1.0, "highly stable"), (0.849, "valid"), (0.75, "valid"), (0.749, "doubtful"), (0.599, "not to be trusted")],
)
def test_figures_are_put_into_hennig_s_words(similarity, said):
    assert words(similarity) == said
