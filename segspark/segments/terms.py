"""Terms: what is distinctive of the texts of each segment, by class-based TF-IDF."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from segspark.config.signals import Signals


@dataclass(frozen=True)
class Wrote:
    """Customers of a segment who wrote a term.

    Attributes:
        heard: those of them of whose texts with it the sentiment is known.
        sentiment: mean over these; None where there are none.
    """

    customers: int
    heard: int = 0
    sentiment: float | None = None


@dataclass(frozen=True)
class Term:
    """The columns of segment_terms in their order, but for as_of and run_id."""

    segment_id: str
    term: str
    customers: int
    share: float
    overall_share: float
    score: float
    sentiment: float | None
    position: int


def terms(writers: Mapping[str, int], wrote: Mapping[str, Mapping[str, Wrote]], asked: Signals) -> list[Term]:
    """The most distinctive terms of each segment, the highest score first, equals by their names.

    c-TF-IDF (Grootendorst 2022): all texts of a segment are one document, and a term's weight in it is its frequency
    there times log(1 + A / f), with A the mean number of words of a segment and f the term's frequency over all. Here
    a customer counts once for a term, so that nobody has more of a say by writing it often; the frequency in
    a segment is relative to all that is counted in it, so that scores of large and small ones compare. A
    term that fewer than signals.min_customers of a segment wrote is not told of it.

    Args:
        writers: customers of each segment who wrote anything.
        wrote: by term, then segment.
        asked: what is configured.

    Examples:
        >>> said = {"slow": {"a": Wrote(30), "b": Wrote(10)}, "nice": {"a": Wrote(20), "b": Wrote(60)}}
        >>> # A is (30 + 20 + 10 + 60) / 2 = 60: 30/50 log(1 + 60/40) and 20/50 log(1 + 60/80)
        >>> [(one.term, round(one.score, 4)) for one in terms({"a": 40, "b": 70}, said, Signals()) if one.share > 0.5]
        [('slow', 0.5498), ('nice', 0.4797)]
    """
    spoken = {segment: sum(own[segment].customers for own in wrote.values() if segment in own) for segment in writers}
    mean, everyone = sum(spoken.values()) / max(len(spoken), 1), sum(writers.values())
    found = []
    for segment in sorted(writers):
        scored = []
        for term, own in wrote.items():
            if segment not in own or own[segment].customers < asked.min_customers:
                continue
            overall = sum(one.customers for one in own.values())
            score = own[segment].customers / spoken[segment] * math.log1p(mean / overall)
            scored.append((-score, term, own[segment], overall / everyone))
        for at, (score, term, one, overall_share) in enumerate(sorted(scored, key=lambda row: row[:2])[: asked.terms]):
            heard = one.sentiment if one.heard >= asked.min_customers else None
            share = one.customers / writers[segment]
            found.append(Term(segment, term, one.customers, share, overall_share, -score, heard, at + 1))
    return found
