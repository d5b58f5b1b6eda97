"""Features against DuckDB and plain PySpark: `make bench-features`, ARGS="--events 10000000" for another size.

Commands that each are a process of its own, from start to end:

- rebuild: `segspark features --rebuild` over the table `events`, a day before the last one, into empty tables: state of
  all customers and their features;
- refresh: `segspark features` on the next day, from that state;
- look back: `segspark features` without state, into an empty table;
- the first and the third with `features.engine: duckdb`, the kernel in the executors, beside Spark's own engine;
- DuckDB, one statement over the same Parquet files (features_duckdb.sql), and plain PySpark (features_peers.py).

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

import deltalake
import duckdb
import events_data
import yaml
from compare import unequal
from eventlog import totals
from events_data import AS_OF, DAYS, ZONE, generate
from inputs import code, read_all
from measure import machine, measured

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

Taken = tuple[float, float, dict[str, float]]  # seconds, peak MB, totals of Spark's event log


def main() -> None:
    """Generate, time, compare and print."""
    options = _options()
    folder = HERE / "data" / f"features-{options.events}-{options.customers}-{options.hot}-{options.days}"
    megabytes = prepare(folder, options)
    runs: dict[str, list[Taken]] = {name: [] for name in NAMES if name not in options.without}
    for _ in range(options.rounds):
        for name, taken in runs.items():
            taken.append(run(name, folder))
            print(f"{NAMES[name]}: {taken[-1][0]:.1f} s", flush=True)
    print(f"{machine()}; {options.events:,} events of {options.customers:,} customers, {megabytes:,.0f} MB")
    print("command               seconds   events/s   peak MB   read MB   shuffled MB   spilled MB")
    figures = {name: _middle(taken) for name, taken in runs.items()}
    for name, (seconds, peak, spark) in figures.items():
        moved = "".join(f"{spark[key]:12,.0f}" if spark else f"{'-':>12}" for key in ("read", "shuffled", "spilled"))
        print(f"{NAMES[name]:19} {seconds:9.1f} {options.events / seconds:10,.0f} {peak:9,.0f}{moved}", flush=True)
    found = {name: differences(folder, name) for name in runs if name not in ("rebuild", "refresh")}
    print(json.dumps(_result(options, figures) | {"unequal": found}))
    if any(found.values()):
        sys.exit("the features are not equal: see above")


def prepare(folder: Path, options: argparse.Namespace) -> float:
    """Write the log as a Delta table and a configuration, unless they are there; read it once; return its megabytes."""
    done, events = folder / "done", folder / "lake" / "events"
    asked = f"seed {options.seed}, code {code(events_data.__file__)}"
    if not done.exists() or done.read_text(encoding="utf-8") != asked:
        shutil.rmtree(folder, ignore_errors=True)
        generate(events, options.events, options.customers, options.seed, options.hot, options.days)
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


def run(name: str, folder: Path) -> Taken:
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
    seconds, peak = measured(command, folder, folder / f"{name}.log")
    if name not in ("rebuild", "duckdb", "plain"):
        files = deltalake.DeltaTable(str(lake / "customer_features")).file_uris()
        duckdb.read_parquet(files).filter(f"as_of = DATE '{AS_OF}'").write_parquet(str(target))
    return seconds, peak, totals(log)


def differences(folder: Path, peer: str) -> list[str]:
    """The columns in which others' features differ from those of the refresh, with the number of customers."""
    theirs = duckdb.read_parquet(str(folder / f"{peer}.parquet") + ("/*.parquet" if peer == "plain" else ""))
    return unequal(duckdb.read_parquet(str(folder / "refresh.parquet")), theirs)


def _middle(taken: list[Taken]) -> Taken:
    """Median seconds, largest peak; what the last one read, shuffled and spilled."""
    return median(one[0] for one in taken), max(one[1] for one in taken), taken[-1][2]


def _result(options: argparse.Namespace, figures: dict[str, Taken]) -> dict[str, object]:
    result: dict[str, object] = {"events": options.events, "customers": options.customers, "rounds": options.rounds}
    rebuild, refresh = figures["rebuild"], figures["refresh"]
    for peer, key in (("duckdb", "duckdb"), ("plain", "plain_spark")):
        if peer in figures:
            for name in figures.keys() - {"refresh", "duckdb", "plain"}:
                result[f"{name}_vs_{key}"] = round(figures[peer][0] / figures[name][0], 2)
    result["refresh_vs_rebuild"] = round(rebuild[0] / refresh[0], 2)
    result["refresh_bytes_share"] = round(refresh[2]["read"] / rebuild[2]["read"], 4)
    result["peak_mb"] = round(max(one[1] for name, one in figures.items() if name not in ("duckdb", "plain")))
    result["spill_mb"] = round(rebuild[2]["spilled"])
    for name, (seconds, peak, spark) in figures.items():
        result[name] = {"seconds": round(seconds, 1), "peak_mb": round(peak), **{k: round(v) for k, v in spark.items()}}
    return result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000_000)
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
