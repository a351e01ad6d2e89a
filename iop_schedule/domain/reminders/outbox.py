"""Which messages about a client's day should exist, given those that do.

Three kinds: the nudge, what has changed since the client last knew, and that a day is off. What a client
knows is what we last told them about the day, else what their weekly rules say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from iop_schedule.domain.reminders.facts import ClientDay
from iop_schedule.domain.reminders.timing import expires_at, nudge_due_at, outside_quiet_hours
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState, HoldReason


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that should exist, from its due time until it is useless."""

    dedup_key: str
    channel: Channel
    purpose: DeliveryPurpose
    #: A day on the site's calendar; of a week its Monday.
    day: date
    #: The first session it is about.
    planned_start_at: datetime
    due_at: datetime
    #: Due time, moved out of quiet hours.
    next_try_at: datetime
    expires_at: datetime
    #: Starts of the sessions it tells of.
    tells: tuple[datetime, ...] = ()
    #: For whom: exactly one of the two.
    client_id: int | None = None
    user_id: int | None = None
    occurrence_id: int | None = None
    #: Settled before it is written; empty for the reader's own at that time.
    language: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that exists, as the outbox holds it."""

    id: str
    dedup_key: str
    client_id: int
    day: date
    planned_start_at: datetime
    state: DeliveryState
    channel: Channel = Channel.EMAIL
    purpose: DeliveryPurpose = DeliveryPurpose.REMINDER
    tells: tuple[datetime, ...] = ()
    reason: str = ""
    #: When it was last handed over, if ever.
    tried_at: datetime | None = None

    @property
    def leaves(self) -> tuple[datetime, ...]:
        """Return the starts the client expects on that day after reading this."""
        return () if self.purpose is DeliveryPurpose.CANCELLED else self.tells or (self.planned_start_at,)


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes the outbox agree with the timetable again."""

    add: tuple[Wanted, ...] = ()
    #: Held back before, wanted again: the session moved back, consent was given anew.
    revive: tuple[Wanted, ...] = ()
    #: Ids of planned messages, with the reason why they are no longer wanted.
    cancel: tuple[tuple[str, HoldReason], ...] = ()


#: States in which a message has reached the client, or may have.
_OUT = frozenset({DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING})
#: Reasons that lie in facts which can change back.
_MENDABLE = frozenset(
    {
        HoldReason.SUPERSEDED,
        HoldReason.NO_SESSION,
        HoldReason.NO_CONSENT,
        HoldReason.OPTED_OUT,
        HoldReason.NO_ADDRESS,
        HoldReason.NOT_VERIFIED,
        HoldReason.BOUNCED,
        HoldReason.NOT_ENROLLED,
        HoldReason.CANNOT_COME,
    }
)

_Key = tuple[int, date, Channel]


def changes(wanted: Iterable[ClientDay], existing: Iterable[Delivery], *, now: datetime) -> Changes:
    """Return what to add, revive and cancel so that the outbox agrees with the timetable.

    Asking twice, or two planners at once, comes to the same: keys depend on facts alone.

    Args:
        wanted: the client days of some period, for every channel, all of them.
        existing: every message about a day of that period.
        now: nothing is planned that would be useless already.
    """
    days = {(day.client_id, day.day, day.reach.channel): day for day in wanted}
    by_day: dict[_Key, list[Delivery]] = {}
    for delivery in existing:
        by_day.setdefault((delivery.client_id, delivery.day, delivery.channel), []).append(delivery)
    messages = [message_about(day, by_day.get(key, ()), now) for key, day in days.items()]
    known = {delivery.dedup_key: delivery for held in by_day.values() for delivery in held}
    missing = [message for message in messages if message]
    return Changes(
        add=tuple(message for message in missing if message.dedup_key not in known),
        revive=tuple(message for message in missing if _can_revive(known.get(message.dedup_key))),
        cancel=tuple(_no_longer_wanted(days, by_day)),
    )


def message_about(day: ClientDay, existing: Sequence[Delivery], now: datetime) -> Wanted | None:
    """Return the message about `day` that should exist now, or None when there should be none (any more).

    Args:
        day: the client's day, over one channel.
        existing: every message about it over that channel.
        now: when this is asked.
    """
    told = told_so_far(existing)
    if len(told) >= day.reach.policy.most_a_day:
        return None
    message = _notice(day, told, now) or _nudge(day, told, existing, now)
    return None if message and _waits(message, existing) else message


def _waits(message: Wanted, existing: Iterable[Delivery]) -> bool:
    """Return True when another worker has planned the same under another key, and it has not gone out."""
    return any(
        d.state is DeliveryState.PLANNED
        and (d.purpose, d.tells) == (message.purpose, message.tells)
        and d.dedup_key != message.dedup_key
        for d in existing
    )


def told_so_far(existing: Iterable[Delivery]) -> list[Delivery]:
    """Return the messages that reached the client, or may have, latest last."""
    return sorted((d for d in existing if d.state in _OUT and d.tried_at), key=lambda d: (d.tried_at, d.id))


def _notice(day: ClientDay, told: Sequence[Delivery], now: datetime) -> Wanted | None:
    known = _without(told[-1].leaves if told else day.usual, day.told_off)
    if day.starts == known or not (told or day.usual or day.moved):
        return None
    purpose = DeliveryPurpose.CHANGED if day.starts else DeliveryPurpose.CANCELLED
    policy, about = day.reach.policy, day.starts or known
    due, useless = now + policy.settles_in, expires_at(about[0], policy)
    if day.why_not(purpose) or useless <= due:
        return None
    return _wanted(day, purpose, about, due=due, useless=useless, replaces=told[-1].id if told else "")


def _nudge(
    day: ClientDay, told: Sequence[Delivery], existing: Sequence[Delivery], now: datetime
) -> Wanted | None:
    purpose, policy = DeliveryPurpose.REMINDER, day.reach.policy
    if not day.sessions or day.why_not(purpose):
        return None
    due = nudge_due_at(day.day, day.starts[0], day.reach.tz, policy)
    useless = expires_at(day.starts[0], policy)
    if useless <= now or useless <= due or due > now + policy.plan_ahead:
        return None
    if not existing and now > due + policy.late_booking:
        return None
    if _is_told(day, told):
        return None
    return _wanted(day, purpose, day.starts, due=due, useless=useless, replaces=told[-1].id if told else "")


def _without(starts: tuple[datetime, ...], told_off: tuple[datetime, ...]) -> tuple[datetime, ...]:
    """Return the starts but those the client knows about because they told us."""
    return tuple(start for start in starts if start not in told_off)


def _is_told(day: ClientDay, told: Sequence[Delivery]) -> bool:
    """Return True when the client needs no nudge any more: had one, or just heard of a change."""
    if any(d.purpose is DeliveryPurpose.REMINDER for d in told):
        return True
    if not told or told[-1].leaves != day.starts or told[-1].tried_at is None:
        return False
    policy = day.reach.policy
    due = nudge_due_at(day.day, day.starts[0], day.reach.tz, policy)
    return told[-1].tried_at >= due - policy.tells_as_nudge


def _wanted(
    day: ClientDay,
    purpose: DeliveryPurpose,
    tells: tuple[datetime, ...],
    *,
    due: datetime,
    useless: datetime,
    replaces: str,
) -> Wanted:
    """Return the message, with a key that names the one it corrects.

    So a day moved there, announced, and moved back is announced again, while asking twice about one state
    of affairs gives one key.
    """
    starts = [start.isoformat() for start in tells]
    return Wanted(
        dedup_key=key_of(day.client_id, day.day, day.reach.channel, purpose, *starts, replaces),
        channel=day.reach.channel,
        purpose=purpose,
        day=day.day,
        planned_start_at=tells[0],
        due_at=due,
        next_try_at=outside_quiet_hours(due, day.reach.tz, day.reach.policy),
        expires_at=useless,
        tells=tells,
        client_id=day.client_id,
        occurrence_id=day.sessions[0].occurrence_id if day.sessions else day.occurrence_id or None,
    )


def key_of(*parts: object) -> str:
    """Return the hash that makes a message unique."""
    return sha256("|".join(map(str, parts)).encode()).hexdigest()


def _can_revive(delivery: Delivery | None) -> bool:
    held = {DeliveryState.SUPPRESSED, DeliveryState.CANCELLED}
    return delivery is not None and delivery.state in held and delivery.reason in _MENDABLE


def _no_longer_wanted(
    days: Mapping[_Key, ClientDay], by_day: Mapping[_Key, Sequence[Delivery]]
) -> Iterable[tuple[str, HoldReason]]:
    for key, deliveries in by_day.items():
        for delivery in deliveries:
            reason = why_not_now(days.get(key), delivery)
            if reason and delivery.state == DeliveryState.PLANNED:
                yield delivery.id, reason


def why_not_now(day: ClientDay | None, delivery: Delivery) -> HoldReason | None:
    """Return why a planned message no longer says what is so, or may not be sent; None when all is well."""
    if day is None:
        return HoldReason.NO_SESSION
    if delivery.leaves != day.starts:
        if day.starts:
            return HoldReason.SUPERSEDED
        return HoldReason.CANNOT_COME if day.told_off else HoldReason.NO_SESSION
    return day.why_not(delivery.purpose)


def reason_to_hold(
    day: ClientDay | None,
    delivery: Delivery,
    existing: Iterable[Delivery],
    *,
    expires_at: datetime,
    now: datetime,
) -> HoldReason | None:
    """Return why a planned message must not go out at `now`, or None when it may.

    Asked last thing before sending, with the facts as they are then; `day` is None when nothing is known
    about it any more, `existing` are the messages about the same day over the same channel. Quiet hours
    are asked separately: they pass.
    """
    if now >= expires_at:
        return HoldReason.STALE
    told = [other for other in told_so_far(existing) if other.id != delivery.id]
    if day is not None and delivery.purpose is DeliveryPurpose.REMINDER and _is_told(day, told):
        return HoldReason.SUPERSEDED
    if delivery.purpose is not DeliveryPurpose.REMINDER and told and told[-1].leaves == delivery.leaves:
        return HoldReason.SUPERSEDED
    return why_not_now(day, delivery)
