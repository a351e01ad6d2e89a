"""The rule at the end of a TZif file: which offset a zone keeps and on which days it changes.

The text is a POSIX TZ string such as `EST5EDT,M3.2.0,M11.1.0`. Only the month-week-day form of
change days is read; zones written otherwise have no rule here and their times are written in UTC.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from itertools import chain
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from iop_schedule.domain.civil_time import days_between

#: Weekday codes of RFC 5545 in POSIX order, where 0 is Sunday.
WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_LAST_WEEK = 5
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_NAME = r"(?:<[A-Za-z0-9+-]+>|[A-Za-z]{3,})"
_CLOCK = r"[+-]?\d{1,3}(?::\d\d){0,2}"
_CHANGE = rf"M\d{{1,2}}\.[1-5]\.[0-6](?:/{_CLOCK})?"
_FOOTER = re.compile(
    rf"(?P<name>{_NAME})(?P<offset>{_CLOCK})"
    rf"(?:(?P<other_name>{_NAME})(?P<other_offset>{_CLOCK})?,(?P<to_other>{_CHANGE}),(?P<back>{_CHANGE}))?"
)


@dataclass(frozen=True, slots=True)
class ChangeDay:
    """One yearly change of a zone's clocks: `week` 5 is the last one, `weekday` 0 is Sunday.

    `at` is the wall-clock time before the change, counted from the midnight that begins the day; it
    may be negative or longer than a day.
    """

    month: int
    week: int
    weekday: int
    at: timedelta

    def in_year(self, year: int) -> datetime:
        """Return the change in `year` as the clocks show it just before, without a zone."""
        return datetime.combine(self._day(year), time()) + self.at

    def recurrence(self) -> str | None:
        """Return the same as an RFC 5545 rule, or None when a late hour carries it into another month.

        >>> ChangeDay(3, 2, 0, timedelta(hours=2)).recurrence()
        'FREQ=YEARLY;BYMONTH=3;BYDAY=2SU'
        """
        shift = self.at // timedelta(days=1)
        weekday = WEEKDAYS[(self.weekday + shift) % 7]
        if shift == 0:
            nth = -1 if self.week == _LAST_WEEK else self.week
            return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={nth}{weekday}"
        days = [day + shift for day in self._possible_days()]
        if self._ends_with_february() or days[0] < 1 or days[-1] > _DAYS_IN_MONTH[self.month - 1]:
            return None
        listed = ",".join(map(str, days))
        return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={weekday};BYMONTHDAY={listed}"

    def _day(self, year: int) -> date:
        first = date(year, self.month, 1)
        posix_weekday = first.isoweekday() % 7
        day = first + timedelta(days=(self.weekday - posix_weekday) % 7 + 7 * (self.week - 1))
        return day if day.month == self.month else day - timedelta(days=7)

    def _possible_days(self) -> range:
        if self.week == _LAST_WEEK:
            last = _DAYS_IN_MONTH[self.month - 1]
            return range(last - 6, last + 1)
        return range(7 * self.week - 6, 7 * self.week + 1)

    def _ends_with_february(self) -> bool:
        return self.month == 2 and self.week == _LAST_WEEK  # noqa: PLR2004 - the month of leap days


@dataclass(frozen=True, slots=True)
class Observance:
    """One of a zone's offsets: its abbreviation, and the yearly change that begins it (None: always)."""

    name: str
    offset: timedelta
    begins: ChangeDay | None


@dataclass(frozen=True, slots=True)
class PosixRule:
    """The offset a zone keeps all year, or the two it alternates between."""

    observances: tuple[Observance] | tuple[Observance, Observance]

    def changes(self, year: int) -> Iterator[tuple[datetime, timedelta]]:
        """Yield each change in `year`: its UTC instant and the offset from then on."""
        for index, observance in enumerate(self.observances):
            if observance.begins is not None:
                before = self.observances[1 - index].offset
                wall = observance.begins.in_year(year)
                yield (wall - before).replace(tzinfo=UTC), observance.offset

    def agrees_with(self, tz: ZoneInfo, years: range) -> bool:
        """Return True when the rule and `tz` show the same time on every day of those years.

        Zones whose recent changes are listed one by one (Morocco's follow Ramadan) do not agree.
        """
        changes = sorted(change for year in _with_year_before(years) for change in self.changes(year))
        instants = [at for at, _ in changes]

        def agrees(at: datetime) -> bool:
            position = bisect_right(instants, at)
            offset = changes[position - 1][1] if position else self.observances[0].offset
            return at.astimezone(tz).utcoffset() == offset

        days = (day for year in years for day in days_between(date(year, 1, 1), date(year, 12, 31)))
        noons = (datetime.combine(day, time(12), tzinfo=UTC) for day in days)
        edges = (edge for at in instants if at.year in years for edge in (at - timedelta(seconds=1), at))
        return all(agrees(at) for at in chain(noons, edges))


def _with_year_before(years: range) -> range:
    return range(years.start - 1, years.stop) if years else years


def parse_rule(footer: str) -> PosixRule | None:
    """Return the rule that `footer` states, or None when it uses another form.

    >>> [o.name for o in parse_rule("EST5EDT,M3.2.0,M11.1.0").observances]
    ['EST', 'EDT']
    """
    match = _FOOTER.fullmatch(footer)
    if match is None:
        return None
    # POSIX counts offsets westward, everyone else eastward.
    offset = -_clock(match["offset"])
    name = match["name"].strip("<>")
    if match["other_name"] is None:
        return PosixRule((Observance(name, offset, None),))
    other = -_clock(match["other_offset"]) if match["other_offset"] else offset + timedelta(hours=1)
    return PosixRule(
        (
            Observance(name, offset, _change_day(match["back"])),
            Observance(match["other_name"].strip("<>"), other, _change_day(match["to_other"])),
        )
    )


def _change_day(text: str) -> ChangeDay:
    day, _, clock = text.partition("/")
    month, week, weekday = (int(part) for part in day[1:].split("."))
    return ChangeDay(month, week, weekday, _clock(clock) if clock else timedelta(hours=2))


def _clock(text: str) -> timedelta:
    hours, minutes, seconds, *_ = [*text.lstrip("+-").split(":"), "0", "0"]
    length = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return -length if text.startswith("-") else length


def footer_of(zone_name: str) -> str | None:
    """Return the footer of the zone's TZif file, or None when the file is missing or has none.

    Looks where `zoneinfo` looks, in the same order: the system's files, then the tzdata package.
    `zone_name` must be a known IANA name; it becomes part of a path.
    """
    content = _tzif(zone_name)
    if content is None or content[:4] != b"TZif" or content[4:5] < b"2" or not content.endswith(b"\n"):
        return None
    return content[:-1].rpartition(b"\n")[2].decode("ascii", "replace")


def _tzif(zone_name: str) -> bytes | None:
    for folder in TZPATH:
        path = Path(folder, zone_name)
        if path.is_file():
            return path.read_bytes()
    packaged = resources.files("tzdata").joinpath("zoneinfo", *zone_name.split("/"))
    return packaged.read_bytes() if packaged.is_file() else None
