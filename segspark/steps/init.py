"""Init: a look at a user's files, and a commented starting configuration from it."""

import os
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.config import EntitySource
from segspark.config.model import Spark
from segspark.errors import BadInputError
from segspark.ingest.mapping import CORRUPT, mapping_problems
from segspark.ingest.proposal.document import yaml_text
from segspark.ingest.proposal.formats import named_format, one_table, source_name, text_format, text_options
from segspark.ingest.proposal.looks import Look, Seen
from segspark.ingest.proposal.proposals import Proposal
from segspark.ingest.proposal.proposing import propose_all
from segspark.ingest.proposal.recognition import TABLES
from segspark.io.failures import SPARK_FAILURES, why
from segspark.io.folders import File, reader_options
from segspark.io.session import open_session
from segspark.progress import Reporter

ROWS = 1_000  # looked at in each file
_COLUMNS, _WIDTH, _LINES = 300, 200, 50


def init(paths: Sequence[str], output: str, root: str, reporter: Reporter, verbose: bool = False) -> Path:
    """Write a starting configuration for these files and folders; read only their first rows.

    Args:
        paths: files, folders of files, Delta tables; local or as URLs.
        output: YAML file to write; it must not exist.
        root: folder of the tables.

    Raises:
        BadInputError: the output exists, or files cannot be read or are empty, all named at once.
    """
    target = Path(output)
    if os.path.lexists(target):
        raise _exists(output)
    found = _inputs(paths, reporter)
    spark = open_session(Spark.model_validate({}), verbose)
    looks, frames = _looked_at(spark, found, target)
    proposals = [_probed(one, frames) for one in propose_all(looks)]
    remote = "://" in root or "${" in root
    place = root if remote else _relative(root, target)
    text = yaml_text(proposals, place, None if remote else f"sqlite:///{place}/mlflow/mlflow.db", output)
    _write_new(target, text)
    for one in proposals:
        reporter.say(one.summary)
    reporter.say(f"wrote {output}: read every line, complete what has ???, then run the commands at its top")
    return target


def _exists(output: str) -> BadInputError:
    return BadInputError(
        [f"{output}: exists already, and is never overwritten; move it away or choose another --output"]
    )


def _inputs(paths: Sequence[str], reporter: Reporter) -> list[str]:
    """The data files and tables behind what was named; from a folder only what is known to be data."""
    found: list[str] = []
    problems: list[str] = []
    for path in paths:
        place = Path(path)
        if "://" in path or place.is_file() or _one_table(place):
            found.append(path)
        elif not place.is_dir():
            problems.append(f"{path}: nothing found; give files or folders with data")
        else:
            children = sorted(child for child in place.iterdir() if not child.name.startswith((".", "_")))
            data = [child for child in children if _one_table(child) or (child.is_file() and named_format(child.name))]
            if not data:
                problems.append(f"{path}: no CSV, JSON or Parquet file and no Delta table in it; name the files")
            elif len(data) < len(children):
                reporter.say(f"passed over: {', '.join(child.name for child in children if child not in data)}")
            found += [str(child) for child in data]
    if problems:
        raise BadInputError(problems)
    return list(dict.fromkeys(found))


def _one_table(place: Path) -> bool:
    """Whether a folder is a single table: Delta's, or what Spark writes."""
    return place.is_dir() and one_table(child.name for child in place.iterdir())


def _looked_at(spark: SparkSession, paths: Sequence[str], target: Path) -> tuple[list[Look], dict[str, DataFrame]]:
    """Each file's first rows, and its rows unread; every file that cannot be read is named."""
    looks: list[Look] = []
    frames: dict[str, DataFrame] = {}
    problems: list[str] = []
    for path in paths:
        try:
            format_, options, rows = _opened(spark, path)
            columns = _columns(rows, path)
        except BadInputError as error:
            problems += error.problems
            continue
        except SPARK_FAILURES as error:
            problems.append(f"{why(error, named_format(path) or 'data', path)}")
            continue
        name = source_name(path, frames)
        shown = path if "://" in path else File(_relative(path, target), 0, "").literal
        looks.append(Look(name, format_, shown, columns, options))
        frames[name] = rows
    if problems:
        raise BadInputError(problems)
    return looks, frames


def _opened(spark: SparkSession, path: str) -> tuple[str, dict[str, str], DataFrame]:
    """The format, the reader's options and the rows."""
    place, literal = Path(path), path if "://" in path else File(str(Path(path).absolute()), 0, "").literal
    format_ = _format(place)
    options: dict[str, str] = {}
    if format_ in (None, "csv", "json"):
        lines = [str(row[0]) for row in spark.read.text(literal).limit(_LINES).collect()]  # at most _LINES
        if not any(line.strip() for line in lines):
            raise BadInputError([f"{path}: is empty; leave it out"])
        format_ = text_format(lines)
        options = text_options(format_, lines)
    rows = spark.read.format(format_).options(**reader_options(format_, options)).load(literal)
    return format_, options, rows


def _format(place: Path) -> str | None:
    """By what is there; None where only the text can tell."""
    if (place / "_delta_log").is_dir():
        return "delta"
    files = sorted(f for f in place.rglob("*") if f.is_file() and not f.name.startswith((".", "_")))
    first = files[0] if place.is_dir() and files else place
    if first.is_file():
        with first.open("rb") as opened:
            return "parquet" if opened.read(4) == b"PAR1" else None
    return named_format(place.name) or ("delta" if "://" in str(place) or ":/" in str(place) else None)


def _columns(rows: DataFrame, path: str) -> tuple[Seen, ...]:
    names = [name for name in rows.columns if name != CORRUPT][:_COLUMNS]
    if not names:
        raise BadInputError([f"{path}: has no columns that could be read; is it CSV, JSON lines, Parquet or Delta?"])
    types = {field.name: field.dataType.simpleString() for field in rows.schema.fields}
    nested = [name for name in names if Seen(name, types[name], ()).nested]
    texts = [
        F.lit(None).cast("string") if name in nested else F.substring(F.col(quoted(name)).cast("string"), 1, _WIDTH)
        for name in names
    ]
    first = rows.select(*(text.alias(f"c{place}") for place, text in enumerate(texts))).limit(ROWS).collect()  # ROWS
    if not first:
        raise BadInputError([f"{path}: has no rows; leave it out"])
    return tuple(Seen(name, types[name], tuple(row[place] for row in first)) for place, name in enumerate(names))


def _relative(path: str, target: Path) -> str:
    """A path as the configuration names it: relative to its folder where it was given relative to the current one."""
    return path if Path(path).is_absolute() else os.path.relpath(path, target.parent)


def _probed(found: Proposal, frames: dict[str, DataFrame]) -> Proposal:
    """Without the expressions that cannot be used; what is wrong with them stays as a remark."""
    if found.table is None:
        return found
    table = TABLES[found.table]
    rows = frames[found.look.name]
    if found.join:
        other = frames[found.join.look.name].select(*map(quoted, (found.join.key, *found.join.columns)))
        rows = rows.join(other, on=found.join.key, how="left")
    source = EntitySource.model_validate(
        {"name": found.look.name, "path": found.look.path, "columns": found.expressions}
    )
    place = f"sources.{table.name}.{source.name}.columns."
    problems = mapping_problems(rows, table, source)
    return found.without(dict(line.removeprefix(place).split(": ", 1) for line in problems))


def _write_new(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise _exists(str(target)) from None
    except OSError as error:
        raise BadInputError([f"{target}: cannot be written: {error.strerror}; choose another --output"]) from error
