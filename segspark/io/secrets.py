"""Options with secrets: resolved for the reader, and never in a message."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from segspark.config.base import SECRET
from segspark.config.load import reveal

_SECRET_KEYS = re.compile(r"password|secret|token|credential|jaas|key$", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"""(?:password|passwd|pwd|secret|token)\s*=\s*["']?([^&;"'\s]+)|://[^/@\s:]*:([^/@\s]+)@""", re.I
)
_FRAME = re.compile(r"at |\.\.\. \d+ |An error occurred while calling|Caused by: |JVM stacktrace")
_WRAPPED = re.compile(r"^: |^\[STREAM_FAILED\].*?terminated with exception: | SQLSTATE: \w{5}$")
_PACKAGE = re.compile(r"\b(?:[a-z][\w$]*\.)+(?=[A-Z][\w$]*(?:Exception|Error)\b)")
_CLASS = re.compile(r"^(?:\w+(?:Exception|Error): )+")

Given = Mapping[str, str | int | float | bool]


def revealed(options: Given) -> dict[str, str]:
    """Reader options with `${ENV:NAME}` resolved: as late as possible, and to be given to nobody but the reader.

    Raises:
        BadInputError: a variable is not set.
    """
    return {key: reveal(str(value)) for key, value in options.items()}


def without_secrets(text: str, options: Given) -> str:
    """A message with every secret of these options blotted out, whether it came from the environment or was written.

    Examples:
        >>> without_secrets("no access to jdbc:x://h/d?password=p%40ss: p@ss", {"url": "jdbc:x://h/d?password=p%40ss"})
        'no access to jdbc:x://h/d?password=***: ***'
    """
    secrets: set[str] = set()
    for key, value in options.items():
        given = str(value)
        secrets |= {reveal(match[0]) for match in SECRET.finditer(given)}
        secrets |= {found for match in _IN_TEXT.findall(reveal(given)) for found in match if found}
        if _SECRET_KEYS.search(key):
            secrets.add(reveal(given))
    secrets |= {unquote(secret) for secret in secrets}
    for secret in sorted(secrets - {""}, key=lambda one: (-len(one), one)):
        text = text.replace(secret, "***")
    return text


def first_words(error: Exception) -> str:
    r"""What an error of Spark's or of a library below it says, in one line: what went wrong, and its innermost cause.

    Examples:
        >>> first_words(Exception("An error occurred while calling o1.load.\n: java.io.IOException: gone\n\tat a.b"))
        'gone'
    """
    # Spark's own errors keep their causes in the trace.
    trace = getattr(error, "_stackTrace", None) or getattr(error, "_server_stacktrace", None) or ""
    lines = [line.strip() for line in [*str(error).splitlines(), *str(trace).splitlines()]]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    own = [line for line in lines if line and not _FRAME.match(line)] or [type(error).__name__]
    said = _PACKAGE.sub("", causes[0] if causes else _WRAPPED.sub("", own[0]))
    first, last = _CLASS.sub("", said), _PACKAGE.sub("", causes[-1]) if causes else ""
    return first if _CLASS.sub("", last) in first else f"{first} ({last})"
