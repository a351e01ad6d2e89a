"""Who asked for a call because no make-up suited, and has not been called since."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import (
    Client,
    MakeUp,
    Occurrence,
    OutreachAttempt,
    RosterEntry,
    Series,
    SessionNotice,
    db,
)
from iop_schedule.queries.access import Actor, sees_client
from iop_schedule.queries.make_ups import SessionWords, session_words
from iop_schedule.vocabulary import AbsenceReason

#: A wish to be called is about one session; so long after it, it is about nothing any more.
LISTED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CallWanted:
    """One person who would like a call; times on the site's wall clock."""

    client_id: int
    name: str
    phone: str
    session: SessionWords
    reason: AbsenceReason
    told_at: datetime


def calls_wanted(actor: Actor, *, now: datetime) -> tuple[CallWanted, ...]:
    """Return the people `actor` sees who asked for a call, the longest waiting first.

    A call logged since, a make-up booked since, or the absence taken back ends the wait.
    """
    actor.require(Permission.OUTREACH_LOG)
    called = exists().where(
        OutreachAttempt.client_id == RosterEntry.client_id,
        OutreachAttempt.at > SessionNotice.told_at,
        OutreachAttempt.undone_at.is_(None),
    )
    made_up = exists().where(MakeUp.missed_entry_id == RosterEntry.id, MakeUp.released_at.is_(None))
    statement = (
        select(SessionNotice)
        .join(SessionNotice.entry)
        .join(RosterEntry.occurrence)
        .join(RosterEntry.client)
        .where(
            SessionNotice.wants_call,
            SessionNotice.withdrawn_at.is_(None),
            Occurrence.starts_at > now - LISTED_FOR,
            sees_client(actor, now=now),
            ~called,
            ~made_up,
        )
        .order_by(SessionNotice.told_at, SessionNotice.id)
        .options(
            joinedload(SessionNotice.entry).options(
                joinedload(RosterEntry.client),
                joinedload(RosterEntry.occurrence).options(
                    joinedload(Occurrence.site), joinedload(Occurrence.series).joinedload(Series.group)
                ),
            )
        )
    )
    return tuple(_wanted(row) for row in db.session.scalars(statement).unique())


def _wanted(row: SessionNotice) -> CallWanted:
    client: Client = row.entry.client
    tz = zone(row.entry.occurrence.site.zone)
    return CallWanted(
        client_id=client.id,
        name=client.short_name,
        phone=client.phone,
        session=session_words(row.entry.occurrence, tz),
        reason=AbsenceReason(row.reason or AbsenceReason.NOT_SAID),
        told_at=row.told_at.astimezone(tz),
    )
