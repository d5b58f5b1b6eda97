"""docs/operations.md, its sections on approval, rules and audit: every command that they show is run, in their order.

A block ```yaml is appended to my.yaml. In a block ```bash each line is a command; NAME=VALUE stands for the id
that the command before it printed.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from segspark.cli import main
from tests.governing import configuration, context_in, log, publish, record_of

pytestmark = pytest.mark.slow  # twenty commands

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SECTIONS = ("Approval", "Rules", "Audit")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    sections = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    by_name = dict(zip(sections[1::2], sections[2::2], strict=True))
    return [(found[1], found[2]) for name in SECTIONS for found in FENCE.finditer(by_name[name])]


@pytest.fixture
def lake(spark, tmp_path, monkeypatch):
    context = context_in(tmp_path)
    publish(context)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    path = configuration(tmp_path, {}, {})
    settings = [text for language, text in blocks() if language == "yaml"]
    told = re.sub(r"^governance:\n(  .*\n)+", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "my.yaml").write_text(told + "".join(settings), encoding="utf-8")
    return context


def test_the_commands_of_the_page_do_what_it_says(lake, capfd):
    ids: dict[str, str] = {}
    printed = ""
    for line in "".join(text for language, text in blocks() if language == "bash").splitlines():
        if assigned := re.match(r"([A-Z]+)=seg-", line):
            ids[assigned[1]] = re.findall(r"seg-[0-9a-f]{10}", printed)[0]
            continue
        for name, value in ids.items():
            line = line.replace(f"${name}", value)
        program, *arguments = shlex.split(line, comments=True)
        assert program == "segspark"
        code = main(arguments)
        printed, errors = capfd.readouterr()
        assert code == 0, f"{line}\n{errors}"
        if arguments[:2] == ["segments", "list"] and "in_review" in arguments:
            assert ids["SEGMENT"] in printed
    expected = re.findall(r"--expect (\S+)", printed)[0]  # the page ends with an audit

    loyal = record_of(lake, ids["SEGMENT"])
    assert (loyal.status, loyal.successor_segment_id) == ("retired", "seg-a")
    regulars = record_of(lake, "seg-a")
    assert (regulars.name, regulars.owner, regulars.retrain_days) == ("Regulars", "ann", 90)
    assert [action for _, _, action in log(lake)] == [
        "renamed", "owner assigned", "retrain cadence set", "review set", "defined", "submitted", "approved",
        "activated", "defined", "redefined", "retired",
    ]  # fmt: skip

    assert main(["audit", "--config", "my.yaml", "--expect", expected]) == 0


def test_a_refusal_exits_with_3_and_bad_input_with_2(lake, capfd):
    common = ["--config", "my.yaml", "--actor", "ann"]
    assert main(["segments", "approve", "seg-a", *common]) == 3
    assert "refused: seg-a (Frequent customers) is active" in capfd.readouterr().err
    assert main(["segments", "approve", "seg-x", *common]) == 2
    assert "bad input: seg-x: no such segment" in capfd.readouterr().err
    assert main(["segments", "define", *common, "--name", "x", "--rule", "rand() < 1", "--reason", "r"]) == 2
    assert "rand() (character 1) is not allowed" in capfd.readouterr().err
    assert main(["segments", "diff", "seg-a", "seg-b", "seg-a", "--config", "my.yaml"]) == 2
    assert log(lake) == []


def test_a_list_for_machines_is_json_and_nothing_else(lake, capfd):
    assert main(["segments", "list", "--config", "my.yaml", "--json", "--status", "active"]) == 0
    listed = {one["segment_id"]: one for one in json.loads(capfd.readouterr().out)}
    assert set(listed) == {"seg-a", "seg-b", "life-prospect"}
    assert (listed["seg-a"]["size"], listed["seg-a"]["created_at"]) == (60, "2026-05-01")
