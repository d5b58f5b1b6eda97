"""How often customers change segments night after night, and how often only to come back: `make bench-flapping`.

The demo's households, segmented as the demo does at a first date and then held against their segments by the same model
at each of the nights after it, on the real features of each night. Five ways of moving them are compared: at once, only
by the margin, only by the days, as `assignment.hold` has it by default, and with a wider margin. The last line is one
JSON object, by way:

- moves: per thousand customers and night, from a cluster to another;
- returns: the part of the moves that is taken back within 14 nights: flapping;
- elsewhere: the part of the customers whose segment at the last night is not the one that is nearest: what it costs.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame

from segspark.config import load_config
from segspark.config.segments import Hold
from segspark.progress import Reporter
from segspark.segments.assignments import moved, settled
from segspark.steps.applied import applied_now, assigned
from segspark.steps.context import Context
from segspark.steps.demo import prepare_demo
from segspark.steps.levels import registered_now
from segspark.steps.population import eligible, features_at
from segspark.tables import SEGMENT_ASSIGNMENTS

REPOSITORY = Path(__file__).parents[1]
FIRST = date(2017, 10, 3)
WAYS = {
    "at once": Hold(margin=0.0, days=1),
    "margin": Hold(margin=Hold().margin, days=10_000),
    "days": Hold(margin=1.0, days=Hold().days),
    "hold": Hold(),
    "wider": Hold(margin=0.2, days=Hold().days),
}
_SOON = 14  # nights
_AT_ONCE = 10  # nights whose features are computed in one pass: what it keeps at hand grows with them
Moves = list[tuple[str, str, str, int]]


def main() -> None:
    """Segment the demo at the first date, follow it, and print."""
    options = _options()
    folder = options.data or Path(tempfile.mkdtemp(prefix="segspark-flapping-"))
    nights = [FIRST + timedelta(days=number) for number in range(1, options.nights + 1)]
    config = prepared(folder, nights)
    context = Context(load_config(config, [f"spark.config={json.dumps(_SPARK)}"]), FIRST, Reporter())
    given = {night: _assigned(context.at(night)) for night in nights}
    clustered = eligible(context, features_at(context)).count()
    print("way        moves a thousand and night   taken back   elsewhere at the end")
    found = {}
    for way, hold in WAYS.items():
        found[way] = followed(context, given, hold, clustered)
        moves, returns, elsewhere = found[way].values()
        print(f"{way:10} {moves:26.2f} {returns:12.1%} {elsewhere:22.1%}", flush=True)
    context.spark.stop()
    if not options.data:
        shutil.rmtree(folder)
    print(json.dumps({"customers": clustered, "nights": len(nights)} | found))


_SPARK = {"spark.sql.shuffle.partitions": 2}


def prepared(folder: Path, nights: Sequence[date]) -> Path:
    """The demo's lake with a champion of the first date and features of all nights, made unless it is there."""
    config = folder / "conf" / "demo.yaml"
    done = folder / f"done-{len(nights)}"
    if done.exists():
        return config
    shutil.copytree(REPOSITORY / "conf", folder / "conf", dirs_exist_ok=True)
    context = Context(load_config(config, []), FIRST, Reporter())
    prepare_demo(context)
    for phase in ("ingest", "features", "train", "assign"):
        _segspark(phase, folder, FIRST)
    for some in (nights[start : start + _AT_ONCE] for start in range(0, len(nights), _AT_ONCE)):
        _segspark("features", folder, some[-1], "--also", *map(str, some[:-1]))
    done.touch()
    return config


def _segspark(phase: str, folder: Path, as_of: date, *more: str) -> None:
    program = Path(sys.executable).parent / "segspark"
    command = [str(program), phase, "--config", "conf/demo.yaml", "--as-of", str(as_of), *more]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603


def _assigned(context: Context) -> DataFrame:
    """The nearest segment of everyone, at hand."""
    customers, there = features_at(context), registered_now(context)
    applied, _ = applied_now(context, customers, there, there.splits)
    return assigned(context, customers, applied).localCheckpoint()


def followed(context: Context, given: Mapping[date, DataFrame], hold: Hold, clustered: int) -> dict[str, float]:
    """What becomes of the first date's assignments over the nights by one way of moving customers."""
    current = context.lake.read(SEGMENT_ASSIGNMENTS)
    step, moves = context.config.assignment.membership_step, Moves()
    for number, (night, new) in enumerate(given.items()):
        rows = settled(new, current, night, step, hold).localCheckpoint()
        both = moved(rows).where("event_type = 'move' AND segment_id NOT LIKE 'life-%'")
        between = both.where("previous_segment_id NOT LIKE 'life-%'")
        moves += [
            (*row, number) for row in between.select("customer_id", "previous_segment_id", "segment_id").collect()
        ]
        current = rows.where("NOT _change <=> 'delete'").select(*current.columns)
    elsewhere = current.where("pending_segment_id IS NOT NULL").count()
    return {
        "moves": round(1000 * len(moves) / clustered / len(given), 3),
        "returns": round(taken_back(moves) / max(len(moves), 1), 4),
        "elsewhere": round(elsewhere / clustered, 4),
    }


def taken_back(moves: Moves) -> int:
    """How many moves are followed by one back to where they came from, soon.

    Examples:
        >>> taken_back([("a", "s", "t", 0), ("a", "t", "s", 9), ("b", "s", "t", 0), ("b", "t", "s", 30)])
        1
    """
    last: dict[str, tuple[str, str, int]] = {}
    found = 0
    for customer, left, entered, night in sorted(moves, key=lambda one: one[3]):
        before = last.get(customer)
        found += before is not None and before[:2] == (entered, left) and night - before[2] <= _SOON
        last[customer] = (left, entered, night)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nights", type=int, default=60, help="after the first date")
    parser.add_argument("--data", type=Path, help="folder to keep the lake in; default: a temporary one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
