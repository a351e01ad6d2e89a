"""Uploaded bytes -> dated busy times. Runs in a process of its own; see `child`.

Every entry is read alone (with the changed dates of its own series), so that one bad entry costs one
entry.
"""

import time as stopwatch
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event

from iop_schedule.adapters.ical_upload.entries import CleanEntry, Skip, ZoneReader, clean_entry, is_far_from
from iop_schedule.adapters.ical_upload.limits import OutOfTime, UploadLimits, cpu_limit
from iop_schedule.adapters.ical_upload.prescan import Scan, scan
from iop_schedule.adapters.ical_upload.results import Problem, SkipReason, UploadWindow
from iop_schedule.adapters.ical_upload.zone_names import iana_name
from iop_schedule.domain import civil_time

#: Names an entry's number inside the text we write for the library.
_NUMBER = "X-NUMBER"


@dataclass(frozen=True, slots=True)
class Reading:
    """Busy times as (start, end) instants in UTC, unmerged; what was left out; remarks."""

    occurrences: tuple[tuple[datetime, datetime], ...]
    skipped: dict[SkipReason, int]
    problems: tuple[Problem, ...]
    entries: int


class _TooManyDates(Exception):
    """The file holds more busy dates than we read."""


def read_calendar(data: bytes, window: UploadWindow, limits: UploadLimits) -> Reading:
    """Return the busy times in `data` that touch `window`.

    Raises:
        Refused: the file as a whole cannot be read.
    """
    found = scan(data, limits)
    return _Reader(found, window, limits).read()


@dataclass(slots=True)
class _Reader:
    scan: Scan
    window: UploadWindow
    limits: UploadLimits
    occurrences: list[tuple[datetime, datetime]] = field(default_factory=list)
    #: Which entries were left out for which reason; an entry counts once per reason.
    left_out: set[tuple[int, SkipReason]] = field(default_factory=set)
    periods: int = 0
    #: Processor time of this process when the reading began.
    started: float = field(default_factory=stopwatch.process_time)

    def read(self) -> Reading:
        """Read every entry; stop early when there are too many dates or time runs out."""
        zones = ZoneReader(iana_name(self.scan.zone) or self.window.zone)
        problems = list(self.scan.problems)
        try:
            for group in _series(self._clean(zones)):
                self._read_alone(group)
        except _TooManyDates:
            problems.append(Problem.TOO_MANY_DATES)
        if zones.has_guessed:
            problems.append(Problem.GUESSED_ZONE)
        if not self.scan.entries:
            problems.append(Problem.NO_ENTRIES)
        skipped = Counter(reason for _, reason in self.left_out)
        return Reading(tuple(self.occurrences), dict(skipped), tuple(problems), len(self.scan.entries))

    def _clean(self, zones: ZoneReader) -> Iterator[tuple[str, int, CleanEntry]]:
        """Yield (uid, number, entry) for every usable entry; an entry without a uid gets its own."""
        for number, entry in enumerate(self.scan.entries):
            try:
                yield entry.first("UID") or f"#{number}", number, clean_entry(entry, zones, self.limits)
            except Skip as skip:
                self.left_out.add((number, skip.reason))

    def _read_alone(self, group: "list[tuple[int, CleanEntry]]") -> None:
        repeats = any(entry.repeats or entry.is_override for _, entry in group)
        window = self.window
        if not repeats and is_far_from(group[0][1], window.first_day, window.last_day, self.limits):
            return
        if stopwatch.process_time() - self.started > self.limits.soft_cpu_seconds:
            self.left_out.update((number, SkipReason.TOO_SLOW) for number, _ in group)
            return
        try:
            with cpu_limit(self.limits.entry_cpu_seconds):
                self._expand(group)
        except OutOfTime:
            self.left_out.update((number, SkipReason.TOO_SLOW) for number, _ in group)
        except (Skip, _TooManyDates):
            raise
        except Exception:  # noqa: BLE001 - the library raises many kinds; each costs this entry alone
            self.left_out.update((number, SkipReason.BAD_TIMES) for number, _ in group)

    def _expand(self, group: "list[tuple[int, CleanEntry]]") -> None:
        entries = dict(group)
        calendar = self._calendar(group)
        for event in self._dated(calendar, repeats=any(e.repeats or e.is_override for e in entries.values())):
            number = int(str(event[_NUMBER]))
            try:
                self._keep(event, entries[number])
            except Skip as skip:
                self.left_out.add((number, skip.reason))

    def _calendar(self, group: "list[tuple[int, CleanEntry]]") -> Calendar:
        """Return a calendar with the events of one series that can be expanded."""
        calendar = Calendar.from_ical(_text(group))
        events: list[Component] = []
        for event, (number, entry) in zip(calendar.events, group, strict=True):
            try:
                _check_length(event, self.limits)
                self._bring_near(event, entry)
                events.append(event)
            except Skip as skip:
                self.left_out.add((number, skip.reason))
        calendar.subcomponents = events
        return calendar

    def _bring_near(self, event: Event, entry: CleanEntry) -> None:
        """Move the start of a long series up to the window, and refuse what is too far to walk."""
        if entry.rule is None:
            return
        first_day, last_day = self.window.first_day, self.window.last_day
        target = first_day - timedelta(days=self.limits.entry_days + 2)
        days = entry.rule.days_to_skip(entry.first_day, target)
        # On wall-clock times this is wall-clock arithmetic, as the rule means it.
        if days:
            event.DTSTART = event.start + timedelta(days=days)
            if event.DTEND is not None:
                event.DTEND += timedelta(days=days)
        start = entry.first_day + timedelta(days=days)
        if abs(start.year - first_day.year) > self.limits.years_around and start < first_day:
            raise Skip(SkipReason.LONG_AGO)
        self.periods += entry.rule.steps(start, last_day)
        if self.periods > self.limits.periods:
            raise Skip(SkipReason.TOO_BIG)

    def _dated(self, calendar: Calendar, *, repeats: bool) -> Iterable[Event]:
        if not repeats:
            return list(calendar.events)
        start, end = self._bounds()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: list[Event] = recurring_ical_events.of(calendar).between(start, end)
        return found

    def _keep(self, event: Event, entry: CleanEntry) -> None:
        """Add the event's time; raise Skip when it is not busy time, do nothing outside the window."""
        start, end = event.start, event.end
        is_all_day = not isinstance(start, datetime)
        starts_at, ends_at = (_instant(at, self.window.zone) for at in (start, end))
        opens, closes = self._bounds()
        if ends_at < opens or starts_at >= closes or ends_at == opens > starts_at:
            return
        if entry.not_busy is not None:
            raise Skip(entry.not_busy)
        if is_all_day and not self.window.all_day_is_busy:
            raise Skip(SkipReason.ALL_DAY)
        if ends_at <= starts_at:
            raise Skip(SkipReason.NO_LENGTH)
        if ends_at - starts_at > timedelta(days=self.limits.entry_days):
            raise Skip(SkipReason.TOO_LONG)
        if len(self.occurrences) >= self.limits.occurrences:
            raise _TooManyDates
        self.occurrences.append((starts_at, ends_at))

    def _bounds(self) -> tuple[datetime, datetime]:
        tz = ZoneInfo(self.window.zone)
        after = self.window.last_day + timedelta(days=1)
        return civil_time.instant(self.window.first_day, time(0), tz), civil_time.instant(after, time(0), tz)


def _series(entries: Iterable[tuple[str, int, CleanEntry]]) -> Iterator["list[tuple[int, CleanEntry]]"]:
    """Yield each series with its changed dates.

    Several whole entries under one uid are revisions of each other when their sequence differs (the
    highest counts), otherwise a habit of careless programs: then each is read on its own.
    """
    by_uid = defaultdict(list)
    for uid, number, entry in entries:
        by_uid[uid].append((number, entry))
    for group in by_uid.values():
        wholes = [item for item in group if not item[1].is_override]
        newest = max((entry.sequence for _, entry in wholes), default=0)
        current = [item for item in wholes if item[1].sequence == newest]
        yield current[:1] + [item for item in group if item[1].is_override]
        yield from ([item] for item in current[1:])


def _text(group: "list[tuple[int, CleanEntry]]") -> str:
    lines = ["BEGIN:VCALENDAR"]
    for number, entry in group:
        sequence = f"SEQUENCE:{entry.sequence}"
        lines += ["BEGIN:VEVENT", "UID:1", f"{_NUMBER}:{number}", sequence, *entry.lines, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _check_length(event: Event, limits: UploadLimits) -> None:
    if event.errors or "DTSTART" not in event:
        raise Skip(SkipReason.BAD_TIMES)
    if event.end - event.start > timedelta(days=limits.entry_days):
        raise Skip(SkipReason.TOO_LONG)


def _instant(at: date | datetime, zone: str) -> datetime:
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return civil_time.instant(at, time(0), ZoneInfo(zone))
