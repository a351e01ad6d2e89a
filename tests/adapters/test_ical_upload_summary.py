"""Busy times are said the shortest way, and what is said is exactly what was read."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.ical_upload import BusyDate, BusyPattern, UploadWindow
from iop_schedule.adapters.ical_upload.summary import Hours, describe, summarize
from iop_schedule.domain.civil_time import days_between, instant, parity
from iop_schedule.domain.intervals import union
from iop_schedule.vocabulary import Weekday, WeekParity

MONDAY = date(2026, 9, 7)
TZ = ZoneInfo("America/New_York")
WINDOW = UploadWindow("America/New_York", MONDAY, date(2026, 12, 20))  # 15 weeks


def every(
    weekdays: str, *, weeks: int = 15, step: int = 1, skip: tuple[int, ...] = (), first: int = 0
) -> list[date]:
    """Days in the weeks first, first + step, …, without the weeks in `skip`; weekdays as digits, 0 is Monday."""
    chosen = [week for week in range(first, weeks, step) if week not in skip]
    return [MONDAY + timedelta(weeks=week, days=int(day)) for week in chosen for day in weekdays]


def said(*timetable: tuple[list[date], str, str]) -> list[str]:
    occurrences = []
    for days, start, end in timetable:
        for day in days:
            starts_at = instant(day, time.fromisoformat(start), TZ)
            ends_at = instant(day, time.fromisoformat(end), TZ)
            ends_at = (
                ends_at
                if ends_at > starts_at
                else instant(day + timedelta(days=1), time.fromisoformat(end), TZ)
            )
            occurrences.append((starts_at, ends_at))
    summary = summarize(occurrences, window=WINDOW)
    return [item.sentence for item in (*summary.patterns, *summary.single_dates)]


@pytest.mark.parametrize(
    ("timetable", "sentences"),
    [
        pytest.param([(every("01234"), "07:00", "15:30")], ["Mon to Fri 7:00 am to 3:30 pm, 75 dates"], id="work"),
        pytest.param([(every("024"), "09:00", "10:15")], ["Mon, Wed and Fri 9:00 am to 10:15 am, 45 dates"], id="classes"),
        pytest.param([(every("56", step=2), "08:00", "20:00")],
                     ["Sat and Sun 8:00 am to 8:00 pm every other week, 16 dates"], id="every other weekend"),
        pytest.param([(every("1"), "22:00", "06:00")], ["Tue 10:00 pm to 6:00 am the next day, 15 dates"], id="night"),
        pytest.param([(every("1"), "18:00", "00:00")], ["Tue 6:00 pm to midnight, 15 dates"], id="until midnight"),
        pytest.param([(every("1", skip=(3, 5)), "09:00", "10:00")],
                     ["Tue 9:00 am to 10:00 am, 13 dates, except Sep 29 and Oct 13"], id="two weeks off"),
        pytest.param([(every("1", weeks=11, skip=(2, 4, 5, 7, 8, 9)), "09:00", "10:00")],
                     ["Tue, Sep 8: 9:00 am to 10:00 am", "Tue, Sep 15: 9:00 am to 10:00 am", "Tue, Sep 29: 9:00 am to 10:00 am",
                      "Tue, Oct 20: 9:00 am to 10:00 am", "Tue, Nov 17: 9:00 am to 10:00 am"],
                     id="more exceptions than dates"),
        pytest.param([(every("0", weeks=14, skip=(2, 3, 6, 9)), "09:00", "10:00")],
                     ["Mon 9:00 am to 10:00 am, 10 dates, except 4 dates"], id="many weeks off"),
        pytest.param([(every("0", weeks=2), "09:00", "10:00")],
                     ["Mon, Sep 7: 9:00 am to 10:00 am", "Mon, Sep 14: 9:00 am to 10:00 am"], id="twice is no pattern"),
        pytest.param([(every("0", weeks=3), "09:00", "10:00")], ["Mon 9:00 am to 10:00 am, 3 dates from Sep 7 to Sep 21"], id="three times is"),
        pytest.param([(every("0", weeks=4), "09:00", "10:00"), (every("0", weeks=14, first=10), "09:00", "10:00")],
                     ["Mon 9:00 am to 10:00 am, 4 dates from Sep 7 to Sep 28", "Mon 9:00 am to 10:00 am, 4 dates from Nov 16 to Dec 7"], id="a long silence parts two"),
        pytest.param([(every("0", step=2), "07:00", "15:00"), (every("0", step=2, first=1), "15:00", "23:00")],
                     ["Mon 7:00 am to 3:00 pm every other week, 8 dates", "Mon 3:00 pm to 11:00 pm every other week, 7 dates"],
                     id="alternating shifts"),
        pytest.param([(every("02"), "09:00", "10:00"), ([date(2026, 10, 1)], "09:00", "10:00")],
                     ["Mon and Wed 9:00 am to 10:00 am, 30 dates", "Thu, Oct 1: 9:00 am to 10:00 am"], id="one more date"),
        pytest.param([(every("01234"), "09:00", "17:00"), (every("1"), "10:00", "11:00"), (every("1"), "16:00", "18:00")],
                     ["Mon to Fri 9:00 am to 5:00 pm, 75 dates", "Tue 4:00 pm to 6:00 pm, 15 dates"],
                     id="a meeting inside a shift"),
        pytest.param([], [], id="nothing"),
    ],
)  # fmt: skip
def test_times_are_said_like_this(timetable, sentences):
    assert said(*timetable) == sentences


def test_clock_changes_do_not_break_a_pattern():
    assert said((every("6", weeks=14), "01:30", "09:00")) == ["Sun 1:30 am to 9:00 am, 14 dates"]


def test_every_other_week_names_its_weeks_by_a_shared_anchor():
    days = {Hours(time(9), time(10), ends_next_day=False): set(every("0", step=2, first=1))}
    [pattern], single = describe(days, WINDOW)
    assert (pattern.week, pattern.anchor_day, single) == (WeekParity.B, MONDAY, ())


def test_a_trip_of_three_days_is_cut_at_midnights_and_kept_whole_as_an_interval():
    start, end = datetime(2026, 10, 2, 22, tzinfo=UTC), datetime(2026, 10, 4, 23, tzinfo=UTC)
    summary = summarize([(start, end)], window=WINDOW)
    assert [item.sentence for item in summary.single_dates] == [
        "Fri, Oct 2: 6:00 pm to midnight",
        "Sat, Oct 3: all day",
        "Sun, Oct 4: 12:00 am to 7:00 pm",
    ]
    assert [(i.start, i.end) for i in summary.intervals] == [(start, end)]


def test_intervals_are_merged_and_cut_to_the_window():
    opens, closes = instant(MONDAY, time(0), TZ), instant(date(2026, 12, 21), time(0), TZ)
    hour = timedelta(hours=1)
    summary = summarize(
        [(opens - hour, opens + hour), (opens + hour, opens + 2 * hour), (closes - hour, closes + hour)],
        window=WINDOW,
    )
    assert [(i.start, i.end) for i in summary.intervals] == [
        (opens, opens + 2 * hour),
        (closes - hour, closes),
    ]


def days_meant(item: BusyPattern | BusyDate) -> set[date]:
    if isinstance(item, BusyDate):
        return {item.day}
    return {
        day
        for day in days_between(item.from_day, item.until_day)
        if Weekday(day.weekday()) in item.weekdays
        and item.week in {WeekParity.EVERY, parity(day, item.anchor_day)}
        and day not in item.except_days
    }


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 6), min_size=1),
            st.sampled_from([1, 2, 3]),
            st.integers(0, 4),
            st.sets(st.integers(0, 100), max_size=6),
            st.sampled_from(
                [(time(7), time(15)), (time(22), time(6)), (time(0), time(0)), (time(8), time(8))]
            ),
        ),
        max_size=4,
    )
)
def test_what_is_said_is_exactly_what_was_read(habits):
    meant: dict[Hours, set[date]] = {}
    for weekdays, step, first, dropped, (start, end) in habits:
        hours = Hours(start, end, ends_next_day=end <= start)
        days = [MONDAY + timedelta(weeks=w, days=d) for w in range(first, 15, step) for d in sorted(weekdays)]
        meant.setdefault(hours, set()).update(day for n, day in enumerate(days) if n not in dropped)
    patterns, dates = describe(meant, WINDOW)
    found: dict[Hours, set[date]] = {}
    for item in (*patterns, *dates):
        hours = Hours(item.local_start, item.local_end, item.ends_next_day)
        assert not found.setdefault(hours, set()) & days_meant(item)  # nothing is said twice
        found[hours] |= days_meant(item)
    assert found == {hours: days for hours, days in meant.items() if days}
    assert all(pattern.dates == len(days_meant(pattern)) for pattern in patterns)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 102 * 1440), st.integers(1, 3000)), max_size=8))
def test_words_cover_the_same_minutes_as_the_intervals(stretches):
    opens = instant(MONDAY, time(0), TZ)
    times = [(opens + timedelta(minutes=a), opens + timedelta(minutes=a + length)) for a, length in stretches]
    # The hour that autumn repeats has no unambiguous wall clock; this test stays out of its day.
    times = [(a, b) for a, b in times if not {date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)}
             & set(days_between(a.date(), b.date()))]  # fmt: skip
    summary = summarize(times, window=UploadWindow("America/New_York", MONDAY, date(2027, 12, 31)))
    pieces = []
    for item in (*summary.patterns, *summary.single_dates):
        for day in days_meant(item):
            last = day + timedelta(days=1) if item.ends_next_day else day
            pieces.append((instant(day, item.local_start, TZ), instant(last, item.local_end, TZ)))
    again = summarize(pieces, window=UploadWindow("America/New_York", MONDAY, date(2027, 12, 31)))
    assert again.intervals == summary.intervals == tuple(union(summary.intervals))
