"""Booking a session that makes up for a missed one, and giving it back.

Seats are settled under the site's lock: of two people who choose the last one, the second is told.
"""

from datetime import date, datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.make_ups import AlreadyMadeUp, NothingToMakeUp, Obstacle, SeatJustTaken
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import Conflict
from iop_schedule.models import MakeUp, Occurrence, RosterEntry, SessionNotice, db
from iop_schedule.queries.access import Actor, access_entry
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.make_ups import question_of
from iop_schedule.queries.notices import told_by_entry
from iop_schedule.queries.open_misses import MISSED, booked_for, made_up_by, may_be_made_up
from iop_schedule.vocabulary import AuditKind, Role, RosterSource


class NoLongerOpen(Conflict):
    """That session does not fit any more. These are still open."""


def book(*, actor: Actor, client_id: int, missed_id: int, occurrence_id: int, now: datetime) -> MakeUp:
    """Book a session that makes up for one that was missed, or that its client cannot come to.

    Booking the same twice changes nothing.

    Args:
        actor: the client, or staff for them.
        client_id: whose.
        missed_id: the session that is missed.
        occurrence_id: the session chosen instead.
        now: the current instant.

    Raises:
        NotFound, NotAllowed: not this person's.
        NothingToMakeUp: it was not missed, or the days for making it up are over.
        AlreadyMadeUp: another session is booked for it.
        SeatJustTaken, NoLongerOpen: the session chosen is not among the options any more.
    """
    permission = Permission.OWN_SESSIONS if actor.role is Role.CLIENT else Permission.ABSENCE_TELL
    entry = access_entry(actor, client_id, missed_id, permission, now=now)
    lock_schedule(entry.client.site_id)
    entry = access_entry(actor, client_id, missed_id, permission, now=now)
    _check_missed(entry, now)
    row = book_for(actor, entry, occurrence_id, now=now)
    db.session.commit()
    return row


def _check_missed(entry: RosterEntry, now: datetime) -> None:
    """Refuse to make up for a session that was not missed; one that is settled already is seen later."""
    day = entry.occurrence.local_day
    care = care_records([entry.client_id], first_day=day, last_day=day, now=now)[entry.client_id]
    state = next(fact.state for fact in care.facts if fact.occurrence_id == entry.occurrence_id)
    told = told_by_entry([entry.id])[entry.id].absent is not None
    today = local_day(now, zone(entry.client.site.zone))
    if not may_be_made_up(entry, state, told=told, make_up_state=None, today=today):
        raise NothingToMakeUp


def book_for(actor: Actor, missed: RosterEntry, occurrence_id: int, *, now: datetime) -> MakeUp:
    """Book a make-up inside the caller's transaction; the caller holds the site's lock. Raises as `book`."""
    booked = booked_for(missed.id)
    if booked is not None:
        if booked.entry.occurrence_id == occurrence_id:
            return booked
        if not _was_missed(booked, now):
            raise AlreadyMadeUp
        _close(actor, booked, now=now)
    question = question_of(missed, now=now)
    if occurrence_id not in {option.session.id for option in question.options(now=now)}:
        why = {one.session.id: one.obstacle for one in question.blocked(now=now)}.get(occurrence_id)
        raise SeatJustTaken if why is Obstacle.SEATS else NoLongerOpen
    entry = _expect(actor, missed.client_id, occurrence_id, now=now)
    row = MakeUp(missed_entry_id=missed.id, entry_id=entry.id, booked_at=now, booked_by_id=actor.user_id)
    db.session.add(row)
    db.session.flush()
    _record(AuditKind.MAKE_UP_BOOKED, actor, entry, missed.occurrence_id, now=now)
    return row


def _expect(actor: Actor, client_id: int, occurrence_id: int, *, now: datetime) -> RosterEntry:
    """Put the client on the roster as a guest; who had been released is expected again."""
    statement = select(RosterEntry).where(
        RosterEntry.client_id == client_id, RosterEntry.occurrence_id == occurrence_id
    )
    entry = db.session.scalars(statement).one_or_none()
    if entry is None:
        entry = RosterEntry(client_id=client_id, occurrence_id=occurrence_id)
        db.session.add(entry)
    entry.source, entry.released_at, entry.over_seats = RosterSource.MAKE_UP, None, ""
    db.session.flush()
    stale = select(SessionNotice).where(
        SessionNotice.roster_entry_id == entry.id, SessionNotice.withdrawn_at.is_(None)
    )
    for notice in db.session.scalars(stale):
        notice.withdrawn_at, notice.withdrawn_by_id = now, actor.user_id
    return entry


def _was_missed(booked: MakeUp, now: datetime) -> bool:
    day = booked.entry.occurrence.local_day
    care = care_records([booked.entry.client_id], first_day=day, last_day=day, now=now)
    facts = care[booked.entry.client_id].facts
    return any(f.occurrence_id == booked.entry.occurrence_id and f.state in MISSED for f in facts)


def release_booked(actor: Actor, missed: RosterEntry, *, now: datetime) -> None:
    """Give back the make-up of a session that its client comes to after all; one that has begun stays."""
    booked = booked_for(missed.id)
    if booked is not None and booked.entry.occurrence.starts_at > now:
        booked.entry.released_at = now
        _close(actor, booked, now=now)


def release_guest(actor: Actor, entry: RosterEntry, *, now: datetime) -> None:
    """Give back a make-up that its client cannot come to: its seat is free, its miss is open again."""
    entry.released_at = now
    booked = made_up_by(entry.id)
    if booked is not None:
        _close(actor, booked, now=now)


def release_guests(actor: Actor, client_id: int, first: date, last: date | None, *, now: datetime) -> int:
    """Give back the make-ups of days on which a client is not in care; return how many.

    Args:
        actor: who decides.
        client_id: whose.
        first: first of the days.
        last: last of them, included; no end when None.
        now: what has begun stays.
    """
    statement = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .where(
            RosterEntry.client_id == client_id,
            RosterEntry.source == RosterSource.MAKE_UP,
            RosterEntry.released_at.is_(None),
            Occurrence.starts_at > now,
            Occurrence.local_day >= first,
        )
        .order_by(RosterEntry.id)
    )
    if last is not None:
        statement = statement.where(Occurrence.local_day <= last)
    guests = db.session.scalars(statement).all()
    for entry in guests:
        release_guest(actor, entry, now=now)
    return len(guests)


def _close(actor: Actor, booked: MakeUp, *, now: datetime) -> None:
    booked.released_at, booked.released_by_id = now, actor.user_id
    db.session.flush()
    _record(AuditKind.MAKE_UP_RELEASED, actor, booked.entry, booked.missed.occurrence_id, now=now)


def _record(kind: AuditKind, actor: Actor, entry: RosterEntry, missed_id: int, *, now: datetime) -> None:
    audit.record(
        kind,
        actor=actor,
        now=now,
        subject=("occurrence", entry.occurrence_id),
        client_id=entry.client_id,
        details={"makes_up_for": missed_id},
    )
