"""Looking at a message one last time, with today's facts: whether it goes out, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.reminders.letters import Letterhead
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.reminders import NudgePolicy, Reach
from iop_schedule.models import ContactPoint, ReminderDelivery, User, db
from iop_schedule.queries import occasions
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import Channel, DeliveryPurpose, HoldReason


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that may go out: to whom, in which language, with which values in its placeholders."""

    to: str
    language: str
    values: Mapping[str, str]
    called: str = ""
    private_names: frozenset[str] = frozenset()
    #: Starts it tells of, as it will be remembered.
    tells: tuple[datetime, ...] = ()
    #: Whose quiet hours hold; None for what was asked for this minute, and for staff.
    quiet: Reach | None = None
    #: A reader can stop it with one press.
    can_be_stopped: bool = True


def letter_for(
    delivery: ReminderDelivery, head: Letterhead, *, now: datetime, policy: NudgePolicy
) -> Letter | HoldReason:
    """Return the message as it is to go out now, or why it must not; locks what it depends on."""
    if now >= delivery.expires_at:
        return HoldReason.STALE
    purpose = DeliveryPurpose(delivery.purpose)
    if delivery.client_id is None:
        return _to_staff(delivery, purpose, head, now)
    outbox.lock_client(delivery.client_id)
    if purpose.is_about_a_day:
        return _about_a_day(delivery, delivery.client_id, now, policy)
    if purpose in _ABOUT:
        return _ABOUT[purpose](delivery, delivery.client_id, policy)
    return _code(delivery, head, now)


def _about_a_day(
    delivery: ReminderDelivery, client_id: int, now: datetime, policy: NudgePolicy
) -> Letter | HoldReason:
    channel = Channel(delivery.channel)
    day = outbox.locked_client_day(client_id, delivery.day, channel, policy=policy)
    same = [
        other
        for other in outbox.deliveries(from_day=delivery.day, until_day=delivery.day, client_id=client_id)
        if other.channel is channel
    ]
    this = outbox.as_domain(delivery)
    reason = rules.reason_to_hold(day, this, same, expires_at=delivery.expires_at, now=now)
    if reason or day is None:
        return reason or HoldReason.NO_SESSION
    tells = day.starts or this.tells or (this.planned_start_at,)
    return Letter(
        to=day.reach.address,
        language=day.reach.language,
        values=rules.day_values(tells, day.tz, day.reach.language),
        called=day.called,
        private_names=day.private_names,
        tells=tells,
        quiet=day.reach,
    )


def _about_a_week(delivery: ReminderDelivery, client_id: int, policy: NudgePolicy) -> Letter | HoldReason:
    channel = Channel(delivery.channel)
    days = outbox.client_days(
        from_day=delivery.day,
        until_day=delivery.day + timedelta(days=6),
        channels=[channel],
        policy=policy,
        client_id=client_id,
    )
    weeks = occasions.weeks_of(days, delivery.day)
    if not weeks:
        return HoldReason.NO_SESSION
    week = weeks[0]
    return week.why_not() or Letter(
        to=week.reach.address,
        language=week.reach.language,
        values=rules.week_values(week.starts, week.tz, week.reach.language, channel),
        called=week.called,
        private_names=week.private_names,
        tells=week.starts,
        quiet=week.reach,
    )


def _about_a_missed_day(
    delivery: ReminderDelivery, client_id: int, policy: NudgePolicy
) -> Letter | HoldReason:
    found = occasions.missed_days(
        from_day=delivery.day,
        until_day=delivery.day,
        channels=[Channel(delivery.channel)],
        client_id=client_id,
        policy=policy,
    )
    if not found:
        return HoldReason.NOTHING_LEFT
    missed = found[0]
    return missed.why_not() or Letter(
        to=missed.reach.address,
        language=missed.reach.language,
        values=rules.day_values([missed.starts_at], missed.tz, missed.reach.language),
        called=missed.called,
        private_names=missed.private_names,
        tells=(missed.starts_at,),
        quiet=missed.reach,
    )


def _from_staff(delivery: ReminderDelivery, client_id: int, policy: NudgePolicy) -> Letter | HoldReason:
    channel = Channel(delivery.channel)
    (word,) = occasions.words_from_staff(client_id, [channel], delivery.day, policy=policy)
    return word.why_not() or Letter(
        to=word.reach.address,
        language=word.reach.language,
        values={},
        called=word.called,
        private_names=word.private_names,
        quiet=word.reach,
    )


#: Messages that need no more than their reader and the clinic's policy.
_ABOUT = {
    DeliveryPurpose.DIGEST: _about_a_week,
    DeliveryPurpose.MISSED: _about_a_missed_day,
    DeliveryPurpose.CONTACT: _from_staff,
}


def _code(delivery: ReminderDelivery, head: Letterhead, now: datetime) -> Letter | HoldReason:
    point = db.session.scalars(
        select(ContactPoint).where(
            ContactPoint.client_id == delivery.client_id, ContactPoint.channel == delivery.channel
        )
    ).one_or_none()
    if point is None or not point.code_salt or point.code_until is None or point.code_until <= now:
        return HoldReason.NOTHING_LEFT
    return Letter(
        to=point.address,
        language=delivery.language or "en",
        values={"code": head.code(point.code_salt, point.address)},
        can_be_stopped=False,
    )


def _to_staff(
    delivery: ReminderDelivery, purpose: DeliveryPurpose, head: Letterhead, now: datetime
) -> Letter | HoldReason:
    user = db.session.get_one(User, delivery.user_id)
    work = occasions.staff_day(user, purpose, delivery.day, now=now)
    if not work.count:
        return HoldReason.NOTHING_LEFT
    numbers = {name: str(number) for name, number in work.numbers.items()}
    values = {**numbers, "count": str(work.count), "link": head.public_url}
    return Letter(to=work.address, language="en", values=values, can_be_stopped=False)
