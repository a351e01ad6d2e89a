"""Settling what was left hanging: workers that died, answers that never came, messages that are useless.

A provider that can be asked is asked, with no lock held; one that knows our key is simply given the message
again; with any other a person has to look, except that a mail may go out once more.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from iop_schedule.actions.reminders.finishing import give_back, is_known, mark_sent
from iop_schedule.actions.reminders.letters import Letterhead
from iop_schedule.actions.reminders.rows import SHORT_WAIT, end_attempt, hold, leave_in_doubt, let_go, locked
from iop_schedule.adapters.messages import Accepted, Doors, Messages, NotSent
from iop_schedule.models import ReminderAttempt, ReminderDelivery
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import AttemptOutcome, Channel, DeliveryState, HoldReason, ProviderCapability

#: How long we hold a message while its provider is asked about it.
ASKING = timedelta(minutes=1)
#: Providers that know our keys forget them; the quickest after a quarter of an hour.
KEY_STANDS = timedelta(minutes=14)
#: A provider that does not answer our question is asked for this long after the message has become useless.
KEEP_ASKING = timedelta(hours=1)
_GONE = "worker gone"


def settle_overdue(*, now: datetime, doors: Doors, head: Letterhead | None = None) -> int:
    """Settle the messages whose worker has not come back, and those that are useless; return how many.

    Args:
        now: leases that end at or before it are over.
        doors: the providers, by channel; a channel without one waits until its messages are useless.
        head: what texts are recognized with.
    """
    with read_transaction():
        ids = outbox.ids_to_settle(now=now)
    for delivery_id in ids:
        _settle(delivery_id, doors, head or Letterhead(), now)
    return len(ids)


def _settle(delivery_id: str, doors: Doors, head: Letterhead, now: datetime) -> None:
    question = None
    with write_transaction() as session:
        delivery = locked(session, delivery_id)
        if delivery.state == DeliveryState.PLANNED and delivery.expires_at <= now:
            hold(delivery, HoldReason.STALE, now)
        elif delivery.lease_until is not None and delivery.lease_until <= now:
            question = _left_hanging(session, delivery, doors, now)
    if question is not None:
        door, attempt, token = question
        _ask(door, attempt, token, head, now)


def _left_hanging(
    session: Session, delivery: ReminderDelivery, doors: Doors, now: datetime
) -> tuple[Messages, ReminderAttempt, str] | None:
    """Settle a message whose lease has run out; return what to ask whom, where that is to be done first."""
    door = doors.get(Channel(delivery.channel))
    attempt = session.scalars(
        select(ReminderAttempt).where(
            ReminderAttempt.delivery_id == delivery.id, ReminderAttempt.number == delivery.attempts
        )
    ).one_or_none()
    if attempt is None:
        give_back(session, [delivery])
        return None
    if attempt.outcome == AttemptOutcome.SENT:
        mark_sent(session, [(delivery, "")], now)
        return None
    if door is None and now < delivery.expires_at:
        delivery.lease_until = now + ASKING
        return None
    if door is not None and door.capability is ProviderCapability.LOOKUP:
        delivery.token, delivery.lease_until = str(uuid4()), now + ASKING
        session.flush()
        session.expunge(attempt)
        return door, attempt, delivery.token
    _end(session, attempt, AttemptOutcome.UNKNOWN, now, _GONE)
    if door is not None and door.capability is ProviderCapability.NATIVE_KEY:
        first = session.scalars(_first_attempt(delivery.id)).one()
        if now < min(first.started_at + KEY_STANDS, delivery.expires_at):
            let_go(delivery, DeliveryState.PLANNED)
            delivery.next_try_at = now
            return None
    # This attempt is in the count of doubts already.
    leave_in_doubt(delivery, now, repeats=door.repeats_when_unsure if door else 0, counted=True)
    return None


def _first_attempt(delivery_id: str) -> Select[ReminderAttempt]:
    return (
        select(ReminderAttempt)
        .where(ReminderAttempt.delivery_id == delivery_id)
        .order_by(ReminderAttempt.number)
        .limit(1)
    )


def _ask(door: Messages, attempt: ReminderAttempt, token: str, head: Letterhead, now: datetime) -> None:
    """Ask the provider whether it took one try of a message, and settle it by the answer."""
    try:
        taken: list[Accepted] | None = door.accepted(attempt.address, since=attempt.started_at)
    except NotSent:
        taken = None
    with write_transaction() as session:
        delivery = locked(session, attempt.delivery_id)
        if delivery.token != token:
            return
        if taken is None:
            _no_answer(session, delivery, attempt, now)
            return
        ref = _ours(session, delivery, attempt, taken, head)
        if ref is not None:
            _end(session, attempt, AttemptOutcome.SENT, now, "found by asking")
            mark_sent(session, [(delivery, ref)], now)
            return
        _end(session, attempt, AttemptOutcome.UNREACHABLE, now, "not taken")
        if now >= delivery.expires_at:
            hold(delivery, HoldReason.STALE, now)
            return
        let_go(delivery, DeliveryState.PLANNED)
        delivery.next_try_at = now


def _no_answer(session: Session, delivery: ReminderDelivery, attempt: ReminderAttempt, now: datetime) -> None:
    if now < delivery.expires_at + KEEP_ASKING:
        delivery.lease_until = now + SHORT_WAIT
        return
    _end(session, attempt, AttemptOutcome.UNKNOWN, now, "asked in vain")
    leave_in_doubt(delivery, now, repeats=0, counted=True)


def _ours(
    session: Session,
    delivery: ReminderDelivery,
    attempt: ReminderAttempt,
    taken: list[Accepted],
    head: Letterhead,
) -> str | None:
    """Return the provider's name for this try: a message with its text that no other message of ours is."""
    for accepted in taken:
        if head.text_hash(attempt.address, accepted.text) != attempt.text_hash:
            continue
        if not session.scalar(select(is_known(delivery.channel, accepted.ref))):
            return accepted.ref
    return None


def _end(
    session: Session, attempt: ReminderAttempt, outcome: AttemptOutcome, now: datetime, error: str
) -> None:
    end_attempt(session, attempt.delivery_id, attempt.number, outcome=outcome, at=now, error=error)
