"""Assigning customers night after night: `make bench-assign`, ARGS="--customers 1000000" for less.

A lake with customer_features at three dates and a champion (KMeans, trained on a sample) is generated once. Then, each
a process of its own:

- first: `assign` at the first date, when everyone is new;
- moved: `assign` at the second date, when the features of one customer in a hundred are others;
- same: `assign` at the third date, when nothing changed;
- score: scoring alone, without writing;
- publish, vectors, merge: copies of segment_assignments as it was at the first date are brought to what it was at the
  second, all from the same files with all customers' assignments: by segspark's Writer, which finds out what changed,
  without and with deletion vectors (workspace.deletion_vectors), and by an unconditional MERGE of all rows.

Sessions, partitions and the tables' properties are the same, the change data feed is on in all. Seconds count without
the session's start, which is the same for all; the table has the whole process, too. That the copies are in the end
what `assign` made is checked. The last line is one JSON object:

- scored_per_second_core: customers scored by the champion in a second and core, reading them not counted;
- merge_vs_unconditional: seconds of `merge` over those of `publish`; merge_vs_unconditional_vectors: of `vectors`;
- assign_vs_score_and_merge: seconds of `score` and `merge` over those of `moved`, which also finds who entered, moved
  and left, describes the segments and publishes all that;
- noop_versions: versions that `same` added to tables, but for those that say something of each run (`runs`, `drift`);
- bytes_written: to the lake's tables, by command.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import assign_data
import assign_ours
import deltalake
import duckdb
import yaml
from assign_data import FAMILIES, FIRST, INPUTS, MOVED, SAME
from compare import unequal
from inputs import code, read_all
from measure import Taken, machine, measured

from segspark.tables import SEGMENT_ASSIGNMENTS

HERE = Path(__file__).parent
ASSIGNING = {"first": FIRST, "moved": MOVED, "same": SAME}
COPIES = ("publish", "vectors", "merge")
COMMANDS = (*ASSIGNING, "score", *COPIES)
_KEPT = ("customer_features", "mlflow")  # from one round to the next
_LEDGERS = ("runs", "audit_log", "drift")  # they grow with every run


class Run(NamedTuple):
    """What a process took and told, and what it left behind.

    Attributes:
        written: bytes of new files.
        versions: added, by table.
    """

    taken: Taken
    told: dict[str, Any]
    written: int
    versions: dict[str, int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, time, compare and print."""
    options = _options(arguments)
    folder = prepared(options)
    runs: dict[str, list[Run]] = {}
    for _ in range(options.rounds):
        _empty(folder)
        for name in COMMANDS:
            runs.setdefault(name, []).append(_run(name, folder, options))
            print(f"{name}: {_seconds(runs[name][-1:]):.1f} s", flush=True)
    different = {copy: _unequal(folder, copy) for copy in COPIES}
    print(f"{machine()}; {options.customers:,} customers, {len(INPUTS)} inputs, k = {options.k}")
    print("command               seconds   process   peak MB  Python MB   written MB  versions")
    for name, found in runs.items():
        one, taken = found[-1], found[-1].taken
        print(
            f"{name:20} {_seconds(found):8.1f} {taken.seconds:9.1f} {taken.peak_mb:9,.0f} {taken.python_mb:10,.0f} "
            f"{one.written / 1e6:12,.1f} {_versions(one):9,}"
        )
    print(json.dumps(_result(runs, options)))
    if any(different.values()):
        sys.exit(f"the copies are not what assign made: {different}")


def prepared(options: argparse.Namespace) -> Path:
    """The lake, generated unless it is there, and the features read once."""
    folder: Path = options.data / f"assign-{options.customers}-{options.moving}-{options.k}"
    done = folder / "done"
    asked = f"seed {options.seed}, code {code(assign_data.__file__, assign_ours.__file__)}"
    if not done.exists() or done.read_text(encoding="utf-8") != asked:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "assign.yaml").write_text(yaml.safe_dump(_configuration()), encoding="utf-8")
        _process("generate", folder, options, FIRST)
        done.write_text(asked, encoding="utf-8")
    read_all((folder / "lake" / "customer_features").glob("*.parquet"))
    return folder


def _configuration() -> dict[str, Any]:
    log = {"name": "log", "format": "parquet", "path": "lake/events", "columns": {}}
    return {
        "workspace": {"root": "lake"},
        "sources": {"events": [log]},  # never read
        "features": {"families": list(FAMILIES)},
        "clustering": {"inputs": list(INPUTS)},
        "tracking": {"uri": "sqlite:///lake/mlflow/mlflow.db"},
    }


def _empty(folder: Path) -> None:
    """Everything that an earlier round assigned is gone."""
    for place in [*(folder / "lake").iterdir(), *(folder / copy for copy in COPIES)]:
        if place.name not in _KEPT:
            shutil.rmtree(place, ignore_errors=True)


def _run(name: str, folder: Path, options: argparse.Namespace) -> Run:
    root = folder / name if name in COPIES else folder / "lake"
    before = _files(root), _commits(root)
    taken, told = _process("assign" if name in ASSIGNING else name, folder, options, ASSIGNING.get(name, MOVED))
    after, commits = _files(root), _commits(root)
    if name == "first":
        for copy in COPIES:
            shutil.copytree(folder / "lake" / SEGMENT_ASSIGNMENTS.name, folder / copy / SEGMENT_ASSIGNMENTS.name)
    written = sum(size for path, size in after.items() if path not in before[0])
    return Run(taken, told, written, {table: count - before[1].get(table, 0) for table, count in commits.items()})


def _process(task: str, folder: Path, options: argparse.Namespace, as_of: object) -> tuple[Taken, dict[str, Any]]:
    target = folder / f"{task}.json"
    target.unlink(missing_ok=True)
    arguments = ["--customers", options.customers, "--moving", options.moving, "--k", options.k, "--seed", options.seed]
    command = [HERE / "assign_ours.py", task, folder, target, "--as-of", as_of, *arguments, "--cores", options.cores]
    # Spark has as many tasks as cores, each with one thread.
    taken = measured(
        ["env", "OMP_NUM_THREADS=1", sys.executable, *map(str, command)], folder, folder / f"{task}-{as_of}.log"
    )
    return taken, json.loads(target.read_text(encoding="utf-8"))


def _files(root: Path) -> dict[Path, int]:
    """The tables' data files, those of the change data feed among them, with their sizes."""
    return {path: path.stat().st_size for path in root.rglob("*.parquet") if "_delta_log" not in path.parts}


def _commits(root: Path) -> dict[str, int]:
    """How many versions each table has."""
    return {log.parent.name: len(list(log.glob("*.json"))) for log in root.glob("*/_delta_log")}


def _versions(run: Run) -> int:
    return sum(count for table, count in run.versions.items() if table not in _LEDGERS)


def _unequal(folder: Path, copy: str) -> list[str]:
    wanted = duckdb.read_parquet(deltalake.DeltaTable(str(folder / "lake" / SEGMENT_ASSIGNMENTS.name)).file_uris())
    found = (
        str(folder / assign_ours.COPY / "*.parquet")
        if copy == "vectors"
        else deltalake.DeltaTable(str(folder / copy / SEGMENT_ASSIGNMENTS.name)).file_uris()
    )
    # Files that a MERGE wrote have columns of Delta's own, too.
    return unequal(duckdb.read_parquet(found), wanted.project(", ".join(SEGMENT_ASSIGNMENTS.column_names)))


def _seconds(runs: Sequence[Run]) -> float:
    return median(float(one.told["seconds"]) for one in runs)


def _result(runs: dict[str, list[Run]], options: argparse.Namespace) -> dict[str, Any]:
    scoring = {
        name: median(one.told["scoring"][name] for one in runs["score"]) for name in runs["score"][0].told["scoring"]
    }
    customers, cores = int(runs["score"][0].told["customers"]), int(options.cores)
    per_core = {
        name: round(customers / ((seconds - scoring["read"]) * cores))
        for name, seconds in scoring.items()
        if name != "read"
    }
    both = _seconds(runs["merge"]) + scoring["kmeans"]
    return {
        "customers": options.customers,
        "inputs": len(INPUTS),
        "k": options.k,
        "rounds": options.rounds,
        "scored_per_second_core": per_core["kmeans"],
        "scored_per_second_core_by_algorithm": per_core,
        "merge_vs_unconditional": round(_seconds(runs["merge"]) / _seconds(runs["publish"]), 2),
        "merge_vs_unconditional_vectors": round(_seconds(runs["merge"]) / _seconds(runs["vectors"]), 2),
        "assign_vs_score_and_merge": round(both / _seconds(runs["moved"]), 2),
        "noop_versions": _versions(runs["same"][-1]),
        "bytes_written": {name: found[-1].written for name, found in runs.items()},
        "changed": runs["publish"][-1].told["changed"],
        "scoring_seconds": {name: round(seconds, 2) for name, seconds in scoring.items()},
        "seconds": {name: round(_seconds(found), 1) for name, found in runs.items()},
        "peak_mb": round(max(one.taken.peak_mb for name in ASSIGNING for one in runs[name])),
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--moving", type=float, default=0.01, help="share of customers whose features are others")
    parser.add_argument("--k", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="of all commands in turn")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--data", type=Path, default=HERE / "data", help="where the lake is generated and kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
