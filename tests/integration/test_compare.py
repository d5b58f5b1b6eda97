"""Two dates compared from their events: tables, page, MLflow, and the same comparison again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from segspark.columns import quoted
from segspark.config.model import Config
from segspark.errors import BadInputError
from segspark.progress import Reporter
from segspark.steps.compare import resolve
from segspark.steps.context import Context
from segspark.steps.finished import previous
from segspark.steps.phases import run_compare
from segspark.tables import DRIFT, RUNS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_MIGRATIONS, SEGMENTS
from tests.features import with_unknown

pytestmark = pytest.mark.slow  # five comparisons

DATES = [date(2026, month, 1) for month in range(1, 6)]
NAMES = {"seg-a": "Frequent <b>customers</b>", "seg-b": "Big baskets", "life-new": "New customers"}
SHARES = {"seg-a": 0.5, "seg-b": 0.3, "life-new": 0.2}
CUSTOMERS = 600


def memberships() -> list[pd.Series]:
    """At each date; few move until the last, at which a fifth of all goes from the first segment to the second."""
    random = np.random.default_rng(3)
    names = list(SHARES)
    now = pd.Series(
        np.repeat(names, [round(CUSTOMERS * share) for share in SHARES.values()]),
        index=[f"customer {n:04d}" for n in range(CUSTOMERS)],
    )
    found = [now]
    for number in range(1, len(DATES)):
        now = now.copy()
        moving = random.choice(now.index, 20, replace=False)
        now[moving] = random.choice(names, 20, p=list(SHARES.values()))
        if number == len(DATES) - 1:
            now[now[now == "seg-a"].index[:120]] = "seg-b"
            now = now.drop(now.index[:5])
        now = pd.concat([now, pd.Series({f"newcomer {number}": "life-new"})])
        found.append(now)
    return found


def settings_in(folder: Path) -> dict[str, object]:
    return {
        "workspace": {"root": str(folder / "lake")},
        "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
        "features": {"families": ["rfm"]},
        "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
    }


def context_in(folder: Path, as_of: date = date.max) -> Context:
    return Context(Config.model_validate(settings_in(folder)), as_of, Reporter())


def put(context: Context, table, rows: list[dict[str, object]]) -> None:
    """Rows with these values and nothing else."""
    schema = ", ".join(f"{quoted(one.name)} {one.type}" for one in table.columns)
    records = [tuple(row.get(one.name) for one in table.columns) for row in rows]
    context.writer("by hand").publish(table, context.spark.createDataFrame(records, schema))


def events_between(number: int, before: pd.Series, now: pd.Series) -> list[dict[str, object]]:
    rows = []
    for customer in sorted({*before.index, *now.index}):
        old, new = before.get(customer), now.get(customer)
        if old != new:
            kind = "entry" if old is None else "exit" if new is None else "move"
            told = {"customer_id": customer, "segment_id": new or old, "previous_segment_id": old, "event_type": kind}
            told |= {"as_of": DATES[number], "sequence": number, "cause": "behaviour", "overlay": False}
            rows.append(told | {"run_id": f"assign{number}"})
    return rows


def features_of(members: pd.Series, later: bool) -> list[tuple[str, int, float]]:
    """Orders and money: of the second segment half a standard deviation more orders at the later date."""
    random = np.random.default_rng(7)
    base = {"seg-a": 40.0, "seg-b": 20.0, "life-new": 2.0}
    orders = np.array([base[one] for one in members]) + random.normal(0, 3, len(members))
    orders = np.maximum(np.rint(orders + (8 if later else 0) * (members.to_numpy() == "seg-b")), 1)
    money = orders * 10.0
    return list(zip(members.index, orders.astype(int).tolist(), money.tolist(), strict=True))


def put_features(context: Context, as_of: date, rows: list[tuple[str, int, float]]) -> None:
    frame = context.spark.createDataFrame(rows, "customer_id STRING, frequency BIGINT, monetary_value DOUBLE")
    frame = frame.withColumn("as_of", F.lit(as_of))
    context.writer(f"features {as_of}").publish(context.features_table, with_unknown(context, frame))


@dataclass
class Story:
    folder: Path
    members: list[pd.Series]
    migrations: pd.DataFrame = field(default_factory=pd.DataFrame)
    drift: pd.DataFrame = field(default_factory=pd.DataFrame)
    said: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, tuple[date, date]] = field(default_factory=dict)
    previous: list[date | None] = field(default_factory=list)
    versions: list[tuple[int, ...]] = field(default_factory=list)
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def page(self) -> str:
        return (self.folder / "lake" / "report" / "compare-2026-04-01-2026-05-01.html").read_text(encoding="utf-8")

    def of(self, kind: str) -> pd.DataFrame:
        """The last comparison's measures of a kind, by name."""
        own = self.drift[(self.drift["as_of"] == DATES[-1]) & (self.drift["kind"] == kind)]
        return own.set_index("name").sort_index()


def compared(context: Context, *named: str) -> str:
    with context.reporter.console.capture() as said:
        run_compare(context, *(named or (None, None)), None)
    return said.get()


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    told = Story(tmp_path_factory.mktemp("compare"), memberships())
    context = context_in(told.folder)
    with pytest.raises(BadInputError) as refused:
        run_compare(context, None, None, None)
    told.refused["nothing"] = str(refused.value)
    before, rows = pd.Series(dtype=object), []
    for number, now in enumerate(told.members):
        rows += events_between(number, before, now)
        before = now
    put(context, SEGMENT_MEMBERSHIP_EVENTS, rows)
    put(context, SEGMENTS, [{"segment_id": one, "name": name, "kind": "cluster"} for one, name in NAMES.items()])
    done = [
        {"run_id": f"assign{number}", "attempt_id": f"{number}", "phase": "assign", "source": "", "as_of": day}
        for number, day in enumerate(DATES)
    ]
    put(context, RUNS, [one | {"status": "done"} for one in done])
    for first, last in pairwise(DATES[:4]):
        told.said[str(last)] = compared(context_in(told.folder), str(first), str(last))
    put_features(context, DATES[3], features_of(told.members[3], later=False))
    put_features(context, DATES[4], features_of(told.members[4], later=True))
    tables = (SEGMENT_MIGRATIONS, DRIFT)
    for _ in range(2):
        again = context_in(told.folder)
        told.said["last"] = compared(again)
        told.versions.append(tuple(again.lake.latest(table) for table in tables))
    last = context_in(told.folder)
    for name, asked in {
        "last two": (None, None, None), "until": (None, None, DATES[2]), "a run": ("assign1", "assign3", None),
        "to only": (None, "2026-03-01", None),
    }.items():  # fmt: skip
        told.resolved[name] = resolve(last, *asked)
    for name, asked in {"no run": ("assign9", None, None), "order": ("2026-03-01", "2026-02-01", None)}.items():
        with pytest.raises(BadInputError) as refused:
            resolve(last, *asked)
        told.refused[name] = str(refused.value)
    with pytest.raises(BadInputError) as refused:
        run_compare(context_in(told.folder), "2026-01-15", "2026-02-01", None)
    told.refused["not assigned"] = str(refused.value)
    told.previous = [previous(context_in(told.folder, one)) for one in (DATES[0], date(2026, 2, 9), DATES[4])]
    told.migrations, told.drift = (last.lake.read(table).toPandas() for table in tables)
    told.runs = last.lake.read(RUNS).where("phase = 'compare'").toPandas()
    return told


def both_dates(story: Story) -> pd.DataFrame:
    then, now = story.members[3], story.members[4]
    return pd.DataFrame({"then": then, "now": now}).dropna()


def test_the_migration_matrix_is_a_crosstab_of_the_customers(story):
    last = story.migrations[story.migrations["as_of"] == DATES[4]]
    found = last.set_index(["from_segment_id", "to_segment_id"])["customers"].to_dict()
    wanted = {pair: len(rows) for pair, rows in both_dates(story).groupby(["then", "now"])}
    gone, new = (set(a.index) - set(b.index) for a, b in ((story.members[3], story.members[4]), story.members[4:2:-1]))
    for customer in gone:
        key = (story.members[3][customer], "")
        wanted[key] = wanted.get(key, 0) + 1
    assert new == {"newcomer 4"}
    assert found == wanted | {("", "life-new"): 1}
    shares = last[last["from_segment_id"] != ""].groupby("from_segment_id")["share_of_from"].sum()
    assert shares.tolist() == pytest.approx([1.0] * 3)
    assert last.loc[last["from_segment_id"] == "", "share_of_from"].isna().all()


def test_agreement_is_scikit_learn_s_of_the_customers_of_both_dates_with_an_interval_around_it(story):
    both, found = both_dates(story), story.of("agreement")
    assert found.loc["ari", "value"] == pytest.approx(adjusted_rand_score(both["then"], both["now"]), abs=1e-9)
    assert found.loc["ami", "value"] == pytest.approx(adjusted_mutual_info_score(both["then"], both["now"]), abs=1e-9)
    assert (found["lower"] < found["value"]).all() and (found["value"] < found["upper"]).all()
    assert (found["upper"] - found["lower"] < 0.2).all()


def test_similarity_and_change_of_share_are_those_of_the_sets_of_customers(story):
    then, now = story.members[3], story.members[4]
    for segment in NAMES:
        one, other = set(then[then == segment].index), set(now[now == segment].index)
        assert story.of("jaccard").loc[segment, "value"] == pytest.approx(len(one & other) / len(one | other))
        change = len(other) / len(now) - len(one) / len(then)
        assert story.of("share_shift").loc[segment, "value"] == pytest.approx(change)


def test_a_planted_move_of_a_fifth_is_a_shift_and_the_months_before_are_none(story):
    words = story.drift[story.drift["kind"] == "overall"].set_index("as_of")["verdict"]
    assert words[DATES[4]] == "shift"
    assert set(words[DATES[1:4]]) <= {"steady", "blip"}
    shares = story.of("share_shift")["verdict"]
    assert (shares["seg-a"], shares["seg-b"], shares["life-new"]) == ("shift", "shift", "steady")
    assert story.of("share_shift")["exceeded"].tolist() == [False, True, True]
    assert "From 2026-04-01 to 2026-05-01: shift" in story.said["last"]
    assert "Held against 3 earlier comparisons of dates as far apart, and" in story.said["last"]


def test_profiles_and_features_are_compared_where_they_are_there(story):
    profile = story.of("profile_shift")
    then, now = (features_of(story.members[n], later=n == 4) for n in (3, 4))
    frames = [pd.DataFrame(rows, columns=["c", "frequency", "money"]).set_index("c") for rows in (then, now)]
    means = [f.groupby(m).mean()["frequency"] for f, m in zip(frames, story.members[3:], strict=True)]
    sizes, spread = [len(f) for f in frames], [f["frequency"].std(ddof=0) for f in frames]
    pooled = np.sqrt(sum(n * s**2 for n, s in zip(sizes, spread, strict=True)) / sum(sizes))
    wanted = (means[1]["seg-b"] - means[0]["seg-b"]) / pooled
    assert profile.loc["seg-b/frequency", "value"] == pytest.approx(wanted)
    assert story.of("psi").loc["frequency", "value"] > 0.1
    assert set(story.of("psi").index) >= {"frequency", "monetary_value"}


def test_where_features_are_missing_the_command_that_computes_them_is_named(story):
    said = " ".join(story.said["2026-03-01"].split())
    assert "segspark features --also 2026-02-01 2026-03-01 computes them" in said
    early = story.drift[story.drift["as_of"] == DATES[2]]
    assert set(early["kind"]) == {"agreement", "jaccard", "share_shift", "overall"}


def test_the_same_comparison_again_writes_nothing_but_the_ledger(story):
    assert story.versions[0] == story.versions[1]
    last = story.runs[story.runs["as_of"] == DATES[4]]
    assert len(last) == 2 and last["run_id"].nunique() == 1
    assert last["message"].tolist() == ["shift", "shift"]


def test_mlflow_has_one_run_of_each_comparison_with_its_metrics_and_its_page(story):
    client = mlflow.MlflowClient(f"sqlite:///{story.folder}/mlflow.db")
    runs = client.search_runs(["1"], "tags.`segspark.kind` = 'comparison'")
    assert len(runs) == 4
    (run,) = (one for one in runs if one.data.params["as_of"] == "2026-05-01")
    assert run.info.status == "FINISHED"
    assert run.data.tags["segspark.verdict"] == "shift"
    for name, kind, row in (
        ("ari.memberships", "agreement", "ari"), ("share_shift.seg-b", "share_shift", "seg-b"),
        ("psi.frequency", "psi", "frequency"), ("jaccard.life-new", "jaccard", "life-new"),
    ):  # fmt: skip
        assert run.data.metrics[name] == pytest.approx(story.of(kind).loc[row, "value"]), name
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["comparison.html"]


def test_the_page_has_the_matrix_the_diagram_and_a_card_for_each_segment_and_names_nobody(story):
    page = story.page
    assert page.count("<article") == 3
    assert "Frequent &lt;b&gt;customers&lt;/b&gt;" in page and "<b>customers</b>" not in page
    assert 'aria-label="Customers by segment at 2026-04-01 and at 2026-05-01"' in page
    assert "No customer yet" in page and "No customer any more" in page
    assert "<script" not in page
    assert not any(customer in page for customer in ("customer 0", "newcomer"))


def test_runs_are_named_by_date_or_run_id_and_default_to_the_last_two(story):
    assert story.resolved == {
        "last two": (DATES[3], DATES[4]), "until": (DATES[1], DATES[2]), "a run": (DATES[1], DATES[3]),
        "to only": (DATES[1], DATES[2]),
    }  # fmt: skip
    assert story.previous == [None, DATES[1], DATES[3]]


def test_what_cannot_be_compared_is_bad_input_that_says_what_there_is(story):
    assert "two dates are needed at which was assigned; there are none" in story.refused["nothing"]
    assert "'assign9' is neither a date" in story.refused["no run"]
    assert "--from is 2026-03-01, which is not before --to, 2026-02-01" in story.refused["order"]
    assert "nothing was assigned at 2026-01-15; the last dates are 2026-01-01" in story.refused["not assigned"]


def test_nothing_that_is_written_beside_the_tables_has_an_id(story):
    client = mlflow.MlflowClient(f"sqlite:///{story.folder}/mlflow.db")
    told = [json.dumps(run.data.to_dictionary()) for run in client.search_runs(["1"])]
    assert not any("customer 0" in one or "newcomer" in one for one in told)
