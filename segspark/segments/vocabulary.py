"""The words that segments are named and described in, as the declarations of the features have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

import yaml

from segspark.tables import Feature


@dataclass(frozen=True)
class Words:
    """What is said of a feature; empty: nothing.

    Attributes:
        label: its name.
        high: adjective of customers far above the average.
        low: adjective of those far below it.
        sentence: how to say a segment's mean: {ratio}, {value} and {average} are filled in.
    """

    label: str
    high: str = ""
    low: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Patterns:
    """What names, descriptions and numbers are put together by.

    Attributes:
        name: of a segment.
        joint: between two adjectives.
        average: adjective of a segment that differs in nothing.
        numbered: of a segment that would have the name of another one.
        alike: description of a segment that differs in nothing.
        times: a ratio.
        many_times: a ratio to zero.
        compared: in the place of a sentence whose ratio would say nothing true.
        share: a share in percent.
        quantity: a number with its unit.
        thousands: between groups of three digits.
        decimal: before tenths.
    """

    name: str = "{adjectives} customers"
    joint: str = ", "
    average: str = "average"
    numbered: str = "{name} {number}"
    alike: str = "close to the average in everything"
    times: str = "{number} times"
    many_times: str = "many times"
    compared: str = "{label} {value} (average {average})"
    share: str = "{number}%"
    quantity: str = "{number} {unit}"
    thousands: str = ","
    decimal: str = "."


@dataclass(frozen=True)
class Vocabulary:
    """All words.

    Attributes:
        features: by the feature's name.
        units: how a unit is said; itself where it is not there.
    """

    patterns: Patterns = field(default_factory=Patterns)
    units: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, Words] = field(default_factory=dict)

    def quantity(self, value: float, unit: str) -> str:
        """A value with its unit as a person says it.

        Examples:
            >>> english = Vocabulary()
            >>> english.quantity(0.384, "share"), english.quantity(45.2, "days"), english.quantity(1234.5, "USD")
            ('38%', '45 days', '1,234 USD')
        """
        if unit == "share":
            return self.patterns.share.format(number=f"{value:.0%}".removesuffix("%"))
        number = self.number(value, 1 if abs(value) < 20 else 0)
        return self.patterns.quantity.format(number=number, unit=self.units.get(unit, unit))

    def ratio(self, value: float, average: float) -> str:
        """How many times the average a value is.

        Examples:
            >>> Vocabulary().ratio(6.0, 4.0), Vocabulary().ratio(6.0, 0.0)
            ('1.5 times', 'many times')
        """
        return (
            self.patterns.times.format(number=self.number(value / average, 1)) if average else self.patterns.many_times
        )

    def number(self, value: float, digits: int) -> str:
        """A number with so many decimals.

        Examples:
            >>> Vocabulary(Patterns(thousands=".", decimal=",")).number(1234.5, 1)
            '1.234,5'
        """
        signs = {",": self.patterns.thousands, ".": self.patterns.decimal}
        return "".join(signs.get(one, one) for one in f"{value:,.{digits}f}")


def built_in(features: Iterable[Feature]) -> Vocabulary:
    """The words that the declarations of features have; features that are text have none.

    Examples:
        >>> orders = Feature("frequency", "BIGINT", "", "orders", "orders", "", "", "frequent", "infrequent")
        >>> built_in([orders]).features["frequency"].low
        'infrequent'
    """
    told = [one for one in features if one.type != "STRING"]
    words = {one.name: Words(one.label, one.high, one.low, one.sentence) for one in told}
    return Vocabulary(units={one.unit: one.unit for one in told if one.unit != "share"}, features=words)


def as_yaml(vocabulary: Vocabulary) -> str:
    """A vocabulary as the file that a team edits; what has no word is left out.

    Examples:
        >>> print(as_yaml(Vocabulary(features={"frequency": Words("orders", "frequent")})).splitlines()[-3:])
        ['  frequency:', '    label: orders', '    high: frequent']
    """
    features = {
        name: {key: word for key, word in asdict(words).items() if word} for name, words in vocabulary.features.items()
    }
    whole = asdict(replace(vocabulary, features={})) | {"units": dict(vocabulary.units), "features": features}
    return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=120))
