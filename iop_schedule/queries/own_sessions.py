"""One session of one client: what stands, what was told, and what can still be told or made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload, lazyload

from iop_schedule.domain import make_ups as rules
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.notices import (
    can_be_late,
    can_undo_absence,
    can_undo_check_in,
    is_at_the_door,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import MakeUp, Occurrence, RosterEntry, Series, User, db
from iop_schedule.queries.access import Actor, access_client, access_entry
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.make_ups import (
    BlockedWords,
    OptionWords,
    SessionWords,
    blocked_for,
    options_for,
    session_words,
)
from iop_schedule.queries.notices import NOTHING, Told, check_in_window, told_by_entry
from iop_schedule.queries.open_misses import booked_for, made_up_by, may_be_made_up
from iop_schedule.vocabulary import Modality, OccurrenceStatus, Role, RosterSource

#: Which of a client's sessions their page lists for staff.
LISTED_BACK, LISTED_AHEAD = timedelta(days=7), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Whether a client can say that they are here; times on the site's wall clock."""

    #: The program lets clients check in.
    offered: bool = False
    opens: datetime | None = None
    is_open: bool = False
    done_at: datetime | None = None
    can_undo: bool = False


def check_in_of(held: Occurrence, told: Told, *, now: datetime) -> CheckIn:
    """Return how it stands with checking in to a session."""
    window, tz = check_in_window(held.series.program), zone(held.site.zone)
    is_held = held.status == OccurrenceStatus.PLANNED
    return CheckIn(
        offered=window.on and is_held and held.series.modality == Modality.IN_PERSON,
        opens=window.opens_at(held.starts_at).astimezone(tz),
        is_open=is_held and window.is_open(held.starts_at, now=now),
        done_at=told.here_at.astimezone(tz) if told.here_at else None,
        can_undo=told.here_at is not None and can_undo_check_in(told_at=told.here_at, now=now),
    )


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One session of one client; times on the site's wall clock."""

    client_id: int
    #: What staff call the client.
    client_name: str
    session: SessionWords
    address: str
    office_phone: str
    state: SessionState
    #: Why it was canceled or moved.
    reason: str
    told: Told
    #: It is held and not over, so something can be told.
    can_tell: bool
    can_be_late: bool
    #: The absence can be taken back by whoever looks.
    can_undo: bool
    #: Within the last hour, or on already.
    at_the_door: bool
    check_in: CheckIn
    #: What makes up for it, and what it makes up for.
    booked: SessionWords | None
    makes_up: SessionWords | None
    #: It can be made up, once it is told or was missed; the last day for that.
    can_make_up: bool
    until_day: date
    minutes: int

    @property
    def is_away(self) -> bool:
        """Return True when the client told us that they cannot come."""
        return self.told.absent is not None


@dataclass(frozen=True, slots=True)
class Choices:
    """A session, and what makes up for it."""

    own: OwnSession
    options: tuple[OptionWords, ...]
    #: For staff: what does not, and why.
    blocked: tuple[BlockedWords, ...] = ()

    def option(self, occurrence_id: int) -> OptionWords | None:
        """Return one of the options; None when it is none any more."""
        return next((one for one in self.options if one.session.occurrence_id == occurrence_id), None)


def own_session(
    actor: Actor, occurrence_id: int, *, client_id: int | None = None, now: datetime
) -> OwnSession:
    """Return one session of the signed-in client, or of `client_id` for staff.

    Raises:
        NotFound, NotAllowed: not this person's, or the client is not expected at it.
    """
    return _own(actor, _entry(actor, occurrence_id, client_id, now), now=now)


def choices_for(actor: Actor, occurrence_id: int, *, client_id: int | None = None, now: datetime) -> Choices:
    """Return one session with what makes up for it; raises as `own_session`.

    What does not fit is in the answer for staff only: it names reasons and full groups.
    """
    entry = _entry(actor, occurrence_id, client_id, now)
    own = _own(actor, entry, now=now)
    if own.makes_up is not None:
        return Choices(own, ())
    is_staff = actor.role is not Role.CLIENT
    return Choices(own, options_for(entry, now=now), blocked_for(entry, now=now) if is_staff else ())


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session on a client's page for staff."""

    session: SessionWords
    state: SessionState
    told: Told
    is_make_up: bool


def sessions_around(actor: Actor, client_id: int, *, now: datetime) -> tuple[SessionLine, ...]:
    """Return a client's sessions from a week back to two weeks ahead, in order of time.

    Raises:
        NotFound, NotAllowed: as `access_client`.
    """
    client = access_client(actor, client_id, Permission.ABSENCE_TELL, now=now)
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    first, last = today - LISTED_BACK, today + LISTED_AHEAD
    care = care_records([client.id], first_day=first, last_day=last, now=now)[client.id]
    states = {fact.occurrence_id: fact.state for fact in care.facts}
    entries = entries_between(client.id, first, last)
    told = told_by_entry([entry.id for entry in entries])
    return tuple(
        SessionLine(
            session=session_words(entry.occurrence, tz),
            state=states[entry.occurrence_id],
            told=told[entry.id],
            is_make_up=entry.source == RosterSource.MAKE_UP,
        )
        for entry in entries
        if entry.occurrence_id in states
    )


def entries_between(client_id: int, first: date, last: date) -> Sequence[RosterEntry]:
    """Return a client's places on the rosters of these days, with everything their pages print."""
    statement = (
        select(RosterEntry)
        .join(Occurrence, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == client_id,
            RosterEntry.released_at.is_(None),
            Occurrence.local_day.between(first, last),
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
        .options(
            joinedload(RosterEntry.occurrence).options(
                joinedload(Occurrence.room),
                joinedload(Occurrence.site),
                joinedload(Occurrence.series).options(joinedload(Series.group), joinedload(Series.program)),
                joinedload(Occurrence.leader).options(lazyload(User.roles), lazyload(User.sites)),
            )
        )
    )
    return db.session.scalars(statement).unique().all()


def _entry(actor: Actor, occurrence_id: int, client_id: int | None, now: datetime) -> RosterEntry:
    permission = Permission.OWN_SESSIONS if actor.role is Role.CLIENT else Permission.ABSENCE_TELL
    return access_entry(actor, client_id or actor.client_id or 0, occurrence_id, permission, now=now)


def _own(actor: Actor, entry: RosterEntry, *, now: datetime) -> OwnSession:
    held, client = entry.occurrence, entry.client
    tz = zone(held.site.zone)
    told = told_by_entry([entry.id]).get(entry.id, NOTHING)
    state = _state(entry, now)
    is_on = held.status == OccurrenceStatus.PLANNED and now < held.ends_at
    booked = booked_for(entry.id)
    return OwnSession(
        client_id=client.id,
        client_name=client.short_name,
        session=session_words(held, tz),
        address=held.site.address if held.series.modality == Modality.IN_PERSON else "",
        office_phone=client.site.phone,
        state=state,
        reason=held.status_reason,
        told=told,
        can_tell=is_on and not state.is_attended,
        can_be_late=is_on and can_be_late(starts_at=held.starts_at, ends_at=held.ends_at, now=now),
        can_undo=is_on
        and (actor.role is not Role.CLIENT or can_undo_absence(starts_at=held.starts_at, now=now)),
        at_the_door=is_at_the_door(starts_at=held.starts_at, now=now),
        check_in=check_in_of(held, told, now=now),
        booked=session_words(booked.entry.occurrence, tz) if booked else None,
        makes_up=_words(made_up_by(entry.id), held),
        can_make_up=may_be_made_up(
            entry,
            state,
            told=told.absent is not None,
            make_up_state=_state(booked.entry, now) if booked else None,
            today=local_day(now, tz),
        ),
        until_day=rules.days_allowed(held.local_day, days=held.series.program.make_up_days)[1],
        minutes=held.scheduled_minutes,
    )


def _words(made_up: MakeUp | None, held: Occurrence) -> SessionWords | None:
    return session_words(made_up.missed.occurrence, zone(held.site.zone)) if made_up else None


def _state(entry: RosterEntry, now: datetime) -> SessionState:
    day = entry.occurrence.local_day
    care = care_records([entry.client_id], first_day=day, last_day=day, now=now)[entry.client_id]
    return next(fact.state for fact in care.facts if fact.occurrence_id == entry.occurrence_id)
