"""A list of shifts somebody pastes -> busy times: one line each, with a date, a start and an end.

Columns are parted by commas, semicolons or tabs, as spreadsheets and work portals give them. A first line
of column names is passed over. A line that cannot be read costs itself alone, and is named.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from iop_schedule.adapters.clinic_files.values import DAY, TIME, BadCell
from iop_schedule.adapters.ical_upload.results import UploadSummary, UploadWindow
from iop_schedule.adapters.ical_upload.summary import summarize
from iop_schedule.domain import civil_time

LONGEST_TEXT = 64 * 1024
MOST_LINES = 1_000
_MOST_NAMED = 10

_PARTED_BY = ("\t", ";", ",")
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+", re.IGNORECASE)
_SHORT_YEAR = re.compile(r"^(\d{1,2}/\d{1,2})/(\d{2})$")
_RANGE = re.compile(r"\s*(?:-|–|—|\bto\b|\buntil\b)\s*", re.IGNORECASE)
_NEEDED = 3


@dataclass(frozen=True, slots=True)
class Shifts:
    """What a pasted list says: busy times, and what could not be read."""

    summary: UploadSummary
    #: A sentence for each line that could not be read, the first ones only; and how many there are.
    bad_lines: tuple[str, ...]
    bad: int
    #: Shifts that lie before or behind the dates that matter.
    outside: int


def read_shifts(text: str, window: UploadWindow) -> Shifts:
    """Return the shifts in `text` that begin within the window; never raises for what is in it."""
    times: list[tuple[datetime, datetime]] = []
    problems: list[str] = []
    outside = 0
    tz = civil_time.zone(window.zone)
    for number, cells in _rows(text):
        try:
            day, start, end = _shift(cells)
        except BadCell as bad:
            problems.append(f"Line {number}: {bad}")
            continue
        if not window.first_day <= day <= window.last_day:
            outside += 1
            continue
        last = day if end > start else day + timedelta(days=1)
        times.append((civil_time.instant(day, start, tz), civil_time.instant(last, end, tz)))
    summary = summarize(times, window=window, entries=len(times) + outside)
    return Shifts(summary, tuple(problems[:_MOST_NAMED]), len(problems), outside)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that holds something, with its number; names of columns are left out."""
    lines = text[:LONGEST_TEXT].splitlines()[:MOST_LINES]
    mark = max(_PARTED_BY, key=lambda one: sum(one in line for line in lines))
    is_first = True
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip().strip('"').strip() for cell in line.split(mark)]
        if any(cells):
            if not is_first or any(letter.isdigit() for letter in line):
                yield number, cells
            is_first = False


def _shift(cells: list[str]) -> tuple[date, time, time]:
    """Return day, start and end; an end that is not after the start is on the next day.

    Raises:
        BadCell: with what to write instead.
    """
    if len(cells) < _NEEDED or not cells[2]:
        cells = [cells[0], *_RANGE.split(cells[1] if len(cells) > 1 else "", maxsplit=1)]
    if len(cells) < _NEEDED:
        message = "Write the date, the start and the end, such as 2026-03-09, 7:00 am, 3:30 pm."
        raise BadCell(message)
    start, end = TIME.read(cells[1]), TIME.read(cells[2])
    if start == end:
        message = "The shift must not end when it starts."
        raise BadCell(message)
    day: date = DAY.read(_SHORT_YEAR.sub(r"\1/20\2", _WEEKDAY.sub("", cells[0])))
    return day, start, end
