"""Invitations reach one person, say nothing but a time, and update and cancel what they put in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar

from iop_schedule.adapters.ical import CalendarEntry
from iop_schedule.adapters.ical_invite import BadAddress, InviteMethod, invitation
from iop_schedule.domain.reminders import telling_words

ENTRY = CalendarEntry(
    uid="0a1b2c",
    starts_at=datetime(2026, 10, 26, 22, tzinfo=UTC),
    ends_at=datetime(2026, 10, 27, 1, tzinfo=UTC),
    zone="America/New_York",
    updated_at=datetime(2026, 9, 1, 12, tzinfo=UTC),
    location="Main St. 5 & Café <2nd floor>",
)
SENT = datetime(2026, 9, 2, 8, 30, tzinfo=UTC)
REQUEST, CANCEL = InviteMethod.REQUEST, InviteMethod.CANCEL


def sent(entry=ENTRY, method=REQUEST, sent_at=SENT):
    """Send through bytes, as a mail server would pass it on."""
    email = invitation(
        entry, method=method, organizer="office@example.org", recipient="ana@example.org", sent_at=sent_at
    )
    return message_from_bytes(email.as_bytes(), policy=default)


def calendar_in(email) -> Calendar:
    return Calendar.from_ical(email.get_body(("calendar",)).get_content())


def test_the_parts_stand_in_the_order_mail_programs_need():
    parts = [
        (part.get_content_type(), part.get_param("method"), part.get_filename()) for part in sent().walk()
    ]
    assert parts == [
        ("multipart/mixed", None, None),
        ("multipart/alternative", None, None),
        ("text/plain", None, None),
        ("text/html", None, None),
        ("text/calendar", "REQUEST", None),
        ("application/ics", None, "invite.ics"),
    ]


def test_the_attachment_is_the_same_calendar():
    email = sent()
    [attachment] = email.iter_attachments()
    inline = email.get_body(("calendar",)).get_content()
    assert attachment.get_content().decode().splitlines() == inline.splitlines()


def test_the_calendar_asks_one_person_for_one_session():
    calendar = calendar_in(sent())
    [event] = calendar.events
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE", "VEVENT"]
    assert calendar["METHOD"] == "REQUEST"
    assert not [name for name in calendar if name.startswith("X-") or name == "NAME"]
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("0a1b2c", 0, "CONFIRMED")
    assert (event.start.astimezone(UTC), event.end.astimezone(UTC)) == (ENTRY.starts_at, ENTRY.ends_at)
    assert (event["ORGANIZER"], dict(event["ORGANIZER"].params)) == ("mailto:office@example.org", {})
    assert event["ATTENDEE"] == "mailto:ana@example.org"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert event["DTSTAMP"].dt == SENT


@pytest.mark.parametrize(
    ("changes", "method", "subject", "status"),
    [
        pytest.param({}, REQUEST, "Appointment", "CONFIRMED", id="new"),
        pytest.param({"sequence": 2}, REQUEST, "Appointment updated", "CONFIRMED", id="update"),
        pytest.param({"sequence": 3}, CANCEL, "Appointment cancelled", "CANCELLED", id="cancel"),
        pytest.param({"sequence": 3, "cancelled": True}, CANCEL, "Appointment cancelled", "CANCELLED",
                     id="cancel a cancelled one"),
    ],
)  # fmt: skip
def test_method_subject_and_status_agree(changes, method, subject, status):
    email = sent(replace(ENTRY, **changes), method)
    calendar = calendar_in(email)
    [event] = calendar.events
    assert email["Subject"] == subject
    assert email.get_body(("calendar",)).get_param("method") == calendar["METHOD"] == method.value
    assert (event["STATUS"], event["SEQUENCE"]) == (status, changes.get("sequence", 0))


def test_a_cancellation_repeats_what_identifies_the_session():
    asked, cancelled = (calendar_in(sent(method=method)).events[0] for method in (REQUEST, CANCEL))
    for name in ("UID", "ORGANIZER", "ATTENDEE", "DTSTART", "DTEND"):
        assert asked[name].to_ical() == cancelled[name].to_ical()


def test_every_message_has_its_own_stamp():
    later = calendar_in(sent(sent_at=SENT + timedelta(minutes=1))).events[0]
    assert later["DTSTAMP"].dt == SENT + timedelta(minutes=1)
    assert later["LAST-MODIFIED"].dt == ENTRY.updated_at


def test_people_read_the_time_on_the_clock_of_the_site():
    email = sent()
    assert email.get_body(("plain",)).get_content().splitlines() == [
        "Appointment",
        "Monday, October 26, 2026, 6:00 PM to 9:00 PM EDT",
        "Main St. 5 & Café <2nd floor>",
    ]
    assert "<p>Main St. 5 &amp; Café &lt;2nd floor&gt;</p>" in email.get_body(("html",)).get_content()


def test_nothing_in_the_message_tells_what_it_is_about():
    email = sent(replace(ENTRY, location=None))
    everything = email.as_string() + "".join(
        part.get_content() for part in email.walk() if part.get_content_maintype() == "text"
    )
    assert telling_words(everything) == []
    assert "http" not in everything
    assert (email["From"], email["To"], email["Cc"], email["Bcc"]) == (
        "office@example.org", "ana@example.org", None, None,
    )  # fmt: skip


def test_asking_for_a_cancelled_session_is_refused():
    with pytest.raises(ValueError, match="CANCEL"):
        sent(replace(ENTRY, cancelled=True), REQUEST)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "Ana <ana@example.org>",
        "ana@example.org\r\nBcc: ben@example.org",
        "ana@example.org,ben@example.org",
    ],
)
def test_only_one_bare_address_is_taken(address):
    for people in (
        {"organizer": address, "recipient": "a@b.org"},
        {"organizer": "a@b.org", "recipient": address},
    ):
        with pytest.raises(BadAddress):
            invitation(ENTRY, method=REQUEST, sent_at=SENT, **people)
