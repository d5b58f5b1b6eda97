"""Embeddings beside state in Delta: frozen by night, learnt anew by a rebuild, never of later events; in a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from segspark.config.model import Config
from segspark.errors import BadInputError
from segspark.features.lookback import customer_features
from segspark.features.plan import plan_of
from segspark.progress import Reporter
from segspark.steps.assign import assign
from segspark.steps.context import Context, run_phase
from segspark.steps.embeddings import carried, use
from segspark.steps.features import features, rebuild
from segspark.steps.position import activity_now
from segspark.steps.train import train
from segspark.tables import CUSTOMER_DAILY, CUSTOMERS, PRODUCT_EMBEDDINGS, PRODUCTS
from tests.integration.test_state import COLUMNS, FIRST, assert_same, change_events, row, rows_of

WORLDS = (("tea", "cup", "kettle"), ("tyre", "oil", "wiper"))


def context_at(folder: Path, as_of: date, **embeddings) -> Context:
    config = Config.model_validate(
        {
            "workspace": {"root": str(folder / "lake")},
            "sources": {"events": [{"name": "log", "path": "log", "columns": {}}]},
            "features": {
                "families": ["rfm", "embeddings"],
                "state_from_mb": 0,
                "embeddings": {"components": 2, "vector_size": 4, "min_count": 3, "half_life_days": 3} | embeddings,
            },
            "clustering": {
                "inputs": ["taste_1", "taste_2"], "algorithms": ["kmeans"], "k": {"min": 2, "max": 3},
                "manageable": {"min": 2, "max": 3},
            },
            "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        }
    )  # fmt: skip
    return Context(config, as_of, Reporter())


def lines(first: int, orders: int, day: date) -> list[tuple[object, ...]]:
    """Orders of two products of one world; every sixth customer buys of both worlds in turn."""
    found = []
    for number in range(first, first + orders):
        customer = number % 12
        world = WORLDS[(number // 12 if customer % 6 == 0 else customer) % 2]
        for at in range(2):
            one = {"customer": f"c{customer}", "kind": "purchase", "hour": 3, "order": f"o{number}",
                   "what": world[(number // 3 + at) % 3], "cents": 100}  # fmt: skip
            found.append(row(2 * number + at, day, one))
    return found


def before_the_first_night() -> list[tuple[object, ...]]:
    return [one for day in range(8) for one in lines(60 * day, 60, FIRST + timedelta(days=day))]


def happen(context: Context, rows: list[tuple[object, ...]]) -> None:
    change_events(context, context.spark.createDataFrame(rows, COLUMNS), "insert")


def run(context: Context, step=features) -> str:
    """The version that the features were made with."""
    run_phase(context, "features", step)
    return context.embedding_version


def model_of(context: Context) -> str:
    """Train a model and assign by it: the version of the embeddings that it knows."""
    run_phase(context, "train", train)
    run_phase(context, "assign", assign)
    return context.tracker.champion().embedding_version


def version_at(context: Context, day: date, anew: bool = False) -> str:
    use(context, [day], anew)
    return context.embedding_version


@dataclass
class Story:
    folder: Path
    versions: dict[str, str] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)
    kept: dict[str, object] = field(default_factory=dict)


NIGHT = FIRST + timedelta(days=8)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    """Two nights, the second with a late order; then a rebuild, after which the model is refused; and a look back."""
    told = Story(tmp_path_factory.mktemp("embeddings"))
    context = context_at(told.folder, NIGHT)
    happen(context, before_the_first_night())
    told.versions["first night"] = run(context)
    told.versions["first model"] = model_of(context)
    happen(context, lines(1000, 30, NIGHT) + lines(2000, 1, FIRST))
    context = context_at(told.folder, NIGHT + timedelta(days=1))
    told.versions["second night"] = run(context)
    told.versions["carried"] = carried(context)
    told.commits = {one.name: context.lake.version(one) for one in (CUSTOMER_DAILY, PRODUCT_EMBEDDINGS)}
    told.kept["daily"] = context.lake.commits(CUSTOMER_DAILY, -1)[0].said["fingerprint"]
    told.kept["features"] = rows_of(context.lake.read(context.features_table).where("as_of = DATE'2026-01-10'"))
    events, plan = activity_now(context), plan_of(context.features, context.config.features)
    customers, products = context.lake.read(CUSTOMERS), context.lake.read(PRODUCTS)
    anew = customer_features(events, customers, products, [context.as_of], "UTC", plan, context.features)
    told.kept["anew"] = anew.localCheckpoint()
    told.kept["read"] = context.lake.read(context.features_table).where("as_of = DATE'2026-01-10'").localCheckpoint()
    told.versions["rebuild"] = run(context, rebuild)
    with pytest.raises(BadInputError) as error:
        run_phase(context, "assign", assign)
    told.kept["refused"] = str(error.value)
    told.versions["second model"] = model_of(context)
    told.commits["rebuild"] = context.lake.version(PRODUCT_EMBEDDINGS)
    told.versions["rebuild again"] = version_at(context, context.as_of, anew=True)
    told.commits["rebuild again"] = context.lake.latest(PRODUCT_EMBEDDINGS)
    early = [FIRST + timedelta(days=4), NIGHT]
    told.versions["look back"] = run(context, lambda context: features(context, early))
    told.versions["carried after the look back"] = carried(context)
    return told


@pytest.mark.slow
def test_a_night_goes_on_with_the_embeddings_there_are_and_adds_to_its_state(story):
    assert story.versions["second night"] == story.versions["first night"]
    # A rebuild of the table would give a position as its fingerprint; a refresh counts what it changed.
    assert set(story.kept["daily"]) <= {"insert", "update", "delete"}


@pytest.mark.slow
def test_tastes_of_a_refresh_equal_those_from_all_events(story):
    assert_same(story.kept["read"], story.kept["anew"], "features")
    assert all(one["taste_1"] is not None for one in story.kept["features"].values())


@pytest.mark.slow
def test_a_rebuild_learns_anew_and_the_nights_after_it_go_on_with_that(story, spark):
    assert story.versions["rebuild"] != story.versions["second night"]
    third = NIGHT + timedelta(days=2)
    assert version_at(context_at(story.folder, third), third) == story.versions["rebuild"]
    assert story.commits["rebuild"] == story.commits[PRODUCT_EMBEDDINGS.name] + 1


@pytest.mark.slow
def test_a_rebuild_of_the_same_events_gives_the_same_version_and_writes_none(story):
    assert story.versions["rebuild again"] == story.versions["rebuild"]
    assert story.commits["rebuild again"] == story.commits["rebuild"]


@pytest.mark.slow
def test_a_look_back_is_made_with_embeddings_of_events_before_its_earliest_date(story, spark):
    versions = context_at(story.folder, NIGHT).lake.read(PRODUCT_EMBEDDINGS)
    learnt = {row[0]: row[1] for row in versions.select("embedding_version", "as_of").distinct().collect()}
    assert learnt[story.versions["look back"]] == FIRST + timedelta(days=4)
    assert learnt[story.versions["first night"]] == NIGHT


@pytest.mark.slow
def test_a_look_back_leaves_the_version_that_features_at_as_of_carry(story):
    assert story.versions["carried"] == story.versions["second night"]
    assert story.versions["carried after the look back"] == story.versions["rebuild"]


@pytest.mark.slow
def test_a_date_has_the_same_version_when_it_is_computed_again_after_a_rebuild(story, spark):
    assert version_at(context_at(story.folder, NIGHT), NIGHT) == story.versions["first night"]


@pytest.mark.slow
def test_other_settings_learn_other_embeddings_and_another_half_life_does_not(story, spark):
    day = NIGHT + timedelta(days=1)
    assert version_at(context_at(story.folder, day, half_life_days=9), day) == story.versions["rebuild"]
    assert version_at(context_at(story.folder, day, iterations=1), day) not in story.versions.values()


@pytest.mark.slow
def test_a_model_is_refused_where_tastes_are_of_other_embeddings_until_it_is_trained_anew(story):
    first, second = story.versions["first night"], story.versions["rebuild"]
    assert story.versions["first model"] == first
    assert f"of the embeddings {first}" in story.kept["refused"]
    assert f"are of {second}; run segspark train" in story.kept["refused"]
    assert story.versions["second model"] == second
