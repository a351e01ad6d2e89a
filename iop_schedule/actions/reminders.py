"""The outbox at work: plan, hand over one message, settle what was left hanging.

A message is armed (facts read again, lease and mark committed) before it is handed over, and finished
after. Between the two a crash leaves it *attempting*; `settle_overdue` finds it. So nothing is lost
silently, and nothing is sent twice without the outbox saying so.
"""

import logging
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from iop_schedule.actions import audit
from iop_schedule.adapters.messages import Delayed, Messages, NotSent, Outgoing, Refused, Unreachable
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.domain.reminders import Changes, ClientDay, NotNeutral, Nudge, NudgePolicy
from iop_schedule.models import Occurrence, ReminderAttempt, ReminderDelivery, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import (
    AttemptOutcome,
    AuditKind,
    Channel,
    DeliveryPurpose,
    DeliveryState,
    HoldReason,
)

log = logging.getLogger(__name__)

POLICY = NudgePolicy()
#: Days ahead of which messages are planned; they are due the evening before.
PLANNED_DAYS = 3
#: How long a worker may hold a message; several times the longest hand-over.
LEASE = timedelta(minutes=2)
#: After this many refusals for now, a message is given up.
MOST_REFUSALS = 6
#: Wait after an unreachable server or a doubtful try, and for a message that broke our own code.
SHORT_WAIT = timedelta(seconds=30)
FAULT_WAIT = timedelta(minutes=2)


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


@dataclass(frozen=True, slots=True)
class _Armed:
    """A message whose sending has been decided and committed."""

    delivery_id: str
    token: str
    number: int
    outgoing: Outgoing


# --- plan ---------------------------------------------------------------------------------------------


def plan_reminders(*, now: datetime, policy: NudgePolicy = POLICY) -> Changes:
    """Make the outbox agree with the timetable for the next days; return what was changed.

    May run at any time, twice, and at several places at once. One message per transaction.
    """
    today = now.astimezone(UTC).date()
    # A day more at the front, because a site's calendar may be a day behind.
    first, last = today - timedelta(days=1), today + timedelta(days=PLANNED_DAYS)
    with read_transaction():
        wanted = [day for day in outbox.client_days(from_day=first, until_day=last) if _has_zone(day)]
        existing = outbox.deliveries(from_day=first, until_day=last)
    found = rules.changes(wanted, existing, now=now, policy=policy)
    for delivery_id, reason in found.cancel:
        _cancel(delivery_id, reason)
    for nudge in found.add:
        _add(nudge)
    for nudge in found.revive:
        _revive(nudge)
    return found


def _has_zone(day: ClientDay) -> bool:
    """Return False, and say so in the log, where a site's zone is unusable: only its own people wait."""
    try:
        return bool(day.tz)
    except UnknownZone:
        log.warning("a session's site has no usable zone", extra={"item_id": day.first.occurrence_id})
        return False


def _add(nudge: Nudge) -> None:
    with write_transaction() as session:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(
            dialect.insert(ReminderDelivery)
            .values(
                id=str(uuid4()),
                dedup_key=nudge.dedup_key,
                client_id=nudge.client_id,
                day=nudge.day,
                occurrence_id=nudge.occurrence_id,
                channel=Channel.EMAIL,
                purpose=DeliveryPurpose.REMINDER,
                planned_start_at=nudge.planned_start_at,
                due_at=nudge.due_at,
                next_try_at=nudge.next_try_at,
                expires_at=nudge.expires_at,
                state=DeliveryState.PLANNED,
                reason="",
                attempts=0,
            )
            .on_conflict_do_nothing(index_elements=["dedup_key"])
        )


def _revive(nudge: Nudge) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(
                ReminderDelivery.dedup_key == nudge.dedup_key,
                ReminderDelivery.state.in_([DeliveryState.SUPPRESSED, DeliveryState.CANCELLED]),
            )
            .values(
                state=DeliveryState.PLANNED,
                reason="",
                next_try_at=nudge.next_try_at,
                occurrence_id=nudge.occurrence_id,
            )
        )


def _cancel(delivery_id: str, reason: HoldReason) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(ReminderDelivery.id == delivery_id, ReminderDelivery.state == DeliveryState.PLANNED)
            .values(state=DeliveryState.CANCELLED, reason=reason)
        )


# --- hand over ----------------------------------------------------------------------------------------


def deliver_next(*, messages: Messages, now: datetime, policy: NudgePolicy = POLICY) -> Step | None:
    """Hand over the message that has waited longest; return what became of it, None when none is due.

    The message is armed in one transaction and finished in another; the mail server is talked to
    between them, with no lock held.
    """
    armed = _arm_next(now, policy)
    if not isinstance(armed, _Armed):
        return armed
    try:
        messages.send(armed.outgoing)
    except NotSent as problem:
        return _finish_unsent(armed, problem, now, repeats=messages.repeats_when_unsure)
    return _finish_sent(armed, now)


def _arm_next(now: datetime, policy: NudgePolicy) -> _Armed | Step | None:
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
        _postpone(picked, now + FAULT_WAIT)
        return Step.POSTPONED


def _armed_or_held(
    session: Session, delivery: ReminderDelivery, now: datetime, policy: NudgePolicy
) -> _Armed | Step:
    day = outbox.locked_client_day(delivery.client_id, delivery.day)
    reason = rules.reason_to_hold(
        day,
        outbox.deliveries(from_day=delivery.day, until_day=delivery.day, client_id=delivery.client_id),
        planned_start_at=delivery.planned_start_at,
        expires_at=delivery.expires_at,
        now=now,
    )
    if reason or day is None:
        return _hold(delivery, reason or HoldReason.NO_SESSION, now)
    awake = rules.outside_quiet_hours(now, day.tz, policy)
    if awake > now:
        return _wait_for_morning(delivery, awake, now)
    try:
        message = rules.neutral_message(day)
    except NotNeutral:
        log.error("a reminder would not be neutral and was held", extra={"item_id": delivery.id})  # noqa: TRY400
        return _hold(delivery, HoldReason.NOT_NEUTRAL, now)
    outgoing = Outgoing(id=delivery.id, to=day.address, subject=message.subject, text=message.text)
    return _arm(session, delivery, outgoing, now)


def _wait_for_morning(delivery: ReminderDelivery, awake: datetime, now: datetime) -> Step:
    if awake >= delivery.expires_at:
        return _hold(delivery, HoldReason.QUIET_HOURS, now)
    delivery.next_try_at = awake
    return Step.POSTPONED


def _arm(session: Session, delivery: ReminderDelivery, outgoing: Outgoing, now: datetime) -> _Armed:
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
    return _Armed(delivery.id, delivery.token, delivery.attempts, outgoing)


# --- finish -------------------------------------------------------------------------------------------


def _finish_sent(armed: _Armed, now: datetime) -> Step:
    with write_transaction() as session:
        delivery = _mine_to_finish(session, armed)
        if delivery is None:
            return Step.OVERTAKEN
        _end_attempt(session, armed.delivery_id, armed.number, outcome=AttemptOutcome.SENT, at=now)
        _let_go(delivery, DeliveryState.SENT)
        _note(AuditKind.REMINDER_SENT, delivery, now)
    return Step.SENT


def _mine_to_finish(session: Session, armed: _Armed) -> ReminderDelivery | None:
    """Return the message when this worker may still say how it ended, locked.

    It may while its token stands. It also may when the lease ran out and nobody has tried again since:
    then its word ends the doubt. A later try is never overwritten.
    """
    delivery = _locked(session, armed.delivery_id)
    if delivery.token == armed.token:
        return delivery
    in_doubt = delivery.state in {DeliveryState.PLANNED, DeliveryState.UNKNOWN}
    return delivery if in_doubt and delivery.attempts == armed.number else None


def _finish_unsent(armed: _Armed, problem: NotSent, now: datetime, *, repeats: int) -> Step:
    with write_transaction() as session:
        delivery = _locked(session, armed.delivery_id)
        if delivery.token != armed.token:
            return Step.OVERTAKEN
        if isinstance(problem, Refused):
            outcome, step = AttemptOutcome.REFUSED, _give_up(delivery, HoldReason.REFUSED, now)
        elif isinstance(problem, Delayed):
            outcome, step = AttemptOutcome.DELAYED, _try_later(delivery, now)
        elif isinstance(problem, Unreachable):
            outcome, step = AttemptOutcome.UNREACHABLE, _try_when_reachable(delivery, now)
        else:
            outcome, step = AttemptOutcome.UNKNOWN, _leave_in_doubt(delivery, now, repeats=repeats)
        _end_attempt(
            session, armed.delivery_id, armed.number, outcome=outcome, at=now, error=problem.category
        )
    return step


def _give_up(delivery: ReminderDelivery, reason: HoldReason, now: datetime) -> Step:
    _let_go(delivery, DeliveryState.DEAD, reason)
    _note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.HELD


def _try_later(delivery: ReminderDelivery, now: datetime) -> Step:
    refusals = outbox.outcomes_so_far(delivery.id).get(AttemptOutcome.DELAYED, 0) + 1
    if refusals >= MOST_REFUSALS:
        return _give_up(delivery, HoldReason.TOO_MANY_TRIES, now)
    _let_go(delivery, DeliveryState.PLANNED)
    delivery.next_try_at = now + rules.wait_before_retry(refusals, spread=random.random())  # noqa: S311
    return Step.POSTPONED


def _try_when_reachable(delivery: ReminderDelivery, now: datetime) -> Step:
    # Says nothing about this message, so it counts toward no limit; only expiry ends the wait.
    _let_go(delivery, DeliveryState.PLANNED)
    delivery.next_try_at = now + SHORT_WAIT
    return Step.UNREACHABLE


def _leave_in_doubt(delivery: ReminderDelivery, now: datetime, *, repeats: int) -> Step:
    """Hand over once more where that is allowed, else leave the message for people to look at."""
    doubts = outbox.outcomes_so_far(delivery.id).get(AttemptOutcome.UNKNOWN, 0) + 1
    if doubts <= repeats and now < delivery.expires_at:
        _let_go(delivery, DeliveryState.PLANNED)
        delivery.next_try_at = now + SHORT_WAIT
        return Step.UNKNOWN
    _let_go(delivery, DeliveryState.UNKNOWN, HoldReason.UNKNOWN)
    _note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.UNKNOWN


# --- settle -------------------------------------------------------------------------------------------


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
    delivery = _locked(session, delivery_id)
    if delivery.state == DeliveryState.PLANNED and delivery.expires_at <= now:
        _hold(delivery, HoldReason.STALE, now)
    elif delivery.lease_until is not None and delivery.lease_until <= now:
        number = delivery.attempts
        _leave_in_doubt(delivery, now, repeats=repeats)
        _end_attempt(
            session, delivery_id, number, outcome=AttemptOutcome.UNKNOWN, at=now, error="worker gone"
        )


# --- rows ---------------------------------------------------------------------------------------------


def _locked(session: Session, delivery_id: str) -> ReminderDelivery:
    statement = select(ReminderDelivery).where(ReminderDelivery.id == delivery_id).with_for_update()
    return session.scalars(statement).one()


def _hold(delivery: ReminderDelivery, reason: HoldReason, now: datetime) -> Step:
    _let_go(delivery, DeliveryState.SUPPRESSED, reason)
    _note(AuditKind.REMINDER_HELD, delivery, now)
    return Step.HELD


def _let_go(delivery: ReminderDelivery, state: DeliveryState, reason: HoldReason | str = "") -> None:
    delivery.state, delivery.reason = state, reason
    delivery.token = delivery.lease_until = None


def _end_attempt(
    session: Session, delivery_id: str, number: int, *, outcome: AttemptOutcome, at: datetime, error: str = ""
) -> None:
    session.execute(
        update(ReminderAttempt)
        .where(ReminderAttempt.delivery_id == delivery_id, ReminderAttempt.number == number)
        .values(outcome=outcome, ended_at=at, error=error[:60])
    )


def _postpone(delivery_id: str, until: datetime) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(ReminderDelivery.id == delivery_id, ReminderDelivery.state == DeliveryState.PLANNED)
            .values(next_try_at=until)
        )


def _note(kind: AuditKind, delivery: ReminderDelivery, now: datetime) -> None:
    occurrence = db.session.get_one(Occurrence, delivery.occurrence_id)
    audit.record(
        kind,
        actor=None,
        now=now,
        subject=("reminder", delivery.id),
        client_id=delivery.client_id,
        site_id=occurrence.site_id,
        details={"channel": delivery.channel, "day": delivery.day.isoformat(), "reason": delivery.reason},
    )
