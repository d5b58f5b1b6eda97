"""What Spark's failures over a user's files and expressions mean, in words and with what to do."""

import re

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from segspark.errors import BadInputError

SPARK_FAILURES = (PySparkException, Py4JJavaError)  # the second: what a task met, where Python has no class for it
_UNREAD = re.compile(r"\[(FAILED_READ_FILE[.\w]*)\] ([^\n]*)")
_OF_A_ROW = (
    *("CAST_", "CANNOT_PARSE", "DIVIDE_BY_ZERO", "REMAINDER_BY_ZERO", "ARITHMETIC_", "BINARY_ARITHMETIC_", "INVALID_"),
    *(
        "NUMERIC_",
        "DATETIME_",
        "INTERVAL_",
        "CONVERSION_",
        "MALFORMED_",
        "ELEMENT_AT_",
        "NULL_MAP_KEY",
        "DUPLICATED_MAP",
    ),
)


class RowFailure(BadInputError):
    """An expression of the user's fails on a row, so that none of the rows with it can be read."""


def why(error: Exception, format_: str, path: str) -> str:
    """What was wrong with a path, in words and with what to do."""
    condition = _condition(error)
    if condition == "PATH_NOT_FOUND":
        return f"nothing found at {path}; check path (relative paths are relative to the file that names them)"
    if condition == "DELTA_TABLE_NOT_FOUND" or "is not a Delta table" in str(error):
        return f"{path} is not a Delta table; check path and format"
    if condition == "UNABLE_TO_INFER_SCHEMA":
        return f"no {format_} data found at {path}; check path and format"
    if isinstance(error, Py4JJavaError):  # a task failed over the files' content
        return f"{path} cannot be read as {format_}; check format"
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), condition)
    return f"{path} cannot be read as {format_}: {first}"


def met_in_rows(error: Exception, place: str) -> Exception:
    """What a job met while it read rows: a user's own CAST that fails, a file that cannot be read; else the error.

    Args:
        error: a failure of Spark.
        place: whose rows these were, for the message.

    Examples:
        >>> damaged = Exception("a task failed: [FAILED_READ_FILE.FILE_NOT_EXIST] Error while reading file:/in/a.csv.")
        >>> type(met_in_rows(damaged, "sources.events")).__name__, met_in_rows(KeyError("k"), "sources.events")
        ('BadInputError', KeyError('k'))
    """
    if unread := _UNREAD.search(str(error)):
        advice = (
            "A file vanished, changed or is damaged; nothing was written: mend or remove it and run the command again"
        )
        return BadInputError([f"{place}: {unread[2]} {advice}"])
    if _condition(error).startswith(_OF_A_ROW):
        first = str(error).strip().splitlines()[0]
        advice = "use try_cast, try_to_timestamp or try_divide, and the row is quarantined instead"
        return RowFailure([f"{place}: an expression failed on a row: {first}; {advice}"])
    return error


def _condition(error: Exception) -> str:
    """The name that Spark gives to what went wrong; empty where it gives none."""
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""
