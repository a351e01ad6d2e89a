"""Signed links: good until their time, for their purpose, with their key, and unchanged."""

from datetime import UTC, datetime, timedelta

import pytest

from iop_schedule.adapters.tokens import keyed_hash, new_token, read_link, sign_link, token_hash

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
KEY = "k" * 40


def test_a_link_says_what_was_signed_until_its_time() -> None:
    link = sign_link(KEY, "purpose", {"user": 7}, until=NOW + timedelta(days=3))
    last = NOW + timedelta(days=3) - timedelta(seconds=1)
    assert (read_link(KEY, "purpose", link, now=last) or {})["user"] == 7
    assert read_link(KEY, "purpose", link, now=NOW + timedelta(days=3)) is None


@pytest.mark.parametrize("change", ["key", "purpose", "text", "empty", "list"])
def test_anything_else_says_nothing(change: str) -> None:
    link = sign_link(KEY, "purpose", {"user": 7}, until=NOW + timedelta(days=3))
    changed = {"text": "A" + link[1:], "empty": "", "list": "[].x"}.get(change, link)
    key = "other" * 8 if change == "key" else KEY
    assert read_link(key, "other" if change == "purpose" else "purpose", changed, now=NOW) is None


def test_tokens_are_long_and_different_and_so_are_their_hashes() -> None:
    made = {new_token() for _ in range(200)}
    assert (len(made), {len(token) for token in made}, len({token_hash(token) for token in made})) == (
        200, {43}, 200,
    )  # fmt: skip


def test_a_keyed_hash_depends_on_key_purpose_and_text() -> None:
    hashes = {
        keyed_hash(key, purpose, text) for key in ("a", "b") for purpose in ("x", "y") for text in ("1", "2")
    }
    assert len(hashes) == 8
