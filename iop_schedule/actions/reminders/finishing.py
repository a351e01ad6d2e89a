"""Writing down how a hand-over ended, and what follows from it."""

import random
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from iop_schedule.actions.reminders.rows import (
    SHORT_WAIT,
    Step,
    end_attempt,
    leave_in_doubt,
    let_go,
    locked,
    note,
)
from iop_schedule.adapters.messages import Delayed, NotSent, Outgoing, Refused, Unreachable
from iop_schedule.domain import reminders as rules
from iop_schedule.models import ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import AttemptOutcome, AuditKind, DeliveryState, HoldReason

#: After this many refusals for now, a message is given up.
MOST_REFUSALS = 6


@dataclass(frozen=True, slots=True)
class Armed:
    """A message whose sending has been decided and committed."""

    delivery_id: str
    token: str
    number: int
    outgoing: Outgoing


def finish_sent(armed: Armed, now: datetime) -> Step:
    """Write down that the mail server took the message."""
    with write_transaction() as session:
        delivery = _mine_to_finish(session, armed)
        if delivery is None:
            return Step.OVERTAKEN
        end_attempt(session, armed.delivery_id, armed.number, outcome=AttemptOutcome.SENT, at=now)
        let_go(delivery, DeliveryState.SENT)
        note(AuditKind.REMINDER_SENT, delivery, now)
    return Step.SENT


def _mine_to_finish(session: Session, armed: Armed) -> ReminderDelivery | None:
    """Return the message when this worker may still say how it ended, locked.

    It may while its token stands. It also may when the lease ran out and nobody has tried again since:
    then its word ends the doubt. A later try is never overwritten.
    """
    delivery = locked(session, armed.delivery_id)
    if delivery.token == armed.token:
        return delivery
    in_doubt = delivery.state in {DeliveryState.PLANNED, DeliveryState.UNKNOWN}
    return delivery if in_doubt and delivery.attempts == armed.number else None


def finish_unsent(armed: Armed, problem: NotSent, now: datetime, *, repeats: int) -> Step:
    """Write down that the message was not taken, or perhaps not, and what follows."""
    with write_transaction() as session:
        delivery = locked(session, armed.delivery_id)
        if delivery.token != armed.token:
            return Step.OVERTAKEN
        if isinstance(problem, Refused):
            outcome, step = AttemptOutcome.REFUSED, _give_up(delivery, HoldReason.REFUSED, now)
        elif isinstance(problem, Delayed):
            outcome, step = AttemptOutcome.DELAYED, _try_later(delivery, now)
        elif isinstance(problem, Unreachable):
            outcome, step = AttemptOutcome.UNREACHABLE, _try_when_reachable(delivery, now)
        else:
            outcome, step = AttemptOutcome.UNKNOWN, leave_in_doubt(delivery, now, repeats=repeats)
        end_attempt(session, armed.delivery_id, armed.number, outcome=outcome, at=now, error=problem.category)
    return step


def _give_up(delivery: ReminderDelivery, reason: HoldReason, now: datetime) -> Step:
    let_go(delivery, DeliveryState.DEAD, reason)
    note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.HELD


def _try_later(delivery: ReminderDelivery, now: datetime) -> Step:
    refusals = outbox.outcomes_so_far(delivery.id).get(AttemptOutcome.DELAYED, 0) + 1
    if refusals >= MOST_REFUSALS:
        return _give_up(delivery, HoldReason.TOO_MANY_TRIES, now)
    let_go(delivery, DeliveryState.PLANNED)
    delivery.next_try_at = now + rules.wait_before_retry(refusals, spread=random.random())  # noqa: S311
    return Step.POSTPONED


def _try_when_reachable(delivery: ReminderDelivery, now: datetime) -> Step:
    # Says nothing about this message, so it counts toward no limit; only expiry ends the wait.
    let_go(delivery, DeliveryState.PLANNED)
    delivery.next_try_at = now + SHORT_WAIT
    return Step.UNREACHABLE
