"""Handing messages to a mail server, with time-outs for every answer and for a whole message."""

import re
import smtplib
import socket
import ssl
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import partial
from typing import ClassVar

from iop_schedule import clock
from iop_schedule.adapters.ical_invite import invitation
from iop_schedule.adapters.messages.contract import (
    Accepted,
    Delayed,
    NotSent,
    Outgoing,
    Refused,
    Unreachable,
    Unsure,
)
from iop_schedule.adapters.messages.deadline import Deadline
from iop_schedule.vocabulary import ProviderCapability, StopReason

IMPLICIT_TLS_PORT = 465
#: Many servers end a connection after this many messages; we open a new one first.
MESSAGES_PER_CONNECTION = 50


@dataclass
class SmtpMessages:
    """Sends through a mail server. One thread at a time; close it when a batch is done."""

    #: A mail server cannot be asked what it has taken.
    capability: ClassVar[ProviderCapability] = ProviderCapability.NONE
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
    _deadline: Deadline = field(default_factory=Deadline, init=False, repr=False)

    def send(self, outgoing: Outgoing) -> str:
        """Hand one message over; see `NotSent` for what can go wrong."""
        recipient, content = _addressable(outgoing.to), _content(outgoing, self.sender)
        try:
            smtp = self._connected()
            with self._in_time(smtp):
                self._envelope(smtp, recipient)
                self._deliver(smtp, content)
        except NotSent:
            self._drop()
            raise
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Unreachable(_category(error)) from None
        self._used += 1
        return ""

    def accepted(self, to: str, *, since: datetime) -> list[Accepted]:  # noqa: ARG002
        """Say that mail servers do not answer this."""
        raise Unreachable(_CANNOT_ASK)

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._open is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._open.quit()
        self._drop()
        self._deadline.close()

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
        with self._in_time(smtp):
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
        code, said = smtp.rcpt(recipient)
        if code not in {250, 251}:
            raise _refusal_of_address(code, said)
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

    def _in_time(self, smtp: smtplib.SMTP) -> AbstractContextManager[None]:
        return self._deadline.of(self.total_timeout, partial(_hang_up, smtp))

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
_CANNOT_ASK = "no lookup"


def _addressable(address: str) -> str:
    """Return `address` when it can stand in an envelope; anything else is refused for good."""
    if not _ADDRESS.fullmatch(address):
        raise Refused(_BAD_ADDRESS, stops=StopReason.BOUNCED)
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
    if outgoing.stop_url:
        email["List-Unsubscribe"] = f"<{outgoing.stop_url}>"
        email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    email.set_content(outgoing.text)
    return email


#: Extended status of mailboxes that do not exist, have moved or are turned off. Source: RFC 3463
_NO_SUCH_MAILBOX = re.compile(rb"\s*5\.(?:1\.|2\.1)")
_ANY_STATUS = re.compile(rb"\s*[245]\.\d+\.\d+")


def _refusal_of_address(code: int, said: bytes) -> NotSent:
    """Return the refusal of a recipient; one that says there is no such mailbox stops the address.

    A server that gives only the plain code means the mailbox by 550, 551 and 553; with an extended status
    those codes may also mean policy or spam, which says nothing about the address.
    """
    plain = code in {550, 551, 553} and not _ANY_STATUS.match(said)
    if 500 <= code < 600 and (plain or _NO_SUCH_MAILBOX.match(said)):  # noqa: PLR2004
        return Refused(_reply(code), stops=StopReason.BOUNCED)
    return _refusal(code)


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
