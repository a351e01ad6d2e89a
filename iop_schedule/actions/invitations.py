"""Invitations by e-mail: switched on by the client, planned from the timetable, handed over one by one.

A message is marked before it is handed over and after. One whose worker did not come back, or that may or
may not have arrived, goes out again with the same number: a calendar that knows it changes nothing.
"""

import logging
import random
from datetime import datetime, timedelta
from enum import StrEnum

from iop_schedule.actions import audit
from iop_schedule.adapters.ical import CalendarEntry, feed_uid
from iop_schedule.adapters.ical_invite import CalendarRequest, InviteMethod
from iop_schedule.adapters.messages import Messages, NotSent, Outgoing, Refused, Unreachable
from iop_schedule.domain import invitations as rules
from iop_schedule.domain.civil_time import zone
from iop_schedule.domain.invitations import Invited
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import DEFAULT_POLICY, outside_quiet_hours, wait_before_retry
from iop_schedule.errors import NotPossible
from iop_schedule.models import Client, Invitation, InvitationWish, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries import invitations as queries
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.vocabulary import AuditKind, DeliveryPurpose, DeliveryState, HoldReason

log = logging.getLogger(__name__)

#: How long a worker may hold a message; several times the longest hand-over.
LEASE = timedelta(minutes=2)
#: Wait after an unreachable server or a try of which nobody knows how it ended.
SHORT_WAIT = timedelta(minutes=1)
#: After this many tries a message is given up.
MOST_TRIES = 6


class Step(StrEnum):
    """What became of one message that was due."""

    SENT = "sent"
    HELD = "held"
    POSTPONED = "postponed"
    #: The mail server cannot be reached: the others would fare the same.
    UNREACHABLE = "unreachable"


def switch_invitations(*, actor: Actor, on: bool, now: datetime) -> None:
    """Send the signed-in client's sessions to their mailbox from now on, or take them out of it.

    Raises:
        NotPossible: there is no address, or no consent to write to it.
    """
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    if on and not queries.may_be_written_to(client):
        message = (
            "We have no e-mail address for you yet, or not your yes to e-mails. Choose both under Messages."
        )
        raise NotPossible(message)
    db.session.merge(InvitationWish(client_id=client.id, on=on, changed_at=now))
    audit.record(
        AuditKind.INVITATIONS_SWITCHED, actor=actor, now=now, client_id=client.id, details={"on": on},
        subject=("client", client.id),
    )  # fmt: skip
    db.session.commit()


def plan_invitations(*, now: datetime) -> int:
    """Make what is to be sent agree with the timetable; return how many messages are new.

    May run at any time and twice. One client per transaction.
    """
    with read_transaction():
        clients = queries.invited_clients(now=now)
    return sum(_plan_for(client_id, now) for client_id in clients)


def _plan_for(client_id: int, now: datetime) -> int:
    with write_transaction() as session:
        client = session.get_one(Client, client_id)
        rows = queries.last_messages(client_id)
        settled = {id_: row for id_, row in rows.items() if row.state != DeliveryState.ATTEMPTING}
        wanted = [
            one
            for one in queries.wanted_sessions(client, now=now)
            if one.occurrence_id not in rows or one.occurrence_id in settled
        ]
        found = rules.plan(wanted, map(queries.as_invited, settled.values()), now=now)
        for id_ in found.drop:
            session.delete(settled[id_])
        due = outside_quiet_hours(now, zone(client.site.zone), DEFAULT_POLICY)
        for message in found.messages:
            _put(settled.get(message.occurrence_id), client_id, message, due)
    return len(found.messages)


def _put(row: Invitation | None, client_id: int, message: Invited, due: datetime) -> None:
    if row is None:
        row = Invitation(client_id=client_id, occurrence_id=message.occurrence_id)
        db.session.add(row)
    row.sequence, row.cancels = message.sequence, message.cancels
    row.starts_at, row.ends_at = message.starts_at, message.ends_at
    row.state, row.reason = DeliveryState.PLANNED, ""
    row.next_try_at, row.attempts = due, 0


def deliver_next_invitation(*, messages: Messages, key: bytes, now: datetime) -> Step | None:
    """Hand over the message that has waited longest; return what became of it, None when none is due.

    Args:
        messages: where it goes.
        key: what its identifier is made with.
        now: decides what is due.
    """
    armed = _arm(key, now)
    if not isinstance(armed, tuple):
        return armed
    invitation_id, outgoing = armed
    try:
        messages.send(outgoing)
    except NotSent as problem:
        return _finish_unsent(invitation_id, problem, now)
    with write_transaction() as session:
        row = session.get_one(Invitation, invitation_id, with_for_update=True)
        row.state, row.lease_until = DeliveryState.SENT, None
        _note(AuditKind.INVITATION_SENT, row, now)
    return Step.SENT


def _arm(key: bytes, now: datetime) -> tuple[int, Outgoing] | Step | None:
    """Pick the next due message, decide with today's facts whether it goes out, and mark it."""
    with write_transaction() as session:
        row = session.scalars(
            queries.next_invitation(now=now).with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        client: Client = row.client
        reason = _reason_to_hold(row, client, now)
        if reason is not None:
            return _hold(row, reason, now)
        row.state, row.lease_until = DeliveryState.ATTEMPTING, now + LEASE
        row.attempts += 1
        row.told_at = now
        return row.id, _outgoing(row, client, key)


def _reason_to_hold(row: Invitation, client: Client, now: datetime) -> HoldReason | None:
    if row.starts_at <= now:
        return HoldReason.STALE
    held = queries.way_to(client).why_not(DeliveryPurpose.REMINDER)
    if held is not None:
        return held
    return HoldReason.TOO_MANY_TRIES if row.attempts >= MOST_TRIES else None


def _outgoing(row: Invitation, client: Client, key: bytes) -> Outgoing:
    """Return the message: one session, one recipient, a title that says nothing."""
    entry = CalendarEntry(
        uid=feed_uid(key, f"invitation-{client.id}", row.occurrence_id),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=client.site.zone,
        updated_at=row.told_at or row.next_try_at,
        sequence=row.sequence,
    )
    asked = CalendarRequest(entry, InviteMethod.CANCEL if row.cancels else InviteMethod.REQUEST)
    message_id = f"{entry.uid}.{row.sequence}"
    return Outgoing(
        id=message_id, to=queries.way_to(client).address, subject=asked.subject, text="", invitation=asked
    )


def _finish_unsent(invitation_id: int, problem: NotSent, now: datetime) -> Step:
    with write_transaction() as session:
        row = session.get_one(Invitation, invitation_id, with_for_update=True)
        if isinstance(problem, Refused):
            return _hold(row, HoldReason.REFUSED, now, DeliveryState.DEAD)
        row.state, row.lease_until = DeliveryState.PLANNED, None
        if isinstance(problem, Unreachable):
            row.attempts -= 1  # says nothing about this message
            row.next_try_at = now + SHORT_WAIT
            return Step.UNREACHABLE
        row.next_try_at = now + wait_before_retry(row.attempts, spread=random.random())  # noqa: S311
    return Step.POSTPONED


def _hold(
    row: Invitation, reason: HoldReason, now: datetime, state: DeliveryState = DeliveryState.SUPPRESSED
) -> Step:
    row.state, row.reason, row.lease_until = state, reason, None
    _note(AuditKind.INVITATION_HELD, row, now)
    if row.told_at is None and reason in {HoldReason.NO_CONSENT, HoldReason.NO_ADDRESS}:
        db.session.delete(row)  # nobody was told; when they can be written to, it is planned anew
    return Step.HELD


def _note(kind: AuditKind, row: Invitation, now: datetime) -> None:
    audit.record(
        kind, actor=None, now=now, subject=("invitation", row.id), client_id=row.client_id,
        details={"sequence": row.sequence, "cancels": row.cancels, "reason": row.reason},
    )  # fmt: skip
