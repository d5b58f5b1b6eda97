"""The document: proposals as commented YAML; whatever names and values hold, they stay what they are."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import yaml

from segspark.ingest.proposal.claims import LIKELY
from segspark.ingest.proposal.looks import Look, squashed
from segspark.ingest.proposal.proposals import Guess, Joined, Proposal
from segspark.ingest.proposal.vocabulary import CALLED

_ORDER = ("events", "customers", "products", "campaigns", "feedback", "consents", "identity_links")
_NAMED = 30  # columns that a comment lists


def yaml_text(proposals: Sequence[Proposal], root: str, store: str | None, command: str) -> str:
    """The configuration as commented YAML.

    Args:
        root: folder of the tables.
        store: MLflow's store; None to leave its default.
        command: the configuration's path as the next commands name it.

    Examples:
        >>> print(yaml_text([], "lake", None, "segspark.yaml"))
        # Proposed by `segspark init` from the first rows of each file. Nothing here is certain: read every line,
        ...
        workspace:
          root: lake
        ...
        sources:
          # events: ???  no file looks like events; at least one must be
    """
    newest = max((found.newest for found in proposals if found.newest), default=None)
    lines = [
        *_head_lines(command, newest),
        "",
        *_setting_lines(root, store, *_currency(proposals)),
        "",
        "sources:",
        *(line for table in _ORDER for line in _table_lines(table, proposals)),
        *(_unplaced_line(found) for found in proposals if found.table is None),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _head_lines(command: str, newest: date | None) -> list[str]:
    as_of = (newest + timedelta(days=1)).isoformat() if newest else "DATE"
    why = (
        f"as_of: the day after the newest time seen, {newest}; the files may hold later ones"
        if newest
        else "as_of: no times were seen; take the day after the newest event"
    )
    return [
        "# Proposed by `segspark init` from the first rows of each file. Nothing here is certain: read every line,",
        "# complete what has ???, delete what is wrong. Then:",
        _comment(f"  segspark ingest --check --config {command} --as-of {as_of}"),
        _comment(f"  segspark run --config {command} --as-of {as_of}"),
        _comment(why),
    ]


def _setting_lines(root: str, store: str | None, currency: str, why_currency: str) -> list[str]:
    return [
        "workspace:",
        f"  root: {_scalar(root)}",
        "time:",
        "  business_timezone: UTC  # ??? zone of dates and of as_of's midnight, such as Europe/Berlin",
        "  input_timezone: UTC  # ??? zone of times that name none",
        "money:",
        f"  currency: {_scalar(currency)}  {_comment(why_currency)}",
        *([] if store is None else ["tracking:", f"  uri: {_scalar(store)}"]),
    ]


def _currency(proposals: Iterable[Proposal]) -> tuple[str, str]:
    """The currency that most events name, and what speaks for it."""
    columns = [seen for found in proposals if found.table == "events" for seen in found.look.columns]
    named = [seen for seen in columns if squashed(seen.name) in CALLED["currency"]]
    counts = Counter(value for seen in named for value in seen.values if re.fullmatch("[A-Z]{3}", value))
    if not counts:
        return "USD", "??? no currency was seen"
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    others = f"; rows in {', '.join(ranked[1:4])} would be refused" if ranked[1:] else ""
    return ranked[0], f"{LIKELY}: seen in the events{others}"


def _table_lines(table: str, proposals: Iterable[Proposal]) -> list[str]:
    """A table's sources; a remark where there are none of events, without which nothing runs."""
    sources = [found for found in proposals if found.table == table]
    if not sources:
        return ["  # events: ???  no file looks like events; at least one must be"] if table == "events" else []
    return [f"  {table}:", *(line for found in sources for line in [*_source_lines(found), ""])]


def _source_lines(found: Proposal) -> list[str]:
    look, personal = found.look, found.personal
    left = [name for name in found.unused if name not in personal]
    return [
        f"    {_comment(f'{look.name}: {found.table}, because {found.why}')}",
        f"    - name: {_scalar(look.name)}",
        f"      format: {_scalar(look.format)}",
        f"      path: {_scalar(look.path)}",
        *_option_lines(look, "      "),
        *(_join_lines(found.join) if found.join else []),
        *_personal_lines(personal),
        "      columns:" if found.expressions else "      columns: {}",
        *map(_guess_line, found.guesses),
        *([f"      {_comment('not used: ' + ', '.join(left[:_NAMED]))}"] if left else []),
    ]


def _option_lines(look: Look, indent: str) -> list[str]:
    options = [f"{indent}  {_scalar(key)}: {_scalar(value)}" for key, value in look.options.items()]
    return [f"{indent}options:", *options] if options else []


def _join_lines(join: Joined) -> list[str]:
    return [
        "      joins:",
        f"        - format: {_scalar(join.look.format)}",
        f"          path: {_scalar(join.look.path)}",
        *_option_lines(join.look, "          "),
        f"          keys: {_flow([join.key])}  {_comment('guessed: unique there in the rows seen')}",
        f"          columns: {_flow(join.columns)}",
    ]


def _personal_lines(personal: Sequence[str]) -> list[str]:
    if not personal:
        return []
    return [f"      personal: {_flow(personal)}  {_comment('by name or values; complete the list')}"]


def _guess_line(guess: Guess) -> str:
    if guess.expression is None:
        return f"        {_comment(f'{guess.column}: ???  {guess.why}')}"
    return f"        {guess.column}: {_scalar(guess.expression)}  {_comment(f'{guess.sure}: {guess.why}')}"


def _unplaced_line(found: Proposal) -> str:
    names = ", ".join(seen.name for seen in found.look.columns[:_NAMED])
    return _comment(f"{found.look.name} ({found.look.path}): no source of its own; {found.why}. Columns: {names}")


def _scalar(text: str) -> str:
    """A text as YAML on one line, that is read back as just this text."""
    style = None if text.isprintable() else '"'
    dumped = yaml.safe_dump(text, width=10**9, allow_unicode=text.isprintable(), default_style=style)
    return dumped.removesuffix("...\n").strip()


def _flow(texts: Iterable[str]) -> str:
    """Each quoted: a plain scalar that is fine in a block may end a list."""
    return "[" + ", ".join(yaml.safe_dump(text, width=10**9, default_style='"').strip() for text in texts) + "]"


def _comment(text: str) -> str:
    """One line of comment, whatever the text holds."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return "# " + (line if len(line) <= 400 else line[:399] + "…")
