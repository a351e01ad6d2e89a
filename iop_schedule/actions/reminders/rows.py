"""Single changes of outbox rows, shared by handing over and settling. The caller owns the transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from iop_schedule.actions import audit
from iop_schedule.models import Occurrence, ReminderAttempt, ReminderDelivery, db
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import AttemptOutcome, AuditKind, Channel, DeliveryState, HoldReason

#: Wait after an unreachable server or a doubtful try.
SHORT_WAIT = timedelta(seconds=30)


class Step(StrEnum):
    """What became of one message that was due."""

    SENT = "sent"
    HELD = "held"
    POSTPONED = "postponed"
    UNKNOWN = "unknown"
    #: The mail server cannot be reached: the others would fare the same.
    UNREACHABLE = "unreachable"
    #: Someone else holds the message by now.
    OVERTAKEN = "overtaken"
    #: Decided, and not begun: too much time passed, or the provider failed with another one first.
    GIVEN_BACK = "given_back"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one message that was due."""

    step: Step
    channel: Channel


def locked(session: Session, delivery_id: str) -> ReminderDelivery:
    """Return one message, locked until the commit."""
    statement = select(ReminderDelivery).where(ReminderDelivery.id == delivery_id).with_for_update()
    return session.scalars(statement).one()


def hold(delivery: ReminderDelivery, reason: HoldReason, now: datetime) -> Step:
    """Hold the message back for good, and say so in the trail."""
    let_go(delivery, DeliveryState.SUPPRESSED, reason)
    note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.HELD


def let_go(delivery: ReminderDelivery, state: DeliveryState, reason: HoldReason | str = "") -> None:
    """Give the message back with its new state: nobody holds it any more."""
    delivery.state, delivery.reason = state, reason
    delivery.token = delivery.lease_until = None


def end_attempt(
    session: Session, delivery_id: str, number: int, *, outcome: AttemptOutcome, at: datetime, error: str = ""
) -> None:
    """Write down how one try ended."""
    session.execute(
        update(ReminderAttempt)
        .where(ReminderAttempt.delivery_id == delivery_id, ReminderAttempt.number == number)
        .values(outcome=outcome, ended_at=at, error=error[:60])
    )


def postpone(delivery_id: str, until: datetime) -> None:
    """Try the message again at `until`, unless something else has become of it."""
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(ReminderDelivery.id == delivery_id, ReminderDelivery.state == DeliveryState.PLANNED)
            .values(next_try_at=until)
        )


def note(kind: AuditKind, delivery: ReminderDelivery, now: datetime) -> None:
    """Write what became of the message into the audit trail."""
    note_all(kind, [delivery], now)


def note_all(kind: AuditKind, deliveries: Sequence[ReminderDelivery], now: datetime) -> None:
    """Write what became of messages, the same of all, into the audit trail."""
    sites = _sites({one.occurrence_id for one in deliveries if one.occurrence_id is not None})
    for delivery in deliveries:
        details = {
            "channel": delivery.channel,
            "purpose": delivery.purpose,
            "day": delivery.day.isoformat(),
            "reason": delivery.reason,
        }
        if delivery.user_id is not None:
            details["reader"] = str(delivery.user_id)
        audit.record(
            kind,
            actor=None,
            now=now,
            subject=("reminder", delivery.id),
            client_id=delivery.client_id,
            site_id=sites.get(delivery.occurrence_id or 0),
            details=details,
        )


def _sites(occurrence_ids: Iterable[int]) -> dict[int, int]:
    """Return the sites of occurrences, by id."""
    found = db.session.execute(
        select(Occurrence.id, Occurrence.site_id).where(Occurrence.id.in_(sorted(occurrence_ids)))
    )
    return {row.id: row.site_id for row in found}


def leave_in_doubt(delivery: ReminderDelivery, now: datetime, *, repeats: int, counted: bool = False) -> Step:
    """Hand over once more where that is allowed, else leave the message for people to look at.

    Args:
        delivery: the message.
        now: the current instant.
        repeats: how many doubtful tries may be followed by another.
        counted: the try in question has been written down as doubtful already.
    """
    doubts = outbox.outcomes_so_far(delivery.id).get(AttemptOutcome.UNKNOWN, 0) + (0 if counted else 1)
    if doubts <= repeats and now < delivery.expires_at:
        let_go(delivery, DeliveryState.PLANNED)
        delivery.next_try_at = now + SHORT_WAIT
        return Step.UNKNOWN
    let_go(delivery, DeliveryState.UNKNOWN, HoldReason.UNKNOWN)
    note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.UNKNOWN
