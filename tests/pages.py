"""Pages of the documentation, followed to the letter: their blocks, what runs them, and what they show.

The pages' conventions. A block ```yaml title="FILE" is appended to FILE. A block ```bash runs as one script. In a block
```console a line `$ COMMAND` is run, and the lines up to the next one are what it prints, errors included; it must end
with 0. A block ```python is run, and a block ```text right after it is what it prints. In what is shown, `...` stands
for anything within a line, and a line of nothing else for any number of lines.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from segspark.cli import main

# A command of segspark as a page shows it, without anything else of the shell than the question how it ended.
OWN = re.compile(r"segspark ([^|<>;&`$\n]+)(; echo \"exit code \$\?\")?\n")
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
    """Someone who does what the page says.

    Commands of segspark alone run in this process: its JVM is there and warm, and starting one takes most of the time
    of a small job. Everything else is a process of its own.
    """

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
            own = OWN.fullmatch(command + "\n")
            printed = self.here(*own.groups()) if own else self.run(["bash", "-uc", command], block)
            self.compare(shown, printed, block)

    def here(self, arguments: str, asked: str | None) -> str:
        """What a command of segspark prints, errors included."""
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            patch.chdir(self.folder)
            patch.setenv("COLUMNS", self.environment["COLUMNS"])
            code = main(shlex.split(arguments))
        assert asked or code == 0, f"segspark {arguments}\n{said.getvalue()}"
        return said.getvalue() + (f"exit code {code}\n" if asked else "")

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
