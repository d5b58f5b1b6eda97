"""Profile: what is said of customers and segments once everyone has one."""

from collections.abc import Sequence

from pyspark.sql import functions as F

from segspark.errors import BadInputError
from segspark.steps.baskets import BASKET_INPUTS, baskets
from segspark.steps.context import Context, Outcome
from segspark.steps.kpis import KPI_INPUTS, kpis
from segspark.steps.opportunities import OPPORTUNITY_INPUTS, OPPORTUNITY_TABLES, opportunities
from segspark.steps.signals import SIGNAL_INPUTS, SIGNAL_TABLES, signals
from segspark.steps.value import value
from segspark.steps.views import publish_views
from segspark.tables import (
    BASKET_RULES,
    CUSTOMER_VALUE,
    SEGMENT_COHORTS,
    SEGMENT_KPIS,
    SEGMENT_PREFERENCES,
    VALUE_CALIBRATION,
    VALUE_MODELS,
    Table,
)

_VALUE = (CUSTOMER_VALUE, VALUE_MODELS, VALUE_CALIBRATION)
_KPIS, _BASKETS = (SEGMENT_KPIS, SEGMENT_COHORTS), (BASKET_RULES, SEGMENT_PREFERENCES)


def profile(context: Context) -> Sequence[Outcome]:
    """Compute what customers are worth, how segments did, what is bought together, said and done, and what could be.

    Raises:
        BadInputError: as_of is before that of the latest finished profile, or nobody is in a segment yet.
    """
    refuse_the_past(context)
    done = [value(context)] if context.config.value.enabled else []
    done += [_kpis(context), _baskets(context)]
    asked = context.config
    done += [_signals(context)] if asked.signals.enabled else []
    done += [_opportunities(context)] if asked.opportunities.enabled else []
    publish_views(context, (*_VALUE, *_KPIS, *_BASKETS))
    return done


def refuse_the_past(context: Context) -> None:
    """What is said of customers and segments is not taken back in time.

    Raises:
        BadInputError: as_of is before that of the latest finished profile.
    """
    latest = context.finished("profile").agg(F.max("as_of")).collect()[0][0]  # one row
    if latest is not None and latest > context.as_of:
        raise BadInputError(
            [f"--as-of {context.as_of}: customer_value and segment_kpis are already at {latest}; give a later date, or "
             "another workspace.root for a look back"]
        )  # fmt: skip


def _kpis(context: Context) -> Outcome:
    known = context.lake.read(CUSTOMER_VALUE) if context.lake.exists(CUSTOMER_VALUE) else None
    inputs = context.versions(context.features_table, CUSTOMER_VALUE, *KPI_INPUTS)
    found = kpis(context, context.run_id("profile", inputs), known)
    told = f"{len(found.rows)} KPIs, {len(found.missed)} goals missed"
    return _outcome(context, "kpis", inputs, _KPIS, told)


def _baskets(context: Context) -> Outcome:
    inputs = context.versions(*BASKET_INPUTS)
    found = baskets(context, context.run_id("profile", inputs))
    return _outcome(context, "baskets", inputs, _BASKETS, f"{len(found.rules)} rules")


def _signals(context: Context) -> Outcome:
    inputs = context.versions(context.features_table, *SIGNAL_INPUTS)
    found = signals(context, context.run_id("profile", inputs))
    return _outcome(context, "signals", inputs, SIGNAL_TABLES, f"{len(found.terms)} terms")


def _opportunities(context: Context) -> Outcome:
    inputs = context.versions(context.features_table, *OPPORTUNITY_INPUTS)
    found = opportunities(context, context.run_id("profile", inputs))
    return _outcome(context, "opportunities", inputs, OPPORTUNITY_TABLES, f"{found.words}; {found.said}")


def _outcome(context: Context, source: str, inputs: dict[str, str], outputs: Sequence[Table], told: str) -> Outcome:
    return Outcome(source=source, inputs=inputs, outputs=context.versions(*outputs), message=told)
