"""Messages to a webhook: signed as "Standard Webhooks" says (standardwebhooks.com), sent again where that may help."""

import base64
import hashlib
import hmac
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from random import SystemRandom
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from segspark.config.load import reveal
from segspark.config.webhooks import Webhook, address_problem, on_this_machine
from segspark.errors import BadInputError

_RANDOM = SystemRandom()  # of pauses only: two drivers must not keep in step
_ID = re.compile(r"[!-\-/-~]+")  # no full stop: the signature has them between id, time and body
_AGAIN = {408, 425, 429, *range(500, 600)}
_ANSWER_BYTES = 4_096
# Why no answer came; the first that fits. The errors' own words hold the address.
_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "no TLS connection: check its certificate, and the authorities trusted here"),
    (requests.exceptions.ProxyError, "the proxy did not pass it on"),
    (requests.exceptions.Timeout, "no answer in time"),
    (requests.exceptions.ConnectionError, "no connection, or one that ended before an answer"),
)


@dataclass(frozen=True)
class Message:
    """What is sent: the id makes it one message however often it is sent, so that a receiver can leave out a repeat."""

    id: str
    body: Mapping[str, object] = field(repr=False)  # of customers: not for a log


@dataclass(frozen=True)
class Delivery:
    """What became of a message: after how many attempts, the last answer's status if there was one, why it failed."""

    id: str
    delivered: bool
    attempts: int
    status: int | None
    reason: str


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of one attempt by "Standard Webhooks": HMAC-SHA256 of id, time and body.

    Args:
        secret: `whsec_` and the key in base64; any other text is itself the key, in UTF-8.
        message_id: the message's id.
        timestamp: the attempt's time, in seconds since 1970.
        body: what is sent, byte for byte.

    Raises:
        BadInputError: the secret is empty, or what follows `whsec_` is no base64.

    Examples:
        >>> secret, message_id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
        >>> signature(secret, message_id, 1614265330, b'{"test": 2432232314}')
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    return _signed(_key(secret), message_id, timestamp, body)


def deliver(
    messages: Sequence[Message],
    hook: Webhook,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], object] = time.sleep,
    random: Callable[[], float] = _RANDOM.random,
) -> list[Delivery]:
    """Send messages from the driver, some at once, and tell of each, in the messages' order, what became of it.

    A status of 2xx is a delivery. After 408, 425, 429, 5xx and where no answer came, a message is sent again, with a
    new time and signature; any other status, redirects too, is an answer that would be the same again. A message that
    was delivered may have been delivered before: its answer may have been lost.

    Args:
        messages: a batch that the driver holds in memory, some thousands at most.
        hook: where to, and how patiently; secrets are read from the environment now.
        clock: the time, in seconds since 1970.
        sleep: waits for so many seconds.
        random: numbers from 0 to 1, which shorten the pauses by up to a half.

    Raises:
        BadInputError: a secret, the address, an id or a body cannot be used; nothing was sent. What the receiver does
            never raises.

    Examples:
        >>> import os
        >>> os.environ["DEMO_WEBHOOK"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        >>> nobody_there = Webhook(url="http://127.0.0.1:9/", secret="${ENV:DEMO_WEBHOOK}", attempts=2)
        >>> deliver([Message("msg_1", {"moved": 3})], nobody_there, sleep=lambda seconds: None)
        [Delivery(id='msg_1', delivered=False, attempts=2, status=None,
                  reason='no connection, or one that ended before an answer')]
    """
    letters = _letters(messages)
    with Postman(hook, clock=clock, sleep=sleep, random=random) as postman:
        return list(postman.threads.map(postman.sender.send, letters))


class Postman:
    """Sends messages to a webhook one by one, some at once, in threads of its own: as `deliver` does, without end.

    Args:
        hook: where to, and how patiently; secrets are read from the environment now.
        clock: the time, in seconds since 1970.
        sleep: waits for so many seconds.
        random: numbers from 0 to 1, which shorten the pauses by up to a half.

    Raises:
        BadInputError: a secret or the address cannot be used.
    """

    def __init__(
        self,
        hook: Webhook,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        random: Callable[[], float] = _RANDOM.random,
    ) -> None:
        url, keys = _address(hook), _keys(hook)
        self.session = _Session(hook.parallel)
        self.sender = _Sender(hook, url, keys, self.session, clock, sleep, random)
        self.threads = ThreadPoolExecutor(hook.parallel, thread_name_prefix="segspark-webhook")

    def send(self, message: Message) -> Future[Delivery]:
        """Begin to send a message.

        Raises:
            BadInputError: its id or its body cannot be used.
        """
        return self.threads.submit(self.sender.send, _letters([message])[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until everything was sent, or given up."""
        self.close()

    def close(self, cancel: bool = False) -> None:
        """Wait for what is being sent, and for the rest, unless that is not to be sent any more."""
        self.threads.shutdown(wait=True, cancel_futures=cancel)
        self.session.close()


@dataclass(frozen=True)
class _Letter:
    """A message as it is sent."""

    id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class _Answer:
    """What an attempt came to."""

    status: int | None
    reason: str
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def again(self) -> bool:
        return self.status is None or self.status in _AGAIN


@dataclass(frozen=True)
class _Sender:
    """What all letters of a batch are sent with."""

    hook: Webhook
    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    session: "_Session"
    clock: Callable[[], float]
    sleep: Callable[[float], object]
    random: Callable[[], float]

    def send(self, letter: _Letter) -> Delivery:
        attempts, answer = 1, self._attempt(letter)
        while answer.again and attempts < self.hook.attempts:
            self.sleep(self._pause_seconds(attempts, answer))
            attempts, answer = attempts + 1, self._attempt(letter)
        return Delivery(letter.id, answer.delivered, attempts, answer.status, answer.reason)

    def _pause_seconds(self, attempts: int, answer: _Answer) -> float:
        longest = self.hook.longest_pause_seconds
        own = min(longest, self.hook.first_pause_seconds * 2.0 ** (attempts - 1)) * (1 - self.random() / 2)
        return max(own, min(longest, _asked_seconds(answer.retry_after, self.clock())))

    def _attempt(self, letter: _Letter) -> _Answer:
        end = time.monotonic() + self.hook.timeout_seconds
        total: Any = Timeout(total=self.hook.timeout_seconds)  # requests takes it, but its types do not say so
        # What is sent in plain text to this machine must not leave it for a proxy.
        proxies = {"http": "", "https": ""} if on_this_machine(self.url) else {}
        try:
            response = self.session.post(
                self.url, data=letter.body, headers=self._headers(letter), timeout=total, proxies=proxies,
                stream=True, allow_redirects=False,
            )  # fmt: skip
            _finish(response, end - time.monotonic())
        except (OSError, HTTPError) as error:  # all of requests' errors are the former, and the latter slip through it
            other = f"it could not be sent ({type(error).__name__})"
            return _Answer(None, next((words for kind, words in _FAILURES if isinstance(error, kind)), other))
        status = response.status_code
        return _Answer(status, "" if 200 <= status < 300 else _words(status), response.headers.get("Retry-After"))

    def _headers(self, letter: _Letter) -> dict[str, str]:
        timestamp = int(self.clock())
        return {
            "content-type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(_signed(key, letter.id, timestamp, letter.body) for key in self.keys),
        }


def _words(status: int) -> str:
    """A status with the phrase that belongs to it: what a receiver writes there itself may tell of customers."""
    with suppress(ValueError):
        return f"{status} {HTTPStatus(status).phrase}"
    return str(status)


def _asked_seconds(retry_after: str | None, now: float) -> float:
    """For how long a receiver asks to be left alone; 0 where it does not, or not in a known form."""
    asked = (retry_after or "").strip()
    if asked.isdecimal():
        return float(asked)
    with suppress(ValueError, OverflowError, TypeError, IndexError):
        date = parsedate_to_datetime(asked)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    return 0.0


def _address(hook: Webhook) -> str:
    url = reveal(hook.url)
    if problem := address_problem(url, hook.allow_plain_http):
        raise BadInputError([f"webhook: {problem}"])
    return url


def _keys(hook: Webhook) -> tuple[bytes, ...]:
    return tuple(_key(reveal(secret)) for secret in (hook.secret, hook.previous_secret) if secret is not None)


def _key(secret: str) -> bytes:
    try:
        coded = secret.startswith("whsec_")
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True) if coded else secret.encode()
    except ValueError:
        key = b""
    if not key:  # not chained: the error holds the secret
        raise BadInputError(["webhook: secret: expected whsec_ and base64, or a text that is not empty"]) from None
    return key


def _signed(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _letters(messages: Sequence[Message]) -> list[_Letter]:
    letters, problems = [], []
    for number, message in enumerate(messages, start=1):
        if not _ID.fullmatch(message.id):
            problems.append(f"webhook: message {number}: its id must be of visible ASCII characters other than '.'")
        try:
            letters.append(_Letter(message.id, _json(message.body)))
        except (TypeError, ValueError) as error:
            problems.append(f"webhook: message {number}: its body cannot be said in JSON: {error}")
    if problems:
        raise BadInputError(problems)
    return letters


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(dict(body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _finish(response: requests.Response, seconds: float) -> None:
    """Take the rest of a short answer, so that its connection can be used again; any other ends with its connection."""
    length, sock = response.raw.length_remaining, getattr(response.raw.connection, "sock", None)
    if sock is not None and length is not None and length <= _ANSWER_BYTES:
        with suppress(OSError, HTTPError), _cut_after(sock, seconds):
            response.raw.read(_ANSWER_BYTES, decode_content=False)
    response.close()


@contextmanager
def _cut_after(sock: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection when the time is up: a timeout of sockets begins anew with each byte that dribbles in.

    Raises:
        TimeoutError: it was ended.
    """
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):  # it may have ended by itself
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise TimeoutError


class _Timely(HTTPConnection):
    """A connection whose answer has its head, however it dribbles, in time."""

    def getresponse(self) -> Any:  # two libraries have types for it
        with _cut_after(self.sock, self.timeout or 0):
            return super().getresponse()


class _TimelyTls(_Timely, HTTPSConnection):
    """The same through TLS."""


class _Adapter(HTTPAdapter):
    """Makes such connections, directly or through a proxy of HTTP; those through SOCKS stay what they are."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # two libraries have types for it
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        timely: dict[Any, Any] = {HTTPConnection: _Timely, HTTPSConnection: _TimelyTls}
        pool.ConnectionCls = timely.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool


class _Session(requests.Session):
    """Connections with proxies and certificate authorities from the environment, and nothing else from outside."""

    def __init__(self, parallel: int) -> None:
        super().__init__()
        self.headers.clear()
        self.headers["User-Agent"] = "segspark"
        self.auth = lambda request: request  # without one, passwords in .netrc would be sent
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter(pool_maxsize=parallel))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Nowhere: requests would read a redirect's whole body, even if it is not to be followed."""
        return None
