"""When a message may go out: due time, quiet hours, expiry, waits between tries."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from iop_schedule.domain import civil_time


@dataclass(frozen=True, slots=True)
class NudgePolicy:
    """When people are written to; wall-clock times are those of the zone they live in."""

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
    #: Most messages to one client about one day over one channel, however often its sessions move.
    most_a_day: int = 3
    #: A nudge on the day itself goes out at least this long before the first session.
    same_day_lead: timedelta = timedelta(hours=2)
    #: Nudges are written into the outbox this long before they are due.
    plan_ahead: timedelta = timedelta(days=2)
    #: A change is announced after this long, so that a change taken back at once is not announced at all.
    settles_in: timedelta = timedelta(minutes=2)
    #: A change announced this shortly before the nudge is due does its work as well.
    tells_as_nudge: timedelta = timedelta(hours=12)
    #: Changes are announced for days up to this many ahead.
    notice_days: int = 14

    def is_quiet(self, wall: time) -> bool:
        """Return True from `quiet_from` until just before `quiet_until`."""
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= wall < self.quiet_until
        return wall >= self.quiet_from or wall < self.quiet_until


DEFAULT_POLICY = NudgePolicy()


def due_at(day: date, tz: ZoneInfo, policy: NudgePolicy) -> datetime:
    """Return the instant at which the nudge for `day` is due.

    >>> due_at(date(2026, 11, 24), ZoneInfo("America/New_York"), NudgePolicy()).isoformat()
    '2026-11-23T22:00:00+00:00'
    """
    return civil_time.instant(day - timedelta(days=policy.days_before), policy.at, tz)


def nudge_due_at(day: date, first_start: datetime, tz: ZoneInfo, policy: NudgePolicy) -> datetime:
    """Return when to send the nudge for `day`: as wished, and out of quiet hours while it is of use.

    A moment in quiet hours moves to their end; where that would be too late, to the evening before.

    >>> tz = ZoneInfo("America/New_York")
    >>> nine = civil_time.instant(date(2026, 11, 24), time(9), tz)
    >>> [civil_time.local(nudge_due_at(nine.date(), nine, tz, NudgePolicy(days_before=days, at=at)), tz)
    ...  .strftime("%a %H:%M") for days, at in ((1, time(17)), (0, time(7)), (1, time(22)))]
    ['Mon 17:00', 'Mon 20:59', 'Mon 20:59']
    """
    due = due_at(day, tz, policy)
    if policy.days_before == 0:
        due = min(due, first_start - policy.same_day_lead)
    awake = outside_quiet_hours(due, tz, policy)
    return awake if awake < expires_at(first_start, policy) else before_quiet_hours(due, tz, policy)


def before_quiet_hours(at: datetime, tz: ZoneInfo, policy: NudgePolicy) -> datetime:
    """Return `at`, or the last minute before the quiet hours it falls into."""
    there = civil_time.local(at, tz)
    if not policy.is_quiet(there.time()):
        return at
    overnight = policy.quiet_from > policy.quiet_until and there.time() < policy.quiet_until
    day = there.date() - timedelta(days=1 if overnight else 0)
    return civil_time.instant(day, policy.quiet_from, tz) - timedelta(minutes=1)


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
