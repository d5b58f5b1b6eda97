"""The choice among candidates: the rule, its ties, its refusals and its words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segspark.clustering.candidates import Candidate, candidates
from segspark.clustering.choice import choose
from segspark.clustering.evaluation import Evaluation
from segspark.config.clustering import Clustering, Manageable, Search, Tried
from segspark.errors import RefusedError

SETTINGS = Clustering(manageable=Manageable(min=3, max=5), smallest_share=0.1)


def measured(algorithm, k, silhouette, sizes=None):
    sizes = sizes or (10,) * k
    return Evaluation(Candidate(algorithm, k, 42), 0.1, tuple(sizes), silhouette, None, silhouette, cost=1.0)


def choosing(evaluations, settings):
    return choose(evaluations, settings, Search(), "buys again")


def chosen(*evaluations, settings=SETTINGS):
    return choosing(evaluations, settings).chosen.candidate.label


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
    found = choosing([measured("kmeans", 2, 0.9), measured("kmeans", 3, 0.4), measured("kmeans", 6, 0.8)], SETTINGS)
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
    found = choosing([measured("kmeans", 4, 0.6), measured("kmeans", 5, 0.6)], SETTINGS)
    assert "below" not in found.reasons[Candidate("kmeans", 5, 42)]


def test_a_candidate_with_a_tiny_cluster_is_not_chosen():
    # 9 of 100 is below 10%
    found = choosing([measured("kmeans", 3, 0.9, (9, 51, 40)), measured("kmeans", 4, 0.3)], SETTINGS)
    assert found.chosen.candidate.k == 4
    assert found.reasons[Candidate("kmeans", 3, 42)] == "its smallest cluster has 9.0%, below 10%"


def test_a_cluster_of_exactly_the_smallest_share_is_large_enough():
    assert chosen(measured("kmeans", 3, 0.9, (10, 50, 40)), measured("kmeans", 4, 0.3)) == "kmeans k=3 seed=42"


def test_an_empty_cluster_counts_as_tiny():
    assert chosen(measured("kmeans", 3, 0.9, (0, 60, 40)), measured("kmeans", 4, 0.3)) == "kmeans k=4 seed=42"


def test_a_candidate_without_a_silhouette_is_not_chosen():
    found = choosing([measured("gmm", 3, None), measured("kmeans", 4, -0.1)], SETTINGS)
    assert found.chosen.candidate.k == 4
    assert found.reasons[Candidate("gmm", 3, 42)] == "fewer than two clusters have members"


def test_when_nobody_is_eligible_the_choice_is_refused_with_every_reason():
    with pytest.raises(RefusedError) as caught:
        choosing([measured("kmeans", 2, 0.9), measured("gmm", 3, 0.9, (1, 60, 39))], SETTINGS)
    assert caught.value.exit_code == 3
    said = str(caught.value)
    assert "nothing was published" in said
    assert "kmeans k=2 seed=42: k=2 is outside" in said
    assert "gmm k=3 seed=42: its smallest cluster has 1.0%" in said


def test_every_candidate_gets_a_reason_and_one_is_chosen():
    tried = [measured("kmeans", k, k / 10) for k in (2, 3, 4, 5)]
    reasons = choosing(tried, SETTINGS).reasons
    assert set(reasons) == {one.candidate for one in tried}
    assert [one.k for one, why in reasons.items() if why.startswith("chosen")] == [5]


def test_the_verdict_says_what_was_compared():
    found = choosing([measured("kmeans", 3, 0.612), measured("kmeans", 4, 0.4), measured("kmeans", 9, 0.9)], SETTINGS)
    assert found.verdict == (
        "kmeans with k=3 has the highest mean silhouette (Euclidean, 0.612) of the 2 "
        "candidates with 3 to 5 clusters, each of at least 10% of customers."
    )


# The yardstick


def judged(algorithm, k, separation, error=0.02, stability=0.9, silhouette=0.3):
    return Evaluation(
        Candidate(algorithm, k, 42),
        0.1,
        (10,) * k,
        silhouette,
        None,
        silhouette,
        separation=separation,
        separation_error=error,
        stability=stability,
    )


def test_the_fewest_clusters_within_one_standard_error_of_the_best_separation_are_chosen():
    # The best is 0.20 with an error of 0.02: 0.181 is within it, 0.179 is not.
    assert chosen(judged("kmeans", 3, 0.179), judged("kmeans", 4, 0.181), judged("kmeans", 5, 0.2)) == (
        "kmeans k=4 seed=42"
    )


def test_it_is_the_error_of_the_best_that_counts():
    assert chosen(judged("kmeans", 3, 0.15, error=0.5), judged("kmeans", 5, 0.2, error=0.01)) == "kmeans k=5 seed=42"


def test_of_equally_many_clusters_those_that_separate_more_are_chosen():
    assert chosen(judged("kmeans", 4, 0.19), judged("gmm", 4, 0.195), judged("gmm", 5, 0.2)) == "gmm k=4 seed=42"


def test_a_silhouette_does_not_outweigh_the_separation():
    assert chosen(judged("kmeans", 3, 0.1, silhouette=0.9), judged("kmeans", 4, 0.2)) == "kmeans k=4 seed=42"


def test_a_candidate_whose_weakest_cluster_does_not_come_back_is_not_chosen_and_sets_no_mark():
    found = choosing([judged("kmeans", 3, 0.1), judged("kmeans", 4, 0.3, stability=0.59)], SETTINGS)
    assert found.chosen.candidate.k == 3
    assert found.reasons[Candidate("kmeans", 4, 42)] == (
        "its weakest cluster comes back in resamples with a mean Jaccard similarity of 0.59, below 0.60"
    )


def test_the_sentence_says_what_won_by_how_much_and_how_firmly():
    told = choosing([judged("kmeans", 4, 0.185), judged("gmm", 5, 0.2)], SETTINGS).verdict
    assert told == (
        "kmeans with k=4 explains 18.5% (adjusted) of the variance of 'buys again' in the next period among customers "
        "held out, within one standard error (2.0%) of the best (gmm k=5: 20.0%), and has the fewest clusters of the 2 "
        "candidates with 3 to 5 clusters, each of at least 10% of customers; in resamples its weakest cluster is "
        "highly stable (mean Jaccard similarity 0.90)."
    )


def test_every_loser_is_told_what_it_lost_by():
    found = choosing([judged("kmeans", 3, 0.1), judged("kmeans", 4, 0.19), judged("kmeans", 5, 0.2)], SETTINGS)
    told = {candidate.k: reason for candidate, reason in found.reasons.items()}
    assert told[3].endswith("more than one standard error (0.020) below 0.200")
    assert told[4].startswith("chosen: ")
    assert told[5].endswith("with more clusters than the chosen one")


# Several views


def on(view, one):
    return replace(one, candidate=replace(one.candidate, view=view))


def test_the_yardstick_compares_candidates_on_any_inputs():
    found = choosing([judged("kmeans", 3, 0.1), on("habits", judged("kmeans", 3, 0.3))], SETTINGS)
    assert found.chosen.candidate.label == "kmeans (habits) k=3 seed=42"
    assert found.verdict.startswith("kmeans (habits) with k=3 explains 30.0% (adjusted)")
    assert "below 0.300" in found.reasons[Candidate("kmeans", 3, 42)]


def test_without_the_next_period_only_candidates_on_all_inputs_are_chosen():
    rotated = on("all, 2 components", measured("kmeans", 3, 0.9))
    found = choosing([measured("kmeans", 4, 0.3), rotated], SETTINGS)
    assert found.chosen.candidate.label == "kmeans k=4 seed=42"
    assert found.reasons[rotated.candidate] == (
        "the next period's KPI is not known, and nothing else compares it with candidates on all inputs"
    )
    assert "of the 1 candidates" in found.verdict


def test_without_the_next_period_nothing_is_chosen_where_no_candidate_on_all_inputs_is_eligible():
    with pytest.raises(RefusedError, match=r"kmeans \(habits\) k=3 seed=42: the next period's KPI is not known"):
        choosing([measured("kmeans", 2, 0.3), on("habits", measured("kmeans", 3, 0.9))], SETTINGS)


def test_ties_between_views_go_to_the_one_that_was_searched_first():
    one = judged("kmeans", 3, 0.2)
    assert chosen(one, on("habits", one)) == "kmeans k=3 seed=42"
    assert chosen(on("habits", one), one) == "kmeans (habits) k=3 seed=42"


def test_the_sentence_sets_stability_beside_that_of_structureless_customers():
    told = choosing([replace(judged("kmeans", 4, 0.2), stability=0.93, stability_null=0.71)], SETTINGS).verdict
    assert told.endswith("(mean Jaccard similarity 0.93, where structureless customers give 0.71).")


def test_what_informs_does_not_decide():
    plain = [judged("kmeans", 3, 0.1), judged("kmeans", 4, 0.19), judged("kmeans", 5, 0.2)]
    against = {"stability_null": 1.0, "seed_agreement": 0.0, "time_agreement": 0.0, "gap": -9.0, "gap_error": 0.1}
    doubted = [replace(one, **against, prediction_strength=0.0) if one.candidate.k == 4 else one for one in plain]
    assert choosing(doubted, SETTINGS).chosen.candidate == choosing(plain, SETTINGS).chosen.candidate
