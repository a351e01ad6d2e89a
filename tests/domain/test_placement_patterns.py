"""Rotas, custody weeks and changed shifts as weekly patterns plus single dates."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.placement import collapse, rota_changes, rota_days
from iop_schedule.domain.placement.patterns import WEEKS
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity

MONDAY = date(2026, 3, 2)
WEEK = timedelta(weeks=1)
SHIFT = Commitment(
    kind=ConstraintKind.WORK, weekday=Weekday.MO, local_start=time(7), local_end=time(15),
    from_day=date(2025, 1, 1), id=1,
)  # fmt: skip


def dated(*weeks: int, start: int = 7, first_id: int = 10) -> list[Commitment]:
    return [
        replace(SHIFT, weekday=None, day=MONDAY + n * WEEK, local_start=time(start), id=first_id + n)
        for n in weeks
    ]


def found(*commitments: Commitment) -> list[tuple[time, WeekParity]]:
    return [(one.local_start, one.week) for one in collapse(commitments, first=MONDAY).typical]


CASES = {
    "weekly": ([SHIFT], [(time(7), WeekParity.EVERY)]),
    "a pasted rota of every week": (dated(*range(12)), [(time(7), WeekParity.EVERY)]),
    "a pasted rota of early and late weeks": (
        [*dated(0, 2, 4, 6, 8, 10), *dated(1, 3, 5, 7, 9, 11, start=12)],
        [(time(7), WeekParity.A), (time(12), WeekParity.B)],
    ),
    "one court date": (dated(3), []),
    "three dates of six A weeks": (dated(0, 4, 8), [(time(7), WeekParity.A)]),
    "custody every other week": (
        [replace(SHIFT, week=WeekParity.B, anchor_day=MONDAY)], [(time(7), WeekParity.B)],
    ),
    "a shift that ends after a month": (
        [replace(SHIFT, until_day=MONDAY + 5 * WEEK)], [(time(7), WeekParity.EVERY)],
    ),
    "a shift that ends next week": ([replace(SHIFT, until_day=MONDAY + WEEK)], []),
    "lifted on most dates": (
        [replace(SHIFT, exceptions=frozenset(MONDAY + n * WEEK for n in range(9)))], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("commitments", "typical"), CASES.values(), ids=CASES)
def test_a_calendar_becomes_the_weeks_it_is_made_of(
    commitments: list[Commitment], typical: list[tuple[time, WeekParity]]
) -> None:
    assert found(*commitments) == typical


def test_what_is_not_typical_is_kept_as_single_dates() -> None:
    other = dated(3, start=14)
    assert collapse([SHIFT, *other], first=MONDAY).exceptions == tuple(other)


def test_a_change_point_is_the_week_it_happens_in() -> None:
    old, new = (
        replace(SHIFT, until_day=MONDAY + 5 * WEEK),
        replace(SHIFT, local_start=time(12), local_end=time(20), from_day=MONDAY + 6 * WEEK, id=2),
    )
    pattern = collapse([old, new], first=MONDAY)
    assert [one.local_start for one in pattern.typical] == [time(7), time(12)]
    assert pattern.changes_on == MONDAY + 6 * WEEK
    assert collapse([SHIFT], first=MONDAY).changes_on is None


def shifts(*weeks: int, start: int = 7, weekday: int = 0) -> list[tuple[date, time, time]]:
    return [(MONDAY + n * WEEK + timedelta(days=weekday), time(start), time(start + 8)) for n in weeks]


@pytest.mark.parametrize(
    ("rota", "changes"),
    [
        pytest.param(shifts(*range(-8, 12)), [], id="as ever"),
        pytest.param([*shifts(*range(-8, 0)), *shifts(*range(8), start=14)], [MONDAY], id="moved to evenings"),
        pytest.param(shifts(-8, -6, -4, -2, 0, 2, 4), [], id="every other week, as ever"),
        pytest.param([*shifts(*range(-8, 1)), *shifts(1, 3, 5, start=14)], [MONDAY + WEEK], id="now every other"),
        pytest.param(shifts(*range(-8, 0)), [], id="the list ends"),
        pytest.param(shifts(0, 2), [], id="two dates are no rota"),
        pytest.param(shifts(-8, -7, -6, -5, -1, 0, 1, 2), [], id="back from leave"),
        pytest.param(
            [*shifts(0, 1, 2, weekday=3), *shifts(0, 1, 2, weekday=1)], [MONDAY + timedelta(days=1)],
            id="one day for the whole week",
        ),
        pytest.param(shifts(3, 4, 5), [], id="after the days asked about"),
    ],
)  # fmt: skip
def test_a_rota_of_dates_has_days_on_which_it_changed(
    rota: list[tuple[date, time, time]], changes: list[date]
) -> None:
    assert rota_changes(rota, first=MONDAY - 6 * WEEK, last=MONDAY + 2 * WEEK) == changes


@given(st.sets(st.integers(-20, 20)), st.integers(0, 4))
def test_only_the_days_that_matter_are_needed(weeks: set[int], back: int) -> None:
    first, last = MONDAY - back * WEEK, MONDAY + WEEK
    known_from, known_until = rota_days(first=first, last=last)
    known = [one for one in shifts(*weeks) if known_from <= one[0] <= known_until]
    assert rota_changes(known, first=first, last=last) == rota_changes(shifts(*weeks), first=first, last=last)


@given(st.sets(st.integers(0, WEEKS - 1)))
def test_dates_and_a_weekly_time_with_the_same_days_are_the_same_pattern(weeks: set[int]) -> None:
    lifted = frozenset(MONDAY + n * WEEK for n in range(WEEKS + 1) if n not in weeks)
    weekly = replace(SHIFT, exceptions=lifted)
    assert found(*dated(*sorted(weeks))) == found(weekly)
