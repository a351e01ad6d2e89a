"""Invitations by e-mail (iTIP, RFC 5546, in iMIP, RFC 6047): one session to one person.

Opt-in only: an invitation leaves copies and a sender's name at the person's mail provider. The text is
neutral, names nobody but the recipient, and carries no link.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from html import escape

from icalendar import Calendar, Parameters
from icalendar.prop import vCalAddress, vDatetime, vText

from iop_schedule.adapters.ical.clean import LOCATION_LIMIT, clean_line
from iop_schedule.adapters.ical.feed import (
    NEUTRAL_SUMMARY,
    PRODUCER,
    CalendarEntry,
    add_zones,
    as_bytes,
    event_component,
)
from iop_schedule.domain import civil_time
from iop_schedule.errors import NotPossible

FILE_NAME = "invite.ics"
_ADDRESS = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")


class InviteMethod(StrEnum):
    """What the message asks the calendar program to do."""

    #: Put a session in, or change it when its uid is known.
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class CalendarRequest:
    """One session, and what a calendar is asked to do with it."""

    entry: CalendarEntry
    method: InviteMethod

    @property
    def subject(self) -> str:
        """Return the subject of the message."""
        return _subject(replace(self.entry, cancelled=self.method is InviteMethod.CANCEL))


class BadAddress(NotPossible):
    """That is not an e-mail address. Write it like name@example.org."""


def invitation(
    entry: CalendarEntry, *, method: InviteMethod, organizer: str, recipient: str, sent_at: datetime
) -> EmailMessage:
    """Return the message that puts `entry` into the recipient's calendar, changes it or takes it out.

    A REQUEST with a sequence above zero is an update. Calendar programs heed an update or a
    cancellation only when its sequence is higher than the last one they saw, and a cancellation only
    after a REQUEST with the same uid.

    Args:
        entry: the session; for CANCEL it counts as cancelled whatever it says.
        method: must not be REQUEST for a cancelled session.
        organizer: bare address, the same as the envelope's sender; replies go there.
        recipient: bare address of the one person.
        sent_at: instant of sending; every message about one session has a later one.

    Raises:
        BadAddress: an address is not a bare one.
        ValueError: a REQUEST for a cancelled session: it would stay in calendars and keep reminding.
    """
    for address in (organizer, recipient):
        if not _ADDRESS.fullmatch(address):
            raise BadAddress(field="email")
    if method is InviteMethod.REQUEST and entry.cancelled:
        message = "a cancelled session needs the method CANCEL"
        raise ValueError(message)
    entry = replace(entry, cancelled=method is InviteMethod.CANCEL)
    body = _calendar_bytes(entry, method, organizer=organizer, recipient=recipient, sent_at=sent_at)
    email = EmailMessage(policy=SMTP)
    email["From"], email["To"] = organizer, recipient
    email["Subject"] = _subject(entry)
    email["Date"] = format_datetime(sent_at.astimezone(UTC))
    email["Auto-Submitted"] = "auto-generated"
    lines = _lines(entry)
    email.set_content("\n".join(lines) + "\n")
    email.add_alternative(_html(lines), subtype="html")
    # The calendar must come last among the alternatives, and its method must be repeated here:
    # otherwise mail programs show a file instead of an invitation.
    email.add_alternative(body.decode(), subtype="calendar", params={"method": method.value})
    email.add_attachment(body, maintype="application", subtype="ics", filename=FILE_NAME)
    return email


def _calendar_bytes(
    entry: CalendarEntry, method: InviteMethod, *, organizer: str, recipient: str, sent_at: datetime
) -> bytes:
    calendar = Calendar()
    calendar["VERSION"] = vText("2.0")
    calendar["PRODID"] = vText(PRODUCER)
    calendar["CALSCALE"] = vText("GREGORIAN")
    calendar["METHOD"] = vText(method.value)
    zones = add_zones(calendar, [entry], entry.zone)
    event = event_component(entry, in_local_time=entry.zone in zones)
    event["DTSTAMP"] = vDatetime(sent_at.astimezone(UTC).replace(microsecond=0))
    event["ORGANIZER"] = vCalAddress(f"mailto:{organizer}")
    # Nobody else is listed, and no answer is asked for.
    person = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"}
    event["ATTENDEE"] = vCalAddress(f"mailto:{recipient}", params=Parameters(person))
    calendar.add_component(event)
    return as_bytes(calendar)


def _subject(entry: CalendarEntry) -> str:
    if entry.cancelled:
        return f"{NEUTRAL_SUMMARY} cancelled"
    return f"{NEUTRAL_SUMMARY} updated" if entry.sequence else NEUTRAL_SUMMARY


def _lines(entry: CalendarEntry) -> list[str]:
    """Return the message in words: what, when on the site's clock, where."""
    tz = civil_time.zone(entry.zone)
    start, end = civil_time.local(entry.starts_at, tz), civil_time.local(entry.ends_at, tz)
    when = f"{start:%A, %B} {start.day}, {start.year}, {_clock(start)} to {_clock(end)} {start:%Z}"
    where = [clean_line(entry.location, limit=LOCATION_LIMIT)] if entry.location else []
    return [_subject(entry), when, *where]


def _clock(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"  # noqa: PLR2004 - noon


def _html(lines: list[str]) -> str:
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    head = f"<head><title>{escape(lines[0])}</title></head>"
    return f'<!doctype html><html lang="en">{head}<body>{paragraphs}</body></html>'
