"""The proposals as YAML: it loads, says what is missing, and nothing in names or values breaks out of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from segspark.config import load_config
from segspark.ingest.proposal.document import yaml_text
from segspark.ingest.proposal.proposals import Proposal
from segspark.ingest.proposal.proposing import propose
from tests.unit.ingest.samples import ORDERS, PEOPLE, look


def written(*found: Proposal) -> str:
    return yaml_text(found, "lake", None, "segspark.yaml")


def test_what_was_proposed_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "segspark.yaml"
    path.write_text(written(propose(ORDERS)), encoding="utf-8")
    source = load_config(path).sources.events[0]
    assert (source.name, source.path) == ("orders", str(tmp_path / "orders.csv"))
    assert source.columns["event_ts"] == "`created_at`"


HOSTILE = [
    "a`b",
    "x\nworkspace: {root: /etc}",
    "y\r\n  - name: evil",
    "'; DROP TABLE events; --",
    '"}] # {{',
    "\u2028&anchor *alias !!python/object",
    "${ENV:HOME} \\",
    "z: [1, 2",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_column_name_stays_a_name(name: str, tmp_path: Path) -> None:
    columns = {seen.name: list(seen.cells) for seen in ORDERS.columns} | {name: ["1", "1", "1"]}
    path = tmp_path / "segspark.yaml"
    path.write_text(written(propose(look("orders", columns))), encoding="utf-8")
    config = load_config(path)
    assert config.workspace.root == str(tmp_path / "lake")
    assert [source.name for source in config.sources.events] == ["orders"]
    escaped, literal = name.replace("`", "``"), name.replace("\\", "\\\\").replace("'", "\\'")
    assert config.sources.events[0].columns["properties"] == f"map('{literal}', `{escaped}`)"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_breaks_out_of_no_comment(value: str) -> None:
    columns = {seen.name: list(seen.cells) for seen in ORDERS.columns} | {"event_type": ["sale", value, value]}
    text = written(propose(look("orders", columns)))
    plain = written(propose(look("orders", columns | {"event_type": ["sale", "call", "call"]})))
    assert yaml.safe_load(text) == yaml.safe_load(plain)


def test_a_file_that_fits_nothing_is_left_as_a_comment() -> None:
    text = written(propose(ORDERS), propose(look("weather", {"station": ["a"], "rain": ["1.5"]})))
    assert list(yaml.safe_load(text)["sources"]) == ["events"]
    assert "# weather (weather.csv): no source of its own" in text


def test_without_events_the_text_says_so() -> None:
    text = written(propose(PEOPLE))
    assert "# events: ???" in text
    assert list(yaml.safe_load(text)["sources"]) == ["customers"]


def test_the_currency_that_the_events_name_is_proposed() -> None:
    columns = {seen.name: list(seen.cells) for seen in ORDERS.columns} | {"currency": ["EUR", "EUR", "CHF"]}
    text = written(propose(look("orders", columns)))
    assert yaml.safe_load(text)["money"] == {"currency": "EUR"}
    assert "rows in CHF would be refused" in text


def test_personal_columns_are_declared_and_their_values_never_written() -> None:
    text = written(propose(PEOPLE))
    assert yaml.safe_load(text)["sources"]["customers"][0]["personal"] == ["email", "phone", "name"]
    assert not any(value in text for value in ("ada@", "bob@", "0711", "Ada", "Stone"))


def test_the_newest_time_decides_as_of() -> None:
    assert propose(ORDERS).newest == date(2025, 2, 28)
    assert "segspark ingest --check --config segspark.yaml --as-of 2025-03-01\n" in written(propose(ORDERS))
