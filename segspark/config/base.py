"""What all sections of the configuration are made of."""

import re
from collections.abc import Sequence
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FEWEST = 11  # customers; what is told of fewer would tell about persons
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
SECRET = re.compile(r"\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}")  # a reference to an environment variable


def _identifier(name: str) -> str:
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"'{name}' is not a plain name: lower-case letters, digits and _, starting with a letter")
    return name


def repeated(names: Sequence[str]) -> list[str]:
    """The names that are given more than once, sorted.

    Examples:
        >>> repeated(["b", "a", "b"])
        ['b']
    """
    return sorted({name for name in names if names.count(name) > 1})


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"unknown time zone '{name}'; use a name of the IANA database such as America/New_York or UTC")
    return name


Identifier = Annotated[str, AfterValidator(_identifier)]
Zone = Annotated[str, AfterValidator(_zone)]
PositiveInt = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Model(BaseModel):
    """Base of every section: frozen, and strict about keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
