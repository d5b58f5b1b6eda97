"""Train: candidates on a sample, each a run in MLflow; the chosen one fitted, registered and promoted."""

from collections.abc import Sequence

import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.choice import Choice, choose
from segspark.clustering.inputs import Input
from segspark.clustering.objective import kpi_of, mistakes, preset_inputs
from segspark.clustering.preparation import plan_inputs, preparation_stages, summarised, words
from segspark.clustering.sampling import training_sample
from segspark.config.load import config_hash
from segspark.errors import BadInputError
from segspark.reporting.figures import segment_figures, training_figures
from segspark.reporting.transformations import transformations_page
from segspark.segments.naming import wordings
from segspark.segments.profiles import profile
from segspark.steps.candidates import Logged, log_candidates, publish_candidates, reported_candidate
from segspark.steps.comparison import compared
from segspark.steps.context import SECTIONS, Context, Outcome
from segspark.steps.embeddings import carried, wanted
from segspark.steps.next_period import next_period
from segspark.steps.population import eligible, features_at
from segspark.steps.presentation import segment_cards
from segspark.steps.search import pipeline_model, prepare, search
from segspark.tables import TRAINING_CANDIDATES
from segspark.tracking import EMBEDDINGS, ModelVersion, Training


def train(context: Context) -> Sequence[Outcome]:
    """Fit, compare, choose, register and promote; a training that was finished before is not done again."""
    inputs = context.versions(context.features_table)
    customers = eligible(context, features_at(context))
    training = context.tracker.training(context.run_id("train", inputs))
    if training.version is not None:
        training.promote(training.version)
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
    sample = training_sample(customers, settings.sample_rows, settings.seed).persist()
    plans = _plans(context, sample)
    embeddings = carried(context) if wanted(context) else ""
    tags = _tags(context, inputs) | ({EMBEDDINGS: embeddings} if embeddings else {})
    training.describe(_params(context), tags, context.config.model_dump(mode="json", by_alias=True))
    preparation = PipelineModel(stages=preparation_stages(plans))
    prepared = prepare(customers, preparation, plans, settings, context.config.search)
    period = next_period(context, preparation)
    searched = compared(search(prepared, context.reporter), prepared, period, context.reporter)
    kpi = kpi_of(context.config.objective).words
    choice = choose([evaluation for evaluation, _ in searched], settings, context.config.search, kpi)
    _tell(context, choice)
    found = log_candidates(training, [evaluation for evaluation, _ in searched], settings)
    chosen = next(fitted for evaluation, fitted in searched if evaluation is choice.chosen)
    model = PipelineModel(stages=[*preparation.stages, pipeline_model(chosen, prepared)])
    _log_findings(context, training, choice, found, plans, model.transform(sample))
    types = {feature.name: feature.type for feature in context.features}
    version = training.register(
        model,
        {plan.feature: types[plan.feature] for plan in plans},
        _made_up(plans),
        embeddings if _tasted(context, plans) else "",
    )
    publish_candidates(context, training, choice, found)
    training.promote(version)
    context.reporter.say(f"{version.label} registered and promoted to champion")
    prepared.unpersist()
    sample.unpersist()
    return version


def _plans(context: Context, sample: DataFrame) -> list[Input]:
    """The inputs' preparation; what cannot be an input is an error if it was asked for, and dropped aloud if not."""
    settings = context.config.clustering
    types = {feature.name: feature.type for feature in context.features}
    preset = preset_inputs(context.config.objective, types) if settings.inputs == "objective" else {}
    automatic = [feature.name for feature in context.features if feature.automatic]
    names = settings.inputs if isinstance(settings.inputs, list) else list(preset) or automatic
    settings = settings.model_copy(update={"weights": preset | settings.weights})
    if unknown := sorted(set(names) - types.keys()):
        raise BadInputError(
            f"clustering.inputs: {name} is not a feature; there are {', '.join(types)}" for name in unknown
        )
    numbers = [name for name in names if types[name] != "STRING"]
    levels = [name for name in names if types[name] == "STRING"]
    table: pd.DataFrame = summarised(sample, numbers, levels).toPandas()  # at most clustering.sample_rows
    if len(table) <= settings.k.max:
        raise BadInputError(
            [f"clustering.k.max: {settings.k.max} clusters need more customers than the {len(table)} that are "
             "eligible; lower clustering.k.max or check population.eligible"]
        )  # fmt: skip
    plans, unusable = plan_inputs(table, names, settings)
    broken = [one for one in unusable if not one.repeats]
    if isinstance(settings.inputs, list) and broken:
        raise BadInputError(f"clustering.inputs: {one.feature} {one.reason}; remove it" for one in broken)
    if not plans:
        raise BadInputError(f"clustering.inputs: no feature varies: {one.feature} {one.reason}" for one in unusable)
    for one in unusable:
        context.reporter.warn(f"{one.feature} {one.reason}: not used for clustering")
    _name_mistakes(context, plans, table)
    context.reporter.say(f"{len(table):,} customers, {len(plans)} inputs")
    return plans


def _name_mistakes(context: Context, plans: Sequence[Input], sample: pd.DataFrame) -> None:
    used = {plan.feature for plan in plans}
    families = {one.name: one.family for one in context.features if one.name in used}
    quiet = float(sample["recency_days"].min()) if "recency_days" in sample else None
    for one in mistakes(families, context.config.clustering.manageable.max, quiet):
        context.reporter.warn(one)


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


def _tasted(context: Context, plans: Sequence[Input]) -> bool:
    """Whether an input is made with product embeddings."""
    inputs = {plan.feature for plan in plans}
    return any(one.family == "embeddings" and one.name in inputs for one in context.features)


def _made_up(plans: Sequence[Input]) -> dict[str, object]:
    """An example customer that nobody is."""
    return {plan.feature: plan.example for plan in plans}


def _tell(context: Context, choice: Choice) -> None:
    context.reporter.say(choice.verdict)
    if choice.warning:
        context.reporter.warn(choice.warning)


def _log_findings(
    context: Context,
    training: Training,
    choice: Choice,
    found: Sequence[Logged],
    plans: Sequence[Input],
    clustered: DataFrame,
) -> None:
    reported = [reported_candidate(one, choice) for one, _ in found]
    labelled = clustered.withColumn("segment_id", F.concat(F.lit("cluster "), F.col(CLUSTER).cast("string")))
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    cards = segment_cards(sizes, wordings(profiles, context.features), {}, profiles, context.told_features)
    training.log_figures(training_figures(reported) | segment_figures(cards, [], context.config.money.currency))
    table = pd.DataFrame([vars(one) for one in reported])
    training.log_texts(
        {
            "transformations.md": transformations_page(context.features, words(plans)),
            "candidates.csv": table.to_csv(index=False),
        }
    )
    training.conclude(choice.verdict, choice.warning)
    silhouette = choice.chosen.silhouette_euclidean
    training.log_metrics({"silhouette.euclidean.sample": silhouette or 0.0, "k": float(choice.chosen.candidate.k)})


def _outcome(context: Context, inputs: dict[str, str], version: ModelVersion) -> Outcome:
    return Outcome(inputs=inputs, outputs=context.versions(TRAINING_CANDIDATES), message=version.label)
