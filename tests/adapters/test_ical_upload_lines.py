"""Lines hold exactly the dates that were read, survive the trip through a page, and tell what changes."""

from datetime import date, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.ical_upload import UploadWindow
from iop_schedule.adapters.ical_upload.lines import Line, difference, lines_of, packed, unpacked
from iop_schedule.adapters.ical_upload.summary import summarize
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import days_between, instant, zone
from iop_schedule.vocabulary import ConstraintKind, Weekday

ZONE = "America/New_York"
WINDOW = UploadWindow(ZONE, date(2026, 9, 7), date(2026, 12, 20))


def read(dates: list[tuple[date, int, int]]) -> list[Line]:
    tz = zone(ZONE)
    times = [
        (instant(day, time(start), tz), instant(day + timedelta(days=end <= start), time(end), tz))
        for day, start, end in dates
    ]
    return lines_of(summarize(times, window=WINDOW), ConstraintKind.WORK, WINDOW)


def commitments(lines: list[Line]) -> list[Commitment]:
    return [one for line in lines for one in line.commitments]


def held(lines: list[Line]) -> set[tuple[date, int, int]]:
    days = days_between(WINDOW.first_day, WINDOW.last_day)
    return {
        (day, one.local_start.hour, one.local_end.hour)
        for day in days
        for one in commitments(lines)
        if one.begins_on(day)
    }


HOURS = st.sampled_from([(7, 15), (22, 6), (16, 18)])
DATES = st.sets(st.tuples(st.dates(WINDOW.first_day, WINDOW.last_day), HOURS), max_size=60)


@settings(max_examples=60)
@given(DATES)
def test_commitments_hold_on_exactly_the_dates_that_were_read(
    dates: set[tuple[date, tuple[int, int]]],
) -> None:
    wanted = {(day, *hours) for day, hours in dates}
    lines = read(sorted(wanted))
    assert held(lines) == wanted
    assert unpacked(packed(lines)) == lines


def weekdays(*, until: date, start: int = 7, but: tuple[date, ...] = ()) -> list[tuple[date, int, int]]:
    days = days_between(WINDOW.first_day, until)
    return [(day, start, 15) for day in days if day.weekday() < 5 and day not in but]


def test_a_pattern_that_lasts_as_long_as_we_look_has_no_last_day() -> None:
    assert {one.until_day for one in commitments(read(weekdays(until=WINDOW.last_day)))} == {None}
    assert {one.until_day for one in commitments(read(weekdays(until=date(2026, 11, 13))))} == {
        date(2026, 11, 13)
    }


def test_the_difference_is_said_in_words() -> None:
    before = commitments(read(weekdays(until=WINDOW.last_day)))
    after = commitments(
        read([*weekdays(until=WINDOW.last_day, but=(date(2026, 9, 9),)), (date(2026, 9, 9), 8, 15)])
    )
    found = difference(before, after, WINDOW)
    assert (found.new, found.gone, found.same) == (
        ("Wed, Sep 9: 8:00 am to 3:00 pm",), ("Wed, Sep 9: 7:00 am to 3:00 pm",), 74,
    )  # fmt: skip
    assert {one.weekday for one in before} == {Weekday(day) for day in range(5)}
