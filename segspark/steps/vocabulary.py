"""Vocabulary: the words in force, as a file for a team to edit."""

from pathlib import Path

from segspark.errors import BadInputError
from segspark.io.files import write_text
from segspark.segments.vocabulary import as_yaml
from segspark.steps.context import Context

_HEAD = """\
# Words that segments are named and described in: set naming.vocabulary to this file. What is left out stays built in.
# {value}, {average} and the like are filled in.
"""


def vocabulary(context: Context, output: str | None) -> None:
    """Write the words of the configured features, or print them. No Spark is started.

    Args:
        context: of the command.
        output: file to write; None: print.

    Raises:
        BadInputError: the file exists, or cannot be written.
    """
    text = _HEAD + as_yaml(context.vocabulary)
    if output is None:
        print(text, end="")
        return
    if Path(output).exists():
        raise BadInputError([f"--output {output}: there is such a file already; choose another name"])
    context.reporter.say(f"written to {write_text(output, text)}; naming.vocabulary is to name it")
