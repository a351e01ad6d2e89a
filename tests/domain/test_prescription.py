"""Which dose holds on a day, and what no week can hold."""

from datetime import date

import pytest

from iop_schedule.domain.prescription import (
    BadDose,
    BadPause,
    Dose,
    Pause,
    below_level,
    dose_on,
    is_paused,
)
from iop_schedule.vocabulary import PauseReason

FIRST, STEP_DOWN = Dose(date(2026, 1, 5), 540), Dose(date(2026, 3, 2), 360, minimum_days=2)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2026, 1, 4), None, id="none before the first"),
        pytest.param(date(2026, 1, 5), FIRST, id="from its first day"),
        pytest.param(date(2026, 3, 1), FIRST, id="until the next begins"),
        pytest.param(date(2026, 3, 2), STEP_DOWN, id="then the next"),
        pytest.param(date(2030, 1, 1), STEP_DOWN, id="and on"),
    ],
)
def test_the_dose_in_force(day: date, expected: Dose | None) -> None:
    assert dose_on([STEP_DOWN, FIRST], day) == expected


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"minutes": -1}, "minutes"),
        ({"minutes": 3001}, "minutes"),
        ({"over_minutes": 601}, "over_minutes"),
        ({"minimum_days": 6}, "minimum_days"),
        ({"most_minutes_a_day": 20}, "most_minutes_a_day"),
        ({"minutes": 600, "most_minutes_a_day": 119}, "most_minutes_a_day"),
    ],
)
def test_a_dose_no_week_can_hold_is_refused(wrong: dict[str, int], field: str) -> None:
    with pytest.raises(BadDose) as refused:
        Dose(**{"from_day": date(2026, 1, 5), "minutes": 540, **wrong})  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_pause_covers_both_its_ends() -> None:
    pauses = [Pause(date(2026, 2, 2), PauseReason.HOSPITAL, date(2026, 2, 6))]
    days = (date(2026, 2, 1), date(2026, 2, 2), date(2026, 2, 6), date(2026, 2, 7))
    assert [is_paused(pauses, day) for day in days] == [False, True, True, False]


def test_an_open_pause_goes_on() -> None:
    assert is_paused([Pause(date(2026, 2, 2), PauseReason.LEAVE)], date(2027, 1, 1))


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadPause):
        Pause(date(2026, 2, 2), PauseReason.LEAVE, date(2026, 2, 1))


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        (Pause(date(2026, 2, 6), PauseReason.LEAVE), True),
        (Pause(date(2026, 2, 7), PauseReason.LEAVE), False),
        (Pause(date(2026, 1, 1), PauseReason.LEAVE, date(2026, 2, 1)), False),
        (Pause(date(2026, 1, 1), PauseReason.LEAVE, date(2026, 2, 2)), True),
        (Pause(date(2026, 2, 3), PauseReason.LEAVE, date(2026, 2, 3)), True),
    ],
)
def test_pauses_that_share_a_day(other: Pause, shared: bool) -> None:
    pause = Pause(date(2026, 2, 2), PauseReason.HOSPITAL, date(2026, 2, 6))
    assert (pause.overlaps(other), other.overlaps(pause)) == (shared, shared)


def test_a_dose_below_its_level_of_care_says_why() -> None:
    assert below_level(STEP_DOWN, minimum_minutes=540, minimum_days=3) == [
        "6 hours a week is below the 9 hours of this program.",
        "2 days a week is below the 3 days of this program.",
    ]
    assert below_level(FIRST, minimum_minutes=540, minimum_days=3) == []
