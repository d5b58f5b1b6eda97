"""Profile: what is said of customers and segments once everyone has one."""

from collections.abc import Sequence

from segspark.steps.context import Context, Outcome
from segspark.steps.value import value


def profile(context: Context) -> Sequence[Outcome]:
    """Compute what customers are worth; what else is told of customers and segments is called here, too."""
    done = [value(context)] if context.config.value.enabled else []
    return done or [Outcome(message="nothing is asked for")]
