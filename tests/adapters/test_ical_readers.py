"""Readers that share no code with the writer find the instants that were meant.

`benchmarks/calendar_readers.py` asks three more: ical.js, node-ical and libical.
"""

import io
from datetime import UTC, date, datetime, time, timedelta

import pytest
import vobject
from dateutil.tz import tzical

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes
from iop_schedule.domain.civil_time import instant, zone

ZONES = ["America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/Santiago", "Europe/Dublin",
         "Africa/Casablanca"]  # fmt: skip


def year_of_sessions(zone_name: str) -> list[CalendarEntry]:
    days = [date(2026, 1, 5) + timedelta(weeks=week, days=week % 5) for week in range(60)]
    starts = [instant(day, time(18, 15), zone(zone_name)) for day in days]
    updated_at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        CalendarEntry(
            str(n), at, at + timedelta(minutes=170), zone_name, updated_at, location="Room 2; Main St."
        )
        for n, at in enumerate(starts)
    ]


def read_by_dateutil(body: bytes) -> dict[str, tuple[datetime, datetime]]:
    """Split lines ourselves and take offsets from dateutil's reading of the VTIMEZONE."""
    text = body.decode().replace("\r\n ", "")
    has_zone = "DTSTART;TZID" in text
    zones = tzical(io.StringIO(text[text.index("BEGIN:VTIMEZONE") : text.index("BEGIN:VEVENT")]))
    found = {}
    for block in text.split("BEGIN:VEVENT\r\n")[1:]:
        values = {}
        for line in block.split("END:VEVENT")[0].split("\r\n")[:-1]:
            name, _, value = line.partition(":")
            values[name.partition(";")[0]] = value
        times = [datetime.strptime(values[n].rstrip("Z"), "%Y%m%dT%H%M%S") for n in ("DTSTART", "DTEND")]
        tz = zones.get() if has_zone else UTC
        found[values["UID"]] = tuple(at.replace(tzinfo=tz).astimezone(UTC) for at in times)
    return found


def read_by_vobject(body: bytes) -> dict[str, tuple[datetime, datetime]]:
    events = vobject.readOne(body.decode()).vevent_list
    return {e.uid.value: tuple(at.value.astimezone(UTC) for at in (e.dtstart, e.dtend)) for e in events}


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("read", [read_by_dateutil, read_by_vobject])
def test_a_year_of_sessions_is_read_at_the_instants_that_were_meant(read, zone_name):
    entries = year_of_sessions(zone_name)
    body = calendar_bytes(entries, zone=zone_name, alarm_minutes=30)
    assert read(body) == {entry.uid: (entry.starts_at, entry.ends_at) for entry in entries}


def test_text_arrives_unescaped():
    [event] = vobject.readOne(
        calendar_bytes(year_of_sessions(ZONES[0])[:1], zone=ZONES[0]).decode()
    ).vevent_list
    assert (event.summary.value, event.location.value) == ("Appointment", "Room 2; Main St.")
