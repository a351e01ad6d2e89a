"""Single messages on their way out: what is known of each, and that it has begun."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from iop_schedule.adapters.messages import Outgoing
from iop_schedule.models import ReminderAttempt, ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.vocabulary import AttemptOutcome, Channel


@dataclass(frozen=True, slots=True)
class Armed:
    """A message whose sending has been decided and committed."""

    delivery_id: str
    channel: Channel
    token: str
    number: int
    outgoing: Outgoing
    text_hash: str


def started(armed: Armed, now: datetime) -> dict[str, Any]:
    """Return the row that says that a try has begun."""
    return {
        "delivery_id": armed.delivery_id,
        "number": armed.number,
        "started_at": now,
        "outcome": AttemptOutcome.STARTED,
        "address": armed.outgoing.to,
        "text_hash": armed.text_hash,
    }


#: Made once: they are executed for single messages.
_TAKEN = (
    update(ReminderAttempt)
    .where(
        ReminderAttempt.delivery_id == bindparam("delivery"),
        ReminderAttempt.number == bindparam("try"),
        ReminderAttempt.outcome == AttemptOutcome.STARTED,
    )
    .values(outcome=AttemptOutcome.SENT, ended_at=bindparam("at"))
    .execution_options(synchronize_session=False)
)
_OURS = (
    select(ReminderDelivery.id)
    .where(ReminderDelivery.id == bindparam("delivery"), ReminderDelivery.token == bindparam("held_by"))
    .with_for_update()
)
_STARTED = insert(ReminderAttempt)


def begin(armed: Armed, before: Armed | None, now: datetime) -> bool:
    """Write down that one message is begun, and that the one before it was taken; False when it is not ours.

    Committed for each message where a crash must leave no more than one in doubt.
    """
    with write_transaction() as session:
        if before is not None:
            session.execute(_TAKEN, {"delivery": before.delivery_id, "try": before.number, "at": now})
        if session.scalar(_OURS, {"delivery": armed.delivery_id, "held_by": armed.token}) is None:
            return False
        session.execute(_STARTED, [started(armed, now)])
    return True
