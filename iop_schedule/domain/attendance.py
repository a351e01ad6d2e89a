"""What may be marked for one client at one session, when, and how many minutes it credits.

Three things are kept apart: whether a session counts for the client at all (`SessionState`), what was
seen (`Mark`), and the minutes that follow (`Settled`). No mark means *to mark*, never *absent*.
Minutes are whole numbers everywhere; a started minute on the clock is dropped like on a sign-in sheet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.vocabulary import AttendanceStatus

#: Minutes before the start from which a session may be marked, unless the program sets its own.
OPENS_MINUTES = 30

#: What the roster offers for one tap each, in its order. No record at all reads “To mark”.
ROSTER_WORDS: Mapping[AttendanceStatus, str] = MappingProxyType(
    {
        AttendanceStatus.ATTENDED: "Present",
        AttendanceStatus.ATTENDED_PART: "Late",
        AttendanceStatus.EXCUSED: "Excused",
        AttendanceStatus.NO_SHOW: "Not here",
    }
)

_THERE = frozenset({AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART})


class NotYetOpen(NotPossible):
    """This session has not begun. Attendance opens shortly before the start."""


class SessionCancelled(Conflict):
    """This session was cancelled, so there is nothing to mark. Restore it first if it was held."""


class ArrivedAfterEnd(NotPossible):
    """The arrival is after the end of the session. Correct the time, or choose Not here."""


class LeftBeforeArriving(NotPossible):
    """The departure is not after the arrival. Correct one of the two times."""


class LeftBeforeStart(NotPossible):
    """The departure is before the session began. Correct the time, or choose Not here."""


class TimeMissing(NotPossible):
    """Say when the client arrived or left, so that the minutes can be credited."""


class TimeWithoutAttendance(NotPossible):
    """Only someone who came has an arrival or departure time. Clear the times, or choose Present or Late."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What staff saw: a status and, where known, arrival and departure as UTC instants."""

    status: AttendanceStatus
    arrived_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a mark comes to: the status as stored and the minutes credited, breaks excluded."""

    status: AttendanceStatus
    minutes: int


class SessionState(StrEnum):
    """How one session of one client counts, with the table of what it counts in.

    An excused absence is in the dose: care not received is not received, whatever the reason. What is in
    neither leaves every rate alone.

    Source: docs/sources.md#what-counts
    """

    # Columns: value, attended, missed, in the dose. In adherence is attended or missed.
    ATTENDED = ("attended", True, False, True)
    ATTENDED_PART = ("attended_in_part", True, False, True)
    NO_SHOW = ("no_show", False, True, True)
    LATE_CANCEL = ("late_cancellation", False, True, True)
    EXCUSED = ("excused", False, False, True)
    PROGRAM_CANCELLED = ("cancelled_by_program", False, False, False)
    CLOSED = ("closed", False, False, False)
    PAUSED = ("paused", False, False, False)
    OUTSIDE = ("outside_enrollment", False, False, False)
    NOT_RECORDED = ("not_recorded", False, False, False)
    UPCOMING = ("upcoming", False, False, False)

    #: The client was there, wholly or in part.
    is_attended: bool
    #: An absence that counts against attendance.
    is_miss: bool
    #: Its minutes count as treatment that was on offer.
    in_dose: bool
    #: It counts for how reliably the client comes.
    in_adherence: bool

    def __new__(cls, value: str, attended: bool = False, missed: bool = False, dose: bool = False) -> Self:  # noqa: FBT001, FBT002 - columns of the table above
        """Make a member from one row of the table."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.is_attended, member.is_miss, member.in_dose = attended, missed, dose
        member.in_adherence = attended or missed
        return member


@dataclass(frozen=True, slots=True)
class Correction:
    """One mark as it was set; None takes the mark back to *to mark*. Versions count from one."""

    version: int
    mark: Mark | None


def check_markable(
    *, starts_at: datetime, cancelled: bool, now: datetime, opens_minutes: int = OPENS_MINUTES
) -> None:
    """Return quietly when attendance may be taken at `now`; the first minute allowed is included.

    Raises:
        SessionCancelled: the session does not take place.
        NotYetOpen: it is earlier than `opens_minutes` before the start.
    """
    if cancelled:
        raise SessionCancelled(starts_at=starts_at)
    opens_at = starts_at - timedelta(minutes=opens_minutes)
    if now < opens_at:
        message = (
            f"This session has not begun. Attendance opens {opens_minutes} minutes before the start; "
            "mark it then."
        )
        raise NotYetOpen(message, opens_at=opens_at)


def settle(mark: Mark, *, starts_at: datetime, ends_at: datetime, break_minutes: int) -> Settled:
    """Return the status to store and the minutes credited for `mark`, breaks excluded.

    Present without times is the whole session. Arriving early or leaving late credits nothing more:
    times are clamped to the session. Whoever misses a minute is *attended in part*, whoever misses none
    *attended*, so status and minutes can never tell two stories.

    Breaks come off in proportion: someone there for two thirds of a session with a 15-minute break is
    credited two thirds of the minutes without it, rounded down. When a break was taken is not recorded,
    so taking off its overlap would be a guess; the proportion needs no guess, gives the whole for the
    whole, and never credits more minutes than were scheduled.

    >>> from datetime import UTC
    >>> six, nine = datetime(2026, 3, 2, 18, tzinfo=UTC), datetime(2026, 3, 2, 21, tzinfo=UTC)
    >>> late = Mark(AttendanceStatus.ATTENDED_PART, arrived_at=datetime(2026, 3, 2, 19, tzinfo=UTC))
    >>> settle(late, starts_at=six, ends_at=nine, break_minutes=15).minutes
    110

    Raises:
        TimeMissing: attended in part without any time.
        TimeWithoutAttendance: a time for someone who was not there.
        ArrivedAfterEnd, LeftBeforeArriving, LeftBeforeStart: the times cannot be.

    Source: docs/sources.md#breaks
    """
    if mark.status not in _THERE:
        return _settle_absence(mark)
    scheduled = scheduled_minutes(starts_at=starts_at, ends_at=ends_at, break_minutes=break_minutes)
    if mark.arrived_at is None and mark.left_at is None:
        if mark.status is AttendanceStatus.ATTENDED_PART:
            raise TimeMissing(field="arrived_at")
        return Settled(AttendanceStatus.ATTENDED, scheduled)
    whole = _whole_minutes(starts_at, ends_at)
    present = _present_minutes(mark, starts_at=starts_at, ends_at=ends_at)
    minutes = present * scheduled // whole
    status = AttendanceStatus.ATTENDED if present == whole else AttendanceStatus.ATTENDED_PART
    return Settled(status, minutes)


def scheduled_minutes(*, starts_at: datetime, ends_at: datetime, break_minutes: int) -> int:
    """Return the minutes that count: from start to end without the break, never below zero."""
    return max(0, _whole_minutes(starts_at, ends_at) - break_minutes)


def cancellation_status(*, told_at: datetime, starts_at: datetime, notice_minutes: int) -> AttendanceStatus:
    """Return how an absence announced at `told_at` counts: excused, or late inside the notice period.

    Exactly `notice_minutes` before the start is still in time.
    """
    in_time = told_at <= starts_at - timedelta(minutes=notice_minutes)
    return AttendanceStatus.EXCUSED if in_time else AttendanceStatus.LATE_CANCEL


def standing_mark(corrections: Iterable[Correction]) -> Mark | None:
    """Return the mark that stands: the one with the highest version, in whatever order they arrive."""
    last = max(corrections, key=lambda c: c.version, default=None)
    return None if last is None else last.mark


def session_state(
    status: AttendanceStatus | None,
    *,
    ends_at: datetime,
    now: datetime,
    enrolled: bool = True,
    cancelled: bool = False,
    closed: bool = False,
    paused: bool = False,
) -> SessionState:
    """Return how a session counts for a client, as seen at `now`.

    What keeps a session from counting goes first, in this order: outside enrollment, cancelled by the
    program, closure, pause. Then the mark decides. A session with a mark was held, so a closure of its day
    takes nothing from it. A record entered in error is no record. Without a record a session is *upcoming*
    until it has ended and *not recorded* from then on.
    """
    mark = None if status is AttendanceStatus.ENTERED_IN_ERROR else status
    if not enrolled:
        return SessionState.OUTSIDE
    if cancelled:
        return SessionState.PROGRAM_CANCELLED
    if closed and mark is None:
        return SessionState.CLOSED
    if paused:
        return SessionState.PAUSED
    if mark is None:
        return SessionState.UPCOMING if now < ends_at else SessionState.NOT_RECORDED
    return _AS_MARKED[mark]


#: How a mark counts when nothing keeps its session from counting.
_AS_MARKED = {
    status: SessionState(status.value)
    for status in AttendanceStatus
    if status is not AttendanceStatus.ENTERED_IN_ERROR
}


def _settle_absence(mark: Mark) -> Settled:
    if mark.arrived_at is not None or mark.left_at is not None:
        raise TimeWithoutAttendance(field="arrived_at" if mark.arrived_at is not None else "left_at")
    return Settled(mark.status, 0)


def _present_minutes(mark: Mark, *, starts_at: datetime, ends_at: datetime) -> int:
    arrived = starts_at if mark.arrived_at is None else _to_minute(mark.arrived_at)
    left = ends_at if mark.left_at is None else _to_minute(mark.left_at)
    if arrived >= ends_at:
        raise ArrivedAfterEnd(field="arrived_at")
    if left <= arrived and mark.arrived_at is not None:
        raise LeftBeforeArriving(field="left_at")
    if left <= starts_at:
        raise LeftBeforeStart(field="left_at")
    return _whole_minutes(max(arrived, starts_at), min(left, ends_at))


def _to_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _whole_minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds()) // 60
