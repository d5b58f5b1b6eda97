"""The model search: candidates fitted on a coreset or on all customers, and measured on all in passes they share."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.clustering import passes
from segspark.clustering.candidates import Candidate, candidates, estimator, too_few_customers
from segspark.clustering.evaluation import Distances, Evaluation, of_mixture, of_partition, silhouettes
from segspark.clustering.fits import (
    WEIGHT,
    centres_of,
    jittered,
    mixture_of,
    nearest_centres,
    published,
    tree_of,
    weighted,
)
from segspark.clustering.inputs import Input
from segspark.clustering.labelling import labels_of
from segspark.clustering.passes import Blocks, Drawn, Moments
from segspark.clustering.preparation import PREPARED, coordinates
from segspark.columns import quoted
from segspark.config import Clustering, Search
from segspark.errors import SegsparkError
from segspark.io.models import saved_nodes
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Grid
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
        model: as spark.ml fitted it; None for KMeans on a coreset, which is made of the partition's centres.
        seconds: for fitting it.
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
    if isinstance(fitted.shape, Partition) and fitted.model is None:
        return published(prepared.spark, fitted.shape.centres * prepared.step)
    return fitted.model


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
    frames = _frames(prepared, {one.algorithm for one in wanted})
    weight = None if prepared.search.exact else WEIGHT
    settings = prepared.settings

    def fit(candidate: Candidate) -> Fitted:
        started = time.monotonic()
        model, shape = None, None
        if candidate.algorithm in frames:
            model = estimator(candidate, settings, weight).fit(frames[candidate.algorithm])
            shape = _shape(model, candidate, prepared)
        else:
            shape = _nearest(candidate, prepared)
        return Fitted(candidate, shape, model, time.monotonic() - started)

    with ThreadPool(settings.parallel_fits) as pool:
        coming = pool.imap(fit, wanted)
        found = [
            _in_time(coming, candidate, settings.fit_timeout_seconds)
            for candidate in reporter.track(wanted, "candidates")
        ]
    for frame in frames.values():
        frame.unpersist()
    return found


def _frames(prepared: Prepared, algorithms: set[str]) -> dict[str, DataFrame]:
    """What spark.ml fits each algorithm on; KMeans on a coreset needs none."""
    if prepared.search.exact:
        trained = prepared.frame.where(~passes.held_out(prepared.search.holdout_share)).persist()
        return dict.fromkeys(algorithms, trained)
    points, seed = prepared.drawn.coreset * prepared.step, prepared.settings.seed
    given = {"bisecting": points, "gmm": jittered(points, seed)}
    return {
        name: weighted(prepared.spark, given[name], prepared.drawn.weights).persist()
        for name in algorithms & given.keys()
    }


def _shape(model: Any, candidate: Candidate, prepared: Prepared) -> Partition | Mixture:
    if candidate.algorithm == "gmm":
        return mixture_of(model)
    if candidate.algorithm == "bisecting":
        return tree_of(saved_nodes(prepared.spark, model), prepared.blocks.grid)
    return Partition(prepared.blocks.grid.snapped(centres_of(model)))


def _nearest(candidate: Candidate, prepared: Prepared) -> Partition:
    drawn, settings = prepared.drawn, prepared.settings
    centres = nearest_centres(
        drawn.coreset,
        drawn.weights,
        candidate.k,
        prepared.search.restarts,
        candidate.seed,
        settings.max_iterations["kmeans"],
    )
    return Partition(np.rint(centres))


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
