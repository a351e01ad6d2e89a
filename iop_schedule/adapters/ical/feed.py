"""Dated sessions as calendar bytes: one VEVENT each, neutral, and the same bytes for the same input."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Alarm, Calendar, Event, Parameters
from icalendar.parser import Contentline
from icalendar.prop import vDatetime, vDuration, vInt, vText

from iop_schedule.adapters.ical.clean import LOCATION_LIMIT, SUMMARY_LIMIT, clean_line, text
from iop_schedule.adapters.ical.zones import utc_component, zone_component
from iop_schedule.domain import civil_time

NEUTRAL_SUMMARY = "Appointment"
CANCELLED_PREFIX = "Cancelled: "
#: Names no product, program or field of medicine: it is shown by some calendar programs.
PRODUCER = "-//Schedule//Calendar 1//EN"
REFRESH_EVERY = timedelta(hours=1)
_UID_LENGTH = 40
#: Octets from which the library folds a line.
_FOLDED_FROM = 75
# Values that every event shares are made once; half the work of a small event is making values.
_PRIVATE, _OPAQUE, _TRANSPARENT = vText("PRIVATE"), vText("OPAQUE"), vText("TRANSPARENT")
_CONFIRMED, _CANCELLED = vText("CONFIRMED"), vText("CANCELLED")


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One dated session as a calendar shows it.

    `starts_at`, `ends_at` and `updated_at` are aware instants; `zone` is the IANA zone whose wall
    clock people read. `sequence` counts the revisions of this session and never goes back.
    """

    uid: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    updated_at: datetime
    summary: str = NEUTRAL_SUMMARY
    location: str | None = None
    cancelled: bool = False
    sequence: int = 0

    def __post_init__(self) -> None:
        """Refuse instants without a zone and an end that is not after the start."""
        if any(at.utcoffset() is None for at in (self.starts_at, self.ends_at, self.updated_at)):
            message = "a calendar entry needs instants with a zone"
            raise ValueError(message)
        if not self.starts_at < self.ends_at:
            message = f"a calendar entry must end after it starts: {self.starts_at} to {self.ends_at}"
            raise ValueError(message)


def calendar_bytes(
    entries: Iterable[CalendarEntry], *, zone: str, name: str = "Schedule", alarm_minutes: int | None = None
) -> bytes:
    """Return a whole calendar, one VEVENT per entry in order of time.

    The same entries give the same bytes in whatever order they come. Without entries the calendar
    still holds the component of `zone`, because an empty one is not valid.

    Args:
        entries: each with its own uid.
        zone: IANA zone of the site, for a calendar without entries.
        name: what the calendar is called in the client's list; keep it neutral.
        alarm_minutes: a display alarm that long before each session, or None for no alarm.

    Raises:
        UnknownZone: a zone is not an IANA name.
        ValueError: two entries share a uid.
    """
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    _refuse_shared_uids(ordered)
    calendar = _calendar(name)
    local_zones = add_zones(calendar, ordered, zone)
    for entry in ordered:
        event = event_component(entry, in_local_time=entry.zone in local_zones)
        if alarm_minutes is not None and not entry.cancelled:
            event.add_component(_alarm(alarm_minutes))
        calendar.add_component(event)
    return as_bytes(calendar)


def uid_key(secret_key: str) -> bytes:
    """Return the key that entries' identifiers are made with, from the secret of the deployment."""
    return hashlib.sha256(b"calendar:" + secret_key.encode()).digest()


def feed_uid(key: bytes, feed_id: object, session_id: object) -> str:
    """Return the UID of one session in one feed: stable for both, and telling nothing about either.

    A group session has another UID in every client's feed, so that a provider who fetches several
    feeds cannot link the members of a treatment group.
    """
    message = f"{feed_id}\n{session_id}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:_UID_LENGTH]


def strong_etag(body: bytes) -> str:
    """Return the strong entity tag of `body` as it stands in the ETag header, quotes included."""
    return f'"{hashlib.sha256(body).hexdigest()[:_UID_LENGTH]}"'


def event_component(entry: CalendarEntry, *, in_local_time: bool) -> Event:
    """Return the VEVENT of `entry`, without people in it.

    Times are wall clock with TZID when `in_local_time`, otherwise UTC. Components are filled by
    item, with typed values: `add()` would guess the types again for every property.
    """
    event = Event()
    updated_at = _utc(entry.updated_at)
    event["UID"] = text(entry.uid)
    event["DTSTAMP"] = updated_at
    event["DTSTART"], event["DTEND"] = _times(entry, in_local_time=in_local_time)
    prefix = CANCELLED_PREFIX if entry.cancelled else ""
    event["SUMMARY"] = text(clean_line(prefix + entry.summary, limit=SUMMARY_LIMIT))
    if entry.location:
        event["LOCATION"] = text(clean_line(entry.location, limit=LOCATION_LIMIT))
    event["CLASS"] = _PRIVATE
    event["STATUS"] = _CANCELLED if entry.cancelled else _CONFIRMED
    event["TRANSP"] = _TRANSPARENT if entry.cancelled else _OPAQUE
    event["SEQUENCE"] = vInt(entry.sequence)
    event["LAST-MODIFIED"] = updated_at
    return event


def as_bytes(calendar: Calendar) -> bytes:
    """Return what `calendar.to_ical(sorted=False)` returns, in half the time.

    The library makes a set of parameters for every line and looks at each of its characters to fold it;
    most of our lines have no parameters, and short ASCII lines need no look.
    """
    return b"".join(_line(name, value) for name, value in calendar.property_items(sorted=False))


def _line(name: str, value: Any) -> bytes:
    is_bare = isinstance(value, bytes)  # the name of a component that begins or ends
    if is_bare or not value.params:
        written = value if is_bare else value.to_ical()
        line = f"{name}:{written.decode() if isinstance(written, bytes) else written}"
        if len(line) < _FOLDED_FROM and line.isascii():
            return line.encode() + b"\r\n"
    folded = Contentline.from_parts(name, value.params, value, sorted=False)
    short = len(folded) < _FOLDED_FROM and folded.isascii()
    return bytes(folded.encode() if short else folded.to_ical()) + b"\r\n"


def _refuse_shared_uids(entries: Sequence[CalendarEntry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.uid in seen:
            message = f"two calendar entries share the uid {entry.uid}"
            raise ValueError(message)
        seen.add(entry.uid)


def _calendar(name: str) -> Calendar:
    calendar = Calendar()
    calendar["VERSION"] = vText("2.0")
    calendar["PRODID"] = vText(PRODUCER)
    calendar["CALSCALE"] = vText("GREGORIAN")
    label = clean_line(name, limit=SUMMARY_LIMIT)
    calendar["NAME"] = calendar["X-WR-CALNAME"] = text(label)
    calendar["REFRESH-INTERVAL"] = vDuration(REFRESH_EVERY, params=Parameters({"VALUE": "DURATION"}))
    calendar["X-PUBLISHED-TTL"] = vDuration(REFRESH_EVERY)
    return calendar


def add_zones(calendar: Calendar, entries: Sequence[CalendarEntry], zone: str) -> set[str]:
    """Add the zone components that `entries`, in order of time, need; return the zones that have one."""
    # A year on either side: some readers look up the change before the first entry.
    years = range(entries[0].starts_at.year - 1, entries[-1].ends_at.year + 2) if entries else range(0)
    components = {name: zone_component(name, years) for name in {entry.zone for entry in entries} or {zone}}
    found = {name: component for name, component in sorted(components.items()) if component is not None}
    for component in found.values() or [utc_component()]:
        calendar.add_component(component)
    return set(found)


def _times(entry: CalendarEntry, *, in_local_time: bool) -> tuple[vDatetime, vDatetime]:
    if in_local_time:
        tz = civil_time.zone(entry.zone)
        start, end = civil_time.local(entry.starts_at, tz), civil_time.local(entry.ends_at, tz)
        # An hour that happens twice is read as the first of the two; the second can only be said in UTC.
        if not start.fold and not end.fold:
            return _wall(start), _wall(end)
    return _utc(entry.starts_at), _utc(entry.ends_at)


def _wall(at: datetime) -> vDatetime:
    # The parameter TZID is taken from the zone of `at`.
    return vDatetime(at.replace(microsecond=0))


def _utc(at: datetime) -> vDatetime:
    return vDatetime(at.astimezone(UTC).replace(microsecond=0))


def _alarm(minutes: int) -> Alarm:
    alarm = Alarm()
    alarm["ACTION"] = vText("DISPLAY")
    alarm["DESCRIPTION"] = vText(NEUTRAL_SUMMARY)
    alarm["TRIGGER"] = vDuration(-timedelta(minutes=minutes))
    return alarm
