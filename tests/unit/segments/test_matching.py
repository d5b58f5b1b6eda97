"""Stable ids on planted histories: permuted clusters, splits, merges, ends, and thirty retrains."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.cluster import KMeans

from segspark.config.segments import Continuity
from segspark.segments.matching import Crossing, first, matched

RULES = Continuity()


def crossed(points, before, after, names, k):
    """What the same points have in common, counted and measured with plain numpy."""
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    shared = np.zeros((len(names), k))
    np.add.at(shared, (before, after), 1)
    old = np.array([scaled[before == one].mean(axis=0) for one in range(len(names))])
    new = np.array([scaled[after == one].mean(axis=0) for one in range(k)])

    def distances(some, others):
        return np.sqrt(((some[:, None] - others[None]) ** 2).mean(axis=2))

    return Crossing(
        tuple(names), shared, shared.sum(axis=1), shared.sum(axis=0), distances(old, new), distances(old, old)
    )


def blobs(centres, each, seed):
    random = np.random.default_rng(seed)
    return np.vstack([random.normal(centre, 1.0, (n, 2)) for centre, n in zip(centres, each, strict=True)])


def lines(shared, names=None, distances=None, apart=None, settings=RULES):
    """Matched from counts alone; means are near where most customers are shared."""
    shared = np.array(shared, dtype=float)
    p, c = shared.shape
    names = names or [f"old{one}" for one in range(p)]
    distances = np.where(shared == shared.max(axis=1, keepdims=True), 0.1, 2.0) if distances is None else distances
    apart = np.where(np.eye(p), 0.0, 2.0) if apart is None else apart
    found = Crossing(tuple(names), shared, shared.sum(axis=1), shared.sum(axis=0), np.array(distances), apart)
    return {one.segment_id: one for one in matched(found, [f"new{one}" for one in range(c)], settings)}


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 0], [2, 0, 3, 1]])
def test_numbers_of_clusters_have_no_part_in_identity(order):
    points = blobs([(0, 0), (9, 0), (0, 9), (9, 9)], [100, 200, 300, 400], 1)
    before = np.repeat(range(4), [100, 200, 300, 400])
    after = np.array(order)[before]
    found = matched(crossed(points, before, after, "abcd", 4), ["w", "x", "y", "z"], RULES)
    assert {one.cluster: one.segment_id for one in found} == {order[n]: name for n, name in enumerate("abcd")}
    assert {one.verdict for one in found} == {"kept"}
    assert all(one.jaccard == 1.0 and one.distance == 0.0 for one in found)


def test_the_larger_part_of_an_uneven_split_goes_on_and_tells_of_the_other():
    found = lines([[60, 40, 0], [0, 0, 90]])
    assert (found["old0"].verdict, found["old0"].cluster, found["old0"].related_segment_id) == ("split", 0, "new1")
    assert (found["new1"].verdict, found["new1"].cluster, found["new1"].related_segment_id) == ("new", 1, "old0")
    assert (found["new1"].shared, found["new1"].share_of_previous, found["new1"].share_of_new) == (40, 0.4, 1.0)
    assert (found["old1"].verdict, found["old1"].cluster) == ("kept", 2)


def test_of_an_even_split_neither_part_is_the_segment():
    found = lines([[50, 50, 0], [0, 0, 90]], distances=[[0.5, 0.5, 2], [2, 2, 0.1]])
    assert {name: (one.verdict, one.cluster) for name, one in found.items()} == {
        "new0": ("new", 0), "new1": ("new", 1), "old1": ("kept", 2), "old0": ("split", None),
    }  # fmt: skip
    assert found["old0"].related_segment_id == "new0"


def test_a_segment_that_takes_up_a_small_one_goes_on_and_the_small_one_is_merged():
    found = lines([[90, 0], [10, 0], [0, 70]])
    assert (found["old0"].verdict, found["old0"].cluster) == ("kept", 0)
    assert (found["old1"].verdict, found["old1"].cluster, found["old1"].related_segment_id) == ("merged", None, "old0")
    assert (found["old1"].share_of_previous, found["old1"].share_of_new) == (1.0, 0.1)


def test_of_an_even_merge_something_new_arises_and_both_are_merged_into_it():
    found = lines([[50, 0], [50, 0], [0, 70]])
    assert {name: (one.verdict, one.cluster, one.related_segment_id) for name, one in found.items()} == {
        "new0": ("new", 0, "old0"), "old2": ("kept", 1, None),
        "old0": ("merged", None, "new0"), "old1": ("merged", None, "new0"),
    }  # fmt: skip


def test_a_segment_whose_customers_are_scattered_vanishes():
    found = lines([[100, 0, 0], [0, 100, 0], [0, 0, 100], [14, 13, 13]])
    assert (found["old3"].verdict, found["old3"].cluster, found["old3"].related_segment_id) == (
        "vanished",
        None,
        "old0",
    )
    assert [found[f"old{one}"].verdict for one in range(3)] == ["kept"] * 3


def test_customers_of_no_segment_before_are_a_new_one():
    shared = np.array([[100.0, 0.0]])
    found = Crossing(
        ("a",), shared, np.array([100.0]), np.array([100.0, 60.0]), np.array([[0.0, np.inf]]), np.zeros((1, 1))
    )
    by_cluster = {one.cluster: one for one in matched(found, ["x", "y"], RULES)}
    assert (by_cluster[0].segment_id, by_cluster[0].verdict) == ("a", "kept")
    assert (by_cluster[1].segment_id, by_cluster[1].verdict, by_cluster[1].related_segment_id) == ("y", "new", None)
    assert by_cluster[1].distance is None


def test_a_segment_whose_mean_moves_far_has_moved_and_goes_on():
    found = lines([[80, 20], [10, 90]], distances=[[0.7, 2.0], [2.0, 0.1]])
    assert (found["old0"].verdict, found["old1"].verdict) == ("moved", "kept")
    assert lines([[80, 20], [10, 90]], distances=[[0.4, 2.0], [2.0, 0.1]])["old0"].verdict == "kept"


def test_what_shares_hardly_anybody_is_no_continuation_however_they_are_paired():
    found = lines([[20, 80, 0], [0, 5, 95]], distances=[[2.0, 0.1, 2.0], [2.0, 2.0, 0.1]])
    assert (found["old0"].cluster, found["new0"].verdict) == (1, "new")


def test_a_first_model_has_new_segments_only():
    assert [(one.segment_id, one.cluster, one.verdict, one.related_segment_id) for one in first(["a", "b"])] == [
        ("a", 0, "new", None), ("b", 1, "new", None),
    ]  # fmt: skip


def test_an_empty_cluster_is_new_and_of_nobody():
    found = lines([[100, 0]], distances=[[0.0, np.inf]])
    assert (found["new1"].verdict, found["new1"].shared, found["new1"].related_segment_id) == ("new", 0, None)


@pytest.mark.parametrize("seed", range(5))
def test_thirty_retrains_of_drifting_customers_never_swap_a_label(seed):
    """Five groups wander, change their size and are fitted anew each time, by other seeds and numbers of clusters."""
    random = np.random.default_rng(seed)
    centres = np.array([(0.0, 0.0), (8.0, 0.0), (0.0, 8.0), (8.0, 8.0), (4.0, 16.0)])
    sizes = np.array([300, 250, 400, 200, 350])
    model, ids, owners = None, [], {}
    for step in range(31):
        points = blobs(centres, sizes, [seed, step])
        group = np.repeat(range(5), sizes)
        fitted = KMeans(5, n_init=4, random_state=int(random.integers(1_000_000))).fit(points)
        after = fitted.predict(points)
        new_ids = [f"{step}-{one}" for one in range(5)]
        if model is None:
            found = first(new_ids)
        else:
            found = matched(crossed(points, model.predict(points), after, ids, 5), new_ids, RULES)
            assert {one.verdict for one in found} <= {"kept", "moved"}
        ids = [
            one.segment_id
            for one in sorted((one for one in found if one.cluster is not None), key=lambda one: one.cluster)
        ]
        model = fitted
        for one in range(5):
            true = Counter(group[after == one].tolist()).most_common(1)[0][0]
            assert owners.setdefault(ids[one], true) == true
        centres = centres + random.normal(0, 0.35, centres.shape)
        sizes = np.clip(sizes + random.integers(-30, 31, 5), 120, 600)
    assert len(owners) == 5


def test_a_split_and_a_merge_within_a_history_leave_the_others_alone():
    random = np.random.default_rng(3)
    groups = np.array([(0.0, 0.0), (12.0, 0.0), (0.0, 12.0), (12.0, 12.0), (14.5, 14.5)])
    model, ids, story = None, [], []
    for step, k in enumerate([4, 4, 5, 5, 4]):  # the last two groups are one cluster, two, and one again
        points = blobs(groups, [200, 250, 300, 260, 140], step)
        fitted = KMeans(k, n_init=10, random_state=int(random.integers(1_000_000))).fit(points)
        new_ids = [f"{step}-{one}" for one in range(k)]
        found = (
            first(new_ids)
            if model is None
            else matched(crossed(points, model.predict(points), fitted.predict(points), ids, k), new_ids, RULES)
        )
        now = sorted((one for one in found if one.cluster is not None), key=lambda one: one.cluster)
        ids, model = [one.segment_id for one in now], fitted
        story.append(Counter(one.verdict for one in found))
    assert story == [
        Counter(new=4), Counter(kept=4), Counter(kept=3, split=1, new=1), Counter(kept=5), Counter(kept=4, merged=1),
    ]  # fmt: skip
