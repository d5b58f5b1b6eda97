"""Where messages of what changed are sent, and how patiently."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, model_validator

from segspark.config.base import SECRET, Model

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")  # what one reader of addresses drops, and another takes for something else


class Webhook(Model):
    """A receiver of messages: each is an HTTP POST, signed as "Standard Webhooks" says."""

    # An error must not tell what was written in place of a reference.
    model_config = ConfigDict(hide_input_in_errors=True)

    url: str = Field(
        description="https://...; http:// only to this machine; ${ENV:NAME} where the address itself is a secret"
    )
    secret: str = Field(
        description="${ENV:NAME} of what messages are signed with: whsec_ and 24 to 64 bytes in base64, or a text"
    )
    previous_secret: str | None = Field(
        None, description="${ENV:NAME} of the secret before: while it is given, messages have a signature of each"
    )
    allow_plain_http: bool = Field(
        False, description="http:// to other machines, too: whoever is between reads the messages"
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        5, description="an attempt without a whole answer after so long has failed"
    )
    attempts: Annotated[int, Field(ge=1, le=20)] = Field(5, description="how often a message is sent: once, and again")
    first_pause_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        0.5, description="between the first attempt and the second; twice as long each time after it, less chance"
    )
    longest_pause_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        30, description="no pause is longer, not even one that the receiver asks for (Retry-After)"
    )
    parallel: Annotated[int, Field(ge=1, le=64)] = Field(8, description="connections at once")

    @model_validator(mode="before")
    @classmethod
    def _no_literal_secret(cls, given: Any) -> Any:
        # Of the whole section and not of the field, as the error of a field tells what was found there.
        if isinstance(given, Mapping):
            for name in ("secret", "previous_secret"):
                written = given.get(name)
                if written is not None and not SECRET.fullmatch(str(written)):
                    raise ValueError(
                        f"{name}: must not stand here itself; put it into an environment variable and write its name: "
                        f"{name}: ${{ENV:WEBHOOK_SECRET}}"
                    )
        return given

    @model_validator(mode="after")
    def _usable(self) -> "Webhook":
        problem = None if SECRET.search(self.url) else address_problem(self.url, self.allow_plain_http)
        if problem:
            raise ValueError(problem)
        if self.first_pause_seconds > self.longest_pause_seconds:
            raise ValueError("first_pause_seconds: longer than longest_pause_seconds")
        return self


def address_problem(url: str, allow_plain_http: bool) -> str | None:
    """Why nothing can be sent to an address without `${ENV:NAME}`; None if it can. The address is not in the words.

    Examples:
        >>> address_problem("http://127.0.0.1:8080/hook", allow_plain_http=False)
        >>> address_problem("http://example.com/hook", allow_plain_http=False)
        'url: http:// can be read by whoever is between; use https://, or set allow_plain_http: true'
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # asked for, as a port that is no number shows only then
    except ValueError:
        return "url: not an address; expected one such as https://example.com/hook"
    if parts.scheme not in ("https", "http") or not host or _UNFIT.search(url):
        return "url: not an address; expected one such as https://example.com/hook"
    if "@" in parts.netloc:
        return "url: user and password do not belong there; a receiver knows segspark by the signature"
    if parts.scheme == "http" and not allow_plain_http and not on_this_machine(url):
        return "url: http:// can be read by whoever is between; use https://, or set allow_plain_http: true"
    return None


def on_this_machine(url: str) -> bool:
    """Whether an address is of this machine itself.

    Examples:
        >>> on_this_machine("http://[::1]:8080/hook"), on_this_machine("http://localhost.example.com/")
        (True, False)
    """
    return urlsplit(url).hostname in _THIS_MACHINE
