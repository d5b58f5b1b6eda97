"""Latent class analysis: classes found by maximum likelihood on counted answer patterns, whose number is the cost."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from stepmix.stepmix import StepMix  # type: ignore[import-untyped]

from segspark.clustering.answer_patterns import NOT_ANSWERED, Patterns
from segspark.clustering.latent_classes import (
    LatentClasses,
    canonical_order,
    entropy_r2,
    free_parameters,
    log_joint,
    log_likelihood,
)
from segspark.errors import BadInputError, SegsparkError

_Doubles = npt.NDArray[np.float64]

_SMALLEST = 1e-15  # as in stepmix: an answer that nobody in a class gave is unlikely there, not impossible
_REPLICATED = 1e-6  # nats a customer


def fit(
    patterns: Patterns, k: int, seeds: Sequence[int], *, max_iterations: int = 5000, tolerance: float = 1e-10
) -> LatentClasses:
    """Fit k latent classes by maximum likelihood (EM from several starts), on patterns weighted by their counts.

    What was not answered contributes nothing to the likelihood: it counts as missing at random (full information
    maximum likelihood). A function of the table and the seeds alone, whatever the order of the table's rows.

    Args:
        patterns: counted answers.
        seeds: one start each; the highest likelihood is kept, of equal ones the first.
        max_iterations: of EM, for each start.
        tolerance: EM stops when an iteration raises the log-likelihood by less, in nats a customer.

    Raises:
        BadInputError: the table cannot tell so many classes apart (see too_many_classes).

    Sources: Lazarsfeld & Henry (1968), Goodman (1974); stepmix: Morin et al. (2025).

    Examples:
        >>> from segspark.clustering.answer_patterns import Item
        >>> items = tuple(Item(name, ("no", "yes")) for name in "xyz")
        >>> codes = np.array([[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]])
        >>> model = fit(Patterns(items, codes, np.array([50, 10, 5, 35])), 2, seeds=[1, 2])
        >>> model.shares.tolist(), np.exp(model.log_probabilities[2]).tolist()
        ([0.600, 0.400], [[0.833, 0.167], [0.125, 0.875]])
    """
    problem = too_many_classes(patterns, k)
    if problem:
        raise BadInputError([f"latent classes: {problem}"])
    order = np.lexsort(patterns.codes.T[::-1])
    table = Patterns(patterns.items, patterns.codes[order], patterns.counts[order])
    starts = [_start(table, k, seed, max_iterations, tolerance) for seed in seeds]
    reached = [one.log_likelihood for one in starts if np.isfinite(one.log_likelihood)]
    if not reached:
        raise SegsparkError(
            f"latent classes: none of {len(seeds)} starts came to a likelihood for k={k}; try other seeds"
        )
    best = next(one for one in starts if one.log_likelihood == max(reached))
    return _described(best, table, sum(one >= max(reached) - _REPLICATED * table.customers for one in reached))


def candidates(
    patterns: Patterns, ks: Iterable[int], seeds: Sequence[int], *, max_iterations: int = 5000, tolerance: float = 1e-10
) -> list[LatentClasses]:
    """A fit for each k that the table can tell apart, k=1 (independent items) included where it is asked for."""
    possible = [k for k in ks if not too_many_classes(patterns, k)]
    return [fit(patterns, k, seeds, max_iterations=max_iterations, tolerance=tolerance) for k in possible]


def too_many_classes(patterns: Patterns, k: int) -> str:
    """Why so many classes cannot be told apart by a table; empty if they can, as far as counting tells.

    A table of c cells has c - 1 free frequencies, and no more parameters than that can be found from it. Nor can there
    be more parameters than customers, or more classes than patterns.

    Examples:
        >>> from segspark.clustering.answer_patterns import Item
        >>> items = tuple(Item(name, ("no", "yes")) for name in "xyz")
        >>> codes = np.array([[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]])
        >>> table = Patterns(items, codes, np.array([50, 10, 5, 35]))
        >>> too_many_classes(table, 2)
        ''
        >>> too_many_classes(table, 3)
        '3 classes have 11 free parameters, and the answers of 100 customers to 3 items tell at most 7'
    """
    needed, told = free_parameters(patterns.items, k), min(patterns.customers, patterns.cells - 1)
    if needed > told:
        whom = f"{patterns.customers} customers to {len(patterns.items)} items"
        return f"{k} classes have {needed} free parameters, and the answers of {whom} tell at most {told}"
    if k > len(patterns.counts):
        return f"{k} classes, but only {len(patterns.counts)} answer patterns"
    return ""


@dataclass(frozen=True, eq=False)
class _Start:
    log_shares: _Doubles
    log_probabilities: tuple[_Doubles, ...]
    log_likelihood: float
    converged: bool


def _start(table: Patterns, k: int, seed: int, max_iterations: int, tolerance: float) -> _Start:
    widths = [item.width for item in table.items]
    complete = bool((table.codes != NOT_ANSWERED).all())
    model = StepMix(
        k,
        measurement="categorical" if complete else "categorical_nan",
        measurement_params={"integer_codes": False, "max_n_outcomes": max(widths), "total_outcomes": sum(widths)},
        random_state=seed,
        max_iter=max_iterations,
        abs_tol=tolerance,
        progress_bar=0,
    )
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by `converged`
        model.fit(_one_hot(table.codes, max(widths)), sample_weight=table.counts)
    found = model.get_parameters()
    blocks = found["measurement"]["pis"].reshape(k, len(widths), max(widths))
    shares = np.maximum(found["weights"], _SMALLEST)
    log_shares = np.log(shares / shares.sum())
    logs = tuple(np.log(np.maximum(blocks[:, at, :width], _SMALLEST)) for at, width in enumerate(widths))
    reached = log_likelihood(log_joint(log_shares, logs, table.codes), table)
    return _Start(log_shares, logs, reached, bool(model.converged_))


def _one_hot(codes: npt.NDArray[np.int64], width: int) -> _Doubles:
    """Patterns x (items * width): 1 at the answer, NaN all over an item that was not answered."""
    blocks: _Doubles = (codes[:, :, None] == np.arange(width)).astype(np.float64)
    blocks[codes == NOT_ANSWERED] = np.nan
    return blocks.reshape(len(codes), -1)


def _described(start: _Start, table: Patterns, replications: int) -> LatentClasses:
    order = canonical_order(start.log_shares, start.log_probabilities)
    log_shares = start.log_shares[order]
    logs = tuple(one[order] for one in start.log_probabilities)
    certainty = entropy_r2(log_joint(log_shares, logs, table.codes), table.counts)
    return LatentClasses(
        table.items,
        log_shares,
        logs,
        start.log_likelihood,
        certainty,
        table.customers,
        start.converged,
        replications,
    )
