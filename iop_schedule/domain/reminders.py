"""Which reminder is due for whom, when it may be sent, and the neutral words it is made of.

One nudge per client and day, on the evening before, never in quiet hours, never when it has become
useless. That somebody comes here is itself confidential: the text names a day and a time, nothing else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from iop_schedule.domain import civil_time
from iop_schedule.errors import DomainError
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState, HoldReason


class NotNeutral(DomainError):
    """This message would say more than a day and a time. Take out the words that name the care."""


@dataclass(frozen=True, slots=True)
class NudgePolicy:
    """When people are reminded; wall-clock times are those of the session's site."""

    #: The nudge is due this many calendar days before the sessions.
    days_before: int = 1
    at: time = time(17)
    #: Nothing is sent from this time of day ...
    quiet_from: time = time(21)
    #: ... until this one, usually the next morning.
    quiet_until: time = time(8)
    #: A nudge is useless closer than this to the first session.
    least_notice: timedelta = timedelta(hours=1)
    #: A day first booked later than this after the due time gets no nudge: people have just been told.
    late_booking: timedelta = timedelta(hours=4)
    #: Most nudges to one client about one day, however often its sessions move.
    most_a_day: int = 3

    def is_quiet(self, wall: time) -> bool:
        """Return True from `quiet_from` until just before `quiet_until`."""
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= wall < self.quiet_until
        return wall >= self.quiet_from or wall < self.quiet_until


@dataclass(frozen=True, slots=True)
class Expected:
    """One session at which a client is expected."""

    starts_at: datetime
    occurrence_id: int


@dataclass(frozen=True, slots=True)
class ClientDay:
    """What one client has on one day, and whether they may be written to."""

    client_id: int
    day: date
    #: IANA zone of the site.
    zone: str
    #: Sessions planned and not released, by start; at least one.
    sessions: tuple[Expected, ...]
    consented: bool
    #: Where to write; empty when unknown.
    address: str
    #: In an active enrollment, not paused, on that day.
    enrolled: bool
    #: What the client likes to be called; may be empty.
    called: str = ""
    #: Names of programs, groups and staff, which no message may contain.
    private_names: frozenset[str] = field(default_factory=frozenset)

    @property
    def first(self) -> Expected:
        """Return the first session of the day."""
        return self.sessions[0]

    @property
    def tz(self) -> ZoneInfo:
        """Return the site's time zone."""
        return civil_time.zone(self.zone)

    def why_not(self) -> HoldReason | None:
        """Return why this client may not be written to, or None when they may."""
        if not self.consented:
            return HoldReason.NO_CONSENT
        if not self.address:
            return HoldReason.NO_ADDRESS
        return None if self.enrolled else HoldReason.NOT_ENROLLED


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


def due_at(day: date, tz: ZoneInfo, policy: NudgePolicy) -> datetime:
    """Return the instant at which the nudge for `day` is due.

    >>> due_at(date(2026, 11, 24), ZoneInfo("America/New_York"), NudgePolicy()).isoformat()
    '2026-11-23T22:00:00+00:00'
    """
    return civil_time.instant(day - timedelta(days=policy.days_before), policy.at, tz)


def outside_quiet_hours(at: datetime, tz: ZoneInfo, policy: NudgePolicy) -> datetime:
    """Return `at`, or the end of the quiet hours it falls into."""
    there = civil_time.local(at, tz)
    if not policy.is_quiet(there.time()):
        return at
    overnight = policy.quiet_from > policy.quiet_until and there.time() >= policy.quiet_from
    day = there.date() + timedelta(days=1 if overnight else 0)
    return civil_time.instant(day, policy.quiet_until, tz)


def expires_at(first_start: datetime, policy: NudgePolicy) -> datetime:
    """Return the instant from which on the nudge is useless."""
    return first_start - policy.least_notice


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


#: Waits between tries grow from the first to the second.
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(minutes=15)


def wait_before_retry(tries: int, *, spread: float) -> timedelta:
    """Return how long to wait after the `tries`-th refusal.

    Args:
        tries: how many tries were refused so far, at least 1.
        spread: a random number in [0, 1), so that many messages do not return together.

    >>> wait_before_retry(1, spread=0.0), wait_before_retry(9, spread=0.0)
    (datetime.timedelta(seconds=30), datetime.timedelta(seconds=450))
    """
    full = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries - 1, 10))
    return timedelta(seconds=full.total_seconds() * (1 + spread) / 2)


@dataclass(frozen=True, slots=True)
class Message:
    """What a client reads."""

    subject: str
    text: str


SUBJECT = "Appointment reminder"

#: Word beginnings that would tell what the appointment is for.
_TELLING = re.compile(
    r"\b(?:abstin|addict|alcohol|behavio|clinic|cocaine|counsel|dependen|detox|diagnos|dos(?:e|age)|drug|"
    r"group|heroin|inpatient|intensive|iop|medicat|meds|mental|methadone|misuse|narcotic|opiate|opioid|"
    r"outpatient|overdos|patient|program|psych|recover|rehab|relaps|session|sober|sobri|substance|sud|"
    r"suboxone|telehealth|therap|treatment|12.?step)",
    re.IGNORECASE,
)

#: Every word our own texts are made of. A name made only of these tells nothing: a counselor called May.
_PLAIN = frozenset(
    "hello reminder you have an appointment appointments on at the first am pm to stop these reminders"  # noqa: SIM905
    " let office know mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec".split()
)

#: Letters with marks, spaces, hyphens, apostrophes, full stops: what a name to be called by is made of.
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’-]){0,39}")


def telling_words(text: str, private_names: Iterable[str] = ()) -> list[str]:
    """Return the words in `text` that must not leave the building, in order of the alphabet.

    >>> telling_words("Your Recovery group meets", ["Elm Street"])
    ['group', 'recover']
    >>> telling_words("Hello Carol", ["Carol Whitfield", "Carol"])
    ['carol']
    """
    found = {hit.group().lower() for hit in _TELLING.finditer(text)}
    words = re.findall(r"\w+", text.lower())
    for name in private_names:
        parts = re.findall(r"\w+", name.lower())
        if not _PLAIN.issuperset(parts) and _contains(words, parts):
            found.add(" ".join(parts))
    return sorted(found)


def _contains(words: Sequence[str], parts: Sequence[str]) -> bool:
    return any(list(words[at : at + len(parts)]) == list(parts) for at in range(len(words)))


def neutral_message(day: ClientDay) -> Message:
    """Return the reminder for `day`: a day, a time, and at most what the client likes to be called.

    The name is left out where it is also the name of a staff member or group, or not plainly a name.

    Raises:
        NotNeutral: even without the name the text would tell more; it must not be sent.
    """
    for called in (day.called.strip(), ""):
        if called and not _NAME.fullmatch(called):
            continue
        message = Message(SUBJECT, _text(day, called))
        if not telling_words(f"{message.subject}\n{message.text}", day.private_names):
            return message
    raise NotNeutral


def _text(day: ClientDay, called: str) -> str:
    first = civil_time.local(day.first.starts_at, day.tz)
    when, at = _day_label(first.date()), _clock_time(first.time())
    count = len(day.sessions)
    what = (
        f"you have an appointment on {when} at {at}."
        if count == 1
        else f"you have {count} appointments on {when}, the first at {at}."
    )
    greeting = f"Hello {called},\n\n" if called else ""
    return f"{greeting}Reminder: {what}\n\nTo stop these reminders, let the office know.\n"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOON = 12


def _day_label(day: date) -> str:
    return f"{_DAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def _clock_time(wall: time) -> str:
    return f"{wall.hour % _NOON or _NOON}:{wall.minute:02} {'am' if wall.hour < _NOON else 'pm'}"
