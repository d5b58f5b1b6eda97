"""docs/bring-your-own-data.md, followed to the letter: every block is run, everything it shows is compared.

The page's conventions. A block ```yaml title="FILE" is appended to FILE. A block ```bash runs as one script. In a block
```console a line `$ COMMAND` is run, and the lines up to the next one are what it prints, errors included; it must end
with 0. A block ```python is run, and a block ```text right after it is what it prints. In what is shown, `...` stands
for anything within a line, and a line of nothing else for any number of lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bring-your-own-data.md"
# What the page's commands touch of the repository; the environment and built things stay out.
COPIED = ["setup.py", "pyproject.toml", "LICENSE", "segspark", "jobs", "examples"]
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START = ". .venv/env.sh\ncd examples/shop\n"


@dataclass(frozen=True)
class Block:
    language: str
    title: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    return [
        Block(found[1], found[2] or "", found[3], page[: found.start()].count("\n") + 1)
        for found in FENCE.finditer(page)
    ]


def matches(shown: str, printed: str) -> bool:
    lines = [line.rstrip() for line in shown.rstrip().splitlines()]
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else ".*?".join(map(re.escape, line.split("..."))) + r"[ \t]*\n"
        for line in lines
    )
    said = printed.rstrip()
    return re.fullmatch(pattern, said and said + "\n") is not None


class Reader:
    """Someone who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        binaries = str(Path(sys.executable).parent)
        self.environment = os.environ | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
        # Settings of the session that runs the tests are no part of what a reader has.
        for name in ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET", "MLFLOW_TRACKING_URI", "FORCE_COLOR"):
            self.environment.pop(name, None)
        self.last_python = ""

    def follow(self, block: Block) -> None:
        if block.language == "yaml":
            assert block.title, f"line {block.line}: a yaml block must name its file"
            with (self.folder / block.title).open("a", encoding="utf-8") as out:
                out.write(block.text)
        elif block.language == "bash":
            self.run(["bash", "-euc", block.text], block)
        elif block.language == "console":
            self.console(block)
        elif block.language == "python":
            self.last_python = self.run([sys.executable, "-c", block.text], block, errors=False)
        elif block.language == "text":
            self.compare(block.text, self.last_python, block)
        else:
            pytest.fail(f"line {block.line}: nobody knows how to follow a block of {block.language}")

    def console(self, block: Block) -> None:
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            printed = self.run(["bash", "-uc", command], block)
            self.compare(shown, printed, block)

    def run(self, command: list[str], block: Block, errors: bool = True) -> str:
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True, encoding="utf-8", timeout=1200,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT if errors else subprocess.PIPE, check=False,
        )  # fmt: skip
        said = ended.stdout + (ended.stderr or "")
        assert ended.returncode == 0, f"line {block.line}: {command[-1]}\n{said}"
        return ended.stdout

    def compare(self, shown: str, printed: str, block: Block) -> None:
        assert matches(shown, printed), f"line {block.line} shows\n{shown}\nbut it prints\n{printed}"


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


def test_whoever_follows_the_page_gets_what_it_shows(folder: Path) -> None:
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
