"""What may stand in the rule of a segment: a condition over features, and nothing that could do or cost anything else.

Spark SQL can read other tables, call Java methods and run code of users, and a rule is run every night in the name of
whoever runs segspark. So a rule is taken apart into words before Spark sees any of it, and each word must be one that
is known to be harmless: a column, a literal, an operator, or a function that depends on its arguments alone. Without
SELECT, FROM, OVER and the like there are no subqueries and no windows, in whatever order the other words come; a parser
of another's could read a text otherwise than Spark does. What is left to Spark is to say whether it is a condition.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from segspark.errors import BadInputError

LONGEST = 2_000  # characters; whoever needs more wants a feature of their own
DEEPEST = 30  # parentheses in parentheses; Spark's parser goes as deep

# Each depends on its arguments alone, makes nothing that is longer than what it is given, and goes on whatever it
# meets: no rand(), current_date(), java_method(), regular expressions (some take for ever), repeat() or replace().
FUNCTIONS = frozenset(
    """
    abs ceil ceiling floor round sign signum sqrt exp ln log10 log2 power pow greatest least
    coalesce ifnull nvl nvl2 nullif if isnull isnotnull isnan nanvl
    lower upper trim ltrim rtrim length char_length substring substr left right startswith endswith contains concat
    try_divide try_add try_subtract try_multiply try_cast
    datediff date_add date_sub year quarter month day dayofmonth dayofweek weekday dayofyear
    """.split()  # noqa: SIM905
)
_WORDS = frozenset("AND OR NOT IN BETWEEN LIKE IS NULL TRUE FALSE CASE WHEN THEN ELSE END".split())  # noqa: SIM905
_BEFORE_PARENTHESES = _WORDS - {"IS", "NULL", "TRUE", "FALSE", "END"}
_TYPES = frozenset("BOOLEAN INT BIGINT DOUBLE STRING DATE".split())  # noqa: SIM905
_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<text>'[^'\\\x00-\x1f\x7f]*')
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<quoted>`[^`]+`)
    | (?P<sign><=>|<=|>=|<>|!=|==|[-+*/%()<>=,])
    """,
    re.VERBOSE,
)
_COMMENTS = ("--", "/*")


@dataclass(frozen=True)
class Token:
    """A word of a rule.

    Attributes:
        kind: text, number, word, quoted (a column in backquotes) or sign.
        at: its place, from 1.
    """

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        """As keywords are written; of a column in backquotes nothing, as it is no keyword."""
        return self.text.upper() if self.kind == "word" else ""


def checked_rule(text: str, columns: Collection[str]) -> str:
    """A rule that is safe to be given to Spark, which has yet to say that it is a condition.

    Args:
        text: as somebody wrote it.
        columns: that it may name, in any case of letters.

    Returns:
        The text without blanks around it. It is one operand whatever stands around it only in parentheses.

    Raises:
        BadInputError: with every problem that was found, and where.

    Examples:
        >>> checked_rule(" frequency >= 5 AND recency_days BETWEEN 0 AND 30 ", ["frequency", "recency_days"])
        'frequency >= 5 AND recency_days BETWEEN 0 AND 30'
        >>> checked_rule("frequency > (SELECT 1)", ["frequency"])
        Traceback (most recent call last):
        ...
        segspark.errors.BadInputError: rule: SELECT (character 14) is neither a column nor allowed here; ...
        >>> checked_rule("java_method('java.lang.System', 'exit', 1) = 0", [])
        Traceback (most recent call last):
        ...
        segspark.errors.BadInputError: rule: java_method() (character 1) is not allowed; these functions are: abs, ...
    """
    rule = text.strip(" \t\r\n")
    if not rule or len(rule) > LONGEST:
        expected = f"expected a condition such as frequency >= 5, of at most {LONGEST:,}"
        raise BadInputError([f"rule: it has {len(rule):,} characters; {expected}"])
    tokens = _tokens(rule)
    problems = [*_unknown(tokens, {name.lower() for name in columns}), *_failing(tokens)]
    problems += [*_dangling(tokens), *_unbalanced(tokens)]
    if problems:
        raise BadInputError(f"rule: {problem}" for problem in problems)
    return rule


def _tokens(rule: str) -> list[Token]:
    found, at = [], 0
    while at < len(rule):
        match = _TOKEN.match(rule, at)
        if match is None or rule.startswith(_COMMENTS, at):
            raise BadInputError(
                [f"rule: {_excerpt(rule, at)} (character {at + 1}) is not allowed; {_advice(rule[at])}"]
            )
        if match.lastgroup != "blank":
            found.append(Token(str(match.lastgroup), match[0], at + 1))
        at = match.end()
    return found


def _excerpt(rule: str, at: int) -> str:
    return repr(rule[at : at + 12])


def _advice(character: str) -> str:
    if character == "'":
        return "a text begins and ends with ' and has neither ' nor \\ in it"
    if character == '"':
        return "texts stand in single quotes"
    return "a rule consists of columns, numbers, 'texts', comparisons, AND, OR, NOT and functions"


def _column(token: Token) -> str:
    return token.text.strip("`").lower() if token.kind in ("word", "quoted") else ""


def _unknown(tokens: Sequence[Token], columns: Collection[str]) -> Iterator[str]:
    for number, token in enumerate(tokens):
        if token.kind not in ("word", "quoted"):
            continue
        called = number + 1 < len(tokens) and tokens[number + 1].text == "("
        if called and token.upper not in _BEFORE_PARENTHESES:
            if token.kind == "quoted" or token.text.lower() not in FUNCTIONS:
                yield f"{token.text}() (character {token.at}) is not allowed; these functions are: {_listed(FUNCTIONS)}"
            continue
        known = token.upper in _WORDS or _is_cast(tokens, number) or _is_date(tokens, number)
        if not known and _column(token) not in columns:
            there = f"columns are: {_listed(columns)}"
            yield f"{token.text} (character {token.at}) is neither a column nor allowed here; {there}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _is_date(tokens: Sequence[Token], number: int) -> bool:
    """DATE before a text makes it a date."""
    return tokens[number].upper == "DATE" and number + 1 < len(tokens) and tokens[number + 1].kind == "text"


def _is_cast(tokens: Sequence[Token], number: int) -> bool:
    """AS and a plain type at the end of a try_cast."""
    if tokens[number].upper != "AS":
        return number > 0 and tokens[number].upper in _TYPES and _is_cast(tokens, number - 1)
    following = tokens[number + 1 : number + 3]
    if len(following) < 2 or following[0].upper not in _TYPES or following[1].text != ")":
        return False
    depth = 0
    for at in range(number - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(tokens[at].text, 0)
        if depth < 0:
            return tokens[at - 1].upper == "TRY_CAST"
    return False


def _failing(tokens: Sequence[Token]) -> Iterator[str]:
    """A division by zero would end the night's assign; a thousand signs in a row, Spark's parser."""
    for token, following in zip(tokens, [*tokens[1:], Token("sign", "", 0)], strict=True):
        zero = following.kind != "number" or not float(following.text)
        if token.text in ("/", "%") and zero:
            yield f"{token.text} (character {token.at}) divides by what may be 0; use try_divide(a, b): null where b is"
        if (token.text in ("+", "-") and following.text in ("+", "-")) or token.upper == following.upper == "NOT":
            yield f"{token.text} {following.text} (character {token.at}) is one too many"


def _dangling(tokens: Sequence[Token]) -> Iterator[str]:
    """An operator stands between operands: * alone would be all columns, and -> or => mean other things to Spark."""
    for before, token in zip([Token("sign", "", 0), *tokens[:-1]], tokens, strict=True):
        between = token.kind == "sign" and token.text not in ("(", ")", "+", "-")
        if between and before.kind == "sign" and before.text != ")":
            yield f"{token.text} (character {token.at}) has nothing before it"


def _unbalanced(tokens: Sequence[Token]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0:
            yield f") (character {token.at}) closes nothing"
            return
        if depth > DEEPEST:
            yield f"( (character {token.at}) is deeper than {DEEPEST} parentheses"
            return
    if depth:
        yield f"{depth} of the parentheses are not closed"
    if sum(token.upper == "CASE" for token in tokens) > DEEPEST:
        yield f"it has more than {DEEPEST} CASE"
