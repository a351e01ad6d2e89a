"""What staff decide about messages: try one again, leave one be, write other words."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions import audit
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import BUILT_IN, Wording, check_wording
from iop_schedule.errors import Conflict, NotFound, NotPossible
from iop_schedule.models import MessageWording, ReminderDelivery, Site, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.reminded import access_trouble
from iop_schedule.queries.wordings import private_names
from iop_schedule.vocabulary import AuditKind, Channel, DeliveryPurpose, DeliveryState


class NoLongerOfUse(NotPossible):
    """It is too late for this message. Call them instead."""


class WordingChanged(Conflict):
    """Someone else changed this wording. Look at theirs and save again."""


def retry(*, actor: Actor, delivery_id: str, now: datetime) -> None:
    """Have a message tried again that was given up or is in doubt; facts and consent are asked anew.

    Raises:
        NotFound, NotAllowed: not this person's, or nothing is wrong with it.
        NoLongerOfUse: it would tell of what is over.
    """
    row = access_trouble(actor, delivery_id, now=now)
    if row.expires_at <= now:
        raise NoLongerOfUse
    row.state, row.reason, row.next_try_at = DeliveryState.PLANNED, "", now
    _record(AuditKind.REMINDER_RETRIED, actor, row, now)
    db.session.commit()


def leave(*, actor: Actor, delivery_id: str, now: datetime) -> None:
    """Take a message off the list: somebody has seen to it.

    Raises:
        NotFound, NotAllowed: not this person's, or nothing is wrong with it.
    """
    row = access_trouble(actor, delivery_id, now=now)
    row.settled_at = now
    _record(AuditKind.REMINDER_SETTLED, actor, row, now)
    db.session.commit()


def _record(kind: AuditKind, actor: Actor, row: ReminderDelivery, now: datetime) -> None:
    audit.record(kind, actor=actor, now=now, subject=("reminder", row.id), client_id=row.client_id)


def write_wording(
    *,
    actor: Actor,
    purpose: DeliveryPurpose,
    channel: Channel,
    language: str,
    wording: Wording,
    seen_version: int,
    now: datetime,
) -> int:
    """Store new words for a message as its next version, and return its number; older ones stay.

    Args:
        actor: an administrator.
        purpose: which message.
        channel: over which channel.
        language: in which language.
        wording: the words.
        seen_version: the version the writer saw.
        now: the current instant.

    Raises:
        NotFound: there is no such message.
        NotPossible, NotNeutral: they may not be used; see `check_wording`.
        WordingChanged: somebody else was quicker.
    """
    actor.require(Permission.WORDING_EDIT)
    if (purpose, channel, language) not in BUILT_IN:
        raise NotFound
    check_wording(wording, purpose, channel, private_names=private_names(actor))
    newest = (
        db.session.scalar(
            select(func.max(MessageWording.version)).where(
                MessageWording.purpose == purpose,
                MessageWording.channel == channel,
                MessageWording.language == language,
            )
        )
        or 0
    )
    if newest != seen_version:
        raise WordingChanged
    db.session.add(
        MessageWording(
            purpose=purpose,
            channel=channel,
            language=language,
            version=newest + 1,
            subject=wording.subject.strip(),
            body=wording.body.replace("\r\n", "\n").strip("\n"),
            created_at=now,
            created_by_id=actor.user_id,
        )
    )
    for site_id in db.session.scalars(select(Site.id).order_by(Site.id)):  # every site sends these words
        audit.record(
            AuditKind.WORDING_CHANGED,
            actor=actor,
            now=now,
            site_id=site_id,
            subject=("wording", f"{purpose}/{channel}/{language}"),
            details={"version": newest + 1},
        )
    try:
        db.session.commit()
    except IntegrityError:  # both saw the same version, and the table takes each number once
        db.session.rollback()
        raise WordingChanged from None
    return newest + 1
