"""Messages to a webhook: a real receiver that answers as it likes, or not at all."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import ipaddress
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from segspark.errors import BadInputError
from segspark.io.webhooks import Delivery, Message, deliver, signature
from tests.receiver import Receiver, dribble, hang_up, running, slowly, status

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's example
NOW = 1_700_000_000.75  # 2023-11-14 22:13:20.75 UTC


@pytest.fixture
def receiver(monkeypatch) -> Iterator[Receiver]:
    monkeypatch.setenv("HOOK", SECRET)
    with running() as server:
        yield server


def send(receiver: Receiver, *messages: Message, **given: object) -> tuple[list[Delivery], list[float]]:
    """What became of messages, and the pauses that were made; the clock stands still, chance shortens nothing."""
    pauses: list[float] = []
    found = deliver(
        messages or [Message("msg_1", {"n": 1})],
        receiver.hook(**given),
        clock=lambda: NOW,
        sleep=pauses.append,
        random=lambda: 0.0,
    )
    return found, pauses


def delivered(attempts: int, code: int = 204) -> Delivery:
    return Delivery("msg_1", True, attempts, code, "")


def test_the_signature_is_that_of_the_specifications_example():
    found = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_compact_json_in_utf_8_with_the_headers_of_the_specification(receiver):
    assert send(receiver, Message("msg_1", {"name": "Zoë", "n": [1, 2.5, None]})) == ([delivered(1)], [])
    taken = receiver.taken[0]
    assert taken.body == '{"name":"Zoë","n":[1,2.5,null]}'.encode()
    assert taken.headers["content-type"] == "application/json"
    assert (taken.id, taken.headers["webhook-timestamp"]) == ("msg_1", "1700000000")


def test_a_receiver_can_verify_the_signature(receiver):
    send(receiver)
    taken = receiver.taken[0]
    key = base64.b64decode(SECRET.split("_")[1])
    said = b"msg_1." + taken.headers["webhook-timestamp"].encode() + b"." + taken.body
    expected = base64.b64encode(hmac.digest(key, said, "sha256")).decode()
    assert taken.headers["webhook-signature"] == f"v1,{expected}"


def test_while_a_secret_is_replaced_there_is_a_signature_of_each(receiver, monkeypatch):
    monkeypatch.setenv("BEFORE", "pässword")
    send(receiver, previous_secret="${ENV:BEFORE}")
    new, old = receiver.taken[0].headers["webhook-signature"].split(" ")
    said = b'msg_1.1700000000.{"n":1}'
    assert new == signature(SECRET, "msg_1", 1_700_000_000, b'{"n":1}')
    assert old == "v1," + base64.b64encode(hmac.digest("pässword".encode(), said, hashlib.sha256)).decode()


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_fails_once_is_delivered_at_the_second_attempt_with_the_same_id(receiver, code):
    receiver.answers.append(status(code))
    assert send(receiver)[0] == [delivered(2)]
    assert [(taken.id, taken.body) for taken in receiver.taken] == [("msg_1", b'{"n":1}')] * 2


def test_each_attempt_has_its_own_time_and_signature(receiver):
    receiver.answers.append(status(500))
    times = iter([1_700_000_000.0, 1_700_000_050.0, 1_700_000_100.0])
    deliver([Message("msg_1", {})], receiver.hook(), clock=lambda: next(times), sleep=lambda _: None)
    for taken, second in zip(receiver.taken, (1_700_000_000, 1_700_000_100), strict=True):
        assert taken.headers["webhook-timestamp"] == str(second)
        assert taken.headers["webhook-signature"] == signature(SECRET, "msg_1", second, b"{}")


def test_a_receiver_that_only_fails_gets_all_attempts_and_pauses_twice_as_long_each_time(receiver):
    receiver.always = status(503)
    found, pauses = send(receiver, attempts=6, first_pause_seconds=0.5, longest_pause_seconds=3)
    assert found == [Delivery("msg_1", False, 6, 503, "503 Service Unavailable")]
    assert len(receiver.taken) == 6
    assert pauses == [0.5, 1, 2, 3, 3]


def test_chance_shortens_a_pause_by_up_to_a_half(receiver):
    receiver.always = status(500)
    pauses: list[float] = []
    chances = iter([1.0, 0.5])
    deliver([Message("msg_1", {})], receiver.hook(attempts=3), sleep=pauses.append, random=lambda: next(chances))
    assert pauses == [0.25, 0.75]


@pytest.mark.parametrize(("code", "reason"), [(400, "400 Bad Request"), (410, "410 Gone"), (499, "499"), (600, "600")])
def test_an_answer_that_would_be_the_same_again_fails_at_once(receiver, code, reason):
    receiver.always = status(code)
    assert send(receiver) == ([Delivery("msg_1", False, 1, code, reason)], [])
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver, code):
    receiver.always = status(code, Location=receiver.url)
    [found], pauses = send(receiver)
    assert (found.delivered, found.attempts, found.status, pauses) == (False, 1, code, [])
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("7", 7),
        ("0", 0.5),  # its own pause is longer
        ("99999", 30),
        ("9" * 5_000, 30),
        ("Tue, 14 Nov 2023 22:13:28 GMT", 7.25),
        ("Tue, 14 Nov 2023 22:13:28 -0000", 7.25),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.5),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30),
        ("soon", 0.5),
        ("-3", 0.5),
        ("Tue, 14 Nov 99999999999999999999 22:13:28 GMT", 0.5),
    ],
)
def test_a_pause_that_the_receiver_asks_for_is_made_up_to_the_longest(receiver, asked, pause):
    receiver.answers.append(status(429, Retry_After=asked))
    assert send(receiver) == ([delivered(2)], [pytest.approx(pause)])


def test_a_receiver_that_is_too_slow_twice_gets_the_message_at_the_third_attempt(receiver):
    receiver.answers += [slowly(receiver), slowly(receiver)]
    assert send(receiver, timeout_seconds=0.15)[0] == [delivered(3)]
    assert [taken.id for taken in receiver.taken] == ["msg_1"] * 3


def test_a_receiver_that_hangs_up_gets_the_message_again(receiver):
    receiver.answers += [hang_up, hang_up]
    assert send(receiver)[0] == [delivered(3)]


def test_where_nobody_listens_the_delivery_says_so(receiver):
    found, pauses = send(receiver, url="http://127.0.0.1:9/?token=hush", attempts=3)
    assert found == [Delivery("msg_1", False, 3, None, "no connection, or one that ended before an answer")]
    assert pauses == [0.5, 1]


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX-Much: ", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 "], ids=range(3)
)
def test_an_answer_that_dribbles_has_failed_when_its_time_is_up(receiver, head):
    receiver.always = dribble(head)
    start = time.monotonic()
    found, _ = send(receiver, timeout_seconds=0.2, attempts=1)
    assert found == [Delivery("msg_1", False, 1, None, "no answer in time")]
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "length", [b"Content-Length: 4000", b"Content-Length: 99999999", b"Transfer-Encoding: chunked"]
)
def test_what_dribbles_after_the_status_is_not_waited_for_beyond_the_time_of_an_attempt(receiver, length):
    receiver.always = dribble(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n")
    start = time.monotonic()
    assert send(receiver, timeout_seconds=0.2)[0] == [delivered(1, 200)]
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "rest",
    [
        b"500 No\r\n\r\n",
        b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"302 Found\r\nLocation: /\r\nContent-Length: 99999999\r\n\r\n",
    ],
    ids=["until the end", "in chunks", "of a redirect"],
)
def test_an_answer_without_an_end_is_not_read(receiver, rest):
    sent: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 " + rest)
        while sum(sent) < 100_000_000:
            sent.append(handler.wfile.write(bytes(65_536)))

    receiver.always = answer
    [found], _ = send(receiver, attempts=1)
    assert found.status in (500, 200, 302)
    assert sum(sent) < 20_000_000  # what the system's own buffers take


@pytest.mark.parametrize(
    "head", [b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"]
)
def test_an_answer_that_is_none_does_not_raise(receiver, head):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        handler.close_connection = True

    receiver.always = answer
    [found], _ = send(receiver, attempts=2)
    assert (found.delivered, found.attempts, found.status) == (False, 2, None)


def test_short_answers_leave_the_connection_for_the_next_message(receiver):
    receiver.always = status(200, body=b'{"ok": true}')
    found, _ = send(receiver, *[Message(f"msg_{n}", {}) for n in range(5)], parallel=1)
    assert all(delivery.delivered for delivery in found)
    assert len({taken.connection for taken in receiver.taken}) == 1


def test_order_is_kept_where_the_first_are_answered_last(receiver):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.headers["webhook-id"].removeprefix("msg_"))
        time.sleep(0.03 * (7 - number))
        status(200 if number % 3 else 400)(handler)

    receiver.always = answer
    found, _ = send(receiver, *[Message(f"msg_{n}", {"n": n}) for n in range(8)], parallel=8)
    assert [delivery.id for delivery in found] == [f"msg_{n}" for n in range(8)]
    assert [delivery.delivered for delivery in found] == [False, True, True, False, True, True, False, True]
    assert {taken.id: json.loads(taken.body)["n"] for taken in receiver.taken} == {f"msg_{n}": n for n in range(8)}


def test_as_many_are_sent_at_once_as_parallel_says(receiver):
    at_once: list[int] = []
    now, lock = [0], threading.Lock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            now[0] += 1
            at_once.append(now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        status(204)(handler)

    receiver.always = answer
    send(receiver, *[Message(f"msg_{n}", {}) for n in range(12)], parallel=3)
    assert max(at_once) == 3


def test_one_message_that_fails_does_not_keep_others_from_their_delivery(receiver):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        status(500 if handler.headers["webhook-id"] == "msg_1" else 200)(handler)

    receiver.always = answer
    found, _ = send(receiver, *[Message(f"msg_{n}", {}) for n in range(4)], parallel=2)
    assert [(delivery.delivered, delivery.attempts) for delivery in found] == [
        (True, 1),
        (False, 5),
        (True, 1),
        (True, 1),
    ]


def test_a_message_can_be_sent_again_later_with_the_same_id(receiver):
    message = Message("msg_1", {"n": 1})
    assert send(receiver, message)[0] == send(receiver, message)[0] == [delivered(1)]
    assert [(taken.id, taken.body) for taken in receiver.taken] == [("msg_1", b'{"n":1}')] * 2


def test_without_messages_nothing_is_sent(receiver):
    assert deliver([], receiver.hook()) == []
    assert receiver.taken == []


def test_a_reason_tells_nothing_of_what_was_sent_and_nothing_that_the_receiver_wrote(receiver):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        said = handler.headers["webhook-signature"]
        status(400, f"customer 4711 {said}", body=b"customer 4711 " + said.encode())(handler)

    receiver.always = answer
    assert send(receiver, Message("msg_1", {"customer_id": "4711"}))[0][0].reason == "400 Bad Request"


def test_no_secret_is_in_a_representation_or_a_reason(receiver):
    receiver.answers += [hang_up, slowly(receiver), status(500), status(400)]
    message = Message("msg_1", {"customer_id": "4711"})
    told = [repr(receiver.hook()), repr(message)]
    for _ in range(4):
        told.append(repr(send(receiver, message, attempts=1, timeout_seconds=0.2)))
    key = base64.b64decode(SECRET.split("_")[1])
    for secret in (SECRET, SECRET.split("_")[1], repr(key)[2:-1], "4711"):
        assert secret not in "".join(told)
    assert "hush" not in "".join(told[1:])


@pytest.mark.parametrize("wrong", ["msg_1\n", "msg\r\nwebhook-timestamp: 1", "", "msg 1", "msg.1", "mëssage"])
def test_an_id_that_would_break_a_header_or_the_signature_is_refused_before_anything_is_sent(receiver, wrong):
    with pytest.raises(BadInputError, match="message 2: its id must be of visible ASCII characters other than"):
        send(receiver, Message("msg_1", {}), Message(wrong, {}))
    assert receiver.taken == []


def test_all_bodies_that_cannot_be_said_in_json_are_told_at_once_and_nothing_is_sent(receiver):
    wrong = [Message("a", {"n": float("nan")}), Message("b", {}), Message("c", {"day": datetime.date(2020, 1, 1)})]
    with pytest.raises(BadInputError) as caught:
        send(receiver, *wrong)
    assert [problem.split(":")[1].strip() for problem in caught.value.problems] == ["message 1", "message 3"]
    assert receiver.taken == []


@pytest.mark.parametrize("wrong", ["", "whsec_", "whsec_not base64!", "whsec_aHVzaA"])
def test_a_secret_that_is_none_is_refused_and_not_told(receiver, monkeypatch, wrong):
    monkeypatch.setenv("HOOK", wrong)
    with pytest.raises(BadInputError) as caught:
        send(receiver)
    assert str(caught.value) == "webhook: secret: expected whsec_ and base64, or a text that is not empty"
    assert caught.value.__suppress_context__
    assert receiver.taken == []


@pytest.mark.parametrize("address", ["http://example.com/", "https://me:hush@example.com/", "example.com"])
def test_an_address_from_the_environment_is_looked_at_before_anything_is_sent(receiver, monkeypatch, address):
    monkeypatch.setenv("HOOK_ADDRESS", address)
    with pytest.raises(BadInputError, match="webhook: url: ") as caught:
        send(receiver, url="${ENV:HOOK_ADDRESS}")
    assert "hush" not in str(caught.value)


def test_passwords_of_netrc_are_not_sent(receiver, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    send(receiver)
    assert "authorization" not in receiver.taken[0].headers


def test_cookies_of_the_receiver_are_not_kept(receiver):
    receiver.answers.append(status(500, Set_Cookie="a=b; Path=/"))
    send(receiver)
    assert "cookie" not in receiver.taken[1].headers


def test_what_is_for_this_machine_does_not_leave_it_for_a_proxy(receiver, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(receiver)[0] == [delivered(1)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """Of 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(built.public_bytes(encoding) + private)
    return path


@pytest.fixture
def tls_receiver(monkeypatch, certificate) -> Iterator[Receiver]:
    monkeypatch.setenv("HOOK", SECRET)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with running(certificate) as server:
        yield server


def test_a_certificate_of_an_unknown_authority_is_not_accepted(tls_receiver):
    [found], _ = send(tls_receiver, attempts=1)
    assert (found.delivered, found.status) == (False, None)
    assert found.reason == "no TLS connection: check its certificate, and the authorities trusted here"
    assert tls_receiver.taken == []


def test_a_certificate_of_an_authority_that_the_environment_names_is_accepted(tls_receiver, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert send(tls_receiver)[0] == [delivered(1)]


def test_an_answer_that_dribbles_through_tls_has_failed_when_its_time_is_up(tls_receiver, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls_receiver.answers.append(dribble(b"HTTP/1.1 200 OK\r\nX-Much: "))
    start = time.monotonic()
    assert send(tls_receiver, timeout_seconds=0.3)[0] == [delivered(2)]
    assert time.monotonic() - start < 1.5
