"""Every calendar of the public test suites is answered, and read as the library reads it whole."""

import resource
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from icalendar import Calendar

from iop_schedule.adapters.ical_upload import UploadLimits, UploadWindow, read_upload
from iop_schedule.adapters.ical_upload.parse import Reading, read_calendar
from iop_schedule.adapters.ical_upload.prescan import Refused

FOLDER = Path(__file__).parent.parent / "data" / "ics"
FILES = sorted(FOLDER.glob("*.ics"))
NEW_YORK = "America/New_York"
WINDOW = UploadWindow(NEW_YORK, date(1990, 1, 1), date(2035, 12, 31), all_day_is_busy=True)


def read_whole(data: bytes) -> set[tuple[datetime, datetime]]:
    """Let the library read the untouched file; floating times are New York's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = recurring_ical_events.of(Calendar.from_ical(data)).between(
            datetime(1990, 1, 1, tzinfo=ZoneInfo(NEW_YORK)), datetime(2036, 1, 1, tzinfo=ZoneInfo(NEW_YORK))
        )
    return {(as_instant(event.start), as_instant(event.end)) for event in found}


def as_instant(at: date) -> datetime:
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(NEW_YORK))).astimezone(UTC)


def test_the_collection_is_complete():
    listed = (FOLDER / "manifest.csv").read_text().splitlines()[1:]
    assert sorted(row.rsplit(",", 1)[1] for row in listed) == [path.name for path in FILES]
    assert len(FILES) == 109


def read_by_us(path: Path) -> Reading | None:
    """Return None for a file that is not a whole calendar."""
    try:
        return read_calendar(path.read_bytes(), WINDOW, UploadLimits())
    except Refused:
        return None


def is_comparable(path: Path) -> bool:
    reading = read_by_us(path)
    return reading is not None and bool(reading.occurrences) and not reading.skipped and not reading.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[-60:])
def test_each_file_is_read_unless_it_is_no_calendar(path):
    data, reading = path.read_bytes(), read_by_us(path)
    assert (reading is None) == (not data.upper().lstrip().startswith(b"BEGIN:VCALENDAR"))
    counted = sum(line.strip().upper() == b"BEGIN:VEVENT" for line in data.splitlines())
    assert reading is None or reading.entries == counted


def test_thirty_seven_files_are_read_without_any_remark():
    assert sum(is_comparable(path) for path in FILES) == 37


#: Where the library, given the untouched file, says something else or nothing.
DIFFERENT = {
    "multiple_calendar_components": "the library refuses two calendars in one file",
    "Encoding1": "the library fails on a SEQUENCE that is no number",
    "ALARM5": "the file brings daylight-saving rules that ended in 2006",
    "Categories1": "the file brings daylight-saving rules that ended in 2006",
}


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if is_comparable(p) and not p.stem.endswith(tuple(DIFFERENT))],
    ids=lambda path: path.stem[-60:],
)
def test_busy_times_are_those_the_library_finds_in_the_untouched_file(path):
    reading = read_by_us(path)
    assert reading is not None
    assert set(reading.occurrences) == read_whole(path.read_bytes())


def test_all_files_as_one_upload_are_answered_by_the_child_within_its_bounds():
    body = b"\r\n".join(
        path.read_bytes() for path in FILES if path.read_bytes().startswith(b"BEGIN:VCALENDAR")
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = read_upload(body, UploadWindow(NEW_YORK, date(2026, 1, 1), date(2026, 12, 31)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert summary.is_usable
    assert summary.entries > 200
    assert after.ru_utime - before.ru_utime < timedelta(seconds=5).total_seconds()
    # The system refuses the child more than this; what getrusage tells of a child's memory is that of the
    # process it was forked from, where that was larger.
    assert UploadLimits().memory_bytes <= 512 * 1024 * 1024
