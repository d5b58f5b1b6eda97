"""Features against DuckDB and plain PySpark: `make bench-features`, ARGS="--events 10000000" for another size.

Commands that each are a process of its own, from start to end: `segspark features` over the table `events` into an
empty table; DuckDB with one SQL statement over the same Parquet files (features_duckdb.sql); plain PySpark
(features_peers.py). The log is generated once (events_data.py) and read once before anything is timed. Every column of
every customer must be equal in all three: whole numbers, dates and decimals exactly, doubles to 1e-9 of their size or
of 1. The last line is one JSON object.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from statistics import median

import deltalake
import duckdb
import events_data
import yaml
from compare import unequal
from eventlog import totals
from events_data import AS_OF, ZONE, generate
from inputs import code, read_all
from measure import machine, measured

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
NAMES = {"segspark": "segspark features", "duckdb": "DuckDB", "plain": "plain PySpark"}

Taken = tuple[float, float, dict[str, float]]  # seconds, peak MB, totals of Spark's event log


def main() -> None:
    """Generate, time, compare and print."""
    options = _options()
    folder = HERE / "data" / f"features-{options.events}-{options.customers}-{options.hot}"
    megabytes = prepare(folder, options)
    runs: dict[str, list[Taken]] = {name: [] for name in NAMES if name not in options.without}
    for _ in range(options.rounds):
        for name, taken in runs.items():
            taken.append(run(name, folder))
    print(f"{machine()}; {options.events:,} events of {options.customers:,} customers, {megabytes:,.0f} MB")
    print("command              seconds   events/s   peak MB   read MB   shuffled MB   spilled MB")
    figures = {name: _middle(taken) for name, taken in runs.items()}
    for name, (seconds, peak, spark) in figures.items():
        moved = "".join(f"{spark[key]:12,.0f}" if spark else f"{'-':>12}" for key in ("read", "shuffled", "spilled"))
        print(f"{NAMES[name]:18} {seconds:9.1f} {options.events / seconds:10,.0f} {peak:9,.0f}{moved}")
    found = {name: differences(folder, name) for name in runs if name != "segspark"}
    print(json.dumps(_result(options, figures) | {"unequal": found}))
    if any(found.values()):
        sys.exit("the features are not equal: see above")


def prepare(folder: Path, options: argparse.Namespace) -> float:
    """Write the log as a Delta table and a configuration, unless they are there; read it once; return its megabytes."""
    done, events = folder / "done", folder / "lake" / "events"
    asked = f"seed {options.seed}, code {code(__file__, events_data.__file__)}"
    if not done.exists() or done.read_text(encoding="utf-8") != asked:
        shutil.rmtree(folder, ignore_errors=True)
        generate(events, options.events, options.customers, options.seed, options.hot)
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
    """Compute the features once, into an empty target."""
    log, target = folder / "log", folder / f"{name}.parquet"
    for path in (log, folder / "lake" / "customer_features"):
        shutil.rmtree(path, ignore_errors=True)
    log.mkdir()
    shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / "features_peers.py"), name, str(folder), str(target)]
    if name == "segspark":
        config = str(folder / "features.yaml")
        command = [str(PROGRAMS / "segspark"), "features", "--config", config, "--as-of", AS_OF]
    seconds, peak = measured(command, folder, folder / f"{name}.log")
    if name == "segspark":
        computed = deltalake.DeltaTable(str(folder / "lake" / "customer_features")).file_uris()
        duckdb.sql(f"COPY (FROM read_parquet({computed})) TO '{target}'")
    return seconds, peak, totals(log)


def differences(folder: Path, peer: str) -> list[str]:
    """The columns in which a peer's features differ from segspark's, with the number of customers."""
    theirs = str(folder / f"{peer}.parquet") + ("/*.parquet" if peer == "plain" else "")
    return unequal(duckdb.read_parquet(str(folder / "segspark.parquet")), duckdb.read_parquet(theirs))


def _middle(taken: list[Taken]) -> Taken:
    """Median seconds, largest peak; what the last one read, shuffled and spilled."""
    return median(one[0] for one in taken), max(one[1] for one in taken), taken[-1][2]


def _result(options: argparse.Namespace, figures: dict[str, Taken]) -> dict[str, object]:
    result: dict[str, object] = {"events": options.events, "customers": options.customers, "rounds": options.rounds}
    for name, (seconds, peak, spark) in figures.items():
        result[name] = {"seconds": round(seconds, 1), "peak_mb": round(peak), **{k: round(v) for k, v in spark.items()}}
        if name != "segspark":
            result[f"segspark_vs_{name}"] = round(figures["segspark"][0] / seconds, 2)
    return result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--hot", type=float, default=0.0, help="share of all events that one customer has")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each command, in turns")
    parser.add_argument("--without", nargs="*", default=[], choices=["duckdb", "plain"], help="peers to leave out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
