"""Following a table: every row comes, once begun from a version on; what fails is told as it was."""

from __future__ import annotations

import pytest

from segspark.config.model import Workspace
from segspark.errors import BadInputError
from segspark.io.commits import Writer
from segspark.io.lake import Lake
from segspark.io.streams import Following, added_rows
from segspark.tables import PRODUCTS


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, Workspace(root=str(tmp_path)))


def add(lake: Lake, *names: str) -> int:
    rows = [(name, *[None] * (len(PRODUCTS.columns) - 1)) for name in names]
    return Writer(lake, "run", "attempt").append(PRODUCTS, lake.frame(PRODUCTS, rows)).version


def followed(lake: Lake, since: int, each=None) -> list[str]:
    """The products that come, and whatever the function does with each micro-batch."""
    came: list[str] = []

    def take(batch):
        came.extend(row["product_id"] for row in batch.collect())
        if each is not None:
            each(batch)

    Following(added_rows(lake, PRODUCTS, since, 1), take, 0, to_the_end=True).run()
    return came


def test_the_rows_of_a_version_and_of_all_after_it_come(lake):
    add(lake, "p1")
    since = add(lake, "p2")
    add(lake, "p3", "p4")
    assert sorted(followed(lake, since)) == ["p2", "p3", "p4"]


def test_rows_of_a_file_that_was_rewritten_come_again(lake):
    since = add(lake, "p1", "p2")
    change = (
        lake.read(PRODUCTS)
        .where("product_id = 'p1'")
        .selectExpr("* EXCEPT (name)", "'tea' AS name", "'update' AS _change")
    )
    Writer(lake, "run", "attempt").apply(PRODUCTS, change.select(*PRODUCTS.column_names, "_change"))
    came = followed(lake, since)
    assert came.count("p1") == 2
    assert set(came) == {"p1", "p2"}


@pytest.mark.parametrize("error", [BadInputError(["the model is gone"]), ValueError("odd")])
def test_what_fails_in_a_micro_batch_is_raised_as_it_was(lake, error):
    since = add(lake, "p1")

    def fail(batch):
        raise error

    with pytest.raises(type(error)) as caught:
        followed(lake, since, fail)
    assert caught.value is error


def test_it_ends_with_the_micro_batch_in_which_it_is_told_to_stop(lake):
    since = add(lake, "p1")
    add(lake, "p2")
    came: list[list[str]] = []

    def stop(batch):
        came.append([row["product_id"] for row in batch.collect()])
        following.stop()

    following = Following(added_rows(lake, PRODUCTS, since, 1), stop, 0)
    following.run()
    assert came == [["p1"]]


def test_between_micro_batches_there_is_time_for_other_things(lake):
    since = add(lake, "p1")
    came: list[str] = []
    done: list[str] = []

    def idle():
        done.append("idle")
        if done == ["idle"]:
            add(lake, "p2")  # what is done then may bring the next micro-batch
        if "p2" in came:
            following.stop()

    def take(batch):
        came.extend(row["product_id"] for row in batch.collect())

    following = Following(added_rows(lake, PRODUCTS, since, 1), take, 0.1, idle=idle)
    following.run()
    assert sorted(came) == ["p1", "p2"]
    assert done


def test_what_fails_between_micro_batches_is_raised_as_it_was(lake):
    since, error = add(lake, "p1"), BadInputError(["the model is gone"])

    def idle():
        raise error

    with pytest.raises(BadInputError) as caught:
        Following(added_rows(lake, PRODUCTS, since, 1), lambda batch: None, 0.1, idle=idle).run()
    assert caught.value is error


def test_where_nothing_comes_and_it_is_to_end_there_is_time_once(lake):
    done: list[int] = []
    since = add(lake, "p1")
    rows = added_rows(lake, PRODUCTS, since, 1).where("product_id = 'none'")
    Following(rows, lambda batch: None, 0, to_the_end=True, idle=lambda: done.append(1)).run()
    assert done
