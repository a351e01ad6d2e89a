"""Making the outbox agree with the timetable."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from iop_schedule.domain import reminders as rules
from iop_schedule.domain.civil_time import monday_of
from iop_schedule.domain.reminders import DEFAULT_POLICY, Changes, ClientDay, NudgePolicy, Wanted
from iop_schedule.models import ReminderDelivery, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries import occasions
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState, HoldReason

#: Messages written in one transaction.
HANDFUL = 50


def plan_reminders(
    *,
    now: datetime,
    channels: Sequence[Channel] = outbox.CHANNELS,
    policy: NudgePolicy = DEFAULT_POLICY,
) -> Changes:
    """Make the outbox agree with the timetable for the next days; return what was changed.

    May run at any time, twice, and at several places at once. Every transaction is short.

    Args:
        now: the current instant.
        channels: those that are set up here.
        policy: the clinic's lead and quiet hours, where a client has no wishes of their own.
    """
    with read_transaction():
        found = _wanted_changes(now, channels, policy)
    for delivery_id, reason in found.cancel:
        _cancel(delivery_id, reason)
    # In one order everywhere, so that planners at several places wait for each other in a row.
    missing = sorted(found.add, key=lambda message: message.dedup_key)
    for first in range(0, len(missing), HANDFUL):
        _add(missing[first : first + HANDFUL])
    for message in found.revive:
        _revive(message)
    return found


def _wanted_changes(now: datetime, channels: Sequence[Channel], policy: NudgePolicy) -> Changes:
    today = now.astimezone(UTC).date()
    # A day more at the front, because a site's calendar may be a day behind.
    first, last = today - timedelta(days=1), today + timedelta(days=policy.notice_days)
    days = outbox.client_days(from_day=first, until_day=last, channels=channels, policy=policy)
    existing = [
        message
        for message in outbox.deliveries(from_day=first, until_day=last)
        if message.channel in channels
    ]
    about_days = rules.changes(days, existing, now=now)
    others = [
        *_weeks(days, today, now),
        *_missed(today, channels, policy, now),
        *(_for_staff(today, now) if Channel.EMAIL in channels else ()),
    ]
    return Changes(add=(*about_days.add, *others), revive=about_days.revive, cancel=about_days.cancel)


def _weeks(days: Sequence[ClientDay], today: date, now: datetime) -> list[Wanted]:
    mondays = [monday_of(today + timedelta(days=ahead)) for ahead in (0, 7)]
    messages = [
        rules.digest_for(week, now) for monday in mondays for week in occasions.weeks_of(days, monday)
    ]
    return _unknown(messages, DeliveryPurpose.DIGEST, since=mondays[0])


def _missed(today: date, channels: Sequence[Channel], policy: NudgePolicy, now: datetime) -> list[Wanted]:
    since = today - timedelta(days=2)
    missed = occasions.missed_days(from_day=since, until_day=today, channels=channels, policy=policy)
    return _unknown([rules.missed_for(day, now) for day in missed], DeliveryPurpose.MISSED, since=since)


def _for_staff(today: date, now: datetime) -> list[Wanted]:
    known = outbox.staff_messages(since=today - timedelta(days=1))
    messages = [rules.staff_digest_for(work, now) for work in occasions.staff_days(now=now, known=known)]
    return [message for message in messages if message]


def _unknown(messages: Iterable[Wanted | None], purpose: DeliveryPurpose, *, since: date) -> list[Wanted]:
    """Return those of `messages` that the outbox does not hold yet."""
    known = outbox.keys_of(purpose, since=since)
    return [message for message in messages if message and message.dedup_key not in known]


def _add(messages: Sequence[Wanted]) -> None:
    with write_transaction():
        put(*messages)


def put(*messages: Wanted) -> None:
    """Write messages into the outbox, but those that are there, in the transaction of the caller."""
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(ReminderDelivery)
        .values([_row(message) for message in messages])
        .on_conflict_do_nothing(index_elements=["dedup_key"])
    )


def hold_back(keys: Collection[str]) -> bool:
    """Take messages that are no longer so out of the outbox, in the transaction of the caller.

    Returns:
        True when one of them has gone out, or is going out at this moment.
    """
    session = db.session()
    theirs = ReminderDelivery.dedup_key.in_(keys)
    waiting = select(ReminderDelivery).where(theirs, ReminderDelivery.state == DeliveryState.PLANNED)
    for delivery in session.scalars(waiting.with_for_update(skip_locked=True)):
        delivery.state, delivery.reason = DeliveryState.CANCELLED, HoldReason.NOTHING_LEFT
    session.flush()
    held = (DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.DEAD)
    return session.scalar(select(exists().where(theirs, ReminderDelivery.state.not_in(held)))) is True


def _row(message: Wanted) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "dedup_key": message.dedup_key,
        "client_id": message.client_id,
        "user_id": message.user_id,
        "day": message.day,
        "occurrence_id": message.occurrence_id,
        "channel": message.channel,
        "purpose": message.purpose,
        "planned_start_at": message.planned_start_at,
        "tells": [start.isoformat() for start in message.tells],
        "due_at": message.due_at,
        "next_try_at": message.next_try_at,
        "expires_at": message.expires_at,
        "state": DeliveryState.PLANNED,
        "reason": "",
        "attempts": 0,
        "language": message.language,
    }


def _revive(message: Wanted) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(
                ReminderDelivery.dedup_key == message.dedup_key,
                ReminderDelivery.state.in_([DeliveryState.SUPPRESSED, DeliveryState.CANCELLED]),
            )
            .values(
                state=DeliveryState.PLANNED,
                reason="",
                next_try_at=message.next_try_at,
                expires_at=message.expires_at,
                occurrence_id=message.occurrence_id,
            )
        )


def _cancel(delivery_id: str, reason: HoldReason) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(ReminderDelivery.id == delivery_id, ReminderDelivery.state == DeliveryState.PLANNED)
            .values(state=DeliveryState.CANCELLED, reason=reason)
        )
