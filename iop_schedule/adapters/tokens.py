"""Random values, their hashes, and signed links. Holds no clock: whoever reads a link says when."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer


def new_token() -> str:
    """Return 256 random bits, fit for a cookie or an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored instead of a token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_hash(key: str, purpose: str, text: str) -> str:
    """Return an HMAC of `text` that only the holder of `key` can compute, different for each purpose."""
    return hmac.new(key.encode(), f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()


def sign_link(key: str, purpose: str, content: dict[str, Any], *, until: datetime) -> str:
    """Return `content` as text for an address that nobody can change, good until `until`."""
    signed = URLSafeSerializer(key, salt=purpose).dumps({**content, "until": until.timestamp()})
    return signed if isinstance(signed, str) else signed.decode()


def read_link(key: str, purpose: str, token: str, *, now: datetime) -> dict[str, Any] | None:
    """Return what `sign_link` was given; None when the text was changed, is too old or is not ours."""
    try:
        content = URLSafeSerializer(key, salt=purpose).loads(token)
    except BadSignature:
        return None
    if not isinstance(content, dict) or now.timestamp() >= content.get("until", 0):
        return None
    return content


def is_same(ours: str, given: str) -> bool:
    """Return True when both are the same, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(ours.encode(), given.encode())
