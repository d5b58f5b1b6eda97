"""docs/bring-your-own-data.md, followed to the letter: every block is run, everything it shows is compared."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import Reader, blocks, matches

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bring-your-own-data.md"
# What the page's commands touch of the repository; the environment and built things stay out.
COPIED = ["setup.py", "pyproject.toml", "LICENSE", "segspark", "jobs", "examples"]
START = ". .venv/env.sh\ncd examples/shop\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in COPIED:
        here = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "lake", "dist", "*.log", "wrong.yaml")
        if here.is_dir():
            shutil.copytree(here, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(here, tmp_path / name)
    shop = tmp_path / "examples" / "shop"
    (shop / "segspark.yaml").unlink()
    return shop


def test_whoever_follows_the_page_gets_what_it_shows(spark: object, folder: Path) -> None:
    first, *rest = blocks(PAGE.read_text(encoding="utf-8"))
    assert first.text == START, "the page starts by entering the environment and the folder, as this test does"
    assert {block.language for block in rest} == {"console", "yaml", "python", "text", "bash"}
    reader = Reader(folder)
    for block in rest:
        reader.follow(block)
    built = (folder / "segspark.yaml").read_text(encoding="utf-8")
    assert built == (ROOT / "examples" / "shop" / "segspark.yaml").read_text(encoding="utf-8")


def test_the_data_is_what_its_script_makes(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    shutil.copy(ROOT / "examples" / "make_shop.py", tmp_path)
    subprocess.run([sys.executable, str(tmp_path / "make_shop.py")], check=True)
    made = sorted((tmp_path / "shop").glob("*.csv"))
    assert [file.name for file in made] == ["customers.csv", "newsletter.csv", "order_lines.csv", "orders.csv"]
    for file in made:
        assert file.read_bytes() == (ROOT / "examples" / "shop" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("took ... s\n", "took 3.1 s\n", True),
        ("took ... s\n", "took 3.1\n", False),
        ("3 rows\n", "4 rows\n", False),
        ("a\n...\nz\n", "a\nb\nc\nz\n", True),
        ("a\n...\nz\n", "a\nb\n", False),
        ("a\n", "a\nb\n", False),
        ("", "", True),
        ("", "a warning\n", False),
    ],
)
def test_the_comparison_lets_only_dots_vary(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
