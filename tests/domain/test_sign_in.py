"""How long to wait after failures, and when a session is over."""

from datetime import UTC, datetime, timedelta

import pytest

from iop_schedule.domain.sign_in import (
    FOR_ACCOUNT,
    FOR_SOURCE,
    Patience,
    SessionLimits,
    has_lapsed,
    heard_at,
    same_address,
)

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
LIMITS = SessionLimits(idle=timedelta(minutes=15), absolute=timedelta(hours=12))


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, None), (4, None), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (12, 60), (5000, 60)],
)
def test_the_wait_doubles_after_five_failures_and_stops_at_a_minute(
    failures: int, seconds: int | None
) -> None:
    wanted = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert heard_at([NOW] * failures, FOR_ACCOUNT) == wanted


def test_the_wait_counts_from_the_latest_failure() -> None:
    failed = [NOW - timedelta(minutes=minutes) for minutes in (3, 0, 9, 1, 2)]
    assert heard_at(failed, FOR_ACCOUNT) == NOW + timedelta(seconds=1)


def test_a_source_has_more_patience_than_an_account() -> None:
    assert heard_at([NOW] * 19, FOR_SOURCE) is None
    assert heard_at([NOW] * 40, FOR_SOURCE) == NOW + timedelta(minutes=5)


def test_no_free_failures_means_a_wait_from_the_first() -> None:
    assert heard_at([], Patience(free=1, longest=timedelta(minutes=1))) is None
    assert heard_at([NOW], Patience(free=1, longest=timedelta(minutes=1))) == NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "idle", "over"),
    [
        (timedelta(hours=1), timedelta(minutes=14, seconds=59), False),
        (timedelta(hours=1), timedelta(minutes=15), True),
        (timedelta(hours=11, minutes=59, seconds=59), timedelta(0), False),
        (timedelta(hours=12), timedelta(0), True),
    ],
    ids=["in use", "idle", "long", "too long"],
)
def test_a_session_is_over_when_idle_or_old(age: timedelta, idle: timedelta, over: bool) -> None:
    assert has_lapsed(created_at=NOW - age, last_seen_at=NOW - idle, limits=LIMITS, now=NOW) is over


@pytest.mark.parametrize(
    "text", ["Ana@Example.NET", " ana@example.net\n", "ａna@example.net", "ANA@EXAMPLE.NET"]
)
def test_one_address_in_many_spellings_is_one(text: str) -> None:
    assert same_address(text) == "ana@example.net"
