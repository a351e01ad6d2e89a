"""What a client can still make up, and what is booked for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload, lazyload

from iop_schedule.domain import make_ups as rules
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.models import Client, MakeUp, Occurrence, RosterEntry, Series, User, db
from iop_schedule.queries.frequency import CareRecord
from iop_schedule.queries.make_ups import SessionWords, question_of, session_words
from iop_schedule.vocabulary import CancelCause, RosterSource

#: States of a session that can be made up; one still to come is one when its client told us.
MISSED = frozenset(
    {
        SessionState.NO_SHOW,
        SessionState.LATE_CANCEL,
        SessionState.EXCUSED,
        SessionState.PROGRAM_CANCELLED,
    }
)
_NOT_YET_SAID = frozenset({SessionState.UPCOMING, SessionState.NOT_RECORDED})
#: Sessions that someone is expected at of their own right; a guest's is no debt.
_OWN = frozenset({RosterSource.MEMBER, RosterSource.INDIVIDUAL})
#: How far ahead sessions that somebody cannot come to are listed.
LOOKS_AHEAD = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class OpenMiss:
    """A session that can still be made up, until a day."""

    session: SessionWords
    state: SessionState
    #: The client told us; nobody else has said anything yet.
    told: bool
    until_day: date
    options: int


def booked_for(entry_id: int) -> MakeUp | None:
    """Return the make-up booked for a missed roster entry, if one stands."""
    statement = (
        select(MakeUp)
        .where(MakeUp.missed_entry_id == entry_id, MakeUp.released_at.is_(None))
        .options(joinedload(MakeUp.entry).joinedload(RosterEntry.occurrence))
    )
    return db.session.scalars(statement).one_or_none()


def made_up_by(entry_id: int) -> MakeUp | None:
    """Return the make-up that a roster entry is, if one stands."""
    statement = select(MakeUp).where(MakeUp.entry_id == entry_id, MakeUp.released_at.is_(None))
    return db.session.scalars(statement).one_or_none()


def may_be_made_up(
    entry: RosterEntry, state: SessionState, *, told: bool, make_up_state: SessionState | None, today: date
) -> bool:
    """Return True while a roster entry is a miss that no make-up settles.

    Args:
        entry: of the session.
        state: how the session counts for its client.
        told: the client told us that they cannot come.
        make_up_state: of the make-up booked for it; None when none is. One that was missed settles nothing.
        today: on the site's calendar.
    """
    if entry.source not in _OWN or not (state in MISSED or (told and state in _NOT_YET_SAID)):
        return False
    if entry.occurrence.cancel_cause not in {None, CancelCause.BY_HAND}:
        return False  # on closed days nothing is owed: the goal of the week is lower
    if make_up_state is not None and make_up_state not in MISSED:
        return False
    return today <= rules.days_allowed(entry.occurrence.local_day, days=_days_of(entry))[1]


def _days_of(entry: RosterEntry) -> int:
    return entry.occurrence.series.program.make_up_days


def open_misses(
    client: Client,
    care: CareRecord,
    *,
    away: Collection[int],
    most: int | None = None,
    now: datetime,
) -> tuple[OpenMiss, ...]:
    """Return what a client can still make up, oldest first, each with the number of sessions that would.

    Args:
        client: whose; for callers that have been through `access_client`.
        care: their record over at least the month around `now`.
        away: the sessions of those weeks that they told us they cannot come to, as of `told_off`.
        most: no more than so many; looking for sessions takes a few statements for each.
        now: the current instant.
    """
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    states = {fact.occurrence_id: fact.state for fact in care.facts}
    entries = _own_entries(client, _possible(states, away), today)
    if not entries:
        return ()
    settled = _make_up_states([entry.id for entry in entries], states)
    still_open = [
        entry
        for entry in entries
        if may_be_made_up(
            entry,
            states[entry.occurrence_id],
            told=entry.occurrence_id in away,
            make_up_state=settled.get(entry.id),
            today=today,
        )
    ]
    return tuple(
        OpenMiss(
            session=session_words(entry.occurrence, tz),
            state=states[entry.occurrence_id],
            told=entry.occurrence_id in away,
            until_day=rules.days_allowed(entry.occurrence.local_day, days=_days_of(entry))[1],
            options=len(question_of(entry, now=now).options(now=now)),
        )
        for entry in still_open[:most]
    )


def _possible(states: Mapping[int, SessionState], away: Collection[int]) -> list[int]:
    """Return the sessions of which one may be open."""
    return [
        occurrence_id
        for occurrence_id, state in states.items()
        if state in MISSED or (state in _NOT_YET_SAID and occurrence_id in away)
    ]


def _own_entries(client: Client, possible: Collection[int], today: date) -> Sequence[RosterEntry]:
    """Return the roster entries at these sessions as far as they are recent or soon."""
    if not possible:
        return ()
    statement = (
        select(RosterEntry)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(
            RosterEntry.client_id == client.id,
            RosterEntry.released_at.is_(None),
            RosterEntry.source.in_(_OWN),
            Occurrence.id.in_(list(possible)),
            Occurrence.local_day.between(today - timedelta(days=31), today + LOOKS_AHEAD),
        )
        .options(
            joinedload(RosterEntry.occurrence).options(
                joinedload(Occurrence.series).options(joinedload(Series.group), joinedload(Series.program)),
                joinedload(Occurrence.site),
                joinedload(Occurrence.room),
                joinedload(Occurrence.leader).options(lazyload(User.roles), lazyload(User.sites)),
            )
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    return db.session.scalars(statement).unique().all()


def _make_up_states(entry_ids: Sequence[int], states: Mapping[int, SessionState]) -> dict[int, SessionState]:
    """Return, by missed roster entry, how the make-up booked for it counts."""
    statement = (
        select(MakeUp.missed_entry_id, RosterEntry.occurrence_id)
        .join(RosterEntry, RosterEntry.id == MakeUp.entry_id)
        .where(MakeUp.missed_entry_id.in_(entry_ids), MakeUp.released_at.is_(None))
    )
    return {
        missed: states.get(occurrence_id, SessionState.UPCOMING)
        for missed, occurrence_id in db.session.execute(statement)
    }
