"""Signals: what customers write, what precedes their purchases, who they are, and who is typical, by segment."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import within_days
from segspark.features.activity import activity, attributes_at
from segspark.segments.attribute_counts import attribute_counts, held_of
from segspark.segments.attributes import AttributeShare, attribute_shares
from segspark.segments.examples import Example, examples, nearest
from segspark.segments.profiles import Profile
from segspark.segments.term_counts import stop_words, term_counts, wrote_of
from segspark.segments.terms import Term, terms
from segspark.segments.trigger_counts import compared, exposed_counts, exposed_of, kinds_told, numbered
from segspark.segments.triggers import Kind, Trigger, triggers
from segspark.steps.context import Context
from segspark.steps.position import heard
from segspark.steps.registry import segments_now
from segspark.tables import (
    CAMPAIGNS,
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    FEEDBACK,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_ATTRIBUTES,
    SEGMENT_EXAMPLES,
    SEGMENT_PROFILES,
    SEGMENT_TERMS,
    SEGMENT_TRIGGERS,
    SEGMENTS,
)

SIGNAL_INPUTS = (
    *(EVENTS, FEEDBACK, CAMPAIGNS, CUSTOMERS, CONSENTS),
    *(SEGMENT_ASSIGNMENTS, SEGMENT_PROFILES, SEGMENTS),
)  # besides the features
SIGNAL_TABLES = (SEGMENT_TERMS, SEGMENT_TRIGGERS, SEGMENT_ATTRIBUTES, SEGMENT_EXAMPLES)


@dataclass(frozen=True)
class Found:
    """What was found of segments: the rows of segment_terms, _triggers, _attributes and _examples."""

    terms: list[Term]
    triggers: list[Trigger]
    attributes: list[AttributeShare]
    examples: list[Example]


def signals(context: Context, run_id: str) -> Found:
    """Publish segment_terms, segment_triggers, segment_attributes and segment_examples.

    Args:
        context: of the phase.
        run_id: of the phase, which writes.
    """
    seen, members = _seen(context), context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id")
    found = Found(
        _terms(context, seen, members), _triggers(context, seen, members), _attributes(context, members),
        _examples(context, members),
    )  # fmt: skip
    writer, said = context.writer(run_id), (context.as_of, run_id)
    rows: Sequence[Sequence[Any]] = (found.terms, found.triggers, found.attributes, found.examples)
    for table, told in zip(SIGNAL_TABLES, rows, strict=True):
        if not told and not context.lake.exists(table):
            continue  # a comparison of nothing with nothing takes a second
        writer.publish_few(table, [(*astuple(one), *said) for one in told], delete_missing=True)
    context.reporter.say(
        f"{len(found.terms):,} terms, {len(found.triggers):,} kinds of events before purchases and "
        f"{len(found.attributes):,} shares of attributes by segment"
    )
    return found


def _seen(context: Context) -> DataFrame:
    """What customers did and wrote in the last signals.days before as_of."""
    first, zone = context.as_of - timedelta(days=context.config.signals.days), context.config.time.business_timezone
    events, feedback = (context.lake.read(table) for table in (EVENTS, FEEDBACK))
    return activity(events, feedback, zone, heard(context)).where(within_days(first, context.as_of))


def _terms(context: Context, seen: DataFrame, members: DataFrame) -> list[Term]:
    asked = context.config.signals
    texts = seen.select("customer_id", "text", "sentiment")
    counted = term_counts(texts, members, stop_words(asked.stop_words), asked.min_customers, asked.vocabulary)
    return terms(*wrote_of(counted.collect()), asked)  # signals.vocabulary, each by segment


def _triggers(context: Context, seen: DataFrame, members: DataFrame) -> list[Trigger]:
    asked = context.config.signals
    campaigns = context.lake.read(CAMPAIGNS).select("campaign_id", "campaign_type")
    events = seen.join(campaigns, on="campaign_id", how="left")
    told = [Kind(*row) for row in kinds_told(events, asked.kinds).collect()]  # signals.kinds
    if not told:
        return []
    kinds = numbered(told, asked.sequences)
    counted = exposed_counts(compared(events, kinds, asked), members)
    rows = counted.collect()  # by segment and kind: signals.kinds and signals.sequences² at most
    return triggers(*exposed_of(rows, kinds), asked, context.config.kpis.confidence)


def _attributes(context: Context, members: DataFrame) -> list[AttributeShare]:
    """Of attributes that are declared and not numbers; no protected one, and none that customers were clustered by."""
    asked, inputs = context.config.signals, context.named_inputs
    names = [
        name for name, one in sorted(context.config.attributes.items())
        if not one.protected and one.type != "numeric" and f"attribute_{name}" not in inputs
    ]  # fmt: skip
    if not names or not context.lake.exists(CUSTOMERS):
        return []
    zone = context.config.time.business_timezone
    customers = attributes_at(context.lake.read(CUSTOMERS), [context.as_of], zone)
    rows = attribute_counts(customers, members, names, asked.attribute_values).collect()  # values of each, by segment
    return attribute_shares(held_of(rows), asked, context.config.kpis.confidence)


def _examples(context: Context, members: DataFrame) -> list[Example]:
    """Of segments that are not small; nobody who has ever denied or withdrawn a consent is one."""
    asked = context.config.signals
    profiles = _profiles(context)
    if not profiles or not asked.examples:
        return []
    features = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(context.as_of))
    customers = features.join(members, on="customer_id", how="inner")
    if context.lake.exists(CONSENTS):
        denied = context.lake.read(CONSENTS).where("status <> 'granted'").select("customer_id").distinct()
        customers = customers.join(denied, on="customer_id", how="left_anti")
    rows = nearest(customers, profiles, asked.examples).collect()  # signals.examples of each segment
    return examples(rows, profiles, asked.example_features)


def _profiles(context: Context) -> list[Profile]:
    """Those of active segments, in what they are told apart by, that rest on more than a few customers."""
    fewest, told = context.config.signals.min_customers, {one.name for one in context.told_features}
    large = {one.segment_id for one in segments_now(context) if one.status == "active" and one.size >= fewest}
    found = [Profile(**row.asDict()) for row in context.lake.few(SEGMENT_PROFILES)]  # segments x features
    kept = [one for one in found if one.customers >= fewest and one.segment_id in large and one.feature in told]
    return sorted(kept, key=lambda one: (one.segment_id, one.feature))
