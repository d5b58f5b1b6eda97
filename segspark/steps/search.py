"""The model search: candidates fitted on a coreset or on all customers, and measured on all in passes they share."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.ml import PipelineModel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from segspark.clustering import latent_inputs, passes
from segspark.clustering.answer_patterns import Patterns
from segspark.clustering.candidates import CLUSTER, Candidate, candidates, estimator, too_few_customers
from segspark.clustering.evaluation import Distances, Evaluation, of_classes, of_mixture, of_partition, silhouettes
from segspark.clustering.fits import (
    first_splits,
    shape_of,
)
from segspark.clustering.fitted_models import centres_of, mixture_of, tree_of
from segspark.clustering.labelling import Shape, labels_of
from segspark.clustering.latent_classes import LatentClasses
from segspark.clustering.latent_fitting import fit as latent_fit
from segspark.clustering.latent_fitting import too_many_classes
from segspark.clustering.passes import Blocks, Drawn, Moments
from segspark.clustering.preparation import PREPARED
from segspark.clustering.views import View
from segspark.columns import quoted
from segspark.config import Clustering, Search
from segspark.config.clustering import Algorithm
from segspark.errors import BadInputError, SegsparkError
from segspark.io.models import centres_model, mixture_model, saved_nodes, tree_model
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Grid
from segspark.progress import Reporter


@dataclass(frozen=True)
class Prepared:
    """All customers as the candidates of a view see them.

    Attributes:
        view: what they are clustered on.
        frame: customer_id and the vector `features` of all customers; where latent classes are looked for, the answers.
        blocks: the same on the grid, at hand.
        trained: moments of those trained on.
        held: moments of those held out.
        drawn: samples of them, on the driver.
        settings: of the clustering.
        search: how candidates are fitted.
    """

    view: View
    frame: DataFrame
    blocks: Blocks
    trained: Moments
    held: Moments
    drawn: Drawn
    settings: Clustering
    search: Search

    @property
    def step(self) -> float:
        """Of the grid."""
        return self.blocks.grid.step

    @property
    def spark(self) -> SparkSession:
        """The session."""
        return self.frame.sparkSession


@dataclass(frozen=True)
class Fitted:
    """A candidate's model.

    Attributes:
        shape: what passes measure.
        model: as spark.ml fitted it on all customers, or latent classes; None where it was fitted on a coreset, and is
            made of the shape.
        seconds: for fitting it; trees of one seed are parts of one, whose seconds each has.
    """

    candidate: Candidate
    shape: Shape
    model: Any
    seconds: float


def prepare(customers: DataFrame, view: View, settings: Clustering, search: Search) -> Prepared:
    """Put all customers on the grid, once for all candidates of a view, and draw the samples."""
    found = view.coordinates
    grid = Grid.over(max(one.reach for one in found), len(found))
    frame = view.preparation.transform(customers)
    inputs = [F.col(quoted(one.name)) for one in found]
    blocks = passes.packed(frame, inputs, grid, search.holdout_share, settings.seed)
    blocks.frame.persist(StorageLevel.MEMORY_AND_DISK)
    trained, held = passes.moments(blocks)
    drawn = passes.drawn(blocks, trained, trained.n + held.n, search.coreset_rows, settings.evaluation_rows)
    items = view.answers if "lca" in settings.algorithms else []
    kept = frame.select("customer_id", PREPARED, *_columns(latent_inputs.answers(items)))
    return Prepared(view, kept, blocks, trained, held, drawn, settings, search)


def _columns(expressions: Mapping[str, str]) -> list[Column]:
    return [F.expr(sql).alias(name) for name, sql in expressions.items()]


def search(prepared: Prepared, reporter: Reporter) -> list[tuple[Evaluation, Fitted]]:
    """Fit and measure every candidate that there are enough customers for; the others are named.

    Raises:
        SegsparkError: a candidate did not finish in time.
    """
    answers = _answers(prepared, reporter)
    wanted = _possible(prepared, answers, reporter)
    fitted = _fitted(wanted, prepared, answers, reporter)
    if not prepared.search.exact:
        fitted = _refined(fitted, prepared, reporter)
    return list(zip(_measured(fitted, prepared), fitted, strict=True))


def pipeline_model(fitted: Fitted, prepared: Prepared) -> PipelineModel:
    """What turns a customer's features into a candidate's cluster: plain spark.ml stages, those of its view first."""
    return PipelineModel(stages=[*prepared.view.preparation.stages, *_last_stages(fitted, prepared)])


def _last_stages(fitted: Fitted, prepared: Prepared) -> list[Any]:
    """What turns the vector `features` into the cluster; of latent classes, the prepared columns."""
    if isinstance(fitted.model, LatentClasses):
        return latent_inputs.stages(prepared.view.answers, fitted.model)
    return [_spark_model(fitted.shape, prepared) if fitted.model is None else fitted.model]


def _spark_model(shape: Shape, prepared: Prepared) -> Any:
    spark = prepared.spark
    if isinstance(shape, Mixture):
        return mixture_model(spark, shape, PREPARED, CLUSTER)
    if not isinstance(shape, Partition):
        raise TypeError(f"spark.ml has no model of {type(shape).__name__}")
    if shape.nodes is None:
        return centres_model(spark, shape.centres * prepared.step, PREPARED, CLUSTER)
    return tree_model(spark, shape.nodes * prepared.step, shape.children, PREPARED, CLUSTER)


def _answers(prepared: Prepared, reporter: Reporter) -> Patterns | None:
    """The answer patterns of all customers trained on; None where no latent classes are, or can be, looked for."""
    if "lca" not in prepared.settings.algorithms:
        return None
    trained = prepared.frame.where(~passes.held_out(prepared.search.holdout_share))
    try:
        return latent_inputs.counted(trained, prepared.view.answers)
    except BadInputError as error:
        reporter.warn(f"lca on {prepared.view.name} is left out: {error}")
        return None


def _possible(prepared: Prepared, answers: Patterns | None, reporter: Reporter) -> list[Candidate]:
    """The candidates that there are enough customers for."""
    customers = prepared.trained.n if prepared.search.exact else len(prepared.drawn.coreset)
    possible = []
    for candidate in candidates(prepared.settings, prepared.view.name):
        if candidate.algorithm != "lca":
            obstacle = too_few_customers(candidate, customers, prepared.blocks.grid.inputs)
            obstacle += f", and there are {customers:,}" if obstacle else ""
        elif answers is not None:
            obstacle = too_many_classes(answers, candidate.k)
        else:
            continue  # which was said
        if obstacle:
            reporter.warn(f"{candidate.label} is left out: {obstacle}")
        else:
            possible.append(candidate)
    return possible


def _fitted(
    wanted: Sequence[Candidate], prepared: Prepared, answers: Patterns | None, reporter: Reporter
) -> list[Fitted]:
    """Fit each candidate, several at a time."""
    settings = prepared.settings
    trained = prepared.frame.where(~passes.held_out(prepared.search.holdout_share))
    with threadpool_limits(1), ThreadPool(settings.parallel_fits) as pool:
        exact = prepared.search.exact
        fit = _on_all(trained.persist(), prepared) if exact else _on_coreset(wanted, prepared, pool)
        coming = pool.imap(fit if answers is None else _or_classes(fit, prepared, answers), wanted)
        found = [
            _in_time(coming, candidate, settings.fit_timeout_seconds)
            for candidate in reporter.track(wanted, "candidates")
        ]
    trained.unpersist()
    return found


def _on_all(trained: DataFrame, prepared: Prepared) -> Callable[[Candidate], Fitted]:
    """Fits by spark.ml on all customers trained on."""

    def fit(candidate: Candidate) -> Fitted:
        started = time.monotonic()
        model = estimator(candidate, prepared.settings).fit(trained)
        return Fitted(candidate, _shape(model, candidate, prepared), model, time.monotonic() - started)

    return fit


def _shape(model: Any, candidate: Candidate, prepared: Prepared) -> Partition | Mixture:
    if candidate.algorithm == "gmm":
        return mixture_of(model)
    if candidate.algorithm == "bisecting":
        return tree_of(saved_nodes(prepared.spark, model), prepared.blocks.grid)
    return Partition(prepared.blocks.grid.snapped(centres_of(model)))


def _on_coreset(wanted: Sequence[Candidate], prepared: Prepared, pool: ThreadPool) -> Callable[[Candidate], Fitted]:
    """Fits on the driver; the trees of a seed are the first splits of the largest one's."""
    largest = {one.seed: one.k for one in sorted(wanted) if one.algorithm == "bisecting"}
    trees = {seed: pool.apply_async(_timed, (_driven, "bisecting", prepared, k, seed)) for seed, k in largest.items()}

    def fit(candidate: Candidate) -> Fitted:
        if candidate.algorithm == "bisecting":
            tree, seconds = trees[candidate.seed].get()
            return Fitted(candidate, first_splits(tree, candidate.k), None, seconds)
        shape, seconds = _timed(_driven, candidate.algorithm, prepared, candidate.k, candidate.seed)
        return Fitted(candidate, shape, None, seconds)

    return fit


def _or_classes(
    fit: Callable[[Candidate], Fitted], prepared: Prepared, answers: Patterns
) -> Callable[[Candidate], Fitted]:
    """Fits of latent classes on the answers of all customers trained on, which are counted; else as given."""
    view, steps = prepared.view, prepared.settings.max_iterations["lca"]

    def either(candidate: Candidate) -> Fitted:
        if candidate.algorithm != "lca":
            return fit(candidate)
        seeds = range(candidate.seed, candidate.seed + prepared.search.restarts)
        model, seconds = _timed(partial(latent_fit, max_iterations=steps), answers, candidate.k, seeds)
        return Fitted(candidate, latent_inputs.classes(view.answers, model, view.coordinates), model, seconds)

    return either


def _timed(fit: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    started = time.monotonic()
    return fit(*arguments), time.monotonic() - started


def _driven(algorithm: Algorithm, prepared: Prepared, k: int, seed: int) -> Partition | Mixture:
    """A fit of the coreset."""
    drawn = prepared.drawn
    return shape_of(algorithm, drawn.coreset, drawn.weights, k, seed, prepared.settings, prepared.search, prepared.step)


def _in_time(fitted: Any, candidate: Candidate, seconds: int) -> Fitted:
    try:
        found: Fitted = fitted.next(timeout=seconds)
    except TimeoutError:
        raise SegsparkError(
            f"{candidate.label} did not finish within {seconds} s (clustering.fit_timeout_seconds); "
            "take its algorithm out of clustering.algorithms, lower clustering.k.max, or allow more time"
        ) from None
    return found


def _refined(fitted: Sequence[Fitted], prepared: Prepared, reporter: Reporter) -> list[Fitted]:
    """KMeans candidates improved on all customers trained on, together."""
    places = [place for place, one in enumerate(fitted) if one.candidate.algorithm == "kmeans"]
    shapes = [one.shape for one in fitted]
    flat = [shape.centres for place in places if isinstance(shape := shapes[place], Partition)]
    limits = prepared.search
    centres, made = passes.refined(prepared.blocks, flat, prepared.trained, limits.tolerance, limits.passes)
    if made:
        reporter.say(f"{len(flat)} KMeans candidates refined on {prepared.trained.n:,} customers in {made} passes")
    found = list(fitted)
    for place, refined in zip(places, centres, strict=True):
        found[place] = replace(found[place], shape=Partition(refined))
    return found


def _measured(fitted: Sequence[Fitted], prepared: Prepared) -> list[Evaluation]:
    """Measure all candidates on all customers: one pass for partitions, one for mixtures."""
    blocks, about = prepared.blocks, np.rint(prepared.trained.mean)
    cut = [one.shape for one in fitted if isinstance(one.shape, Partition)]
    dense = [one.shape for one in fitted if not isinstance(one.shape, Partition)]
    by_centres = iter(passes.measured(blocks, cut, about) if cut else [])
    by_density = iter(passes.mixture_sums(blocks, dense) if dense else [])
    points, found = prepared.drawn.evaluated, []
    distances = Distances.between(points * prepared.step)
    for one in fitted:
        labels = labels_of(one.shape, points, prepared.step)
        if isinstance(one.shape, Partition):
            centres = (one.shape.centres - about) * prepared.step
            measures = of_partition(next(by_centres), centres)
        elif isinstance(one.model, LatentClasses):
            measures = of_classes(next(by_density), one.model.parameters)
        else:
            measures = of_mixture(next(by_density), blocks.grid.inputs)
        found.append(Evaluation(one.candidate, one.seconds, **measures | silhouettes(distances, labels)))
    return found
