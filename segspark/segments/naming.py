"""First names and descriptions of segments, made from what distinguishes them most, in original units."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from segspark.segments.profiles import Profile, by_segment
from segspark.tables import Feature

NOTABLE = 0.25  # standard deviations from everybody's mean; less is not worth a word
_SENTENCES = 4


@dataclass(frozen=True)
class Wording:
    """What a person reads about a segment."""

    name: str
    sentences: tuple[str, ...]

    @property
    def description(self) -> str:
        """The sentences as one text.

        Examples:
            >>> Wording("Frequent customers", ("buys often", "spends a lot")).description
            'Buys often; spends a lot.'
        """
        text = "; ".join(self.sentences)
        return text[:1].upper() + text[1:] + "." if text else ""


def wordings(
    profiles: Iterable[Profile], features: Sequence[Feature], taken: Collection[str] = ()
) -> dict[str, Wording]:
    """A unique name and a description for each segment.

    Args:
        profiles: of all segments that are to be told apart.
        features: the declared features; those with adjectives may give names, those with sentences descriptions.
        taken: names of other segments.

    Examples:
        >>> frequency = Feature("frequency", "BIGINT", "", "orders", "orders", "", "", "frequent", "infrequent",
        ...     "buys {ratio} as often as the average customer")
        >>> often, rarely = Profile("a", "frequency", 5, 12.0, 4.0, 4.0), Profile("b", "frequency", 9, 2.0, 4.0, 4.0)
        >>> words = wordings([often, rarely], [frequency])
        >>> words["a"].name, words["a"].description
        ('Frequent customers', 'Buys 3.0 times as often as the average customer.')
        >>> words["b"].name, words["b"].description
        ('Infrequent customers', 'Buys 0.5 times as often as the average customer.')
    """
    declared = {feature.name: feature for feature in features}
    ranked = {segment: _ranked(own, declared) for segment, own in by_segment(profiles).items()}
    names = _unique_names({segment: _adjectives(own, declared) for segment, own in ranked.items()}, taken)
    return {segment: Wording(names[segment], _sentences(own, declared)) for segment, own in ranked.items()}


def number(value: float, unit: str) -> str:
    """A value with its unit as a person says it.

    Examples:
        >>> number(0.384, "share"), number(45.2, "days"), number(1234.5, "USD"), number(3.14, "orders")
        ('38%', '45 days', '1,234 USD', '3.1 orders')
    """
    if unit == "share":
        return f"{value:.0%}"
    digits = 1 if abs(value) < 20 else 0
    return f"{value:,.{digits}f} {unit}"


def _ranked(profiles: Sequence[Profile], declared: Mapping[str, Feature]) -> list[Profile]:
    notable = [one for one in profiles if one.feature in declared and abs(one.standardised or 0.0) >= NOTABLE]
    return sorted(notable, key=lambda one: (-abs(one.standardised or 0.0), one.feature))


def _adjectives(ranked: Sequence[Profile], declared: Mapping[str, Feature]) -> list[str]:
    words = [
        declared[one.feature].high if (one.standardised or 0.0) > 0 else declared[one.feature].low for one in ranked
    ]
    return list(dict.fromkeys(word for word in words if word)) or ["average"]


def _unique_names(adjectives: Mapping[str, Sequence[str]], taken: Collection[str]) -> dict[str, str]:
    """Two adjectives each; more where two segments would share a name, a number where words run out."""
    names: dict[str, str] = {}
    for segment in sorted(adjectives):
        words = adjectives[segment]
        tries = [_name(words[:count]) for count in range(min(2, len(words)), len(words) + 1)]
        tries += [f"{tries[-1]} {position}" for position in range(2, len(adjectives) + len(taken) + 2)]
        names[segment] = next(name for name in tries if name not in taken and name not in names.values())
    return names


def _name(words: Sequence[str]) -> str:
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]} customers"


def _sentences(ranked: Sequence[Profile], declared: Mapping[str, Feature]) -> tuple[str, ...]:
    said = [_sentence(one, declared[one.feature]) for one in ranked if declared[one.feature].sentence]
    return tuple(said[:_SENTENCES]) or ("close to the average in everything",)


def _sentence(one: Profile, feature: Feature) -> str:
    mean, average = one.mean or 0.0, one.overall_mean or 0.0
    value, usual = number(mean, feature.unit), number(average, feature.unit)
    if "{ratio}" in feature.sentence and (mean <= 0 or average < 0):  # a ratio would say nothing true
        return f"{feature.label} {value} (average {usual})"
    ratio = f"{mean / average:.1f} times" if average else "many times"
    return feature.sentence.format(ratio=ratio, value=value, average=usual)
