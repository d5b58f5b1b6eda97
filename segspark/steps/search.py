"""The model search: candidates fitted on a coreset or on all customers, and measured on all in passes they share."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from segspark.clustering import passes
from segspark.clustering.candidates import CLUSTER, Candidate, candidates, estimator, too_few_customers
from segspark.clustering.evaluation import Distances, Evaluation, of_mixture, of_partition, silhouettes
from segspark.clustering.fits import (
    bisected,
    centres_of,
    first_splits,
    mixed,
    mixture_of,
    nearest_centres,
    tree_of,
)
from segspark.clustering.inputs import Input
from segspark.clustering.labelling import labels_of
from segspark.clustering.passes import Blocks, Drawn, Moments
from segspark.clustering.preparation import PREPARED, coordinates
from segspark.columns import quoted
from segspark.config import Clustering, Search
from segspark.config.model import Algorithm
from segspark.errors import SegsparkError
from segspark.io.models import centres_model, mixture_model, saved_nodes, tree_model
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Floats, Grid
from segspark.progress import Reporter


@dataclass(frozen=True)
class Prepared:
    """All customers as the candidates see them.

    Attributes:
        frame: customer_id and the vector `features` of all customers.
        blocks: the same on the grid, at hand.
        trained: moments of those trained on.
        held: moments of those held out.
        drawn: samples of them, on the driver.
        distances: between the customers of the evaluation sample.
        settings: of the clustering.
        search: how candidates are fitted.
    """

    frame: DataFrame
    blocks: Blocks
    trained: Moments
    held: Moments
    drawn: Drawn
    distances: Distances
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
        model: as spark.ml fitted it on all customers; None where it was fitted on a coreset, and is made of the shape.
        seconds: for fitting it; trees of one seed are parts of one, whose seconds each has.
    """

    candidate: Candidate
    shape: Partition | Mixture
    model: Any
    seconds: float


def prepare(
    customers: DataFrame, preparation: PipelineModel, plans: Sequence[Input], settings: Clustering, search: Search
) -> Prepared:
    """Put all customers on the grid, once for all candidates, and draw the samples."""
    found = coordinates(plans)
    grid = Grid.over(max(one.reach for one in found), len(found))
    frame = preparation.transform(customers)
    inputs = [F.col(quoted(one.name)) for one in found]
    blocks = passes.packed(frame, inputs, grid, search.holdout_share, settings.seed)
    blocks.frame.persist(StorageLevel.MEMORY_AND_DISK)
    trained, held = passes.moments(blocks)
    drawn = passes.drawn(blocks, trained, trained.n + held.n, search.coreset_rows, settings.evaluation_rows)
    distances = Distances.between(drawn.evaluated * grid.step)
    return Prepared(frame.select("customer_id", PREPARED), blocks, trained, held, drawn, distances, settings, search)


def search(prepared: Prepared, reporter: Reporter) -> list[tuple[Evaluation, Fitted]]:
    """Fit and measure every candidate that there are enough customers for; the others are named.

    Raises:
        SegsparkError: a candidate did not finish in time.
    """
    wanted = _possible(prepared, reporter)
    fitted = _fitted(wanted, prepared, reporter)
    if not prepared.search.exact:
        fitted = _refined(fitted, prepared, reporter)
    return list(zip(_measured(fitted, prepared), fitted, strict=True))


def pipeline_model(fitted: Fitted, prepared: Prepared) -> Any:
    """A candidate's plain spark.ml model."""
    if fitted.model is not None:
        return fitted.model
    shape, spark = fitted.shape, prepared.spark
    if isinstance(shape, Mixture):
        return mixture_model(spark, shape, PREPARED, CLUSTER)
    if shape.nodes is None:
        return centres_model(spark, shape.centres * prepared.step, PREPARED, CLUSTER)
    return tree_model(spark, shape.nodes * prepared.step, shape.children, PREPARED, CLUSTER)


def _possible(prepared: Prepared, reporter: Reporter) -> list[Candidate]:
    """The candidates that there are enough customers for."""
    customers = prepared.trained.n if prepared.search.exact else len(prepared.drawn.coreset)
    possible = []
    for candidate in candidates(prepared.settings):
        obstacle = too_few_customers(candidate, customers, prepared.blocks.grid.inputs)
        if obstacle:
            reporter.warn(f"{candidate.label} is left out: {obstacle}, and there are {customers:,}")
        else:
            possible.append(candidate)
    return possible


def _fitted(wanted: Sequence[Candidate], prepared: Prepared, reporter: Reporter) -> list[Fitted]:
    """Fit each candidate, several at a time."""
    settings = prepared.settings
    with threadpool_limits(1), ThreadPool(settings.parallel_fits) as pool:
        fit = _on_all(wanted, prepared) if prepared.search.exact else _on_coreset(wanted, prepared, pool)
        coming = pool.imap(fit, wanted)
        found = [
            _in_time(coming, candidate, settings.fit_timeout_seconds)
            for candidate in reporter.track(wanted, "candidates")
        ]
    return found


def _on_all(wanted: Sequence[Candidate], prepared: Prepared) -> Callable[[Candidate], Fitted]:
    """Fits by spark.ml on all customers trained on, which are kept for it."""
    trained = prepared.frame.where(~passes.held_out(prepared.search.holdout_share)).persist()

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
    trees = {seed: pool.apply_async(_timed, (_tree, prepared, k, seed)) for seed, k in largest.items()}

    def fit(candidate: Candidate) -> Fitted:
        if candidate.algorithm == "bisecting":
            tree, seconds = trees[candidate.seed].get()
            return Fitted(candidate, first_splits(tree, candidate.k), None, seconds)
        shape, seconds = _timed(
            _mixture if candidate.algorithm == "gmm" else _nearest, prepared, candidate.k, candidate.seed
        )
        return Fitted(candidate, shape, None, seconds)

    return fit


def _timed(fit: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    started = time.monotonic()
    return fit(*arguments), time.monotonic() - started


def _nearest(prepared: Prepared, k: int, seed: int) -> Partition:
    return Partition(np.rint(nearest_centres(*_coreset(prepared), k, *_starts(prepared, "kmeans", seed))))


def _tree(prepared: Prepared, k: int, seed: int) -> Partition:
    return bisected(*_coreset(prepared), k, *_starts(prepared, "bisecting", seed))


def _mixture(prepared: Prepared, k: int, seed: int) -> Mixture:
    points, weights = _coreset(prepared)
    centres = nearest_centres(points, weights, k, *_starts(prepared, "kmeans", seed))
    settings, step = prepared.settings, prepared.step
    return mixed(points * step, weights, centres * step, settings.max_iterations["gmm"], settings.tolerance)


def _coreset(prepared: Prepared) -> tuple[Floats, Floats]:
    return prepared.drawn.coreset, prepared.drawn.weights


def _starts(prepared: Prepared, algorithm: Algorithm, seed: int) -> tuple[int, int, int]:
    return prepared.search.restarts, seed, prepared.settings.max_iterations[algorithm]


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
    mixed = [one.shape for one in fitted if isinstance(one.shape, Mixture)]
    by_centres = iter(passes.measured(blocks, cut, about) if cut else [])
    by_density = iter(passes.mixture_sums(blocks, mixed) if mixed else [])
    points, found = prepared.drawn.evaluated, []
    for one in fitted:
        labels = labels_of(one.shape, points, prepared.step)
        if isinstance(one.shape, Partition):
            centres = (one.shape.centres - about) * prepared.step
            measures = of_partition(next(by_centres), centres)
        else:
            measures = of_mixture(next(by_density), blocks.grid.inputs)
        found.append(Evaluation(one.candidate, one.seconds, **measures | silhouettes(prepared.distances, labels)))
    return found
