"""From accepted events to written assignments: `make bench-pipeline`, ARGS="--events 500000 --customers 20000".

Ours are three commands one after the other, each a process of its own: `segspark features`, `train` and `assign`, from
the table `events`, into empty tables and an empty MLflow store, with 17 inputs; once with Spark's engine for the
features, once with the kernel (features.engine: duckdb). Their peers are DuckDB with scikit-learn and plain PySpark
with MLlib (pipeline_peers.py), a process each. Ours fits all three algorithms for each k from 2 to 10, as its
configuration has one range of k; the peers fit KMeans for each, and bisecting and a mixture for those of --also (5).
With `--also 2 3 4 5 6 7 8 9 10` they fit the same 27. Gates are wide open: whichever candidate wins, it is assigned.

After that ours also run what people read, `segspark profile` and `report`, which the peers do not: these seconds are
shown beside the others, and their share of all (reading_share); `--without reading` leaves that out.

The log is that of the features benchmark. The last line is one JSON object; a ratio is the peer's seconds divided by
ours.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import deltalake
import duckdb
import features
import yaml
from events_data import AS_OF, DAYS, ZONE
from measure import Taken, machine, measured
from pipeline_peers import INPUTS

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
PHASES = ("features", "train", "assign")
READ = ("profile", "report")  # by people; no part of the comparison
NAMES = {"spark": "ours", "kernel": "ours, kernel", "duckdb": "DuckDB, scikit-learn", "plain": "plain PySpark, MLlib"}
PEERS = {"duckdb": "duckdb_sklearn", "plain": "plain_spark"}

Run = dict[str, Taken]  # by phase


def main() -> None:
    """Generate, time and print."""
    options = _options()
    folder = HERE / "data" / f"features-{options.events}-{options.customers}-{options.hot}-{options.days}"
    megabytes = features.prepare(folder, options.events, options)
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(_configuration(options)), encoding="utf-8")
    runs: dict[str, list[Run]] = {name: [] for name in NAMES if name not in options.without}
    assigned: dict[str, int] = {}
    phases = PHASES if "reading" in options.without else (*PHASES, *READ)
    for _ in range(options.rounds):
        for name, taken in runs.items():
            taken.append(_ours(name, folder, phases) if name in ("spark", "kernel") else _peer(name, folder, options))
            assigned[name] = _assigned(name, folder)
            told = ", ".join(f"{phase} {one.seconds:.1f} s" for phase, one in taken[-1].items())
            print(f"{NAMES[name]}: {told}; {assigned[name]:,} customers assigned", flush=True)
    print(f"{machine()}; {options.events:,} events of {options.customers:,} customers, {megabytes:,.0f} MB")
    print("command                 seconds   peak MB  Python MB")
    for name, taken in runs.items():
        peak, python = (max(getattr(one, what) for run in taken for one in run.values()) for what in _MEMORY)
        print(f"{NAMES[name]:22} {_seconds(taken):8.1f} {peak:9,.0f} {python:10,.0f}")
    print(json.dumps(_result(runs, assigned, options)))
    if len(set(assigned.values())) > 1:
        sys.exit(f"not all have assigned the same number of customers: {assigned}")


_MEMORY = ("peak_mb", "python_mb")


def _configuration(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "workspace": {"root": "lake"},
        "time": {"business_timezone": ZONE},
        "sources": {"events": [{"name": "log", "format": "parquet", "path": "lake/events", "columns": {}}]},
        "clustering": {
            "inputs": list(INPUTS),
            "correlation_limit": 1.0,
            "k": dict(zip(("min", "max"), options.k, strict=True)),
            "manageable": dict(zip(("min", "max"), options.k, strict=True)),
            "smallest_share": 0.0,
        },
        "search": {"stability": 0.0, "force": True},
        "tracking": {"uri": "sqlite:///lake/mlflow/mlflow.db"},
    }


def _ours(name: str, folder: Path, phases: Sequence[str]) -> Run:
    """Some phases, into empty tables."""
    for table in (folder / "lake").iterdir():
        if table.name != "events":
            shutil.rmtree(table) if table.is_dir() else table.unlink()
    arguments = ["--config", str(folder / "pipeline.yaml"), "--as-of", AS_OF]
    arguments += ["--set", "features.engine=duckdb"] if name == "kernel" else []
    return {
        phase: measured([str(PROGRAMS / "segspark"), phase, *arguments], folder, folder / f"{name}-{phase}.log")
        for phase in phases
    }


def _peer(name: str, folder: Path, options: argparse.Namespace) -> Run:
    target = _target(name, folder)
    shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / "pipeline_peers.py"), name, str(folder), str(target)]
    command += ["--k", *map(str, options.k), "--also", *map(str, options.also)]
    log = folder / f"pipeline-{name}.log"
    taken = measured(command, folder, log)
    print(f"{NAMES[name]}: {log.read_text(encoding='utf-8').splitlines()[-1]}", flush=True)
    return {"all": taken}


def _target(name: str, folder: Path) -> Path:
    return folder / f"pipeline-{name}.parquet"


def _assigned(name: str, folder: Path) -> int:
    """Customers with an assignment."""
    if name in ("spark", "kernel"):
        files: str | list[str] = deltalake.DeltaTable(str(folder / "lake" / "segment_assignments")).file_uris()
    else:
        files = str(_target(name, folder)) + ("/*.parquet" if name == "plain" else "")
    found = duckdb.read_parquet(files).aggregate("count(DISTINCT customer_id)").fetchall()
    return int(found[0][0])


def _seconds(runs: list[Run]) -> float:
    return median(sum(one.seconds for phase, one in run.items() if phase not in READ) for run in runs)


def _reading_share(run: Run) -> float:
    """Seconds of profile and report by those of everything."""
    return sum(one.seconds for phase, one in run.items() if phase in READ) / sum(one.seconds for one in run.values())


def _result(runs: dict[str, list[Run]], assigned: dict[str, int], options: argparse.Namespace) -> dict[str, Any]:
    result: dict[str, Any] = {"events": options.events, "customers": options.customers, "rounds": options.rounds}
    for ours, prefix in (("spark", ""), ("kernel", "kernel_")):
        for peer, key in PEERS.items():
            if ours in runs and peer in runs:
                ratio = _seconds(runs[peer]) / _seconds(runs[ours])
                result[f"{prefix}end_to_end_vs_{key}"] = round(ratio, 2)
    ours = [one for name, found in runs.items() if name not in PEERS for run in found for one in run.values()]
    result["peak_mb"] = round(max((one.peak_mb for one in ours), default=0))
    result["seconds"] = {name: round(_seconds(found), 1) for name, found in runs.items()}
    result["phases"] = {
        name: {phase: round(one.seconds, 1) for phase, one in found[-1].items()} for name, found in runs.items()
    }
    shares = {name: round(_reading_share(found[-1]), 3) for name, found in runs.items() if name not in PEERS}
    if "reading" not in options.without:
        result["reading_share"] = shares
    return result | {"assigned": assigned, "also": options.also}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--k", type=int, nargs=2, default=[2, 10], help="the smallest and the largest")
    parser.add_argument("--also", type=int, nargs="+", default=[5], help="k of the peers' bisecting and mixture")
    parser.add_argument("--days", type=int, default=DAYS, help="that the log covers")
    parser.add_argument("--hot", type=float, default=0.0, help="share of all events that one customer has")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each command, in turns")
    parser.add_argument("--without", nargs="*", default=[], choices=[*sorted(NAMES), "reading"], help="to leave out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
