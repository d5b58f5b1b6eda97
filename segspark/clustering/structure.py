"""The structure guard: separate groups of customers, one population that hangs together, or nothing.

Every clusterer finds as many clusters as it is asked for. The question before is whether there is anything to find. The
constants below were chosen on tuning seeds of benchmarks/populations.py alone; `make calibrate` reports other seeds.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from segspark.clustering.clusterers import Floats
from segspark.clustering.dependence import dependence
from segspark.clustering.nullmodel import single_population
from segspark.clustering.separation import FEWEST, search, separations_of
from segspark.clustering.ties import continuous
from segspark.clustering.valley import valleys
from segspark.kernels.mixtures import Mixture

Verdict = Literal["separate", "continuum", "nothing"]

COMPONENTS = 12  # with which the search starts
STARTS = 3  # searches, each with other draws for ties and another start; their separations are averaged
SEPARATE = 5.4  # separation from which components are clusters of their own
VALLEY = 0.6  # density between neighbours, by that of the lower peak: the highest mean over components
WORST_VALLEY = 0.9  # and the highest of any
FEWEST_CUSTOMERS = 2 * FEWEST
NULL_COMPONENTS = 8  # with which the search starts in populations without groups
NULL_DRAWS = 19  # populations without groups that the customers must all surpass: a p-value of 1/20
INDEPENDENT = 0.01  # p-value above which features count as independent


@dataclass(frozen=True)
class Structure:
    """What was found, and the evidence.

    Attributes:
        verdict: 'separate' groups; a 'continuum', one population whose features hang together; or 'nothing', features
            that cannot be told from independent ones.
        k: the estimated number of clusters; 1 unless separate.
        separations: by number of components k = 2, 3, ..., the smallest separation of any two (`separation` tells how).
        valley: mean valley between neighbours of the components found; 1 where none were (see `valley`).
        p_value: of the largest separation of up to 8 components against single populations with the customers' margins
            and correlations (Besag & Clifford's sequential one); 1 where no two components are separate.
        null_draws: such populations drawn; 0 where none was needed.
        dependence_p_value: of the permutation test of independence; 0 with one feature.
    """

    verdict: Verdict
    k: int
    separations: tuple[float, ...]
    valley: float
    p_value: float
    null_draws: int
    dependence_p_value: float

    @property
    def words(self) -> str:
        """A sentence for people.

        Examples:
            >>> print(Structure("nothing", 1, (), 1.0, 1.0, 0, 0.4).words)
            Nothing to segment: the features cannot be told from independent ones (p = 0.40).
        """
        if self.verdict == "nothing":
            return (
                "Nothing to segment: the features cannot be told from independent ones "
                f"(p = {self.dependence_p_value:.2f})."
            )
        if self.verdict == "separate":
            return (
                f"Customers form {self.k} separate groups: further apart than in any of {self.null_draws} populations "
                f"without groups that have the same margins and correlations (p = {self.p_value:.2f})."
            )
        return (
            "Customers form a continuum: their features hang together, but no groups stand apart. Segments are useful "
            "cuts through it, not groups."
        )


def structure(points: Floats, seed: int) -> Structure:
    """Decide whether customers form separate groups, a continuum, or nothing.

    1. Independent columns are nothing, whatever their margins look like.
    2. Mixtures of 12 normal components, 11, and so on are fitted. Wanted is the largest number of components of which
       each two are separate, with valleys between neighbours: the halves of a flat distribution, or the core and the
       tails of a heavy one, are apart but have none.
    3. The same search is done in populations without groups, with the customers' margins (smoothed until they have
       one mode) and correlations. Groups that one of these populations shows as well are no groups.

    Args:
        points: prepared customers, a simple random sample of at most about 5,000, (n, p); no unknown values.
        seed: the same points and seed give the same answer.

    Raises:
        ValueError: there are fewer than 80 customers, or values that are no numbers.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> one = rng.normal(size=(300, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
        >>> structure(one, seed=1).verdict
        'continuum'
        >>> found = structure(np.concatenate([one, one[:150] + 9]), seed=1)
        >>> found.verdict, found.k
        ('separate', 2)
    """
    if len(points) < FEWEST_CUSTOMERS or not np.isfinite(points).all():
        raise ValueError(
            f"found {len(points)} customers; at least {FEWEST_CUSTOMERS} are needed, with all values known"
        )
    points = points[:, points.min(axis=0) < points.max(axis=0)]
    related = _dependence(points, seed)
    if related > INDEPENDENT:
        return Structure("nothing", 1, (), 1.0, 1.0, 0, related)
    starts = [_without_ties(points, seed, start) for start in range(STARTS)]
    searches = [search(one, COMPONENTS, start) for start, one in enumerate(starts)]
    separations = np.mean([separations_of(mixtures, len(points)) for mixtures in searches], axis=0)
    k, valley = _groups(searches, starts, separations)
    p_value, draws = 1.0, 0
    if k > 1:
        p_value, draws = _against_single_populations(points, separations[: NULL_COMPONENTS - 1].max(), seed)
    separate = k > 1 and p_value <= 1 / (NULL_DRAWS + 1)
    values = tuple(float(value) for value in separations)
    return Structure(
        "separate" if separate else "continuum", k if separate else 1, values, valley, p_value, draws, related
    )


def _dependence(points: Floats, seed: int) -> float:
    """p-value of independence; without features there is nothing, and one feature may have groups by itself."""
    if points.shape[1] < 2:
        return float(points.shape[1] == 0)
    return dependence(points, seed)[1]


def _groups(searches: list[list[Mixture]], starts: list[Floats], separations: Floats) -> tuple[int, float]:
    """The largest number of separate components with valleys between neighbours, and the mean valley; else 1 and 1."""
    for k in range(len(separations) + 1, 1, -1):
        if separations[k - 2] >= SEPARATE:
            at_k = zip(searches, starts, strict=True)
            found = np.stack([valleys(mixtures[k - 2], points) for mixtures, points in at_k])
            mean, worst = float(found.mean()), float(found.max(axis=1).mean())
            if mean <= VALLEY and worst <= WORST_VALLEY:
                return k, mean
    return 1, 1.0


def _without_ties(points: Floats, seed: int, start: int) -> Floats:
    rng = np.random.default_rng([seed, start])
    return np.stack([continuous(column, rng).values for column in points.T], axis=1)


def _against_single_populations(points: Floats, largest: float, seed: int) -> tuple[float, int]:
    """p-value and draws: one draw that is as separate ends it (Besag & Clifford 1991)."""
    rng = np.random.default_rng([seed, STARTS])
    null = single_population([continuous(column, rng) for column in points.T])
    for draw in range(1, NULL_DRAWS + 1):
        mixtures = search(null.draw(len(points), rng), NULL_COMPONENTS, draw)
        if separations_of(mixtures, len(points)).max() >= largest:
            return 1 / draw, draw
    return 1 / (NULL_DRAWS + 1), NULL_DRAWS
