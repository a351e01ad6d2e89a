"""People who are there without being on the list: visitors, make-ups, someone new at the door."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.attendance import TAKEN_BACK, lock_sheet
from iop_schedule.actions.groups import fresh_code
from iop_schedule.actions.make_ups import release_guest
from iop_schedule.domain.attendance import check_markable
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import SeatsTaken
from iop_schedule.domain.sign_off import SheetClosed, reason_for_change
from iop_schedule.errors import Conflict, NotFound, NotPossible, TooManyAttempts
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    AuditEvent,
    Client,
    Occurrence,
    RosterEntry,
    Series,
    db,
)
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.keep_apart import closed_sessions
from iop_schedule.queries.sign_off import is_closed_now
from iop_schedule.queries.walk_ins import people_in_the_room
from iop_schedule.vocabulary import (
    AssignmentRole,
    AuditKind,
    OccurrenceStatus,
    Role,
    RosterSource,
    SeriesKind,
)

LONGEST_NAME = 200
#: Codes of nobody that one person may enter within a time.
WRONG_CODES = 10
CODES_PER = timedelta(hours=1)
#: Sources a person can be added with by hand.
BY_HAND = frozenset({RosterSource.WALK_IN, RosterSource.MAKE_UP})


class OnTheList(Conflict):
    """This person is on the list already."""


class HasAMark(NotPossible):
    """This person has been marked. Take the mark back before taking them off the list."""


class StaysOnTheList(NotPossible):
    """This person has a place here. Their places are changed on their own page."""


class NoSuchPerson(NotPossible):
    """Nobody at this site has that code. Check it, or add them as someone new."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Someone who is at the door and in no list."""

    given_name: str
    family_name: str
    preferred_name: str = ""

    def __post_init__(self) -> None:
        """Refuse names that cannot be stored or read."""
        for field, label in (("given_name", "first name"), ("family_name", "last name")):
            if not getattr(self, field).strip():
                message = f"Enter their {label}."
                raise NotPossible(message, field=field)
        for field in ("given_name", "family_name", "preferred_name"):
            if len(getattr(self, field)) > LONGEST_NAME:
                message = f"Keep this under {LONGEST_NAME} characters."
                raise NotPossible(message, field=field)


def add_to_sheet(
    *,
    actor: Actor,
    occurrence_id: int,
    client_id: int | None = None,
    code: str = "",
    source: RosterSource = RosterSource.WALK_IN,
    over_seats: str = "",
    now: datetime,
) -> RosterEntry:
    """Put someone on the list of one session, to be marked like everyone else.

    Args:
        actor: who adds them.
        occurrence_id: the session.
        client_id: someone the actor sees anyway.
        code: or the code of anyone served at the site, as on their card: whoever knows it has met them.
        source: a visitor, or someone making up a missed session.
        over_seats: why they are let in although every seat is taken; needs the permission to do so.
        now: when.

    Raises:
        NotFound: the session or the client is not this person's to see.
        NoSuchPerson: nobody at the site has that code.
        TooManyAttempts: this person has entered too many such codes lately.
        NotYetOpen, SessionCancelled, SheetClosed: the list cannot be changed now.
        OnTheList: they are expected already.
        SeatsTaken: no seat for them; administrators may let someone in with a reason.
        NotAllowed: only administrators may.
    """
    occurrence = _open_list(actor, occurrence_id, now)
    client = _person(actor, occurrence, client_id, code, now)
    reason = _seat(actor, occurrence, over_seats, client)
    entry = _put(actor, occurrence, client, source, over_seats=reason, now=now)
    db.session.commit()
    return entry


def add_new_person(
    *,
    actor: Actor,
    occurrence_id: int,
    person: NewPerson,
    over_seats: str = "",
    now: datetime,
) -> RosterEntry:
    """Put someone the clinic does not know yet on the list, with a record of their own.

    They are enrolled nowhere, so the session counts for nobody until someone enrolls them; a counselor who
    adds them becomes their counselor, so that somebody sees them. Raises as `add_to_sheet`.
    """
    occurrence = _open_list(actor, occurrence_id, now)
    reason = _seat(actor, occurrence, over_seats)
    client = Client(
        code=fresh_code("client"),
        site_id=occurrence.site_id,
        given_name=person.given_name.strip(),
        family_name=person.family_name.strip(),
        preferred_name=person.preferred_name.strip(),
        languages=["en"],
        created_at=now,
    )
    db.session.add(client)
    db.session.flush()
    audit.record(AuditKind.CLIENT_ADDED, actor=actor, now=now, client_id=client.id)
    if actor.role is Role.COUNSELOR:
        db.session.add(
            Assignment(
                client=client,
                user_id=actor.user_id,
                role=AssignmentRole.COUNSELOR,
                from_day=actor.today(now),
            )
        )
    entry = _put(actor, occurrence, client, RosterSource.WALK_IN, over_seats=reason, now=now)
    db.session.commit()
    return entry


def take_off_sheet(*, actor: Actor, occurrence_id: int, entry_id: int, now: datetime) -> None:
    """Take someone who was added by hand off the list again; doing it twice is doing it once.

    Raises:
        NotFound: not on this session's list, or not this person's session.
        StaysOnTheList: they have a place there.
        HasAMark: somebody has said what happened.
        SheetClosed: the sheet is signed.
    """
    occurrence = _open_list(actor, occurrence_id, now)
    entry = db.session.get(RosterEntry, entry_id)
    if entry is None or entry.occurrence_id != occurrence.id:
        raise NotFound
    if entry.source not in BY_HAND:
        raise StaysOnTheList
    if entry.released_at is not None:
        db.session.rollback()
        return
    marked = select(AttendanceRecord.id).where(
        AttendanceRecord.roster_entry_id == entry.id, AttendanceRecord.status != TAKEN_BACK
    )
    if db.session.execute(marked).first() is not None:
        raise HasAMark
    release_guest(actor, entry, now=now)
    _record(AuditKind.ROSTER_REMOVED, actor, entry, now=now)
    db.session.commit()


def _open_list(actor: Actor, occurrence_id: int, now: datetime) -> Occurrence:
    occurrence = lock_sheet(actor, occurrence_id, now=now)
    cancelled = occurrence.status != OccurrenceStatus.PLANNED
    check_markable(starts_at=occurrence.starts_at, cancelled=cancelled, now=now)
    if is_closed_now(occurrence.id):
        raise SheetClosed
    if occurrence.series.kind == SeriesKind.INDIVIDUAL:
        message = "A one-to-one is for one person. Add a group session instead."
        raise NotPossible(message)
    return occurrence


def _person(actor: Actor, occurrence: Occurrence, client_id: int | None, code: str, now: datetime) -> Client:
    if client_id is not None:
        client = access_client(actor, client_id, Permission.ATTENDANCE_RECORD, now=now)
        if client.site_id != occurrence.site_id:
            raise NotFound
        return client
    _refuse_guessing(actor, now)
    statement = select(Client).where(Client.code == code.strip(), Client.site_id == occurrence.site_id)
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        subject = ("occurrence", occurrence.id)
        audit.record_alone(
            AuditKind.ROSTER_CODE_UNKNOWN,
            actor=actor,
            now=now,
            subject=subject,
            site_id=occurrence.site_id,
        )
        raise NoSuchPerson(field="code")
    return found


def _refuse_guessing(actor: Actor, now: datetime) -> None:
    """Make someone wait who has entered too many codes that nobody has; the trail counts them."""
    statement = (
        select(AuditEvent.at)
        .where(
            AuditEvent.actor_id == actor.user_id,
            AuditEvent.kind == AuditKind.ROSTER_CODE_UNKNOWN,
            AuditEvent.at > now - CODES_PER,
        )
        .order_by(AuditEvent.at.desc())
        .limit(WRONG_CODES)
    )
    lately = db.session.scalars(statement).all()
    if len(lately) == WRONG_CODES:
        wait = lately[-1] + CODES_PER - now
        raise TooManyAttempts(retry_after=max(1, round(wait.total_seconds())))


def _seat(actor: Actor, occurrence: Occurrence, over_seats: str, client: Client | None = None) -> str:
    """Return why someone is let in beyond the seats; empty while there is one.

    To someone who is kept apart from a person in the room the seats that are left are none; the words are
    the same.
    """
    series: Series = occurrence.series
    seats = series.group.seats if series.group else 1
    free = people_in_the_room(occurrence.id) < seats
    if free and (client is None or not closed_sessions(client.id, [occurrence.id])):
        return ""
    if not over_seats.strip():
        message = "There is no seat to give here. An administrator can let someone in, with a reason."
        raise SeatsTaken(message, field="over_seats")
    actor.require(Permission.SEATS_OVERRIDE)
    return reason_for_change(over_seats)


def _put(
    actor: Actor,
    occurrence: Occurrence,
    client: Client,
    source: RosterSource,
    *,
    over_seats: str,
    now: datetime,
) -> RosterEntry:
    if source not in BY_HAND:
        raise NotPossible
    statement = select(RosterEntry).where(
        RosterEntry.occurrence_id == occurrence.id, RosterEntry.client_id == client.id
    )
    entry = db.session.scalars(statement).one_or_none()
    if entry is not None and entry.released_at is None:
        raise OnTheList
    if entry is None:
        entry = RosterEntry(occurrence_id=occurrence.id, client_id=client.id)
        db.session.add(entry)
    entry.source, entry.released_at, entry.over_seats = source, None, over_seats
    db.session.flush()
    _record(AuditKind.ROSTER_ADDED, actor, entry, now=now)
    return entry


def _record(kind: AuditKind, actor: Actor, entry: RosterEntry, *, now: datetime) -> None:
    audit.record(
        kind,
        actor=actor,
        now=now,
        subject=("occurrence", entry.occurrence_id),
        client_id=entry.client_id,
        details={"source": str(entry.source), "beyond_seats": bool(entry.over_seats)},
    )
