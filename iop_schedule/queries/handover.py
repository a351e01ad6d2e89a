"""Notes that counselors left and nobody has dealt with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, HandoverNote, Occurrence, Series, User, db
from iop_schedule.queries.access import Actor, access_entry, access_occurrence, sees_client
from iop_schedule.queries.availability import session_name


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One note; times on the site's wall clock."""

    id: int
    client_id: int
    name: str
    words: str
    session: str
    starts: datetime
    by: str
    left_at: datetime


def open_notes(actor: Actor, *, now: datetime) -> tuple[NoteLine, ...]:
    """Return the notes about people `actor` sees that wait for somebody, the oldest first."""
    actor.require(Permission.OUTREACH_LOG)
    statement = (
        select(HandoverNote)
        .join(HandoverNote.client)
        .where(HandoverNote.settled_at.is_(None), sees_client(actor, now=now))
        .order_by(HandoverNote.left_at, HandoverNote.id)
        .options(
            joinedload(HandoverNote.client),
            joinedload(HandoverNote.left_by).options(joinedload(User.roles), joinedload(User.sites)),
            joinedload(HandoverNote.occurrence).options(
                joinedload(Occurrence.site), joinedload(Occurrence.series).joinedload(Series.group)
            ),
        )
    )
    return tuple(_line(row) for row in db.session.scalars(statement).unique())


def _line(row: HandoverNote) -> NoteLine:
    client: Client = row.client
    held, tz = row.occurrence, zone(row.occurrence.site.zone)
    return NoteLine(
        id=row.id,
        client_id=client.id,
        name=client.short_name,
        words=row.words,
        session=session_name(held.series),
        starts=local(held.starts_at, tz),
        by=row.left_by.name,
        left_at=local(row.left_at, tz),
    )


@dataclass(frozen=True, slots=True)
class NoteAbout:
    """Whom and which session a note would be about."""

    client_id: int
    name: str
    session: str
    starts: datetime


def note_about(actor: Actor, client_id: int, occurrence_id: int, *, now: datetime) -> NoteAbout:
    """Return what the page for a note says.

    Raises:
        NotFound, NotAllowed: not a session of this person's, or the client is not on its roster.
    """
    held = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    entry = access_entry(actor, client_id, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    starts = local(held.starts_at, zone(held.site.zone))
    return NoteAbout(entry.client_id, entry.client.short_name, session_name(held.series), starts)
