"""Mail that came back: the address takes nothing more, and the message is no longer shown as sent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from iop_schedule.actions.reminders.rows import let_go, note
from iop_schedule.actions.reminders.stopping import stop_address
from iop_schedule.adapters.messages import Bounce
from iop_schedule.models import ReminderAttempt, ReminderDelivery, db
from iop_schedule.models.base import write_transaction
from iop_schedule.vocabulary import AuditKind, Channel, DeliveryState, HoldReason, StopReason


class Taken(StrEnum):
    """What was made of a report."""

    STOPPED = "stopped"
    GIVEN_UP = "given_up"
    #: Only late, or about a message that has been given up already.
    NOTHING_NEW = "nothing_new"
    #: About no message we sent to that address.
    NOT_OURS = "not_ours"


def take_bounce(bounce: Bounce, *, now: datetime) -> Taken:
    """Believe a report about a message we sent to the very address it names; any other changes nothing.

    The address is stopped when the report says that there is no such mailbox. Any other lasting failure is
    the message's alone.
    """
    with write_transaction():
        delivery = db.session.scalars(
            select(ReminderDelivery)
            .where(ReminderDelivery.id == bounce.delivery_id, ReminderDelivery.channel == Channel.EMAIL)
            .with_for_update()
        ).one_or_none()
        address = _written_to(bounce) if delivery is not None else None
        if delivery is None or address is None:
            return Taken.NOT_OURS
        out = {DeliveryState.SENT, DeliveryState.UNKNOWN}
        if not bounce.failed or delivery.state not in out:
            return Taken.NOTHING_NEW
        stops = bounce.is_no_mailbox and delivery.client_id is not None
        if stops and delivery.client_id is not None:
            stop_address(delivery.client_id, Channel.EMAIL, address, StopReason.BOUNCED, now=now)
        let_go(delivery, DeliveryState.DEAD, HoldReason.REFUSED)
        note(AuditKind.REMINDER_HELD, delivery, now)
    return Taken.STOPPED if stops else Taken.GIVEN_UP


def _written_to(bounce: Bounce) -> str | None:
    """Return the address as we wrote it, when the message went there."""
    return db.session.scalars(
        select(ReminderAttempt.address)
        .where(
            ReminderAttempt.delivery_id == bounce.delivery_id,
            func.lower(ReminderAttempt.address) == bounce.address,
        )
        .limit(1)
    ).one_or_none()
