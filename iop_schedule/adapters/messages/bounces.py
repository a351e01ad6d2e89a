"""What mail servers write back when a message could not be delivered. Source: RFC 3464, RFC 3463

Anybody can write such a mail: what is read here is a claim, to be held against what we sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message

#: More than this is not a report about one message.
LONGEST = 1024 * 1024
_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>\s]+>")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
#: Mailboxes that do not exist, have moved or are turned off.
_NO_SUCH_MAILBOX = re.compile(r"5\.(?:1\.\d|2\.1$)")
_UNSPECIFIC = "5.0.0"


class NotMail(ValueError):
    """What was given is not an e-mail message, or too long to be a report."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says became of one message to one address."""

    #: Our own id of the message.
    delivery_id: str
    address: str
    #: Given up for good; else only late, or there after all.
    failed: bool
    #: Such as 5.1.1; empty when it names none.
    status: str

    @property
    def is_no_mailbox(self) -> bool:
        """Return True when the address itself is at fault, and not a full disk or a filter."""
        return self.failed and bool(_NO_SUCH_MAILBOX.match(self.status))


def read_bounces(raw: bytes) -> list[Bounce]:
    """Return what a delivery status notification says of each address; nothing for any other mail.

    Raises:
        NotMail: this is no e-mail message.
    """
    if len(raw) > LONGEST:
        message = f"longer than {LONGEST // 1024} KiB, which no report about one message is"
        raise NotMail(message)
    mail = message_from_bytes(raw)
    if not mail.keys():
        message = "no e-mail message: it does not begin with header lines"
        raise NotMail(message)
    if mail.get_content_type() != "multipart/report":
        return []
    delivery_id = _about(mail)
    if delivery_id is None:
        return []
    return [
        Bounce(delivery_id, address, failed=_word(fields, "Action") == "failed", status=_status(fields))
        for fields in _per_address(mail)
        if (address := _address(fields))
    ]


def _about(mail: Message) -> str | None:
    """Return our id of the message that came back, from the copy of its headers."""
    for part in mail.walk():
        original: object = None
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            original = part.get_payload(0)
        elif part.get_content_type() == "text/rfc822-headers":
            original = message_from_string(str(part.get_payload()))
        if isinstance(original, Message):
            named = _ID.fullmatch(str(original.get("Message-ID", "")).strip())
            return named.group(1) if named else None
    return None


def _per_address(mail: Message) -> Iterator[Message]:
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            # The first block is about the report itself and names no address.
            yield from (block for block in part.get_payload() if isinstance(block, Message))


def _address(fields: Message) -> str:
    """Return the address we wrote to: before any forwarding, where the report knows it."""
    named = str(fields.get("Original-Recipient") or fields.get("Final-Recipient") or "")
    kind, _, address = named.partition(";")
    return address.strip().strip("<>").lower() if kind.strip().lower() == "rfc822" else ""


def _status(fields: Message) -> str:
    found = _STATUS.search(str(fields.get("Status", "")))
    status = found.group() if found else ""
    if status in {"", _UNSPECIFIC}:
        said = _STATUS.search(str(fields.get("Diagnostic-Code", "")))
        status = said.group() if said else status
    return status


def _word(fields: Message, name: str) -> str:
    return str(fields.get(name, "")).strip().lower()
