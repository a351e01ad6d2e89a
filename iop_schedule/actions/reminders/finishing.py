"""Writing down how a hand-over ended, and what follows from it."""

import random
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Exists, exists, select
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
from iop_schedule.actions.reminders.stopping import stop_address
from iop_schedule.adapters.messages import Delayed, NotSent, Outgoing, Refused, Unreachable
from iop_schedule.domain import reminders as rules
from iop_schedule.models import ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import (
    AttemptOutcome,
    AuditKind,
    Channel,
    DeliveryState,
    HoldReason,
    ProviderCapability,
)

#: After this many refusals for now, a message is given up.
MOST_REFUSALS = 6


@dataclass(frozen=True, slots=True)
class Armed:
    """A message whose sending has been decided and committed."""

    delivery_id: str
    channel: Channel
    token: str
    number: int
    outgoing: Outgoing


def finish_sent(armed: Armed, now: datetime, *, ref: str = "") -> Step:
    """Write down that the provider took the message, and what it calls it."""
    with write_transaction() as session:
        delivery = _mine_to_finish(session, armed)
        if delivery is None:
            return Step.OVERTAKEN
        end_attempt(session, armed.delivery_id, armed.number, outcome=AttemptOutcome.SENT, at=now)
        mark_sent(session, delivery, ref, now)
    return Step.SENT


def mark_sent(session: Session, delivery: ReminderDelivery, ref: str, now: datetime) -> None:
    """Note that a message has been taken; a name the provider has used before is not believed."""
    let_go(delivery, DeliveryState.SENT)
    if ref and not session.scalar(select(is_known(delivery.channel, ref))):
        delivery.provider_ref = ref
    note(AuditKind.REMINDER_SENT, delivery, now)


def is_known(channel: str, ref: str) -> Exists:
    """Return the condition that some message has this name at its provider."""
    return exists().where(ReminderDelivery.channel == channel, ReminderDelivery.provider_ref == ref)


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


def finish_unsent(
    armed: Armed,
    problem: NotSent,
    now: datetime,
    *,
    repeats: int,
    capability: ProviderCapability = ProviderCapability.NONE,
) -> Step:
    """Write down that the message was not taken, or perhaps not, and what follows.

    Args:
        armed: the message.
        problem: what the provider or the network said.
        now: the current instant.
        repeats: how often a message in doubt may be handed over again without asking.
        capability: what the provider can do about a message in doubt; where it can do something, the sweep
            settles it as it settles what a dead worker left.
    """
    with write_transaction() as session:
        delivery = locked(session, armed.delivery_id)
        if delivery.token != armed.token:
            return Step.OVERTAKEN
        if isinstance(problem, Refused):
            outcome, step = AttemptOutcome.REFUSED, _refused(delivery, armed, problem, now)
        elif isinstance(problem, Delayed):
            outcome, step = AttemptOutcome.DELAYED, _try_later(delivery, problem, now)
        elif isinstance(problem, Unreachable):
            outcome, step = AttemptOutcome.UNREACHABLE, _try_when_reachable(delivery, now)
        elif capability is ProviderCapability.NONE:
            outcome, step = AttemptOutcome.UNKNOWN, leave_in_doubt(delivery, now, repeats=repeats)
        else:
            delivery.lease_until = now + SHORT_WAIT
            return Step.UNKNOWN
        end_attempt(session, armed.delivery_id, armed.number, outcome=outcome, at=now, error=problem.category)
    return step


def _refused(delivery: ReminderDelivery, armed: Armed, problem: Refused, now: datetime) -> Step:
    if problem.stops is not None and delivery.client_id is not None:
        stop_address(delivery.client_id, armed.channel, armed.outgoing.to, problem.stops, now=now)
    return _give_up(delivery, HoldReason.REFUSED, now)


def _give_up(delivery: ReminderDelivery, reason: HoldReason, now: datetime) -> Step:
    let_go(delivery, DeliveryState.DEAD, reason)
    note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.HELD


def _try_later(delivery: ReminderDelivery, problem: Delayed, now: datetime) -> Step:
    refusals = outbox.outcomes_so_far(delivery.id).get(AttemptOutcome.DELAYED, 0) + 1
    if refusals >= MOST_REFUSALS:
        return _give_up(delivery, HoldReason.TOO_MANY_TRIES, now)
    let_go(delivery, DeliveryState.PLANNED)
    wait = rules.wait_before_retry(refusals, spread=random.random())  # noqa: S311
    delivery.next_try_at = now + max(wait, problem.wait or wait)
    return Step.POSTPONED


def _try_when_reachable(delivery: ReminderDelivery, now: datetime) -> Step:
    # Says nothing about this message, so it counts toward no limit; only expiry ends the wait.
    let_go(delivery, DeliveryState.PLANNED)
    delivery.next_try_at = now + SHORT_WAIT
    return Step.UNREACHABLE
