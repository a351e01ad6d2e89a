"""What clients told about their sessions, as the pages and the rules read it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from iop_schedule.domain.notices import CheckInWindow
from iop_schedule.models import (
    Client,
    Occurrence,
    Program,
    ReminderReply,
    RosterEntry,
    SessionNotice,
    User,
    db,
)
from iop_schedule.vocabulary import AbsenceReason, Answer, NoticeKind


@dataclass(frozen=True, slots=True)
class Told:
    """What stands of what was told about one client at one session."""

    #: Why they cannot come; None while nobody said so.
    absent: AbsenceReason | None = None
    absent_at: datetime | None = None
    wants_call: bool = False
    #: How late they will be, and when that was told.
    late_minutes: int | None = None
    late_at: datetime | None = None
    #: When they checked in.
    here_at: datetime | None = None


NOTHING = Told()


def told_by_entry(entry_ids: Collection[int], *, tz: tzinfo = UTC) -> dict[int, Told]:
    """Return what stands for each roster entry, with its instants in `tz`; every id is a key."""
    rows = db.session.scalars(
        select(SessionNotice).where(
            SessionNotice.roster_entry_id.in_(list(entry_ids)), SessionNotice.withdrawn_at.is_(None)
        )
    )
    found: dict[int, dict[NoticeKind, SessionNotice]] = defaultdict(dict)
    for row in rows:
        found[row.roster_entry_id][NoticeKind(row.kind)] = row
    return {entry_id: _told(found[entry_id], tz) if entry_id in found else NOTHING for entry_id in entry_ids}


def _told(rows: dict[NoticeKind, SessionNotice], tz: tzinfo) -> Told:
    absent, late, here = (rows.get(kind) for kind in (NoticeKind.ABSENT, NoticeKind.LATE, NoticeKind.HERE))
    return Told(
        absent=AbsenceReason(absent.reason) if absent and absent.reason else None,
        absent_at=absent.told_at.astimezone(tz) if absent else None,
        wants_call=absent.wants_call if absent else False,
        late_minutes=late.late_minutes if late else None,
        late_at=late.told_at.astimezone(tz) if late else None,
        here_at=here.told_at.astimezone(tz) if here else None,
    )


def answered_absent(entry_ids: Collection[int]) -> dict[int, datetime]:
    """Return, by roster entry, since when a client without a working account has said that they cannot come.

    They answer a message about the day; who has an account tells it for each session, as anybody does.
    """
    later = aliased(ReminderReply)
    rows = db.session.execute(
        select(RosterEntry.id, ReminderReply.at)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .join(Client, Client.id == RosterEntry.client_id)
        .join(
            ReminderReply,
            (ReminderReply.client_id == Client.id) & (ReminderReply.day == Occurrence.local_day),
        )
        .where(
            RosterEntry.id.in_(list(entry_ids)),
            ~exists().where(User.id == Client.user_id, User.active),
            ReminderReply.answer == Answer.CANNOT,
            ~exists().where(
                later.client_id == ReminderReply.client_id,
                later.day == ReminderReply.day,
                later.id > ReminderReply.id,
            ),
        )
    )
    return {row.id: row.at for row in rows}


def standing(entry_id: int, kind: NoticeKind) -> SessionNotice | None:
    """Return the notice of one kind that stands for a roster entry, if any."""
    statement = select(SessionNotice).where(
        SessionNotice.roster_entry_id == entry_id,
        SessionNotice.kind == kind,
        SessionNotice.withdrawn_at.is_(None),
    )
    return db.session.scalars(statement).one_or_none()


def is_told_off() -> ColumnElement[bool]:
    """Return the condition on `RosterEntry` that the client told us they cannot come."""
    return exists().where(
        SessionNotice.roster_entry_id == RosterEntry.id,
        SessionNotice.kind == NoticeKind.ABSENT,
        SessionNotice.withdrawn_at.is_(None),
    )


def check_in_window(program: Program) -> CheckInWindow:
    """Return when clients of a program may check in."""
    return CheckInWindow(
        before_minutes=program.check_in_before_minutes,
        after_minutes=program.check_in_after_minutes,
        on=program.self_check_in,
    )
