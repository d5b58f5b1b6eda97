"""Views: what candidates cluster customers on, a set of inputs as they are or rotated to its principal components."""

from dataclasses import dataclass

import numpy as np
from pyspark.ml import PipelineModel
from threadpoolctl import threadpool_limits

from segspark.clustering.inputs import Coordinate, Floats, Input, LevelsInput
from segspark.clustering.preparation import coordinates, preparation_stages
from segspark.columns import quoted

_NOTHING = 1e-9  # of the variance: a component with less is rounding


@dataclass(frozen=True)
class Component:
    """A principal component: a weighted sum of coordinates, moved so that it starts at 0 as they do.

    Attributes:
        name: of the column that holds it.
        of: the coordinates.
        loadings: the weight of each; their squares add up to 1.
        share: of the coordinates' variance.
    """

    name: str
    of: tuple[Coordinate, ...]
    loadings: tuple[float, ...]
    share: float

    @property
    def coordinate(self) -> Coordinate:
        """The component as a coordinate of the customer, which lies between 0 and the sum of |loading| * reach.

        Examples:
            >>> pair = Coordinate("a", "a", 2.0), Coordinate("b", "b", 5.0)
            >>> found = Component("c", pair, (0.6, -0.8), 0.5).coordinate
            >>> found.sql, found.reach
            ('4.0D + 0.6D * `a` + -0.8D * `b`', 5.2)
        """
        pairs = list(zip(self.loadings, self.of, strict=True))
        moved = sum(max(-loading, 0.0) * one.reach for loading, one in pairs)
        terms = [f"{moved!r}D", *(f"{loading!r}D * {quoted(one.name)}" for loading, one in pairs)]
        return Coordinate(self.name, " + ".join(terms), sum(abs(loading) * one.reach for loading, one in pairs))

    @property
    def words(self) -> str:
        """As a person reads it, the heaviest weights first.

        Examples:
            >>> Component("c", (Coordinate("a", "a", 2.0), Coordinate("b", "b", 5.0)), (0.6, -0.8), 0.5).words
            '50.0% of the variance: -0.800 b, +0.600 a'
        """
        heaviest = sorted(zip(self.loadings, self.of, strict=True), key=lambda pair: -abs(pair[0]))
        told = ", ".join(f"{loading:+.3f} {one.name}" for loading, one in heaviest)
        return f"{self.share:.1%} of the variance: {told}"


@dataclass(frozen=True)
class View:
    """What candidates are compared on.

    Attributes:
        name: of the feature set; of a rotated one with the number of its components.
        plans: the inputs that it needs.
        components: of these; none where customers are clustered on the inputs as they are.
    """

    name: str
    plans: tuple[Input, ...]
    components: tuple[Component, ...] = ()

    @property
    def coordinates(self) -> list[Coordinate]:
        """Of a customer, in order; all start at 0."""
        return [one.coordinate for one in self.components] or coordinates(self.plans)

    @property
    def preparation(self) -> PipelineModel:
        """What turns features into the vector `features` of these coordinates."""
        return PipelineModel(stages=preparation_stages(self.plans, [one.coordinate for one in self.components]))

    @property
    def features(self) -> list[str]:
        """The features that it needs."""
        return [plan.feature for plan in self.plans]

    @property
    def answers(self) -> list[LevelsInput]:
        """What latent classes can be found in: the inputs that are text; none of a rotated view."""
        return [] if self.components else [plan for plan in self.plans if isinstance(plan, LevelsInput)]


def rotated(view: View, points: Floats, wanted: float) -> View | None:
    """A view's principal components; None where as many as there are coordinates are wanted, which change no distance.

    Args:
        view: not rotated.
        points: a sample's coordinates, shape (n, coordinates).
        wanted: how many; below 1: as many as have this share of the variance.

    Examples:
        >>> from segspark.clustering.inputs import NumberInput, Shape
        >>> plans = tuple(NumberInput(name, 0.0, 4.0, Shape("none"), 0.0, 1.0, 1.0, 0.0) for name in "ab")
        >>> found = rotated(View("all", plans), np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]]), 0.9)
        >>> found.name, [round(one, 4) for one in found.components[0].loadings], found.coordinates[0].reach
        ('all, 1 component', [0.7071, 0.7071], 5.657)
    """
    of = tuple(view.coordinates)
    loadings, shares = principal_components(points, wanted)
    number = len(loadings)
    if number == len(of):
        return None
    name = f"{view.name}, {number} component{'s' if number > 1 else ''}"
    # No feature's name begins with _, so that the columns are not mistaken for one.
    found = [
        Component(f"__component_{position}", of, tuple(map(float, weights)), float(share))
        for position, (weights, share) in enumerate(zip(loadings, shares, strict=True), start=1)
    ]
    return View(name, view.plans, tuple(found))


def principal_components(points: Floats, wanted: float) -> tuple[Floats, Floats]:
    """Axes along which points differ most (Pearson 1901, Hotelling 1933), from their covariance, the first the most.

    The heaviest weight of each is positive, of equally heavy ones the first, so that signs are no matter of chance.

    Args:
        points: shape (n, d).
        wanted: how many, at most those that have variance; below 1: as many as have this share of it.

    Returns:
        Loadings, shape (m, d), and the share of the variance that each has.

    Examples:
        >>> loadings, shares = principal_components(np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 1)
        >>> loadings.tolist(), shares.tolist()
        ([[1.0, 0.0]], [0.9])
    """
    with threadpool_limits(1):  # sums in one order
        values, axes = np.linalg.eigh(np.atleast_2d(np.cov(points.T, ddof=0)))
    values, axes = np.maximum(values[::-1], 0.0), axes.T[::-1]
    shares = values / max(values.sum(), np.finfo(np.float64).tiny)
    there = int((shares > _NOTHING).sum())
    enough = int(np.searchsorted(np.cumsum(shares), wanted - _NOTHING)) + 1 if wanted < 1 else int(wanted)
    number = max(min(enough, there), 1)
    heaviest = np.abs(axes).round(9).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), heaviest])
    return np.asarray(axes * signs[:, None])[:number], np.asarray(shares[:number])
