"""Compare: who went where between two dates, what changed, and whether it is a shift or a blip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.sampling import training_sample
from segspark.columns import quoted
from segspark.errors import BadInputError
from segspark.io.files import write_text
from segspark.reporting.comparison import render_comparison
from segspark.segments.comparison import feature_measures, membership_measures, profile_measures
from segspark.segments.contingency import Contingency
from segspark.segments.history import causes, membership_at, migrations
from segspark.segments.profiles import Profile, profile
from segspark.segments.verdicts import RULES, Judged, Measure, judge, overall
from segspark.steps.compared import Compared, page_of, sentences
from segspark.steps.context import Context, Outcome
from segspark.steps.finished import assigned_at
from segspark.steps.registry import segments_now
from segspark.steps.report import report_path
from segspark.steps.views import publish_views
from segspark.tables import DRIFT, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_MIGRATIONS, Feature

_DIGITS = 12  # beyond which a sum of doubles depends on its order, and a row would seem to change
_PERIODS = 12  # before, by which a change is judged, at most


@dataclass(frozen=True)
class _Measured:
    """What is known of the features at both dates; empty where they are not there."""

    measures: list[Measure] = field(default_factory=list)
    before: list[Profile] = field(default_factory=list)
    after: list[Profile] = field(default_factory=list)


def compare(context: Context, before: date) -> Sequence[Outcome]:
    """Compare as_of with an earlier date: publish migrations and what drifted, write the page, log the metrics.

    Args:
        context: of the phase; as_of is the later date.
        before: the earlier one; at both was assigned: see `resolve` and `previous`.
    """
    features = context.features_table
    inputs = context.versions(SEGMENT_MEMBERSHIP_EVENTS, features) | {"from": before.isoformat()}
    run_id = context.run_id("compare", inputs)
    events = context.lake.read(SEGMENT_MEMBERSHIP_EVENTS)
    then, now = membership_at(events, before).persist(), membership_at(events, context.as_of).persist()
    rows = [tuple(row) for row in migrations(then, now).collect()]  # pairs of segments
    table = Contingency.of(rows)
    measured = _features(context, before, then, now)
    measures = membership_measures(table, context.config.clustering.seed) + measured.measures
    judged = judge(measures, _periods_before(context, before))
    reasons = causes(events, before, context.as_of).collect()  # types by causes
    found = Compared(
        before, context.as_of, run_id, table, judged, overall(judged), measured.before, measured.after,
        sorted((row["event_type"], row["cause"], row["events"]) for row in reasons),
    )  # fmt: skip
    _publish(context, found, table)
    publish_views(context, (SEGMENT_MIGRATIONS,))
    path = _tell(context, found)
    for frame in (then, now):
        frame.unpersist()
    total = int(table.counts.sum())
    outputs = context.versions(SEGMENT_MIGRATIONS, DRIFT) | {"page": str(path)}
    return [Outcome(rows_read=total, rows_accepted=total, inputs=inputs, outputs=outputs, message=found.verdict)]


def resolve(context: Context, before: str | None, after: str | None, until: date | None) -> tuple[date, date]:
    """The two dates that are meant; where none is named, the last two at which was assigned.

    Args:
        context: of the command.
        before: a date, or the run_id of a finished assign; None: the last date before `after`.
        after: likewise; None: the last date there is.
        until: later dates are left out where none is named.

    Raises:
        BadInputError: there are no two such dates, or no such run, or they are not in order.
    """
    last = _date_of(context, after) if after else None
    assigned = assigned_at(context)
    there = [one for one in assigned if until is None or one <= until]
    if last is None:
        last = there[-1] if there else None
    first = _date_of(context, before) if before else max((one for one in there if last and one < last), default=None)
    _refuse_unknown([one for one in (first, last) if one is not None], assigned)
    if last is None or first is None:
        told = ", ".join(map(str, there)) or "none"
        raise BadInputError([f"compare: two dates are needed at which was assigned; there are {told}"])
    if first >= last:
        raise BadInputError([f"compare: --from is {first}, which is not before --to, {last}; name two dates in order"])
    return first, last


def _refuse_unknown(dates: Sequence[date], there: Sequence[date]) -> None:
    unknown = [one for one in dates if one not in there]
    if unknown:
        told = ", ".join(map(str, there[-5:])) or "none"
        raise BadInputError([f"compare: nothing was assigned at {one}; the last dates are {told}" for one in unknown])


def _date_of(context: Context, run: str) -> date:
    """A date as it is written, or as_of of an assign by its run_id."""
    try:
        return date.fromisoformat(run)
    except ValueError:
        pass
    found = (
        context.finished("assign").where(F.col("run_id") == F.lit(run)).agg(F.max("as_of")).collect()[0][0]
    )  # one row
    if found is None:
        raise BadInputError(
            [f"compare: '{run}' is neither a date such as 2018-01-01 nor the run_id of a finished assign in the table "
             "runs"]
        )  # fmt: skip
    return date.fromisoformat(str(found))


def _features(context: Context, before: date, then: DataFrame, now: DataFrame) -> _Measured:
    """Profiles and distributions at both dates; nothing where features of one are missing, which is said."""
    table = context.lake.read(context.features_table)
    dates = (before, context.as_of)
    frames = [table.where(F.col("as_of") == F.lit(day)) for day in dates]
    there = {row["as_of"] for row in table.where(F.col("as_of").isin(*dates)).select("as_of").distinct().collect()}
    missing = [day for day in dates if day not in there]
    if missing:
        context.reporter.say(
            f"there are no features at {', '.join(map(str, missing))}: shifts of profiles and of features (PSI) are "
            f"left out; segspark features --also {' '.join(map(str, missing))} computes them"
        )
        return _Measured()
    numbers = [one.name for one in context.told_features]
    earlier, later = (
        profile(rows.join(members, on="customer_id", how="inner"), numbers)[1]
        for rows, members in zip(frames, (then, now), strict=True)
    )
    samples = [_sample(context, rows) for rows in frames]
    psi, _ = feature_measures(samples[0], samples[1], context.config.clustering.seed)
    return _Measured(profile_measures(earlier, later) + psi, earlier, later)


def _sample(context: Context, rows: DataFrame) -> pd.DataFrame:
    """Features of a bounded sample of customers, the same ones at any date, without ids."""
    asked = context.config.clustering
    columns = [F.col(quoted(one.name)).cast(_type(one)).alias(one.name) for one in _compared_features(context)]
    found: pd.DataFrame = training_sample(rows, asked.sample_rows, asked.seed).select(*columns).toPandas()
    return found


def _compared_features(context: Context) -> list[Feature]:
    """Those that segments are told apart by, and texts that are inputs."""
    inputs = context.config.clustering.inputs
    named = set(inputs) if isinstance(inputs, list) else set()
    texts = [one for one in context.features if one.type == "STRING" and one.name in named]
    return [*context.told_features, *texts]


def _type(feature: Feature) -> str:
    return "string" if feature.type == "STRING" else "double"


def _periods_before(context: Context, before: date) -> Mapping[tuple[str, str], list[float]]:
    """The measures of earlier comparisons, the latest first, that do not overlap and are about as long as this one."""
    days = (context.as_of - before).days
    length = F.date_diff("as_of", "from_as_of")
    oldest = before - timedelta(days=2 * days * (_PERIODS + 1))
    there = (
        context.lake.read(DRIFT)
        .where(F.col("kind").isin(*RULES) & (F.col("as_of") <= F.lit(before)) & (F.col("from_as_of") > F.lit(oldest)))
        .where((length * 2 >= days) & (length <= 2 * days))
    )
    pairs = [(row[0], row[1]) for row in there.select("from_as_of", "as_of").distinct().collect()]  # dates
    kept = apart(pairs)[:_PERIODS]
    if not kept:
        return {}
    rows = there.where(
        F.concat_ws(" ", F.col("from_as_of").cast("string"), F.col("as_of").cast("string")).isin(
            *[f"{one} {other}" for one, other in kept]
        )
    ).select("kind", "name", "value", "as_of")
    found: dict[tuple[str, str], list[float]] = {}
    for row in sorted(rows.collect(), key=lambda one: one["as_of"], reverse=True):  # 12 comparisons
        found.setdefault((row["kind"], row["name"]), []).append(row["value"])
    return found


def apart(pairs: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """Periods that do not overlap, the latest first: each the shortest of those that end last before the one after it.

    Examples:
        >>> day = lambda number: date(2026, 1, number)
        >>> [(a.day, b.day) for a, b in apart([(day(1), day(3)), (day(2), day(4)), (day(3), day(5)), (day(1), day(2))])]
        [(3, 5), (1, 3)]
    """
    found: list[tuple[date, date]] = []
    for first, last in sorted(pairs, key=lambda pair: (pair[1], pair[0]), reverse=True):
        if not found or last <= found[-1][0]:
            found.append((first, last))
    return found


def _publish(context: Context, found: Compared, table: Contingency) -> None:
    writer = context.writer(found.run_id)
    own = (F.col("from_as_of") == F.lit(found.before)) & (F.col("as_of") == F.lit(found.after))
    sizes = table.sizes_before
    rows = [
        (found.before, found.after, one, other, count, count / sizes[one] if one else None, found.run_id)
        for one, other, count in found.flows
    ]
    writer.publish_few(SEGMENT_MIGRATIONS, rows, own, delete_missing=True)
    drift = [_row(found, one) for one in found.judged]
    drift.append(
        (found.after, found.before, "overall", "memberships", round(found.moved, _DIGITS), None, None, None, None,
         found.verdict == "shift", found.verdict, "", found.run_id)
    )  # fmt: skip
    scope = own & F.col("kind").isin(*RULES, "overall")
    writer.publish_few(DRIFT, drift, scope, delete_missing=True)


def _row(found: Compared, one: Judged) -> tuple[object, ...]:
    measure = one.measure
    told = (measure.value, measure.lower, measure.upper, one.usual, one.threshold)
    return (
        found.after, found.before, measure.kind, measure.name, *(round(value, _DIGITS) for value in told),
        one.verdict == "shift", one.verdict, "", found.run_id,
    )  # fmt: skip


def _tell(context: Context, found: Compared) -> Path:
    """Write the page, log the run, and say what it is."""
    registered = segments_now(context)
    names = {one.segment_id: one.name for one in registered}
    kinds = {one.segment_id: one.kind for one in registered}
    words = sentences(found, names)
    page = render_comparison(page_of(found, names, kinds, context.features, context.config.report.title))
    path = write_text(report_path(context).parent / f"compare-{found.before}-{found.after}.html", page)
    context.tracker.comparison(found.run_id).log(
        {"from_as_of": found.before.isoformat(), "as_of": found.after.isoformat()},
        found.metrics, found.verdict, " ".join(words), page,
    )  # fmt: skip
    for sentence in words:
        context.reporter.say(sentence)
    context.reporter.say(f"written to {path}")
    return path
