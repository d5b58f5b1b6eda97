"""A rule as Spark sees it: whether it is a condition over features, whatever they are, and how many meet it."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DataType, DateType, NumericType, StringType

from segspark.columns import quoted, text_literal
from segspark.errors import BadInputError
from segspark.io.failures import SPARK_FAILURES
from segspark.segments.rules import checked_rule
from segspark.steps.context import Context

_NOT_FEATURES = ("customer_id", "as_of", "run_id")
# Values that a feature may well have one day; null is tried, too.
_NUMBERS, _TEXTS, _DATES = ("0", "-1", "1000000"), ("", "x", "2026-13-45"), ("1970-01-01", "2099-12-31", "2026-02-28")


def usable_rule(context: Context, text: str) -> str:
    """A rule over features that assign can apply: see `usable_condition`."""
    features = context.lake.read(context.features_table)
    return usable_condition(features.drop(*_NOT_FEATURES), text)


def usable_condition(rows: DataFrame, text: str) -> str:
    """A condition over some columns, checked word by word, by Spark's analysis, and on made-up rows.

    Args:
        rows: that have these columns; none is read.
        text: as somebody wrote it.

    Raises:
        BadInputError: it cannot be used; with Spark's own words.
    """
    rule = checked_rule(text, rows.columns)
    try:
        found = rows.select(condition(rule).alias("met"))
        kind = found.schema["met"].dataType
        if not isinstance(kind, BooleanType):
            raise BadInputError([f"rule: '{rule}' gives {kind.simpleString()}; expected a condition, true or false"])
        _made_up(rows).select(condition(rule).alias("met")).collect()  # four rows
    except SPARK_FAILURES as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
        raise BadInputError(
            [f"rule: '{rule}' does not work on every row: {reason}; texts are compared with texts, numbers with "
             "numbers, and try_cast(column AS DOUBLE) makes one of the other"]
        ) from error  # fmt: skip
    return rule


def condition(rule: str) -> Column:
    """A checked rule, in parentheses: so nothing in it can belong to what stands around it."""
    return F.expr(f"({rule})")


def members(context: Context, rule: str) -> str:
    """How many customers meet a rule at the latest date with features, in words; empty if there is no such date."""
    features = context.lake.read(context.features_table)
    latest = features.agg(F.max("as_of")).collect()[0][0]  # one row
    if latest is None:
        return ""
    met = F.count_if(F.coalesce(condition(rule), F.lit(False)))
    row = features.where(F.col("as_of") == F.lit(latest)).agg(met.alias("met"), F.count("*").alias("all")).collect()[0]
    return f"{row['met']:,} of {row['all']:,} customers meet the rule at {latest}"


def _made_up(features: DataFrame) -> DataFrame:
    """Rows of the same columns with values that break what may break; the session stays as strict as in assign."""
    rows = []
    for number in range(len(_NUMBERS) + 1):
        values = [_value(field.dataType, number, field.name) for field in features.schema]
        rows.append(f"SELECT {', '.join(values)}")
    return features.sparkSession.sql(" UNION ALL ".join(rows))


def _value(kind: DataType, number: int, name: str) -> str:
    texts = _TEXTS if isinstance(kind, StringType) else _DATES if isinstance(kind, DateType) else _NUMBERS
    plain = isinstance(kind, StringType | DateType | NumericType) and number < len(texts)
    value = text_literal(texts[number]) if plain else "NULL"
    return f"try_cast({value} AS {kind.simpleString()}) AS {quoted(name)}"
