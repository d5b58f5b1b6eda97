"""A receiver of webhooks: a real server that answers as it is told, or not at all."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from segspark.config.webhooks import Webhook

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Taken:
    """A request as it came."""

    id: str
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]


@dataclass
class Receiver:
    """What it took so far, and the answers that it will give next; after them it says 204."""

    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    always: Answer | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def hook(self, **given: object) -> Webhook:
        return Webhook.model_validate({"url": self.url, "secret": "${ENV:HOOK}"} | given)


@contextlib.contextmanager
def running(certificate: Path | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            receiver.taken.append(Taken(headers["webhook-id"], headers, body, self.client_address))
            answer = receiver.always or (receiver.answers.popleft() if receiver.answers else status(204))
            with contextlib.suppress(OSError):  # whoever asked has left
                answer(self)

        do_GET = do_POST  # what a redirect would lead to

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}/hook?token=hush"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def status(code: int, phrase: str | None = None, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code, phrase)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if code != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def dribble(head: bytes, every_seconds: float = 0.02, piece: bytes = b"x") -> Answer:
    """Bytes without an end, each in time."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in range(round(5 / (every_seconds or 0.001))):
            handler.wfile.write(piece)
            time.sleep(every_seconds)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def slowly(receiver: Receiver) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        receiver.over.wait(5)
        handler.close_connection = True

    return answer
