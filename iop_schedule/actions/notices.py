"""Telling something about one session: cannot come, running late, here; and taking it back.

Clients tell for themselves, staff for them. Nothing told is a mark: the sheet shows it, staff decide.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_client, lock_schedule
from iop_schedule.actions.make_ups import book_for, release_booked, release_guest
from iop_schedule.domain.notices import (
    AlreadyAway,
    BadDelay,
    CheckInClosed,
    TooLateToUndo,
    can_be_late,
    can_undo_absence,
    can_undo_check_in,
    check_can_tell,
    check_delay,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Occurrence, RosterEntry, SessionNotice, db
from iop_schedule.queries.access import Actor, access_entry
from iop_schedule.queries.notices import check_in_window, standing
from iop_schedule.vocabulary import (
    AbsenceReason,
    AuditKind,
    NoticeKind,
    OccurrenceStatus,
    Role,
    RosterSource,
)

_TOLD = {
    NoticeKind.ABSENT: (AuditKind.ABSENCE_TOLD, AuditKind.ABSENCE_TAKEN_BACK),
    NoticeKind.LATE: (AuditKind.DELAY_TOLD, AuditKind.DELAY_TAKEN_BACK),
    NoticeKind.HERE: (AuditKind.CHECKED_IN, AuditKind.CHECK_IN_TAKEN_BACK),
}


def tell_absence(
    *,
    actor: Actor,
    client_id: int,
    occurrence_id: int,
    reason: AbsenceReason,
    make_up_id: int | None = None,
    wants_call: bool = False,
    now: datetime,
) -> None:
    """Say that a client cannot come to a session, and book the make-up they chose, all or nothing.

    Sending the same twice changes nothing. Who cannot come to a make-up gives it back: its seat is free,
    and the session it made up for is open again.

    Raises:
        NotFound, NotAllowed: not this person's to tell.
        SessionOver, SessionOff: there is nothing to tell any more.
        SeatJustTaken, NoLongerOpen, AlreadyMadeUp: the make-up cannot be booked; nothing was told.
    """
    permission = _permission(actor)
    entry = access_entry(actor, client_id, occurrence_id, permission, now=now)
    lock_schedule(entry.client.site_id)
    entry = _hearable(access_entry(actor, client_id, occurrence_id, permission, now=now), now)
    told = standing(entry.id, NoticeKind.ABSENT)
    if told is not None and (told.reason, told.wants_call) != (reason, wants_call):
        _withdraw(actor, told, now)
        told = None
    if told is None:
        for kind in (NoticeKind.LATE, NoticeKind.HERE):
            other = standing(entry.id, kind)
            if other is not None:
                _withdraw(actor, other, now)
        _tell(
            actor,
            entry,
            NoticeKind.ABSENT,
            {"reason": str(reason)},
            now=now,
            reason=reason,
            wants_call=wants_call,
        )
    if entry.source == RosterSource.MAKE_UP:
        release_guest(actor, entry, now=now)
    elif make_up_id is not None:
        book_for(actor, entry, make_up_id, now=now)
    db.session.commit()


def take_back_absence(*, actor: Actor, client_id: int, occurrence_id: int, now: datetime) -> bool:
    """Say that a client comes after all; a make-up still to come is given back. False: nothing was told.

    Raises:
        TooLateToUndo: for the client, within the hour before the session.
        SessionOver, SessionOff: it changes nothing any more.
    """
    permission = _permission(actor)
    entry = access_entry(actor, client_id, occurrence_id, permission, now=now)
    lock_schedule(entry.client.site_id)
    entry = _hearable(access_entry(actor, client_id, occurrence_id, permission, now=now), now)
    told = standing(entry.id, NoticeKind.ABSENT)
    if told is None:
        return False
    if actor.role is Role.CLIENT and not can_undo_absence(starts_at=entry.occurrence.starts_at, now=now):
        raise TooLateToUndo
    _withdraw(actor, told, now)
    release_booked(actor, entry, now=now)
    db.session.commit()
    return True


def told_off_starts(series_id: int, *, now: datetime) -> dict[int, datetime]:
    """Return when each session to come of a series begins that someone cannot come to, by the notice."""
    statement = (
        select(SessionNotice.id, Occurrence.starts_at)
        .join(SessionNotice.entry)
        .join(RosterEntry.occurrence)
        .where(
            Occurrence.series_id == series_id,
            Occurrence.starts_at > now,
            SessionNotice.kind == NoticeKind.ABSENT,
            SessionNotice.withdrawn_at.is_(None),
        )
    )
    return {row.id: row.starts_at for row in db.session.execute(statement)}


def take_back_moved(actor: Actor, told_off: Mapping[int, datetime], *, now: datetime) -> None:
    """Take back the absences whose sessions were moved: nobody said that they cannot come then.

    Args:
        actor: who moved them.
        told_off: what `told_off_starts` gave before.
        now: the current instant.
    """
    statement = select(SessionNotice).where(SessionNotice.id.in_(told_off)).order_by(SessionNotice.id)
    for told in db.session.scalars(statement):
        if told.entry.occurrence.starts_at != told_off[told.id]:
            _withdraw(actor, told, now)


def tell_delay(*, actor: Actor, client_id: int, occurrence_id: int, minutes: int, now: datetime) -> None:
    """Say that a client is on the way and how many minutes late they will be.

    Raises:
        AlreadyAway: they told us that they cannot come.
        BadDelay: no delay, or long before the session.
        SessionOver, SessionOff: there is nothing to tell any more.
    """
    entry = _entry(actor, client_id, occurrence_id, now)
    check_delay(minutes)
    held = entry.occurrence
    if not can_be_late(starts_at=held.starts_at, ends_at=held.ends_at, now=now):
        message = "You can tell us on the day of the session that you are running late."
        raise BadDelay(message)
    _not_away(entry)
    told = standing(entry.id, NoticeKind.LATE)
    if told is not None and told.late_minutes == minutes:
        return
    if told is not None:
        _withdraw(actor, told, now)
    _tell(actor, entry, NoticeKind.LATE, {"minutes": minutes}, now=now, late_minutes=minutes)
    db.session.commit()


def check_in(*, actor: Actor, client_id: int, occurrence_id: int, now: datetime) -> None:
    """Say that a client is here; pressing twice changes nothing.

    Raises:
        CheckInClosed: outside the program's window.
        AlreadyAway: they told us that they cannot come.
        SessionOver, SessionOff: there is nothing to tell any more.
    """
    entry = _entry(actor, client_id, occurrence_id, now)
    window = check_in_window(entry.occurrence.series.program)
    if not window.is_open(entry.occurrence.starts_at, now=now):
        raise CheckInClosed
    _not_away(entry)
    if standing(entry.id, NoticeKind.HERE) is None:
        _tell(actor, entry, NoticeKind.HERE, {}, now=now)
        db.session.commit()


def take_back(*, actor: Actor, client_id: int, occurrence_id: int, kind: NoticeKind, now: datetime) -> bool:
    """Take back a delay or a check-in. Return False when there is none, or its time has passed."""
    entry = _entry(actor, client_id, occurrence_id, now)
    told = standing(entry.id, kind)
    if told is None or kind is NoticeKind.ABSENT:
        return False
    if kind is NoticeKind.HERE and not can_undo_check_in(told_at=told.told_at, now=now):
        return False
    _withdraw(actor, told, now)
    db.session.commit()
    return True


def _permission(actor: Actor) -> Permission:
    return Permission.OWN_SESSIONS if actor.role is Role.CLIENT else Permission.ABSENCE_TELL


def _entry(actor: Actor, client_id: int, occurrence_id: int, now: datetime) -> RosterEntry:
    """Return a place on a roster that something can be told about, with its client's row locked."""
    entry = access_entry(actor, client_id, occurrence_id, _permission(actor), now=now)
    lock_client(entry.client_id)
    return _hearable(entry, now)


def _hearable(entry: RosterEntry, now: datetime) -> RosterEntry:
    held = entry.occurrence
    is_held = held.status == OccurrenceStatus.PLANNED
    check_can_tell(starts_at=held.starts_at, ends_at=held.ends_at, held=is_held, now=now)
    return entry


def _not_away(entry: RosterEntry) -> None:
    if standing(entry.id, NoticeKind.ABSENT) is not None:
        raise AlreadyAway


def _tell(
    actor: Actor,
    entry: RosterEntry,
    kind: NoticeKind,
    details: Mapping[str, object],
    *,
    now: datetime,
    reason: AbsenceReason | None = None,
    late_minutes: int | None = None,
    wants_call: bool = False,
) -> None:
    db.session.add(
        SessionNotice(
            roster_entry_id=entry.id,
            kind=kind,
            reason=reason,
            late_minutes=late_minutes,
            wants_call=wants_call,
            told_at=now,
            told_by_id=actor.user_id,
        )
    )
    db.session.flush()
    _record(_TOLD[kind][0], actor, entry, details, now=now)


def _withdraw(actor: Actor, told: SessionNotice, now: datetime) -> None:
    told.withdrawn_at, told.withdrawn_by_id = now, actor.user_id
    db.session.flush()
    _record(_TOLD[NoticeKind(told.kind)][1], actor, told.entry, {}, now=now)


def _record(
    kind: AuditKind, actor: Actor, entry: RosterEntry, details: Mapping[str, object], *, now: datetime
) -> None:
    audit.record(
        kind,
        actor=actor,
        now=now,
        subject=("occurrence", entry.occurrence_id),
        client_id=entry.client_id,
        details=dict(details),
    )
