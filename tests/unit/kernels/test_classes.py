"""Latent classes on indicators: by hand, and summed over blocks."""

from __future__ import annotations

from functools import partial
from math import log

import numpy as np
import pyarrow as pa
import pytest

from segspark.kernels import mixtures, points
from segspark.kernels.classes import Classes
from segspark.kernels.points import Grid

# Two items: three levels at coordinates 0, 1 and 3 of 5, and one at 4; coordinate 2 is none of theirs.
FIRST = [[0.7, 0.1], [0.1, 0.2], [0.1, 0.3], [0.1, 0.4]]
SECOND = [[0.6, 0.5], [0.4, 0.5]]
MODEL = Classes(np.log([0.75, 0.25]), ((0, 1, 3), (4,)), (np.log(FIRST), np.log(SECOND)))
CUSTOMERS = np.array([[2.0, 0, 9, 0, 0], [0, 0, 9, 2.0, 1.5], [0, 0, 0, 0, 1.5], [0, 0, 3, 0, 0]])
JOINT = [
    [0.75 * 0.7 * 0.4, 0.25 * 0.1 * 0.5],
    [0.75 * 0.1 * 0.6, 0.25 * 0.3 * 0.5],
    [0.75 * 0.1 * 0.6, 0.25 * 0.4 * 0.5],
    [0.75 * 0.1 * 0.4, 0.25 * 0.4 * 0.5],
]


def test_answers_are_the_indicators_that_are_set_and_none_is_one_more():
    assert MODEL.answers(CUSTOMERS).tolist() == [[0, 1], [2, 0], [3, 0], [3, 1]]


def test_likelihoods_are_those_computed_by_hand_whatever_the_unit():
    for unit in (1.0, 2.0**20):
        assert np.exp(MODEL.log_joint(CUSTOMERS * unit)) == pytest.approx(np.array(JOINT))
    assert MODEL.assigned(MODEL.log_joint(CUSTOMERS)).tolist() == [0, 0, 1, 1]


def test_equally_likely_classes_go_to_the_first():
    even = Classes(np.log([0.5, 0.5]), ((0,),), (np.zeros((2, 2)),))
    assert even.assigned(even.log_joint(np.array([[1.0], [0.0]]))).tolist() == [0, 0]


def test_sizes_and_likelihoods_are_summed_over_blocks_by_part():
    grid, held = Grid.over(9.0, 5), np.array([False, False, True, False])
    rows = [pa.array(np.arange(4)), pa.array(held), *(pa.array(column) for column in CUSTOMERS.T)]
    batch = pa.record_batch(rows, ["rank", "held", *(f"x{one}" for one in range(5))])
    kernel = partial(mixtures.sums, inputs=5, step=grid.step, mixtures=[MODEL])
    found = pa.Table.from_batches(kernel(points.pack([batch], grid))).to_pandas().set_index(["part", "cluster"])
    assert found["n"].to_dict() == {(0, 0): 2, (0, 1): 1, (1, 0): 0, (1, 1): 1}
    told = {part: mixtures.in_nats(int(some.sum())) for part, some in found.groupby("part")["log_likelihood"]}
    trained = sum(log(sum(JOINT[one])) for one in (0, 1, 3))
    assert told == {0: pytest.approx(trained, abs=1e-6), 1: pytest.approx(log(sum(JOINT[2])), abs=1e-6)}
