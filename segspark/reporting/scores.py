"""What the candidates of a search scored, in a form that can be drawn and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segspark.reporting.labels import clean
from segspark.reporting.model import Candidate
from segspark.reporting.text import known

Curve = list[tuple[Candidate, float]]
"""Candidates with their score, by k; several seeds give several at one k."""


@dataclass(frozen=True)
class Panel:
    """One criterion: its curves by algorithm, and whether lower is better."""

    title: str
    axis: str
    lower_is_better: bool
    curves: dict[str, Curve]


def panels(candidates: Sequence[Candidate]) -> list[Panel]:
    """Next period, silhouette, relative cost and log-likelihood; a criterion that no candidate has is left out."""
    groups = by_algorithm(candidates)
    found = [
        Panel("Next period", "share of the KPI's variance", False, _curves(groups, lambda one: one.separation)),
        Panel("Separation", axis_label(candidates), False, _curves(groups, lambda one: one.silhouette)),
        Panel("Compactness", "cost, relative to the smallest k", True, _relative_costs(groups)),
        Panel("Fit of the mixture", "log-likelihood", False, _curves(groups, lambda one: one.log_likelihood)),
    ]
    return [panel for panel in found if panel.curves]


def by_algorithm(candidates: Sequence[Candidate]) -> dict[str, list[Candidate]]:
    """Candidates by what can be compared: the algorithm, with the feature set and the distance where there are several.

    >>> one = Candidate("kmeans", 3, 1, 0.4, "cosine", 9.0, None, 0.1, 1.0, True, "")
    >>> list(by_algorithm([one]))
    ['kmeans']
    """
    several = len(_distances(candidates)) > 1
    sets = len({one.feature_set for one in candidates}) > 1
    grouped: dict[str, list[Candidate]] = {}
    for one in candidates:
        told = [one.feature_set] * sets + [one.silhouette_distance] * several
        name = f"{one.algorithm} ({', '.join(told)})" if told else one.algorithm
        grouped.setdefault(name, []).append(one)
    return grouped


def axis_label(candidates: Sequence[Candidate]) -> str:
    """The silhouette's axis, with its distance named.

    >>> axis_label([Candidate("kmeans", 3, 1, 0.4, "squared_euclidean", 9.0, None, 0.1, 1.0, True, "")])
    'silhouette (squared euclidean distance)'
    """
    distances = _distances(candidates)
    if len(distances) == 1:
        return f"silhouette ({distances[0].replace('_', ' ')} distance)"
    return "silhouette (distance: see the legend)"


def relative(curve: Curve) -> Curve:
    """Scores divided by the best (lowest) at the smallest k; empty where that is not above zero."""
    start = min((value for one, value in curve if one.k == curve[0][0].k), default=0.0)
    return [(one, value / start) for one, value in curve] if start > 0 else []


def best_by_k(curve: Curve, lower_is_better: bool) -> list[tuple[int, float]]:
    """(k, best score) for each k, over its seeds."""
    best = min if lower_is_better else max
    return [(k, best(v for one, v in curve if one.k == k)) for k in sorted({one.k for one, _ in curve})]


def _distances(candidates: Sequence[Candidate]) -> list[str]:
    return sorted({clean(one.silhouette_distance) for one in candidates if known(one.silhouette)})


def _curves(groups: dict[str, list[Candidate]], score: Callable[[Candidate], float | None]) -> dict[str, Curve]:
    scored = {name: [(one, score(one)) for one in members] for name, members in groups.items()}
    curves = {name: [(one, v) for one, v in pairs if v is not None and known(v)] for name, pairs in scored.items()}
    return {name: sorted(curve, key=lambda pair: (pair[0].k, pair[1])) for name, curve in curves.items() if curve}


def _relative_costs(groups: dict[str, list[Candidate]]) -> dict[str, Curve]:
    curves = {name: relative(curve) for name, curve in _curves(groups, lambda one: one.cost).items()}
    return {name: curve for name, curve in curves.items() if curve}
