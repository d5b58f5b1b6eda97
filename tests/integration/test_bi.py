"""docs/bi.md, followed to the letter on a small lake: a real Thrift server answers as the tables say.

Only its port is another than on the page.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import date
from pathlib import Path

import deltalake
import pytest

from scripts.kafka import free_port
from segspark.segments.views import VIEWS
from segspark.steps.views import publish_views
from segspark.tables import CUSTOMER_VALUE, SEGMENT_ASSIGNMENTS, SEGMENT_KPIS, SEGMENT_OVERLAYS, SEGMENTS, Table
from tests.governing import DAY, SEGMENTS_THERE, context_in
from tests.integration.servers import running_script
from tests.pages import Block, Reader, blocks

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "bi.md"
SERVER = "Start the server"
PROMPT = re.compile(r"^0: jdbc:hive2://\S+> ")  # beeline's, which is there in the first line of an answer, too
HOSTILE = 'Frequent "o\'clock" customers; ${HOME} -- é'
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), DAY


def kpi(segment: str, start: date, end: date, value: float, customers: int) -> tuple[object, ...]:
    numbers = (value, value - 0.1, value + 0.1, value * customers, float(customers), customers)
    return (segment, "repeat_rate", start, end, *numbers, "share", 0.5, "missed", MAY, "run")


def rows() -> dict[Table, list[tuple[object, ...]]]:
    """A dozen members with a value in one segment, two in another, three segments, KPIs of two months."""
    frequent, *others = SEGMENTS_THERE
    value = [(f"c{n}", 0.9, 2.0, 10.0, 20.0 + n, 0.1, False, 365, "bgnbd", MAY, "run") for n in range(12)]
    return {
        SEGMENTS: [astuple(one) for one in (replace(frequent, name=HOSTILE), *others)],
        SEGMENT_ASSIGNMENTS: [
            (f"c{n}", "seg-a" if n < 12 else "seg-b", None, 0.9, 0.5, MAY, "shop/1", None, None) for n in range(14)
        ],
        CUSTOMER_VALUE: value,
        SEGMENT_KPIS: [
            kpi("all", MARCH, APRIL, 0.25, 90), kpi("all", APRIL, MAY, 0.5, 90), kpi("seg-b", APRIL, MAY, 0.75, 10),
        ],
    }  # fmt: skip


@dataclass
class Answers:
    """What each block of the page printed, by its title."""

    folder: Path
    printed: dict[str, str]

    def lines(self, title: str) -> list[list[str]]:
        told = [PROMPT.sub("", line) for line in self.printed[title].splitlines()]
        return [row for row in csv.reader(told, delimiter="\t", quoting=csv.QUOTE_NONE) if row]


@pytest.fixture(scope="module")
def answers(spark, tmp_path_factory) -> Iterator[Answers]:
    """A lake with the tables that a night leaves behind, and what the page's blocks print there."""
    folder = tmp_path_factory.mktemp("bi") / "a shop é"
    folder.mkdir()
    context = context_in(folder)
    vars(context)["spark"] = spark
    given = rows()
    for table, told in given.items():
        context.writer("lake").publish(table, context.lake.frame(table, told))
    publish_views(context, given)
    shutil.copy(folder / "segspark.yaml", folder / "my.yaml")
    port = free_port()
    page = blocks(PAGE.read_text(encoding="utf-8").replace("10000", str(port)))
    before, server, after = divided(page)
    reader, printed = Reader(folder), {}
    for block in before:
        printed[block.title] = run(reader, block)
    with running_script(server.text, port, folder, reader.environment):
        for block in after:
            printed[block.title] = run(reader, block)
    yield Answers(folder, printed)


def divided(page: list[Block]) -> tuple[list[Block], Block, list[Block]]:
    """The blocks before that which starts the server, it, and those after."""
    at = [block.title for block in page].index(SERVER)
    return page[:at], page[at], page[at + 1 :]


def run(reader: Reader, block: Block) -> str:
    if block.language == "python":
        reader.follow(block)
        return reader.last_python
    assert block.language == "bash", f"line {block.line}: nobody knows how to follow a block of {block.language}"
    return reader.run(["bash", "-euc", block.text], block, errors=False)


def table_of(answers: Answers, table: Table) -> list[dict[str, object]]:
    """The table as delta-rs reads it."""
    found = deltalake.DeltaTable(answers.folder / "lake" / table.name).to_pyarrow_table()
    return list(found.to_pylist())


def test_sizes_by_jdbc_are_those_that_delta_rs_reads_and_small_ones_are_withheld(answers):
    head, *found = answers.lines("Sizes of segments")
    assert head == ["segment_name", "customers", "share"]
    there = {one["name"]: one for one in table_of(answers, SEGMENTS)}
    assert there[HOSTILE]["size"] == 60 and there["Seldom customers"]["size"] == 30 and there["Prospects"]["size"] == 10
    expected = [[name, str(there[name]["size"]), str(there[name]["share"])] for name in (HOSTILE, "Seldom customers")]
    assert found == [*expected, ["Prospects", "NULL", "NULL"]]


def test_kpis_by_jdbc_stand_beside_the_period_before_and_columns_say_what_they_mean(answers):
    found = answers.lines("What columns mean, and KPIs beside their goals")
    comments = {row[0]: row[-1] for row in found if len(row) == 3}
    assert comments["previous_value"] == "The KPI in the period before; null where there is none."
    kept = {one["segment_id"]: one["value"] for one in table_of(answers, SEGMENT_KPIS) if one["period_start"] == APRIL}
    assert ["All customers", str(kept["all"]), "0.25", "0.5", "missed"] in found
    assert ["Seldom customers", "NULL", "NULL", "0.5", "NULL"] in found


def test_the_statements_are_of_all_views_whose_tables_are_there(answers):
    there = {SEGMENTS, SEGMENT_ASSIGNMENTS, SEGMENT_OVERLAYS, CUSTOMER_VALUE, SEGMENT_KPIS}
    text = (answers.folder / "views.sql").read_text(encoding="utf-8")
    expected = [view.name for view in VIEWS if set(view.tables) <= there]
    assert [line.split("`")[1] for line in text.splitlines() if line.startswith("CREATE ")] == expected
    assert len(expected) == 8


def test_duckdb_and_pandas_say_the_same_without_a_server(answers):
    # 20, 21, ..., 31 on average; of the two others nothing is known.
    assert answers.lines("A view in DuckDB") == [[HOSTILE, "25.5"], ["Seldom customers", "None"]]
    expected = sorted([str(one["name"]), str(one["size"])] for one in table_of(answers, SEGMENTS))
    assert answers.lines("A table in pandas") == expected


def test_every_block_of_the_page_was_run(answers):
    titles = [block.title for block in blocks(PAGE.read_text(encoding="utf-8"))]
    assert all(titles) and len(set(titles)) == len(titles)
    assert {*answers.printed, SERVER} == set(titles)
