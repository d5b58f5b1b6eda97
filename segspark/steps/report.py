"""Report: the published tables as pages that need nothing but a browser."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark import __version__
from segspark.columns import quoted
from segspark.config.clustering import ALL
from segspark.config.load import reveal
from segspark.errors import BadInputError
from segspark.io.files import write_text
from segspark.reporting.distributions import distribution
from segspark.reporting.model import Candidate, Distribution, QualityRow, Report, ScatterPoint
from segspark.reporting.page import render
from segspark.segments.registry import Segment, with_members
from segspark.steps.context import Context, Outcome
from segspark.steps.handbook import HANDBOOK_INPUTS, handbook
from segspark.steps.levels import registered_now
from segspark.steps.opportunities import OPPORTUNITY_TABLES
from segspark.steps.outcomes import Outcomes, migrations, outcomes
from segspark.steps.population import features_at
from segspark.steps.presentation import published_cards
from segspark.steps.signals import SIGNAL_TABLES
from segspark.steps.splitting import FILE, drawn_nodes
from segspark.tables import (
    DATA_QUALITY,
    RUNS,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_PROFILES,
    SEGMENTS,
    TRAINING_CANDIDATES,
)
from segspark.tracking import ModelVersion, Training

_SAMPLE = 5_000  # customers whose features are drawn


def report(context: Context, what: str = "all") -> Sequence[Outcome]:
    """Write the dashboard and the handbook from the tables as they are now.

    Args:
        context: of the phase.
        what: dashboard, handbook or all.
    """
    registered = registered_now(context).segments
    segments, path = with_members(registered), report_path(context)
    if not segments:
        raise BadInputError(["segments: nothing is published yet; run segspark assign first"])
    known, version = outcomes(context), context.tracker.champion()
    training = context.tracker.training(version.run_id)
    inputs = context.versions(
        *(SEGMENTS, SEGMENT_PROFILES, SEGMENT_ASSIGNMENTS, context.features_table),
        *(*SIGNAL_TABLES, *OPPORTUNITY_TABLES),
    )
    outputs: dict[str, str] = {}
    if what != "handbook":
        page = render(_report(context, registered, known, version, training))
        outputs["report"] = str(write_text(path, page))
        training.log_texts({"report/index.html": page})
        context.reporter.say(f"written to {path}")
    if what != "dashboard":
        paths, without_notes = handbook(context, registered, path.parent, known)
        outputs |= paths
        training.log_texts({"report/handbook.html": without_notes})
        inputs |= context.versions(*HANDBOOK_INPUTS)
    return [Outcome(inputs=inputs, outputs=outputs)]


def report_path(context: Context) -> Path:
    """Where the page goes: configured, or in the workspace's folder.

    Raises:
        BadInputError: the workspace has no local folder and none was configured.
    """
    root = context.lake_root
    if context.config.report.path is not None:
        return Path(reveal(context.config.report.path))
    if root is None or "://" in root:
        raise BadInputError(["report.path: give one, as the workspace is not a local folder"])
    return Path(root) / "report" / "index.html"


def _report(
    context: Context, registered: Sequence[Segment], known: Outcomes, version: ModelVersion, training: Training
) -> Report:
    segments = with_members(registered)
    verdict, warning = training.conclusion
    tree = training.text(FILE)
    features = features_at(context)
    return Report(
        title=context.config.report.title,
        as_of=context.as_of.isoformat(),
        currency=context.config.money.currency,
        headlines=_headlines(context, features, segments),
        segments=published_cards(context, segments, context.told_features),
        candidates=_candidates(context, version),
        scatter=_scatter(context, features),
        verdict=verdict,
        warning=warning,
        details=_details(context, version),
        ledger=_ledger(context),
        quality=_quality(context),
        distributions=_distributions(context, features),
        splits=drawn_nodes(tree, context.features) if tree else (),
        kpi_definitions=tuple(replace(one, label=one.label[:1].upper() + one.label[1:]) for one in known.definitions),
        kpis=known.points,
        migrations=migrations(context, {one.segment_id: one.name for one in registered}),
        values=known.values,
        signals=tuple(
            (one.segment_id, known.signals[one.segment_id]) for one in segments if one.segment_id in known.signals
        ),
        opportunities=known.opportunities,
    )


def _headlines(context: Context, features: DataFrame, segments: Sequence[Segment]) -> tuple[tuple[str, str], ...]:
    longest = max(context.config.features.windows_days)
    recent = f"orders_count_{longest}d"
    sums = {"frequency": F.sum("frequency"), "monetary_value": F.sum("monetary_value"),
            recent: F.count_if(F.col(recent) > 0)}  # fmt: skip
    known = [value.alias(name) for name, value in sums.items() if name in features.columns]  # some may be switched off
    found = features.agg(F.count("*").alias("customers"), *known).collect()[0].asDict()  # one row
    told = [("Customers", f"{found['customers']:,}"), ("Segments", f"{len(segments)}")]
    if "frequency" in found:
        told.append(("Orders", f"{found['frequency']:,}"))
    if "monetary_value" in found:
        told.append(("Revenue, net of returns", f"{found['monetary_value']:,.0f} {context.config.money.currency}"))
    if recent in found:
        told.append((f"Bought in the last {longest} days", f"{found[recent] / found['customers']:.0%}"))
    return tuple(told)


def _candidates(context: Context, version: ModelVersion) -> tuple[Candidate, ...]:
    rows = context.lake.read(TRAINING_CANDIDATES).where(F.col("run_id") == version.run_id)
    return tuple(
        Candidate(
            algorithm=row["algorithm"],
            k=row["k"],
            seed=row["seed"],
            silhouette=row["silhouette_euclidean"],
            silhouette_distance="euclidean",
            cost=row["cost"],
            log_likelihood=row["log_likelihood"],
            smallest_share=row["smallest_share"],
            duration_seconds=row["duration_seconds"],
            chosen=row["chosen"],
            reason=row["reason"],
            separation=row["separation"],
            separation_error=row["separation_error"],
            stability=row["stability"],
            feature_set=row["feature_set"] or ALL,  # nothing in rows from before there were several
            stability_null=row["stability_null"],
        )
        for row in rows.orderBy("algorithm", "feature_set", "k", "seed").collect()  # as many as there were candidates
    )


def _scatter(context: Context, features: DataFrame) -> tuple[ScatterPoint, ...]:
    """A bounded sample by hash of the customer, without ids; empty where one of the features is switched off."""
    axes = ("recency_days", "frequency", "monetary_value")
    if not set(axes) <= set(features.columns):
        return ()
    assigned = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id")
    bought = features.where("recency_days IS NOT NULL").join(assigned, on="customer_id", how="inner")
    drawn = bought.orderBy(F.xxhash64("customer_id"), "customer_id").limit(context.config.report.scatter_points)
    rows = drawn.select(*axes, "segment_id").collect()  # scatter_points
    return tuple(ScatterPoint(float(row[0]), float(row[1]), float(row[2]), row[3]) for row in rows)


def _distributions(context: Context, features: DataFrame) -> tuple[Distribution, ...]:
    """Every number that is computed of a customer, over a bounded sample by hash, without ids."""
    shown = context.numeric_features
    drawn = features.orderBy(F.xxhash64("customer_id"), "customer_id").limit(_SAMPLE)
    sample = drawn.select(*[F.col(quoted(one.name)).cast("double").alias(one.name) for one in shown]).toPandas()
    return tuple(distribution(one.name, one.label, one.unit, sample[one.name]) for one in shown)


def _details(context: Context, version: ModelVersion) -> tuple[tuple[str, str], ...]:
    tables = context.versions(context.features_table, SEGMENT_ASSIGNMENTS, SEGMENTS)
    return (
        ("Model", version.label),
        ("Training run", version.run_id),
        ("Experiment", context.config.tracking.experiment),
        ("Seed", str(context.config.clustering.seed)),
        ("Business time zone", context.config.time.business_timezone),
        *((f"Table {name}", f"version {number}") for name, number in tables.items()),
        ("segspark", __version__),
    )


def _ledger(context: Context) -> tuple[tuple[str, int, int, int, int], ...]:
    """The latest ingest of each source that brought rows."""
    runs = context.lake.read(RUNS).where("phase = 'ingest' AND status = 'done' AND rows_read > 0")
    rows = runs.groupBy("source").agg(
        *[
            F.max_by(name, "finished_at").alias(name)
            for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_deduplicated")
        ]
    )
    return tuple(tuple(row) for row in rows.orderBy("source").collect())


def _quality(context: Context) -> tuple[QualityRow, ...]:
    """Each source's rules as its latest ingest found them, with the shares before: sources x rules."""
    history = Window.partitionBy("source", "rule", "severity").orderBy("finished_at", "run_id")
    latest = Window.partitionBy("source")
    rows = (
        context.lake.read(DATA_QUALITY)
        .withColumn("shares", F.collect_list("failed_share").over(history))
        .withColumn("newest", F.max("finished_at").over(latest))
        .where("finished_at = newest")
        .orderBy("source", "rule", "severity")
        .collect()
    )
    return tuple(
        QualityRow(
            source=row["source"],
            target=row["target"],
            rule=row["rule"],
            severity=row["severity"],
            rows_checked=row["rows_checked"],
            rows_failed=row["rows_failed"],
            failed_share=row["failed_share"],
            previous=tuple(row["shares"][:-1]),
        )
        for row in rows
    )
