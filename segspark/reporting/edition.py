"""What one edition of a handbook says, as JSON, and how the next one differs from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from segspark.reporting import text

_SURE = 1.96  # standard errors: the two-sided 5% of a normal distribution


@dataclass(frozen=True)
class Said:
    """What an edition said of a segment.

    `customers` and `share` are None where they are withheld; `kpis` has value, low and high by label; `advice` has the
    rules that spoke.
    """

    name: str
    customers: int | None
    share: float | None
    kpis: Mapping[str, tuple[float | None, float | None, float | None]] = field(default_factory=dict)
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edition:
    """An edition: its date, and what it said by segment id."""

    as_of: str
    segments: Mapping[str, Said]


@dataclass(frozen=True)
class Editions:
    """The edition at hand, and the last one of an earlier date."""

    now: Edition
    before: Edition | None = None


def following(last: Editions | None, now: Edition) -> Editions:
    """The new edition beside the last one of an earlier date, however often one of today was made meanwhile.

    >>> monday, tuesday = (Edition(f"2018-01-0{day}", {}) for day in (1, 2))
    >>> once = following(Editions(monday), tuesday)
    >>> once.before == monday, following(once, tuesday) == once
    (True, True)
    """
    known = [] if last is None else [last.now, *([last.before] if last.before else [])]
    return Editions(now, next((one for one in known if one.as_of < now.as_of), None))


def as_json(editions: Editions) -> str:
    """The editions as a file."""
    return json.dumps(asdict(editions), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(content: str) -> Editions | None:
    """The editions of a file; None where there is none, or where it is not one of ours.

    >>> told = Editions(Edition("2018-01-01", {"a": Said("A", 20, 0.5, {"orders": (1.0, 0.5, 1.5)}, ("lapsing",))}))
    >>> from_json(as_json(told)) == told, from_json("[]"), from_json("")
    (True, None, None)
    """
    try:
        raw = json.loads(content)
        return Editions(_edition(raw["now"]), _edition(raw["before"]) if raw["before"] else None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def difference(editions: Editions) -> list[str]:
    """Sentences on what is new, gone, renamed, larger, smaller, or done otherwise than in the edition before.

    Shares differ where their difference is above 1.96 standard errors of two independent samples, which is on the safe
    side, as most customers are the same; KPIs where their intervals have nothing in common.
    """
    now, before = editions.now.segments, editions.before.segments if editions.before else {}
    if editions.before is None:
        return []
    found = [f"New: {one.name}." for key, one in now.items() if key not in before]
    found += [f"Gone: {one.name}." for key, one in before.items() if key not in now]
    for key, one in now.items():
        if key in before:
            found += _changes(one, before[key])
    return found


def _changes(one: Said, other: Said) -> list[str]:
    found = [f"Renamed: {other.name} is {one.name} now."] if one.name != other.name else []
    if _share_differs(one, other):
        sizes = f"{text.percent(other.share)} of all customers before, {text.percent(one.share)} now"
        found.append(f"{'Larger' if (one.share or 0) > (other.share or 0) else 'Smaller'}: {one.name}, {sizes}.")
    for label, (value, low, high) in one.kpis.items():
        was, below, above = other.kpis.get(label, (None, None, None))
        if None not in (value, low, high, was, below, above) and (_above(low, above) or _above(below, high)):
            direction = "up" if _above(low, above) else "down"
            found.append(f"{one.name}: {label} went {direction} from {text.number(was)} to {text.number(value)}.")
    new, gone = (
        [rule for rule in first.advice if rule not in second.advice] for first, second in ((one, other), (other, one))
    )
    if new:
        found.append(f"{one.name}: new advice ({', '.join(new)}).")
    if gone:
        found.append(f"{one.name}: advice that is no longer given ({', '.join(gone)}).")
    return found


def _share_differs(one: Said, other: Said) -> bool:
    spread, before = _variance(one), _variance(other)
    if spread is None or before is None:
        return False
    return abs((one.share or 0.0) - (other.share or 0.0)) > _SURE * math.sqrt(spread + before)


def _variance(one: Said) -> float | None:
    """Of a share of all customers, of whom there are customers / share."""
    if not one.share or not one.customers:
        return None
    return one.share * (1 - one.share) * one.share / one.customers


def _above(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low > high


def _edition(raw: Any) -> Edition:
    return Edition(str(raw["as_of"]), {str(key): _said(one) for key, one in raw["segments"].items()})


def _said(raw: Any) -> Said:
    kpis = {
        str(label): (_number(value), _number(low), _number(high)) for label, (value, low, high) in raw["kpis"].items()
    }
    customers = None if raw["customers"] is None else int(raw["customers"])
    return Said(str(raw["name"]), customers, _number(raw["share"]), kpis, tuple(map(str, raw["advice"])))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
