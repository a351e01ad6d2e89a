"""What the invented people told about their next sessions, and what they make up."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle, islice

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.actions.make_ups import book
from iop_schedule.actions.notices import tell_absence
from iop_schedule.models import AttendanceRecord, Client, Occurrence, RosterEntry, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.make_ups import options_for
from iop_schedule.vocabulary import AbsenceReason, AttendanceStatus, OccurrenceStatus, RosterSource

#: One in so many of the places at the next sessions is told off.
ONE_IN = 19
MOST_TOLD, MOST_MADE_UP = 8, 4


def add_make_ups(*, now: datetime) -> None:
    """Let some people say that they cannot come, most with a make-up, and some make up for a miss."""
    reasons = cycle(AbsenceReason)
    for entry in islice(_coming(now), 0, MOST_TOLD * ONE_IN, ONE_IN):
        choices = options_for(entry, now=now)
        tell_absence(
            actor=_their(entry.client),
            client_id=entry.client_id,
            occurrence_id=entry.occurrence_id,
            reason=next(reasons),
            make_up_id=choices[0].session.occurrence_id if choices else None,
            wants_call=not choices,
            now=now,
        )
    made_up = 0
    for entry in _missed(now):
        choices = options_for(entry, now=now)
        if choices and made_up < MOST_MADE_UP:
            book(
                actor=_their(entry.client),
                client_id=entry.client_id,
                missed_id=entry.occurrence_id,
                occurrence_id=choices[0].session.occurrence_id,
                now=now,
            )
            made_up += 1


def _their(client: Client) -> Actor:
    return actor_for(db.session.get_one(User, client.user_id))


def _coming(now: datetime) -> Iterator[RosterEntry]:
    statement = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .where(
            RosterEntry.source == RosterSource.MEMBER,
            RosterEntry.released_at.is_(None),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at > now + timedelta(hours=2),
            Occurrence.starts_at < now + timedelta(days=5),
        )
        .order_by(Occurrence.starts_at, RosterEntry.id)
        .options(joinedload(RosterEntry.client))
    )
    yield from db.session.scalars(statement).all()


def _missed(now: datetime) -> Iterator[RosterEntry]:
    statement = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .join(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(
            RosterEntry.source == RosterSource.MEMBER,
            AttendanceRecord.status.in_((AttendanceStatus.NO_SHOW, AttendanceStatus.EXCUSED)),
            Occurrence.starts_at > now - timedelta(days=5),
        )
        .order_by(Occurrence.starts_at, RosterEntry.id)
        .options(joinedload(RosterEntry.client))
    )
    yield from db.session.scalars(statement).all()
