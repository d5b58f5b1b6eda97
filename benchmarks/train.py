"""The model search against MLlib, scikit-learn and faiss: `make bench-train`, ARGS="--customers 100000" for less.

Tasks, each a process of its own, on generated customers in Parquet (train_data.py):

- sweep: KMeans for k = 2 to 12 with all cheap indices: ours, MLlib's loop with ClusteringEvaluator, scikit-learn's
  KMeans and MiniBatchKMeans and, where it is installed, faiss, all three with a sampled silhouette;
- kmeans, bisecting, gmm: one of each with k = 5, by ours, MLlib and scikit-learn;
- best: MLlib's KMeans from five seeds at k = 3, 5, 8, untimed, for the costs;
- wide and grown: our sweep with 40 inputs, and of ten times as many customers.

Seconds count from the files to the models and their measures, without the session's start, which is the same for ours
and for MLlib; the table has the whole process, too. All fit all customers, but for the mixtures, which hold the same
fifth out. One function of this file computes every cost and likelihood, from centres and parameters in the data's own
unit. The last line is one JSON object; a ratio is the peer's seconds divided by ours.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import train_data
from inputs import code, read_all
from measure import Taken, machine, measured
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from train_data import generate, matrix

HERE = Path(__file__).parent
HOLDOUT = 0.2  # of the mixtures
TASKS = ("sweep", "kmeans", "bisecting", "gmm")
PEERS = ("mllib", "sklearn", "minibatch", "faiss")
SEEDS = range(1, 6)
_CHUNK = 100_000

Floats = npt.NDArray[np.float64]


class Run(NamedTuple):
    """What a process took, and what it told."""

    taken: Taken
    told: dict[str, Any]


def main() -> None:
    """Generate, time, compare and print."""
    options = _options()
    folder = prepared(options, options.customers, options.inputs)
    runs = _timed(folder, options)
    if "wide" not in options.without:
        runs["ours wide"] = [_ours("sweep", prepared(options, options.customers, options.wide), options)]
        _progress("ours wide", runs)
    if "grown" not in options.without:
        runs["ours grown"] = [_ours("sweep", prepared(options, 10 * options.customers, options.inputs), options)]
        _progress("ours grown", runs)
    print(f"{machine()}; {options.customers:,} customers, {options.inputs} inputs")
    print("command               seconds   process   peak MB  Python MB")
    for name, found in runs.items():
        taken = found[0].taken
        print(
            f"{name:20} {_seconds(found):8.1f} {taken.seconds:9.1f} {taken.peak_mb:9,.0f} {taken.python_mb:10,.0f}",
            flush=True,
        )
    print(json.dumps(_result(runs, folder, options)))


def prepared(options: argparse.Namespace, customers: int, inputs: int) -> Path:
    """The customers, generated unless they are there, and read once; and who is held out."""
    folder = options.data / f"train-{customers}-{inputs}"
    done, asked = folder / "done", f"seed {options.seed}, code {code(train_data.__file__)}"
    if not done.exists() or done.read_text(encoding="utf-8") != asked:
        shutil.rmtree(folder, ignore_errors=True)
        generate(folder, customers, inputs, options.seed)
        if "gmm" in options.tasks:
            command = ["train_ours.py", str(folder), str(folder / "held.parquet"), "--held", str(HOLDOUT)]
            measured([sys.executable, str(HERE / command[0]), *command[1:]], folder, folder / "held.log")
        done.write_text(asked, encoding="utf-8")
    read_all((folder / "customers").glob("*.parquet"))
    return folder


def _timed(folder: Path, options: argparse.Namespace) -> dict[str, list[Run]]:
    """All runs by name, in turns."""
    runs: dict[str, list[Run]] = {}
    for _ in range(options.rounds):
        for task in options.tasks:
            runs.setdefault(f"ours {task}", []).append(_ours(task, folder, options))
            _progress(f"ours {task}", runs)
            for peer in _peers(task, options):
                runs.setdefault(f"{peer} {task}", []).append(_peer(peer, task, folder, options))
                _progress(f"{peer} {task}", runs)
    if "best" not in options.without:
        arguments = ["--k", *map(str, options.checked), "--seeds", *map(str, SEEDS)]
        runs["mllib best"] = [_run("train_peers.py", ["mllib", "kmeans"], folder, "best", arguments, options)]
        _progress("mllib best", runs)
    return runs


def _peers(task: str, options: argparse.Namespace) -> list[str]:
    known = PEERS if task == "sweep" else PEERS[:2]
    return [one for one in known if one not in options.without and (one != "faiss" or find_spec("faiss"))]


def _ours(task: str, folder: Path, options: argparse.Namespace) -> Run:
    algorithm = "kmeans" if task == "sweep" else task
    arguments = ["--algorithm", algorithm, *_of_task(task, options)]
    return _run("train_ours.py", [], folder, f"ours-{task}", arguments, options)


def _peer(peer: str, task: str, folder: Path, options: argparse.Namespace) -> Run:
    algorithm = "kmeans" if task == "sweep" else task
    return _run("train_peers.py", [peer, algorithm], folder, f"{peer}-{task}", _of_task(task, options), options)


def _of_task(task: str, options: argparse.Namespace) -> list[str]:
    ks = options.k if task == "sweep" else [options.single]
    return ["--k", *map(str, ks), "--holdout", str(HOLDOUT if task == "gmm" else 0.0)]


def _run(
    program: str, first: list[str], folder: Path, name: str, arguments: list[str], options: argparse.Namespace
) -> Run:
    target = folder / f"{name}.json"
    target.unlink(missing_ok=True)
    cores = options.cores or os.cpu_count() or 1
    command = [sys.executable, str(HERE / program), *first, str(folder), str(target), *arguments, "--cores", str(cores)]
    # Spark has as many tasks as cores, each with one thread; the others have as many threads.
    threads = 1 if "train_ours" in program or first[0] == "mllib" else cores
    taken = measured(["env", f"OMP_NUM_THREADS={threads}", *command], folder, folder / f"{name}.log")
    return Run(taken, json.loads(target.read_text(encoding="utf-8")))


def _progress(name: str, runs: dict[str, list[Run]]) -> None:
    found = runs[name][-1]
    print(f"{name}: {found.told['seconds']:.1f} s of {found.taken.seconds:.1f} s", flush=True)


def _seconds(runs: Sequence[Run]) -> float:
    return median(one.told["seconds"] for one in runs)


def _result(runs: dict[str, list[Run]], folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    result: dict[str, Any] = {"customers": options.customers, "inputs": options.inputs, "rounds": options.rounds}
    for name, found in runs.items():
        peer, task = name.split()
        if peer != "ours" and task != "best":
            result[f"{task}_vs_{peer}"] = round(_seconds(found) / _seconds(runs[f"ours {task}"]), 2)
    result |= _costs(runs, matrix(folder), options)
    if "ours gmm" in runs:
        result["gmm_log_likelihood"] = _likelihoods(runs, folder)
    if "ours grown" in runs and "ours sweep" in runs:
        result["growth_10x"] = round(_seconds(runs["ours grown"]) / _seconds(runs["ours sweep"]), 2)
    ours = [one for name, found in runs.items() for one in found if name.startswith("ours")]
    result["peak_mb"] = round(max(one.taken.peak_mb for one in ours))
    result["driver_mb"] = {
        name: round(found[0].told["driver_mb"]) for name, found in runs.items() if name.startswith("ours")
    }
    result["blas"] = next((found[0].told["blas"] for found in runs.values() if "blas" in found[0].told), None)
    result["seconds"] = {name: round(_seconds(found), 2) for name, found in runs.items()}
    result["process_seconds"] = {
        name: round(median(one.taken.seconds for one in found), 2) for name, found in runs.items()
    }
    stages = {name: found[0].told["stages"] for name, found in runs.items() if "stages" in found[0].told}
    result["stages"] = {name: {one: round(value, 2) for one, value in given.items()} for name, given in stages.items()}
    return result


def _costs(runs: dict[str, list[Run]], rows: Floats, options: argparse.Namespace) -> dict[str, Any]:
    """Costs per customer by command and k, ours over the best of MLlib's, and those of bisecting."""
    found: dict[str, dict[int, float]] = {}
    wanted = {"sweep": options.checked, "best": options.checked, "kmeans": [options.single]}
    for name, some in runs.items():
        if name.split()[1] in (*wanted, "bisecting"):
            models = [one for one in some[0].told["models"] if one["k"] in wanted.get(name.split()[1], [one["k"]])]
            for one in models:
                value = cost(rows, np.array(one["centres"])) / len(rows)
                least = found.setdefault(name, {})
                least[one["k"]] = min(value, least.get(one["k"], np.inf))
    result: dict[str, Any] = {"costs": {name: _rounded(one) for name, one in found.items()}}
    if "mllib best" in found and "ours sweep" in found:
        ratios = {k: found["ours sweep"][k] / found["mllib best"][k] for k in options.checked}
        result |= {"cost_ratios": _rounded(ratios), "worst_cost_ratio": round(max(ratios.values()), 5)}
    if "ours bisecting" in found and "mllib bisecting" in found:
        ours, theirs = found["ours bisecting"], found["mllib bisecting"]
        result["bisecting_cost_ratio"] = round(ours[options.single] / theirs[options.single], 5)
    return result


def cost(rows: Floats, centres: Floats) -> float:
    """Sum of squared distances to the nearest centre."""
    total = 0.0
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        nearest = ((centres**2).sum(axis=1) - 2 * some @ centres.T).min(axis=1)
        total += float(nearest.sum() + (some**2).sum())
    return total


def _likelihoods(runs: dict[str, list[Run]], folder: Path) -> dict[str, float]:
    """Log-likelihood of the customers held out, nats a customer."""
    held = pq.read_table(folder / "held.parquet").sort_by("customer_id")["held"].to_numpy()
    rows = matrix(folder)[held]
    models = {name: found[0].told["models"][0] for name, found in runs.items() if name.endswith(" gmm")}
    return {name: round(likelihood(rows, model), 5) for name, model in models.items()}


def likelihood(rows: Floats, model: dict[str, Any]) -> float:
    """Mean log density of a mixture of Gaussians."""
    parts = zip(model["weights"], model["means"], model["covariances"], strict=True)
    joint = [np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows) for weight, mean, covariance in parts]
    return float(logsumexp(np.stack(joint), axis=0).mean())


def _rounded(values: dict[int, float]) -> dict[str, float]:
    return {str(key): round(value, 5) for key, value in values.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--inputs", type=int, default=12)
    parser.add_argument("--wide", type=int, default=40, help="inputs of the run `wide`")
    parser.add_argument("--k", type=int, nargs=2, default=[2, 12], help="of the sweep: the smallest and the largest")
    parser.add_argument("--checked", type=int, nargs="+", default=[3, 5, 8], help="k whose costs are compared")
    parser.add_argument("--single", type=int, default=5, help="k of the other tasks")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--seed", type=int, default=1, help="of the customers")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each command, in turns")
    parser.add_argument("--cores", type=int, help="default: all")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="where the customers are generated and kept")
    parser.add_argument("--without", nargs="*", default=[], choices=[*PEERS, "best", "wide", "grown"], help="left out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
