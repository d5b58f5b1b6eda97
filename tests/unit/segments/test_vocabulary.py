"""A team's own words: laid over the built-in ones, checked, and said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from segspark.cli import main
from segspark.config import load_config
from segspark.config.features import Features
from segspark.config.load import read_yaml
from segspark.config.naming import Naming
from segspark.errors import BadInputError
from segspark.features.declarations import declared_features
from segspark.progress import Reporter
from segspark.segments.naming import wordings
from segspark.segments.profiles import Profile
from segspark.segments.vocabulary import as_yaml, built_in
from segspark.segments.wordlists import with_words
from segspark.steps.context import Context

CONF = Path(__file__).parents[3] / "conf"
DECLARED = declared_features(Features(), "EUR")
BUILT_IN = built_in(DECLARED)
CONFIGURATION = "workspace: {root: lake}\nsources: {events: [{name: e, path: e, columns: {}}]}\n"


def of(feature, mean, average, deviation=1.0):
    return Profile("a", feature, 10, mean, average, deviation)


def problems_of(given):
    with pytest.raises(BadInputError) as caught:
        with_words(BUILT_IN, given, "words.yaml")
    return caught.value.problems


def named(given, *profiles, settings=None):
    return wordings(profiles, DECLARED, settings=settings, vocabulary=with_words(BUILT_IN, given, "w"))["a"]


def test_a_given_word_takes_the_place_of_the_built_in_one_and_the_others_stay():
    given = {"features": {"frequency": {"high": "faithful"}}}
    assert named(given, of("frequency", 6.0, 5.0)).name == "Faithful customers"
    assert named(given, of("frequency", 4.0, 5.0)).name == "Infrequent customers"


def test_what_is_written_out_is_the_built_in_vocabulary_again():
    assert with_words(BUILT_IN, yaml.safe_load(as_yaml(BUILT_IN)), "w") == BUILT_IN


def test_a_file_that_says_nothing_changes_nothing():
    assert with_words(BUILT_IN, {}, "w") == BUILT_IN


def test_names_numbers_and_sentences_follow_the_patterns():
    given = {
        "patterns": {
            "name": "{adjectives} Leute", "joint": " und ", "share": "{number} %", "thousands": ".", "decimal": ",",
        },
        "units": {"days": "Tage"},
        "features": {
            "recency_days": {"sentence": "vor {value}"},
            "discount_share": {"sentence": "{value} statt {average}"},
        },
    }  # fmt: skip
    found = named(given, of("recency_days", 1234.0, 3000.0), of("discount_share", 0.25, 0.1, 0.1))
    assert found.name == "Recently active und discount-seeking Leute"
    assert found.sentences == ("vor 1.234 Tage", "25 % statt 10 %")


def test_a_ratio_is_said_by_its_patterns():
    given = {"patterns": {"times": "{number}-mal", "many_times": "viel", "decimal": ",", "thousands": "."}}
    assert named(given, of("frequency", 6.0, 4.0)).sentences == ("buys 1,5-mal as often as the average customer",)
    assert named(given, of("frequency", 6.0, 0.0)).sentences == ("buys viel as often as the average customer",)


def test_the_threshold_and_the_number_of_words_are_configured():
    three = [of("frequency", 6.0, 5.0), of("tenure_days", 5.5, 5.0), of("monetary_value", 5.3, 5.0)]
    assert named({}, *three, settings=Naming(adjectives=1)).name == "Frequent customers"
    assert named({}, *three, settings=Naming(adjectives=3)).name == "Frequent, long-standing, high-spending customers"
    assert named({}, *three, settings=Naming(notable=0.6, adjectives=3)).name == "Frequent customers"
    assert len(named({}, *three, settings=Naming(sentences=1)).sentences) == 1


def test_every_problem_is_told_at_once_with_its_place():
    found = problems_of(
        {
            "pattern": {},
            "patterns": {"name": "Kunden", "noun": "x"},
            "units": {"moons": "Monde"},
            "features": {"frequenzy": {"high": "x"}, "recency_days": {"hihg": "x", "low": "", "sentence": "{mean}"}},
        }
    )
    assert found == (
        "words.yaml: pattern: unknown section; there are patterns, units, features",
        "words.yaml: patterns.name: {adjectives} is missing",
        "words.yaml: patterns.noun: there is no such pattern; there are name, joint, average, numbered, alike, times, "
        "many_times, compared, share, quantity, thousands, decimal",
        f"words.yaml: units.moons: there is no such unit; there are {', '.join(BUILT_IN.units)}",
        "words.yaml: features.frequenzy: there is no such feature; did you mean 'frequency'?",
        "words.yaml: features.recency_days.hihg: unknown key; there are label, high, low, sentence",
        "words.yaml: features.recency_days.low: it is empty; without the key the built-in word stays",
        "words.yaml: features.recency_days.sentence: unknown placeholder {mean}; there are {ratio}, {value}, {average}",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("buys {value.__class__}", "unknown placeholder {value.__class__}"),
        ("buys {value!r}", "is a plain name, without 'r'"),
        ("buys {value:>999999999}", "is a plain name, without '>999999999'"),
        ("buys {value:{average}}", "is a plain name"),
        ("buys {value", "braces that do not fit"),
        ("buys {}", "unknown placeholder {}"),
        ("buys; sells", "a semicolon stands between sentences"),
        ("buys\x1b[31m", "not one line of printable characters"),
        ("buys\nsells", "not one line of printable characters"),
        ("x" * 201, "it has 201 characters; expected at most 200"),
        (" ", "it is empty"),
        (7, "expected a text, found 7"),
        (None, "expected a text, found None"),
    ],
)
def test_a_sentence_that_could_do_harm_is_refused(text, said):
    (problem,) = problems_of({"features": {"frequency": {"sentence": text}}})
    assert problem.startswith("words.yaml: features.frequency.sentence: ")
    assert said in problem


def test_two_features_may_not_share_a_word_however_it_is_written():
    found = problems_of({"features": {"frequency": {"high": "Lapsing"}, "tenure_days": {"low": "average"}}})
    assert found == (
        "words.yaml: features.frequency.high: 'lapsing' is the word of features.recency_days.high already",
        "words.yaml: features.tenure_days.low: 'average' is the word of patterns.average already",
    )


def test_thousands_and_decimals_are_told_apart():
    assert problems_of({"patterns": {"decimal": ","}}) == (
        "words.yaml: patterns.decimal: it is the same as patterns.thousands",
    )


@pytest.mark.parametrize("given", ["words", ["a"], {"features": ["a"]}, {"features": {"frequency": "often"}}])
def test_what_is_no_map_is_refused(given):
    assert all("expected" in problem for problem in problems_of(given))


def test_the_built_in_words_of_all_families_are_distinct():
    families = ["rfm", "rhythm", "breadth", "recent", "campaigns", "scores", "value", "price", "preference", "web"]
    everything = built_in(declared_features(Features(families=families), "EUR"))
    assert with_words(everything, {}, "w") == everything


def test_the_german_vocabulary_fits_the_demo_and_has_a_word_for_all_that_english_has_one_for():
    config = load_config(CONF / "demo.yaml", [f"naming.vocabulary={CONF / 'vocabulary.de.yaml'}"])
    features = declared_features(config.features, config.money.currency, config.attributes)
    english = built_in(features)
    given = read_yaml(Path(str(config.naming.vocabulary)), "missing")
    german = with_words(english, given, "de")
    for name, words in english.features.items():
        if words.high:
            assert set(given["features"][name]) >= {"high", "low", "label"} | (
                {"sentence"} if words.sentence else set()
            )
    profiles = [of("frequency", 6.0, 4.0), of("recency_days", 12.0, 20.0, 10.0)]
    found = wordings(profiles, features, vocabulary=german)["a"]
    assert found.name == "Häufig kaufende, kürzlich aktive Kundschaft"
    assert found.description == (
        "Kauft 1,5-mal so häufig wie der Durchschnitt; letzter Kauf: 12,0 Tage her (Durchschnitt 20 Tage)."
    )


def test_the_path_of_a_vocabulary_is_relative_to_the_configuration(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIGURATION + "naming: {vocabulary: words/own.yaml}\n", encoding="utf-8")
    assert load_config(tmp_path / "c.yaml").naming.vocabulary == str(tmp_path / "words" / "own.yaml")


def test_the_command_writes_a_file_that_it_would_read_and_never_over_another(tmp_path, capsys):
    config, out = tmp_path / "c.yaml", tmp_path / "words.yaml"
    config.write_text(CONFIGURATION + "money: {currency: EUR}\n", encoding="utf-8")
    assert main(["vocabulary", "--config", str(config), "--output", str(out)]) == 0
    assert with_words(BUILT_IN, read_yaml(out, ""), "w").features == BUILT_IN.features
    assert main(["vocabulary", "--config", str(config), "--output", str(out)]) == 2
    assert "there is such a file already" in capsys.readouterr().err
    with_own = ["--set", f"naming.vocabulary={out}"]
    out.write_text("features: {frequency: {high: treu}}\n", encoding="utf-8")
    assert main(["vocabulary", "--config", str(config), *with_own]) == 0
    assert "    high: treu\n" in capsys.readouterr().out


def test_a_vocabulary_that_is_not_there_or_gives_a_key_twice_is_bad_input(tmp_path, capsys):
    config, words = tmp_path / "c.yaml", tmp_path / "w.yaml"
    config.write_text(CONFIGURATION + "naming: {vocabulary: w.yaml}\n", encoding="utf-8")
    assert main(["vocabulary", "--config", str(config)]) == 2
    assert "w.yaml: no such file" in capsys.readouterr().err
    words.write_text("features: {}\nfeatures: {}\n", encoding="utf-8")
    assert main(["vocabulary", "--config", str(config)]) == 2
    assert "key 'features' given twice" in capsys.readouterr().err


def test_words_that_changed_in_the_same_file_make_another_run(tmp_path):
    config, words = tmp_path / "c.yaml", tmp_path / "w.yaml"
    config.write_text(CONFIGURATION, encoding="utf-8")

    def inputs(*overrides: str) -> dict[str, str]:
        return Context(load_config(config, overrides), date(2018, 1, 1), Reporter()).naming_inputs

    found = []
    for word in ("often", "seldom"):
        words.write_text(f"features: {{frequency: {{high: {word}}}}}\n", encoding="utf-8")
        found.append(inputs(f"naming.vocabulary={words}"))
    assert inputs() == {}
    assert [list(one) for one in found] == [["vocabulary"], ["vocabulary"]]
    assert found[0] != found[1]
