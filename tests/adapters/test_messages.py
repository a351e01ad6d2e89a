"""Handing messages over, tried against real sockets: a mail server that records, and ones that misbehave."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server  # noqa: N811
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from iop_schedule import clock
from iop_schedule.adapters.messages import (
    MESSAGES_PER_CONNECTION,
    ConsoleMessages,
    Delayed,
    NotSent,
    NullMessages,
    Outgoing,
    Refused,
    SmtpMessages,
    Unreachable,
    Unsure,
    doors_for,
)
from iop_schedule.config import BadSetting
from iop_schedule.vocabulary import Channel
from tests.conftest import make_settings
from tests.ports import free_port

TO_ANA = Outgoing(
    id="5f0c8c1e-6a51-4c56-8ab8-0a1f6f2f0001",
    to="ana@example.net",
    subject="Appointment reminder",
    text="Hello José,\n\n.a line that begins with a dot\n",
)


class Sink:
    """Keeps what arrives, and answers as told."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, list[str], bytes]] = []
        self.connections = 0
        self.answers: dict[str, str] = {}

    async def handle_EHLO(  # noqa: N802
        self, server: Server, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get("RCPT", "250 OK")
        if answer.startswith("25"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.arrived.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return answer


@pytest.fixture
def sink() -> Iterator[tuple[Sink, SmtpMessages]]:
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    messages = at_port(controller.port)
    yield handler, messages
    messages.close()
    controller.stop()


def at_port(port: int, **given: object) -> SmtpMessages:
    defaults: dict[str, object] = {"starttls": False, "answer_timeout": 0.5, "total_timeout": 2.0}
    return SmtpMessages("127.0.0.1", port, "appointments@example.org", **{**defaults, **given})  # type: ignore[arg-type]


@contextmanager
def server_saying(*lines: bytes, pause: float = 0.0, hang: bool = False) -> Iterator[int]:
    """A server that says each line after something was said to it (the first at once), then hangs up.

    With `hang` it stays silent instead, for a minute or until the block ends.
    """
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(60)
                try:
                    for number, line in enumerate(lines):
                        if number:
                            connection.recv(65_536)
                        for byte in line if pause else (line,):
                            connection.sendall(bytes([byte]) if pause else line)
                            time.sleep(pause)
                    if hang:
                        over.wait(60)
                except OSError:
                    return

        thread = Thread(target=talk)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


# --- a server that works ------------------------------------------------------------------------------


def test_the_message_arrives_as_it_was_written(sink: tuple[Sink, SmtpMessages]) -> None:
    handler, messages = sink
    clock.freeze(datetime(2026, 3, 4, 22, 0, tzinfo=UTC))
    try:
        messages.send(TO_ANA)
    finally:
        clock.freeze(None)
    ((sender, recipients, content),) = handler.arrived
    email = message_from_bytes(content)
    assert (sender, recipients) == ("appointments@example.org", ["ana@example.net"])
    assert email.get_payload(decode=True).decode() == TO_ANA.text.replace("\n", "\r\n")
    assert sorted(email.keys()) == sorted([
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    ])  # fmt: skip
    assert email["Message-ID"] == f"<{TO_ANA.id}@example.org>"
    assert email["Date"] == "Wed, 04 Mar 2026 22:00:00 +0000"
    assert (email["From"], email["To"]) == ("appointments@example.org", "ana@example.net")


def test_one_connection_carries_many_messages_and_is_renewed(sink: tuple[Sink, SmtpMessages]) -> None:
    handler, messages = sink
    for _ in range(MESSAGES_PER_CONNECTION + 1):
        messages.send(TO_ANA)
    assert (len(handler.arrived), handler.connections) == (MESSAGES_PER_CONNECTION + 1, 2)


def test_closing_twice_is_fine_and_sending_opens_again(sink: tuple[Sink, SmtpMessages]) -> None:
    handler, messages = sink
    messages.close()
    messages.send(TO_ANA)
    messages.close()
    messages.close()
    messages.send(TO_ANA)
    assert handler.connections == 2


def test_the_machine_does_not_give_its_name_away(sink: tuple[Sink, SmtpMessages]) -> None:
    _, messages = sink
    messages.send(TO_ANA)
    assert messages._open is not None
    assert messages._open.local_hostname == "example.org"


def test_it_signs_in_where_a_user_is_set() -> None:
    seen: list[object] = []

    def authenticate(
        server: Server, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"right")

    controller = Controller(
        Sink(), hostname="127.0.0.1", port=free_port(), authenticator=authenticate,
        auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        with closing(at_port(controller.port, user="clinic", password="right")) as messages:
            messages.send(TO_ANA)
        with pytest.raises(Unreachable):
            at_port(controller.port, user="clinic", password="wrong").send(TO_ANA)
    finally:
        controller.stop()
    assert set(seen) == {(b"clinic", b"right"), (b"clinic", b"wrong")}


def test_without_tls_nothing_is_sent_where_tls_is_asked_for(sink: tuple[Sink, SmtpMessages]) -> None:
    handler, messages = sink
    with pytest.raises(Unreachable, match="SMTPNotSupportedError"):
        replace(messages, starttls=True).send(TO_ANA)
    assert handler.arrived == []


# --- a server that says no ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "answer", "problem"),
    [
        ("RCPT", "550 no such person", Refused("reply 550")),
        ("RCPT", "450 greylisted", Delayed("reply 450")),
        ("RCPT", "421 going down", Unreachable("reply 421")),
        ("MAIL", "530 sign in first", Unreachable("reply 530")),
        ("MAIL", "451 busy", Unreachable("reply 451")),
        ("DATA", "554 not wanted", Refused("reply 554")),
        ("DATA", "452 disk full", Delayed("reply 452")),
        ("DATA", "421 going down", Unreachable("reply 421")),
    ],
)
def test_each_no_has_its_meaning_and_the_next_message_goes_through(
    sink: tuple[Sink, SmtpMessages], step: str, answer: str, problem: NotSent
) -> None:
    handler, messages = sink
    handler.answers[step] = answer
    with pytest.raises(NotSent) as raised:
        messages.send(TO_ANA)
    assert (type(raised.value), raised.value.category) == (type(problem), problem.category)
    handler.answers.clear()
    messages.send(TO_ANA)
    assert len(handler.arrived) == 1


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana@", "@example.net", "ana@example.net\r\nBcc: x@example.net", "ana@example.net, b@example.net",
     "<ana@example.net>", "jos\u00e9@example.net", "ana @example.net", "a" * 65 + "@example.net"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_before_anything_is_said(address: str) -> None:
    with pytest.raises(Refused, match="address"):
        at_port(1).send(replace(TO_ANA, to=address))


# --- a server that misbehaves -------------------------------------------------------------------------


def test_nobody_listens() -> None:
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        at_port(free_port()).send(TO_ANA)


GREETED = (b"220 hello\r\n", b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ((b"",), Unreachable),
        ((b"garbage\r\n",), Unreachable),
        ((b"554 go away\r\n",), Unreachable),
        (GREETED[:2], Unreachable),
        ((*GREETED[:2], b"\x00\xff\xfe\r\n"), Unreachable),
        ((*GREETED[:2], b"2" * 9000 + b"\r\n"), Unreachable),
        (GREETED[:4], Unreachable),
        (GREETED, Unsure),
        ((*GREETED, b"what?\r\n"), Unsure),
        ((*GREETED, b"999 what?\r\n"), Unsure),
        ((*GREETED, b"250 kept\r\n"), None),
    ],
    ids=["hangs up", "garbage", "busy", "hangs up after greeting", "binary", "endless line", "before DATA",
         "after the message", "garbage after it", "no known code", "works"],
)  # fmt: skip
def test_it_is_unsure_only_between_the_message_and_the_answer(
    lines: tuple[bytes, ...], kind: type[NotSent] | None
) -> None:
    with server_saying(*lines) as port:
        messages = at_port(port)
        if kind is None:
            messages.send(TO_ANA)
        else:
            with pytest.raises(kind):
                messages.send(TO_ANA)
        messages.close()


@pytest.mark.parametrize(
    ("lines", "kind"), [((b"",), Unreachable), (GREETED, Unsure)], ids=["at once", "at the end"]
)
def test_a_server_that_falls_silent_is_left_after_the_time_out(
    lines: tuple[bytes, ...], kind: type[NotSent]
) -> None:
    with server_saying(*lines, hang=True) as port:
        began = time.monotonic()
        with pytest.raises(kind):
            at_port(port).send(TO_ANA)
        assert time.monotonic() - began < 30  # the server would have waited for a minute


def test_a_server_that_drips_is_left_when_the_whole_time_is_over() -> None:
    with server_saying(b"220 " + b"-" * 2_000 + b"\r\n", pause=0.02) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            at_port(port, total_timeout=0.6).send(TO_ANA)
        assert time.monotonic() - began > 0.5


# --- which one ----------------------------------------------------------------------------------------


def test_settings_choose_where_messages_go(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, "sqlite:///x")
    assert doors_for(settings) == {}
    trying = doors_for(replace(settings, smtp_host="console", sms_url="console"))
    assert {channel: type(door) for channel, door in trying.items()} == {
        Channel.EMAIL: ConsoleMessages,
        Channel.SMS: ConsoleMessages,
    }
    chosen = doors_for(replace(settings, smtp_host="mail.example.org", smtp_port=587, smtp_password="hush"))[
        Channel.EMAIL
    ]
    assert isinstance(chosen, SmtpMessages)
    assert (chosen.host, chosen.port) == ("mail.example.org", 587)
    assert "hush" not in repr(chosen)


@pytest.mark.parametrize("sender", ["relapse-prevention@example.org", "hello@recovery-house.example.org"])
def test_a_sender_that_tells_what_it_is_about_stops_the_start(tmp_path: Path, sender: str) -> None:
    with pytest.raises(BadSetting, match="MAIL_FROM"):
        doors_for(replace(make_settings(tmp_path, "sqlite:///x"), mail_from=sender))


def test_the_terminal_and_the_list_keep_what_they_are_given() -> None:
    out, kept = StringIO(), NullMessages()
    for messages in (ConsoleMessages(out), kept):
        messages.send(TO_ANA)
        messages.close()
    assert out.getvalue() == f"To: {TO_ANA.to}\nSubject: {TO_ANA.subject}\n\n{TO_ANA.text}\n"
    assert kept.sent == [TO_ANA]
