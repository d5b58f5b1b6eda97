"""The demo's verdict with its decision table, and the verdict on its columns shuffled apart: `make demo-verdict`.

Trains on the demo's data in an empty folder, then puts every input's values to other households, each input on its
own, at both dates, and trains anew with the same configuration: the shuffled households form nothing, and the training
must refuse them. What both said is written to docs/demo.md.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from deltalake import DeltaTable
from mlflow import MlflowClient

from segspark.columns import quoted
from segspark.config import load_config
from segspark.progress import Reporter
from segspark.steps.context import Context
from segspark.steps.demo import prepare_demo

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "demo.md"
AS_OF, BEFORE = "2018-01-01", "2017-10-03"  # the period that candidates are compared in
REFUSED = 3


def main() -> None:
    """Run, shuffle, run again, and write the page."""
    folder = Path(tempfile.mkdtemp(prefix="segspark-verdict-"))
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    config = str(folder / "conf" / "demo.yaml")
    context = Context(load_config(config, []), date.fromisoformat(AS_OF), Reporter())
    prepare_demo(context)
    _segspark("ingest", folder)
    _segspark("features", folder, "--also", BEFORE)
    _segspark("train", folder)
    settings = context.config.tracking
    champion = MlflowClient(settings.uri).get_model_version_by_alias(settings.model, "champion")
    candidates = DeltaTable(str(folder / "lake" / "demo" / "training_candidates")).to_pandas()
    shuffle(context, list(context.config.clustering.inputs))
    context.spark.stop()
    refusal = _segspark("train", folder, expected=REFUSED)
    shutil.rmtree(folder)
    PAGE.write_text(page(str(champion.description), candidates, refusal), encoding="utf-8")
    print(refusal)
    print(f"written: {PAGE}")


def _segspark(phase: str, folder: Path, *more: str, expected: int = 0) -> str:
    """Run a phase; what it said on standard error."""
    program, config = Path(sys.executable).parent / "segspark", folder / "conf" / "demo.yaml"
    command = [str(program), phase, "--config", str(config), "--as-of", AS_OF, *more]
    ended = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if ended.returncode != expected:
        sys.exit(f"segspark {phase} ended with {ended.returncode}, not {expected}:\n{ended.stderr}")
    return ended.stderr


def shuffle(context: Context, names: Sequence[str], seed: int = 3) -> None:
    """Put every input's values to other customers, each input on its own, at every date of customer_features.

    Args:
        context: of a workspace small enough for the driver.
        names: of the inputs.
        seed: of the permutations.
    """
    table = context.features_table
    rows = context.lake.read(table).toPandas().sort_values(["as_of", "customer_id"], ignore_index=True)
    random = np.random.default_rng(seed)
    for name in names:
        rows[name] = rows.groupby("as_of")[name].transform(lambda values: random.permutation(values.to_numpy()))
    schema = ", ".join(f"{quoted(one.name)} {one.type}" for one in table.columns)
    whole = [one.name for one in table.columns if one.type in ("INT", "BIGINT")]
    rows = rows.astype(dict.fromkeys(whole, "Int64"))  # pandas makes doubles of those that have nulls
    records = rows[[one.name for one in table.columns]].astype(object).where(rows.notna(), None)
    frame = context.spark.createDataFrame(list(records.itertuples(index=False, name=None)), schema)
    context.writer("shuffle").publish(table, frame)


def page(verdict: str, candidates: pd.DataFrame, refusal: str) -> str:
    """The page, from what the two trainings said.

    Args:
        verdict: the champion's description.
        candidates: training_candidates.
        refusal: what the training on shuffled columns said when it refused.
    """
    lines = "\n".join(_line(row) for _, row in candidates.sort_values(["algorithm", "k"]).iterrows())
    said = re.sub(r"\s+", " ", refusal[refusal.index("refused:") :]).strip()
    return f"""<!-- Made by make demo-verdict from two runs: run it again rather than change it here. -->

# The demo's verdict

What a training says of the 2,469 households of The Complete Journey, as of {AS_OF}, with the configuration in
`conf/demo.yaml`. What decides, and what each column means, is told in [Statistics](statistics.md). `make demo` trains
at this date, too, after one of {BEFORE}, whose model is the champion that has to be beaten.

> {verdict}

The decision table, as it is in `training_candidates` and in MLflow:

| candidate | separation | stability | silhouette | smallest | verdict |
|---|---|---|---|---|---|
{lines}

*Separation* is the adjusted share of the variance of the next 90 days' orders that lies between the segments, among
households that no candidate was fitted on, with its standard error. *Stability* is the mean Jaccard similarity of the
weakest cluster in resamples. *Silhouette* is the mean, Euclidean; *smallest* the share of the smallest cluster.

## The same columns, shuffled apart

`make demo-verdict` then puts every input's values to other households, each input on its own, and trains again with
the same configuration. Every column is as it was, and nothing holds them together any more. The exit code is {REFUSED},
and nothing is published:

> {said}
"""


def _line(row: pd.Series) -> str:
    name = f"{row['algorithm']} k={row['k']}"
    apart = "" if pd.isna(row["separation"]) else f"{row['separation']:.3f} ± {row['separation_error']:.3f}"
    stable, silhouette = (
        "" if pd.isna(row[name]) else f"{row[name]:.2f}" for name in ("stability", "silhouette_euclidean")
    )
    told = f"**{row['reason']}**" if row["chosen"] else row["reason"]
    return f"| {name} | {apart} | {stable} | {silhouette} | {row['smallest_share']:.1%} | {told} |"


if __name__ == "__main__":
    main()
