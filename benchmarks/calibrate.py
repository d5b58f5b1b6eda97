"""The structure guard on populations of known structure: `make calibrate`, ARGS="--singles 100 --mixtures 40" for less.

Single populations in which the guard finds groups, mixtures in which it does not or finds another number, and the same
numbers for each usual criterion alone, on the same sets. Tests of external variables after clustering, where there is
nothing to find. Sets are those of the reporting seeds; the guard's constants were chosen on tuning seeds (--tuning).
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import calinski_harabasz_score, silhouette_score
from sklearn.mixture import GaussianMixture

import segspark
from benchmarks import populations
from benchmarks.populations import REPORTING, TUNING, Array, Population, external, mixture, single
from segspark.clustering.clusterers import kmeans
from segspark.clustering.external_tests import chi_square, welch
from segspark.clustering.gap import gap_statistic
from segspark.clustering.prediction_strength import prediction_strength
from segspark.clustering.preparation import plan_inputs
from segspark.clustering.structure import structure
from segspark.config.clustering import Clustering

FIRST = 10_000  # the seeds before were looked at with an earlier rule
LARGEST_K = 10  # that the single criteria look at
ALPHA = 0.05
REFERENCES, SPLITS = 10, 5  # of gap and prediction strength
SILHOUETTES = 800  # customers of which the silhouette is computed

Row = dict[str, Any]


def main() -> None:
    """Draw, decide, compare and print."""
    options = _options()
    seeds = (TUNING if options.tuning else REPORTING)[options.skip :]
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        run = partial(_shown, pool, options.kept)
        singles = pd.DataFrame(run("singles", of_single, seeds[: options.singles]))
        with_criteria = "criteria" if options.criteria else "guard"
        judge = partial(of_mixture, criteria=options.criteria)
        mixtures = pd.DataFrame(run(f"mixtures, {with_criteria}", judge, seeds[: options.mixtures]))
        externals = pd.DataFrame(
            [row for rows in run("externals", of_external, seeds[: options.externals]) for row in rows]
        )
    report(singles, mixtures, externals)


def prepared(points: Array) -> Array:
    """Raw values prepared as for training: winsorised, log where skewed, divided by the standard deviation."""
    frame = pd.DataFrame({f"f{i}": column for i, column in enumerate(points.T)})
    plans, _ = plan_inputs(frame, list(frame), Clustering(correlation_limit=1))
    columns = []
    for plan in plans:
        pulled = np.clip(frame[plan.feature].to_numpy(), plan.lower, plan.upper)
        columns.append(plan.shape.of(pulled) / plan.scale)
    return np.stack(columns, axis=1)


def of_single(seed: int) -> Row:
    """The guard's verdict on a single population."""
    one = single(seed)
    return decided(one, prepared(one.points), seed)


def of_mixture(seed: int, criteria: bool = True) -> Row:
    """The guard's verdict on a mixture, and with its columns shuffled; what each single criterion says of k."""
    one = mixture(seed)
    points, shuffler = prepared(one.points), np.random.default_rng(seed)
    shuffled = np.stack([shuffler.permutation(column) for column in points.T], axis=1)
    row = decided(one, points, seed) | {"overlap": one.overlap, "shuffled": structure(shuffled, seed).verdict}
    return row | (single_criteria(points, seed) if criteria else {})


def decided(one: Population, points: Array, seed: int) -> Row:
    """The guard's verdict beside the truth."""
    started = time.process_time()
    found = structure(points, seed)
    n, p = points.shape
    row = {"seed": seed, "family": one.family, "n": n, "p": p, "k": one.k, "dependent": one.dependent}
    row |= {"valley": found.valley, "p_value": found.p_value, "separation": max(found.separations, default=0.0)}
    return row | {"verdict": found.verdict, "found": found.k, "seconds": time.process_time() - started}


def single_criteria(points: Array, seed: int) -> dict[str, int]:
    """The number of clusters by each usual criterion alone, for k-means (best of 3 starts) or full mixtures."""
    labels = {k: kmeans(points, k, seed) for k in range(2, LARGEST_K + 1)}
    return {
        "gap": gap_statistic(points, LARGEST_K, seed, references=REFERENCES).k,
        "prediction_strength": prediction_strength(points, LARGEST_K, seed, splits=SPLITS).k,
        "silhouette": max(labels, key=lambda k: _silhouette(points, labels[k], seed)),
        "calinski_harabasz": max(labels, key=lambda k: float(calinski_harabasz_score(points, labels[k]))),
        "bic": min(range(1, LARGEST_K + 1), key=lambda k: _bic(points, k, seed)),
    }


def of_external(seed: int) -> list[Row]:
    """p-values of variables that have nothing to do with the clusters, of single populations and mixtures in turn."""
    one = mixture(seed) if seed % 2 else single(seed)
    points = prepared(one.points)
    k = 2 + seed % 6
    labels = kmeans(points, k, seed)
    rows = []
    for kind, values in external(seed, len(points)):
        if kind in ("binary", "nominal"):
            test, outcome = "chi-square", chi_square(pd.crosstab(labels, values).to_numpy(float))
        else:
            sums = [np.bincount(labels, weights=values**power, minlength=k) for power in (0, 1, 2)]
            test, outcome = "welch", welch(*sums)
        rows.append({"test": test, "kind": kind, "p_value": 1.0 if outcome is None else outcome.p_value})
    return rows


def report(singles: pd.DataFrame, mixtures: pd.DataFrame, externals: pd.DataFrame) -> None:
    """Print tables, and one JSON object as the last line."""
    result = summary(singles, mixtures, externals)
    print("\nsingle populations     sets  separate  continuum  nothing")
    for family, group in singles.groupby("family"):
        shares = [(group.verdict == verdict).mean() for verdict in ("separate", "continuum", "nothing")]
        print(f"{family:20} {len(group):6} {shares[0]:9.1%} {shares[1]:10.1%} {shares[2]:8.1%}")
    print("\nmixtures                        sets  separate  right k  too few  too many")
    for by in ("family", "k"):
        for value, group in mixtures.groupby(by):
            off = group.found - group.k
            shares = [(group.verdict == "separate").mean(), (off == 0).mean(), (off < 0).mean(), (off > 0).mean()]
            name = value if by == "family" else f"k = {value}"
            print(f"{name:29} {len(group):6} {shares[0]:9.1%} {shares[1]:8.1%} {shares[2]:8.1%} {shares[3]:9.1%}")
    print("\nright k by                guard", *(f"{name} {share:.1%}" for name, share in result["criteria"].items()))
    print(f"external variables       {len(externals)} tests", result["external_by_kind"])
    print(json.dumps(result))


def summary(singles: pd.DataFrame, mixtures: pd.DataFrame, externals: pd.DataFrame) -> dict[str, Any]:
    """The figures of the JSON object."""
    right = {name: _share(mixtures[name] == mixtures.k) for name in _CRITERIA if name in mixtures}
    rejected = externals.p_value < ALPHA
    independent, dependent = singles[~singles.dependent], singles[singles.dependent]
    return {
        "false_structure": _share(singles.verdict == "separate"),
        "power": _share(mixtures.verdict == "separate"),
        "right_k": _share(mixtures.found == mixtures.k),
        "best_single_criterion": max(right.values(), default=None),
        "external_size": {test: _share(group) for test, group in rejected.groupby(externals.test)},
        "single_populations": len(singles),
        "mixtures": len(mixtures),
        "external_sets": len(externals) // 5,
        "criteria": right,
        "external_by_kind": {kind: _share(group) for kind, group in rejected.groupby(externals.kind)},
        "independent_called_nothing": _share(independent.verdict == "nothing"),
        "dependent_called_continuum": _share(dependent.verdict == "continuum"),
        "shuffled_called_nothing": _share(mixtures.shuffled == "nothing"),
        "overlap_median": round(float(mixtures.overlap.median()), 4),
        "seconds_median": round(float(pd.concat([singles.seconds, mixtures.seconds]).median()), 2),
        "seconds_largest": round(float(pd.concat([singles.seconds, mixtures.seconds]).max()), 2),
    }


_CRITERIA = ("gap", "prediction_strength", "silhouette", "calinski_harabasz", "bic")


def _share(found: "pd.Series[bool]") -> float:
    return round(float(found.mean()), 4)


def _silhouette(points: Array, labels: Any, seed: int) -> float:
    return float(silhouette_score(points, labels, sample_size=min(SILHOUETTES, len(points)), random_state=seed))


def _bic(points: Array, k: int, seed: int) -> float:
    """Of scikit-learn's mixture of full covariances; ties from winsorising are kept from collapsing it."""
    model = GaussianMixture(k, reg_covar=1e-3, n_init=2, random_state=seed).fit(points)
    return float(model.bic(points))


def _shown(pool: Any, kept: Path, name: str, task: Callable[[int], Any], seeds: Iterable[int]) -> list[Any]:
    """What the task finds of each seed, in their order: what is kept, and what is not kept yet."""
    seeds, code = list(seeds), _code()
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
    whole = kept.read_bytes().rpartition(b"\n")[0]  # a line that a process did not finish is none
    lines = [json.loads(line) for line in whole.splitlines()]
    found = {line["seed"]: line["row"] for line in lines if (line["task"], line["code"]) == (name, code)}
    waiting = [seed for seed in seeds if seed not in found]
    with kept.open("r+", encoding="utf-8") as file:
        file.seek(len(whole) + 1 if whole else 0)
        file.truncate()
        for done, (seed, row) in enumerate(pool.imap_unordered(partial(_with_seed, task), waiting), 1):
            file.write(json.dumps({"task": name, "seed": seed, "code": code, "row": row}, default=_plain) + "\n")
            file.flush()
            found[seed] = row
            if done % 50 == 0 or done == len(waiting):
                print(f"{name}: {len(seeds) - len(waiting) + done} of {len(seeds)}", file=sys.stderr, flush=True)
    return [found[seed] for seed in seeds]


def _with_seed(task: Callable[[int], Any], seed: int) -> tuple[int, Any]:
    return seed, task(seed)


def _plain(value: Any) -> Any:
    return value.item()


def _code() -> str:
    """A hash of all code that what is found depends on."""
    package = Path(segspark.__file__).parent
    folders = [package / "clustering", package / "kernels"]
    files = [*(one for folder in folders for one in folder.glob("*.py")), package / "config" / "clustering.py"]
    files += [Path(populations.__file__), Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:16]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--singles", type=int, default=504, help="single populations")
    parser.add_argument("--mixtures", type=int, default=200, help="separated mixtures")
    parser.add_argument("--externals", type=int, default=1000, help="sets with five external variables each")
    parser.add_argument("--tuning", action="store_true", help="the sets on which the constants were chosen")
    parser.add_argument("--skip", type=int, default=FIRST, help="seeds to leave out")
    parser.add_argument("--no-criteria", dest="criteria", action="store_false", help="the guard alone")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    kept = Path(__file__).parent / "data" / "calibration.jsonl"
    parser.add_argument("--kept", type=Path, default=kept, help="what was found already, a line a set")
    return parser.parse_args()


if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when the processes that work start
        os.environ[name] = "1"
    main()
