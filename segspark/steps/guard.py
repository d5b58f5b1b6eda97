"""The structure guard in a training: what there is to find, and when nothing is published."""

from segspark.clustering.evaluation import Evaluation
from segspark.clustering.structure import FEWEST_CUSTOMERS, Structure, structure
from segspark.errors import RefusedError
from segspark.steps.context import Context
from segspark.steps.search import Prepared

_CUSTOMERS = 2_000  # of the evaluation sample
_ERRORS = 2  # standard errors by which cuts through a continuum must tell the next period's KPI apart


def examined(context: Context, prepared: Prepared) -> Structure | None:
    """What the customers form; None if there are too few of them to tell.

    Raises:
        RefusedError: nothing, and the configuration does not force the search.
    """
    points = prepared.drawn.evaluated[:_CUSTOMERS] * prepared.step
    if len(points) < FEWEST_CUSTOMERS:
        context.reporter.warn(f"{len(points)} customers are too few to tell whether they form groups")
        return None
    found = structure(points, context.config.clustering.seed)
    context.reporter.say(found.words)
    if found.verdict == "nothing":
        _refuse(context, found.words)
    return found


def judged(context: Context, found: Structure | None, chosen: Evaluation) -> None:
    """Whether segments that cut a continuum are of use: they must tell the next period's KPI apart, where it is known.

    That their clusters come back in resamples was asked for before they could be chosen.

    Raises:
        RefusedError: they do not, and the configuration does not force it.
    """
    if found is not None and found.verdict == "separate":
        return
    if chosen.separation is None or chosen.separation_error is None:
        return
    if chosen.separation <= _ERRORS * chosen.separation_error:
        _refuse(
            context,
            f"Customers form no groups, and the best cuts through them do not tell the next period's KPI apart: "
            f"{chosen.separation:.3f} of its variance (adjusted), standard error {chosen.separation_error:.3f}.",
        )


def label(found: Structure | None) -> str:
    """What everyone who uses the segments is to know; empty where they are groups that stand apart."""
    if found is None:
        return "There are too few customers to tell whether they form groups."
    return "" if found.verdict == "separate" else found.words


def _refuse(context: Context, seen: str) -> None:
    if context.config.search.force:
        context.reporter.warn(f"{seen} The search goes on as search.force asks.")
        return
    raise RefusedError(
        f"{seen} Nothing was published. Other features may show more (clustering.inputs, features.families); "
        "--set search.force=true publishes what there is"
    )
