"""Pages of the documentation, followed to the letter: their blocks, what runs them, and what they show.

The pages' conventions. A block ```yaml title="FILE" is appended to FILE. A block ```bash runs as one script. In a block
```console a line `$ COMMAND` is run, and the lines up to the next one are what it prints, errors included; it must end
with 0. A block ```python is run, and a block ```text right after it is what it prints. In what is shown, `...` stands
for anything within a line, and a line of nothing else for any number of lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
