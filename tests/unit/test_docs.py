"""The documentation is true where that can be checked without running it: links, commands, keys, generated pages."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from segspark.cli import _parser
from segspark.config import Config, load_config
from segspark.config.load import merge

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
SOURCES = {"events": [{"name": "e", "path": "e", "columns": {}}]}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_of(page: Path) -> str:
    return "\n".join(found.strip("`") for found in CODE.findall(text_of(page)))


def anchors(page: Path) -> set[str]:
    """Headings as GitHub and mkdocs turn them into anchors: lower case, no punctuation, hyphens for blanks."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub(_without_fences, text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _without_fences(found: re.Match[str]) -> str:
    return "" if found[0].startswith("```") else found[0].strip("`")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))


def phases() -> dict[str, Any]:
    return below(_parser())


def below(parser: Any) -> dict[str, Any]:
    """The parsers of a parser's commands."""
    return next((dict(one.choices) for one in parser._actions if isinstance(one.choices, dict)), {})


def options(parser: Any) -> set[str]:
    """All that a command or one of its own commands takes."""
    return set(parser._option_string_actions).union(*map(options, below(parser).values()))


def nav_pages(nav: Any) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    items = nav.values() if isinstance(nav, dict) else nav
    return set().union(*map(nav_pages, items))


def reference() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "reference"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_that_are_there_and_to_headings_in_them(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.findall(prose):
        if re.match(r"https?://", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name_of(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)}: {link}; there are {sorted(anchors(target))}"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=name_of)
def test_links_of_the_site_stay_inside_it(page: Path) -> None:
    for link in LINK.findall(text_of(page)):
        if not re.match(r"https?://", link):
            assert (page.parent / link.partition("#")[0]).resolve().is_relative_to(DOCS), link


def test_the_site_shows_every_page_and_no_other() -> None:
    nav = yaml.safe_load(text_of(ROOT / "mkdocs.yml"))["nav"]
    assert nav_pages(nav) == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def test_every_picture_is_shown_and_small_enough_to_clone() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(text_of(page))}
    pictures = list((DOCS / "pictures").iterdir())
    assert pictures
    for picture in pictures:
        assert picture in shown, f"{picture.name} is on no page"
        assert picture.stat().st_size < 400_000, f"{picture.name} has 400 KB or more"


def test_the_readme_gives_exactly_two_commands_to_set_up() -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", text_of(ROOT / "README.md"), re.MULTILINE | re.DOTALL)
    commands = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]
    assert commands == ["make demo", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_name_phases_targets_and_jobs_that_exist(page: Path) -> None:
    code = code_of(page)
    named = re.findall(r"(?:^|[\n$;|&(] ?)make ([a-z][a-z-]*)", code)
    assert set(named) <= make_targets()
    started = set(re.findall(r"(?:^|[\n$;|&(] ?)segspark ([a-z]+)", code))
    later = {"maintain"} if page.name == "architecture.md" else set()  # named there as left for later
    assert started <= set(phases()) | later
    for job in re.findall(r"jobs/\w+\.py", code):
        assert (ROOT / job).is_file(), job


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_of_commands_exist(page: Path) -> None:
    known = set().union(*map(options, phases().values()))
    for command in re.findall(r"^\$? ?segspark [a-z]+ .*$", code_of(page), re.MULTILINE):
        assert set(re.findall(r"(?<= )--[a-z-]+", command)) <= known, command


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_actions_on_segments_exist_and_take_the_options_they_are_given(page: Path) -> None:
    actions = below(phases()["segments"])
    for action, rest in re.findall(r"^\$? ?segspark segments ([a-z-]+)(.*)$", code_of(page), re.MULTILINE):
        assert set(re.findall(r"(?<= )--[a-z-]+", rest)) <= options(actions[action]), action


def test_the_start_page_names_every_phase() -> None:
    listed = set(re.findall(r"^\| `segspark (\w+)` \|", text_of(DOCS / "index.md"), re.MULTILINE))
    assert listed == set(phases())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_keys_named_in_the_text_are_keys_of_the_configuration(page: Path) -> None:
    sections = "|".join(Config.model_fields)
    inline = re.findall(r"`((?:" + sections + r")\.[a-z_.]+)`", text_of(page))
    for key in inline:
        sparks_own = key.startswith("spark.") and key.count(".") > 1
        if not sparks_own and not key.endswith((".py", ".yaml")):
            assert key in known_keys(), f"{name_of(page)}: {key}"


def known_keys() -> set[str]:
    listed = set(re.findall(r"^\| `([a-z_.]+)` \|", text_of(DOCS / "configuration.md"), re.MULTILINE))
    return listed | {key.rpartition(".")[0] for key in listed}


def test_generated_pages_are_what_the_code_makes_now() -> None:
    for name, make in reference()["PAGES"].items():
        assert text_of(DOCS / name) == make(), f"docs/{name} is out of date: python scripts/reference"


CONFIGURATIONS = [file for file in sorted((ROOT / "conf").glob("*.yaml")) if not file.name.startswith("vocabulary.")]


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=name_of)
def test_configurations_in_conf_are_valid_or_overlays_that_lack_only_a_place_and_sources(
    file: Path, tmp_path: Path
) -> None:
    raw = yaml.safe_load(text_of(file))
    lacking: dict[str, Any] = {} if "sources" in raw else {"sources": SOURCES}
    if file.name == "base.yaml":
        lacking["workspace"] = {"root": "lake"}
    whole = tmp_path / "whole.yaml"
    whole.write_text(yaml.safe_dump(merge({"extends": str(file)}, lacking)), encoding="utf-8")
    assert isinstance(load_config(whole), Config)


def test_the_cluster_s_configuration_names_no_local_path() -> None:
    raw = yaml.safe_load(text_of(ROOT / "conf" / "cluster.yaml"))
    assert set(raw["workspace"]) == {"catalog", "schema"}
    assert raw["tracking"]["uri"] == "${ENV:MLFLOW_TRACKING_URI}"
    assert "master" not in raw["spark"]
    assert not re.search(r"(sqlite:|file:|\.\./|/tmp|/home)", yaml.safe_dump(raw))


def test_the_shop_s_configuration_is_valid() -> None:
    config = load_config(ROOT / "examples" / "shop" / "segspark.yaml")
    assert [source.name for source in config.sources.events] == ["order_lines", "newsletter"]
