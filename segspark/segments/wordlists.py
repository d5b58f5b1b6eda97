"""A team's own words laid over the built-in ones: checked word by word, every problem told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, fields, replace
from difflib import get_close_matches
from string import Formatter
from typing import Any

from segspark.errors import BadInputError
from segspark.segments.vocabulary import Patterns, Vocabulary, Words

_LONGEST = {"sentence": 200, "compared": 200, "alike": 200, "thousands": 1, "decimal": 1}
_USUAL = 60  # characters
# Placeholders that a text may have; those that it must have are marked.
_PLACES = {
    "name": "adjectives!", "numbered": "name! number!", "times": "number!", "share": "number!",
    "quantity": "number! unit", "compared": "label! value! average", "sentence": "ratio value average",
}  # fmt: skip


def with_words(base: Vocabulary, given: Any, place: str) -> Vocabulary:
    """The built-in words with a team's own in their places.

    Args:
        base: the built-in vocabulary of the features that are computed.
        given: what the file says.
        place: the file, for messages.

    Raises:
        BadInputError: a feature, unit, key or placeholder that there is not; a word that is empty, too long, not
            printable, or that two features would share.

    Examples:
        >>> english = Vocabulary(features={"frequency": Words("orders", "frequent", "infrequent")})
        >>> with_words(english, {"features": {"frequency": {"high": "faithful"}}}, "words.yaml").features["frequency"]
        Words(label='orders', high='faithful', low='infrequent', sentence='')
        >>> with_words(english, {"patterns": {"name": "{noun}"}}, "words.yaml")
        Traceback (most recent call last):
        ...
        segspark.errors.BadInputError: 2 problems:
          - words.yaml: patterns.name: unknown placeholder {noun}; there are {adjectives}
          - words.yaml: patterns.name: {adjectives} is missing
    """
    problems = list(_problems(base, given))
    if problems:
        raise BadInputError(f"{place}: {problem}" for problem in problems)
    features = {
        name: replace(words, **_section(_section(given, "features"), name)) for name, words in base.features.items()
    }
    patterns = replace(base.patterns, **_section(given, "patterns"))
    found = Vocabulary(patterns, {**base.units, **_section(given, "units")}, features)
    twice = list(_shared(found))
    if found.patterns.thousands == found.patterns.decimal:
        twice.append("patterns.decimal: it is the same as patterns.thousands")
    if twice:
        raise BadInputError(f"{place}: {problem}" for problem in twice)
    return found


def _problems(base: Vocabulary, given: Any) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"expected sections patterns, units and features, found {given!r}"
        return
    known: dict[str, Collection[str]] = {
        "patterns": list(asdict(Patterns())), "units": base.units, "features": base.features,
    }  # fmt: skip
    for section, inside in given.items():
        if section not in known:
            yield f"{section}: unknown section; there are {', '.join(known)}"
        elif not isinstance(inside, Mapping):
            yield f"{section}: expected words by name, found {inside!r}"
        else:
            for name, value in inside.items():
                yield from _of_name(section, str(name), value, known[section])


def _of_name(section: str, name: str, value: Any, known: Collection[str]) -> Iterator[str]:
    path = f"{section}.{name}"
    if name not in known:
        yield f"{path}: there is no such {section.removesuffix('s')}{_meant(name, known)}"
    elif section != "features":
        yield from _of_text(path, name if section == "patterns" else "unit", value)
    elif not isinstance(value, Mapping):
        yield f"{path}: expected label, high, low or sentence, found {value!r}"
    else:
        keys = [one.name for one in fields(Words)]
        for key, text in value.items():
            if key not in keys:
                yield f"{path}.{key}: unknown key; there are {', '.join(keys)}"
            else:
                yield from _of_text(f"{path}.{key}", key, text)


def _of_text(path: str, kind: str, text: Any) -> Iterator[str]:
    longest = _LONGEST.get(kind, _USUAL)
    if not isinstance(text, str):
        yield f"{path}: expected a text, found {text!r}; in quotes it is one"
    elif not text or (not text.strip() and kind not in ("joint", "thousands")):
        yield f"{path}: it is empty; without the key the built-in word stays"
    elif len(text) > longest:
        yield f"{path}: it has {len(text):,} characters; expected at most {longest}"
    elif not text.isprintable():
        yield f"{path}: {text!r} is not one line of printable characters"
    elif ";" in text and kind in ("sentence", "compared", "alike"):
        yield f"{path}: a semicolon stands between sentences, and may not be in one"
    else:
        yield from _of_places(path, kind, text)


def _of_places(path: str, kind: str, text: str) -> Iterator[str]:
    """Placeholders are plain names in braces: no attributes, conversions or widths, which could say or do anything."""
    places = _PLACES.get(kind, "").split()
    allowed = [one.rstrip("!") for one in places]
    try:
        parts = [(name, form or kept) for _, name, form, kept in Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield f"{path}: {text!r} has braces that do not fit: {error}"
        return
    there = ", ".join(f"{{{one}}}" for one in allowed) or "none here"
    for name, more in parts:
        if name not in allowed:
            yield f"{path}: unknown placeholder {{{name}}}; there are {there}"
        elif more:
            yield f"{path}: placeholder {{{name}}} is a plain name, without {more!r}"
    named = [name for name, _ in parts]
    yield from (f"{path}: {{{one[:-1]}}} is missing" for one in places if one.endswith("!") and one[:-1] not in named)


def _shared(vocabulary: Vocabulary) -> Iterator[str]:
    """Adjectives that would not tell two things apart."""
    first = {vocabulary.patterns.average.casefold(): "patterns.average"}
    for name, words in vocabulary.features.items():
        for key in ("high", "low"):
            word, path = getattr(words, key).casefold(), f"features.{name}.{key}"
            if word and first.setdefault(word, path) != path:
                yield f"{path}: '{word}' is the word of {first[word]} already"


def _section(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = given.get(name, {})
    return found


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}"
