"""Signing an attendance sheet: when it may be closed, what it then says, and what comes late.

Signing closes a sheet and assumes nothing: whoever is still to mark keeps it open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from iop_schedule.domain.attendance import SessionCancelled, Settled
from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.vocabulary import AttendanceStatus, SignOffKind

#: How long whoever signed may take the signature back without giving a reason.
TAKE_BACK_WITHIN = timedelta(minutes=5)
LONGEST_REASON = 200

#: Why a group did not meet, in words clients may read.
NOT_HELD_REASONS = (
    "The counselor was out",
    "The building was closed",
    "The weather",
    "Too few people to hold it",
    "Another reason",
)


class StillToMark(NotPossible):
    """Someone is still to mark. Mark everyone, then finish."""


class NobodyExpected(NotPossible):
    """Nobody is on this sheet. Add someone, or say that the group did not meet."""


class NotBegun(NotPossible):
    """This session has not begun. Sign its sheet once it has."""


class SheetClosed(Conflict):
    """This sheet is signed. Amend it with a reason."""


class SheetOpen(NotPossible):
    """This sheet is not signed yet. Change the mark itself."""


class SheetChanged(Conflict):
    """Someone else changed this sheet a moment ago. Look at it again, then sign."""


class ReasonMissing(NotPossible):
    """Say why, in a few words."""


class NothingToAmend(NotPossible):
    """This is what the sheet says already. Choose what was different."""


@dataclass(frozen=True, slots=True)
class SheetCounts:
    """What a signed sheet adds up to."""

    present: int = 0
    #: Came late or left early.
    in_part: int = 0
    excused: int = 0
    not_here: int = 0
    minutes: int = 0

    @property
    def here(self) -> int:
        """Return how many came, wholly or in part."""
        return self.present + self.in_part

    @property
    def away(self) -> int:
        """Return how many did not come."""
        return self.excused + self.not_here


def count_sheet(marks: Iterable[Settled]) -> SheetCounts:
    """Return what `marks` add up to; someone the program canceled for alone is in no number.

    >>> count_sheet([Settled(AttendanceStatus.ATTENDED, 165), Settled(AttendanceStatus.NO_SHOW, 0)])
    SheetCounts(present=1, in_part=0, excused=0, not_here=1, minutes=165)
    """
    settled = list(marks)

    def number(*statuses: AttendanceStatus) -> int:
        return sum(one.status in statuses for one in settled)

    return SheetCounts(
        present=number(AttendanceStatus.ATTENDED),
        in_part=number(AttendanceStatus.ATTENDED_PART),
        excused=number(AttendanceStatus.EXCUSED),
        not_here=number(AttendanceStatus.NO_SHOW, AttendanceStatus.LATE_CANCEL),
        minutes=sum(one.minutes for one in settled),
    )


def check_signable(*, starts_at: datetime, cancelled: bool, people: int, to_mark: int, now: datetime) -> None:
    """Return quietly when the sheet may be signed at `now`; the minute of the start is included.

    Raises:
        SessionCancelled: there is nothing to sign.
        NotBegun: the session starts later.
        NobodyExpected, StillToMark: the sheet is not complete.
    """
    if cancelled:
        raise SessionCancelled(starts_at=starts_at)
    if now < starts_at:
        raise NotBegun(starts_at=starts_at)
    if not people:
        raise NobodyExpected
    if to_mark:
        who = "1 person is" if to_mark == 1 else f"{to_mark} people are"
        message = f"{who} still to mark. Mark them, then finish."
        raise StillToMark(message, to_mark=to_mark)


def is_closed(kind: SignOffKind | None) -> bool:
    """Return True when the last thing said about a sheet closes it; nothing said leaves it open."""
    return kind is not None and kind is not SignOffKind.REOPENED


def is_late(*, ends_at: datetime, at: datetime, after: timedelta) -> bool:
    """Return True for an entry made more than `after` the end of its session; exactly then is in time.

    Source: docs/sources.md#late-entries
    """
    return at > ends_at + after


def reason_for_change(text: str) -> str:
    """Return the reason in one line.

    Raises:
        ReasonMissing: there is none, or it is too long to read on a sheet.
    """
    words = " ".join(text.split())
    if not words:
        raise ReasonMissing(field="reason")
    if len(words) > LONGEST_REASON:
        message = f"Keep the reason under {LONGEST_REASON} characters."
        raise ReasonMissing(message, field="reason")
    return words


def may_take_back(*, signed_at: datetime, by_id: int, actor_id: int, now: datetime) -> bool:
    """Return True while whoever signed may take it back without a reason."""
    return by_id == actor_id and now <= signed_at + TAKE_BACK_WITHIN
