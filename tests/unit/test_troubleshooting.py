"""The messages that docs/troubleshooting.md explains are messages of the code as it is now."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MESSAGES = re.findall(r"^\*\*`(.+)`\*\* \([123]\)$", (ROOT / "docs" / "troubleshooting.md").read_text("utf-8"), re.M)


def texts(source: str) -> Iterator[str]:
    """The string literals of a module but its docstrings, parts put together, each value filled in as a zero byte.

    Examples:
        >>> list(texts("'''Docs.'''\\nx = f'no {name} at ' 'all'"))
        ['no \\x00 at all']
    """
    tree = ast.parse(source)
    passed = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    passed |= {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in passed:
            yield one.value
        elif isinstance(one, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in one.values)


@pytest.fixture(scope="module")
def said() -> list[str]:
    found = [text for file in sorted((ROOT / "segspark").rglob("*.py")) for text in texts(file.read_text("utf-8"))]
    return [" ".join(text.split()) for text in found]


def test_the_page_explains_many_messages_each_once() -> None:
    assert len(MESSAGES) >= 25
    assert len(set(MESSAGES)) == len(MESSAGES)


def is_said(message: str, said: list[str]) -> bool:
    """Whether one text has the message's parts in their order; `...` stands for anything."""
    pattern = re.compile(".*?".join(re.escape(part.strip()) for part in message.split("...")))
    return any(pattern.search(text) for text in said)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_is_still_in_the_code(message: str, said: list[str]) -> None:
    assert is_said(message, said)


@pytest.mark.parametrize("message", ["is not a Parquet table", "check path ... nothing found at", "xy"])
def test_a_message_is_not_found_where_words_or_their_order_differ(message: str) -> None:
    assert not is_said(message, ["nothing found at \0; check path", "\0 is not a Delta table", "x\0y"])
