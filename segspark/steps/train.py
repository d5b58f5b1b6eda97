"""Train: candidates on a sample, each a run in MLflow; the chosen one fitted, registered and promoted."""

from collections.abc import Sequence

import pandas as pd
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.choice import Choice, choose
from segspark.clustering.evaluation import Evaluation
from segspark.clustering.preparation import InputPlan, as_doubles, plan_inputs, preparation_stages
from segspark.clustering.sampling import training_sample
from segspark.config.load import config_hash
from segspark.errors import BadInputError
from segspark.reporting.figures import segment_figures, training_figures
from segspark.reporting.model import Candidate as ReportedCandidate
from segspark.reporting.transformations import transformations_page
from segspark.segments.naming import wordings
from segspark.segments.profiles import profile
from segspark.steps.context import SECTIONS, Context, Outcome
from segspark.steps.embeddings import carried, wanted
from segspark.steps.population import eligible, features_at
from segspark.steps.presentation import segment_cards
from segspark.steps.search import fit, prepare, search
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
    preparation = Pipeline(stages=preparation_stages(plans)).fit(sample)
    prepared = prepare(sample, preparation, settings)
    found = search(prepared, settings, training, context.reporter)
    choice = choose([evaluation for evaluation, _ in found], settings)
    _tell(context, choice)
    model = PipelineModel(stages=[*preparation.stages, fit(choice.chosen.candidate, prepared, settings)])
    _log_findings(context, training, choice, found, plans, model.transform(sample))
    types = {feature.name: feature.type for feature in context.features}
    version = training.register(
        model,
        {plan.feature: types[plan.feature] for plan in plans},
        _made_up(plans),
        embeddings if _tasted(context, plans) else "",
    )
    _publish_candidates(context, training, choice, found)
    training.promote(version)
    context.reporter.say(f"{version.label} registered and promoted to champion")
    prepared.unpersist()
    sample.unpersist()
    return version


def _plans(context: Context, sample: DataFrame) -> list[InputPlan]:
    """The inputs' preparation; what cannot be an input is an error if it was asked for, and dropped aloud if not."""
    settings = context.config.clustering
    declared = [feature.name for feature in context.numeric_features]
    automatic = [feature.name for feature in context.features if feature.automatic]
    names = automatic if settings.inputs == "auto" else settings.inputs
    unknown = sorted(set(names) - set(declared))
    if unknown:
        raise BadInputError(
            f"clustering.inputs: {name} is not a feature; there are {', '.join(declared)}" for name in unknown
        )
    table: pd.DataFrame = as_doubles(sample, names).toPandas()  # at most clustering.sample_rows
    if len(table) <= settings.k.max:
        raise BadInputError(
            [f"clustering.k.max: {settings.k.max} clusters need more customers than the {len(table)} that are "
             "eligible; lower clustering.k.max or check population.eligible"]
        )  # fmt: skip
    plans, unusable = plan_inputs(table, names, settings)
    if settings.inputs != "auto" and unusable:
        raise BadInputError(f"clustering.inputs: {one.feature} {one.reason}; remove it" for one in unusable)
    if not plans:
        raise BadInputError(f"clustering.inputs: no feature varies: {one.feature} {one.reason}" for one in unusable)
    for one in unusable:
        context.reporter.warn(f"{one.feature} {one.reason}: not used for clustering")
    context.reporter.say(f"{len(table):,} customers, {len(plans)} inputs")
    return plans


def _params(context: Context) -> dict[str, object]:
    return context.config.clustering.model_dump(mode="json") | {"as_of": context.as_of.isoformat()}


def _tags(context: Context, inputs: dict[str, str]) -> dict[str, str]:
    versions = {f"segspark.table.{name}": version for name, version in inputs.items()}
    described = {f"segspark.feature.{one.name}": one.comment for one in context.features}
    return versions | described | {"segspark.config_hash": config_hash(context.config, SECTIONS["train"])}


def _tasted(context: Context, plans: Sequence[InputPlan]) -> bool:
    """Whether an input is made with product embeddings."""
    inputs = {plan.feature for plan in plans}
    return any(one.family == "embeddings" and one.name in inputs for one in context.features)


def _made_up(plans: Sequence[InputPlan]) -> dict[str, object]:
    """An example customer that nobody is: halfway between each input's limits."""
    return {plan.feature: float(round((plan.lower + plan.upper) / 2)) for plan in plans}


def _tell(context: Context, choice: Choice) -> None:
    context.reporter.say(choice.verdict)
    if choice.warning:
        context.reporter.warn(choice.warning)


def _log_findings(
    context: Context,
    training: Training,
    choice: Choice,
    found: Sequence[tuple[Evaluation, str]],
    plans: Sequence[InputPlan],
    clustered: DataFrame,
) -> None:
    reported = [reported_candidate(one, choice) for one, _ in found]
    labelled = clustered.withColumn("segment_id", F.concat(F.lit("cluster "), F.col(CLUSTER).cast("string")))
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    cards = segment_cards(sizes, wordings(profiles, context.features), {}, profiles, context.told_features)
    training.log_figures(training_figures(reported) | segment_figures(cards, [], context.config.money.currency))
    preparations = {plan.feature: plan.words for plan in plans}
    table = pd.DataFrame([vars(one) for one in reported])
    training.log_texts(
        {
            "transformations.md": transformations_page(context.features, preparations),
            "candidates.csv": table.to_csv(index=False),
        }
    )
    training.conclude(choice.verdict, choice.warning)
    silhouette = choice.chosen.silhouette_euclidean
    training.log_metrics({"silhouette.euclidean.sample": silhouette or 0.0, "k": float(choice.chosen.candidate.k)})


def reported_candidate(one: Evaluation, choice: Choice) -> ReportedCandidate:
    """A candidate as reports show it."""
    candidate = one.candidate
    return ReportedCandidate(
        algorithm=candidate.algorithm,
        k=candidate.k,
        seed=candidate.seed,
        silhouette=one.silhouette_euclidean,
        silhouette_distance="euclidean",
        cost=one.cost,
        log_likelihood=one.log_likelihood,
        smallest_share=one.smallest_share,
        duration_seconds=one.duration_seconds,
        chosen=one is choice.chosen,
        reason=choice.reasons[candidate],
    )


def _publish_candidates(
    context: Context, training: Training, choice: Choice, found: Sequence[tuple[Evaluation, str]]
) -> None:
    rows = [
        (
            training.run_id,
            one.candidate.algorithm,
            one.candidate.k,
            one.candidate.seed,
            one.clusters,
            one.silhouette_euclidean,
            one.silhouette_squared_euclidean,
            one.cost,
            one.log_likelihood,
            one.smallest_share,
            list(one.cluster_sizes),
            one is choice.chosen,
            choice.reasons[one.candidate],
            one.duration_seconds,
            mlflow_run_id,
            context.as_of,
        )
        for one, mlflow_run_id in found
    ]
    schema = ", ".join(f"{column.name} {column.type}" for column in TRAINING_CANDIDATES.columns)
    context.writer(training.run_id).publish(TRAINING_CANDIDATES, context.spark.createDataFrame(rows, schema))


def _outcome(context: Context, inputs: dict[str, str], version: ModelVersion) -> Outcome:
    return Outcome(inputs=inputs, outputs=context.versions(TRAINING_CANDIDATES), message=version.label)
