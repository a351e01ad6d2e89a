"""Dated busy times -> what a person would say: “Mon to Fri 7:00 am to 3:30 pm, 62 dates”.

The shortest description wins: a weekday that repeats weekly or every other week, its exceptions
named, costs less than a list of dates. The description is exact: patterns less their exceptions,
plus the single dates, are the same time as the busy times they came from.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from iop_schedule.adapters.ical_upload.results import (
    BusyDate,
    BusyPattern,
    Problem,
    Skipped,
    UploadSummary,
    UploadWindow,
)
from iop_schedule.domain import civil_time
from iop_schedule.domain.intervals import Interval, union
from iop_schedule.vocabulary import Weekday, WeekParity

#: Naming a pattern is as long as naming this many dates; each exception counts as one more.
_PATTERN_COST = 3
#: A longer silence than this many weeks ends a pattern; another may follow.
_LONGEST_SILENCE = 6
#: More exceptions than this are counted instead of named.
_NAMED_EXCEPTIONS = 3
_WEEK = timedelta(days=7)
_DAY_MINUTES = 24 * 60
#: A pattern that begins or ends this close to the window's edge is not said to begin or end.
_UNSAID = 2 * _WEEK


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A stretch on the wall clock that begins on one day; equal times with `ends_next_day` are 24 hours."""

    start: time
    end: time
    ends_next_day: bool

    @property
    def end_minute(self) -> int:
        """Return minutes from midnight of the day it begins on."""
        return civil_time.minutes_of_day(self.end) + (_DAY_MINUTES if self.ends_next_day else 0)


def summarize(
    occurrences: Iterable[tuple[datetime, datetime]],
    *,
    window: UploadWindow,
    skipped: tuple[Skipped, ...] = (),
    problems: tuple[Problem, ...] = (),
    entries: int = 0,
) -> UploadSummary:
    """Return the busy times merged and cut to the window, and described in words."""
    tz = civil_time.zone(window.zone)
    times = list(occurrences)
    days_by_hours: dict[Hours, set[date]] = defaultdict(set)
    for start, end in times:
        for day, hours in day_pieces(start, end, tz):
            days_by_hours[hours].add(day)
    patterns, dates = describe(_outermost(days_by_hours), window)
    return UploadSummary(
        intervals=_within(times, window, tz),
        patterns=patterns,
        single_dates=dates,
        skipped=skipped,
        problems=problems,
        entries=entries,
    )


def _outermost(days_by_hours: dict[Hours, set[date]]) -> dict[Hours, set[date]]:
    """Return the same without stretches inside a longer one of that day: a meeting within a shift."""
    by_day: dict[date, list[Hours]] = defaultdict(list)
    for hours, days in days_by_hours.items():
        for day in days:
            by_day[day].append(hours)
    kept: dict[Hours, set[date]] = defaultdict(set)
    for day, stretches in by_day.items():
        latest = 0
        # Of those that begin together the longest comes first.
        for hours in sorted(stretches, key=lambda one: (one.start, -one.end_minute)):
            if hours.end_minute > latest:
                latest = hours.end_minute
                kept[hours].add(day)
    return kept


def day_pieces(start: datetime, end: datetime, tz: ZoneInfo) -> Iterator[tuple[date, Hours]]:
    """Yield the stretch as clocks in `tz` show it; one longer than a day is cut at midnights.

    A night shift stays whole. Seconds are dropped.
    """
    first, last = (at.astimezone(tz).replace(tzinfo=None, second=0, microsecond=0) for at in (start, end))
    if last <= first:
        # Less than a minute, or wholly inside the hour that autumn repeats.
        return
    is_night = last.date() - first.date() == timedelta(days=1) and last.time() <= first.time()
    while first.date() < last.date() and not is_night:
        yield first.date(), Hours(first.time(), time(0), ends_next_day=True)
        first = datetime.combine(first.date() + timedelta(days=1), time(0))
    if first < last:
        yield first.date(), Hours(first.time(), last.time(), ends_next_day=is_night)


def describe(
    days_by_hours: dict[Hours, set[date]], window: UploadWindow
) -> tuple[tuple[BusyPattern, ...], tuple[BusyDate, ...]]:
    """Return patterns and single dates that together are exactly the given days.

    Week A is the week of the window's first day. A pattern that begins late or ends early in the
    window says from when to when.
    """
    anchor = civil_time.monday_of(window.first_day)
    runs: list[_Run] = []
    dates: list[BusyDate] = []
    for hours, days in sorted(days_by_hours.items()):
        found, rest = _runs(hours, days, anchor)
        runs += _joined(found)
        dates += [_busy_date(day, hours) for day in rest]
    patterns = sorted(
        (run.pattern(window) for run in runs), key=lambda p: (p.weekdays, p.local_start, p.from_day)
    )
    return tuple(patterns), tuple(sorted(dates, key=lambda d: (d.day, d.local_start)))


def _within(
    times: Iterable[tuple[datetime, datetime]], window: UploadWindow, tz: ZoneInfo
) -> tuple[Interval[datetime], ...]:
    opens = civil_time.instant(window.first_day, time(0), tz)
    closes = civil_time.instant(window.last_day + timedelta(days=1), time(0), tz)
    cut = ((max(start, opens), min(end, closes)) for start, end in times)
    return tuple(union(Interval(start, end) for start, end in cut if start < end))


@dataclass(frozen=True, slots=True)
class _Run:
    """Days with the same hours that repeat on `weekdays` of every week, or of the weeks A or B."""

    hours: Hours
    weekdays: tuple[Weekday, ...]
    week: WeekParity
    anchor: date
    days: tuple[date, ...]

    def exceptions(self) -> tuple[date, ...]:
        """Return the days between first and last on which the run does not hold."""
        held = set(self.days)
        expected = civil_time.days_between(self.days[0], self.days[-1])
        return tuple(day for day in expected if self._means(day) and day not in held)

    def cost(self) -> int:
        return _PATTERN_COST + len(self.exceptions())

    def with_days_of(self, other: "_Run") -> "_Run":
        weekdays = tuple(sorted({*self.weekdays, *other.weekdays}))
        days = tuple(sorted({*self.days, *other.days}))
        return _Run(self.hours, weekdays, self.week, self.anchor, days)

    def pattern(self, window: UploadWindow) -> BusyPattern:
        exceptions = self.exceptions()
        return BusyPattern(
            weekdays=self.weekdays,
            local_start=self.hours.start,
            local_end=self.hours.end,
            ends_next_day=self.hours.ends_next_day,
            week=self.week,
            anchor_day=self.anchor,
            from_day=self.days[0],
            until_day=self.days[-1],
            except_days=exceptions,
            dates=len(self.days),
            sentence=self._sentence(exceptions, window),
        )

    def _means(self, day: date) -> bool:
        return day.weekday() in self.weekdays and self.week in {
            WeekParity.EVERY,
            civil_time.parity(day, self.anchor),
        }

    def _sentence(self, exceptions: Sequence[date], window: UploadWindow) -> str:
        often = "" if self.week is WeekParity.EVERY else " every other week"
        when = f"{_weekday_words(self.weekdays)} {_hour_words(self.hours)}{often}"
        return f"{when}, {len(self.days)} dates{self._range_words(window)}{_exception_words(exceptions)}"

    def _range_words(self, window: UploadWindow) -> str:
        first, last = self.days[0], self.days[-1]
        if first - window.first_day < _UNSAID and window.last_day - last < _UNSAID:
            return ""
        return f" from {_short(first)} to {_short(last)}"


def _runs(hours: Hours, days: Iterable[date], anchor: date) -> tuple[list[_Run], list[date]]:
    """Return the runs of each weekday on its own, and the days left over."""
    runs: list[_Run] = []
    rest: list[date] = []
    by_weekday: dict[Weekday, list[date]] = defaultdict(list)
    for day in sorted(days):
        by_weekday[Weekday(day.weekday())].append(day)
    for weekday, its_days in sorted(by_weekday.items()):
        for stretch in _stretches(its_days):
            run, left = _best_run(hours, weekday, stretch, anchor)
            runs += [run] if run else []
            rest += left
    return runs, rest


def _stretches(days: Sequence[date]) -> Iterator[list[date]]:
    stretch = [days[0]]
    for day in days[1:]:
        if day - stretch[-1] > _LONGEST_SILENCE * _WEEK:
            yield stretch
            stretch = []
        stretch.append(day)
    yield stretch


def _best_run(
    hours: Hours, weekday: Weekday, days: Sequence[date], anchor: date
) -> tuple[_Run | None, list[date]]:
    """Return the cheapest way to say `days`: a run and the days outside it, or just the days."""
    best: tuple[_Run | None, list[date]] = (None, list(days))
    cheapest = len(days)
    for week in WeekParity:
        held = [day for day in days if week in {WeekParity.EVERY, civil_time.parity(day, anchor)}]
        if not held:
            continue
        run = _Run(hours, (weekday,), week, anchor, tuple(held))
        left = [day for day in days if day not in set(held)]
        cost = run.cost() + len(left)
        # On a tie the pattern wins over the list, and the plainer pattern over the finer one.
        if cost < cheapest or (cost == cheapest and best[0] is None):
            best, cheapest = (run, left), cost
    return best


def _joined(runs: Iterable[_Run]) -> list[_Run]:
    """Return the runs of several weekdays said together where that is shorter."""
    joined: list[_Run] = []
    for run in runs:
        for index, other in enumerate(joined):
            both = other.with_days_of(run)
            if other.week is run.week and both.cost() <= other.cost() + run.cost():
                joined[index] = both
                break
        else:
            joined.append(run)
    return joined


def _busy_date(day: date, hours: Hours) -> BusyDate:
    words = f"{_weekday_words((Weekday(day.weekday()),))}, {_short(day)}: {_hour_words(hours)}"
    return BusyDate(day, hours.start, hours.end, hours.ends_next_day, words)


def _weekday_words(weekdays: Sequence[Weekday]) -> str:
    """Return such as “Mon to Fri” or “Mon, Wed and Fri”."""
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    is_row = len(weekdays) > 2 and weekdays[-1] - weekdays[0] == len(weekdays) - 1  # noqa: PLR2004
    if is_row:
        return f"{names[weekdays[0]]} to {names[weekdays[-1]]}"
    return _listed([names[weekday] for weekday in weekdays])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _hour_words(hours: Hours) -> str:
    if hours.ends_next_day and hours.start == hours.end == time(0):
        return "all day"
    end = "midnight" if hours.end == time(0) else _clock(hours.end)
    next_day = " the next day" if hours.ends_next_day and hours.end != time(0) else ""
    return f"{_clock(hours.start)} to {end}{next_day}"


def _exception_words(exceptions: Sequence[date]) -> str:
    if len(exceptions) > _NAMED_EXCEPTIONS:
        return f", except {len(exceptions)} dates"
    return f", except {_listed([_short(day) for day in exceptions])}" if exceptions else ""


def _clock(at: time) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'am' if at.hour < 12 else 'pm'}"  # noqa: PLR2004 - noon


def _short(day: date) -> str:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{months[day.month - 1]} {day.day}"
