"""Handing over one message: decide with today's facts, commit, send, write down how it ended."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from iop_schedule import clock
from iop_schedule.actions.reminders.facing import Letter, letter_for
from iop_schedule.actions.reminders.finishing import Armed, finish_sent, finish_unsent
from iop_schedule.actions.reminders.letters import Letterhead
from iop_schedule.actions.reminders.rows import Step, hold, let_go, note, postpone
from iop_schedule.adapters.messages import Doors, NotSent, Outgoing
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.reminders import DEFAULT_POLICY, NotNeutral, NudgePolicy
from iop_schedule.models import ReminderAttempt, ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.queries.wordings import current_wording
from iop_schedule.vocabulary import (
    AttemptOutcome,
    AuditKind,
    Channel,
    DeliveryPurpose,
    DeliveryState,
    HoldReason,
)

log = logging.getLogger(__name__)

#: How long a worker may hold a message; several times the longest hand-over.
LEASE = timedelta(minutes=2)
#: A worker that slept longer than this between deciding and sending leaves the message to the sweep.
FRESH_SECONDS = LEASE.total_seconds() / 3
#: Wait of a message that broke our own code.
FAULT_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one message that was due."""

    step: Step
    channel: Channel


def deliver_next(
    *,
    doors: Doors,
    now: datetime,
    head: Letterhead | None = None,
    policy: NudgePolicy = DEFAULT_POLICY,
    channels: Sequence[Channel] | None = None,
) -> Done | None:
    """Hand over the message that has waited longest; return what became of it, None when none is due.

    The message is armed in one transaction and finished in another; the provider is talked to between
    them, with no lock held.

    Args:
        doors: where messages go, by channel.
        now: the current instant.
        head: what links and codes are made with.
        policy: the clinic's lead and quiet hours.
        channels: those open now; by default every door, and the list inside the application.
    """
    head = head or Letterhead()
    open_now = [*doors, Channel.IN_APP] if channels is None else channels
    decided_at = clock.monotonic()
    armed = _arm_next(open_now, now, head, policy)
    if not isinstance(armed, Armed):
        return armed
    door = doors[armed.channel]
    if clock.monotonic() - decided_at > FRESH_SECONDS:
        return Done(Step.OVERTAKEN, armed.channel)
    try:
        ref = door.send(armed.outgoing)
    except NotSent as problem:
        step = finish_unsent(
            armed, problem, now, repeats=door.repeats_when_unsure, capability=door.capability
        )
        return Done(step, armed.channel)
    return Done(finish_sent(armed, now, ref=ref), armed.channel)


def _arm_next(
    channels: Sequence[Channel], now: datetime, head: Letterhead, policy: NudgePolicy
) -> Armed | Done | None:
    """Pick the next due message and decide, with today's facts, whether it goes out."""
    picked: tuple[str, Channel] | None = None
    try:
        with write_transaction() as session:
            statement = outbox.next_due(now=now, channels=channels).with_for_update(skip_locked=True)
            delivery = session.scalars(statement).one_or_none()
            if delivery is None:
                return None
            picked = delivery.id, Channel(delivery.channel)
            decided = _armed_or_held(session, delivery, now, head, policy)
            return decided if isinstance(decided, Armed) else Done(decided, picked[1])
    except Exception:
        if picked is None:
            raise
        # One message that breaks our own code must delay itself only.
        log.exception("a message could not be prepared", extra={"item_id": picked[0]})
        postpone(picked[0], now + FAULT_WAIT)
        return Done(Step.POSTPONED, picked[1])


def _armed_or_held(
    session: Session, delivery: ReminderDelivery, now: datetime, head: Letterhead, policy: NudgePolicy
) -> Armed | Step:
    letter = letter_for(delivery, head, now=now, policy=policy)
    if not isinstance(letter, Letter):
        return hold(delivery, letter, now)
    if letter.quiet is not None:
        awake = rules.outside_quiet_hours(now, letter.quiet.tz, letter.quiet.policy)
        if awake > now:
            return _wait_for_morning(delivery, awake, now)
    purpose, channel = DeliveryPurpose(delivery.purpose), Channel(delivery.channel)
    worded = current_wording(purpose, channel, letter.language)
    link = {"link": head.link(delivery.id)} if letter.can_be_stopped else {}
    try:
        message = rules.neutral_message(
            worded.wording,
            {**link, **letter.values},
            called=letter.called,
            private_names=letter.private_names,
        )
    except NotNeutral:
        log.error("a message would not be neutral and was held", extra={"item_id": delivery.id})  # noqa: TRY400
        return hold(delivery, HoldReason.NOT_NEUTRAL, now)
    delivery.tells = [start.isoformat() for start in letter.tells]
    delivery.wording_id, delivery.language = worded.wording_id, letter.language
    if channel is Channel.IN_APP:
        return _put_up(delivery, now)
    outgoing = Outgoing(
        id=delivery.id,
        to=letter.to,
        subject=message.subject,
        text=message.text,
        stop_url=head.stop_link(delivery.id) if letter.can_be_stopped else "",
    )
    return _arm(session, delivery, outgoing, now, text_hash=head.text_hash(letter.to, message.text))


def _wait_for_morning(delivery: ReminderDelivery, awake: datetime, now: datetime) -> Step:
    if awake >= delivery.expires_at:
        return hold(delivery, HoldReason.QUIET_HOURS, now)
    delivery.next_try_at = awake
    return Step.POSTPONED


def _put_up(delivery: ReminderDelivery, now: datetime) -> Step:
    """Show the message in the client's own list: nothing leaves, so nothing can go wrong in between."""
    delivery.tried_at = now
    let_go(delivery, DeliveryState.SENT)
    note(AuditKind.REMINDER_SENT, delivery, now)
    return Step.SENT


def _arm(
    session: Session, delivery: ReminderDelivery, outgoing: Outgoing, now: datetime, *, text_hash: str
) -> Armed:
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
            address=outgoing.to,
            text_hash=text_hash,
        )
    )
    return Armed(delivery.id, Channel(delivery.channel), delivery.token, delivery.attempts, outgoing)
