"""Who could be added to one session's list, and whether there is a seat for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from iop_schedule.domain.permissions import Permission
from iop_schedule.models import AttendanceRecord, Client, RosterEntry, db
from iop_schedule.queries.access import Actor, access_occurrence, visible_clients
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.session_lines import session_title
from iop_schedule.vocabulary import AttendanceStatus, SeriesKind

#: Marks of people who are not in the room, so that their chair is free.
AWAY = (AttendanceStatus.EXCUSED, AttendanceStatus.NO_SHOW, AttendanceStatus.LATE_CANCEL)
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who is not on the list."""

    client_id: int
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """Whom the list of one session could be extended by."""

    occurrence_id: int
    title: str
    is_individual: bool
    people: tuple[Candidate, ...]
    #: More people match than are shown.
    more: bool
    seats: int
    in_the_room: int

    @property
    def is_full(self) -> bool:
        """Return True when every seat is taken by someone expected or there."""
        return self.in_the_room >= self.seats


def people_in_the_room(occurrence_id: int) -> int:
    """Return how many seats are taken: everyone on the list who has not been marked away."""
    statement = (
        select(func.count(RosterEntry.id))
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(
            RosterEntry.occurrence_id == occurrence_id,
            RosterEntry.released_at.is_(None),
            or_(AttendanceRecord.status.is_(None), AttendanceRecord.status.not_in(AWAY)),
        )
    )
    return db.session.execute(statement).scalar_one()


def candidates(actor: Actor, occurrence_id: int, *, search: str, now: datetime) -> Candidates:
    """Return the people `actor` sees at the site of a session who are not on its list, by name.

    Raises:
        NotFound: the session is not this person's to see.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    listed = select(RosterEntry.client_id).where(
        RosterEntry.occurrence_id == occurrence.id, RosterEntry.released_at.is_(None)
    )
    statement = visible_clients(actor, now=now).where(
        Client.site_id == occurrence.site_id, Client.id.not_in(listed)
    )
    wanted = search.strip().casefold()
    found = [
        client
        for client in db.session.scalars(statement)
        if wanted in f"{client.called} {client.full_name} {client.code}".casefold()
    ]
    shown = found[:MOST_SHOWN]
    names = names_apart(shown)
    group = occurrence.series.group
    return Candidates(
        occurrence_id=occurrence.id,
        title=session_title(occurrence.series),
        is_individual=occurrence.series.kind == SeriesKind.INDIVIDUAL,
        people=tuple(Candidate(client.id, names[client.id], client.code) for client in shown),
        more=len(found) > MOST_SHOWN,
        seats=group.seats if group else 1,
        in_the_room=people_in_the_room(occurrence.id),
    )
