"""Profile: what is said of customers and segments once everyone has one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from segspark.steps.baskets import BASKET_INPUTS, baskets
from segspark.steps.context import Context, Outcome
from segspark.steps.finished import kept, left, refuse_the_past
from segspark.steps.kpis import KPI_INPUTS, kpis
from segspark.steps.opportunities import OPPORTUNITY_INPUTS, OPPORTUNITY_TABLES, opportunities
from segspark.steps.signals import SIGNAL_INPUTS, SIGNAL_TABLES, signals
from segspark.steps.value import value, value_inputs
from segspark.steps.views import publish_views
from segspark.tables import (
    BASKET_RULES,
    CUSTOMER_VALUE,
    EVENTS,
    SEGMENT_COHORTS,
    SEGMENT_KPIS,
    SEGMENT_PREFERENCES,
    VALUE_CALIBRATION,
    VALUE_MODELS,
    Table,
)

_VALUE = (CUSTOMER_VALUE, VALUE_MODELS, VALUE_CALIBRATION)
_KPIS, _BASKETS = (SEGMENT_KPIS, SEGMENT_COHORTS), (BASKET_RULES, SEGMENT_PREFERENCES)


@dataclass(frozen=True)
class _Part:
    """A part of the phase, which is not done again where nothing that it reads or wrote has changed.

    Attributes:
        source: its name in the ledger.
        read: the tables that it reads.
        written: the tables that it writes.
        work: does it in the name of a run, which depends on these inputs.
        more: inputs besides the versions of tables.
    """

    source: str
    read: Sequence[Table]
    written: Sequence[Table]
    work: Callable[[Context, Mapping[str, str]], Outcome]
    more: Callable[[Context], Mapping[str, str]] = lambda _: {}

    def done(self, context: Context) -> Outcome:
        inputs = {**context.versions(*self.read), **self.more(context)}
        found = kept(context, "profile", inputs, self.read, self.written, self.source)
        if found is None:
            found = self.work(context, inputs)
            found = replace(found, source=self.source, inputs=inputs, outputs=left(context, self.read, self.written))
        return found


def profile(context: Context) -> Sequence[Outcome]:
    """Compute what customers are worth, how segments did, what is bought together, said and done, and what could be.

    Raises:
        BadInputError: as_of is before that of the latest finished profile, or nobody is in a segment yet.
    """
    refuse_the_past(context, "profile", "customer_value and segment_kpis are")
    done = [part.done(context) for part in _parts(context)]
    publish_views(context, (*_VALUE, *_KPIS, *_BASKETS))
    return done


def _parts(context: Context) -> list[_Part]:
    """Those that are asked for, in their order: what customers are worth is an input of what comes after."""
    asked, features = context.config, context.features_table
    parts = [
        (asked.value.enabled, _Part("value", (features, EVENTS), _VALUE, value, value_inputs)),
        (True, _Part("kpis", (features, CUSTOMER_VALUE, *KPI_INPUTS), _KPIS, _kpis)),
        (True, _Part("baskets", BASKET_INPUTS, _BASKETS, _baskets)),
        (asked.signals.enabled, _Part("signals", (features, *SIGNAL_INPUTS), SIGNAL_TABLES, _signals)),
        (
            asked.opportunities.enabled,
            _Part("opportunities", (features, *OPPORTUNITY_INPUTS), OPPORTUNITY_TABLES, _opportunities),
        ),
    ]
    return [part for wanted, part in parts if wanted]


def _kpis(context: Context, inputs: Mapping[str, str]) -> Outcome:
    known = context.lake.read(CUSTOMER_VALUE) if context.lake.exists(CUSTOMER_VALUE) else None
    found = kpis(context, context.run_id("profile", inputs), known)
    return Outcome(message=f"{len(found.rows)} KPIs, {len(found.missed)} goals missed")


def _baskets(context: Context, inputs: Mapping[str, str]) -> Outcome:
    found = baskets(context, context.run_id("profile", inputs))
    return Outcome(message=f"{len(found.rules)} rules")


def _signals(context: Context, inputs: Mapping[str, str]) -> Outcome:
    found = signals(context, context.run_id("profile", inputs))
    return Outcome(message=f"{len(found.terms)} terms")


def _opportunities(context: Context, inputs: Mapping[str, str]) -> Outcome:
    found = opportunities(context, context.run_id("profile", inputs))
    return Outcome(message=f"{found.words}; {found.said}")
