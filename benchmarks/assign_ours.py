"""The processes of the assign benchmark: making its lake, assigning, scoring alone, writing the same result by a peer.

Usage: assign_ours.py TASK FOLDER TARGET [--as-of DATE] [--customers N] [--moving SHARE] [--k K] [--seed N] [--cores 2]

TASK is one of

- generate: the lake with customer_features at three dates, and a champion that was trained on a sample;
- assign: the step `assign` at as_of, as `segspark assign` runs it;
- score: scoring alone, of all customers who are clustered, with the champion and with models of the other algorithms;
- publish, vectors, merge: bring a copy of segment_assignments (FOLDER/publish, ...), as it was at the first date, to
  what the lake's holds now: by the Writer, by it with deletion vectors, and by an unconditional MERGE of all rows.

Seconds, in TARGET (JSON), count without the session's start.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from assign_data import FIRST, INPUTS, MOVED, SAME, customers
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame

from segspark.clustering.preparation import plan_inputs, summarised
from segspark.clustering.sampling import training_sample
from segspark.clustering.scoring import score
from segspark.clustering.views import View
from segspark.config import Clustering, Search, Workspace, load_config
from segspark.io.commits import Writer
from segspark.io.lake import Lake
from segspark.progress import Reporter
from segspark.steps.assign import assign
from segspark.steps.calibration import calibrated
from segspark.steps.context import Context, run_phase
from segspark.steps.population import eligible, features_at
from segspark.steps.search import pipeline_model, prepare, search
from segspark.tables import SEGMENT_ASSIGNMENTS

ALGORITHMS = ("kmeans", "bisecting", "gmm")
COPY = "vectors.parquet"  # what the table with deletion vectors holds
_SAMPLE = 50_000
Told = dict[str, Any]


def main() -> None:
    """Do the task in a session of its own."""
    done(parsed()).spark.stop()


def done(options: argparse.Namespace) -> Context:
    """Do the task, write what it took, and give back what it worked with."""
    config = load_config(options.folder / "assign.yaml", [f"spark.master=local[{options.cores}]"])
    context = Context(config, options.as_of, Reporter())
    context.spark, context.tracker  # noqa: B018 (started before the clock is)
    tasks: dict[str, Callable[[Context, argparse.Namespace], Told]] = {
        "generate": generated, "assign": assigned, "score": scored,
        "publish": published, "vectors": published, "merge": merged,
    }  # fmt: skip
    started = time.monotonic()
    told = tasks[options.task](context, options)
    options.target.write_text(json.dumps({"seconds": time.monotonic() - started} | told), encoding="utf-8")
    return context


def generated(context: Context, options: argparse.Namespace) -> Told:
    """Features at three dates, of which the last two are the same; a champion, and a model of each algorithm."""
    table, writer = context.features_table, context.writer("generated")
    for as_of in (FIRST, MOVED, SAME):
        rows = customers(context.spark, table, as_of, options.customers, options.moving, options.seed)
        writer.append(table, rows)
    clustered = eligible(context, features_at(context))
    sample = training_sample(clustered, min(_SAMPLE, options.customers), options.seed).persist()
    for algorithm in ALGORITHMS:
        model, temperature = _trained(sample, algorithm, options)
        model.write().overwrite().save(str(options.folder / "models" / algorithm))
        (options.folder / "models" / f"{algorithm}.json").write_text(json.dumps(temperature), encoding="utf-8")
        if algorithm == "kmeans":
            training = context.tracker.training("generated")
            types, nobody = {name: context.feature(name).type for name in INPUTS}, dict.fromkeys(INPUTS, 1.0)
            version = training.register(model, types, nobody, description="benchmark", temperature=temperature)
            training.promote(version)
    return {}


def _trained(sample: DataFrame, algorithm: str, options: argparse.Namespace) -> tuple[PipelineModel, float | None]:
    settings = Clustering(algorithms=[algorithm], k={"min": options.k, "max": options.k})
    plans, _ = plan_inputs(summarised(sample, INPUTS, []).toPandas(), INPUTS, settings)
    prepared = prepare(sample, View("all", tuple(plans)), settings, Search(holdout_share=0.0))
    ((_, fitted),) = search(prepared, Reporter())
    return pipeline_model(fitted, prepared), calibrated(fitted, prepared)


def assigned(context: Context, options: argparse.Namespace) -> Told:
    """The step, with its row in the ledger."""
    run_phase(context, "assign", assign)
    return {}


def scored(context: Context, options: argparse.Namespace) -> Told:
    """Seconds of reading what scoring reads, and of reading and scoring, by algorithm."""
    clustered = eligible(context, features_at(context))
    seconds: dict[str, float] = {"read": _to_nowhere(clustered.select("customer_id", *INPUTS))}
    for algorithm in ALGORITHMS:
        model = PipelineModel.load(str(options.folder / "models" / algorithm))
        temperature = json.loads((options.folder / "models" / f"{algorithm}.json").read_text(encoding="utf-8"))
        seconds[algorithm] = _to_nowhere(score(clustered, model, temperature))
    return {"customers": clustered.count(), "scoring": seconds}


def _to_nowhere(rows: DataFrame) -> float:
    """The better of two runs: in the first, the JVM compiles."""
    found = []
    for _ in range(2):
        started = time.monotonic()
        rows.write.format("noop").mode("overwrite").save()
        found.append(time.monotonic() - started)
    return min(found)


def published(context: Context, options: argparse.Namespace) -> Told:
    """Ours: what changed is found out, and written. With vectors, the rows are copied for who cannot read these."""
    vectors = options.task == "vectors"
    lake = Lake(context.spark, Workspace(root=str(options.folder / options.task), deletion_vectors=vectors))
    if vectors:
        lake.latest(SEGMENT_ASSIGNMENTS)
        lake.create(SEGMENT_ASSIGNMENTS)  # allows for them, which is done once in a table's life
    started = time.monotonic()
    change = Writer(lake, "published", "benchmark").publish(
        SEGMENT_ASSIGNMENTS, context.lake.read(SEGMENT_ASSIGNMENTS), delete_missing=True
    )
    told = {"changed": change.total, "seconds": time.monotonic() - started}
    if vectors:
        lake.read(SEGMENT_ASSIGNMENTS).write.parquet(str(options.folder / COPY), mode="overwrite")
    return told


def merged(context: Context, options: argparse.Namespace) -> Told:
    """The peer: one statement that anybody would write."""
    lake = Lake(context.spark, Workspace(root=str(options.folder / "merge")))
    context.lake.read(SEGMENT_ASSIGNMENTS).createOrReplaceTempView("scored")
    context.spark.sql(
        f"MERGE INTO {lake.identifier(SEGMENT_ASSIGNMENTS)} t USING scored c ON t.customer_id = c.customer_id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    return {}


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for, by these arguments or by the command's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("task", choices=["generate", "assign", "score", "publish", "vectors", "merge"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, default=FIRST)
    parser.add_argument("--customers", type=int, default=0)
    parser.add_argument("--moving", type=float, default=0.01)
    parser.add_argument("--k", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", default="*")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
