"""Pockets: small parts of a segment that are worth more, or grow faster, found on one half and judged by the other.

Subgroup discovery (Herrera et al. 2011) looks at many parts and keeps the best, and what is best of many is partly so
by luck. So all that is told of a pocket is measured of customers who had no say in its choice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from segspark.config.opportunities import Pockets
from segspark.segments.contrasts import Contrast, contrast, q_values
from segspark.segments.pocket_bins import CODES
from segspark.segments.pocket_counts import Cell, Cells, Key

KINDS = ("value", "growth")
_PROMISING = 1.645  # standard errors in the half that is searched; what is less is not put to the test
_MOST = 0.9  # share of a segment from which on a condition says nothing


@dataclass(frozen=True)
class Found:
    """A pocket, by the half of the customers that had no say in its choice.

    Attributes:
        kind: value, of each customer, or growth, orders of late over those before.
        conditions: codes that its customers meet.
        cell: its customers; `rest`: the other ones of the segment.
        told: its value, or growth, against that of the rest.
        q_value: share of chance findings among all pockets that are as sure as this one.
    """

    segment_id: str
    kind: str
    conditions: Key
    cell: Cell
    rest: Cell
    told: Contrast
    q_value: float


def beam(cells: Cells, settings: Pockets, confidence: float) -> dict[str, list[int]]:
    """The conditions of each segment that are tried two at a time: the best by themselves, of either kind."""
    found = {}
    for segment, (searched, _) in sorted(cells.items()):
        scores: dict[int, float] = {}
        for key, cell in searched.items():
            whole = searched[()]
            if len(key) == 1 and settings.min_customers <= cell.customers <= _MOST * whole.customers:
                told = (_against(cell, whole.without(cell), kind, confidence) for kind in KINDS)
                scores[key[0]] = max((one.statistic for one in told if one), default=0.0)
        best = sorted((-score, code) for code, score in scores.items() if score > 0)
        found[segment] = sorted(code for _, code in best[: settings.beam])
    return found


def pockets(cells: Cells, settings: Pockets, false_discoveries: float, confidence: float) -> list[Found]:
    """The pockets that are more than chance, by segment, kind and how sure they are.

    The p-value of two conditions is the largest of three: against the rest of the segment, and against the rest of each
    of the two by itself. So the second one has to add something. q-values are over everything put to the test.

    Args:
        cells: of both halves, of one and two conditions.
        settings: of pockets.
        false_discoveries: share of them that may be due to chance.
        confidence: of the lift's interval.
    """
    tried = [one for segment in sorted(cells) for one in _tested(segment, cells, settings, confidence)]
    sure = q_values([p_value for *_, p_value in tried])
    found = [
        Found(segment, kind, key, cell, rest, told, q)
        for (segment, kind, key, cell, rest, told, _), q in zip(tried, sure, strict=True)
        if q <= false_discoveries
    ]
    return sorted(found, key=lambda one: (one.segment_id, KINDS.index(one.kind), one.q_value, one.conditions))


def _tested(
    segment: str, cells: Cells, settings: Pockets, confidence: float
) -> Iterator[tuple[str, str, Key, Cell, Cell, Contrast, float]]:
    searched, judged = cells[segment]
    for kind in KINDS:
        for key in _promising(searched, kind, settings, confidence):
            against = _comparisons(judged, key, kind, settings, confidence)
            if against:
                cell, whole = judged[key], judged[()]
                yield segment, kind, key, cell, whole.without(cell), against[0], max(one.p_value for one in against)


def _promising(searched: Mapping[Key, Cell], kind: str, settings: Pockets, confidence: float) -> list[Key]:
    """The best candidates; of equals the shortest first, then by code."""
    scored = []
    for key in (one for one in searched if one):
        against = _comparisons(searched, key, kind, settings, confidence)
        score = min((one.statistic for one in against), default=0.0)
        if score >= _PROMISING:
            scored.append((-score, len(key), key))
    return [key for *_, key in sorted(scored)[: settings.candidates]]


def _comparisons(half: Mapping[Key, Cell], key: Key, kind: str, settings: Pockets, confidence: float) -> list[Contrast]:
    """Against the rest of the segment first, then of each condition; none where the pocket may not be one."""
    cell, whole = half.get(key), half.get(())
    if cell is None or whole is None or len({code // CODES for code in key}) < len(key):
        return []
    if not settings.min_customers <= cell.customers <= settings.max_share * whole.customers:
        return []
    wider = [whole, *(half[(code,)] for code in key if len(key) > 1)]
    found = [_against(cell, one.without(cell), kind, confidence) for one in wider]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else []


def _against(cell: Cell, rest: Cell, kind: str, confidence: float) -> Contrast | None:
    sides = (cell.value, rest.value) if kind == "value" else (cell.orders, rest.orders)
    return contrast(*sides, confidence)
