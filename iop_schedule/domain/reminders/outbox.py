"""Which messages should exist, given those that do: one nudge per client, day and first session."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from iop_schedule.domain.reminders.facts import ClientDay
from iop_schedule.domain.reminders.timing import NudgePolicy, due_at, expires_at, outside_quiet_hours
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState, HoldReason


@dataclass(frozen=True, slots=True)
class Nudge:
    """A message that should exist: about one client's day, from its due time until it is useless."""

    dedup_key: str
    client_id: int
    day: date
    occurrence_id: int
    planned_start_at: datetime
    due_at: datetime
    #: Due time, moved out of quiet hours.
    next_try_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that exists, as the outbox holds it."""

    id: str
    dedup_key: str
    client_id: int
    day: date
    planned_start_at: datetime
    state: DeliveryState
    reason: str = ""
    #: When it was last handed over, if ever.
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes the outbox agree with the timetable again."""

    add: tuple[Nudge, ...] = ()
    #: Held back before, wanted again: the session moved back, consent was given anew.
    revive: tuple[Nudge, ...] = ()
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
        HoldReason.NO_ADDRESS,
        HoldReason.NOT_ENROLLED,
    }
)


def changes(
    wanted: Iterable[ClientDay], existing: Iterable[Delivery], *, now: datetime, policy: NudgePolicy
) -> Changes:
    """Return what to add, revive and cancel so that the outbox agrees with the timetable.

    Asking twice, or two planners at once, comes to the same: keys depend on facts alone.

    Args:
        wanted: the client days of some period, all of them.
        existing: every message about that period.
        now: nothing is planned that would be useless already.
        policy: lead, quiet hours, most messages a day.
    """
    days = {(day.client_id, day.day): day for day in wanted}
    by_day: dict[tuple[int, date], list[Delivery]] = {}
    for delivery in existing:
        by_day.setdefault((delivery.client_id, delivery.day), []).append(delivery)
    nudges = {key: nudge_for(day, by_day.get(key, ()), now, policy) for key, day in days.items()}
    known = {delivery.dedup_key: delivery for held in by_day.values() for delivery in held}
    missing = [nudge for nudge in nudges.values() if nudge]
    return Changes(
        add=tuple(nudge for nudge in missing if nudge.dedup_key not in known),
        revive=tuple(nudge for nudge in missing if _can_revive(known.get(nudge.dedup_key))),
        cancel=tuple(_no_longer_wanted(days, by_day)),
    )


def nudge_for(
    day: ClientDay, existing: Sequence[Delivery], now: datetime, policy: NudgePolicy
) -> Nudge | None:
    """Return the message that should exist about `day`, or None when there should be none (any more)."""
    start = day.first.starts_at
    useless, due = expires_at(start, policy), due_at(day.day, day.tz, policy)
    if day.why_not() or useless <= now or useless <= due:
        return None
    if not existing and now > due + policy.late_booking:
        return None
    told = told_so_far(existing)
    if len(told) >= policy.most_a_day or (told and told[-1].planned_start_at == start):
        return None
    if any(d.state == DeliveryState.PLANNED and d.planned_start_at == start for d in existing):
        return None
    return Nudge(
        dedup_key=_key(day, replaces=told[-1].id if told else ""),
        client_id=day.client_id,
        day=day.day,
        occurrence_id=day.first.occurrence_id,
        planned_start_at=start,
        due_at=due,
        next_try_at=outside_quiet_hours(due, day.tz, policy),
        expires_at=useless,
    )


def told_so_far(existing: Iterable[Delivery]) -> list[Delivery]:
    """Return the messages that reached the client, or may have, latest last."""
    return sorted((d for d in existing if d.state in _OUT and d.tried_at), key=lambda d: (d.tried_at, d.id))


def _key(day: ClientDay, *, replaces: str) -> str:
    """Return the hash that makes a message unique.

    It names the message it corrects, so that a day moved there, announced, and moved back is announced
    again, while asking twice about one state of affairs gives one key.
    """
    parts = (
        day.client_id,
        day.day.isoformat(),
        Channel.EMAIL,
        DeliveryPurpose.REMINDER,
        day.first.starts_at.isoformat(),
        replaces,
    )
    return sha256("|".join(map(str, parts)).encode()).hexdigest()


def _can_revive(delivery: Delivery | None) -> bool:
    held = {DeliveryState.SUPPRESSED, DeliveryState.CANCELLED}
    return delivery is not None and delivery.state in held and delivery.reason in _MENDABLE


def _no_longer_wanted(
    days: Mapping[tuple[int, date], ClientDay], by_day: Mapping[tuple[int, date], Sequence[Delivery]]
) -> Iterable[tuple[str, HoldReason]]:
    for key, deliveries in by_day.items():
        for delivery in deliveries:
            reason = _why_not_now(days.get(key), delivery.planned_start_at)
            if reason and delivery.state == DeliveryState.PLANNED:
                yield delivery.id, reason


def _why_not_now(day: ClientDay | None, planned_start_at: datetime) -> HoldReason | None:
    if day is None:
        return HoldReason.NO_SESSION
    if day.first.starts_at != planned_start_at:
        return HoldReason.SUPERSEDED
    return day.why_not()


def reason_to_hold(
    day: ClientDay | None,
    existing: Iterable[Delivery],
    *,
    planned_start_at: datetime,
    expires_at: datetime,
    now: datetime,
) -> HoldReason | None:
    """Return why a planned message must not go out at `now`, or None when it may.

    Asked last thing before sending, with the facts as they are then; `day` is None when no session is
    left, `existing` are the messages about the same day. Quiet hours are asked separately: they pass.
    """
    if now >= expires_at:
        return HoldReason.STALE
    told = told_so_far(existing)
    if told and told[-1].planned_start_at == planned_start_at:
        return HoldReason.SUPERSEDED
    return _why_not_now(day, planned_start_at)
