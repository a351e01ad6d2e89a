"""What a client may tell about one session, until when, and until when they may take it back.

A notice is what somebody said: cannot come, running late, here. It is never a mark. The sheet shows it,
and a person decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.vocabulary import AbsenceReason

#: An absence can be taken back until so long before the session; then the place may have been planned with.
UNDO_BEFORE = timedelta(hours=1)
#: A check-in pressed by mistake can be taken back for so long.
UNDO_CHECK_IN = timedelta(minutes=2)
#: From so long before the start on, a telling is for the counselor at the door, not for planning.
AT_THE_DOOR = timedelta(hours=1)
#: What people choose from when they are running late, in minutes.
LATE_CHOICES = (10, 20, 30, 45)
LONGEST_DELAY = 240
#: How soon somebody can say that they are running late.
LATE_FROM = timedelta(hours=6)

#: How staff read the reasons; the client's own words for them are on the client's pages.
REASON_WORDS: Mapping[AbsenceReason, str] = MappingProxyType(
    {
        AbsenceReason.WORK: "work",
        AbsenceReason.CAREGIVING: "child or family care",
        AbsenceReason.TRANSPORT: "no ride",
        AbsenceReason.UNWELL: "not feeling well",
        AbsenceReason.OTHER: "something else",
        AbsenceReason.NOT_SAID: "no reason given",
    }
)


class SessionOver(NotPossible):
    """This session is over. If you missed it, you can still make it up."""


class SessionOff(Conflict):
    """This session is canceled, so there is nothing to tell us. It does not count against the goal."""


class TooLateToUndo(NotPossible):
    """It is less than an hour to the session. Just come, or call the office."""


class CheckInClosed(NotPossible):
    """You can check in shortly before your session starts."""


class AlreadyAway(Conflict):
    """You told us that you can’t come to this session. Undo that first."""


class BadDelay(NotPossible):
    """Choose how late you will be."""


@dataclass(frozen=True, slots=True)
class CheckInWindow:
    """How long around the start of a session its clients may check in; a setting of the program."""

    before_minutes: int = 15
    after_minutes: int = 30
    on: bool = True

    def opens_at(self, starts_at: datetime) -> datetime:
        """Return the first instant at which a check-in is heard."""
        return starts_at - timedelta(minutes=self.before_minutes)

    def is_open(self, starts_at: datetime, *, now: datetime) -> bool:
        """Return True from its first to its last minute, the last instant excluded.

        >>> from datetime import UTC
        >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> [CheckInWindow().is_open(nine, now=nine + timedelta(minutes=m)) for m in (-16, -15, 29, 30)]
        [False, True, True, False]
        """
        return self.on and self.opens_at(starts_at) <= now < starts_at + timedelta(minutes=self.after_minutes)


def check_can_tell(*, starts_at: datetime, ends_at: datetime, held: bool, now: datetime) -> None:
    """Return quietly while something can be told about a session: until its last minute.

    Raises:
        SessionOff: it is not held.
        SessionOver: it has ended.
    """
    if not held:
        raise SessionOff(starts_at=starts_at)
    if now >= ends_at:
        raise SessionOver(ends_at=ends_at)


def can_undo_absence(*, starts_at: datetime, now: datetime) -> bool:
    """Return True until an hour before the start, that minute included."""
    return now <= starts_at - UNDO_BEFORE


def can_undo_check_in(*, told_at: datetime, now: datetime) -> bool:
    """Return True for two minutes after the check-in."""
    return now < told_at + UNDO_CHECK_IN


def is_at_the_door(*, starts_at: datetime, now: datetime) -> bool:
    """Return True within the hour before the start, and from then on: whoever leads hears it now."""
    return now > starts_at - AT_THE_DOOR


def can_be_late(*, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Return True while running late is worth telling: from the hours before a session to its end."""
    return starts_at - LATE_FROM <= now < ends_at


def check_delay(minutes: int) -> None:
    """Refuse a delay that is none.

    Raises:
        BadDelay: less than a minute, or longer than a session can wait.
    """
    if not 0 < minutes <= LONGEST_DELAY:
        raise BadDelay(field="minutes")
