"""Text messages over HTTP, to a provider whose interface has Twilio's shape.

Messages are posted as a form to `…/Accounts/{account}/Messages.json` and answered with JSON that holds a
`sid`; a GET of the same address with `To` lists what was taken. Whatever an answer looks like, it becomes
one of the four refusals of `contract.py`: garbage and silence mean that nobody knows.
"""

import json
import socket
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from hashlib import sha1
from hmac import compare_digest
from hmac import new as new_hmac
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from selectors import EVENT_READ, DefaultSelector
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

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

#: More than this is not an answer to one message.
LONGEST_ANSWER = 1024 * 1024
#: Newest messages to one number that are looked through; far more than anybody gets in an hour.
LOOKED_THROUGH = 100
#: Provider and we may disagree by this much about when something was.
CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_WAIT_ASKED = timedelta(hours=1)

#: The provider's numbers for addresses that take nothing from us any more.
STOPPING: dict[int, StopReason] = {
    21211: StopReason.BOUNCED,  # not a telephone number
    21214: StopReason.BOUNCED,  # cannot be reached
    21217: StopReason.BOUNCED,  # not a telephone number
    21408: StopReason.BOUNCED,  # a region we may not send to
    21610: StopReason.OPTED_OUT,  # they answered STOP
    21612: StopReason.BOUNCED,  # no way there
    21614: StopReason.BOUNCED,  # not a mobile
    30003: StopReason.BOUNCED,  # handset gone
    30004: StopReason.BOUNCED,  # blocked
    30005: StopReason.BOUNCED,  # number not in use
    30006: StopReason.BOUNCED,  # landline
}


@dataclass
class SmsMessages:
    """Sends text messages through a provider. One thread at a time; close it when a batch is done."""

    #: Address of the interface up to the account, such as https://api.example.com/2010-04-01.
    url: str
    account: str
    secret: str = field(repr=False)
    #: Our own number, or the name of a pool of numbers beginning with MG.
    sender: str
    capability: ProviderCapability = ProviderCapability.LOOKUP
    #: Where the provider reports what became of each message; empty for nowhere.
    report_url: str = ""
    #: A text is never sent twice on a guess: it is the phone's owner who would be woken by it.
    repeats_when_unsure: int = 0
    #: Seconds to wait for any one answer.
    answer_timeout: float = 10
    #: Seconds for a whole exchange, however slowly the provider drips; well under the outbox's lease.
    total_timeout: float = 20
    _open: HTTPConnection | None = field(default=None, init=False, repr=False)
    _deadline: Deadline = field(default_factory=Deadline, init=False, repr=False)

    def send(self, outgoing: Outgoing) -> str:
        """Hand one message over; see `NotSent` for what can go wrong."""
        whose = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        form = {"To": outgoing.to, whose: self.sender, "Body": outgoing.text}
        if self.report_url:
            form["StatusCallback"] = self.report_url
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.capability is ProviderCapability.NATIVE_KEY:
            headers["Idempotency-Key"] = outgoing.id
        status, answer, wait = self._exchange("POST", "", urlencode(form), headers, lost=Unsure)
        if status in {200, 201}:
            return _ref(answer)
        raise _refusal(status, answer, wait)

    def accepted(self, to: str, *, since: datetime) -> list[Accepted]:
        """Return what the provider has taken from us for `to` since then, oldest first."""
        query = "?" + urlencode({"To": to, "PageSize": LOOKED_THROUGH})
        status, answer, _ = self._exchange("GET", query, None, {}, lost=Unreachable)
        listed = answer.get("messages") if status == 200 else None  # noqa: PLR2004
        if not isinstance(listed, list):
            raise Unreachable(f"reply {status}")  # noqa: EM102 - a category
        found = [item for item in listed if isinstance(item, dict) and _is_since(item, since - CLOCKS_DIFFER)]
        return [Accepted(_ref(item), str(item.get("body", ""))) for item in reversed(found)]

    def close(self) -> None:
        """End the connection."""
        if self._open is not None:
            self._open.close()
        self._open = None
        self._deadline.close()

    def _exchange(
        self,
        method: str,
        query: str,
        body: str | None,
        headers: dict[str, str],
        *,
        lost: type[Unsure | Unreachable],
    ) -> tuple[int, dict[str, Any], str]:
        """Return status, answer and the wait asked for; `lost` is raised when no answer comes back."""
        path = f"{urlsplit(self.url).path.rstrip('/')}/Accounts/{quote(self.account, safe='')}/Messages.json"
        connection = self._connected()
        try:
            with self._deadline.of(self.total_timeout, partial(_hang_up, connection)):
                connection.request(method, path + query, body, {**self._who(), **headers})
                with connection.getresponse() as response:
                    read = _read(response)
        except (OSError, HTTPException) as error:
            self.close()
            raise lost(type(error).__name__) from None
        if response.will_close:
            self.close()
        return response.status, read, response.headers.get("Retry-After", "")

    def _connected(self) -> HTTPConnection:
        if self._open is not None and self._open.sock is not None and not _is_stale(self._open.sock):
            return self._open
        self.close()
        parts = urlsplit(self.url)
        kind = HTTPConnection if parts.scheme == "http" else HTTPSConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.answer_timeout)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Unreachable(type(error).__name__) from None
        self._open = connection
        return connection

    def _who(self) -> dict[str, str]:
        pair = b64encode(f"{self.account}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}", "Accept": "application/json"}


def _hang_up(connection: HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _is_stale(sock: socket.socket) -> bool:
    """Return True when there is something to read between messages: the other side has hung up."""
    with DefaultSelector() as selector:
        selector.register(sock, EVENT_READ)
        return bool(selector.select(timeout=0))


def _read(response: HTTPResponse) -> dict[str, Any]:
    """Return the answer as an object; an empty one for whatever is not JSON of a sensible size."""
    raw = response.read(LONGEST_ANSWER + 1)
    if len(raw) > LONGEST_ANSWER:
        message = "too long an answer"
        raise HTTPException(message)
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _ref(answer: dict[str, Any]) -> str:
    """Return the provider's name for a message it has taken; without one nobody knows what it took."""
    ref = answer.get("sid")
    if not isinstance(ref, str) or not 1 <= len(ref) <= 80 or not ref.isprintable():  # noqa: PLR2004
        raise Unsure("no sensible answer")  # noqa: EM101 - a category
    return ref


def _is_since(item: dict[str, Any], since: datetime) -> bool:
    try:
        made = parsedate_to_datetime(str(item.get("date_created")))
    except ValueError:
        return True
    return made.tzinfo is None or made >= since


def _refusal(status: int, answer: dict[str, Any], wait: str) -> NotSent:
    number = answer.get("code")
    code = number if isinstance(number, int) else 0
    category = f"code {code}" if code else f"reply {status}"
    if status == 429:  # noqa: PLR2004 - too many requests
        return Delayed(category, wait=_wait(wait))
    if status in {401, 403, 404, 405, 407} and code not in STOPPING:
        return Unreachable(category)  # our account or address is wrong: the same for every message
    if 400 <= status < 500 and status != 408:  # noqa: PLR2004
        return Refused(category, stops=STOPPING.get(code))
    return Unsure(category)  # a server's own error may come after it took the message


def _wait(asked: str) -> timedelta | None:
    if not asked.isdecimal() or len(asked) > 6:  # noqa: PLR2004
        return None
    return min(timedelta(seconds=int(asked)), _LONGEST_WAIT_ASKED)


def signature(secret: str, url: str, form: list[tuple[str, str]]) -> str:
    """Return what the provider signs a call with: the address and every field, sorted by name.

    >>> form = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234"}
    >>> form |= {"From": "+14158675309", "To": "+18005551212"}
    >>> signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", list(form.items()))
    'RSOYDt4T1cUTdK1PDd93/VVr8B8='
    """
    said = url + "".join(name + value for name, value in sorted(form))
    return b64encode(new_hmac(secret.encode(), said.encode(), sha1).digest()).decode()


def is_signed(secret: str, url: str, form: list[tuple[str, str]], given: str) -> bool:
    """Return True when a call bears the provider's signature; compares in constant time."""
    return bool(secret) and compare_digest(signature(secret, url, form).encode(), given.encode())
