"""Mixtures: densities of Gaussian ones, and log-likelihoods of candidates of any kind in one pass over blocks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segspark.kernels.points import Floats, Longs, blocks, table

_UNIT = 2.0**24  # log-likelihoods are summed in this part of a nat, so that their sum is the same in any order
_AT_ONCE = 4096
_SPARK_ADDS = 2.0**-52


class Density(Protocol):
    """A mixture of any kind: Gaussians, latent classes."""

    @property
    def k(self) -> int:
        """The number of components."""

    def log_joint(self, points: Floats) -> Floats:
        """The log density of each point with each component, shares included, shape (n, inputs) to (n, k)."""

    def assigned(self, joint: Floats) -> npt.NDArray[np.int64]:
        """The component that the published model gives each point, from its log densities."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of k Gaussians with full covariances.

    Attributes:
        shares: of customers, shape (k,).
        means: in prepared units, shape (k, inputs).
        covariances: shape (k, inputs, inputs).
    """

    shares: Floats
    means: Floats
    covariances: Floats

    @property
    def k(self) -> int:
        """The number of components."""
        return len(self.shares)

    @cached_property
    def whitening(self) -> Floats:
        """Inverses of the covariances' Cholesky factors, transposed, shape (k, inputs, inputs).

        Raises:
            numpy.linalg.LinAlgError: a covariance is not positive definite.
        """
        return np.asarray(np.linalg.inv(np.linalg.cholesky(self.covariances)).transpose(0, 2, 1))

    @cached_property
    def constants(self) -> Floats:
        """The log density of each component at its mean, its share included, shape (k,)."""
        volumes = np.log(np.einsum("kii->ki", self.whitening)).sum(axis=1)
        with np.errstate(divide="ignore"):  # a component of share 0 explains nobody
            return np.asarray(np.log(self.shares) + volumes - self.means.shape[1] / 2 * np.log(2 * np.pi))

    def log_joint(self, points: Floats) -> Floats:
        """The log density of each point with each component, shares included, shape (n, inputs) to (n, k).

        Examples:
            >>> one = Mixture(np.array([1.0]), np.array([[0.0]]), np.array([[[1.0]]]))
            >>> float(one.log_joint(np.array([[0.0]]))[0, 0].round(6))
            -0.918939
        """
        found = np.empty((len(points), self.k))
        for one, (mean, whitening) in enumerate(zip(self.means, self.whitening, strict=True)):
            away = (points - mean) @ whitening
            found[:, one] = self.constants[one] - 0.5 * np.einsum("ij,ij->i", away, away)
        return found

    def assigned(self, joint: Floats) -> npt.NDArray[np.int64]:
        """The component that spark.ml's model gives each point, from its log densities, shape (n, k) to (n,).

        It adds 2**-52 to each density: of points that are far from all components the first one is taken.

        Examples:
            >>> two = Mixture(np.full(2, 0.5), np.array([[0.0], [4.0]]), np.ones((2, 1, 1)))
            >>> two.assigned(two.log_joint(np.array([[1.0], [3.0], [40.0]]))).tolist()
            [0, 1, 0]
        """
        return np.asarray((np.exp(joint) + _SPARK_ADDS).argmax(axis=1), dtype=np.int64)


def log_likelihoods(joint: Floats) -> Floats:
    """Log of the summed densities of each point, shape (n, k) to (n,)."""
    most = joint.max(axis=1)
    return np.asarray(most + np.log(np.exp(joint - most[:, None]).sum(axis=1)))


def sums(
    batches: Iterable[pa.RecordBatch], inputs: int, step: float, mixtures: Sequence[Density]
) -> Iterator[pa.RecordBatch]:
    """Sums of every component of every candidate.

    Args:
        batches: blocks.
        inputs: coordinates of a point.
        step: of the grid, in the prepared unit.
        mixtures: the candidates.

    Yields:
        A row per task, part (0 trained on, 1 held out), candidate and component: part, candidate, cluster, n (points
        that are likeliest of it) and log_likelihood of these points, in 2**-24 nats.
    """
    held: dict[tuple[bool, int], Longs] = {}
    for block in blocks(batches, inputs):
        for part in (False, True):
            points = block.points[block.held == part] * step
            for start in range(0, len(points), _AT_ONCE):
                for candidate, one in enumerate(mixtures):
                    joint = one.log_joint(points[start : start + _AT_ONCE])
                    labels, k = one.assigned(joint), one.k
                    counted = np.bincount(labels, minlength=k)
                    summed = np.bincount(labels, np.rint(_UNIT * log_likelihoods(joint)), k)
                    found = np.stack([counted, summed.astype(np.int64)], axis=1)
                    key = (part, candidate)
                    held[key] = held[key] + found if key in held else found
    for (part, candidate), values in held.items():
        size = len(values)
        keys = {"part": np.full(size, int(part)), "candidate": np.full(size, candidate), "cluster": np.arange(size)}
        yield table(keys | dict(zip(("n", "log_likelihood"), values.T, strict=True)))


SCHEMA = ", ".join(f"{name} BIGINT" for name in ("part", "candidate", "cluster", "n", "log_likelihood"))


def in_nats(summed: int) -> float:
    """A sum of log-likelihoods as `sums` gives it."""
    return summed / _UNIT
