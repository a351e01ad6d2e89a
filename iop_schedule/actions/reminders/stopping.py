"""Ending messages to an address: it bounced, or its owner wants no more. In the transaction of the caller."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.models import ContactConsent, ContactPoint, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.reminders import lock_client
from iop_schedule.vocabulary import AuditKind, Channel, ConsentPurpose, Evidence, StopReason


def stop_address(
    client_id: int, channel: Channel, address: str, reason: StopReason, *, now: datetime
) -> None:
    """Send nothing more to an address a provider has given up on, unless another has been entered."""
    lock_client(client_id)
    statement = select(ContactPoint).where(
        ContactPoint.client_id == client_id, ContactPoint.channel == channel, ContactPoint.address == address
    )
    point = db.session.scalars(statement).one_or_none()
    if point is None or point.stopped_at is not None:
        return
    point.stopped_at, point.stop_reason = now, reason
    if reason is StopReason.OPTED_OUT:
        end_consents(client_id, [channel], tuple(ConsentPurpose), Evidence.PROVIDER, now=now)
    audit.record(
        AuditKind.CONTACT_STOPPED,
        actor=None,
        now=now,
        client_id=client_id,
        details={"channel": channel, "reason": reason},
    )


def end_consents(
    client_id: int,
    channels: Iterable[Channel],
    purposes: Iterable[ConsentPurpose],
    evidence: Evidence,
    *,
    now: datetime,
    actor: Actor | None = None,
) -> int:
    """Take back what a client had agreed to; return how many agreements ended.

    Takes the client's lock, so that a message is either armed before this or not at all.
    """
    lock_client(client_id)
    wanted = [(str(channel), str(purpose)) for channel in channels for purpose in purposes]
    open_ones = db.session.scalars(
        select(ContactConsent)
        .where(ContactConsent.client_id == client_id, ContactConsent.ended_at.is_(None))
        .order_by(ContactConsent.id)
    ).all()
    ended = [row for row in open_ones if (row.channel, row.purpose) in wanted]
    for row in ended:
        row.ended_at, row.end_evidence = now, evidence
        row.ended_by_id = actor.user_id if actor else None
        audit.record(
            AuditKind.CONSENT_ENDED,
            actor=actor,
            now=now,
            client_id=client_id,
            details={"channel": row.channel, "purpose": row.purpose, "evidence": evidence},
        )
    return len(ended)
