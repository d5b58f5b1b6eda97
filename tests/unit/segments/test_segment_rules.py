"""Rules as somebody hostile writes them: what is not known to be harmless is refused, whatever it looks like."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segspark.errors import BadInputError
from segspark.segments.rules import DEEPEST, FUNCTIONS, LONGEST, checked_rule

COLUMNS = ["frequency", "monetary_value", "recency_days", "city", "first_purchase", "category share"]


@pytest.mark.parametrize(
    "rule",
    [
        "frequency >= 5",
        "FREQUENCY >= 5 and Recency_Days between 0 and 30",
        "city IN ('Berlin', 'Köln') OR city IS NULL",
        "NOT (city LIKE 'B%') AND city <> 'it, or -- that /* ; `'",
        "try_divide(monetary_value, frequency) > 12.5e1",
        "monetary_value / 2 > -1",
        "CASE WHEN frequency = 0 THEN FALSE ELSE monetary_value % 7 = 1 END",
        "coalesce(try_cast(city AS INT), -1) > 0",
        "first_purchase < DATE'2025-01-01' AND datediff(DATE '2026-01-01', first_purchase) > 30",
        "`category share` > .5",
        "frequency <=> NULL",
        "if(isnull(city), TRUE, left(lower(city), 1) = 'b')",
        "frequency\n  > 1",
    ],
)
def test_conditions_that_people_write_are_kept_as_they_are(rule):
    assert checked_rule(f"  {rule}\n", COLUMNS) == rule


@pytest.mark.parametrize(
    "rule",
    [
        # other code
        "java_method('java.lang.Runtime', 'getRuntime') IS NOT NULL",
        "reflect('java.util.UUID', 'randomUUID') = city",
        "try_reflect('java.util.UUID', 'randomUUID') = city",
        "`java_method`('java.lang.System', 'exit', 1) = ''",
        "my_udf(frequency) > 1",
        "system.builtin.java_method('a', 'b') = ''",
        "ai_query('model', city) = 'yes'",
        # other data
        "frequency > (SELECT max(frequency) FROM delta.`/secret`)",
        "EXISTS (SELECT 1)",
        "city IN (TABLE people)",
        "city IN (VALUES 'a')",
        "input_file_name() = ''",
        "current_user() = 'x'",
        "_metadata.file_path = 'x'",
        "customer_id = '17'",
        "t.frequency > 1",
        "coalesce(*) > 1",
        "struct(*) IS NOT NULL",
        # not the same every night
        "rand() < 0.5",
        "uuid() = city",
        "current_date > first_purchase",
        "now() IS NOT NULL",
        "monotonically_increasing_id() < 5",
        # not a condition of one row
        "count(frequency) > 1",
        "sum(frequency) OVER () > 1",
        "rank() OVER (ORDER BY frequency) = 1",
        "explode(array(1)) = 1",
        # other syntax
        "frequency > 1; DROP TABLE segments",
        "frequency > 1 -- and nothing else",
        "frequency > 1 /* and */",
        "frequency > 1 /*+ BROADCAST(t) */",
        "exists(array(1), x -> x > 0)",
        "coalesce(frequency -> 1)",
        "if(frequency => 1, TRUE, FALSE)",
        "frequency::STRING = '1'",
        "city:name = 'x'",
        "city['a'] = 'x'",
        "frequency > :bound",
        "frequency > ?",
        "frequency > ${env:HOME}",
        "@@version = 1",
        "frequency || 1 = '1'",
        "frequency & 1 = 1",
        "frequency << 2 = 1",
        "frequency > 1 AS everybody",
        "CAST(city AS INT) = 1",
        "try_cast(city AS STRUCT<a: INT>) IS NULL",
        "try_cast(city AS ARRAY<INT>) IS NULL",
        'city = "Berlin"',
        r"city = 'it\'s'",
        "city = 'open",
        "city = 'a\x00b'",
        "city RLIKE '(a+)+$'",
        "regexp_like(city, '(a+)+$')",
        "repeat('x', 1000000000) = city",
        "ｆrequency > 1",
        "frequency > 1\u00a0",
        "frequency > 1L",
        "TRUE(1)",
        # what would end the night's run
        "monetary_value / frequency > 2",
        "monetary_value % frequency > 2",
        "monetary_value / 0 > 2",
        "monetary_value / 0.0e5 > 2",
        # shape
        "",
        "   ",
        "(frequency > 1",
        "frequency > 1)",
        "frequency > 1) OR (TRUE",
        "frequency > - - 1",
        "NOT NOT TRUE",
        "nobody > 1",
        "frequency > 1" + " " * LONGEST + "AND TRUE",
        "(" * (DEEPEST + 1) + "TRUE" + ")" * (DEEPEST + 1),
        "CASE WHEN TRUE THEN " * (DEEPEST + 1) + "TRUE" + " END" * (DEEPEST + 1),
    ],
)
def test_everything_else_is_refused(rule):
    with pytest.raises(BadInputError, match="rule: "):
        checked_rule(rule, COLUMNS)


def test_every_problem_is_named_with_its_place():
    with pytest.raises(BadInputError) as refused:
        checked_rule("rand() < nobody / frequency", COLUMNS)
    assert [problem.split(" is ")[0].split(" divides")[0] for problem in refused.value.problems] == [
        "rule: rand() (character 1)", "rule: nobody (character 10)", "rule: / (character 17)",
    ]  # fmt: skip


def test_a_column_that_is_called_like_a_keyword_is_meant_in_backquotes():
    assert checked_rule("`select` > 1", ["select"]) == "`select` > 1"
    with pytest.raises(BadInputError):
        checked_rule("`select`(1)", ["select"])


HARMLESS = """frequency city monetary_value 'a' '(' 1 0 2.5 ( ) , = < > - + * / % AND OR NOT IN BETWEEN LIKE IS NULL
TRUE CASE WHEN THEN END AS INT DATE abs coalesce try_cast if"""
HARMFUL = "rand java_method SELECT FROM OVER UNION current_date explode ` \" ' ; -- /* */ -> => :: : . [ ] { } $ @ \\ é"
WORDS = [*HARMLESS.split(), *HARMFUL.split(), "\n"]
ALLOWED = {"and", "or", "not", "in", "between", "like", "is", "null", "true", "false", "case", "when", "then", "else"}
ALLOWED |= {"end", "as", "int", "bigint", "double", "string", "date", "boolean", *COLUMNS, *FUNCTIONS}


@settings(max_examples=2_000, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14), st.sampled_from(["", " "]))
@example(["coalesce", "(", "rand", "(", ")", ")"], "")
@example([".", "1"], "")
def test_what_is_accepted_has_no_word_and_no_sign_but_the_known_ones(words, between):
    try:
        rule = checked_rule(between.join(words), COLUMNS)
    except BadInputError:
        return
    bare = re.sub(r"'[^']*'", "''", rule)  # texts say nothing
    assert set(re.findall(r"[a-z_]+", re.sub(r"`[^`]*`|\d\.?\d*e", "", bare.lower()))) <= ALLOWED
    assert not re.search(r"--|/\*|->|=>|::|[;:.\[\]{}$@\\\"&|^~?!#]", re.sub(r"\d*\.\d+|`[^`]*`|!=", "1", bare))
    for called in re.findall(r"([A-Za-z_]+)\s*\(", bare):
        assert called.lower() in FUNCTIONS | ALLOWED - set(COLUMNS) - {"null", "true", "false", "end", "is"}


@settings(max_examples=1_000, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_either_kept_or_refused(text):
    try:
        assert checked_rule(text, COLUMNS) == text.strip(" \t\r\n")
    except BadInputError as error:
        assert str(error)
