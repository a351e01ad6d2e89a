"""When a sign-in is heard and how long it lasts. Slows guessing down; never locks anyone out for good."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Failures older than this no longer count.
COUNTED_FOR = timedelta(minutes=15)
#: How long a source where somebody once signed in is trusted to be theirs.
KNOWN_FOR = timedelta(days=90)
#: How long a link for choosing a password is good.
LINK_LASTS = timedelta(days=3)
#: `last_seen_at` is written at most this often.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures are free, and how long the wait may grow after them."""

    free: int
    longest: timedelta


#: For one account, counted over all the sources it has not signed in from.
FOR_ACCOUNT = Patience(free=5, longest=timedelta(minutes=1))
#: For one account from a source it has signed in from: strangers' failures do not count here.
FOR_KNOWN_SOURCE = Patience(free=5, longest=timedelta(minutes=1))
#: For one source over all accounts; a clinic's people may share one.
FOR_SOURCE = Patience(free=20, longest=timedelta(minutes=5))


def heard_at(failed_at: Sequence[datetime], patience: Patience) -> datetime | None:
    """Return the instant from which the next try is heard; None when it is heard at once.

    After the free failures the wait doubles with each one: 1, 2, 4, ... seconds after the latest.
    """
    over = len(failed_at) - patience.free
    if over < 0:
        return None
    seconds = min(2.0 ** min(over, 30), patience.longest.total_seconds())
    return max(failed_at) + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts without a request, and in any case."""

    idle: timedelta
    absolute: timedelta


def has_lapsed(*, created_at: datetime, last_seen_at: datetime, limits: SessionLimits, now: datetime) -> bool:
    """Return True when a session has been idle, or has lasted, for its limit or longer.

    Source: docs/sources.md#automatic-logoff
    """
    return now - last_seen_at >= limits.idle or now - created_at >= limits.absolute


def same_address(text: str) -> str:
    """Return an e-mail address in the one form in which it is stored and compared.

    >>> same_address("  Ana@Example.NET ")
    'ana@example.net'
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()
