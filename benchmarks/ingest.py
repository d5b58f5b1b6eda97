"""Ingest against plain Spark on the same dirty files: `make bench-ingest`, ARGS="--rows 1000000" for less.

Three commands, each in a process of its own, from its start to its end: segspark into an empty workspace; plain Spark
that reads, casts and writes the same files (benchmarks/ingest_peer.py); segspark again, with nothing new to read. The
input is generated once and read once before anything is timed. The ledger must account for every row. The last line
is one JSON object.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from statistics import median

import deltalake
import pyarrow as pa
from ingest_data import AS_OF, generate
from inputs import read_all
from measure import Taken, machine, measured

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
LONG_SECONDS = 300  # what takes longer is run once

Runs = dict[str, list[Taken]]


def main() -> None:
    """Generate, time, check and print."""
    options = _options()
    folder = HERE / "data" / f"ingest-{options.rows}"
    expected = generate(folder, options.rows, options.seed)
    rows = sum(line["read"] for line in expected.values())
    megabytes = read_all(path for name in ("parquet", "json", "csv") for path in (folder / name).iterdir())
    found, runs = _timed(folder, options.rounds)
    print(f"{machine()}; {rows:,} rows in {megabytes:,.0f} MB of files")
    print("command                    seconds      rows/s   peak MB   runs")
    for name, taken in runs.items():
        seconds, peak = _middle(taken)
        rate = "-" if "nothing new" in name else f"{rows / seconds:,.0f}"
        print(f"{name:26} {seconds:7.1f}  {rate:>10}   {peak:7,.0f}   {len(taken)}")
    print(_account(expected, found))
    checks = {"accounted_for": _adds_up(expected, found), "as_generated": found == expected}
    print(json.dumps(_result(runs, rows, megabytes) | checks))
    if not all(checks.values()):
        sys.exit("the ledger is not what was generated: see above")


def _timed(folder: Path, rounds: int) -> tuple[dict[str, dict[str, int]], Runs]:
    """The ledger of a first run, and all runs by name, in turns, so that a busy moment hits them alike."""
    config, lake, target = folder / "ingest.yaml", folder / "lake", folder / "peer"
    ours = [str(PROGRAMS / "segspark"), "ingest", "--config", str(config), "--as-of", AS_OF]
    peer = [sys.executable, str(HERE / "ingest_peer.py"), str(config), str(target)]
    runs: Runs = {"segspark": [], "plain Spark": [], "segspark, nothing new": []}
    found: dict[str, dict[str, int]] = {}
    for number in range(rounds):
        if _again(runs["segspark"], number):
            shutil.rmtree(lake, ignore_errors=True)
            runs["segspark"].append(measured(ours, folder, folder / "segspark.log"))
            found = found or ledger(lake)
            runs["segspark, nothing new"].append(measured(ours, folder, folder / "again.log"))
        if _again(runs["plain Spark"], number):
            shutil.rmtree(target, ignore_errors=True)
            runs["plain Spark"].append(measured(peer, folder, folder / "peer.log"))
    return found, runs


def _again(taken: list[Taken], number: int) -> bool:
    return number == 0 or taken[0].seconds < LONG_SECONDS


def ledger(lake: Path) -> dict[str, dict[str, int]]:
    """What the table `runs` says became of each source's rows."""
    runs = pa.table(deltalake.DeltaTable(str(lake / "runs")).to_pyarrow_table()).to_pylist()
    names = ("read", "accepted", "quarantined", "deduplicated")
    ingested = [run for run in runs if run["phase"] == "ingest" and run["status"] == "done" and run["source"]]
    return {run["source"]: {name: run[f"rows_{name}"] for name in names} for run in ingested}


def _adds_up(expected: dict[str, dict[str, int]], found: dict[str, dict[str, int]]) -> bool:
    """Whether as many rows were read of each source as were written, and each was given one fate."""
    read = {source: line["read"] for source, line in expected.items()}
    fates = {source: sum(line.values()) - line["read"] for source, line in found.items()}
    return read == fates == {source: line["read"] for source, line in found.items()}


def _account(expected: dict[str, dict[str, int]], found: dict[str, dict[str, int]]) -> str:
    lines = []
    for source, wanted in expected.items():
        line = found.get(source, {})
        said = ", ".join(f"{count:,} {fate}" for fate, count in line.items()) or "not in the ledger"
        right = "as generated" if line == wanted else f"NOT as generated: {wanted}"
        lines.append(f"{source}: {said}; {right}")
    return "\n".join(lines)


def _middle(taken: list[Taken]) -> tuple[float, float]:
    """Median seconds, largest peak."""
    return median(one.seconds for one in taken), max(one.peak_mb for one in taken)


def _result(runs: Runs, rows: int, megabytes: float) -> dict[str, object]:
    (ours, peak), (peer, peer_peak), (again, _) = (_middle(taken) for taken in runs.values())
    return {
        "rows": rows, "input_mb": round(megabytes), "vs_plain_read_write": round(peer / ours, 3),
        "rows_per_second": round(rows / ours), "peak_mb": round(peak), "seconds": round(ours, 1),
        "peer_seconds": round(peer, 1), "peer_peak_mb": round(peer_peak), "nothing_new_seconds": round(again, 1),
        "runs": len(runs["segspark"]),
    }  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="clean rows to generate; copies come on top")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command; one where it takes over 5 minutes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
