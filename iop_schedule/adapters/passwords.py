"""Hashing passwords: the one place where it happens, and never more than two at a time.

A hash is made costly on purpose. Whoever wants one waits in a small room in front of the two places
where hashing happens; when the room is full the answer is "later" at once, so that a flood of sign-ins
cannot hold every thread of the server.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from threading import BoundedSemaphore

from flask_security.utils import hash_password, verify_password

from iop_schedule.errors import TooManyAttempts

#: Characters of a password; longer ones are refused before anything is computed from them.
LONGEST = 256
SHORTEST = 12

_working = BoundedSemaphore(2)
_room = BoundedSemaphore(4)


@contextmanager
def _one_of_two() -> Iterator[None]:
    if not _room.acquire(blocking=False):
        message = "Many people are signing in right now. Wait a few seconds and try again."
        raise TooManyAttempts(message, retry_after=3)
    try:
        with _working:
            yield
    finally:
        _room.release()


def hashed(password: str) -> str:
    """Return the hash to store for `password`.

    Raises:
        TooManyAttempts: too many hashes are being computed at this moment.
    """
    with _one_of_two():
        result: str = hash_password(_same_letters(password))
        return result


def matches(password: str, stored: str | None) -> bool:
    """Return True when `password` is the one behind `stored`.

    Without a stored hash the same work is done against one that nothing matches, so that the answer
    takes as long for an address nobody has as for one that somebody has.

    Raises:
        TooManyAttempts: too many hashes are being computed at this moment.
    """
    with _one_of_two():
        found: bool = verify_password(_same_letters(password), stored or _nobodys_hash())
        return found and stored is not None


def _same_letters(password: str) -> str:
    """Return the password in the one spelling that all keyboards' spellings of it share."""
    return unicodedata.normalize("NFKD", password)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    result: str = hash_password("nobody has this password")
    return result


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    text = resources.files("iop_schedule.adapters").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def weakness(password: str, *, personal: tuple[str, ...] = ()) -> str | None:
    """Return what to do about a password that is too easy to guess, or None when it will do.

    Only length and guessability count; there are no rules about kinds of characters.

    Args:
        password: as it was typed or pasted.
        personal: words that a guesser would try first, such as the person's own names.
    """
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words you can remember work well."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if _is_guessable(password, personal):
        return "This password is on the list of common ones. Put a few unusual words together instead."
    return None


#: What people write for a letter, such as the zero in "passw0rd".
_UNDISGUISED = str.maketrans("@013457$!", "aoleastsi")


def _is_guessable(password: str, personal: tuple[str, ...]) -> bool:
    plain = "".join(letter for letter in password.casefold() if letter.isalnum() or letter in "@$!")
    words = _common() | {name.casefold() for name in personal if len(name) > 2}  # noqa: PLR2004
    letters = "".join(letter for letter in plain if letter.isalpha())
    return (
        len(set(plain)) <= 4  # noqa: PLR2004 - "aaaaaaaaaaaa", "121212121212"
        or plain in _runs()
        or _made_of(words, letters)
        or _made_of(words, _undisguised(plain))
    )


def _undisguised(plain: str) -> str:
    """Return the letters meant by "p@ssw0rd1234!": what trails is dropped, what stands in is read."""
    meant = plain.rstrip("0123456789@$!").translate(_UNDISGUISED)
    return "".join(letter for letter in meant if letter.isalpha())


def _made_of(words: frozenset[str] | set[str], text: str) -> bool:
    """Return True when `text` is nothing but listed words, one after the other; so is no text at all."""
    reachable = {0}
    for end in range(1, len(text) + 1):
        if any(start in reachable and text[start:end] in words for start in range(end)):
            reachable.add(end)
    return len(text) in reachable


@lru_cache(maxsize=1)
def _runs() -> frozenset[str]:
    """Return the straight runs along keyboard and alphabet that pass for passwords."""
    rows = ("1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p")
    lines = [row * 4 for row in rows] + [row[::-1] * 4 for row in rows]
    return frozenset(
        line[at : at + length] for line in lines for at in range(26) for length in range(SHORTEST, 31)
    )
