"""How long it takes to rebuild a calendar feed, beside the library's own ways, and how it grows.

    python benchmarks/calendars.py            # a table, a few seconds
    python benchmarks/calendars.py --upload   # also the time to read uploads, each in its own process

Three ways write the same sessions: ours; the library's plain way (`add()` for each property, its own
zone component); and the library's `to_ical()` alone on components that stand ready.
"""

import argparse
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vText

import iop_schedule
from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid
from iop_schedule.adapters.ical_upload import UploadWindow, read_upload
from iop_schedule.domain.civil_time import instant, zone

ZONE = "America/New_York"
UPDATED = datetime(2026, 8, 1, 12, tzinfo=UTC)


def sessions(count: int) -> list[CalendarEntry]:
    """Three evenings a week, three hours each."""
    entries = []
    for n in range(count):
        day = date(2026, 9, 7) + timedelta(weeks=n // 3, days=2 * (n % 3))
        at = instant(day, wall_time(18), zone(ZONE))
        uid = feed_uid(b"benchmark", 1, n)
        entries.append(CalendarEntry(uid, at, at + timedelta(hours=3), ZONE, UPDATED, location="Main St. 5"))
    return entries


def ours(entries: list[CalendarEntry]) -> bytes:
    return calendar_bytes(entries, zone=ZONE)


def built_plainly(entries: list[CalendarEntry]) -> Calendar:
    calendar = Calendar()
    for name, value in (("prodid", "-//Schedule//EN"), ("version", "2.0"), ("name", "Schedule")):
        calendar.add(name, value)
    calendar.add("refresh-interval", timedelta(hours=1))
    tz = ZoneInfo(ZONE)
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", entry.updated_at)
        event.add("last-modified", entry.updated_at)
        event.add("dtstart", entry.starts_at.astimezone(tz))
        event.add("dtend", entry.ends_at.astimezone(tz))
        event.add("summary", vText(entry.summary))
        event.add("location", vText(entry.location or ""))
        event.add("class", "PRIVATE")
        event.add("status", "CONFIRMED")
        event.add("transp", "OPAQUE")
        event.add("sequence", entry.sequence)
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar


def milliseconds(
    action: Callable[[], object], repeats: int, clock: Callable[[], float] = time.process_time
) -> float:
    """Return the quickest of `repeats` runs; processor time, so that a busy machine changes little."""
    action()
    taken = []
    for _ in range(repeats):
        began = clock()
        action()
        taken.append(clock() - began)
    return min(taken) * 1000


def table(repeats: int) -> bool:
    """Print the times; return whether ours is no slower than either at 60 sessions."""
    print("best run, milliseconds of processor time")
    print(f"{'sessions':>8} {'bytes':>8} {'ours':>10} {'plain add()':>12} {'to_ical() alone':>16}")
    no_slower = True
    for count in (0, 15, 60, 240, 960):
        entries = sessions(count)
        ready = built_plainly(entries)
        times = (
            milliseconds(lambda entries=entries: ours(entries), repeats),
            milliseconds(lambda entries=entries: built_plainly(entries).to_ical(), repeats),
            milliseconds(ready.to_ical, repeats),
        )
        print(f"{count:>8} {len(ours(entries)):>8} {times[0]:>10.2f} {times[1]:>12.2f} {times[2]:>16.2f}")
        no_slower &= count != 60 or times[0] <= min(times[1:])
    return no_slower


def digest() -> str:
    return hashlib.sha256(ours(sessions(60))).hexdigest()


def digest_elsewhere(seed: str) -> str:
    """Build the same feed in another interpreter with another hash seed."""
    root = str(Path(iop_schedule.__file__).parent.parent)
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, __file__, "--digest"], env=environment, capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def uploads() -> None:
    window = UploadWindow(ZONE, date(2026, 9, 7), date(2027, 3, 5))
    work = "DTSTART;TZID={zone}:20200106T070000\r\nDURATION:PT8H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    single = "DTSTART;TZID={zone}:20260909T{hour:02}0000\r\nDURATION:PT1H"
    for name, lines in (
        ("one working week since 2020", [work.format(zone=ZONE)]),
        ("240 single entries", [single.format(zone=ZONE, hour=n % 24) for n in range(240)]),
        ("1,900 single entries", [single.format(zone=ZONE, hour=n % 24) for n in range(1900)]),
    ):
        events = "".join(
            f"BEGIN:VEVENT\r\nUID:{n}\r\n{text}\r\nEND:VEVENT\r\n" for n, text in enumerate(lines)
        )
        body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()
        taken = milliseconds(lambda body=body: read_upload(body, window), 3, time.perf_counter)
        said = read_upload(body, window)
        print(f"upload, {name}: {taken:.0f} ms, {len(said.intervals)} intervals")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--upload", action="store_true")
    parser.add_argument(
        "--digest", action="store_true", help="print the digest of a 60-session feed and stop"
    )
    options = parser.parse_args()
    if options.digest:
        print(digest())
        return
    no_slower = table(options.repeats)
    same = {digest(), digest_elsewhere("1"), digest_elsewhere("2")}
    print("60 sessions: ours is", "no slower" if no_slower else "SLOWER", "than the library")
    print("bytes in three processes:", "identical" if len(same) == 1 else "DIFFERENT")
    if options.upload:
        uploads()
    sys.exit(0 if no_slower and len(same) == 1 else 1)


if __name__ == "__main__":
    main()
