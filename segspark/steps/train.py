"""Train: candidates on a sample, each a run in MLflow; the chosen one fitted, registered and promoted."""

from collections.abc import Iterable, Sequence

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.choice import Choice, choose
from segspark.clustering.objective import kpi_of
from segspark.clustering.passes import held_out
from segspark.clustering.preparation import words
from segspark.clustering.sampling import training_sample
from segspark.clustering.splits import Node
from segspark.clustering.structure import Structure
from segspark.clustering.views import View
from segspark.config.load import config_hash
from segspark.reporting.explanation import explanation_page
from segspark.reporting.figures import segment_figures, split_figures, training_figures
from segspark.reporting.transformations import transformations_page
from segspark.segments.naming import wordings
from segspark.segments.profiles import profile
from segspark.steps.calibration import calibrated
from segspark.steps.candidates import Logged, log_candidates, publish_candidates, reported_candidate
from segspark.steps.comparison import Found, compared
from segspark.steps.context import SECTIONS, Context, Outcome
from segspark.steps.embeddings import carried, of_embeddings, wanted
from segspark.steps.explaining import Explained, explained
from segspark.steps.guard import examined, judged, label
from segspark.steps.next_period import NextPeriod, next_period
from segspark.steps.planning import plan
from segspark.steps.population import eligible, features_at
from segspark.steps.presentation import segment_cards
from segspark.steps.promotion import Decision, apply, decide
from segspark.steps.search import Prepared, pipeline_model, prepare, search
from segspark.steps.splitting import FILE, as_text, drawn_nodes, split_tree
from segspark.tables import TRAINING_CANDIDATES
from segspark.tracking import EMBEDDINGS, ModelVersion, Training, TrainingTable


def train(context: Context) -> Sequence[Outcome]:
    """Fit, compare, choose, register and promote; a training that was finished before is not done again."""
    inputs = context.versions(context.features_table)
    customers = eligible(context, features_at(context))
    training = context.tracker.training(context.run_id("train", inputs))
    if training.version is not None and training.decision is not None:
        if not training.finished:
            apply(training, training.version, Decision(*training.decision), context)
        context.reporter.say(f"{training.version.label} was trained on these very inputs: it is kept")
        return [_outcome(context, inputs, training.version)]
    try:
        version = _train(context, training, customers, inputs)
    except BaseException:
        training.fail()
        raise
    return [_outcome(context, inputs, version)]


def _train(context: Context, training: Training, customers: DataFrame, inputs: dict[str, str]) -> ModelVersion:
    settings = context.config.clustering
    sample = training_sample(_trained(context, customers), settings.sample_rows, settings.seed).persist()
    views = plan(context, sample)
    embeddings = carried(context) if wanted(context) else ""
    tags = _tags(context, inputs) | ({EMBEDDINGS: embeddings} if embeddings else {})
    training.describe(_params(context), tags, context.config.model_dump(mode="json", by_alias=True))
    training.log_table(_table(context), _types(context, [name for view in views for name in view.features]))
    everything = prepare(customers, views[0], settings, context.config.search)
    structure = examined(context, everything)
    period = next_period(context, views)
    searched, prepared = _searched(context, customers, views[1:], everything, period)
    kpi = kpi_of(context.config.objective).words
    choice = choose([evaluation for evaluation, _ in searched], settings, context.config.search, kpi)
    judged(context, structure, choice.chosen)
    context.reporter.say(choice.verdict)
    found = log_candidates(training, [evaluation for evaluation, _ in searched], settings)
    chosen = next(fitted for evaluation, fitted in searched if evaluation is choice.chosen)
    ready = prepared[choice.chosen.candidate.view]
    model, view = pipeline_model(chosen, ready), ready.view
    used = _types(context, view.features)
    told = explained(context, model, customers, view.plans)
    _log_splits(context, training, split_tree(ready, [one for _, one in searched], sample))
    _log_findings(context, training, choice, found, view, model.transform(sample), told, structure)
    version = training.register(
        model,
        used,
        {one.feature: one.example for one in view.plans},  # nobody's
        embeddings if of_embeddings(context, used) else "",
        f"{choice.verdict} {label(structure)}".strip(),
        calibrated(chosen, ready),
    )
    publish_candidates(context, training, choice, found)
    decision = decide(context, choice.chosen.separation, period)
    training.decide(decision.promoted, decision.why)
    apply(training, version, decision, context)
    for frame in [sample, *([period.rows] if period else [])]:
        frame.unpersist()
    return version


def _trained(context: Context, customers: DataFrame) -> DataFrame:
    return customers.where(~held_out(context.config.search.holdout_share))


def _searched(
    context: Context, customers: DataFrame, others: Sequence[View], first: Prepared, period: NextPeriod | None
) -> tuple[list[Found], dict[str, Prepared]]:
    """The candidates of all views, and what each view's were made of; its customers are at hand only meanwhile."""
    settings, asked, reporter = context.config.clustering, context.config.search, context.reporter
    found: list[Found] = []
    prepared = {}
    for view in (first.view, *others):
        ready = first if view is first.view else prepare(customers, view, settings, asked)
        if others:
            reporter.say(f"candidates on {view.name}: {len(view.coordinates)} coordinates of {len(view.plans)} inputs")
        found += compared(search(ready, reporter), ready, period, reporter)
        ready.blocks.frame.unpersist()
        prepared[view.name] = ready
    return found, prepared


def _types(context: Context, names: Iterable[str]) -> dict[str, str]:
    """Spark SQL type of each feature."""
    return {name: context.feature(name).type for name in names}


def _table(context: Context) -> TrainingTable:
    """The features as MLflow's dataset of the training."""
    table, by_path = context.features_table, context.lake.workspace.root is not None
    place = context.lake.location(table)
    return TrainingTable(table.name if by_path else place, context.lake.version(table), place if by_path else None)


def _params(context: Context) -> dict[str, object]:
    return (
        context.config.clustering.model_dump(mode="json") | _objective(context) | {"as_of": context.as_of.isoformat()}
    )


def _objective(context: Context) -> dict[str, object]:
    asked = context.config.objective
    return {f"objective.{name}": value for name, value in asked.model_dump(mode="json").items() if value is not None}


def _tags(context: Context, inputs: dict[str, str]) -> dict[str, str]:
    versions = {f"segspark.table.{name}": version for name, version in inputs.items()}
    described = {f"segspark.feature.{one.name}": one.comment for one in context.features}
    return versions | described | {"segspark.config_hash": config_hash(context.config, SECTIONS["train"])}


def _log_findings(
    context: Context,
    training: Training,
    choice: Choice,
    found: Sequence[Logged],
    view: View,
    clustered: DataFrame,
    told: Explained | None,
    structure: Structure | None,
) -> None:
    reported = [reported_candidate(one, choice) for one, _ in found]
    labelled = clustered.withColumn("segment_id", F.concat(F.lit("cluster "), F.col(CLUSTER).cast("string")))
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    cards = segment_cards(sizes, wordings(profiles, context.features), {}, profiles, context.told_features)
    training.log_figures(training_figures(reported) | segment_figures(cards, [], context.config.money.currency))
    table = pd.DataFrame([vars(one) for one in reported])
    training.log_texts(
        {
            "transformations.md": transformations_page(
                context.features, words(view.plans), [(one.name, one.words) for one in view.components]
            ),
            "candidates.csv": table.to_csv(index=False),
        }
    )
    if told is not None:
        rules = [(one.words, one.sql, one.coverage, one.precision) for one in told.rules]
        page = explanation_page(rules, told.agreement, told.cost_ratio, told.effects)
        training.log_texts({"explanation.md": page})
        measured = {"agreement.tree.holdout": told.agreement, "cost_ratio.tree.holdout": told.cost_ratio}
        training.log_metrics({name: value for name, value in measured.items() if value is not None})
    training.conclude(choice.verdict, label(structure))
    silhouette = choice.chosen.silhouette_euclidean
    training.log_metrics({"silhouette.euclidean.sample": silhouette or 0.0, "k": float(choice.chosen.candidate.k)})


def _log_splits(context: Context, training: Training, nodes: Sequence[Node]) -> None:
    tree = as_text(nodes)
    training.log_texts({FILE: tree})
    training.log_figures(split_figures(drawn_nodes(tree, context.features)))


def _outcome(context: Context, inputs: dict[str, str], version: ModelVersion) -> Outcome:
    return Outcome(inputs=inputs, outputs=context.versions(TRAINING_CANDIDATES), message=version.label)
