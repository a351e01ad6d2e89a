"""Several enrollments as one care: which one holds, what goes on, what begins again."""

from datetime import date

import pytest

from iop_schedule.domain.frequency import (
    CareDates,
    DaySpan,
    DoseInForce,
    Enrolled,
    as_of,
    dose_on,
    joined,
    joined_doses,
    minimum_in,
)

MONDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 3, n) for n in (2, 4, 5, 6))
NEXT_MONDAY = date(2026, 3, 9)
FIRST = DaySpan(date(2026, 1, 5), WEDNESDAY)
SECOND = DaySpan(THURSDAY)


def dates(*spans: DaySpan, on: date = MONDAY) -> CareDates:
    return joined([Enrolled(span, 540) for span in spans], on)


@pytest.mark.parametrize(
    ("spans", "day", "found"),
    [
        ((FIRST, SECOND), MONDAY, FIRST),
        ((FIRST, SECOND), WEDNESDAY, FIRST),
        ((SECOND, FIRST), THURSDAY, SECOND),
        ((FIRST, DaySpan(NEXT_MONDAY)), FRIDAY, FIRST),
        ((DaySpan(NEXT_MONDAY), SECOND), MONDAY, SECOND),
        ((), MONDAY, None),
    ],
    ids=["the next is not begun", "last day", "first day", "between: the latest begun", "the first to come", "none"],
)  # fmt: skip
def test_the_enrollment_of_a_day_is_the_one_that_covers_it(
    spans: tuple[DaySpan, ...], day: date, found: DaySpan | None
) -> None:
    assert as_of(spans, day, days=lambda span: span) == found


def test_a_transfer_goes_on_with_the_same_stay() -> None:
    for day in (MONDAY, THURSDAY):
        assert dates(FIRST, SECOND, on=day).enrolled == DaySpan(date(2026, 1, 5))
    over_a_weekend = dates(DaySpan(date(2026, 1, 5), FRIDAY), DaySpan(NEXT_MONDAY), on=date(2026, 3, 7))
    assert over_a_weekend.enrolled == DaySpan(date(2026, 1, 5))
    assert over_a_weekend.in_care(date(2026, 3, 7))


def test_a_return_after_a_gap_is_a_stay_of_its_own() -> None:
    back = dates(FIRST, DaySpan(FRIDAY), on=FRIDAY)
    assert (back.enrolled, back.other_stays) == (DaySpan(FRIDAY), (FIRST,))
    assert [back.is_enrolled(day) for day in (WEDNESDAY, THURSDAY, FRIDAY)] == [True, False, True]
    assert back.first_day == date(2026, 1, 5)


def test_what_is_said_about_an_enrollment_holds_on_its_days_only() -> None:
    first = Enrolled(FIRST, 540, pauses=(DaySpan(WEDNESDAY),), step_downs=(DaySpan(MONDAY),))
    second = Enrolled(SECOND, 0, closures=(DaySpan(MONDAY, THURSDAY),))
    found = joined([second, first], THURSDAY)
    assert found.pauses == (DaySpan(WEDNESDAY, WEDNESDAY),)
    assert found.step_downs == (DaySpan(MONDAY, WEDNESDAY),)
    assert found.closures == (DaySpan(THURSDAY, THURSDAY),)


def test_each_dose_holds_while_its_enrollment_lasts() -> None:
    nine = DoseInForce(date(2026, 1, 5), 540, 3)
    never = DoseInForce(NEXT_MONDAY, 360, 2)
    three = DoseInForce(THURSDAY, 180, 1)
    doses = joined_doses([Enrolled(FIRST, 540, doses=(nine, never)), Enrolled(SECOND, 0, doses=(three,))])
    assert [dose_on(day, doses) for day in (WEDNESDAY, THURSDAY, NEXT_MONDAY)] == [nine, three, three]


def test_nothing_prescribed_is_not_the_dose_of_the_program_before() -> None:
    nine = DoseInForce(date(2026, 1, 5), 540, 3)
    doses = joined_doses([Enrolled(FIRST, 540, doses=(nine,)), Enrolled(SECOND, 0)])
    assert dose_on(FRIDAY, doses) == DoseInForce(THURSDAY, 0, 0)


def test_the_week_of_a_transfer_is_judged_by_the_lower_minimum() -> None:
    both = [Enrolled(FIRST, 540), Enrolled(SECOND, 60)]
    assert minimum_in([MONDAY, WEDNESDAY], both) == 540
    assert minimum_in([MONDAY, FRIDAY], both) == 60
    assert minimum_in([date(2025, 12, 1)], both) == 0
