"""Pockets: what is planted is found and measured on the other half, and luck is not taken for a pocket."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from segspark.config.opportunities import Pockets
from segspark.segments.intervals import Moments
from segspark.segments.pocket_bins import CODES, Bins, bins_of
from segspark.segments.pocket_counts import Cell
from segspark.segments.pockets import beam, pockets

FEATURES, BINS = 5, 4
SETTINGS = Pockets(min_customers=40)


class Shop:
    """One segment: each customer has a bin of every feature, a value, and orders of late and before."""

    def __init__(self, seed: int, customers: int = 2_400) -> None:
        self.random = np.random.default_rng(seed)
        self.bins = self.random.integers(1, BINS + 1, (customers, FEATURES))
        self.value = self.random.lognormal(3, 1.2, customers)
        rate = self.random.gamma(1.0, 2.0, customers)
        self.recent, self.earlier = self.random.poisson(rate), self.random.poisson(2 * rate)
        self.half = self.random.integers(0, 2, customers)

    def meets(self, key: tuple[int, ...]) -> np.ndarray:
        met = np.ones(len(self.value), dtype=bool)
        for code in key:
            met &= self.bins[:, code // CODES] == code % CODES
        return met

    def cell(self, rows: np.ndarray) -> Cell:
        v, x, y = self.value[rows], self.recent[rows].astype(float), self.earlier[rows].astype(float)
        n = int(rows.sum())
        value = Moments(n, n, v.sum(), float(n), (v * v).sum(), v.sum(), float(n))
        told = int(((x > 0) | (y > 0)).sum())
        return Cell(value, Moments(n, told, x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum()), 0, 0)

    def cells(self, keys, judged: int = 1):
        return {"s": tuple({key: self.cell(self.meets(key) & (self.half == half)) for key in keys}
                           for half in (0, judged))}  # fmt: skip

    def found(self, judged: int = 1):
        ones = [(), *((at * CODES + place,) for at in range(FEATURES) for place in range(1, BINS + 1))]
        tried = beam(self.cells(ones), SETTINGS, 0.95)["s"]
        return pockets(self.cells([*ones, *combinations(tried, 2)], judged), SETTINGS, 0.05, 0.95)


def test_of_shuffled_customers_no_more_than_the_rate_have_a_pocket():
    runs = 150
    false = sum(bool(Shop(seed).found()) for seed in range(runs))
    assert false <= 15  # at a rate of 0.05 more are seen in less than one of a hundred tries


def test_the_half_that_was_searched_would_take_luck_for_pockets():
    assert sum(bool(Shop(seed).found(judged=0)) for seed in range(20)) >= 10


def test_a_pocket_of_two_conditions_is_found_and_measured_by_the_other_half_alone():
    shop = Shop(3, 8_000)
    inside = (shop.bins[:, 0] == 2) & (shop.bins[:, 3] == 4)
    shop.value[inside] *= 3
    found = [one for one in shop.found() if one.kind == "value"]
    best = found[0]
    assert best.conditions == (2, 3 * CODES + 4)
    own, rest = (shop.value[(shop.half == 1) & rows] for rows in (inside, ~inside))
    assert best.cell.customers == len(own)
    assert (best.told.value, best.told.rest_value) == pytest.approx((own.mean(), rest.mean()))
    assert best.told.lift == pytest.approx(own.mean() / rest.mean())
    assert best.told.interval.low < 3 < best.told.interval.high


def test_a_second_condition_that_adds_nothing_is_not_told():
    shop = Shop(5, 8_000)
    shop.value[shop.bins[:, 1] == 1] *= 3
    assert [one.conditions for one in shop.found() if one.kind == "value"] == [(CODES + 1,)]


def test_orders_that_grow_make_a_pocket_of_growth():
    shop = Shop(7, 8_000)
    shop.recent[shop.bins[:, 2] == 3] *= 2
    (one,) = (one for one in shop.found() if one.kind == "growth" and len(one.conditions) == 1)
    assert one.conditions == (2 * CODES + 3,)
    # Half as many orders in the earlier column's twice as long a time: growth of 1 becomes one of 2.
    assert one.told.lift == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("change", [{"min_customers": 400}, {"max_share": 0.1}])
def test_a_pocket_is_neither_of_too_few_customers_nor_of_too_many(change):
    shop = Shop(9)
    shop.value[shop.bins[:, 0] == 1] *= 4
    ones = [(), (1,)]
    assert pockets(shop.cells(ones), SETTINGS, 0.05, 0.95)
    assert not pockets(shop.cells(ones), SETTINGS.model_copy(update=change), 0.05, 0.95)


def test_a_rule_quotes_what_could_end_it():
    bins = Bins([], {}, {"top`x": ["it's"]})
    assert bins.condition("s", 1).rule == "`top``x` = 'it\\'s'"


def test_of_a_number_with_few_values_only_bins_that_somebody_is_in_are_left():
    import pandas as pd

    sample = pd.DataFrame({"segment_id": ["s"] * 6 + ["t"] * 2, "n": [0, 0, 0, 0, 1, 9, 5, 5], "u": [None] * 8})
    found = bins_of(sample, ["n", "u"], [], 4, 5)
    assert found.cuts == {"s": [[0.0, 0.75], []], "t": [[], []]}
