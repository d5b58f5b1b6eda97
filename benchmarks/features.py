"""Features against DuckDB and plain PySpark: `make bench-features`, ARGS="--events 10000000" for another size.

Commands that each are a process of its own, from start to end:

- rebuild: `segspark features --rebuild` over the table `events`, a day before the last one, into empty tables: state of
  all customers and their features;
- refresh: `segspark features` on the next day, from that state;
- look back: `segspark features` without state, into an empty table;
- the first and the third with `features.engine: duckdb`, the kernel in the executors, beside Spark's own engine;
- DuckDB, one statement over the same Parquet files (features_duckdb.sql), and plain PySpark (features_peers.py).

With several sizes (`--events 10000000 50000000 200000000`) the same is done for each: the seconds per event added, last
step by the step before, tell whether the cost grows faster than the log.

Features must be equal in the refresh and in all others that end at the same date: whole numbers, dates and decimals
exactly, doubles to 1e-9 of their size or of 1. The last line is one JSON object; a ratio is the other's seconds divided
by ours.
"""

import argparse
import json
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import deltalake
import duckdb
import events_data
import yaml
from compare import unequal
from eventlog import totals
from events_data import AS_OF, DAYS, ZONE, generate
from inputs import code, read_all
from measure import Taken, machine, measured

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
NAMES = {
    "kernel_rebuild": "rebuild, kernel",
    "kernel_lookback": "look back, kernel",
    "lookback": "look back",
    "rebuild": "rebuild",
    "refresh": "refresh",
    "duckdb": "DuckDB",
    "plain": "plain PySpark",
}

Run = tuple[Taken, dict[str, float]]  # with totals of Spark's event log


def main() -> None:
    """Generate, time, compare and print, for each size."""
    options = _options()
    results = [_one(events, options) for events in sorted(options.events)]
    if len(results) > 1:
        print(json.dumps(results[-1] | _growth(results)))


def _one(events: int, options: argparse.Namespace) -> dict[str, Any]:
    folder = HERE / "data" / f"features-{events}-{options.customers}-{options.hot}-{options.days}"
    megabytes = prepare(folder, events, options)
    runs: dict[str, list[Run]] = {name: [] for name in NAMES if name not in options.without}
    for _ in range(options.rounds):
        for name, taken in runs.items():
            taken.append(run(name, folder))
            print(f"{NAMES[name]}: {taken[-1][0].seconds:.1f} s", flush=True)
    print(f"{machine()}; {events:,} events of {options.customers:,} customers, {megabytes:,.0f} MB")
    print("command               seconds   events/s   peak MB  Python MB     read MB shuffled MB  spilled MB")
    figures = {name: _middle(taken) for name, taken in runs.items()}
    for name, ((seconds, peak, python), spark) in figures.items():
        moved = "".join(f"{spark[key]:12,.0f}" if spark else f"{'-':>12}" for key in ("read", "shuffled", "spilled"))
        print(
            f"{NAMES[name]:19} {seconds:9.1f} {events / seconds:10,.0f} {peak:9,.0f} {python:10,.0f}{moved}", flush=True
        )
    found = {name: differences(folder, name) for name in runs if name not in ("rebuild", "refresh")}
    result = _result(events, options, figures) | {"unequal": found}
    print(json.dumps(result))
    if any(found.values()):
        sys.exit("the features are not equal: see above")
    return result


def prepare(folder: Path, number: int, options: argparse.Namespace) -> float:
    """Write the log as a Delta table and a configuration, unless they are there; read it once; return its megabytes."""
    done, events = folder / "done", folder / "lake" / "events"
    asked = f"seed {options.seed}, code {code(events_data.__file__)}"
    if not done.exists() or done.read_text(encoding="utf-8") != asked:
        shutil.rmtree(folder, ignore_errors=True)
        generate(events, number, options.customers, options.seed, options.hot, options.days)
        deltalake.convert_to_deltalake(str(events))
        config = {
            "workspace": {"root": "lake"},
            "time": {"business_timezone": ZONE},
            "sources": {"events": [{"name": "log", "format": "parquet", "path": "lake/events", "columns": {}}]},
            "spark": {"config": _logged(folder / "log")},
        }
        (folder / "features.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        done.write_text(asked, encoding="utf-8")
    return read_all(events.glob("*.parquet"))


def _logged(folder: Path) -> dict[str, str]:
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": folder.absolute().as_uri(),
    }


def run(name: str, folder: Path) -> Run:
    """Compute the features once: all but the refresh into empty tables."""
    log, target, lake = folder / "log", folder / f"{name}.parquet", folder / "lake"
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir()
    shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    if name != "refresh":
        for table in lake.glob("customer_*"):
            shutil.rmtree(table)
    command = [sys.executable, str(HERE / "features_peers.py"), name, str(folder), str(target)]
    if name not in ("duckdb", "plain"):
        # A refresh goes on from the rebuild of the day before; nothing does from the kernel's.
        as_of = date.fromisoformat(AS_OF) - timedelta(days=name == "rebuild")
        command = [str(PROGRAMS / "segspark"), "features", "--config", str(folder / "features.yaml")]
        command += ["--as-of", as_of.isoformat(), *(["--rebuild"] if "rebuild" in name else [])]
        command += ["--set", "features.state_from_mb=1000000000"] if "lookback" in name else []
        command += ["--set", "features.engine=duckdb"] if name.startswith("kernel") else []
    taken = measured(command, folder, folder / f"{name}.log")
    if name not in ("rebuild", "duckdb", "plain"):
        files = deltalake.DeltaTable(str(lake / "customer_features")).file_uris()
        duckdb.read_parquet(files).filter(f"as_of = DATE '{AS_OF}'").write_parquet(str(target))
    return taken, totals(log)


def differences(folder: Path, peer: str) -> list[str]:
    """The columns in which others' features differ from those of the refresh, with the number of customers."""
    theirs = duckdb.read_parquet(str(folder / f"{peer}.parquet") + ("/*.parquet" if peer == "plain" else ""))
    return unequal(duckdb.read_parquet(str(folder / "refresh.parquet")), theirs)


def _middle(taken: list[Run]) -> Run:
    """Median seconds, largest peaks; what the last one read, shuffled and spilled."""
    seconds, peak, python = zip(*(one for one, _ in taken), strict=True)
    return Taken(median(seconds), max(peak), max(python)), taken[-1][1]


def _result(events: int, options: argparse.Namespace, figures: dict[str, Run]) -> dict[str, Any]:
    result: dict[str, Any] = {"events": events, "customers": options.customers, "rounds": options.rounds}
    (rebuild, rebuilt), (refresh, refreshed) = figures["rebuild"], figures["refresh"]
    for peer, key in (("duckdb", "duckdb"), ("plain", "plain_spark")):
        if peer in figures:
            for name in figures.keys() - {"refresh", "duckdb", "plain"}:
                result[f"{name}_vs_{key}"] = round(figures[peer][0].seconds / figures[name][0].seconds, 2)
    result["refresh_vs_rebuild"] = round(rebuild.seconds / refresh.seconds, 2)
    result["refresh_bytes_share"] = round(refreshed["read"] / rebuilt["read"], 4)
    result["peak_mb"] = round(max(one.peak_mb for name, (one, _) in figures.items() if name not in ("duckdb", "plain")))
    result["spill_mb"] = round(rebuilt["spilled"])
    for name, (taken, spark) in figures.items():
        result[name] = {**taken._asdict(), **spark}
        result[name] = {key: round(value, 1) for key, value in result[name].items()}
    return result


def _growth(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Refresh at the largest size by the one before; seconds per event added, the last step by the one before."""
    before, last = results[-2:]
    growth: dict[str, Any] = {"refresh_growth": round(last["refresh"]["seconds"] / before["refresh"]["seconds"], 2)}
    if len(results) > 2:
        for name in ("rebuild", "kernel_rebuild"):
            if name in last:
                first, second = (
                    (after[name]["seconds"] - one[name]["seconds"]) / (after["events"] - one["events"])
                    for one, after in zip(results[-3:], results[-2:], strict=False)
                )
                growth["marginal_cost_growth" if name == "rebuild" else f"{name}_growth"] = round(second / first, 2)
    return growth


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=[50_000_000], help="one or several sizes")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=DAYS, help="that the log covers")
    parser.add_argument("--hot", type=float, default=0.0, help="share of all events that one customer has")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each command, in turns")
    parser.add_argument(
        "--without", nargs="*", default=[], help="to leave out", choices=sorted(NAMES.keys() - {"rebuild", "refresh"})
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
