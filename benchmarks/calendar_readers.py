"""Ask independent calendar readers what our feed says, and compare with what was meant.

Not part of the test suite: it needs `npm install ical.js node-ical` (folder given by --node-modules) and
the shared library of libical (--libical). Readers that are not there are named and left out.

    python benchmarks/calendar_readers.py --node-modules ./node_modules --libical libical.so.3
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from icalendar import Calendar

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid
from iop_schedule.domain.civil_time import instant, zone

ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
         "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "Europe/Berlin", "Europe/Dublin",
         "America/Santiago", "Australia/Sydney", "Asia/Kolkata", "Africa/Casablanca"]  # fmt: skip

Readings = list[list[object]]


def feed(zone_name: str) -> tuple[bytes, Readings]:
    """Two years of weekly sessions, three start times a week, and what they mean in UTC seconds."""
    entries = []
    updated_at = datetime(2026, 1, 1, tzinfo=UTC)
    for week in range(104):
        for weekday, hour in ((0, 18), (2, 9), (4, 13)):
            day = date(2026, 1, 5) + timedelta(weeks=week, days=weekday)
            at = instant(day, time(hour), zone(zone_name))
            uid = feed_uid(b"benchmark", zone_name, len(entries))
            ends_at = at + timedelta(hours=3)
            entries.append(
                CalendarEntry(uid, at, ends_at, zone_name, updated_at, location="Room 2, Main St.")
            )
    meant = [
        [entry.uid, int(entry.starts_at.timestamp()), int(entry.ends_at.timestamp())] for entry in entries
    ]
    return calendar_bytes(entries, zone=zone_name, alarm_minutes=30), meant


def javascript_readers(folder: str) -> dict[str, Callable[[bytes], Readings]]:
    cache: dict[bytes, dict[str, Readings]] = {}

    def read(body: bytes, name: str) -> Readings:
        if body not in cache:
            with tempfile.NamedTemporaryFile(suffix=".ics") as file:
                file.write(body)
                file.flush()
                script = Path(__file__).with_suffix(".mjs")
                done = subprocess.run(
                    ["node", str(script), file.name],
                    env=os.environ | {"NODE_MODULES": str(Path(folder).resolve().parent)},
                    capture_output=True,
                    check=True,
                    timeout=60,
                )
            cache[body] = json.loads(done.stdout)
        return cache[body][name]

    return {name: lambda body, name=name: read(body, name) for name in ("ical.js", "node-ical")}


class LibicalTime(ctypes.Structure):
    """`struct icaltimetype` of libical 3."""

    _fields_ = [
        (name, ctypes.c_int)
        for name in ["year", "month", "day", "hour", "minute", "second", "is_date", "daylight"]
    ] + [("zone", ctypes.c_void_p)]


def libical_reader(path: str) -> Callable[[bytes], Readings]:
    lib = ctypes.CDLL(path)
    pointer = ctypes.c_void_p
    for name in ("icalparser_parse_string", "icalcomponent_get_first_component"):
        getattr(lib, name).restype = pointer
    lib.icalcomponent_get_next_component.restype = pointer
    lib.icalcomponent_get_uid.restype = ctypes.c_char_p
    lib.icalcomponent_get_dtstart.restype = lib.icalcomponent_get_dtend.restype = LibicalTime
    lib.icaltime_as_timet_with_zone.restype = ctypes.c_long
    lib.icaltime_as_timet_with_zone.argtypes = [LibicalTime, pointer]

    def read(body: bytes) -> Readings:
        root = pointer(lib.icalparser_parse_string(body))
        if not lib.icalrestriction_check(root):
            raise ValueError("libical's restriction check refuses the calendar")
        kind = lib.icalcomponent_string_to_kind(b"VEVENT")
        found, event = [], lib.icalcomponent_get_first_component(root, kind)
        while event:
            start = lib.icalcomponent_get_dtstart(pointer(event))
            end = lib.icalcomponent_get_dtend(pointer(event))
            seconds = [lib.icaltime_as_timet_with_zone(at, at.zone) for at in (start, end)]
            found.append([lib.icalcomponent_get_uid(pointer(event)).decode(), *seconds])
            event = lib.icalcomponent_get_next_component(root, kind)
        return found

    return read


def vobject_reader() -> Callable[[bytes], Readings]:
    import vobject  # noqa: PLC0415 - one of several optional readers

    def read(body: bytes) -> Readings:
        calendar = vobject.readOne(body.decode())
        return [
            [e.uid.value, int(e.dtstart.value.timestamp()), int(e.dtend.value.timestamp())]
            for e in calendar.vevent_list
        ]

    return read


def typed_reader() -> Callable[[bytes], Readings]:
    from ical.calendar_stream import IcsCalendarStream  # noqa: PLC0415 - optional too

    def read(body: bytes) -> Readings:
        calendar = IcsCalendarStream.calendar_from_ics(body.decode())
        return [[e.uid, int(e.dtstart.timestamp()), int(e.dtend.timestamp())] for e in calendar.events]

    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node-modules")
    parser.add_argument("--libical")
    options = parser.parse_args()
    readers: dict[str, Callable[[bytes], Readings]] = {}
    if options.node_modules:
        readers |= javascript_readers(options.node_modules)
    for name, make in (
        ("libical", lambda: libical_reader(options.libical or "libical.so.3")),
        ("vobject", vobject_reader),
        ("ical", typed_reader),
    ):
        try:
            readers[name] = make()
        except (ImportError, OSError) as problem:
            print(f"{name}: not here ({problem})")
    wrong_in_all = 0
    for zone_name in ZONES:
        body, meant = feed(zone_name)
        wrong = wrong_readings(readers, body, meant)
        wrong_in_all += sum(wrong.values())
        print(f"{zone_name:22} {len(meant)} events, read wrong: {wrong}")
    body, meant = feed(ZONES[0])
    theirs = with_zone_component_of_icalendar(body)
    contrast = wrong_readings(readers, theirs, meant)
    print(f"for contrast, with the zone component of icalendar itself: {contrast}")
    sys.exit(1 if wrong_in_all else 0)


def wrong_readings(
    readers: dict[str, Callable[[bytes], Readings]], body: bytes, meant: Readings
) -> dict[str, int]:
    wrong = {}
    for name, read in readers.items():
        try:
            found = {str(uid): times for uid, *times in read(body)}
        except ValueError as problem:
            print(f"    {name}: {problem}")
            found = {}
        wrong[name] = sum(found.get(str(uid)) != times for uid, *times in meant)
    return wrong


def with_zone_component_of_icalendar(body: bytes) -> bytes:
    calendar = Calendar.from_ical(body)
    calendar.subcomponents = [part for part in calendar.subcomponents if part.name != "VTIMEZONE"]
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


if __name__ == "__main__":
    main()
