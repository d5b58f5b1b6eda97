"""A segment split in two, assigned the night after, and joined again, with customers whose groups are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.config.model import Config
from segspark.errors import BadInputError, RefusedError
from segspark.progress import Reporter
from segspark.steps.assign import assign
from segspark.steps.context import Context
from segspark.steps.levels import levels, registered_now
from segspark.steps.phases import run_split
from segspark.steps.report import report
from segspark.steps.train import train
from segspark.tables import RUNS, SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_PROFILES, SEGMENTS
from tests.features import with_unknown

pytestmark = pytest.mark.slow  # three trainings, five assigns

AS_OF = date(2026, 7, 20)
NIGHT = AS_OF + timedelta(days=1)
# Orders and money an order of each kind: the two of "often" are near each other, "sometimes" is one round cloud.
KINDS = {"often a": (44, 20), "often b": (36, 26), "sometimes": (16, 80), "seldom": (4, 200)}
SIZES = {"often a": 130, "often b": 130, "sometimes": 150, "seldom": 70}


def customers() -> pd.DataFrame:
    random = np.random.default_rng(5)
    made = []
    for kind, (orders, money) in KINDS.items():
        n = SIZES[kind]
        spread = 4 if kind == "sometimes" else 1
        made.append(
            pd.DataFrame(
                {
                    "customer_id": [f"{kind} {number}" for number in range(n)],
                    "frequency": np.maximum(np.rint(random.normal(orders, spread, n)), 1).astype(int),
                    "average_order_value": random.normal(money, spread, n),
                }
            )
        )
    return pd.concat([*made, pd.DataFrame({"customer_id": ["prospect"], "frequency": [0]})], ignore_index=True)


def context_in(folder: Path, as_of: date = AS_OF, **clustering: object) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": ["rfm"]},
            "clustering": {
                "algorithms": ["kmeans"],
                "k": {"min": 2, "max": 3},
                "inputs": ["frequency", "average_order_value"],
                "correlation_limit": 1,
                "log_skewness": 9,
                **clustering,
            },
            "search": {"resamples": 5},
            "promotion": {"approval": True},
            "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        }
    )
    return Context(config, as_of, Reporter())


def publish(context: Context, rows: pd.DataFrame) -> None:
    """Features as of the context's date, all others unknown."""
    schema = ", ".join(f"{quoted(name)} {rows_type(rows[name])}" for name in rows.columns)
    records = rows.astype(object).where(rows.notna(), None)
    frame = context.spark.createDataFrame(list(records.itertuples(index=False, name=None)), schema)
    spent = F.col("frequency") * F.coalesce("average_order_value", F.lit(0))
    frame = frame.withColumns(
        {"as_of": F.lit(context.as_of), "tenure_days": F.lit(100), "recency_days": F.lit(9), "monetary_value": spent}
    )
    context.writer(f"features {context.as_of}").publish(context.features_table, with_unknown(context, frame))


def rows_type(values: pd.Series) -> str:
    return {"i": "BIGINT", "f": "DOUBLE"}.get(values.dtype.kind, "STRING")


@dataclass
class Story:
    """What the tables held after each step."""

    segments: dict[str, pd.DataFrame] = field(default_factory=dict)
    assigned: dict[str, pd.Series] = field(default_factory=dict)
    profiles: dict[str, pd.DataFrame] = field(default_factory=dict)
    events: pd.DataFrame = field(default_factory=pd.DataFrame)
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)
    refusals: dict[str, Exception] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False
    page: str = ""
    ended: str = ""
    levels: int = 0

    def note(self, step: str, context: Context) -> None:
        self.segments[step] = context.lake.read(SEGMENTS).toPandas().set_index("segment_id")
        self.profiles[step] = context.lake.read(SEGMENT_PROFILES).toPandas()
        rows = context.lake.read(SEGMENT_ASSIGNMENTS).toPandas().set_index("customer_id")
        self.assigned[step] = rows["segment_id"]

    def of(self, kind: str, step: str) -> set[str]:
        """The segments that customers of a kind are in."""
        found = self.assigned[step]
        return set(found[found.index.str.startswith(kind)])


def night(rows: pd.DataFrame) -> pd.DataFrame:
    """A customer moves into the segment that is split, and a new one comes to be in it."""
    later = rows.copy()
    moved = later["customer_id"] == "sometimes 3"
    later.loc[moved, ["frequency", "average_order_value"]] = [44, 20.0]
    fresh = pd.DataFrame({"customer_id": ["newcomer"], "frequency": [36], "average_order_value": [26.0]})
    return pd.concat([later, fresh], ignore_index=True)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    told, folder = Story(), tmp_path_factory.mktemp("splits")
    context, rows = context_in(folder), customers()
    publish(context, rows)
    train(context)
    assign(context)
    told.note("assigned", context)
    (often,), (sometimes,), (seldom,) = (told.of(kind, "assigned") for kind in ("often", "sometimes", "seldom"))
    for name, segment in (("no groups", sometimes), ("too few", seldom), ("unknown", "seg-x"), ("rule", "life-new")):
        with pytest.raises((RefusedError, BadInputError)) as refused:
            run_split(context, segment, undo=False)
        told.refusals[name] = refused.value
    told.note("refused", context)
    run_split(context, often, undo=False)
    told.note("split", context)
    before = context.lake.latest(SEGMENT_ASSIGNMENTS), context.lake.latest(SEGMENTS)
    run_split(context, often, undo=False)
    told.unchanged = (context.lake.latest(SEGMENT_ASSIGNMENTS), context.lake.latest(SEGMENTS)) == before
    report(context)
    told.page = (folder / "lake" / "report" / "index.html").read_text(encoding="utf-8")
    later = context_in(folder, NIGHT)
    publish(later, night(rows))
    assign(later)
    told.note("night", later)
    told.events = later.lake.read(SEGMENT_MEMBERSHIP_EVENTS).toPandas()
    run_split(later, often, undo=True)
    told.note("joined", later)
    told.runs = later.lake.read(RUNS).toPandas()
    with pytest.raises(BadInputError) as refused:
        run_split(later, often, undo=True)
    told.refusals["not split"] = refused.value
    with later.reporter.console.capture() as said:
        splits, champion = {"seg-of-before": "segspark-seg-of-before/1"}, later.tracker.champion()
        told.levels = len(levels(later, champion, registered_now(later), splits))
    told.ended = said.get()
    client = context.tracker.client
    told.models = {one.name: len(one.latest_versions) for one in client.search_registered_models()}
    return told


def parts(story: Story, step: str) -> pd.DataFrame:
    found = story.segments[step]
    return found[found["parent_segment_id"].notna() & (found["status"] != "retired")]


def test_the_kinds_of_a_segment_become_its_sub_segments(story):
    one, other = story.of("often a", "split"), story.of("often b", "split")
    assert len(one) == len(other) == 1 and one != other
    assert set(parts(story, "split").index) == one | other
    assert set(parts(story, "split")["parent_segment_id"]) == story.of("often", "assigned")


def test_the_others_stay_where_they_were(story):
    for kind in ("sometimes", "seldom", "prospect"):
        assert story.of(kind, "split") == story.of(kind, "assigned")


def test_nobody_is_counted_twice_and_the_segment_keeps_its_row_with_its_customers(story):
    found = story.segments["split"]
    active = found[found["status"] == "active"]
    assert active["size"].to_dict() == story.assigned["split"].value_counts().to_dict()
    assert active["share"].sum() == pytest.approx(1.0)
    (parent,) = story.of("often", "assigned")
    assert found.loc[parent, ["status", "size"]].tolist() == ["split", 260]
    assert found.loc[parent, "name"] == story.segments["assigned"].loc[parent, "name"]
    assert parts(story, "split")["size"].tolist() == [130, 130]
    assert parts(story, "split")["name"].str.startswith(found.loc[parent, "name"] + ": ").all()
    assert active["name"].is_unique


def test_the_segment_has_the_profile_that_it_had_and_its_parts_have_their_own(story):
    (parent,) = story.of("often", "assigned")
    rows = {step: story.profiles[step].set_index(["segment_id", "feature"]) for step in ("assigned", "split")}
    kept, was = (rows[step].loc[parent].sort_index() for step in ("split", "assigned"))
    assert kept["customers"].tolist() == was["customers"].tolist()
    for name in ("mean", "overall_mean", "overall_deviation"):
        assert kept[name].to_numpy(float) == pytest.approx(was[name].to_numpy(float), nan_ok=True)
    (one,), (other,) = story.of("often a", "split"), story.of("often b", "split")
    means = [rows["split"].loc[(segment, "frequency"), "mean"] for segment in (one, other)]
    assert means == pytest.approx([44, 36], abs=0.5)


def test_the_same_split_once_more_changes_nothing(story):
    assert story.unchanged


def test_moves_into_sub_segments_are_told_as_moves(story):
    moves = story.events[(story.events["as_of"] == AS_OF) & (story.events["event_type"] == "move")]
    assert len(moves) == 260
    assert set(moves["previous_segment_id"]) == story.of("often", "assigned")
    assert set(moves["model_version"]) == {f"segspark-{next(iter(story.of('often', 'assigned')))}/1"}


def test_a_split_survives_the_night_and_takes_in_who_enters_the_segment(story):
    assert story.of("often", "night") == story.of("often", "split")
    assert story.of("newcomer", "night") == story.of("often b", "split")
    assert {story.assigned["night"]["sometimes 3"]} == story.of("often a", "split")
    late = story.events[story.events["as_of"] == NIGHT].set_index("customer_id")["event_type"]
    assert late.to_dict() == {"newcomer": "entry", "sometimes 3": "move"}


def test_joined_again_all_are_in_the_segment_and_its_parts_are_retired(story):
    assert story.of("often", "joined") == story.of("newcomer", "joined") == story.of("often", "assigned")
    found = story.segments["joined"]
    (parent,) = story.of("often", "assigned")
    assert found.loc[parent, ["status", "size"]].tolist() == ["active", 262]
    assert set(found.loc[list(story.of("often", "split")), "status"]) == {"retired"}
    assert "it is not split; those that are: none" in str(story.refusals["not split"])


def test_where_there_is_nothing_to_find_nothing_is_published(story):
    refused = story.refusals["no groups"]
    assert isinstance(refused, RefusedError) and refused.exit_code == 3
    pd.testing.assert_frame_equal(story.segments["refused"], story.segments["assigned"])
    assert story.assigned["refused"].sort_index().equals(story.assigned["assigned"].sort_index())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("too few", "it has 70 customers, and of fewer than 80 nobody can tell whether they form groups"),
        ("unknown", "seg-x: no segment of segspark/1, which has seg-"),
        ("rule", "life-new: no segment of segspark/1"),
    ],
)
def test_what_cannot_be_split_is_bad_input(story, name, said):
    assert isinstance(story.refusals[name], BadInputError)
    assert said in str(story.refusals[name])


def test_a_split_of_a_segment_that_the_champion_does_not_have_ends_and_that_is_said(story):
    assert story.levels == 1
    assert "the split of seg-of-before ends, as there is no such segment any more" in story.ended


def test_the_report_shows_sub_segments_and_not_the_segment_beside_them(story):
    (parent,) = story.of("often", "assigned")
    for name in parts(story, "split")["name"]:
        assert f"<span>{name}</span>" in story.page
    assert f"<span>{story.segments['split'].loc[parent, 'name']}</span>" not in story.page
    assert 'aria-label="How customers come apart in splits"' in story.page


def test_each_split_is_a_registered_model_of_its_own_and_two_phases_of_the_ledger(story):
    (parent,) = story.of("often", "assigned")
    assert set(story.models) == {"segspark", f"segspark-{parent}"}
    done = story.runs[story.runs["status"] == "done"]
    assert f"segspark-{parent}/1" in set(done.loc[done["phase"] == "train", "message"])
    assert done.loc[done["phase"] == "assign", "run_id"].nunique() >= 2
