"""The calendars we serve: their bytes, their neutrality, their stability."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid, strong_etag
from iop_schedule.adapters.ical.clean import clean_line, clean_text
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.domain.reminders import telling_words

UPDATED = datetime(2026, 9, 1, 12, 0, 30, 123456, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 10, 26, 22, tzinfo=UTC)
NEW_YORK = "America/New_York"


def make_entry(**overrides) -> CalendarEntry:
    values = {
        "uid": "one",
        "starts_at": MONDAY_EVENING,
        "ends_at": MONDAY_EVENING + timedelta(hours=3),
        "zone": NEW_YORK,
        "updated_at": UPDATED,
    }
    return CalendarEntry(**(values | overrides))


def lines(body: bytes) -> list[str]:
    return body.decode().replace("\r\n ", "").split("\r\n")


def event_lines(*entries: CalendarEntry, **options) -> list[str]:
    written = lines(calendar_bytes(entries, zone=NEW_YORK, **options))
    return written[written.index("BEGIN:VEVENT") : written.index("END:VEVENT") + 1]


def test_one_session_is_written_exactly_like_this():
    assert lines(calendar_bytes([make_entry(sequence=3)], zone=NEW_YORK)) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Schedule//Calendar 1//EN",
        "CALSCALE:GREGORIAN",
        "NAME:Schedule",
        "X-WR-CALNAME:Schedule",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "BEGIN:VTIMEZONE",
        "TZID:America/New_York",
        "BEGIN:STANDARD",
        "DTSTART:19701101T020000",
        "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
        "TZNAME:EST",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700308T020000",
        "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
        "TZNAME:EDT",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "UID:one",
        "DTSTAMP:20260901T120030Z",
        "DTSTART;TZID=America/New_York:20261026T180000",
        "DTEND;TZID=America/New_York:20261026T210000",
        "SUMMARY:Appointment",
        "CLASS:PRIVATE",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "SEQUENCE:3",
        "LAST-MODIFIED:20260901T120030Z",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_cancelled_session_stays_visible_and_frees_the_time():
    written = event_lines(make_entry(cancelled=True, sequence=4), alarm_minutes=30)
    assert [
        line for line in written if line.partition(":")[0] in {"SUMMARY", "STATUS", "TRANSP", "SEQUENCE"}
    ] == [
        "SUMMARY:Cancelled: Appointment",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "SEQUENCE:4",
    ]
    assert "BEGIN:VALARM" not in written


def test_an_alarm_is_a_neutral_display_before_the_session():
    written = event_lines(make_entry(summary="Group B"), alarm_minutes=45)
    alarm = written[written.index("BEGIN:VALARM") : written.index("END:VALARM") + 1]
    assert alarm == [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Appointment",
        "TRIGGER:-PT45M",
        "END:VALARM",
    ]


@pytest.mark.parametrize("zone", [NEW_YORK, "America/Phoenix", "Pacific/Honolulu", "UTC", "Africa/Cairo"])
def test_an_empty_calendar_still_holds_a_zone_component(zone):
    calendar = Calendar.from_ical(calendar_bytes([], zone=zone))
    known = "UTC" if zone == "Africa/Cairo" else zone  # Cairo's changes cannot be said as yearly rules
    assert [(part.name, str(part["TZID"])) for part in calendar.subcomponents] == [("VTIMEZONE", known)]


def test_bytes_depend_on_the_entries_not_on_their_order_or_the_moment():
    starts_at = [MONDAY_EVENING + timedelta(days=n % 3) for n in range(9)]
    entries = [
        make_entry(uid=str(n), starts_at=at, ends_at=at + timedelta(hours=1))
        for n, at in enumerate(starts_at)
    ]
    body = calendar_bytes(entries, zone=NEW_YORK)
    assert calendar_bytes(list(reversed(entries)), zone=NEW_YORK) == body
    starts = [event.start for event in Calendar.from_ical(body).events]
    assert starts == sorted(starts)


def test_lines_end_with_crlf_and_fold_within_75_octets_between_characters():
    body = calendar_bytes([make_entry(location="Münchner Straße, 東京 " * 9)], zone=NEW_YORK)
    assert body.replace(b"\r\n", b"").count(b"\n") == body.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    assert all(line.decode() is not None for line in body.split(b"\r\n"))


def test_text_cannot_break_out_of_its_line():
    attack = "Home\r\nEND:VEVENT\r\nBEGIN:VEVENT\nATTENDEE:mailto:ana@example.org;,\\"
    body = calendar_bytes(
        [make_entry(summary=attack, location=attack, uid="safe")], zone=NEW_YORK, name=attack + "\u2028x:y"
    )
    names = [line.partition(":")[0].partition(";")[0] for line in lines(body)]
    assert names.count("BEGIN") == 5
    assert "ATTENDEE" not in names
    [event] = Calendar.from_ical(body).events
    assert str(event["SUMMARY"]) == str(event["LOCATION"]) == clean_line(attack, limit=200)


def test_lines_are_folded_where_the_library_folds_them():
    places = ["", *("x" * n for n in range(58, 72)), *("ü" * n for n in range(28, 36)), "a\\" * 60, ";" * 80]
    entries = [make_entry(uid=str(n), location=place) for n, place in enumerate(places)]
    body = calendar_bytes(entries, zone=NEW_YORK)
    assert Calendar.from_ical(body).to_ical(sorted=False) == body


def test_text_is_read_back_as_it_was_written():
    plain = r"C:\Notes, 5; \n and \\ are kept: 100 %"
    [event] = Calendar.from_ical(calendar_bytes([make_entry(location=plain)], zone=NEW_YORK)).events
    assert str(event["LOCATION"]) == plain


def test_nothing_written_names_people_or_tells_what_it_is_about():
    body = calendar_bytes([make_entry(location="Main St. 5")], zone=NEW_YORK, alarm_minutes=10)
    assert telling_words(body.decode()) == []
    people = {"ATTENDEE", "ORGANIZER", "METHOD", "CATEGORIES", "CONTACT", "URL", "DESCRIPTION"}
    names = [line.partition(":")[0].partition(";")[0] for line in lines(body)]
    assert people.intersection(names) == {"DESCRIPTION"}  # of the alarm, which must have one
    assert names.count("DESCRIPTION") == names.count("TRIGGER") == 1


def test_entries_of_two_sites_bring_both_zones():
    entries = [make_entry(), make_entry(uid="two", zone="America/Denver")]
    calendar = Calendar.from_ical(calendar_bytes(entries, zone=NEW_YORK))
    assert [str(part["TZID"]) for part in calendar.timezones] == ["America/Denver", NEW_YORK]
    assert {event.start.astimezone(UTC) for event in calendar.events} == {MONDAY_EVENING}


def test_a_zone_that_yearly_rules_cannot_state_is_written_in_utc():
    # Morocco changes its clocks with Ramadan; Cairo at 24:00 of a day that may end the month.
    for zone in ("Africa/Casablanca", "Africa/Cairo"):
        written = event_lines(make_entry(zone=zone))
        assert [line for line in written if line.startswith("DT")][1:] == [
            "DTSTART:20261026T220000Z",
            "DTEND:20261027T010000Z",
        ]


def test_the_second_of_two_equal_hours_is_written_in_utc():
    second_half_past_one = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    first_half_past_one = second_half_past_one - timedelta(hours=1)
    starts = []
    for at in (first_half_past_one, second_half_past_one):
        written = event_lines(make_entry(starts_at=at, ends_at=at + timedelta(minutes=15)))
        starts += [line for line in written if line.startswith("DTSTART")]
    assert starts == ["DTSTART;TZID=America/New_York:20261101T013000", "DTSTART:20261101T063000Z"]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 8 * 366 * 1440), unique=True, max_size=12),
    zone=st.sampled_from([NEW_YORK, "America/Santiago", "Europe/Dublin", "Africa/Cairo"]),
)
def test_what_is_written_is_read_back_as_the_same_instants(minutes, zone):
    base = datetime(2024, 1, 1, tzinfo=UTC)
    starts = sorted(base + timedelta(minutes=m) for m in minutes)
    entries = [
        make_entry(uid=str(n), starts_at=at, ends_at=at + timedelta(minutes=90), zone=zone)
        for n, at in enumerate(starts)
    ]
    events = Calendar.from_ical(calendar_bytes(entries, zone=zone)).events
    assert [(e.start.astimezone(UTC), e.end.astimezone(UTC)) for e in events] == [
        (at, at + timedelta(minutes=90)) for at in starts
    ]


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        pytest.param({"starts_at": datetime(2026, 1, 1)}, ValueError, id="naive start"),
        pytest.param({"updated_at": datetime(2026, 1, 1)}, ValueError, id="naive update"),
        pytest.param({"ends_at": MONDAY_EVENING}, ValueError, id="no length"),
        pytest.param({"zone": "Eastern Time"}, UnknownZone, id="unknown zone"),
        pytest.param({"zone": "../../etc/passwd"}, UnknownZone, id="path as zone"),
    ],
)
def test_entries_that_make_no_sense_are_refused(overrides, error):
    with pytest.raises(error):
        calendar_bytes([make_entry(**overrides)], zone=NEW_YORK)


def test_two_entries_may_not_share_a_uid():
    with pytest.raises(ValueError, match="share the uid one"):
        calendar_bytes([make_entry(), make_entry()], zone=NEW_YORK)


def test_a_uid_is_stable_and_differs_by_feed_session_and_key():
    uids = {
        (key, feed, session): feed_uid(key, feed, session)
        for key in (b"k1", b"k2")
        for feed in (1, 11)
        for session in (1, 11, "11")
    }
    assert uids[b"k1", 1, 11] == uids[b"k1", 1, "11"] == feed_uid(b"k1", 1, 11)
    assert len(set(uids.values())) == 8
    assert {len(uid) for uid in uids.values()} == {40}


def test_the_entity_tag_is_strong_quoted_and_follows_the_body():
    assert strong_etag(b"a") == strong_etag(b"a") == '"ca978112ca1bbdcafac231b39a23dc4da786eff8"'
    assert strong_etag(b"b") != strong_etag(b"a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line ends"),
        pytest.param("tab\there", "tab here", id="tab"),
        pytest.param("a\x00b\x1bc\x7fd\x9be", "abcde", id="controls"),
        pytest.param("a\u0085b\u2028c\u2029d", "a b c d", id="odd line ends"),
        pytest.param("abc\u202edef\u2066g", "abcdefg", id="direction overrides"),
        pytest.param("caf\ud83d", "caf", id="half a surrogate pair"),
        pytest.param("cafe\u0301", "café", id="composed form"),
        pytest.param("x" * 21, "x" * 19 + "…", id="cut"),
        pytest.param("x" * 20, "x" * 20, id="not cut"),
        pytest.param("👩‍👧 school", "👩‍👧 school", id="joined emoji stay"),
    ],
)
def test_text_is_cleaned_like_this(text, expected):
    assert clean_text(text, limit=20) == expected


@settings(derandomize=True, max_examples=200, deadline=None)
@given(text=st.text(st.characters(), max_size=60), limit=st.integers(5, 40))
def test_cleaning_twice_changes_nothing_and_everything_can_be_encoded(text, limit):
    for clean in (clean_text, clean_line):
        once = clean(text, limit=limit)
        assert clean(once, limit=limit) == once
        assert len(once) <= limit
        assert once.encode("utf-8") is not None
