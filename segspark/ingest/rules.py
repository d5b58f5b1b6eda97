"""Rules: what makes a row unacceptable or doubtful, each with the reason that its row will show.

Rules of our own, as Column expressions, for the reasons in docs/decisions/0003.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import midnight, quoted
from segspark.config.model import Config
from segspark.config.sources import Rule
from segspark.ingest.mapping import canonical_columns, reasons
from segspark.tables import Table

MONEY_TYPES = ("purchase", "return")
LONGEST_ID, LONGEST_TEXT = 256, 100_000
ACROSS_ROWS = ("unique", "foreign_key", "freshness")
_LONG = ("text", "name")


@dataclass(frozen=True)
class Judgement:
    """A rule as it is applied to rows.

    Attributes:
        reason: what a row that breaks it is told.
        severity: reject, warn or fail.
        broken: condition that holds of a row that breaks it.
    """

    reason: str
    severity: str
    broken: SparkColumn


def judged(rows: DataFrame, judgements: Sequence[Judgement]) -> DataFrame:
    """Add `_reasons` (of rejection), `_warnings` and `_fatal`: what is wrong with a row, sorted; null: nothing.

    Args:
        rows: with `_unreadable`, as map_rows returns them.
        judgements: the rules.

    Examples:
        >>> rows = spark.sql("SELECT 'b' AS brand, array('name: cannot be read') AS _unreadable")
        >>> rules = [Judgement("brand: not a brand", "reject", F.col("brand") == "b")]
        >>> judged(rows, rules).first()["_reasons"]
        ['brand: not a brand', 'name: cannot be read']
    """
    fields = {"_reasons": "reject", "_warnings": "warn", "_fatal": "fail"}
    by_rules = {name: _told(judgements, severity) for name, severity in fields.items()}
    return rows.withColumns(by_rules).withColumn("_reasons", together("_unreadable", "_reasons")).drop("_unreadable")


def together(left: str, right: str) -> SparkColumn:
    """Two arrays of reasons as one, sorted; null where both are."""
    nothing = F.array().cast("array<string>")
    both = F.sort_array(F.concat(F.coalesce(left, nothing), F.coalesce(right, nothing)))
    return F.when(F.col(left).isNotNull() | F.col(right).isNotNull(), both)


def _told(judgements: Sequence[Judgement], severity: str) -> SparkColumn:
    return reasons([(one.broken, one.reason) for one in judgements if one.severity == severity])


def built_in(table: Table, config: Config) -> list[Judgement]:
    """What holds of every source of a table, declared or not."""
    columns = canonical_columns(table)
    rules = _readable([column.name for column in columns if column.type == "STRING"])
    rules += [_absurd(column.name, config) for column in columns if column.type == "TIMESTAMP"]
    if table.name == "events":
        rules += [_amount_missing(), _sign_wrong(), _negative("discount"), _foreign(config.money.currency)]
    if table.name == "campaigns":
        rules.append(_negative("cost"))
    if table.name == "consents":
        rules.append(_reject("status: not granted, denied or withdrawn", ~F.col("status").isin(*_STATUS)))
    if table.name == "customers":
        rules += _attributes(config)
    return rules


_STATUS = ("granted", "denied", "withdrawn")


def declared(rules: Sequence[Rule], as_of: date, business_timezone: str) -> list[Judgement]:
    """The rules of a configuration that one row alone can break; the others: `segspark.ingest.across`."""
    alone = [rule for rule in rules if rule.check not in ACROSS_ROWS]
    return [
        Judgement(
            rule_reason(rule), rule.severity, restricted(_broken(rule, column_of(rule), as_of, business_timezone), rule)
        )
        for rule in alone
    ]


def restricted(broken: SparkColumn, rule: Rule) -> SparkColumn:
    """The condition, only where the rule's own condition holds."""
    return F.expr(rule.when) & broken if rule.when else broken


def column_of(rule: Rule) -> SparkColumn:
    """The rule's column, or the value of a key in a map column."""
    name, _, key = rule.column.partition(".")
    return F.col(quoted(name))[key] if key else F.col(quoted(name))


def rule_reason(rule: Rule) -> str:
    """The rule in words; never with a value of the data.

    Examples:
        >>> rule_reason(Rule(column="amount", check="range", min=0, max=500))
        'amount: outside 0 to 500'
    """
    low = "anything" if rule.min is None else f"{rule.min:g}"
    high = "anything" if rule.max is None else f"{rule.max:g}"
    said = {
        "not_null": "missing",
        "type": f"cannot be read as {rule.type}",
        "range": f"outside {low} to {high}",
        "set": f"none of the {len(rule.values or [])} values allowed",
        "pattern": "does not have the form declared",
        "unique": "also that of another row",
        "foreign_key": f"not in {rule.table}",
        "freshness": f"newest is more than {rule.within_days} days before as_of",
        "not_in_future": "in the future",
        "plausible": f"beyond {high} either way, which is not plausible",
    }[rule.check]
    condition = f" where {rule.when}" if rule.when else ""
    return f"{rule.column}: {said}{condition}"


def _broken(rule: Rule, value: SparkColumn, as_of: date, zone: str) -> SparkColumn:
    if rule.check == "not_null":
        return value.isNull()
    if rule.check == "type":
        return value.isNotNull() & value.cast("string").try_cast(str(rule.type)).isNull()
    if rule.check == "set":
        return ~value.cast("string").isin(*(rule.values or []))
    if rule.check == "pattern":
        return ~value.cast("string").rlike(f"^(?:{rule.pattern})$")
    if rule.check == "not_in_future":
        tolerance = 1 if rule.tolerance_days is None else rule.tolerance_days
        return value >= F.lit(midnight(as_of + timedelta(days=tolerance), zone))
    number = value.try_cast("double")
    if rule.check == "plausible":
        return F.abs(number) > F.lit(rule.max)
    below = number < F.lit(rule.min) if rule.min is not None else F.lit(False)
    return below | (number > F.lit(rule.max)) if rule.max is not None else below


def _reject(reason: str, broken: SparkColumn) -> Judgement:
    return Judgement(reason, "reject", broken)


def _readable(names: Sequence[str]) -> list[Judgement]:
    """Texts that are too long, or none. First all of a row's together, as hardly a row has such a one."""
    longest = {name: LONGEST_TEXT if name in _LONG else LONGEST_ID for name in names}
    some_long = _any(
        [F.octet_length(name) > limit for name, limit in longest.items()]
    )  # no fewer bytes than characters
    everything = F.concat_ws("", *names)
    some_odd = ~F.is_valid_utf8(everything) | everything.contains("\x00") | everything.contains("\ufffd")
    rules = []
    for name, limit in longest.items():
        value = F.col(name)
        odd = ~F.is_valid_utf8(value) | value.contains("\x00") | value.contains("\ufffd")
        rules.append(_reject(f"{name}: longer than {limit:,} characters", some_long & (F.length(value) > limit)))
        rules.append(_reject(f"{name}: holds bytes that are no text", some_odd & odd))
    return rules


def _any(conditions: Sequence[SparkColumn]) -> SparkColumn:
    return reduce(SparkColumn.__or__, [F.coalesce(one, F.lit(False)) for one in conditions], F.lit(False))


def _absurd(name: str, config: Config) -> Judgement:
    zone = config.time.business_timezone
    first, last = midnight(config.time.earliest, zone), midnight(config.time.latest, zone)
    reason = f"{name}: before {config.time.earliest} or not before {config.time.latest}"
    return _reject(reason, (F.col(name) < F.lit(first)) | (F.col(name) >= F.lit(last)))


def _amount_missing() -> Judgement:
    needs = F.col("event_type").isin(*MONEY_TYPES) & F.col("amount").isNull()
    unreadable = F.exists(F.coalesce("_unreadable", F.array().cast("array<string>")), _about_amount)
    return _reject("amount: missing, which a purchase or return needs", needs & ~unreadable)


def _about_amount(reason: SparkColumn) -> SparkColumn:
    """One that was given but unreadable has its own reason already; so has a broken row."""
    return reason.startswith("amount: ") | reason.startswith("row: ")


def _sign_wrong() -> Judgement:
    wrong = ((F.col("event_type") == "purchase") & (F.col("amount") < 0)) | (
        (F.col("event_type") == "return") & (F.col("amount") > 0)
    )
    return _reject("amount: purchases are positive and returns negative", wrong)


def _negative(name: str) -> Judgement:
    return _reject(f"{name}: negative", F.col(name) < 0)


def _foreign(currency: str) -> Judgement:
    return _reject(f"currency: not {currency}, and no rates are given", F.col("currency") != currency)


def _attributes(config: Config) -> list[Judgement]:
    rules = []
    for name, attribute in config.attributes.items():
        value = F.col("attributes")[name]
        if attribute.type == "numeric":
            number = value.try_cast("double")
            wrong = value.isNotNull() & (number.isNull() | F.isnan(number) | (F.abs(number) == float("inf")))
            rules.append(_reject(f"attributes.{name}: not a number", wrong))
        elif attribute.type == "ordinal":
            allowed = attribute.order or []
            rules.append(_reject(f"attributes.{name}: none of its {len(allowed)} levels", ~value.isin(*allowed)))
    return rules
