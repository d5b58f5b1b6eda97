"""Drift, watched at every assign: inputs, shares, KPI and fit against the first assign by the same model version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.fit import centres, model_inputs, remoteness
from segspark.clustering.outcomes import outcomes
from segspark.clustering.preparation import PREPARED
from segspark.clustering.sampling import training_sample
from segspark.clustering.scoring import cluster_count
from segspark.columns import quoted
from segspark.segments.drift import WATCHED, Drifted, Kept, Seen, drifted, folded, reference_of
from segspark.segments.registry import root
from segspark.steps.context import Context
from segspark.steps.embeddings import carried
from segspark.steps.next_period import beginning, with_kpi
from segspark.steps.population import eligible
from segspark.steps.registry import segments_now
from segspark.tables import DRIFT, DRIFT_REFERENCE
from segspark.tracking import ModelVersion

_DIGITS = 12  # beyond which a sum of doubles depends on its order, and a row would seem to change
_WHAT_TO_DO = {
    "input": "look whether a source is late or means something else now (segspark ingest --check); if customers have "
    "changed, train anew (segspark train)",
    "share": "segspark compare says who went where; if the segments no longer fit, train anew (segspark train)",
    "fit": "customers are unlike those that the model was trained on: train anew (segspark train)",
    "kpi": "what the segment does has changed, though not who is in it: look at offers and seasons first",
}


def watch(
    context: Context,
    run_id: str,
    version: ModelVersion,
    model: PipelineModel,
    features: DataFrame,
    assigned: DataFrame,
    sizes: Mapping[str, int],
) -> list[Drifted]:
    """Hold what is seen at as_of against the version's reference, publish it, and say what is exceeded.

    The reference is kept at the first assign by a version and never changes; what could not be seen then (the KPI,
    where features of a horizon before were missing) is kept when it is first seen. Of inputs, distances and KPI a
    sample of clustering.sample_rows customers is looked at, the same whatever the partitioning, without ids.

    Args:
        context: of the assign.
        run_id: of the assign, in whose name is written.
        version: that is applied: the champion.
        model: its pipeline.
        features: of every customer at as_of.
        assigned: one row per customer_id with segment_id, as is published.
        sizes: customers by segment_id, counted of these.

    Returns:
        What was watched, in the order inputs, shares, KPI, fit.
    """
    seen = _seen(context, version, model, features, assigned, sizes)
    kept = _kept(context, version)
    new = [one for one in reference_of(seen) if one.kind not in {row.kind for row, _ in kept}]
    writer = context.writer(run_id)
    if new:
        rows = [(version.label, *vars(one).values(), context.as_of, run_id) for one in new]
        writer.publish_few(DRIFT_REFERENCE, rows, F.col("model_version") == version.label)
    dates = {row.kind: when for row, when in kept} | {one.kind: context.as_of for one in new}
    found = drifted(seen, [row for row, _ in kept] + new, context.config.drift)
    scope = (F.col("as_of") == F.lit(context.as_of)) & F.col("kind").isin(*WATCHED)
    rows = [_row(context, one, dates[one.kind], version, run_id) for one in found]
    writer.publish_few(DRIFT, rows, scope, delete_missing=True)
    _say(context, version, found, dates, seen, bool(new) and not kept)
    return found


def _seen(
    context: Context,
    version: ModelVersion,
    model: PipelineModel,
    features: DataFrame,
    assigned: DataFrame,
    sizes: Mapping[str, int],
) -> Seen:
    declared = {one.name: one.type for one in context.features}
    names = model_inputs(model, list(declared))
    rows, seed = context.config.clustering.sample_rows, context.config.clustering.seed
    segments = assigned.select("customer_id", "segment_id")
    parents = _parents(context)
    sample = training_sample(eligible(context, features), rows, seed)
    applied = model.transform(sample)
    middle = centres(model)
    columns = [
        F.col(quoted(name)).cast("string" if declared[name] == "STRING" else "double").alias(name) for name in names
    ]
    point = [vector_to_array(F.col(PREPARED)).alias("_point")] if middle is not None else []
    own = applied.select("customer_id", F.col(CLUSTER).alias("_cluster"), *columns, *point)
    told = own.join(segments, on="customer_id", how="inner").drop("customer_id").toPandas()  # sample_rows, without ids
    apart = None
    if middle is not None and len(told):
        apart = remoteness(np.array(told["_point"].tolist(), dtype=np.float64), middle)
    pairs = Counter(zip(told["_cluster"].astype(int), told["segment_id"], strict=True))
    segment_of = _segment_of(pairs, parents)
    kpi = _kpi(context, version, model, segment_of)
    return Seen(told[names], folded(sizes, parents), apart, kpi)


def _segment_of(pairs: Mapping[tuple[int, str], int], parents: Mapping[str, str]) -> dict[int, str]:
    """The segment that most customers of each cluster are in: few are held back in another, or caught by a rule.

    Examples:
        >>> _segment_of({(0, "a"): 9, (0, "b"): 1, (1, "b1"): 5, (1, "b2"): 4}, {"b1": "b", "b2": "b"})
        {0: 'a', 1: 'b'}
    """
    by_cluster: dict[int, dict[str, int]] = {}
    for (cluster, segment), size in pairs.items():
        own = by_cluster.setdefault(cluster, {})
        top = root(segment, parents)
        own[top] = own.get(top, 0) + size
    return {cluster: min(own, key=lambda one: (-own[one], one)) for cluster, own in sorted(by_cluster.items())}


def _kpi(
    context: Context, version: ModelVersion, model: PipelineModel, segment_of: Mapping[int, str]
) -> dict[str, tuple[float, float]]:
    """Mean and standard error of the KPI in the last period, of those whom the model puts into a segment at its start.

    Of fewer than 11 customers nothing is told; see clustering.outcomes.
    """
    began = beginning(context)
    table = context.lake.read(context.features_table)
    then = None if began is None else table.where(F.col("as_of") == F.lit(began))
    same = began is None or not version.embedding_version or carried(context, began) == version.embedding_version
    if then is None or not same or then.isEmpty():
        return {}
    asked, now = context.config.clustering, table.where(F.col("as_of") == F.lit(context.as_of))
    rows = with_kpi(context, training_sample(eligible(context, then), asked.sample_rows, asked.seed), now)
    told = model.transform(rows).select(CLUSTER, "kpi").toPandas()  # at most sample_rows, without ids
    found = outcomes(
        told["kpi"].to_numpy(dtype=np.float64), told[CLUSTER].to_numpy(dtype=np.int64), cluster_count(model)
    )
    # Two clusters in one segment, as a rule may leave them: the first stands for it.
    return {
        segment_of[cluster]: (one.mean, one.error)
        for cluster, one in reversed(list(enumerate(found)))
        if cluster in segment_of and one.mean is not None and one.error is not None
    }


def _parents(context: Context) -> dict[str, str]:
    return {one.segment_id: one.parent_segment_id for one in segments_now(context) if one.parent_segment_id is not None}


def _kept(context: Context, version: ModelVersion) -> list[tuple[Kept, date]]:
    """The version's reference, with the date of each row: bins of the inputs, segments."""
    rows = context.lake.read(DRIFT_REFERENCE).where(F.col("model_version") == version.label).collect()
    names = list(Kept.__dataclass_fields__)
    return [(Kept(*[row[name] for name in names]), row["as_of"]) for row in rows]


def _row(context: Context, one: Drifted, since: date, version: ModelVersion, run_id: str) -> tuple[object, ...]:
    value, reference, threshold = (round(number, _DIGITS) for number in (one.value, one.reference, one.threshold))
    return (
        context.as_of, since, one.kind, one.name, value, None, None, reference, threshold, one.exceeded, None,
        version.label, run_id,
    )  # fmt: skip


def _say(
    context: Context,
    version: ModelVersion,
    found: Sequence[Drifted],
    dates: Mapping[str, date],
    seen: Seen,
    first: bool,
) -> None:
    reporter = context.reporter
    if first:
        reporter.say(f"drift: what {version.label} sees first is kept as its reference")
    if not seen.kpi:
        days = context.config.objective.horizon_days
        reporter.say(f"drift: the KPI is left out, as features of {days} days before are of too few customers")
    if seen.distances is None:
        reporter.say("drift: fit is left out, as latent classes have no centres")
    exceeded = [one for one in found if one.exceeded]
    for one in exceeded:
        reporter.warn(f"drift: {_words(context, one)} since {dates[one.kind]}; {_WHAT_TO_DO[one.kind]}")
    if not exceeded and not first:
        reporter.say(f"drift: nothing beyond its threshold of {len(found)} measures since {min(dates.values())}")


def _words(context: Context, one: Drifted) -> str:
    limit = f"more than {one.threshold:.3g}"
    if one.kind == "input":
        return f"the input {context.feature(one.name).label} ({one.name}) has a PSI of {one.value:.2f}, {limit},"
    if one.kind == "fit":
        return f"{one.value:.1%} of customers are further from every centre than 99% were, {limit},"
    if one.kind == "kpi":
        return f"the mean KPI of {one.name} went from {one.reference:.3g} to {one.value:.3g}, by {limit},"
    if one.name == "psi":
        return f"the segments' shares have a PSI of {one.value:.2f}, {limit},"
    return f"a segment's share changed by {one.value:.1%}, {limit},"
