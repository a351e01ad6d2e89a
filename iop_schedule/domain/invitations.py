"""Which invitations should go out, given what a client's mailbox has been told about their sessions.

An invitation is a message about one session to one person. What was said first is a request; a time that
changed is another request with a higher number; a session that is off, or that the client does not come to
any more, is a cancellation, and only if a request went out before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: How far ahead sessions are sent to a mailbox; more would come at once when it is turned on.
INVITED_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Session:
    """One session a client is expected at; instants are UTC."""

    occurrence_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """The last message about a session: waiting to go out, or gone out."""

    occurrence_id: int
    #: Counts the messages about this session; calendars heed only a higher number.
    sequence: int
    cancels: bool
    starts_at: datetime
    ends_at: datetime
    #: A request has reached the mailbox, or may have.
    told: bool

    def says(self, session: Session) -> bool:
        """Return True when the message is a request for exactly this time."""
        return not self.cancels and (self.starts_at, self.ends_at) == (session.starts_at, session.ends_at)


@dataclass(frozen=True, slots=True)
class Plan:
    """The messages that make a mailbox agree with the timetable, and those that are not needed any more."""

    messages: tuple[Invited, ...] = ()
    #: Sessions whose waiting message is dropped: nobody was told of them.
    drop: tuple[int, ...] = ()


def plan(wanted: Iterable[Session], known: Iterable[Invited], *, now: datetime) -> Plan:
    """Return what to send a client, and what not to send after all. Asking twice comes to the same.

    Args:
        wanted: the sessions of the coming days they come to; none when they do not want invitations.
        known: the last message about each session.
        now: what has begun is left as it is.
    """
    sessions = {one.occurrence_id: one for one in wanted if one.starts_at > now}
    last = {one.occurrence_id: one for one in known if one.starts_at > now or one.occurrence_id in sessions}
    messages = [
        _request(session, last.get(id_))
        for id_, session in sorted(sessions.items())
        if not _said(last, session)
    ]
    gone = [one for id_, one in sorted(last.items()) if id_ not in sessions and not one.cancels]
    return Plan(
        messages=tuple(messages) + tuple(_cancellation(one) for one in gone if one.told),
        drop=tuple(one.occurrence_id for one in gone if not one.told),
    )


def _said(last: dict[int, Invited], session: Session) -> bool:
    known = last.get(session.occurrence_id)
    return known is not None and known.says(session)


def _request(session: Session, before: Invited | None) -> Invited:
    sequence = 0 if before is None else before.sequence + (1 if before.told else 0)
    told = before is not None and before.told
    return Invited(
        session.occurrence_id, sequence, cancels=False, starts_at=session.starts_at, ends_at=session.ends_at,
        told=told,
    )  # fmt: skip


def _cancellation(one: Invited) -> Invited:
    return Invited(
        one.occurrence_id, one.sequence + 1, cancels=True, starts_at=one.starts_at, ends_at=one.ends_at,
        told=True,
    )  # fmt: skip
