"""What a message needs beside its facts: our address, and what links and codes are signed with."""

import re
from dataclasses import dataclass, field

from iop_schedule.adapters import tokens

_TOKEN = re.compile(r"[0-9a-f]{64}")
_CODE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Where links in messages lead to, and the key that nobody else can sign them with."""

    public_url: str = "http://127.0.0.1:8000"
    key: str = field(default="", repr=False)

    def link(self, delivery_id: str) -> str:
        """Return the address at which one message can be answered and stopped."""
        return f"{self.public_url}/m/{link_token(self.key, delivery_id)}"

    def stop_link(self, delivery_id: str) -> str:
        """Return the address that stops messages like this one with a POST, for mail programs."""
        return f"{self.link(delivery_id)}/stop"

    def text_hash(self, to: str, text: str) -> str:
        """Return what is kept of a text: enough to recognize it, nothing to read."""
        return tokens.keyed_hash(self.key, "message-text", f"{to}\n{text}")

    def code(self, salt: str, address: str) -> str:
        """Return the six digits that prove an address."""
        return contact_code(self.key, salt, address)


def link_token(key: str, delivery_id: str) -> str:
    """Return the text that names one message in an address and cannot be guessed."""
    plain = delivery_id.replace("-", "")
    return plain + tokens.keyed_hash(key, "message-link", plain)[:32]


def delivery_behind(key: str, token: str) -> str | None:
    """Return the message a token names, or None when we did not make it."""
    if not _TOKEN.fullmatch(token):
        return None
    plain = token[:32]
    if not tokens.is_same(tokens.keyed_hash(key, "message-link", plain)[:32], token[32:]):
        return None
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def contact_code(key: str, salt: str, address: str) -> str:
    """Return the code for one address and one asking; the same each time it is computed."""
    number = int(tokens.keyed_hash(key, "contact-code", f"{salt}\n{address}")[:15], 16)
    return f"{number % 10**_CODE_DIGITS:0{_CODE_DIGITS}}"
