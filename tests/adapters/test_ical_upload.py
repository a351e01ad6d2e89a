"""An uploaded calendar becomes busy time in our own words; hostile ones get an answer too."""

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.ical_upload import (
    Problem,
    SkipReason,
    UploadLimits,
    UploadWindow,
    door,
    read_upload,
)
from iop_schedule.adapters.ical_upload.parse import Reading, read_calendar
from iop_schedule.adapters.ical_upload.prescan import Refused, scan

NEW_YORK = "America/New_York"
WINDOW = UploadWindow(NEW_YORK, date(2026, 9, 7), date(2026, 12, 18))


def calendar(*events: str, head: str = "") -> bytes:
    """Write events given as lines separated by |."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *head.split("|")]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def series(rule: str, *, uid: object = 1, day: str = "20260907", more: str = "") -> str:
    zone = f"TZID={NEW_YORK}"
    times = f"DTSTART;{zone}:{day}T070000|DTEND;{zone}:{day}T080000"
    return f"UID:{uid}|{times}|RRULE:{rule}{more}"


def read(data: bytes, limits: UploadLimits | None = None, window: UploadWindow = WINDOW) -> Reading:
    """Read in this process, which is quicker than starting one."""
    return read_calendar(data, window, limits or UploadLimits())


def starts(reading: Reading) -> list[str]:
    return sorted(f"{start:%m-%d %H:%M}" for start, _ in reading.occurrences)


# A whole upload, through its own process


def test_a_work_calendar_is_read_as_its_owner_would_say_it():
    work = (
        "UID:work|SUMMARY:Ward 3 with Dr. Example|LOCATION:Secret clinic|ATTENDEE:mailto:boss@example.org"
        "|DTSTART;TZID=Eastern Standard Time:20200106T070000|DTEND;TZID=Eastern Standard Time:20200106T153000"
        "|RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
        "|EXDATE;TZID=Eastern Standard Time:20261126T070000,20261127T070000"
    )
    custody = "UID:kids|DTSTART;TZID=America/New_York:20260908T173000|DURATION:PT2H|RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
    holiday = "UID:day|DTSTART;VALUE=DATE:20261012|SUMMARY:Holiday"
    free = "UID:free|DTSTART:20261001T100000Z|DTEND:20261001T110000Z|TRANSP:TRANSPARENT"
    dentist = (
        "UID:once|DTSTART;TZID=America/New_York:20261007T160000|DTEND;TZID=America/New_York:20261007T170000"
    )
    summary = read_upload(calendar(work, custody, holiday, free, dentist), WINDOW)
    assert [said.sentence for said in (*summary.patterns, *summary.single_dates, *summary.skipped)] == [
        "Mon to Fri 7:00 am to 3:30 pm, 73 dates, except Nov 26 and Nov 27",
        "Tue 5:30 pm to 7:30 pm every other week, 8 dates",
        "Wed, Oct 7: 4:00 pm to 5:00 pm",
        "1 entry skipped: all day, without a clock time.",
        "1 entry skipped: marked as free time.",
    ]
    assert (summary.problems, summary.entries, len(summary.intervals)) == ((), 5, 82)
    assert summary.is_usable


def test_nothing_but_times_is_kept_of_a_file():
    secret = "UID:zebra@zebra|SUMMARY:zebra|DESCRIPTION:zebra|LOCATION:zebra|CATEGORIES:zebra|X-ZEBRA:zebra|COMMENT:zebra"
    body = calendar(f"{secret}|DTSTART;TZID=Zebra:20261001T100000|DURATION:PT1H", head="X-WR-CALNAME:zebra")
    summary = read_upload(body, WINDOW)
    assert [date.sentence for date in summary.single_dates] == ["Thu, Oct 1: 10:00 am to 11:00 am"]
    assert summary.problems == (Problem.GUESSED_ZONE,)
    assert "zebra" not in json.dumps(asdict(summary), default=str).lower()


def test_a_file_that_never_ends_is_ended_from_outside():
    body = calendar(*(series("FREQ=DAILY;INTERVAL=7;BYDAY=TU", uid=n) for n in range(50)))
    # Without its own stopwatch and with a generous processor bound only the wall time is left.
    limits = UploadLimits(entry_cpu_seconds=60, soft_cpu_seconds=60, cpu_seconds=60, wall_seconds=0.7)
    summary = read_upload(body, WINDOW, limits)
    assert (summary.problems, summary.is_usable) == ((Problem.TOO_SLOW,), False)


def test_the_operating_system_ends_a_reader_that_uses_up_its_processor_time():
    body = calendar(*(series("FREQ=DAILY;INTERVAL=7;BYDAY=TU", uid=n) for n in range(50)))
    limits = UploadLimits(entry_cpu_seconds=60, soft_cpu_seconds=60, cpu_seconds=1, wall_seconds=8)
    assert read_upload(body, WINDOW, limits).problems == (Problem.TOO_SLOW,)


def test_a_reader_without_memory_gives_an_answer():
    limits = UploadLimits(memory_bytes=1 << 24)
    assert read_upload(calendar(series("FREQ=DAILY")), WINDOW, limits).problems == (Problem.UNREADABLE,)


def test_entries_that_take_too_long_do_not_cost_the_good_ones_their_answer():
    # Walking to the year 9999 in search of February 30 takes seconds of any processor, a good entry a few ms.
    never = [series("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", uid=n) for n in range(40)]
    good = "UID:good|DTSTART:20261001T140000Z|DTEND:20261001T150000Z"
    limits = UploadLimits(entry_cpu_seconds=0.1, soft_cpu_seconds=0.3)
    summary = read_upload(calendar(good, *never), WINDOW, limits)
    assert [date.sentence for date in summary.single_dates] == ["Thu, Oct 1: 10:00 am to 11:00 am"]
    assert [(s.reason, s.entries) for s in summary.skipped] == [(SkipReason.TOO_SLOW, 40)]


# Files that are refused, and remarks


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", Problem.NOT_A_CALENDAR, id="empty"),
        pytest.param(b"PK\x03\x04 archive", Problem.NOT_A_CALENDAR, id="archive"),
        pytest.param(b"<html>BEGIN:VCALENDAR", Problem.NOT_A_CALENDAR, id="web page"),
        pytest.param(calendar("UID:a\0b"), Problem.NOT_TEXT, id="NUL"),
        pytest.param(calendar("UID:a").decode().encode("utf-16"), Problem.NOT_TEXT, id="UTF-16"),
        pytest.param(b"BEGIN:VCALENDAR\n" + b"x" * (1 << 20), Problem.TOO_LARGE, id="over 1 MiB"),
        pytest.param(calendar(*["A:1"] * 30_000), Problem.TOO_MANY_ENTRIES, id="30,000 events"),
        pytest.param(
            b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 50_000,
            Problem.TOO_MANY_ENTRIES,
            id="50,000 open events",
        ),
        pytest.param(
            calendar("|".join(f"X-{n}:1" for n in range(90_000))), Problem.TOO_MANY_ENTRIES, id="90,000 lines"
        ),
        pytest.param(b"BEGIN:VCALENDAR\n" + b"BEGIN:A\n" * 100_000, Problem.BUILT_ODDLY, id="100,000 levels"),
    ],
)
def test_a_file_is_refused_with_a_reason(data, problem):
    with pytest.raises(Refused) as refused:
        read(data)
    assert refused.value.problem == problem
    assert problem.is_fatal
    assert problem.sentence.endswith(".")


@pytest.mark.parametrize("data", [b"", b"\0" * 9, b"BEGIN:VCALENDAR\n" + b"y" * (1 << 20)])
def test_what_the_first_bytes_tell_needs_no_process(data, monkeypatch):
    monkeypatch.setattr("subprocess.run", None)
    assert not read_upload(data, WINDOW).is_usable


LUNCH = "UID:lunch|DTSTART;TZID=America/New_York:20261001T120000|DTEND;TZID=America/New_York:20261001T130000"


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        pytest.param(calendar(LUNCH), (), id="as it should be"),
        pytest.param(calendar(LUNCH).replace(b"\r\n", b"\n"), (), id="LF"),
        pytest.param(calendar(LUNCH).replace(b"\r\n", b"\r"), (), id="lone CR"),
        pytest.param(calendar(LUNCH).replace(b"\r\n", b"\r\n\r\n"), (), id="blank lines"),
        pytest.param(b"\xef\xbb\xbf\n  " + calendar(LUNCH), (), id="byte order mark and blanks"),
        pytest.param(calendar(LUNCH).lower().replace(b"america/new_york", NEW_YORK.encode()), (), id="small letters"),
        pytest.param(calendar(LUNCH).replace(b"T120000", b"T12\r\n 00\r\n\t00"), (), id="folded"),
        pytest.param(calendar(LUNCH + "|SUMMARY:caf\xe9").decode().encode("cp1252"), (Problem.GUESSED_LETTERS,),
                     id="old encoding"),
        pytest.param(calendar(LUNCH).replace(b"END:VCALENDAR\r\n", b""), (Problem.ENDS_EARLY,), id="no end"),
        pytest.param(calendar(LUNCH.replace(NEW_YORK, "Nowhere")), (Problem.GUESSED_ZONE,), id="unknown zone"),
        pytest.param(calendar(LUNCH.replace(NEW_YORK, "../../../etc/passwd")), (Problem.GUESSED_ZONE,), id="path"),
        pytest.param(calendar(LUNCH.replace(NEW_YORK, "x" * 60_000)), (Problem.GUESSED_ZONE,), id="long zone name"),
        pytest.param(calendar(LUNCH.replace(f";TZID={NEW_YORK}", "")), (), id="floating time is local"),
        pytest.param(calendar(LUNCH.replace(NEW_YORK, '"(UTC-05:00) Eastern Time (US & Canada)"')), (), id="Outlook"),
        pytest.param(calendar(LUNCH.replace(NEW_YORK, "(GMT-05:00) Eastern Time (US & Canada)")), (),
                     id="Outlook without quotes"),
        pytest.param(calendar(LUNCH, head="X-WR-TIMEZONE:" + "../" * 9000 + "etc"), (), id="path as calendar zone"),
        pytest.param(calendar(LUNCH + "|BEGIN:VALARM|TRIGGER:-PT5M|DTSTART:19700101T000000Z|END:VALARM"), (),
                     id="alarm"),
        pytest.param(
            calendar(
                LUNCH.replace(NEW_YORK, "Bomb"),
                head="BEGIN:VTIMEZONE|TZID:Bomb|BEGIN:STANDARD|DTSTART:19000101T000000|RRULE:FREQ=SECONDLY"
                "|TZOFFSETFROM:+0000|TZOFFSETTO:+0100|END:STANDARD|END:VTIMEZONE",
            ),
            (Problem.GUESSED_ZONE,),
            id="time-zone bomb",
        ),
        pytest.param(calendar(LUNCH + "|ATTACH;SIZE=1073741824:cid:x|CATEGORIES:" + "a," * 400_000), (),
                     id="claims of 1 GB, 400,000 categories"),
    ],
)  # fmt: skip
def test_one_lunch_is_read_from_every_kind_of_file(data, problems):
    reading = read(data)
    assert starts(reading) == ["10-01 16:00"]
    assert reading.problems == problems
    assert reading.skipped == {}


def test_floating_times_are_read_in_the_zone_the_calendar_names():
    reading = read(calendar(LUNCH.replace(f";TZID={NEW_YORK}", ""), head="X-WR-TIMEZONE:America/Chicago"))
    assert starts(reading) == ["10-01 17:00"]


def test_an_entry_the_file_cuts_off_is_counted_as_skipped():
    reading = read(calendar(LUNCH, LUNCH.replace("lunch", "2")).partition(b"DTEND")[0])
    assert reading.skipped == {SkipReason.UNFINISHED: 1}
    assert reading.problems == (Problem.ENDS_EARLY,)


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param(["BEGIN:VEVENT", LUNCH, "END:VEVENT"], id="the next begins"),
        pytest.param(["END:VCALENDAR", "BEGIN:VCALENDAR", "BEGIN:VEVENT", LUNCH, "END:VEVENT"], id="calendar ends"),
        pytest.param(["END:VTODO", "END:VCALENDAR", "BEGIN:VCALENDAR", "BEGIN:VEVENT", LUNCH, "END:VEVENT"],
                     id="something else ends"),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_ended_costs_only_itself(ends):
    begun = LUNCH.replace("lunch", "begun").replace("20261001", "20261005")
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", begun, *ends, "END:VCALENDAR", ""]
    reading = read("\r\n".join(lines).replace("|", "\r\n").encode())
    assert starts(reading) == ["10-01 16:00"]
    assert reading.skipped == {SkipReason.UNFINISHED: 1}


def test_only_a_few_files_are_read_at_the_same_time():
    with door._AT_ONCE, door._AT_ONCE:
        summary = read_upload(calendar(LUNCH), WINDOW, UploadLimits(wall_seconds=0.05))
    assert summary.problems == (Problem.NOT_NOW,)
    assert read_upload(calendar(LUNCH), WINDOW).is_usable


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="window"):
        UploadWindow(NEW_YORK, date(2026, 9, 7), date(2026, 9, 6))


def test_a_file_without_entries_says_so():
    assert read(calendar()).problems == (Problem.NO_ENTRIES,)


# Entries that are left out, each without harm to its neighbor


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(series("FREQ=SECONDLY"), SkipReason.RULE, id="every second"),
        pytest.param(series("FREQ=MINUTELY", day="19000101"), SkipReason.RULE, id="every minute since 1900"),
        pytest.param(series("FREQ=HOURLY", day="00010101"), SkipReason.RULE, id="every hour since year 1"),
        pytest.param(series("FREQ=DAILY;INTERVAL=0"), SkipReason.RULE, id="interval 0"),
        pytest.param(series("FREQ=DAILY;INTERVAL=367"), SkipReason.RULE, id="interval 367"),
        pytest.param(series("FREQ=DAILY;COUNT=1000000000"), SkipReason.RULE, id="a billion dates"),
        pytest.param(series("FREQ=DAILY", more="|EXRULE:FREQ=DAILY"), SkipReason.RULE, id="rule less itself"),
        pytest.param(series("FREQ=DAILY", more="|RRULE:FREQ=WEEKLY"), SkipReason.RULE, id="two rules"),
        pytest.param(series("FREQ=WEEKLY;BYHOUR=1,2,3;BYMINUTE=1,2;BYSECOND=1"), SkipReason.RULE, id="by hour"),
        pytest.param(series("FREQ=MONTHLY;BYSETPOS=1;BYDAY=MO"), SkipReason.RULE, id="by position"),
        pytest.param(series("FREQ=YEARLY;BYWEEKNO=20"), SkipReason.RULE, id="by week number"),
        pytest.param(series("FREQ=WEEKLY;BYDAY=" + ",".join(["MO"] * 32)), SkipReason.RULE, id="32 weekdays"),
        pytest.param(series("FREQ=WEEKLY;FREQ=DAILY"), SkipReason.RULE, id="twice the same part"),
        pytest.param(series("FREQ=DAILY;UNTIL=20269999"), SkipReason.RULE, id="no such last day"),
        pytest.param(series("x" * 60_000), SkipReason.RULE, id="60,000 letters"),
        pytest.param(series("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), SkipReason.TOO_SLOW, id="February 30"),
        pytest.param(series("FREQ=MONTHLY", day="20100101"), SkipReason.LONG_AGO, id="monthly since 2010"),
        pytest.param(series("FREQ=DAILY;COUNT=9000", day="20100101"), SkipReason.LONG_AGO, id="counted since 2010"),
        pytest.param(series("FREQ=DAILY", day="18991231"), SkipReason.BAD_TIMES, id="before 1970"),
        pytest.param(series("FREQ=DAILY", day="20261301"), SkipReason.BAD_TIMES, id="month 13"),
        pytest.param(series("FREQ=DAILY", more="|EXDATE:" + ",".join(["20261001T110000Z"] * 1001)),
                     SkipReason.TOO_BIG, id="1,001 exceptions"),
        pytest.param(series("FREQ=DAILY", more="|EXDATE:" + "2" * 70_000), SkipReason.TOO_BIG, id="long line"),
        pytest.param(series("FREQ=DAILY", more="|STATUS:X" * 201), SkipReason.TOO_BIG, id="201 properties"),
        pytest.param("UID:1|SUMMARY:no start", SkipReason.BAD_TIMES, id="no start"),
        pytest.param("UID:1|DTSTART:20261001T250000Z|DURATION:PT1H", SkipReason.BAD_TIMES, id="hour 25"),
        pytest.param("UID:1|DTSTART:tomorrow", SkipReason.BAD_TIMES, id="words"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DTSTART:20261002T100000Z", SkipReason.BAD_TIMES, id="2 starts"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DURATION:P9999W", SkipReason.TOO_LONG, id="191 years"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DTEND:20261101T100000Z", SkipReason.TOO_LONG, id="a month"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DURATION:P99999999999W", SkipReason.BAD_TIMES, id="eons"),
        pytest.param("UID:1|DTSTART;VALUE=DATE:20261001|DTEND:20261001T100000Z", SkipReason.BAD_TIMES,
                     id="a day until a time"),
        pytest.param("UID:1|DTSTART:20260801T100000Z|DURATION:PT1H|RDATE;VALUE=PERIOD:20261002T100000Z/P30D", SkipReason.TOO_LONG,
                     id="a period of 30 days"),
        pytest.param("UID:1|DTSTART:20261001T100000Z", SkipReason.NO_LENGTH, id="no end"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DTEND:20261001T090000Z", SkipReason.NO_LENGTH, id="ends first"),
        pytest.param("UID:1|DTSTART;VALUE=DATE:20261001", SkipReason.ALL_DAY, id="all day"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DURATION:PT1H|STATUS:CANCELLED", SkipReason.CANCELLED,
                     id="cancelled"),
        pytest.param("UID:1|DTSTART:20261001T100000Z|DURATION:PT1H|X-MICROSOFT-CDO-BUSYSTATUS:FREE", SkipReason.FREE,
                     id="free in Outlook"),
    ],
)  # fmt: skip
def test_a_bad_entry_costs_one_entry(event, reason):
    limits = UploadLimits(entry_cpu_seconds=0.1)
    reading = read(calendar(event, LUNCH), limits)
    assert reading.skipped == {reason: 1}
    assert starts(reading) == ["10-01 16:00"]
    assert reason.words


def test_too_many_dates_are_said_and_the_first_are_kept():
    reading = read(calendar(*(series("FREQ=DAILY", uid=n, day="20000103") for n in range(60))))
    assert (len(reading.occurrences), reading.problems) == (5000, (Problem.TOO_MANY_DATES,))


def test_walking_is_limited_over_all_series_together():
    limits = UploadLimits(periods=250)
    body = calendar(*(series("FREQ=DAILY;COUNT=999", uid=n, day="20260907") for n in range(5)))
    assert read(body, limits).skipped == {SkipReason.TOO_BIG: 3}


def test_remaining_entries_are_left_out_when_time_is_up():
    reading = read(calendar(LUNCH), UploadLimits(soft_cpu_seconds=-1))
    assert reading.skipped == {SkipReason.TOO_SLOW: 1}


def test_entries_outside_the_window_are_neither_read_nor_counted():
    far = [LUNCH.replace("20261001", day) for day in ("19990101", "20250101", "20261220", "20990101")]
    old = series("FREQ=DAILY;UNTIL=20200101T000000Z", day="20190101")
    reading = read(calendar(*far, old, "UID:5|DTSTART;VALUE=DATE:20250101"))
    assert (reading.occurrences, reading.skipped, reading.entries) == ((), {}, 6)


# What entries mean


def test_cancelled_and_moved_dates_of_a_series_are_understood():
    zone = f"TZID={NEW_YORK}"
    body = calendar(
        series("FREQ=WEEKLY;UNTIL=20261005T110000Z", uid="w"),
        f"UID:w|RECURRENCE-ID;{zone}:20260914T070000|DTSTART;{zone}:20260914T070000|DURATION:PT1H|STATUS:CANCELLED",
        f"UID:w|RECURRENCE-ID;{zone}:20260921T070000|DTSTART;{zone}:20260922T090000|DURATION:PT3H",
    )
    reading = read(body)
    assert starts(reading) == ["09-07 11:00", "09-22 13:00", "09-28 11:00", "10-05 11:00"]
    assert reading.skipped == {SkipReason.CANCELLED: 1}


def test_a_series_changed_from_some_date_on_is_left_out_with_a_reason():
    change = "UID:1|RECURRENCE-ID;RANGE=THISANDFUTURE:20260914T110000Z|DTSTART:20260914T120000Z|DURATION:PT1H"
    reading = read(calendar(series("FREQ=WEEKLY"), change))
    assert reading.skipped == {SkipReason.RULE: 1}


@pytest.mark.parametrize(
    ("until", "last"),
    [
        pytest.param("20260910", "09-10 11:00", id="a day is included"),
        pytest.param("20260910T070000", "09-10 11:00", id="local time"),
        pytest.param("20260910T065959", "09-09 11:00", id="local time a second before"),
        pytest.param("20260910T110000Z", "09-10 11:00", id="UTC"),
        pytest.param("20260910T105959Z", "09-09 11:00", id="UTC a second before"),
    ],
)
def test_the_end_of_a_series_means_what_people_mean(until, last):
    assert starts(read(calendar(series(f"FREQ=DAILY;UNTIL={until}"))))[-1] == last


def test_the_newest_revision_counts_and_entries_that_share_a_uid_by_mistake_are_all_read():
    revised = [LUNCH, LUNCH.replace("T120000", "T123000") + "|SEQUENCE:2"]
    assert starts(read(calendar(*revised))) == ["10-01 16:30"]
    careless = [LUNCH, LUNCH.replace("20261001", "20261002")]
    assert starts(read(calendar(*careless))) == ["10-01 16:00", "10-02 16:00"]


def test_all_day_entries_count_from_midnight_to_midnight_when_the_person_says_so():
    body = calendar("DTSTART;VALUE=DATE:20261031|DTEND;VALUE=DATE:20261102")  # the clocks change in between
    summary = read_upload(body, replace(WINDOW, all_day_is_busy=True))
    [interval] = summary.intervals
    assert interval.end - interval.start == timedelta(hours=49)
    assert [said.sentence for said in summary.single_dates] == ["Sat, Oct 31: all day", "Sun, Nov 1: all day"]


def test_titles_never_leave_the_first_look():
    found = scan(calendar(LUNCH + "|SUMMARY:zebra|DESCRIPTION:zebra|LOCATION:zebra"), UploadLimits())
    assert "zebra" not in repr(found)


RULES = st.builds(
    lambda frequency, interval, days, end: f"FREQ={frequency};INTERVAL={interval}{days}{end}",
    st.sampled_from(["DAILY", "WEEKLY"]),
    st.integers(1, 5),
    st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=4, unique=True).map(
        lambda days: f";BYDAY={','.join(days)}" if days else ""
    ),
    st.sampled_from(["", ";WKST=SU", ";UNTIL=20261101T120000Z", ";COUNT=700"]),
)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(rule=RULES, days_before=st.integers(0, 3650))
def test_moving_a_long_series_up_to_the_window_changes_no_date(rule, days_before):
    first = date(2026, 9, 7) - timedelta(days=days_before)
    reading = read(calendar(series(rule, day=f"{first:%Y%m%d}")))
    start = datetime(first.year, first.month, first.day, 7, tzinfo=ZoneInfo(NEW_YORK))
    until = datetime(2026, 12, 19, tzinfo=ZoneInfo(NEW_YORK))
    opens = datetime(2026, 9, 7, 4, tzinfo=UTC)
    dates = takewhile(lambda at: at < until, rrulestr(rule, dtstart=start))
    expected = {at.astimezone(UTC) for at in dates}
    expected |= {start.astimezone(UTC)}  # a series begins with its own date, whatever the rule says
    assert {at for at, _ in reading.occurrences} == {at for at in expected if opens <= at}
