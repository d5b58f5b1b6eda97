"""Features of a team's own: named Spark SQL aggregates over events, declared in the configuration."""

import re

from segspark.config.features import OwnFeature
from segspark.features.families.sql import NEVER_NULL
from segspark.tables import Feature

_TYPES = {"count": "BIGINT", "money": "DECIMAL(38,4)", "number": "DOUBLE"}


def argument(one: OwnFeature) -> tuple[str, str] | None:
    """The function and argument of an aggregate that adds up over days: sum, count or count_if; None for any other.

    Examples:
        >>> argument(OwnFeature(name="x", aggregate="SUM(if(a, (b), 0))", description=""))
        ('sum', 'if(a, (b), 0)')
        >>> argument(OwnFeature(name="x", aggregate="sum(a) / sum(b)", description=""))
        >>> argument(OwnFeature(name="x", aggregate="count(DISTINCT a)", description=""))
    """
    found = re.fullmatch(r"\s*(sum|count|count_if)\s*\((.*)\)\s*", one.aggregate, re.IGNORECASE | re.DOTALL)
    if found is None or re.match(r"\s*(distinct|all)\b", found[2], re.IGNORECASE) or not _closed(found[2]):
        return None
    return found[1].lower(), found[2].strip()


def _closed(text: str) -> bool:
    """Whether every bracket that is closed was opened before: the last one of the whole then belongs to the first."""
    depth = 0
    for character in re.sub(r"'(?:[^'\\]|\\.)*'", "", text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def own(declared: list[OwnFeature]) -> tuple[Feature, ...]:
    """Their columns: over all time, in windows, and halved with age where that was asked for."""
    return tuple(feature for one in declared for feature in _columns(one))


def _columns(one: OwnFeature) -> list[Feature]:
    label = one.name.replace("_", " ")
    if argument(one) is None:
        return [
            Feature(one.name, _TYPES[one.type], one.description, one.unit, label, "no event with it", "zero",
                    sql=other_name(one))
        ]  # fmt: skip
    found = [Feature(one.name, _TYPES[one.type], one.description, one.unit, label, NEVER_NULL, "none", sql=one.name)]
    for days in one.windows_days:
        found.append(
            Feature(f"{one.name}_sum_{days}d", _TYPES[one.type], f"{one.description} In the last {days} days.",
                    one.unit, f"{label} in {days} days", NEVER_NULL, "none then", sql=f"{one.name}_{days}d")
        )  # fmt: skip
    if one.half_life_days:
        days = one.half_life_days
        found.append(
            Feature(f"{one.name}_decayed_{days}d", "DOUBLE",
                    f"{one.description} Halved every {days} days of its age.", one.unit,
                    f"{label}, half-life {days} days", NEVER_NULL, "none", sql=f"{one.name}_decayed_{days}d")
        )  # fmt: skip
    return found


def other_name(one: OwnFeature) -> str:
    """The column of an aggregate that does not add up over days, and is computed from all events each time."""
    return f"other_{one.name}"
