"""Site wall clock and UTC instants, days and program weeks, and the daylight-saving policy.

The policy, stated once: a wall-clock time that does not exist (spring forward) moves forward by the
gap; a time that happens twice (autumn) is the first of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Weekday, WeekParity

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS_PER_WEEK = 7
#: The two weeks of anything that alternates.
BOTH_WEEKS = (WeekParity.A, WeekParity.B)


class UnknownZone(NotPossible):
    """That is not a time zone we know. Use a name such as America/New_York."""


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone called `name`.

    Raises:
        UnknownZone: `name` is not an IANA name. Links into the file system are refused too.
    """
    if name not in _zone_names():
        message = f"“{name}” is not a time zone we know. Use a name such as America/New_York."
        raise UnknownZone(message, field="zone", zone=name)
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(n for n in available_timezones() if "/" in n or n == "UTC")


def instant(day: date, wall: time, tz: ZoneInfo) -> datetime:
    """Return the UTC instant at which clocks in `tz` show `wall` on `day`.

    >>> instant(date(2026, 3, 2), time(18), ZoneInfo("America/New_York")).hour
    23
    >>> instant(date(2026, 3, 9), time(18), ZoneInfo("America/New_York")).hour
    22
    >>> instant(date(2026, 3, 8), time(2, 30), ZoneInfo("America/New_York")).astimezone(
    ...     ZoneInfo("America/New_York")).time()  # does not exist: moved forward by the gap
    datetime.time(3, 30)
    """
    # zoneinfo with fold=0 resolves a gap with the offset before it, which moves the time forward by
    # the gap, and an ambiguous time to its first occurrence: exactly the stated policy.
    return datetime.combine(day, wall.replace(fold=0), tzinfo=tz).astimezone(UTC)


def local(at: datetime, tz: ZoneInfo) -> datetime:
    """Return `at` as clocks in `tz` show it."""
    return at.astimezone(tz)


def local_day(at: datetime, tz: ZoneInfo) -> date:
    """Return the calendar day in `tz` that contains `at`."""
    return at.astimezone(tz).date()


def end_of_day(day: date, tz: ZoneInfo) -> datetime:
    """Return the last instant of `day`: what has happened by then is what that day knew.

    >>> end_of_day(date(2026, 3, 8), ZoneInfo("America/New_York"))
    datetime.datetime(2026, 3, 9, 3, 59, 59, 999999, tzinfo=datetime.timezone.utc)
    """
    return instant(day + timedelta(days=1), time(0), tz) - timedelta.resolution


def monday_of(day: date) -> date:
    """Return the Monday of the week that contains `day`."""
    return day - timedelta(days=day.weekday())


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield every day from `first` to `last`, both included."""
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


@lru_cache(maxsize=1024)
def _treatment_days(monday: date) -> tuple[date, ...]:
    return tuple(monday + timedelta(days=n) for n in range(Weekday.FR + 1))


@dataclass(frozen=True, slots=True, order=True)
class ProgramWeek:
    """Monday 00:00 to the next Monday 00:00 on a site's wall clock."""

    monday: date

    def __post_init__(self) -> None:
        """Refuse a week that does not begin on a Monday."""
        if self.monday.weekday() != Weekday.MO:
            message = f"{self.monday} is not a Monday"
            raise ValueError(message)

    @classmethod
    def containing(cls, day: date) -> "ProgramWeek":
        """Return the week that `day` lies in."""
        return cls(monday_of(day))

    @classmethod
    def parse(cls, text: str) -> "ProgramWeek":
        """Return the week written as `2026-W48`; the ISO week begins on the same Monday as ours.

        Raises:
            NotPossible: `text` is not such a week.
        """
        try:
            year, _, number = text.partition("-W")
            return cls(date.fromisocalendar(int(year), int(number), 1))
        except ValueError:
            message = f"“{text}” is not a week. Write it like 2026-W48."
            raise NotPossible(message, field="week") from None

    def __str__(self) -> str:
        """Return the ISO form, `2026-W48`."""
        year, number, _ = self.monday.isocalendar()
        return f"{year:04d}-W{number:02d}"

    @property
    def friday(self) -> date:
        """Return the last treatment day of the week."""
        return self.monday + timedelta(days=Weekday.FR)

    @property
    def sunday(self) -> date:
        """Return the last day of the week."""
        return self.monday + timedelta(days=Weekday.SU)

    @property
    def treatment_days(self) -> tuple[date, ...]:
        """Return Monday to Friday."""
        return _treatment_days(self.monday)

    def shifted(self, weeks: int) -> "ProgramWeek":
        """Return the week `weeks` later, or earlier when negative."""
        return ProgramWeek(self.monday + timedelta(weeks=weeks))

    def contains(self, day: date) -> bool:
        """Return True when `day` lies in this week."""
        return self.monday <= day <= self.sunday

    def bounds(self, tz: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the instants `[start, end)` of this week in `tz`."""
        end = self.monday + timedelta(days=DAYS_PER_WEEK)
        return instant(self.monday, time(0), tz), instant(end, time(0), tz)


def parity(day: date, anchor: date) -> WeekParity:
    """Return A when `day` lies an even number of weeks from the week of `anchor`, else B.

    Counted from the anchor's own Monday, never from ISO week numbers: those break the alternation in
    years with 53 weeks.

    >>> parity(date(2027, 1, 4), anchor=date(2026, 12, 28))   # ISO weeks 53 and 1: both odd
    <WeekParity.B: 'B'>
    """
    weeks = (monday_of(day) - monday_of(anchor)).days // DAYS_PER_WEEK
    return WeekParity.A if weeks % 2 == 0 else WeekParity.B


def weeks_within(week: WeekParity) -> tuple[WeekParity, ...]:
    """Return A, B or both: the weeks that `week` covers."""
    return BOTH_WEEKS if week is WeekParity.EVERY else (week,)


def both_weeks(one: WeekParity | None, other: WeekParity) -> WeekParity:
    """Return the weeks of two places in one session taken together."""
    return other if one in {None, other} else WeekParity.EVERY


#: The Monday of a week A; weeks alternate from it for ever, before and after.
WEEKS_COUNT_FROM = date(1900, 1, 1)


def letter_of(day: date) -> WeekParity:
    """Return A or B: the week of `day` as places in weekly sessions and their plans count weeks.

    >>> [letter_of(date(2026, 11, 30)), letter_of(date(2026, 12, 7)), letter_of(date(2026, 12, 13))]
    [<WeekParity.A: 'A'>, <WeekParity.B: 'B'>, <WeekParity.B: 'B'>]
    """
    return parity(day, WEEKS_COUNT_FROM)


def weeks_in_words(week: WeekParity, day: date) -> str:
    """Return which weeks are meant, told by the next two of them from `day` on; empty for every week.

    >>> weeks_in_words(WeekParity.B, date(2026, 11, 30))
    'weeks of Dec 7, Dec 21…'
    """
    if week is WeekParity.EVERY:
        return ""
    first = first_week(week, day)
    near, far = (f"{one:%b} {one.day}" for one in (first, first + timedelta(weeks=2)))
    return f"weeks of {near}, {far}…"


def weeks_label(week: WeekParity, day: date) -> str:
    """Return the same as `weeks_in_words`, to begin a line with."""
    words = weeks_in_words(week, day)
    return words[:1].upper() + words[1:]


def first_week(week: WeekParity, day: date) -> date:
    """Return the Monday of the first week that `week` covers and that has a treatment day from `day` on."""
    monday = monday_of(day + timedelta(days=DAYS_PER_WEEK - Weekday.SA))
    return monday if week in {WeekParity.EVERY, letter_of(monday)} else monday + timedelta(weeks=1)


def minutes_of_day(wall: time) -> int:
    """Return minutes since midnight, seconds dropped.

    >>> minutes_of_day(time(18, 30))
    1110
    """
    return wall.hour * 60 + wall.minute


def wall_time(minutes: int) -> time:
    """Return the wall-clock time `minutes` after midnight; 1440 is midnight, written 00:00."""
    return time(minutes // 60 % 24, minutes % 60)
