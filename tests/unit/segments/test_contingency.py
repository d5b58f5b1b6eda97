"""Agreement from the table alone equals scikit-learn's from the customers; resamples vary as customers do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sklearn.metrics.cluster import expected_mutual_information as of_scikit_learn

from segspark.kernels.agreement import adjusted_rand
from segspark.segments.contingency import (
    Contingency,
    adjusted_mutual_information,
    expected_mutual_information,
    jaccard,
    resampled,
    share_changes,
)

LABELS = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n) for _ in range(2)])
)


def table_of(one, other) -> np.ndarray:
    counts = np.zeros((max(one) + 1, max(other) + 1))
    np.add.at(counts, (list(one), list(other)), 1)
    return counts


@settings(deadline=None, max_examples=150)
@given(LABELS)
def test_agreement_of_a_table_is_scikit_learn_s_of_the_labels(labels):
    table = table_of(*labels)
    assert float(adjusted_rand(table)) == pytest.approx(adjusted_rand_score(*labels), abs=1e-12)
    ami = float(adjusted_mutual_information(table, expected_mutual_information(table)))
    assert ami == pytest.approx(adjusted_mutual_info_score(*labels), abs=1e-9)


def test_the_expected_information_of_many_customers_is_scikit_learn_s():
    table = np.array([[4000.0, 1200.0, 30.0], [900.0, 7000.0, 4.0], [0.0, 500.0, 2500.0]])
    known = of_scikit_learn(table.astype(np.int64), int(table.sum()))
    assert expected_mutual_information(table) == pytest.approx(known, rel=1e-9)


def test_of_ten_million_customers_it_is_what_chi_square_says_and_takes_no_arrays_of_them():
    table = np.full((4, 5), 500_000.0)
    # Twice n times the mutual information is chi-square with 3 * 4 degrees of freedom.
    assert expected_mutual_information(table) == pytest.approx(12 / (2 * 1e7), rel=1e-3)


def test_entries_and_exits_count_in_the_similarity_of_a_segment_but_not_in_who_is_of_both_dates():
    table = Contingency.of([("a", "a", 30), ("a", "b", 10), ("b", "b", 50), ("a", "", 5), ("", "b", 15)])
    assert table.sizes_before == {"a": 45, "b": 50}
    assert table.sizes_after == {"a": 30, "b": 75}
    counts = table.counts.astype(float)
    assert jaccard(table, counts).tolist() == pytest.approx([30 / 45, 50 / 75])
    assert share_changes(table, counts).tolist() == pytest.approx([30 / 105 - 45 / 95, 75 / 105 - 50 / 95])


def test_a_segment_of_one_date_alone_has_the_size_0_at_the_other():
    table = Contingency.of([("old", "new", 7)])
    assert table.segment_ids == ("new", "old")
    assert table.sizes_before == {"new": 0, "old": 7}
    assert jaccard(table, table.counts.astype(float)).tolist() == [0.0, 0.0]


def test_resamples_of_the_table_spread_as_resamples_of_the_customers():
    """The bootstrap by customers, made here the long way, has the same mean and spread of the index."""
    rows = [("a", "a", 300), ("a", "b", 60), ("b", "b", 400), ("b", "a", 40), ("c", "c", 200)]
    table = Contingency.of(rows)
    short = adjusted_rand(resampled(table, seed=3)[:, :-1, :-1])
    one, other = (np.repeat(["abc".index(row[end]) for row in rows], [row[2] for row in rows]) for end in (0, 1))
    random = np.random.default_rng(4)
    long = []
    for _ in range(400):
        drawn = random.integers(len(one), size=len(one))
        long.append(adjusted_rand_score(one[drawn], other[drawn]))
    assert short.mean() == pytest.approx(np.mean(long), abs=0.003)
    assert short.std() == pytest.approx(np.std(long), rel=0.15)


def test_the_same_seed_draws_the_same_and_another_one_does_not():
    table = Contingency.of([("a", "a", 30), ("a", "b", 10)])
    assert (resampled(table, seed=1) == resampled(table, seed=1)).all()
    assert (resampled(table, seed=1) != resampled(table, seed=2)).any()
