"""The choice among candidates: the rule, its ties, its refusals and its words."""

from __future__ import annotations

import pytest

from segspark.clustering.candidates import Candidate, candidates
from segspark.clustering.choice import choose, structure
from segspark.clustering.evaluation import Evaluation
from segspark.config.model import Clustering, Manageable, Tried
from segspark.errors import RefusedError

SETTINGS = Clustering(manageable=Manageable(min=3, max=5), smallest_share=0.1)


def measured(algorithm, k, silhouette, sizes=None):
    sizes = sizes or (10,) * k
    return Evaluation(Candidate(algorithm, k, 42), 0.1, tuple(sizes), silhouette, None, silhouette, cost=1.0)


def chosen(*evaluations, settings=SETTINGS):
    return choose(evaluations, settings).chosen.candidate.label


def test_the_grid_has_every_algorithm_with_every_k():
    found = candidates(Clustering(algorithms=["gmm", "kmeans"], k=Tried(min=4, max=6), seed=3))
    assert [(one.algorithm, one.k, one.seed) for one in found] == [
        ("gmm", 4, 3),
        ("gmm", 5, 3),
        ("gmm", 6, 3),
        ("kmeans", 4, 3),
        ("kmeans", 5, 3),
        ("kmeans", 6, 3),
    ]


def test_the_highest_silhouette_is_chosen():
    assert chosen(measured("kmeans", 3, 0.4), measured("gmm", 4, 0.6), measured("kmeans", 5, 0.5)) == "gmm k=4 seed=42"


def test_a_higher_silhouette_outside_the_manageable_range_is_not_chosen():
    found = choose([measured("kmeans", 2, 0.9), measured("kmeans", 3, 0.4), measured("kmeans", 6, 0.8)], SETTINGS)
    assert found.chosen.candidate.k == 3
    assert found.reasons[Candidate("kmeans", 2, 42)] == "k=2 is outside the manageable range 3 to 5"


@pytest.mark.parametrize("k", [3, 5])
def test_the_ends_of_the_manageable_range_belong_to_it(k):
    assert chosen(measured("kmeans", k, 0.4)) == f"kmeans k={k} seed=42"


def test_equal_silhouettes_go_to_the_smaller_k():
    assert chosen(measured("kmeans", 5, 0.6), measured("gmm", 4, 0.6)) == "gmm k=4 seed=42"


def test_equal_silhouettes_at_one_k_go_to_the_algorithm_configured_first():
    settings = SETTINGS.model_copy(update={"algorithms": ["gmm", "kmeans"]})
    assert chosen(measured("kmeans", 4, 0.6), measured("gmm", 4, 0.6), settings=settings) == "gmm k=4 seed=42"


def test_a_candidate_that_lost_by_a_tie_is_not_called_worse():
    found = choose([measured("kmeans", 4, 0.6), measured("kmeans", 5, 0.6)], SETTINGS)
    assert "below" not in found.reasons[Candidate("kmeans", 5, 42)]


def test_a_candidate_with_a_tiny_cluster_is_not_chosen():
    # 9 of 100 is below 10%
    found = choose([measured("kmeans", 3, 0.9, (9, 51, 40)), measured("kmeans", 4, 0.3)], SETTINGS)
    assert found.chosen.candidate.k == 4
    assert found.reasons[Candidate("kmeans", 3, 42)] == "its smallest cluster has 9.0%, below 10%"


def test_a_cluster_of_exactly_the_smallest_share_is_large_enough():
    assert chosen(measured("kmeans", 3, 0.9, (10, 50, 40)), measured("kmeans", 4, 0.3)) == "kmeans k=3 seed=42"


def test_an_empty_cluster_counts_as_tiny():
    assert chosen(measured("kmeans", 3, 0.9, (0, 60, 40)), measured("kmeans", 4, 0.3)) == "kmeans k=4 seed=42"


def test_a_candidate_without_a_silhouette_is_not_chosen():
    found = choose([measured("gmm", 3, None), measured("kmeans", 4, -0.1)], SETTINGS)
    assert found.chosen.candidate.k == 4
    assert found.reasons[Candidate("gmm", 3, 42)] == "fewer than two clusters have members"


def test_when_nobody_is_eligible_the_choice_is_refused_with_every_reason():
    with pytest.raises(RefusedError) as caught:
        choose([measured("kmeans", 2, 0.9), measured("gmm", 3, 0.9, (1, 60, 39))], SETTINGS)
    assert caught.value.exit_code == 3
    said = str(caught.value)
    assert "nothing was published" in said
    assert "kmeans k=2 seed=42: k=2 is outside" in said
    assert "gmm k=3 seed=42: its smallest cluster has 1.0%" in said


def test_every_candidate_gets_a_reason_and_one_is_chosen():
    tried = [measured("kmeans", k, k / 10) for k in (2, 3, 4, 5)]
    reasons = choose(tried, SETTINGS).reasons
    assert set(reasons) == {one.candidate for one in tried}
    assert [one.k for one, why in reasons.items() if why.startswith("chosen")] == [5]


def test_the_verdict_says_what_was_compared():
    found = choose([measured("kmeans", 3, 0.612), measured("kmeans", 4, 0.4), measured("kmeans", 9, 0.9)], SETTINGS)
    assert found.verdict == (
        "kmeans with k=3 has the highest mean silhouette (Euclidean, 0.612) of the 2 candidates with 3 to 5 clusters, "
        "each of at least 10% of customers: a reasonable structure."
    )


# Kaufman & Rousseeuw 1990, table 4: 0.71-1.00 strong, 0.51-0.70 reasonable, 0.26-0.50 weak, up to 0.25 nothing.
@pytest.mark.parametrize(
    ("silhouette", "begins"),
    [
        (1.0, "a strong"),
        (0.71, "a strong"),
        (0.70, "a reasonable"),
        (0.51, "a reasonable"),
        (0.50, "a weak"),
        (0.26, "a weak"),
        (0.25, "no substantial"),
        (-1.0, "no substantial"),
    ],
)
def test_structure_is_said_in_the_words_of_kaufman_and_rousseeuw(silhouette, begins):
    assert structure(silhouette).startswith(begins)


def test_a_reasonable_structure_needs_no_warning():
    assert choose([measured("kmeans", 3, 0.51)], SETTINGS).warning == ""


@pytest.mark.parametrize(("silhouette", "said"), [(0.5, "a weak structure"), (0.2, "no substantial structure")])
def test_a_weak_structure_is_warned_of_in_words(silhouette, said):
    assert said in choose([measured("kmeans", 3, silhouette)], SETTINGS).warning
