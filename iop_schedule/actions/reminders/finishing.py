"""Writing down how a hand-over ended, and what follows from it."""

import random
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Exists, delete, exists, select, tuple_, update
from sqlalchemy.orm import Session

from iop_schedule.actions.reminders.beginning import Armed
from iop_schedule.actions.reminders.rows import (
    SHORT_WAIT,
    Done,
    Step,
    end_attempt,
    leave_in_doubt,
    let_go,
    locked,
    note,
    note_all,
)
from iop_schedule.actions.reminders.stopping import stop_address
from iop_schedule.adapters.messages import Delayed, Messages, NotSent, Refused, Unreachable
from iop_schedule.domain import reminders as rules
from iop_schedule.models import ReminderAttempt, ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import (
    AttemptOutcome,
    AuditKind,
    DeliveryState,
    HoldReason,
    ProviderCapability,
)

#: After this many refusals for now, a message is given up.
MOST_REFUSALS = 6


def finish(taken: Sequence[tuple[Armed, str]], left: Sequence[Armed], now: datetime) -> list[Done]:
    """Write down that messages were taken, and give back those that were not begun.

    Args:
        taken: messages the provider took, and what it calls each.
        left: armed together with them, and not begun.
        now: the current instant.
    """
    both = [*(one for one, _ in taken), *left]
    if not both:
        return []
    with write_transaction() as session:
        rows = _locked(session, [one.delivery_id for one in both])
        mine = [(one, ref) for one, ref in taken if _is_mine_to_finish(rows[one.delivery_id], one)]
        _end_sent(session, [one for one, _ in mine], now)
        mark_sent(session, [(rows[one.delivery_id], ref) for one, ref in mine], now)
        unbegun = [one for one in left if rows[one.delivery_id].token == one.token]
        give_back(session, [rows[one.delivery_id] for one in unbegun])
    ended = {one.delivery_id: Step.SENT for one, _ in mine}
    ended |= {one.delivery_id: Step.GIVEN_BACK for one in unbegun}
    return [Done(ended.get(one.delivery_id, Step.OVERTAKEN), one.channel) for one in both]


def _locked(session: Session, ids: Sequence[str]) -> dict[str, ReminderDelivery]:
    statement = select(ReminderDelivery).where(ReminderDelivery.id.in_(ids)).order_by(ReminderDelivery.id)
    return {row.id: row for row in session.scalars(statement.with_for_update())}


def _end_sent(session: Session, armed: Sequence[Armed], now: datetime) -> None:
    if not armed:
        return
    tries = [(one.delivery_id, one.number) for one in armed]
    session.execute(
        update(ReminderAttempt)
        .where(tuple_(ReminderAttempt.delivery_id, ReminderAttempt.number).in_(tries))
        .values(outcome=AttemptOutcome.SENT, ended_at=now, error="")
        .execution_options(synchronize_session=False)
    )


def give_back(session: Session, deliveries: Sequence[ReminderDelivery]) -> None:
    """Take back that messages were armed: none of them was begun, so this was no try."""
    if not deliveries:
        return
    tries = [(one.id, one.attempts) for one in deliveries]
    session.execute(
        delete(ReminderAttempt)
        .where(tuple_(ReminderAttempt.delivery_id, ReminderAttempt.number).in_(tries))
        .execution_options(synchronize_session=False)
    )
    for one in deliveries:
        let_go(one, DeliveryState.PLANNED)
        one.attempts -= 1
        one.tried_at = one.tried_at if one.attempts else None


def mark_sent(session: Session, taken: Sequence[tuple[ReminderDelivery, str]], now: datetime) -> None:
    """Note that messages, all over one channel, have been taken, and what the provider calls each.

    A name the provider has used before is not believed.
    """
    if not taken:
        return
    used = _known(session, taken[0][0].channel, [ref for _, ref in taken])
    changes = []
    for delivery, ref in taken:
        believed = ref if ref and ref not in used else delivery.provider_ref
        used.add(ref)
        changes.append(
            {
                "id": delivery.id,
                "state": DeliveryState.SENT,
                "reason": "",
                "token": None,
                "lease_until": None,
                "provider_ref": believed,
            }
        )
    session.execute(update(ReminderDelivery), changes)
    note_all(AuditKind.REMINDER_SENT, [delivery for delivery, _ in taken], now)


def _known(session: Session, channel: str, refs: Sequence[str]) -> set[str | None]:
    statement = select(ReminderDelivery.provider_ref).where(
        ReminderDelivery.channel == channel, ReminderDelivery.provider_ref.in_([ref for ref in refs if ref])
    )
    return set(session.scalars(statement))


def is_known(channel: str, ref: str) -> Exists:
    """Return the condition that some message has this name at its provider."""
    return exists().where(ReminderDelivery.channel == channel, ReminderDelivery.provider_ref == ref)


def _is_mine_to_finish(delivery: ReminderDelivery, armed: Armed) -> bool:
    """Return True when this worker may still say how the message ended.

    It may while its token stands. It also may when the lease ran out and nobody has tried again since:
    then its word ends the doubt. A later try is never overwritten.
    """
    if delivery.token == armed.token:
        return True
    in_doubt = delivery.state in {DeliveryState.PLANNED, DeliveryState.UNKNOWN}
    return in_doubt and delivery.attempts == armed.number


def finish_unsent(armed: Armed, problem: NotSent, door: Messages, now: datetime) -> Step:
    """Write down that one message was not taken, or perhaps not, and what follows.

    One in doubt at a provider that can do something about it is settled by the sweep, as what a dead worker
    left.
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
        elif door.capability is ProviderCapability.NONE:
            outcome = AttemptOutcome.UNKNOWN
            step = leave_in_doubt(delivery, now, repeats=door.repeats_when_unsure)
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
