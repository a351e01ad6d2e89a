"""Text messages over HTTP, against a provider that answers as told: well, slowly, with garbage, never."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from iop_schedule.adapters.messages import (
    Delayed,
    NotSent,
    Outgoing,
    Refused,
    SmsMessages,
    Unreachable,
    Unsure,
    is_signed,
    signature,
)
from iop_schedule.vocabulary import ProviderCapability, StopReason
from tests.ports import free_port

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TO_ANA = Outgoing(
    id="5f0c8c1e-6a51-4c56-8ab8-0a1f6f2f0001", to="+12025550142", subject="", text="You have 1. Reply STOP"
)


class Provider(ThreadingHTTPServer):
    """Keeps what it is sent, and answers with the next thing it was told to, else as it should."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        self.connections: set[Any] = set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Provider

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        self.server.headers.append(dict(self.headers))
        self.server.connections.add(self.client_address)
        if self.server.answers:
            self._answer(*self.server.answers.pop(0))
            return
        self.server.taken.append(form)
        self._answer(201, json.dumps({"sid": f"SM{len(self.server.taken)}"}).encode(), {})

    def do_GET(self) -> None:
        if self.server.answers:
            self._answer(*self.server.answers.pop(0))
            return
        (to,) = parse_qs(urlsplit(self.path).query)["To"]
        listed = [
            {"sid": f"SM{number}", "body": form["Body"], "date_created": format_datetime(NOW)}
            for number, form in enumerate(self.server.taken, 1)
            if form["To"] == to
        ]
        self._answer(200, json.dumps({"messages": listed[::-1]}).encode(), {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


_made: list[SmsMessages] = []


@pytest.fixture(autouse=True)
def _close_all() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


def sms_at(port: int, **given: Any) -> SmsMessages:
    defaults = {"answer_timeout": 0.5, "total_timeout": 1.0}
    messages = SmsMessages(
        url=f"http://127.0.0.1:{port}/2010-04-01", account="AC1", secret="hush", sender="+12025550100",
        **{**defaults, **given},
    )  # fmt: skip
    _made.append(messages)
    return messages


def test_a_text_is_posted_and_its_name_returned(provider: Provider) -> None:
    messages = sms_at(provider.server_port, report_url="https://x.example/hooks/texts/reports")
    assert [messages.send(TO_ANA), messages.send(TO_ANA)] == ["SM1", "SM2"]
    assert provider.taken[0] == {
        "To": TO_ANA.to, "From": "+12025550100", "Body": TO_ANA.text,
        "StatusCallback": "https://x.example/hooks/texts/reports",
    }  # fmt: skip
    assert provider.headers[0]["Authorization"] == "Basic QUMxOmh1c2g="
    assert len(provider.connections) == 1
    assert "hush" not in repr(messages)


def test_a_key_is_sent_only_to_a_provider_that_knows_keys(provider: Provider) -> None:
    for capability in ProviderCapability:
        sms_at(provider.server_port, capability=capability).send(TO_ANA)
    assert [headers.get("Idempotency-Key") for headers in provider.headers] == [TO_ANA.id, None, None]


def test_what_was_taken_can_be_asked_for(provider: Provider) -> None:
    messages = sms_at(provider.server_port)
    messages.send(TO_ANA)
    assert [(a.ref, a.text) for a in messages.accepted(TO_ANA.to, since=NOW)] == [("SM1", TO_ANA.text)]
    assert messages.accepted("+12025550199", since=NOW) == []
    assert messages.accepted(TO_ANA.to, since=NOW + timedelta(hours=1)) == []


ANSWERS = [
    (400, {"code": 21211}, Refused, "code 21211", StopReason.BOUNCED),
    (400, {"code": 21610}, Refused, "code 21610", StopReason.OPTED_OUT),
    (400, {"code": 21602}, Refused, "code 21602", None),
    (422, {}, Refused, "reply 422", None),
    (401, {"code": 20003}, Unreachable, "code 20003", None),
    (404, {}, Unreachable, "reply 404", None),
    (429, {"code": 20429}, Delayed, "code 20429", None),
    (500, {}, Unsure, "reply 500", None),
    (503, {}, Unsure, "reply 503", None),
    (302, {}, Unsure, "reply 302", None),
    (201, {}, Unsure, "no sensible answer", None),
    (201, {"sid": 7}, Unsure, "no sensible answer", None),
    (201, {"sid": "x" * 81}, Unsure, "no sensible answer", None),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "category", "stops"), ANSWERS, ids=[a[3] for a in ANSWERS]
)
def test_each_answer_means_one_of_four_things(
    provider: Provider, status: int, body: dict[str, Any], kind: type[NotSent], category: str, stops: object
) -> None:
    provider.answers.append((status, json.dumps(body).encode(), {}))
    with pytest.raises(NotSent) as caught:
        sms_at(provider.server_port).send(TO_ANA)
    assert (type(caught.value), caught.value.category) == (kind, category)
    assert getattr(caught.value, "stops", None) == stops


@pytest.mark.parametrize("body", [b"<html>oops</html>", b"", b"[1]", b"[" * 5000, b"null", b"\xff\xfe"])
def test_garbage_with_a_good_status_means_nobody_knows(provider: Provider, body: bytes) -> None:
    provider.answers.append((201, body, {}))
    with pytest.raises(Unsure):
        sms_at(provider.server_port).send(TO_ANA)
    provider.answers.append((200, body, {}))
    with pytest.raises(Unreachable):
        sms_at(provider.server_port).accepted(TO_ANA.to, since=NOW)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [("30", timedelta(seconds=30)), ("999999", timedelta(hours=1)), ("soon", None), ("9" * 400, None)],
)
def test_a_provider_that_asks_us_to_wait_is_heard(provider: Provider, asked: str, wait: object) -> None:
    provider.answers.append((429, b"{}", {"Retry-After": asked}))
    with pytest.raises(Delayed) as caught:
        sms_at(provider.server_port).send(TO_ANA)
    assert caught.value.wait == wait


@contextmanager
def answering(*parts: bytes, pause: float = 0.0) -> Iterator[int]:
    """A server that reads one request, then says each part after a pause, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                try:
                    connection.recv(65_536)
                    for part in parts:
                        time.sleep(pause)
                        connection.sendall(part)
                except OSError:
                    pass

        talking = Thread(target=talk, daemon=True)
        talking.start()
        yield listener.getsockname()[1]
        talking.join(5)


@pytest.mark.parametrize(
    ("parts", "pause"),
    [
        ((), 0.0),  # hangs up
        ((b"",), 0.8),  # never answers
        ((b"HTTP/1.1 201 Created\r\n",), 0.0),  # half an answer
        ((b"SMTP hello\r\n\r\n",), 0.0),  # another language
        (tuple(b"H" for _ in range(8)), 0.3),  # drips, each letter in time
        ((b"HTTP/1.1 201 Created\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 2_000_000,), 0.0),  # floods
    ],
    ids=["hangs up", "never", "half", "another language", "drips", "floods"],
)
def test_a_provider_that_does_not_answer_leaves_the_message_in_doubt(
    parts: tuple[bytes, ...], pause: float
) -> None:
    with answering(*parts, pause=pause) as port, pytest.raises(Unsure):
        sms_at(port).send(TO_ANA)


def test_a_provider_that_is_away_has_not_seen_the_message() -> None:
    with pytest.raises(Unreachable):
        sms_at(free_port()).send(TO_ANA)


def test_a_connection_the_provider_has_closed_is_not_used_again(provider: Provider) -> None:
    messages = sms_at(provider.server_port)
    messages.send(TO_ANA)
    assert messages._open is not None
    assert messages._open.sock is not None
    messages._open.sock.shutdown(socket.SHUT_RD)
    assert messages.send(TO_ANA) == "SM2"


def test_only_the_provider_can_sign_a_call() -> None:
    url, form = "https://x.example/hooks/texts", [("Body", "STOP"), ("From", "+12025550142")]
    good = signature("hush", url, form)
    assert is_signed("hush", url, form, good)
    assert not is_signed("hush", url, [*form, ("MessageSid", "SM1")], good)
    assert not is_signed("hush", url + "?a=1", form, good)
    assert not is_signed("other", url, form, good)
    assert not is_signed("", url, form, signature("", url, form))
