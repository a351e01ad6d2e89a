"""What one row of a file of past sessions says, so that a program can try the monitor on its own history."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import DAYS_PER_WEEK
from iop_schedule.domain.risk.level import attended_share
from iop_schedule.domain.risk.watch import Row
from iop_schedule.errors import NotPossible

#: What the column `status` of a file of past sessions may say.
FILE_STATES = (
    SessionState.ATTENDED,
    SessionState.ATTENDED_PART,
    SessionState.NO_SHOW,
    SessionState.LATE_CANCEL,
    SessionState.EXCUSED,
    SessionState.PROGRAM_CANCELLED,
    SessionState.PAUSED,
    SessionState.NOT_RECORDED,
)


class BadEvent(NotPossible):
    """This row cannot be used. Correct it and try again."""


class Says(NamedTuple):
    """What one row says about attendance: the share attended, or None, and whether it is on a pause."""

    share: float | None
    paused: bool


def what_it_says(*, status: str, scheduled_minutes: int, attended_minutes: int | None) -> Says:
    """Return what a row says. `attended_minutes` may be left out except for *attended in part*.

    Raises:
        BadEvent: an unknown status, negative minutes, more attended than scheduled, or minutes missing.
    """
    state = next((s for s in FILE_STATES if s == status), None)
    if state is None:
        message = f"status “{status}” is not one of {', '.join(FILE_STATES)}"
        raise BadEvent(message, field="status")
    if scheduled_minutes < 0 or (attended_minutes or 0) < 0:
        message = "minutes must not be negative"
        raise BadEvent(message, field="scheduled_minutes" if scheduled_minutes < 0 else "attended_minutes")
    if attended_minutes is not None and attended_minutes > scheduled_minutes:
        message = f"attended_minutes {attended_minutes} is more than scheduled_minutes {scheduled_minutes}"
        raise BadEvent(message, field="attended_minutes")
    if state is SessionState.ATTENDED_PART and attended_minutes is None:
        message = "attended_in_part needs attended_minutes"
        raise BadEvent(message, field="attended_minutes")
    return Says(_share(state, scheduled_minutes, attended_minutes), state is SessionState.PAUSED)


def client_weeks(rows: Iterable[Row]) -> int:
    """Return in how many calendar weeks, Monday to Sunday, at least one session was expected."""
    return len({week_number(row.at) for row in rows if row.share is not None})


def week_number(at: date) -> int:
    """Return a number that is the same for all days of one calendar week; day 1 was a Monday."""
    return (at.toordinal() - 1) // DAYS_PER_WEEK


def _share(state: SessionState, scheduled: int, attended: int | None) -> float | None:
    if not state.in_adherence:
        return None
    if state.is_miss:
        return 0.0
    minutes = scheduled if attended is None else attended
    return attended_share(attended_minutes=minutes, scheduled_minutes=scheduled)
