"""Settling what was left hanging: workers that died, messages that have become useless."""

from datetime import datetime

from sqlalchemy.orm import Session

from iop_schedule.actions.reminders.rows import end_attempt, hold, leave_in_doubt, locked
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import AttemptOutcome, DeliveryState, HoldReason


def settle_overdue(*, now: datetime, repeats: int) -> int:
    """Settle the messages whose worker has not come back, and those that are useless; return how many.

    Args:
        now: leases that end at or before it are over.
        repeats: how often a message in doubt may be handed over again.
    """
    with read_transaction():
        ids = outbox.ids_to_settle(now=now)
    for delivery_id in ids:
        with write_transaction() as session:
            _settle(session, delivery_id, now, repeats)
    return len(ids)


def _settle(session: Session, delivery_id: str, now: datetime, repeats: int) -> None:
    delivery = locked(session, delivery_id)
    if delivery.state == DeliveryState.PLANNED and delivery.expires_at <= now:
        hold(delivery, HoldReason.STALE, now)
    elif delivery.lease_until is not None and delivery.lease_until <= now:
        number = delivery.attempts
        leave_in_doubt(delivery, now, repeats=repeats)
        end_attempt(session, delivery_id, number, outcome=AttemptOutcome.UNKNOWN, at=now, error="worker gone")
