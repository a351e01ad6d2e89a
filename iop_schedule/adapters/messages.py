"""Handing messages over: SMTP with time-outs, the terminal for trying things out, a list for tests.

Four things can go wrong, and they ask for different answers: the message is refused for good, refused for
now, the server cannot be reached at all, or nobody knows whether it arrived.
"""

import re
import smtplib
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from threading import Timer
from typing import ClassVar, Protocol, TextIO

from iop_schedule import clock
from iop_schedule.adapters.ical_invite import CalendarRequest, invitation
from iop_schedule.config import BadSetting, Settings
from iop_schedule.domain.reminders import telling_words

#: Value of SMTP_HOST that prints messages instead of sending them.
CONSOLE = "console"
IMPLICIT_TLS_PORT = 465
#: Many servers end a connection after this many messages; we open a new one first.
MESSAGES_PER_CONNECTION = 50


class NotSent(Exception):
    """A message was not handed over, or perhaps not."""

    def __init__(self, category: str) -> None:
        """Keep what happened as a word or a reply code; the server's own text may quote the address."""
        self.category = category
        super().__init__(category)


class Refused(NotSent):
    """Refused for good: trying again is useless."""


class Delayed(NotSent):
    """Refused for now: the same message may be accepted later."""


class Unreachable(NotSent):
    """The server did not get as far as this message; it would be the same for any other."""


class Unsure(NotSent):
    """The connection broke after the message and before the answer: it may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one person."""

    #: Part of the Message-ID: the same message sent twice can be recognized as one.
    id: str
    to: str
    subject: str
    text: str
    #: What the recipient's calendar is asked to do; then the words around it are the invitation's own.
    invitation: CalendarRequest | None = None


class Messages(Protocol):
    """Somewhere messages can be handed over."""

    #: How often a message may be handed over again when nobody knows whether it arrived.
    repeats_when_unsure: ClassVar[int]

    def send(self, outgoing: Outgoing) -> None:
        """Hand one message over, or raise `NotSent`."""

    def close(self) -> None:
        """End what is open."""


def messages_for(settings: Settings) -> Messages | None:
    """Return where `settings` sends messages to, or None when no mail server is set.

    Raises:
        BadSetting: the sender's address would tell what the messages are about.
    """
    telling = telling_words(settings.mail_from.replace("-", " ").replace(".", " "))
    if telling:
        message = f"MAIL_FROM shows on lock screens and must be neutral; it contains “{telling[0]}”."
        raise BadSetting(message)
    if not settings.smtp_host:
        return None
    if settings.smtp_host == CONSOLE:
        return ConsoleMessages()
    return SmtpMessages(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password,
        starttls=settings.smtp_starttls,
        sender=settings.mail_from,
    )


@dataclass
class NullMessages:
    """Keeps what was sent, for tests."""

    repeats_when_unsure: ClassVar[int] = 1
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> None:
        """Remember the message."""
        self.sent.append(outgoing)

    def close(self) -> None:
        """Do nothing."""


@dataclass
class ConsoleMessages:
    """Prints each message, for trying things out. Shows addresses: not for real people's data."""

    repeats_when_unsure: ClassVar[int] = 1
    out: TextIO | None = None

    def send(self, outgoing: Outgoing) -> None:
        """Print the message."""
        out = self.out or sys.stdout
        out.write(f"To: {outgoing.to}\nSubject: {outgoing.subject}\n\n{outgoing.text}\n")
        out.flush()

    def close(self) -> None:
        """Do nothing."""


@dataclass
class SmtpMessages:
    """Sends through a mail server. One thread at a time; close it when a batch is done."""

    #: E-mail: an unwanted second copy (same Message-ID) is cheaper for people than a missing one.
    repeats_when_unsure: ClassVar[int] = 1

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = True
    #: Seconds to wait for any one answer.
    answer_timeout: float = 10
    #: Seconds for a whole message, however slowly the server drips; well under the outbox's lease.
    total_timeout: float = 30
    _open: smtplib.SMTP | None = field(default=None, init=False, repr=False)
    _used: int = field(default=0, init=False, repr=False)

    def send(self, outgoing: Outgoing) -> None:
        """Hand one message over; see `NotSent` for what can go wrong."""
        recipient, content = _addressable(outgoing.to), _content(outgoing, self.sender)
        try:
            smtp = self._connected()
            with self._deadline(smtp):
                self._envelope(smtp, recipient)
                self._deliver(smtp, content)
        except NotSent:
            self._drop()
            raise
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Unreachable(_category(error)) from None
        self._used += 1

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._open is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._open.quit()
        self._drop()

    def _connected(self) -> smtplib.SMTP:
        if self._used >= MESSAGES_PER_CONNECTION:
            self.close()
        if self._open is None:
            self._open = self._connect()
        return self._open

    def _connect(self) -> smtplib.SMTP:
        secure = ssl.create_default_context()
        name = self.sender.rpartition("@")[2]
        implicit = self.port == IMPLICIT_TLS_PORT
        smtp = (
            smtplib.SMTP_SSL(timeout=self.answer_timeout, context=secure, local_hostname=name)
            if implicit
            else smtplib.SMTP(timeout=self.answer_timeout, local_hostname=name)
        )
        try:
            self._greet(smtp, None if implicit else secure)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greet(self, smtp: smtplib.SMTP, upgrade: ssl.SSLContext | None) -> None:
        # STARTTLS needs the name before connect() has been told it.
        smtp._host = self.host  # type: ignore[attr-defined]
        with self._deadline(smtp):
            code, _ = smtp.connect(self.host, self.port)
            if code != 220:  # noqa: PLR2004 - service ready
                raise Unreachable(_reply(code))
            if upgrade is not None and self.starttls:
                smtp.starttls(context=upgrade)
            smtp.ehlo_or_helo_if_needed()
            if self.user:
                smtp.login(self.user, self.password)

    def _envelope(self, smtp: smtplib.SMTP, recipient: str) -> None:
        code, _ = smtp.mail(self.sender)
        if code != 250:  # noqa: PLR2004
            # Not about this message: the server wants another sender, a sign-in, or to be left alone.
            raise Unreachable(_reply(code))
        code, _ = smtp.rcpt(recipient)
        if code not in {250, 251}:
            raise _refusal(code)
        code, _ = smtp.docmd("DATA")
        if code != 354:  # noqa: PLR2004
            raise _refusal(code)

    def _deliver(self, smtp: smtplib.SMTP, content: bytes) -> None:
        # From the first byte of the content until the answer, a broken connection means: nobody knows.
        try:
            smtp.send(content)
            code, _ = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Unsure(_category(error)) from None
        if code == 250:  # noqa: PLR2004
            return
        raise _refusal(code) if 400 <= code < 600 else Unsure(_reply(code))  # noqa: PLR2004

    @contextmanager
    def _deadline(self, smtp: smtplib.SMTP) -> Iterator[None]:
        """End the connection after `total_timeout`: time-outs of single reads do not stop slow dripping."""
        timer = Timer(self.total_timeout, _hang_up, [smtp])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open, self._used = None, 0


def _hang_up(smtp: smtplib.SMTP) -> None:
    if smtp.sock is not None:
        with suppress(OSError):
            smtp.sock.shutdown(socket.SHUT_RDWR)


_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
_BAD_ADDRESS = "address"


def _addressable(address: str) -> str:
    """Return `address` when it can stand in an envelope; anything else is refused for good."""
    if not _ADDRESS.fullmatch(address):
        raise Refused(_BAD_ADDRESS)
    return address


def _content(outgoing: Outgoing, sender: str) -> bytes:
    """Return the message as SMTP wants it: CRLF, dots doubled at line starts, ended by a lone dot."""
    email = _email(outgoing, sender)
    email["Message-ID"] = f"<{outgoing.id}@{sender.rpartition('@')[2]}>"
    return re.sub(rb"(?m)^\.", b"..", email.as_bytes()) + b".\r\n"


def _email(outgoing: Outgoing, sender: str) -> EmailMessage:
    if outgoing.invitation is not None:
        asked = outgoing.invitation
        return invitation(
            asked.entry, method=asked.method, organizer=sender, recipient=outgoing.to, sent_at=clock.now()
        )
    email = EmailMessage(policy=SMTP_POLICY)
    email["From"] = sender
    email["To"] = outgoing.to
    email["Subject"] = outgoing.subject
    email["Date"] = format_datetime(clock.now())
    email["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please
    email.set_content(outgoing.text)
    return email


def _refusal(code: int) -> NotSent:
    if code == 421:  # noqa: PLR2004 - the server is closing down
        return Unreachable(_reply(code))
    if 500 <= code < 600:  # noqa: PLR2004
        return Refused(_reply(code))
    return Delayed(_reply(code)) if 400 <= code < 500 else Unreachable(_reply(code))  # noqa: PLR2004


def _reply(code: int) -> str:
    return f"reply {code}" if code > 0 else "no sensible reply"


def _category(error: Exception) -> str:
    return type(error).__name__
