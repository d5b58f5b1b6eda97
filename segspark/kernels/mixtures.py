"""Gaussian mixtures: log-likelihoods of many candidates in one pass over blocks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from segspark.kernels.points import Floats, Longs, blocks, table

_UNIT = 2.0**24  # log-likelihoods are summed in this part of a nat, so that their sum is the same in any order
_AT_ONCE = 4096


@dataclass(frozen=True)
class Mixture:
    """A mixture of k Gaussians with full covariances.

    Attributes:
        log_weights: shape (k,).
        means: in prepared units, shape (k, inputs).
        whitening: inverses of the covariances' Cholesky factors, transposed, shape (k, inputs, inputs).
    """

    log_weights: Floats
    means: Floats
    whitening: Floats

    @staticmethod
    def of(weights: Floats, means: Floats, covariances: Floats) -> "Mixture":
        """From weights, means and covariances.

        Raises:
            numpy.linalg.LinAlgError: a covariance is not positive definite.
        """
        roots = np.linalg.cholesky(covariances)
        whitening = np.stack([np.linalg.solve(root, np.eye(len(root))).T for root in roots])
        with np.errstate(divide="ignore"):  # a component of weight 0 explains nobody
            return Mixture(np.log(weights), means, whitening)

    def log_joint(self, points: Floats) -> Floats:
        """The log density of each point with each component, weights included, shape (n, inputs) to (n, k).

        Examples:
            >>> one = Mixture.of(np.array([1.0]), np.array([[0.0]]), np.array([[[1.0]]]))
            >>> float(one.log_joint(np.array([[0.0]]))[0, 0].round(6))
            -0.918939
        """
        inputs = points.shape[1]
        found = np.empty((len(points), len(self.means)))
        for one, (mean, whitening) in enumerate(zip(self.means, self.whitening, strict=True)):
            away = ((points - mean) @ whitening) ** 2
            found[:, one] = np.log(np.diag(whitening)).sum() - 0.5 * (inputs * np.log(2 * np.pi) + away.sum(axis=1))
        return found + self.log_weights


def log_likelihoods(joint: Floats) -> Floats:
    """Log of the summed densities of each point, shape (n, k) to (n,)."""
    most = joint.max(axis=1)
    return np.asarray(most + np.log(np.exp(joint - most[:, None]).sum(axis=1)))


def sums(
    batches: Iterable[pa.RecordBatch], inputs: int, step: float, mixtures: Sequence[Mixture]
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
                    labels, k = joint.argmax(axis=1), len(one.means)
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
