"""Weekly series: one weekday and one wall-clock time, from a day until a day.

What was held is never rewritten: a change ends the rule and starts a successor.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType

from iop_schedule.domain.availability import Clash, Commitment, DatedSlot, clashes
from iop_schedule.domain.civil_time import (
    instant,
    letter_of,
    minutes_of_day,
    monday_of,
    wall_time,
    weeks_within,
    zone,
)
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.placement.patterns import TYPICAL_SHARE
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Weekday, WeekParity

DAY_MINUTES = 24 * 60
SHORTEST, LONGEST = 5, 720
YEARS = range(2000, 2101)


class BadSeries(NotPossible):
    """This weekly session cannot be saved. Check the day and the times."""


class TimeTaken(NotPossible):
    """Someone or something is already taken at this time. Choose another time, counselor or room."""


class SeatsTaken(NotPossible):
    """Every seat is taken then. Choose another session or a later first day."""


class CommitmentClash(NotPossible):
    """The client cannot come then. Choose another session, or change their times first."""


class Scope(StrEnum):
    """How much of a weekly session a change is about."""

    THIS = "this"
    FOLLOWING = "following"
    ALL_FUTURE = "all"


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """When a weekly session happens.

    Raises:
        BadSeries: it would fall on a weekend, run past midnight, or its numbers make no sense.
        UnknownZone: `zone` is no IANA time zone.
    """

    weekday: Weekday
    #: Wall clock at the site; stays the same when clocks change.
    local_start: time
    #: From start to end by the clock, breaks included.
    duration_minutes: int
    #: IANA name of the site's time zone.
    zone: str
    from_day: date
    #: Last possible day, included; open while None.
    until_day: date | None = None
    #: Taken off the minutes that count. Source: docs/sources.md#breaks
    break_minutes: int = 0
    #: 1 every week, 2 every second week counted from the week of `from_day`.
    every_weeks: int = 1
    #: Of a place in it: only the weeks in which it is attended.
    week: WeekParity = WeekParity.EVERY

    def __post_init__(self) -> None:
        """Refuse what cannot be held."""
        zone(self.zone)
        _check(self)

    @property
    def minutes(self) -> Interval[int]:
        """Return the time of day, in minutes from midnight."""
        start = minutes_of_day(self.local_start)
        return Interval(start, start + self.duration_minutes)

    @property
    def local_end(self) -> time:
        """Return the wall-clock end; midnight is 00:00."""
        return wall_time(self.minutes.end)

    def holds_on(self, day: date) -> bool:
        """Return True when the rule gives a session on `day`."""
        return (
            day.weekday() == self.weekday
            and self.from_day <= day
            and (self.until_day is None or day <= self.until_day)
            and self._weeks_since_start(day) % self.every_weeks == 0
            and self.week in {WeekParity.EVERY, letter_of(day)}
        )

    def _weeks_since_start(self, day: date) -> int:
        return (monday_of(day) - monday_of(self.from_day)).days // 7

    def days(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from `first` to `last`, both included, on which the rule gives a session."""
        last = last if self.until_day is None else min(last, self.until_day)
        day = monday_of(max(first, self.from_day)) + timedelta(days=int(self.weekday))
        while day <= last:
            if day >= first and self.holds_on(day):
                yield day
            day += timedelta(weeks=1)

    def instants_on(self, day: date) -> Interval[datetime]:
        """Return when the session of `day` begins and ends.

        The start is wall clock; the end is the planned minutes later, even across a change of clocks.
        """
        starts_at = instant(day, self.local_start, zone(self.zone))
        return Interval(starts_at, starts_at + timedelta(minutes=self.duration_minutes))

    def next_day(self, not_before: date) -> date | None:
        """Return the first session day on or after `not_before`; None when there is none."""
        start = max(not_before, self.from_day)
        return next(self.days(start, start + timedelta(weeks=2 * self.every_weeks)), None)


def _check(rule: WeeklyRule) -> None:
    if not Weekday(rule.weekday).is_treatment_day:
        message = "Sessions are held Monday to Friday. Choose one of these days."
        raise BadSeries(message, field="weekday")
    if rule.local_start.tzinfo:
        message = "a weekly rule is wall clock: its start carries no zone"
        raise ValueError(message)
    if rule.duration_minutes <= 0:
        message = "The end must be after the start."
        raise BadSeries(message, field="duration_minutes")
    if not SHORTEST <= rule.duration_minutes <= LONGEST:
        message = f"A session lasts {SHORTEST} minutes to {LONGEST // 60} hours. Check start and end."
        raise BadSeries(message, field="duration_minutes")
    if minutes_of_day(rule.local_start) + rule.duration_minutes > DAY_MINUTES:
        message = "A session must end on the day it starts. Choose an earlier start or a shorter time."
        raise BadSeries(message, field="duration_minutes")
    if not 0 <= rule.break_minutes < rule.duration_minutes:
        message = "The break must be shorter than the session."
        raise BadSeries(message, field="break_minutes")
    if rule.every_weeks not in {1, 2}:
        message = "A session repeats every week or every second week."
        raise BadSeries(message, field="every_weeks")
    _check_days(rule)


def _check_days(rule: WeeklyRule) -> None:
    for name in ("from_day", "until_day"):
        day: date | None = getattr(rule, name)
        if day is not None and day.year not in YEARS:
            message = f"Enter a date between {YEARS[0]} and {YEARS[-1]}."
            raise BadSeries(message, field=name)
    if rule.until_day is not None and rule.until_day < rule.from_day:
        message = "The last day must not be before the first day."
        raise BadSeries(message, field="until_day")


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from now on; None leaves a part as it is."""

    weekday: Weekday | None = None
    local_start: time | None = None
    duration_minutes: int | None = None
    break_minutes: int | None = None
    every_weeks: int | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A rule cut in two: what stays as it was held, and what comes after."""

    #: None when nothing lies before the cut, so that nothing has to be kept apart.
    ended: WeeklyRule | None
    successor: WeeklyRule


def split(rule: WeeklyRule, cut: date, change: Change, *, not_before: date) -> Split:
    """Return `rule` ended the day before `cut`, and its successor with `change`.

    The successor takes over the whole week of `cut`, so a session moved from Tuesday to Monday is held
    that Monday, and no week gets two. An alternating rule keeps its weeks.

    Args:
        rule: as it is.
        cut: a day on which `rule` gives a session.
        change: what is different.
        not_before: the first day that can still be planned.

    Raises:
        BadSeries: the change makes no sense, or `rule` has no session on `cut`.
    """
    if not rule.holds_on(cut):
        message = "This series has no session on that day. Choose one of its days."
        raise BadSeries(message, field="day")
    given = {name: getattr(change, name) for name in Change.__slots__}
    changed = {name: value for name, value in given.items() if value is not None}
    first = max(monday_of(cut), not_before) if "weekday" in changed else cut
    successor = replace(rule, from_day=first, **changed)
    if rule.next_day(rule.from_day) == cut:
        return Split(None, successor)
    return Split(replace(rule, until_day=cut - timedelta(days=1)), successor)


def end(rule: WeeklyRule, last_day: date) -> WeeklyRule | None:
    """Return `rule` with `last_day` as its last possible day; None when it would never have been held."""
    if last_day < rule.from_day:
        return None
    return replace(rule, until_day=last_day)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included; open while `last` is None."""

    first: date
    last: date | None = None

    def contains(self, day: date) -> bool:
        """Return True when `day` is one of them."""
        return self.first <= day and (self.last is None or day <= self.last)

    def shared_with(self, other: "Span") -> "Span | None":
        """Return the days in both; None when there are none."""
        first = max(self.first, other.first)
        lasts = [day for day in (self.last, other.last) if day is not None]
        last = min(lasts, default=None)
        return None if last is not None and last < first else Span(first, last)


def most_at_once(spans: Iterable[Span], within: Span) -> int:
    """Return the largest number of `spans` that share one day of `within`.

    >>> jan, feb, open_end = (Span(date(2026, 1, 1), date(2026, 1, 31)),
    ...     Span(date(2026, 2, 1), date(2026, 2, 28)), Span(date(2026, 1, 15)))
    >>> most_at_once([jan, feb, open_end], within=Span(date(2026, 1, 1)))
    2
    """
    clipped = [shared for span in spans if (shared := span.shared_with(within))]
    return max((sum(span.contains(start.first) for span in clipped) for start in clipped), default=0)


@dataclass(frozen=True, slots=True)
class Place:
    """When one place in a weekly session is attended: its days, and of them every week or every other one."""

    days: Span
    week: WeekParity = WeekParity.EVERY

    def covers(self, day: date) -> bool:
        """Return True when the place is attended in the week of `day`, one of its days."""
        return self.days.contains(day) and self.week in {WeekParity.EVERY, letter_of(day)}


#: In which weeks places are attended, by series: none of them only every other week.
EVERY_WEEK: Mapping[int, WeekParity] = MappingProxyType({})


def most_in_a_week(places: Iterable[Place], within: Span, week: WeekParity) -> int:
    """Return the largest number of `places` that share one week of `within` among the weeks `week` covers.

    >>> always = Span(date(2026, 1, 1))
    >>> opposite = [Place(always, WeekParity.A), Place(always, WeekParity.B)]
    >>> most_in_a_week(opposite, always, WeekParity.EVERY)
    1
    """
    listed = list(places)
    return max(
        most_at_once([one.days for one in listed if one.week in {WeekParity.EVERY, either}], within)
        for either in weeks_within(week)
    )


#: Two rules of one zone that ever meet do so within this many weeks of the first day both hold.
_MEETING_WEEKS = 4
#: With two zones the clocks may drift apart and back, so a year is looked at.
_YEAR_WEEKS = 54


def first_overlap(a: WeeklyRule, b: WeeklyRule, within: Span) -> date | None:
    """Return the first day of `a` in `within` on which the two rules want the same time; None if never.

    Half-open: back to back is fine. Rules of sites in different time zones are compared as instants.
    """
    shared = Span(a.from_day, a.until_day).shared_with(within)
    if shared is None:
        return None
    weeks = _MEETING_WEEKS if a.zone == b.zone else _YEAR_WEEKS
    start = max(shared.first, b.from_day - timedelta(days=1))
    horizon = start + timedelta(weeks=weeks)
    last = horizon if shared.last is None else min(shared.last, horizon)
    for day in a.days(start, last):
        if _overlap_on(a, b, day):
            return day
    return None


def _overlap_on(a: WeeklyRule, b: WeeklyRule, day: date) -> bool:
    if a.zone == b.zone:
        return b.holds_on(day) and a.minutes.overlaps(b.minutes)
    mine = a.instants_on(day)
    near = (day + timedelta(days=offset) for offset in (-1, 0, 1))
    return any(mine.overlaps(b.instants_on(other)) for other in near if b.holds_on(other))


#: How far ahead a weekly session is compared with commitments before a place is given.
CLASH_WEEKS = 12


def weekly_clashes(
    commitments: Iterable[Commitment], rule: WeeklyRule, within: Span, *, travel_minutes: int
) -> list[Clash]:
    """Return the hard weekly commitments that a place in `rule` would clash with, each once.

    Single dates, and what has the time of no more than a third of the sessions, are left out: they cost
    sessions, not the place. Looked at for 12 weeks from the first session within `within`; what begins
    later is found when it comes near.

    Args:
        commitments: of one client.
        rule: the weekly session.
        within: the days of the place.
        travel_minutes: the client's trip, one way; 0 for telehealth.
    """
    start = max(within.first, rule.from_day)
    horizon = start + timedelta(weeks=CLASH_WEEKS)
    last = horizon if within.last is None else min(within.last, horizon)
    slots = [
        DatedSlot(day, rule.minutes.start, rule.minutes.end, travel_minutes) for day in rule.days(start, last)
    ]
    weekly = [one for one in commitments if one.hard and one.is_weekly]
    found: dict[Commitment, list[Clash]] = {}
    for clash in clashes(weekly, slots):
        found.setdefault(clash.commitment, []).append(clash)
    return [own[0] for own in found.values() if len(own) > TYPICAL_SHARE * len(slots)]
