"""Split: a search within a segment, whose clusters become its sub-segments; and joining them again."""

from functools import partial

from segspark.clustering.structure import FEWEST_CUSTOMERS
from segspark.errors import BadInputError
from segspark.steps.assign import assign
from segspark.steps.context import Context, run_phase
from segspark.steps.finished import refuse_the_past
from segspark.steps.levels import levels, part_of, registered_now
from segspark.steps.population import eligible, features_at
from segspark.steps.train import train


def split(context: Context, segment_id: str) -> None:
    """Train within a segment, then assign: two phases of the ledger.

    The search, the guard and the gate are those of every training; the model has a name of its own.

    Args:
        context: of the command.
        segment_id: of a cluster; one that is split already may be split anew.

    Raises:
        BadInputError: there is no such segment, or it has too few customers.
        RefusedError: there is nothing to find in it; nothing was published.
    """
    refuse_the_past(context, "assign", "assignments are")
    there = registered_now(context)
    within = context.within(part_of(segment_id, levels(context, context.tracker.champion(), there, there.splits)))
    customers = eligible(within, features_at(within)).count()
    if customers < FEWEST_CUSTOMERS:
        raise BadInputError(
            [f"{segment_id}: it has {customers} customers, and of fewer than {FEWEST_CUSTOMERS} nobody can tell "
             "whether they form groups; split a larger segment"]
        )  # fmt: skip
    run_phase(within, "train", train)
    made = within.tracker.champion().label
    run_phase(context, "assign", partial(assign, splits={**there.splits, segment_id: made}))


def join(context: Context, segment_id: str) -> None:
    """Assign as if a segment had not been split: its customers are in it again, its sub-segments retired.

    Raises:
        BadInputError: it is not split.
    """
    splits = registered_now(context).splits
    if segment_id not in splits:
        there = ", ".join(sorted(splits)) or "none"
        raise BadInputError([f"{segment_id}: it is not split; those that are: {there}"])
    rest = {segment: model for segment, model in splits.items() if segment != segment_id}
    run_phase(context, "assign", partial(assign, splits=rest))
