"""The verdict: what other criteria, the target and slices of the customers add to the choice, in words and MLflow."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from segspark.clustering.choice import Choice
from segspark.clustering.evaluation import Evaluation
from segspark.clustering.numbers import Numbers
from segspark.clustering.objective import kpi_of
from segspark.clustering.outcomes import ClusterOutcome, reached
from segspark.config.clustering import Objective
from segspark.reporting.agreement import agreement_page
from segspark.reporting.explanation import next_period_section
from segspark.steps.slices import Slice
from segspark.tracking import Training, metric_name


def told(choice: Choice, numbers: Numbers | None, after: Sequence[ClusterOutcome], objective: Objective) -> Choice:
    """A choice whose verdict also says which k other criteria would take, and how many segments reach the target.

    Args:
        choice: by the declared rule, which stays what it is.
        numbers: criteria of k; None where there are none.
        after: by cluster, the next period's KPI; empty where it is not known.
        objective: has the target, if there is one.
    """
    said = [choice.verdict]
    if numbers is not None:
        said.append(numbers.words)
    if after and objective.target is not None:
        said.append(reached(after, objective.target, kpi_of(objective).words))
    return replace(choice, verdict=" ".join(said))


def next_page(after: Sequence[ClusterOutcome], objective: Objective) -> str:
    """The section on the next period of explanation.md; empty where that period is not known."""
    target = objective.target
    rows = [(one.customers, one.mean, one.error, None if target is None else one.reaches(target)) for one in after]
    return next_period_section(rows, kpi_of(objective).words, target) if rows else ""


def log_agreement(
    training: Training, chosen: Evaluation, numbers: Numbers | None, sliced: Mapping[str, Sequence[Slice]]
) -> None:
    """Log agreement.md, and what it says as metrics of the training."""
    lasting = {
        "weakest cluster in resamples (mean Jaccard similarity)": (chosen.stability, chosen.stability_null),
        "other seeds (adjusted Rand index)": (chosen.seed_agreement, None),
        "customers as they were a period ago (adjusted Rand index)": (chosen.time_agreement, None),
    }
    criteria = [(k, *numbers.of(k).values()) for k in range(1, len(numbers.gap.gap) + 1)] if numbers else []
    cuts = {name: [(one.value, one.customers, one.agreement) for one in found] for name, found in sliced.items()}
    training.log_texts({"agreement.md": agreement_page(criteria, numbers.words if numbers else "", lasting, cuts)})
    training.log_metrics(_numbers(numbers) | _sliced(sliced))


def _numbers(numbers: Numbers | None) -> dict[str, float]:
    if numbers is None:
        return {}
    taken = {"k_by_gap": numbers.gap.k, "k_by_prediction_strength": numbers.strength.k}
    return {metric_name(n, distance="squared_euclidean", population="sample"): float(k) for n, k in taken.items()}


def _sliced(sliced: Mapping[str, Sequence[Slice]]) -> dict[str, float]:
    """The agreement of each feature's slice that agrees least."""
    known = {name: [one.agreement for one in found if one.agreement is not None] for name, found in sliced.items()}
    return {
        metric_name(f"slice_agreement_{_plain(name)}", distance="adjusted_rand", population="trained"): min(agreed)
        for name, agreed in known.items()
        if agreed
    }


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
