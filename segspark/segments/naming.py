"""First names and descriptions of segments, made from what distinguishes them most, in original units."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from segspark.config.naming import Naming
from segspark.segments.profiles import Profile, by_segment
from segspark.segments.vocabulary import Vocabulary, Words, built_in
from segspark.tables import Feature


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
    profiles: Iterable[Profile],
    features: Sequence[Feature],
    taken: Collection[str] = (),
    settings: Naming | None = None,
    vocabulary: Vocabulary | None = None,
) -> dict[str, Wording]:
    """A unique name and a description for each segment.

    Args:
        profiles: of all segments that are to be told apart.
        features: the declared features; those with adjectives may give names, those with sentences descriptions.
        taken: names of other segments.
        settings: what is worth a word, and how many there are; None: as usual.
        vocabulary: the words; None: those of the declarations.

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
    told = _Told(vocabulary or built_in(features), settings or Naming(), {one.name: one.unit for one in features})
    ranked = {segment: told.ranked(own) for segment, own in by_segment(profiles).items()}
    names = told.names({segment: told.adjectives(own) for segment, own in ranked.items()}, taken)
    return {segment: Wording(names[segment], told.sentences(own)) for segment, own in ranked.items()}


@dataclass(frozen=True)
class _Told:
    """The words, how many of them, and the unit of each feature."""

    vocabulary: Vocabulary
    settings: Naming
    units: Mapping[str, str]

    def ranked(self, profiles: Sequence[Profile]) -> list[Profile]:
        """What is worth a word, the most notable first."""
        known = [one for one in profiles if one.feature in self.units and one.feature in self.vocabulary.features]
        notable = [one for one in known if abs(one.standardised or 0.0) >= self.settings.notable]
        return sorted(notable, key=lambda one: (-abs(one.standardised or 0.0), one.feature))

    def adjectives(self, ranked: Sequence[Profile]) -> list[str]:
        told = [(self.vocabulary.features[one.feature], one.standardised or 0.0) for one in ranked]
        words = [of.high if apart > 0 else of.low for of, apart in told]
        return list(dict.fromkeys(word for word in words if word)) or [self.vocabulary.patterns.average]

    def names(self, adjectives: Mapping[str, Sequence[str]], taken: Collection[str]) -> dict[str, str]:
        """A few adjectives each; more where two segments would share a name, a number where words run out."""
        names: dict[str, str] = {}
        numbered, least = self.vocabulary.patterns.numbered, self.settings.adjectives
        for segment in sorted(adjectives):
            words = adjectives[segment]
            tries = [self.name(words[:count]) for count in range(min(least, len(words)), len(words) + 1)]
            last = range(2, len(adjectives) + len(taken) + 2)
            tries += [numbered.format(name=tries[-1], number=position) for position in last]
            names[segment] = next(name for name in tries if name not in taken and name not in names.values())
        return names

    def name(self, words: Sequence[str]) -> str:
        text = self.vocabulary.patterns.name.format(adjectives=self.vocabulary.patterns.joint.join(words))
        return text[:1].upper() + text[1:]

    def sentences(self, ranked: Sequence[Profile]) -> tuple[str, ...]:
        told = [(one, self.vocabulary.features[one.feature]) for one in ranked]
        said = [self.sentence(one, words) for one, words in told if words.sentence]
        return tuple(said[: self.settings.sentences]) or (self.vocabulary.patterns.alike,)

    def sentence(self, one: Profile, words: Words) -> str:
        mean, average, unit = one.mean or 0.0, one.overall_mean or 0.0, self.units[one.feature]
        value, usual = self.vocabulary.quantity(mean, unit), self.vocabulary.quantity(average, unit)
        if "{ratio}" in words.sentence and (mean <= 0 or average < 0):  # a ratio would say nothing true
            return self.vocabulary.patterns.compared.format(label=words.label, value=value, average=usual)
        ratio = self.vocabulary.ratio(mean, average)
        return words.sentence.format(ratio=ratio, value=value, average=usual)
