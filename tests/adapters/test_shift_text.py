"""Pasted shifts: what people really paste is read, and a bad line costs itself alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.adapters.ical_upload import UploadWindow
from iop_schedule.adapters.shift_text import Shifts, read_shifts

WINDOW = UploadWindow("America/New_York", date(2026, 3, 4), date(2026, 9, 1))


def said(shifts: Shifts) -> list[str]:
    return [one.sentence for one in (*shifts.summary.patterns, *shifts.summary.single_dates)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-09,7:00,15:30",
        "Date,Start,End\n3/9/2026,7:00 am,3:30 pm\n",
        "Mon 3/9/26\t7am\t3:30pm\tStore 4\tKim",
        '"Monday, 3/9/2026";"7:00 a.m.";"3:30 p.m."',
        "\r\n3/9/2026 ; 7:00 am - 3:30 pm\r\n\r\n",
        "2026-03-09,07:00 to 15:30,",
    ],
)
def test_a_shift_is_read_as_people_write_it(text: str) -> None:
    assert said(read_shifts(text, WINDOW)) == ["Mon, Mar 9: 7:00 am to 3:30 pm"]


def test_a_night_shift_ends_on_the_next_day() -> None:
    assert said(read_shifts("3/9/2026,10 pm,6 am", WINDOW)) == [
        "Mon, Mar 9: 10:00 pm to 6:00 am the next day"
    ]


def test_shifts_that_repeat_are_said_as_one() -> None:
    lines = [f"2026-03-{day:02},9:00,17:00" for day in (9, 16, 23, 30)]
    assert said(read_shifts("\n".join(lines), WINDOW)) == [
        "Mon 9:00 am to 5:00 pm, 4 dates from Mar 9 to Mar 30"
    ]


def test_bad_lines_are_named_and_cost_themselves_alone() -> None:
    text = (
        "3/9/2026,7:00,15:30\n3/10/2026,off\n2/30/2026,7:00,8:00\n3/11/2026,25:00,26:00\n3/12/2026,9:00,9:00"
    )
    found = read_shifts(text, WINDOW)
    assert (said(found), found.bad) == (["Mon, Mar 9: 7:00 am to 3:30 pm"], 4)
    assert found.bad_lines == (
        "Line 2: Write the date, the start and the end, such as 2026-03-09, 7:00 am, 3:30 pm.",
        "Line 3: This date is not in the calendar. Check day, month and leap year (month first in 3/4/2026).",
        "Line 4: Write a time such as 18:00 or 6:00 pm.",
        "Line 5: The shift must not end when it starts.",
    )


def test_shifts_outside_the_dates_that_matter_are_counted() -> None:
    found = read_shifts("2026-03-03,9:00,17:00\n2026-09-02,9:00,17:00\n2026-03-04,9:00,17:00", WINDOW)
    assert (said(found), found.outside) == (["Wed, Mar 4: 9:00 am to 5:00 pm"], 2)


@given(st.text(max_size=300))
def test_nothing_that_is_pasted_breaks_it(text: str) -> None:
    found = read_shifts(text, WINDOW)
    assert found.bad >= len(found.bad_lines)
