"""What the published tables say of signals, as dashboard and handbook may tell it."""

from collections import defaultdict
from collections.abc import Mapping

from pyspark.sql import Row

from segspark.reporting.signal_model import AttributeShare, ExampleValue, Signals, Term, Trigger
from segspark.reporting.signals import told_signals
from segspark.segments.kpi_definitions import ALL
from segspark.steps.context import Context
from segspark.tables import SEGMENT_ATTRIBUTES, SEGMENT_EXAMPLES, SEGMENT_TERMS, SEGMENT_TRIGGERS, SEGMENTS, Table


def signals_by_segment(context: Context) -> dict[str, Signals]:
    """What may be told of each segment that is not small."""
    terms, triggers, attributes, examples = (
        _rows(context, table) for table in (SEGMENT_TERMS, SEGMENT_TRIGGERS, SEGMENT_ATTRIBUTES, SEGMENT_EXAMPLES)
    )
    found = {
        segment: Signals(
            tuple(map(_term, terms[segment])),
            tuple(map(_trigger, triggers[segment])),
            tuple(map(_attribute, attributes[segment])),
            tuple(ExampleValue(row["example"], row["feature"], row["value"]) for row in examples[segment]),
        )
        for segment in sorted({*terms, *triggers, *attributes, *examples} - {ALL})
    }
    return told_signals(found, _sizes(context), context.config.signals.false_discoveries) if found else {}


def _rows(context: Context, table: Table) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    places = [name for name in ("position", *table.key) if name in table.column_names]
    for row in context.lake.read(table).orderBy(*places).collect():  # bounded by segments and the section signals
        found[row["segment_id"]].append(row)
    return found


def _sizes(context: Context) -> Mapping[str, int]:
    return {row["segment_id"]: row["size"] for row in context.lake.few(SEGMENTS) if row["size"] is not None}


def _term(row: Row) -> Term:
    return Term(row["term"], row["customers"], row["share"] / row["overall_share"], row["sentiment"])


def _trigger(row: Row) -> Trigger:
    kind = (row["dimension"], row["event"], row["then_event"])
    ends = (row["odds_ratio"], row["low"], row["high"], row["q_value"])
    return Trigger(*kind, row["only_purchase"], row["only_control"], *ends)


def _attribute(row: Row) -> AttributeShare:
    names = ("attribute", "value", "customers", "known", "share", "overall_share", "lift", "low", "high", "q_value")
    return AttributeShare(*(row[name] for name in names))
