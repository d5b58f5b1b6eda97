"""The errors that segspark raises on purpose, each with the exit code that the command line returns for it."""

from collections.abc import Iterable


class SegsparkError(Exception):
    """Something failed; the message says what was found, what was expected and what to do.

    Examples:
        >>> SegsparkError("the disk is full").exit_code
        1
    """

    exit_code = 1


class BadInputError(SegsparkError):
    """The configuration or the data cannot be used as given. All problems found are reported at once.

    Args:
        problems: one line each, starting with the place (a configuration path, a file, a column).

    Examples:
        >>> error = BadInputError(["time.business_timezone: unknown zone 'Mars'", "sources: none given"])
        >>> error.exit_code
        2
        >>> print(error)
        2 problems:
          - time.business_timezone: unknown zone 'Mars'
          - sources: none given
        >>> print(BadInputError(["sources: none given"]))
        sources: none given
    """

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(self.problems[0])
        else:
            lines = "\n".join(f"  - {problem}" for problem in self.problems)
            super().__init__(f"{len(self.problems)} problems:\n{lines}")


class RefusedError(SegsparkError):
    """A gate refused: nothing was published.

    Examples:
        >>> RefusedError("no structure was found").exit_code
        3
    """

    exit_code = 3
