"""What customers are assigned by: rules of people, the champion and the models of splits, and lifecycle rules."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.scoring import score
from segspark.errors import BadInputError
from segspark.segments.assignments import cluster_assignments, first_met, lifecycle_conditions, rule_assignments
from segspark.segments.records import label
from segspark.segments.registry import Segment
from segspark.segments.rules import checked_rule
from segspark.steps.context import Context
from segspark.steps.continuity import naming
from segspark.steps.embeddings import carried
from segspark.steps.levels import Level, Registered, levels, levels_before
from segspark.steps.population import eligible
from segspark.tracking import ModelVersion


@dataclass(frozen=True)
class Rules:
    """The segments that people defined by a rule and that are active: the condition of each by its id.

    Attributes:
        first: those that come before clusters, in their order.
        overlays: those whose members are in another segment, too.
    """

    first: Mapping[str, str]
    overlays: Mapping[str, str]

    @classmethod
    def of(cls, segments: Sequence[Segment], columns: Sequence[str]) -> "Rules":
        """Checked once more: who can write to the table can write any text into it, and features may be gone.

        Raises:
            BadInputError: a rule cannot be applied.
        """
        there = [one for one in segments if one.kind == "rule" and one.status == "active"]
        ordered = sorted(there, key=lambda one: (one.priority or 0, one.segment_id))
        rules = {}
        for one in ordered:
            try:
                rules[one.segment_id] = f"({checked_rule(one.rule or '', columns)})"
            except BadInputError as error:
                told = f"{label(one)} cannot be applied; segspark segments redefine gives it another rule, or retire it"
                raise BadInputError([told, *error.problems]) from error
        overlays = {one.segment_id for one in ordered if one.overlay}
        return cls(
            {segment: rule for segment, rule in rules.items() if segment not in overlays},
            {segment: rule for segment, rule in rules.items() if segment in overlays},
        )

    def inputs(self) -> dict[str, str]:
        """For the ledger: a hash of each rule, and of its place."""
        told = [(segment, f"{place} {rule}") for place, (segment, rule) in enumerate(self.first.items())]
        told += [(segment, rule) for segment, rule in self.overlays.items()]
        return {f"rule {segment}": hashlib.sha256(text.encode()).hexdigest()[:12] for segment, text in told}


@dataclass(frozen=True)
class Applied:
    """What customers are assigned by.

    Attributes:
        levels: the models.
        rules: of people.
        lifecycle: conditions of those outside the clustered population, by segment id.
    """

    levels: Sequence[Level]
    rules: Rules
    lifecycle: Mapping[str, str]

    def inputs(self) -> dict[str, str]:
        """For the ledger."""
        models = {f"split {level.segment}" if level.part else "model": level.version.label for level in self.levels}
        return models | self.rules.inputs()


def applied_now(
    context: Context, customers: DataFrame, there: Registered, splits: Mapping[str, str]
) -> tuple[Applied, list[Level] | None]:
    """What customers are assigned by now; and the models before, None where they are the same."""
    champion = context.tracker.champion()
    same = there.root == champion.label and splits == there.splits
    before = None if same else _as_trained(context, levels_before(context, there))
    found = levels(context, champion, there, splits, naming(context, there, before or [], eligible(context, customers)))
    for level in found:
        _refuse_other_embeddings(context, level.version)
    population = context.config.population
    lifecycle = lifecycle_conditions(population.eligible, population.new_days)
    return Applied(found, Rules.of(there.segments, customers.columns), lifecycle), before


def assigned(context: Context, customers: DataFrame, applied: Applied) -> DataFrame:
    """Everyone's segment: by rules first, then clusters, then the rules of those outside the clustered population."""
    rules = applied.rules.first
    others = customers.where(first_met(rules).isNull()) if rules else customers
    clustered = eligible(context, others)
    by_level = [
        cluster_assignments(
            score(level.of(clustered), level.model, level.version.temperature), level.segment_ids, level.version.label
        )
        for level in applied.levels
    ]
    split = [level.segment for level in applied.levels if level.part]
    clusters = reduce(DataFrame.unionByName, by_level).where(~F.col("segment_id").isin(split))
    by_rule = [rule_assignments(customers, rules)] if rules else []
    return reduce(DataFrame.unionByName, [clusters, rule_assignments(others, applied.lifecycle), *by_rule])


def _as_trained(context: Context, before: list[Level]) -> list[Level]:
    """The models before, if the features are of the embeddings that they were trained on; else none."""
    others = {level.version.embedding_version for level in before} - {"", carried(context) if before else ""}
    return [] if others else before


def _refuse_other_embeddings(context: Context, version: ModelVersion) -> None:
    """A component of one version of the embeddings has nothing to do with that of another."""
    if not version.embedding_version:
        return
    found = carried(context)
    if found != version.embedding_version:
        raise BadInputError(
            [f"--as-of {context.as_of}: {version.label} was trained on tastes of the embeddings "
             f"{version.embedding_version}, and those of customer_features are of {found or 'none'}; "
             "run segspark train on these features first"]
        )  # fmt: skip
