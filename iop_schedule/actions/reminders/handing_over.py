"""Handing over one message: decide with today's facts, commit, send, write down how it ended."""

import logging
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from iop_schedule.actions.reminders.finishing import Armed, finish_sent, finish_unsent
from iop_schedule.actions.reminders.rows import Step, hold, postpone
from iop_schedule.adapters.messages import Messages, NotSent, Outgoing
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.reminders import DEFAULT_POLICY, NotNeutral, NudgePolicy
from iop_schedule.models import ReminderAttempt, ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import AttemptOutcome, DeliveryState, HoldReason

log = logging.getLogger(__name__)

#: How long a worker may hold a message; several times the longest hand-over.
LEASE = timedelta(minutes=2)
#: Wait of a message that broke our own code.
FAULT_WAIT = timedelta(minutes=2)


def deliver_next(*, messages: Messages, now: datetime, policy: NudgePolicy = DEFAULT_POLICY) -> Step | None:
    """Hand over the message that has waited longest; return what became of it, None when none is due.

    The message is armed in one transaction and finished in another; the mail server is talked to
    between them, with no lock held.
    """
    armed = _arm_next(now, policy)
    if not isinstance(armed, Armed):
        return armed
    try:
        messages.send(armed.outgoing)
    except NotSent as problem:
        return finish_unsent(armed, problem, now, repeats=messages.repeats_when_unsure)
    return finish_sent(armed, now)


def _arm_next(now: datetime, policy: NudgePolicy) -> Armed | Step | None:
    """Pick the next due message and decide, with today's facts, whether it goes out."""
    picked: str | None = None
    try:
        with write_transaction() as session:
            delivery = session.scalars(
                outbox.next_due(now=now).with_for_update(skip_locked=True)
            ).one_or_none()
            if delivery is None:
                return None
            picked = delivery.id
            return _armed_or_held(session, delivery, now, policy)
    except Exception:
        if picked is None:
            raise
        # One message that breaks our own code must delay itself only.
        log.exception("a reminder could not be prepared", extra={"item_id": picked})
        postpone(picked, now + FAULT_WAIT)
        return Step.POSTPONED


def _armed_or_held(
    session: Session, delivery: ReminderDelivery, now: datetime, policy: NudgePolicy
) -> Armed | Step:
    day = outbox.locked_client_day(delivery.client_id, delivery.day)
    reason = rules.reason_to_hold(
        day,
        outbox.deliveries(from_day=delivery.day, until_day=delivery.day, client_id=delivery.client_id),
        planned_start_at=delivery.planned_start_at,
        expires_at=delivery.expires_at,
        now=now,
    )
    if reason or day is None:
        return hold(delivery, reason or HoldReason.NO_SESSION, now)
    awake = rules.outside_quiet_hours(now, day.tz, policy)
    if awake > now:
        return _wait_for_morning(delivery, awake, now)
    try:
        message = rules.neutral_message(day)
    except NotNeutral:
        log.error("a reminder would not be neutral and was held", extra={"item_id": delivery.id})  # noqa: TRY400
        return hold(delivery, HoldReason.NOT_NEUTRAL, now)
    outgoing = Outgoing(id=delivery.id, to=day.address, subject=message.subject, text=message.text)
    return _arm(session, delivery, outgoing, now)


def _wait_for_morning(delivery: ReminderDelivery, awake: datetime, now: datetime) -> Step:
    if awake >= delivery.expires_at:
        return hold(delivery, HoldReason.QUIET_HOURS, now)
    delivery.next_try_at = awake
    return Step.POSTPONED


def _arm(session: Session, delivery: ReminderDelivery, outgoing: Outgoing, now: datetime) -> Armed:
    delivery.state = DeliveryState.ATTEMPTING
    delivery.attempts += 1
    delivery.tried_at = now
    delivery.token = str(uuid4())
    delivery.lease_until = now + LEASE
    session.add(
        ReminderAttempt(
            delivery_id=delivery.id,
            number=delivery.attempts,
            started_at=now,
            outcome=AttemptOutcome.STARTED,
        )
    )
    return Armed(delivery.id, delivery.token, delivery.attempts, outgoing)
