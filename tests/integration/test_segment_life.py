"""The life of segments over a year: customers come, move and go, models are retrained, rules are made and ended."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from datetime import date, timedelta
from pathlib import Path

import deltalake
import duckdb
import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from segspark.config.model import Config
from segspark.io.commits import Writer
from segspark.progress import Reporter
from segspark.segments.registry import Segment
from segspark.steps.assign import assign
from segspark.steps.context import Context, run_phase
from segspark.steps.train import train
from segspark.tables import (
    AUDIT_LOG,
    DRIFT,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_LINEAGE,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_OVERLAYS,
    SEGMENTS,
)
from tests.features import with_unknown

pytestmark = pytest.mark.slow  # two trainings, five assigns

START = date(2026, 1, 1)
KINDS = {"often": (44.0, 20.0), "sometimes": (16.0, 80.0), "seldom": (4.0, 200.0)}
PER_KIND = 150


def customers(seed: int, kinds: dict[str, tuple[float, float]] = KINDS) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows = [
        (f"{kind} {number}", orders + 1.5 * random.normal(), money + 3 * random.normal())
        for kind, (orders, money) in kinds.items()
        for number in range(PER_KIND)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "frequency", "average_order_value"]).set_index("customer_id")


def context_in(folder: Path, as_of: date, seed: int = 42, k: int = 3) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {"families": ["rfm", "recent"]},
            "clustering": {
                "algorithms": ["kmeans"],
                "k": {"min": k, "max": k},
                "inputs": ["frequency", "average_order_value"],
                "correlation_limit": 1,
                "log_skewness": 9,
                "seed": seed,
            },
            "assignment": {"hold": {"margin": 0.2, "days": 7}},
            "search": {"resamples": 5},
            "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        }
    )
    return Context(config, as_of, Reporter())


def publish(context: Context, rows: pd.DataFrame) -> None:
    """Features as of the context's date, all others unknown."""
    given = [(name, float(row.iloc[0]), float(row.iloc[1])) for name, row in rows.iterrows()]
    frame = context.spark.createDataFrame(given, "customer_id STRING, frequency DOUBLE, average_order_value DOUBLE")
    frame = frame.withColumns(
        {
            "as_of": F.lit(context.as_of),
            "tenure_days": F.lit(100),
            "recency_days": F.lit(9),
            "monetary_value": F.col("frequency") * F.col("average_order_value"),
        }
    )
    same = F.col("as_of") == F.lit(context.as_of)
    rows = with_unknown(context, frame)
    context.writer(f"features {context.as_of}").publish(context.features_table, rows, same, delete_missing=True)


def add(context: Context, *segments: Segment) -> None:
    """Segments that people define."""
    context.writer("by people").publish(SEGMENTS, context.lake.frame(SEGMENTS, list(map(astuple, segments))))


@dataclass
class Story:
    """What the tables held after each chapter."""

    context: Context | None = None
    folder: Path = Path()
    chapters: dict[str, date] = field(default_factory=dict)
    assigned: dict[str, pd.DataFrame] = field(default_factory=dict)
    segments: dict[str, pd.DataFrame] = field(default_factory=dict)
    events: dict[str, pd.DataFrame] = field(default_factory=dict)
    lineage: dict[str, pd.DataFrame] = field(default_factory=dict)
    overlays: dict[str, pd.DataFrame] = field(default_factory=dict)
    versions: dict[str, list[int]] = field(default_factory=dict)

    def tell(self, chapter: str, context: Context) -> None:
        """Assign, and note what is there then."""
        run_phase(context, "assign", assign)
        lake = context.lake
        lake.look_again()
        self.chapters[chapter] = context.as_of
        self.assigned[chapter] = lake.read(SEGMENT_ASSIGNMENTS).toPandas().set_index("customer_id")
        self.segments[chapter] = lake.read(SEGMENTS).toPandas().set_index("segment_id")
        self.overlays[chapter] = lake.read(SEGMENT_OVERLAYS).toPandas()
        everything = lake.read(SEGMENT_MEMBERSHIP_EVENTS).toPandas()
        key = ["customer_id", "segment_id", "as_of"]
        known = {tuple(row) for events in self.events.values() for row in events.reset_index()[key].to_numpy()}
        new = [tuple(row) not in known for row in everything[key].to_numpy()]
        self.events[chapter] = everything[new].set_index("customer_id")
        self.lineage[chapter] = lake.read(SEGMENT_LINEAGE).toPandas()
        self.versions[chapter] = [
            lake.version(table)
            for table in (SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENTS, SEGMENT_LINEAGE, AUDIT_LOG, DRIFT)
        ]

    def segment(self, kind: str, chapter: str) -> str:
        """The segment that most customers of a kind are in."""
        found = self.assigned[chapter]["segment_id"]
        return str(found[found.index.str.startswith(f"{kind} ")].mode().iloc[0])


def between(rows: pd.DataFrame, one: str, other: str, share: float) -> list[float]:
    """Features of a customer at a share of the way from one kind's mean to another's."""
    a, b = (rows[rows.index.str.startswith(f"{kind} ")].mean() for kind in (one, other))
    return (a + share * (b - a)).tolist()


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    told = Story(folder=tmp_path_factory.mktemp("life"))
    rows = customers(1)
    first = context_in(told.folder, START)
    publish(first, rows)
    train(first)
    told.tell("first", first)

    # A week later: one customer just across the border, one far across, one new, one gone.
    rows = rows.copy()
    rows.loc["often 0"] = between(rows, "often", "sometimes", 0.53)
    rows.loc["often 1"] = between(rows, "often", "sometimes", 1.0)
    rows.loc["newcomer"] = between(rows, "often", "seldom", 1.0)
    rows = rows.drop(index="seldom 9")
    second = context_in(told.folder, START + timedelta(days=7))
    publish(second, rows)
    told.tell("second", second)

    # Retrained by another seed: clusters are numbered anew. A customer has moved meanwhile, and one is still across.
    rows = rows.copy()
    rows.loc["seldom 4"] = between(rows, "seldom", "sometimes", 1.0)
    third = context_in(told.folder, START + timedelta(days=90), seed=7)
    publish(third, rows)
    train(third)
    told.tell("retrained", third)

    # Rules: one before clusters, one as an overlay. The run dies between events and assignments, and before the next
    # attempt the data changes.
    rule = Segment("seg-rule", "Whales", "", "rule", "monetary_value > 1400", "active", priority=1, created_at=START)
    overlay = Segment("seg-over", "Rare", "", "rule", "frequency < 5", "active", overlay=True, created_at=START)
    add(third, rule, overlay)
    fourth = context_in(told.folder, START + timedelta(days=91), seed=7)
    rows = rows.copy()
    rows.loc[["often 5", "often 6"]] = between(rows, "often", "seldom", 1.0)
    publish(fourth, rows)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Writer, "apply", dying(Writer.apply))
        run_phase(fourth, "assign", assign)
    rows = rows.copy()
    rows.loc["often 6"] = between(rows, "often", "often", 0.0)
    publish(fourth, rows)
    told.tell("rules", fourth)
    told.context = fourth
    return told


def dying(apply):
    def instead(self, table, *arguments, **more):
        if table is SEGMENT_ASSIGNMENTS:
            raise KeyboardInterrupt
        return apply(self, table, *arguments, **more)

    return instead


def test_each_kind_is_a_segment_from_the_first_day(story):
    assert len({story.segment(kind, "first") for kind in KINDS}) == 3
    assert set(story.events["first"]["event_type"]) == {"entry"}
    assert set(story.events["first"]["cause"]) == {"model"}
    assert story.lineage["first"]["verdict"].tolist() == ["new"] * 3


def test_who_crosses_the_border_by_a_little_is_held_and_who_crosses_it_by_far_moves(story):
    often, sometimes = story.segment("often", "first"), story.segment("sometimes", "first")
    held = story.assigned["second"].loc["often 0"]
    assert (held["segment_id"], held["pending_segment_id"], held["runner_up_segment_id"]) == (
        often,
        sometimes,
        sometimes,
    )
    assert held["pending_since"] == story.chapters["second"] and -0.2 <= held["margin"] < 0
    assert 0 < held["membership"] < 0.5
    assert story.assigned["second"].loc["often 1", "segment_id"] == sometimes
    told = story.events["second"]
    assert told["event_type"].to_dict() == {"often 1": "move", "newcomer": "entry", "seldom 9": "exit"}
    assert told["cause"].to_dict() == {"often 1": "behaviour", "newcomer": "behaviour", "seldom 9": "correction"}


def test_who_stays_across_it_moves_after_the_days_configured(story):
    moved = story.assigned["retrained"].loc["often 0"]
    assert (moved["segment_id"], moved["pending_segment_id"]) == (story.segment("sometimes", "first"), None)
    assert moved["since"] == story.chapters["retrained"]


def test_a_retrained_model_has_the_same_segments_whatever_its_clusters_numbers(story):
    for kind in KINDS:
        assert story.segment(kind, "retrained") == story.segment(kind, "first")
    now, then = story.segments["retrained"], story.segments["first"]
    for segment in now.index[now["kind"] == "cluster"]:
        assert now.loc[segment, ["name", "description"]].tolist() == then.loc[segment, ["name", "description"]].tolist()
        assert (then.loc[segment, "model_version"], now.loc[segment, "model_version"]) == ("segspark/1", "segspark/2")
    lines = story.lineage["retrained"]
    lines = lines[lines["model_version"] == "segspark/2"]
    assert set(lines["verdict"]) == {"kept"} and (lines["jaccard"] > 0.9).all()
    told = story.events["retrained"]
    assert told["cause"].to_dict() == {"seldom 4": "behaviour", "often 0": "behaviour"}


def test_a_rule_comes_before_clusters_and_an_overlay_beside_them(story):
    found = story.assigned["rules"]
    whales = set(found.index[found["segment_id"] == "seg-rule"])
    assert whales  # some of "sometimes" spend 16 x 80 = 1,280 and more
    told = story.events["rules"]
    own, over = told[~told["overlay"]], told[told["overlay"]]
    assert set(own.index[own["cause"] == "correction"]) == whales
    members = set(story.overlays["rules"]["customer_id"])
    entered = set(over.index[over["event_type"] == "entry"])
    assert set(over.index[over["event_type"] == "exit"]) == {"often 6"}  # the run that was cut off had come so far
    assert entered - {"often 6"} == members and len(members) > 100
    sizes = story.segments["rules"]["size"]
    assert (sizes["seg-over"], sizes["seg-rule"]) == (len(members), len(whales))


def test_what_a_run_wrote_that_was_cut_off_is_replaced_by_the_next_attempt(story):
    told = story.events["rules"]
    behaved = told[~told["overlay"] & (told["cause"] == "behaviour")]
    assert behaved["event_type"].to_dict() == {"often 5": "move"}


def test_the_log_has_what_models_did_to_segments(story):
    log = story.context.lake.read(AUDIT_LOG).toPandas().sort_values("sequence")
    clusters = log[log["subject"].str.startswith("seg-") & ~log["subject"].isin(["seg-rule", "seg-over"])]
    assert clusters["action"].tolist() == ["created"] * 3 + ["continued"] * 3
    assert set(clusters["actor"]) == {"assign"}


def membership_at(story: Story, view: pd.DataFrame, day: date) -> dict[str, str]:
    there = view[(view["valid_from"] <= day) & (view["valid_to"].isna() | (view["valid_to"] > day)) & ~view["overlay"]]
    assert there["customer_id"].is_unique
    return there.set_index("customer_id")["segment_id"].to_dict()


@pytest.fixture(scope="module")
def history(story) -> pd.DataFrame:
    """The view as DuckDB answers it, from the files that are written beside the tables."""
    root = story.folder / "lake"
    with duckdb.connect() as connection:
        for table in (SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_ASSIGNMENTS, SEGMENT_OVERLAYS, SEGMENTS):
            rows = deltalake.DeltaTable(str(root / table.name)).to_pyarrow_table()
            connection.register(table.name, rows)
        for path in sorted((root / "views").glob("*.sql")):
            if not path.name.startswith("tables."):
                connection.execute(
                    path.read_text(encoding="utf-8").replace("CREATE OR REPLACE VIEW", "CREATE OR REPLACE TEMP VIEW")
                )
        found = connection.sql("SELECT * FROM segment_membership_history").df()
        people = connection.sql("SELECT * FROM segment_memberships").df()
    assert people.columns.tolist() == ["person_id", "segment_id"] and len(people) == len(story.assigned["rules"]) + len(
        story.overlays["rules"]
    )
    for name in ("valid_from", "valid_to"):
        found[name] = pd.to_datetime(found[name]).dt.date
    return found


def test_the_membership_of_any_past_date_is_rebuilt_from_the_events(story, history):
    days = sorted(story.chapters.items(), key=lambda chapter: chapter[1])
    for place, (chapter, day) in enumerate(days):
        expected = story.assigned[chapter]["segment_id"].to_dict()
        assert membership_at(story, history, day) == expected
        until = days[place + 1][1] if place + 1 < len(days) else day + timedelta(days=400)
        assert membership_at(story, history, until - timedelta(days=1)) == expected
    assert membership_at(story, history, START - timedelta(days=1)) == {}


def test_spark_gives_the_same_answer(story, history):
    spark = story.context.spark
    root = story.folder / "lake" / "views"
    for statement in (root / "tables.spark.sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            spark.sql(statement)
    text = (root / "segment_membership_history.sql").read_text(encoding="utf-8")
    query = text[text.index("AS\n") + 3 :].rstrip().removesuffix(";")
    found = spark.sql(query).toPandas()
    keys = ["customer_id", "valid_from", "segment_id"]
    pd.testing.assert_frame_equal(
        found.sort_values(keys)[keys].reset_index(drop=True), history.sort_values(keys)[keys].reset_index(drop=True)
    )


def test_who_follows_the_table_sees_what_changed(story):
    place = str(story.folder / "lake" / "segment_assignments")
    feed = (
        story.context.spark.read.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", 1)
        .load(place)
    )
    found = (
        feed.where(f"_commit_version = {story.versions['retrained'][0]}")
        .select("customer_id", "_change_type")
        .collect()
    )
    changed = {(row["customer_id"], row["_change_type"]) for row in found}
    assert {("often 0", "update_preimage"), ("often 0", "update_postimage")} <= changed
