"""Until when something can be told about a session, and until when it can be taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from iop_schedule.domain.notices import (
    BadDelay,
    CheckInWindow,
    SessionOff,
    SessionOver,
    can_be_late,
    can_undo_absence,
    can_undo_check_in,
    check_can_tell,
    check_delay,
    is_at_the_door,
)

NINE = datetime(2026, 3, 2, 14, tzinfo=UTC)
TWELVE = NINE + timedelta(hours=3)


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def test_something_can_be_told_until_the_last_minute() -> None:
    check_can_tell(starts_at=NINE, ends_at=TWELVE, held=True, now=at(179))
    with pytest.raises(SessionOver):
        check_can_tell(starts_at=NINE, ends_at=TWELVE, held=True, now=TWELVE)
    with pytest.raises(SessionOff):
        check_can_tell(starts_at=NINE, ends_at=TWELVE, held=False, now=at(-600))


@pytest.mark.parametrize(
    ("minutes", "undo", "door"),
    [(-61, True, False), (-60, True, False), (-59, False, True), (5, False, True)],
)
def test_the_last_hour_belongs_to_whoever_is_at_the_door(minutes: int, undo: bool, door: bool) -> None:
    assert can_undo_absence(starts_at=NINE, now=at(minutes)) is undo
    assert is_at_the_door(starts_at=NINE, now=at(minutes)) is door


@pytest.mark.parametrize(
    ("minutes", "can"), [(-6 * 60 - 1, False), (-6 * 60, True), (179, True), (180, False)]
)
def test_running_late_is_told_on_the_day(minutes: int, can: bool) -> None:
    assert can_be_late(starts_at=NINE, ends_at=TWELVE, now=at(minutes)) is can


@pytest.mark.parametrize(
    ("window", "minutes", "is_open"),
    [
        (CheckInWindow(), -16, False),
        (CheckInWindow(), -15, True),
        (CheckInWindow(), 29, True),
        (CheckInWindow(), 30, False),
        (CheckInWindow(before_minutes=5, after_minutes=0), -5, True),
        (CheckInWindow(before_minutes=5, after_minutes=0), 0, False),
        (CheckInWindow(on=False), 0, False),
    ],
)
def test_the_check_in_window_is_a_setting(window: CheckInWindow, minutes: int, is_open: bool) -> None:
    assert window.is_open(NINE, now=at(minutes)) is is_open


def test_a_check_in_is_taken_back_within_two_minutes() -> None:
    assert can_undo_check_in(told_at=NINE, now=NINE + timedelta(seconds=119))
    assert not can_undo_check_in(told_at=NINE, now=NINE + timedelta(seconds=120))


@pytest.mark.parametrize("minutes", [0, -5, 241])
def test_a_delay_that_is_none_is_refused(minutes: int) -> None:
    with pytest.raises(BadDelay):
        check_delay(minutes)
