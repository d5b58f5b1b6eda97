"""The choice among candidates: a declared rule, a reason for each, and a warning in words when little is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from segspark.clustering.candidates import Candidate
from segspark.clustering.evaluation import Evaluation
from segspark.config.model import Clustering
from segspark.errors import RefusedError

# Kaufman & Rousseeuw (1990), Finding Groups in Data, table 4: mean silhouette with plain (not squared) distances.
_STRUCTURE = (
    (0.70, "a strong structure"),
    (0.50, "a reasonable structure"),
    (0.25, "a weak structure, which could be artificial"),
)
_NOTHING = "no substantial structure: customers form a continuum, and segments are useful cuts through it, not groups"


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, why each was or was not chosen, and what to tell people.

    Attributes:
        reasons: by candidate.
        verdict: a sentence on why this one.
        warning: empty, or what to be careful about.
    """

    chosen: Evaluation
    reasons: dict[Candidate, str]
    verdict: str
    warning: str


def choose(evaluations: Sequence[Evaluation], settings: Clustering) -> Choice:
    """Choose the highest Euclidean silhouette among the candidates with a manageable k and no tiny cluster.

    Ties go to the smaller k, then to the algorithm configured first.

    Raises:
        RefusedError: no candidate has a manageable k and clusters large enough.
    """
    obstacles = {one.candidate: _obstacle(one, settings) for one in evaluations}
    eligible = [one for one in evaluations if not obstacles[one.candidate]]
    if not eligible:
        raise RefusedError(_nobody(obstacles, settings))
    best = min(eligible, key=lambda one: _rank(one, settings))
    reasons = {one.candidate: obstacles[one.candidate] or _against(one, best) for one in evaluations}
    value = _known(best.silhouette_euclidean)
    won, bounds = best.candidate, settings.manageable
    verdict = (
        f"{won.algorithm} with k={won.k} has the highest mean silhouette (Euclidean, {value:.3f}) "
        f"of the {len(eligible)} candidates with {bounds.min} to {bounds.max} clusters, each of at least "
        f"{settings.smallest_share:.0%} of customers: {structure(value)}."
    )
    return Choice(best, reasons, verdict, _warning(value))


def structure(silhouette: float) -> str:
    """What a mean Euclidean silhouette says, in the words of Kaufman & Rousseeuw (1990).

    Examples:
        >>> structure(0.8)
        'a strong structure'
        >>> structure(0.3)
        'a weak structure, which could be artificial'
    """
    return next((words for bound, words in _STRUCTURE if silhouette > bound), _NOTHING)


def _obstacle(one: Evaluation, settings: Clustering) -> str:
    k, bounds = one.candidate.k, settings.manageable
    if not bounds.min <= k <= bounds.max:
        return f"k={k} is outside the manageable range {bounds.min} to {bounds.max}"
    if one.silhouette_euclidean is None:
        return "fewer than two clusters have members"
    if one.smallest_share < settings.smallest_share:
        return f"its smallest cluster has {one.smallest_share:.1%}, below {settings.smallest_share:.0%}"
    return ""


def _rank(one: Evaluation, settings: Clustering) -> tuple[float, int, int]:
    order = settings.algorithms.index(one.candidate.algorithm)
    return -_known(one.silhouette_euclidean), one.candidate.k, order


def _against(one: Evaluation, best: Evaluation) -> str:
    if one is best:
        return "chosen: highest silhouette among the eligible"
    own, highest = _known(one.silhouette_euclidean), _known(best.silhouette_euclidean)
    if own == highest:
        return f"silhouette {own:.3f}, tied with the chosen one, which has the smaller k or is configured first"
    return f"silhouette {own:.3f}, below {highest:.3f}"


def _warning(silhouette: float) -> str:
    if silhouette > 0.5:
        return ""
    return (
        f"Even the best candidate shows {structure(silhouette)} (mean Euclidean silhouette {silhouette:.3f}; "
        "above 0.5 would be reasonable)."
    )


def _nobody(obstacles: dict[Candidate, str], settings: Clustering) -> str:
    lines = "\n".join(f"  - {candidate.label}: {why}" for candidate, why in obstacles.items())
    return (
        "no candidate can be chosen, so nothing was published; widen clustering.manageable "
        f"({settings.manageable.min} to {settings.manageable.max}), lower clustering.smallest_share "
        f"({settings.smallest_share:.0%}) or change clustering.inputs:\n{lines}"
    )


def _known(value: float | None) -> float:
    return float("-inf") if value is None else value
