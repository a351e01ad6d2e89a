"""Looking at messages one last time, with today's facts: whether each goes out, and what it says.

Facts of all of them are read together; each is then judged alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.reminders.letters import Letterhead
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.reminders import Delivery, NudgePolicy, Reach
from iop_schedule.models import ContactPoint, ReminderDelivery, User, db
from iop_schedule.queries import occasions
from iop_schedule.queries import reminders as outbox
from iop_schedule.queries.news import has_news
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


_Letters = Mapping[str, Letter | HoldReason]


def letters_for(
    deliveries: Sequence[ReminderDelivery],
    channel: Channel,
    head: Letterhead,
    *,
    now: datetime,
    policy: NudgePolicy,
) -> _Letters:
    """Return, by id, each message as it is to go out now, or why it must not; locks what they depend on.

    Args:
        deliveries: messages over `channel`, at most one to each client.
        channel: the channel.
        head: what links and codes are made with.
        now: the current instant.
        policy: the clinic's lead and quiet hours.
    """
    kinds: dict[DeliveryPurpose | None, list[ReminderDelivery]] = defaultdict(list)
    letters: dict[str, Letter | HoldReason] = {}
    for delivery in deliveries:
        purpose = DeliveryPurpose(delivery.purpose)
        if now >= delivery.expires_at:
            letters[delivery.id] = HoldReason.STALE
        else:
            kinds[None if purpose.is_about_a_day else purpose].append(delivery)
    outbox.lock_clients(delivery.client_id for delivery in deliveries if delivery.client_id is not None)
    for kind, held in kinds.items():
        if kind is None:
            letters |= _about_days(held, channel, now, policy)
        elif kind is DeliveryPurpose.DIGEST:
            letters |= _about_weeks(held, channel, policy)
        elif kind in _ABOUT:
            letters |= {one.id: _ABOUT[kind](one, channel, policy) for one in held}
        elif kind is DeliveryPurpose.NEWS:
            letters |= {one.id: _news(one, channel, policy, now) for one in held}
        elif kind is DeliveryPurpose.CODE:
            letters |= {one.id: _code(one, head, now) for one in held}
        else:
            letters |= {one.id: _to_staff(one, kind, head, now) for one in held}
    return letters


def _about_days(
    held: Sequence[ReminderDelivery], channel: Channel, now: datetime, policy: NudgePolicy
) -> _Letters:
    about = {(one.client_id or 0, one.day) for one in held}
    days = outbox.held_client_days(about, channel, policy=policy)
    same: dict[tuple[int, date], list[Delivery]] = defaultdict(list)
    for other in outbox.deliveries(
        from_day=min(day for _, day in about),
        until_day=max(day for _, day in about),
        client_ids={client_id for client_id, _ in about},
    ):
        if other.channel is channel:
            same[other.client_id, other.day].append(other)
    return {one.id: _about_a_day(one, days, same, now) for one in held}


def _about_a_day(
    delivery: ReminderDelivery,
    days: Mapping[tuple[int, date], rules.ClientDay],
    same: Mapping[tuple[int, date], Sequence[Delivery]],
    now: datetime,
) -> Letter | HoldReason:
    key = delivery.client_id or 0, delivery.day
    day, this = days.get(key), outbox.as_domain(delivery)
    reason = rules.reason_to_hold(day, this, same[key], expires_at=delivery.expires_at, now=now)
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


def _about_weeks(held: Sequence[ReminderDelivery], channel: Channel, policy: NudgePolicy) -> _Letters:
    days = outbox.client_days(
        from_day=min(one.day for one in held),
        until_day=max(one.day for one in held) + timedelta(days=6),
        channels=[channel],
        policy=policy,
        client_ids={one.client_id for one in held if one.client_id is not None},
    )
    weeks = {
        (week.client_id, monday): week
        for monday in {one.day for one in held}
        for week in occasions.weeks_of(days, monday)
    }
    return {one.id: _about_a_week(weeks.get((one.client_id or 0, one.day)), channel) for one in held}


def _about_a_week(week: rules.WeekAhead | None, channel: Channel) -> Letter | HoldReason:
    if week is None:
        return HoldReason.NO_SESSION
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
    delivery: ReminderDelivery, channel: Channel, policy: NudgePolicy
) -> Letter | HoldReason:
    found = occasions.missed_days(
        from_day=delivery.day,
        until_day=delivery.day,
        channels=[channel],
        client_id=delivery.client_id,
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


def _from_staff(delivery: ReminderDelivery, channel: Channel, policy: NudgePolicy) -> Letter | HoldReason:
    client_id = delivery.client_id or 0
    purpose = DeliveryPurpose(delivery.purpose)
    (word,) = occasions.words_from_staff(client_id, [channel], delivery.day, purpose=purpose, policy=policy)
    return word.why_not() or Letter(
        to=word.reach.address,
        language=word.reach.language,
        values={},
        called=word.called,
        private_names=word.private_names,
        quiet=word.reach,
    )


def _news(
    delivery: ReminderDelivery, channel: Channel, policy: NudgePolicy, now: datetime
) -> Letter | HoldReason:
    if not has_news(delivery.client_id or 0, since=delivery.due_at, now=now):
        return HoldReason.NOTHING_LEFT
    return _from_staff(delivery, channel, policy)


#: Messages of which few are due at once: their facts are read one by one.
_ABOUT = {
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
