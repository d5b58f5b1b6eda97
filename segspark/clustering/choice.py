"""The choice among candidates: a declared rule, and a reason for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from segspark.clustering.candidates import Candidate
from segspark.clustering.evaluation import Evaluation
from segspark.clustering.stability import words
from segspark.config.clustering import ALL, Clustering, Search
from segspark.errors import RefusedError


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, and why each was or was not chosen.

    Attributes:
        reasons: by candidate.
        verdict: a sentence on why this one.
    """

    chosen: Evaluation
    reasons: dict[Candidate, str]
    verdict: str


def choose(evaluations: Sequence[Evaluation], settings: Clustering, search: Search, kpi: str = "") -> Choice:
    """Choose by the yardstick: of the candidates within one standard error of the best, the one of fewest clusters.

    Candidates are eligible that have a manageable k, no tiny cluster, and clusters that come back in resamples. The
    yardstick is how well segments separate the KPI in the next period. Where that is not known, the highest Euclidean
    silhouette is chosen, among the candidates on all inputs, as silhouettes of different inputs do not compare. Ties go
    to the smaller k, then to the algorithm configured first, then to the view that was searched first.

    Args:
        evaluations: all candidates.
        settings: of the clustering.
        search: of the search.
        kpi: what the yardstick separates, in words.

    Raises:
        RefusedError: no candidate is eligible.
    """
    obstacles = {one.candidate: obstacle(one, settings, search) for one in evaluations}
    eligible = [one for one in evaluations if not obstacles[one.candidate]]
    known = all(one.separation is not None for one in eligible)
    if not known:
        obstacles = {candidate: why or _incomparable(candidate) for candidate, why in obstacles.items()}
        eligible = [one for one in eligible if not obstacles[one.candidate]]
    if not eligible:
        raise RefusedError(_nobody(obstacles, settings))
    rule = _Separation(settings, kpi) if known else _Silhouette(settings)
    best, chosen = rule.chosen(eligible)
    reasons = {one.candidate: obstacles[one.candidate] or rule.against(one, best, chosen) for one in evaluations}
    verdict = (
        f"{chosen.candidate.kind} with k={chosen.candidate.k} {rule.words(best, chosen)} of the {len(eligible)} "
        f"candidates with {settings.manageable.min} to {settings.manageable.max} clusters, each of at least "
        f"{settings.smallest_share:.0%} of customers{_lasting(chosen)}."
    )
    return Choice(chosen, reasons, verdict)


def obstacle(one: Evaluation, settings: Clustering, search: Search) -> str:
    """Why a candidate cannot be chosen, whatever the others are; empty if it can."""
    return unmanageable(one, settings) or _unstable(one, search)


def unmanageable(one: Evaluation, settings: Clustering) -> str:
    """Why nobody could work with a candidate's clusters; empty if they could."""
    k, bounds = one.candidate.k, settings.manageable
    if not bounds.min <= k <= bounds.max:
        return f"k={k} is outside the manageable range {bounds.min} to {bounds.max}"
    if one.silhouette_euclidean is None:
        return "fewer than two clusters have members"
    if one.smallest_share < settings.smallest_share:
        return f"its smallest cluster has {one.smallest_share:.1%}, below {settings.smallest_share:.0%}"
    return ""


@dataclass(frozen=True)
class _Separation:
    """The fewest clusters within one standard error of the best separation."""

    settings: Clustering
    kpi: str

    def chosen(self, eligible: Sequence[Evaluation]) -> tuple[Evaluation, Evaluation]:
        best = min(eligible, key=lambda one: (-_known(one.separation), *_order(one, self.settings)))
        enough = [one for one in eligible if self._within(one, best)]
        fewest = min(one.candidate.k for one in enough)
        few = [one for one in enough if one.candidate.k == fewest]
        return best, min(few, key=lambda one: (-_known(one.separation), *_order(one, self.settings)))

    def _within(self, one: Evaluation, best: Evaluation) -> bool:
        return _known(one.separation) >= _known(best.separation) - (best.separation_error or 0.0)

    def against(self, one: Evaluation, best: Evaluation, chosen: Evaluation) -> str:
        told = f"separates the next period's KPI by {_known(one.separation):.3f}"
        if one is chosen:
            return f"chosen: {told}, with the fewest clusters within one standard error of the best"
        if not self._within(one, best):
            error, most = best.separation_error or 0.0, _known(best.separation)
            return f"{told}, more than one standard error ({error:.3f}) below {most:.3f}"
        if one.candidate.k > chosen.candidate.k:
            return f"{told}, no better than one standard error, with more clusters than the chosen one"
        return f"{told}, with as many clusters as the chosen one, which separates it by {_known(chosen.separation):.3f}"

    def words(self, best: Evaluation, chosen: Evaluation) -> str:
        of = f" of '{self.kpi}'" if self.kpi else ""
        won = _known(chosen.separation)
        told = f"explains {won:.1%} (adjusted) of the variance{of} in the next period among customers held out, "
        if chosen is best:
            return told + "the most"
        name, error = best.candidate, best.separation_error or 0.0
        return told + (
            f"within one standard error ({error:.1%}) of the best ({name.kind} k={name.k}: "
            f"{_known(best.separation):.1%}), and has the fewest clusters"
        )


@dataclass(frozen=True)
class _Silhouette:
    """The highest Euclidean silhouette."""

    settings: Clustering

    def chosen(self, eligible: Sequence[Evaluation]) -> tuple[Evaluation, Evaluation]:
        best = min(eligible, key=lambda one: (-_known(one.silhouette_euclidean), *_order(one, self.settings)))
        return best, best

    def against(self, one: Evaluation, best: Evaluation, chosen: Evaluation) -> str:
        if one is chosen:
            return "chosen: highest silhouette among the eligible"
        own, highest = _known(one.silhouette_euclidean), _known(best.silhouette_euclidean)
        if own == highest:
            return f"silhouette {own:.3f}, tied with the chosen one, which has the smaller k or is configured first"
        return f"silhouette {own:.3f}, below {highest:.3f}"

    def words(self, best: Evaluation, chosen: Evaluation) -> str:
        value = _known(chosen.silhouette_euclidean)
        return f"has the highest mean silhouette (Euclidean, {value:.3f})"


def _order(one: Evaluation, settings: Clustering) -> tuple[int, int]:
    return one.candidate.k, settings.algorithms.index(one.candidate.algorithm)


def _unstable(one: Evaluation, search: Search) -> str:
    if one.stability is None or one.stability >= search.stability:
        return ""
    return (
        f"its weakest cluster comes back in resamples with a mean Jaccard similarity of {one.stability:.2f}, below "
        f"{search.stability:.2f}"
    )


def _incomparable(candidate: Candidate) -> str:
    if candidate.view == ALL:
        return ""
    return "the next period's KPI is not known, and nothing else compares it with candidates on all inputs"


def _lasting(one: Evaluation) -> str:
    if one.stability is None:
        return ""
    null = "" if one.stability_null is None else f", where structureless customers give {one.stability_null:.2f}"
    return (
        f"; in resamples its weakest cluster is {words(one.stability)} (mean Jaccard similarity "
        f"{one.stability:.2f}{null})"
    )


def _nobody(obstacles: dict[Candidate, str], settings: Clustering) -> str:
    lines = "\n".join(f"  - {candidate.label}: {why}" for candidate, why in obstacles.items())
    return (
        "no candidate can be chosen, so nothing was published; widen clustering.manageable "
        f"({settings.manageable.min} to {settings.manageable.max}), lower clustering.smallest_share "
        f"({settings.smallest_share:.0%}) or search.stability, or change clustering.inputs:\n{lines}"
    )


def _known(value: float | None) -> float:
    return float("-inf") if value is None else value
