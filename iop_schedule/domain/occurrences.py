"""Dated sessions: what a weekly rule gives between two days, and what to do with those that exist.

One series gives at most one session a program week; that week ties a dated session to its rule when the
rule changes, so a session keeps its identity, its roster and its calendar entry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from iop_schedule.domain.civil_time import instant, local_day, minutes_of_day, monday_of, zone
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.series import WeeklyRule
from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.vocabulary import CancelCause, OccurrenceStatus, Weekday


class SessionStands(Conflict):
    """This session has begun or has attendance, so it stays as it is. Change a later one instead."""


class BadTime(NotPossible):
    """The session cannot be held then. Choose another day or time."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Days on which no sessions are held, both ends included."""

    from_day: date
    until_day: date
    #: Why, in words clients may read.
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a closure that ends before it begins."""
        if self.until_day < self.from_day:
            message = "The last closed day must not be before the first."
            raise BadTime(message, field="until_day")

    def covers(self, day: date) -> bool:
        """Return True when `day` is closed."""
        return self.from_day <= day <= self.until_day


def closure_on(closures: Iterable[Closed], day: date) -> Closed | None:
    """Return the closure that covers `day`; None when it is open."""
    return next((closed for closed in closures if closed.covers(day)), None)


@dataclass(frozen=True, slots=True)
class PlannedOccurrence:
    """One dated session as the weekly rule gives it."""

    original_day: date
    starts_at: datetime
    ends_at: datetime


def expand(
    rule: WeeklyRule, closures: Iterable[Closed], first_day: date, last_day: date
) -> list[PlannedOccurrence]:
    """Return the sessions of `rule` from `first_day` to `last_day`, both included, in order.

    Wall clock is constant: Monday 18:00 stays 18:00 when clocks change. A start that does not exist
    moves forward by the gap, one that happens twice is the first. Closed days give no session, and an
    alternating rule does not shift because of them.

    >>> rule = WeeklyRule(Weekday.MO, time(18), 90, "America/New_York", from_day=date(2026, 3, 2))
    >>> [p.starts_at.hour for p in expand(rule, [], date(2026, 3, 1), date(2026, 3, 10))]
    [23, 22]
    """
    closed = list(closures)
    return [_planned(rule, day) for day in rule.days(first_day, last_day) if closure_on(closed, day) is None]


def _planned(rule: WeeklyRule, day: date) -> PlannedOccurrence:
    when = rule.instants_on(day)
    return PlannedOccurrence(day, when.start, when.end)


@dataclass(frozen=True, slots=True)
class Existing:
    """One dated session as it stands, as far as planning looks at it."""

    id: int
    original_day: date
    local_day: date
    starts_at: datetime
    status: OccurrenceStatus
    #: Why it is cancelled, when it is.
    cause: CancelCause | None
    #: Someone changed this one on its own.
    edited: bool
    has_attendance: bool

    def is_fixed(self, now: datetime) -> bool:
        """Return True when planning must leave it alone: it has begun or has attendance."""
        return self.starts_at <= now or self.has_attendance or self.status is OccurrenceStatus.NOT_HELD


@dataclass(frozen=True, slots=True)
class Follow:
    """An existing session is (again) held, at the time its rule gives; an edited one keeps its own."""

    id: int
    planned: PlannedOccurrence
    keep_time: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    """An existing session is not held."""

    id: int
    cause: CancelCause
    #: In words clients may read.
    reason: str


@dataclass(frozen=True, slots=True)
class Replan:
    """What has to happen so that the dated sessions of one series follow their rule."""

    create: tuple[PlannedOccurrence, ...]
    follow: tuple[Follow, ...]
    cancel: tuple[Cancel, ...]


WEEK = timedelta(days=6)
NO_LONGER_MEETS = "This no longer meets at this time."


def replan(
    rule: WeeklyRule,
    closures: Iterable[Closed],
    existing: Iterable[Existing],
    *,
    first_day: date,
    last_day: date,
    moved_until: date | None,
    now: datetime,
) -> Replan:
    """Return what to create, bring back and cancel from `first_day` to `last_day`; idempotent.

    Begun sessions and those with attendance are left alone; so is one that a person cancelled. One that a
    person moved keeps its own time as long as its rule, if it did not end, gives a session in its week and
    the day it was moved to is open and not after `moved_until`.

    Args:
        rule: the weekly rule.
        closures: days on which nothing is held.
        existing: the sessions that exist.
        first_day: first day to write out.
        last_day: last day to write out.
        moved_until: last day of the series, or of what goes on in its place; None while there is none.
        now: the current instant.
    """
    closed = list(closures)
    standing = list(existing)
    weeks = [monday_of(one.original_day) for one in standing]
    earliest, latest = min([first_day, *weeks]), max([last_day, *(week + WEEK for week in weeks)])
    given = _by_week(rule, earliest, latest)
    moved = _by_week(replace(rule, until_day=None), earliest, latest) if rule.until_day else given
    decided = [
        _decide(one, moved if one.edited else given, closed, moved_until, now)
        for one in standing
        if not one.is_fixed(now) and one.cause is not CancelCause.BY_HAND
    ]
    create = [
        planned
        for monday, planned in given.items()
        if monday not in weeks
        and first_day <= planned.original_day <= last_day
        and closure_on(closed, planned.original_day) is None
    ]
    return Replan(
        create=tuple(create),
        follow=tuple(one for one in decided if isinstance(one, Follow)),
        cancel=tuple(one for one in decided if isinstance(one, Cancel)),
    )


def _by_week(rule: WeeklyRule, first_day: date, last_day: date) -> dict[date, PlannedOccurrence]:
    """Return what the rule gives, closed days or not, by the Monday of its week."""
    return {monday_of(p.original_day): p for p in expand(rule, [], first_day, last_day)}


def _decide(
    one: Existing,
    given: Mapping[date, PlannedOccurrence],
    closed: list[Closed],
    moved_until: date | None,
    now: datetime,
) -> Follow | Cancel:
    planned = given.get(monday_of(one.original_day))
    # A session still to come is never given a time that has passed.
    if planned is None or (planned.starts_at <= now and not one.edited):
        return Cancel(one.id, CancelCause.ENDED, NO_LONGER_MEETS)
    if one.edited and moved_until is not None and one.local_day > moved_until:
        return Cancel(one.id, CancelCause.ENDED, NO_LONGER_MEETS)
    day = one.local_day if one.edited else planned.original_day
    closure = closure_on(closed, day)
    if closure is not None:
        return Cancel(one.id, CancelCause.CLOSURE, closure.name)
    return Follow(one.id, planned, keep_time=one.edited)


def check_changeable(one: Existing, *, now: datetime) -> None:
    """Refuse to change a session that has begun or has attendance.

    Raises:
        SessionStands: it stays as it is.
    """
    if one.is_fixed(now):
        raise SessionStands


def moved_to(
    day: date,
    start: time,
    *,
    duration_minutes: int,
    zone_name: str,
    closures: Iterable[Closed],
    now: datetime,
) -> Interval[datetime]:
    """Return when a session moved to `day` and `start` begins and ends.

    Raises:
        BadTime: a weekend, a closed day, the past, or past midnight; the sentence says which.
    """
    if not Weekday(day.weekday()).is_treatment_day:
        message = f"{day:%A}, {day:%B} {day.day} is on a weekend. Choose a day from Monday to Friday."
        raise BadTime(message, field="day")
    closure = closure_on(closures, day)
    if closure is not None:
        message = f"The site is closed on {day:%A}, {day:%B} {day.day} ({closure.name}). Choose another day."
        raise BadTime(message, field="day")
    if minutes_of_day(start) + duration_minutes > 24 * 60:
        message = "A session must end on the day it starts. Choose an earlier start."
        raise BadTime(message, field="start")
    starts_at = instant(day, start, zone(zone_name))
    if starts_at <= now:
        today = day == local_day(now, zone(zone_name))
        message = "This time has passed. Choose a later " + ("start." if today else "day.")
        raise BadTime(message, field="start" if today else "day")
    return Interval(starts_at, starts_at + timedelta(minutes=duration_minutes))
