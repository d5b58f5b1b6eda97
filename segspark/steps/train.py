"""Train: candidates on a sample, each a run in MLflow; the chosen one fitted, registered and promoted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.choice import Choice, choose
from segspark.clustering.labelling import anew
from segspark.clustering.numbers import Numbers
from segspark.clustering.objective import kpi_of
from segspark.clustering.outcomes import ClusterOutcome
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
from segspark.steps import verdict
from segspark.steps.calibration import calibrated
from segspark.steps.candidates import Logged, log_candidates, publish_candidates, reported_candidate
from segspark.steps.comparison import Found, compared, numbers_of
from segspark.steps.context import SECTIONS, Context, Outcome
from segspark.steps.embeddings import carried, of_embeddings, wanted
from segspark.steps.explaining import Explained, explained, next_outcomes
from segspark.steps.guard import examined, judged, label
from segspark.steps.next_period import NextPeriod, next_period
from segspark.steps.planning import plan
from segspark.steps.population import eligible, features_at
from segspark.steps.presentation import segment_cards
from segspark.steps.promotion import Decision, apply, decide
from segspark.steps.search import Fitted, Prepared, pipeline_model, prepare, search
from segspark.steps.slices import sliced_by, slices
from segspark.steps.splitting import FILE, as_text, drawn_nodes, split_tree
from segspark.tables import TRAINING_CANDIDATES
from segspark.tracking import EMBEDDINGS, SEGMENT, ModelVersion, Training, TrainingTable


@dataclass(frozen=True)
class _Selected:
    """The candidates, and what is known of the chosen one.

    Attributes:
        searched: all candidates.
        choice: with the verdict.
        fitted: the chosen candidate.
        prepared: what it was made of.
        model: it, as it is published.
        numbers: criteria of k, which do not decide; None where there are none.
        after: what its clusters' customers did in the next period; empty where that is not known.
    """

    searched: Sequence[Found]
    choice: Choice
    fitted: Fitted
    prepared: Prepared
    model: PipelineModel
    numbers: Numbers | None
    after: Sequence[ClusterOutcome]


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
    settings, columns = context.config.clustering, sliced_by(context)
    trained = customers.where(~held_out(context.config.search.holdout_share))
    sample = training_sample(trained, settings.sample_rows, settings.seed).persist()
    views = plan(context, sample)
    embeddings = carried(context) if wanted(context) else ""
    tags = _tags(context, inputs) | ({EMBEDDINGS: embeddings} if embeddings else {})
    training.describe(_params(context), tags, context.config.model_dump(mode="json", by_alias=True))
    training.log_table(_table(context), _types(context, [name for view in views for name in view.features]))
    everything = prepare(customers, views[0], settings, context.config.search)
    structure = examined(context, everything)
    period = next_period(context, views)
    selected = _selected(context, customers, views[1:], everything, period, structure)
    choice, model, view = selected.choice, selected.model, selected.prepared.view
    used = _types(context, view.features)
    context.reporter.say(choice.verdict)
    found = log_candidates(training, [one for one, _ in selected.searched], settings)
    told = explained(context, model, customers, view.plans)
    _log_splits(context, training, split_tree(selected.prepared, [one for _, one in selected.searched], sample))
    _log_findings(context, training, selected, found, view, model.transform(sample), told, structure)
    clusterer = anew(choice.chosen.candidate.algorithm, selected.fitted.shape, settings, context.config.search)
    sliced = slices(model, clusterer, settings.seed, selected.prepared.blocks.grid, sample, columns)
    verdict.log_agreement(training, choice.chosen, selected.numbers, sliced)
    version = training.register(
        model,
        used,
        {one.feature: one.example for one in view.plans},  # nobody's
        embeddings if of_embeddings(context, used) else "",
        f"{choice.verdict} {label(structure)}".strip(),
        calibrated(selected.fitted, selected.prepared),
    )
    publish_candidates(context, training, choice, found)
    decision = decide(context, choice.chosen.separation, period)
    training.decide(decision.promoted, decision.why)
    apply(training, version, decision, context)
    for frame in [sample, *([period.rows] if period else [])]:
        frame.unpersist()
    return version


def _selected(
    context: Context,
    customers: DataFrame,
    others: Sequence[View],
    first: Prepared,
    period: NextPeriod | None,
    structure: Structure | None,
) -> _Selected:
    """Search, compare and choose.

    Raises:
        RefusedError: no candidate can be chosen, or the best are of no use.
    """
    config = context.config
    searched, prepared, numbers = _searched(context, customers, others, first, period)
    choice = choose(
        [evaluation for evaluation, _ in searched], config.clustering, config.search, kpi_of(config.objective).words
    )
    judged(context, structure, choice.chosen)
    chosen = next(fitted for evaluation, fitted in searched if evaluation is choice.chosen)
    view = choice.chosen.candidate.view
    model = pipeline_model(chosen, prepared[view])
    after = next_outcomes(model, period)
    said = verdict.told(choice, numbers[view], after, config.objective)
    return _Selected(searched, said, chosen, prepared[view], model, numbers[view], after)


def _searched(
    context: Context, customers: DataFrame, others: Sequence[View], first: Prepared, period: NextPeriod | None
) -> tuple[list[Found], dict[str, Prepared], dict[str, Numbers | None]]:
    """The candidates of all views; what each view's were made of, and what other criteria say of k there.

    A view's customers are at hand only meanwhile.
    """
    settings, asked, reporter = context.config.clustering, context.config.search, context.reporter
    found: list[Found] = []
    prepared: dict[str, Prepared] = {}
    numbers: dict[str, Numbers | None] = {}
    for view in (first.view, *others):
        ready = first if view is first.view else prepare(customers, view, settings, asked)
        if others:
            reporter.say(f"candidates on {view.name}: {len(view.coordinates)} coordinates of {len(view.plans)} inputs")
        prepared[view.name], numbers[view.name] = ready, numbers_of(ready)
        found += compared(search(ready, reporter), ready, period, numbers[view.name], reporter)
        ready.blocks.frame.unpersist()
    return found, prepared, numbers


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
    segment = {SEGMENT: context.part.segment_id} if context.part else {}
    return versions | described | segment | {"segspark.config_hash": config_hash(context.config, SECTIONS["train"])}


def _log_findings(
    context: Context,
    training: Training,
    selected: _Selected,
    found: Sequence[Logged],
    view: View,
    clustered: DataFrame,
    told: Explained | None,
    structure: Structure | None,
) -> None:
    choice = selected.choice
    reported = [reported_candidate(one, choice) for one, _ in found]
    labelled = clustered.withColumn("segment_id", F.concat(F.lit("cluster "), F.col(CLUSTER).cast("string")))
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    named = wordings(profiles, context.features, (), context.config.naming, context.vocabulary)
    cards = segment_cards(sizes, named, {}, profiles, context.told_features)
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
    page = verdict.next_page(selected.after, context.config.objective)
    if told is not None:
        rules = [(one.words, one.sql, one.coverage, one.precision) for one in told.rules]
        page = f"{explanation_page(rules, told.agreement, told.cost_ratio, told.effects)}\n{page}".rstrip() + "\n"
        measured = {"agreement.tree.holdout": told.agreement, "cost_ratio.tree.holdout": told.cost_ratio}
        training.log_metrics({name: value for name, value in measured.items() if value is not None})
    if page:
        training.log_texts({"explanation.md": page})
    training.conclude(choice.verdict, label(structure))
    silhouette = choice.chosen.silhouette_euclidean
    training.log_metrics({"silhouette.euclidean.sample": silhouette or 0.0, "k": float(choice.chosen.candidate.k)})


def _log_splits(context: Context, training: Training, nodes: Sequence[Node]) -> None:
    tree = as_text(nodes)
    training.log_texts({FILE: tree})
    training.log_figures(split_figures(drawn_nodes(tree, context.features)))


def _outcome(context: Context, inputs: dict[str, str], version: ModelVersion) -> Outcome:
    return Outcome(inputs=inputs, outputs=context.versions(TRAINING_CANDIDATES), message=version.label)
