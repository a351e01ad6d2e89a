"""Who left, and how long people stayed, read from their sessions."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.engagement import Stay
from iop_schedule.domain.engagement.leaving import Departure, departure, stay
from iop_schedule.domain.frequency import CareDates, DaySpan, SessionFact

MONDAY = date(2026, 1, 5)


def facts(states: str) -> list[SessionFact]:
    """Return one session a week: a attended, m missed, e excused, n not recorded, p paused."""
    words = {
        "a": SessionState.ATTENDED, "m": SessionState.NO_SHOW, "e": SessionState.EXCUSED,
        "n": SessionState.NOT_RECORDED, "p": SessionState.PAUSED,
    }  # fmt: skip
    found = []
    for number, letter in enumerate(states):
        day = MONDAY + timedelta(weeks=number)
        starts = datetime.combine(day, time(15), UTC)
        found.append(SessionFact(number, starts, day, 60, words[letter], 60 if letter == "a" else 0))
    return found


def care(until: date | None = None, pause: DaySpan | None = None) -> CareDates:
    return CareDates(DaySpan(MONDAY, until), pauses=(pause,) if pause else ())


def week(number: int, plus: int = 0) -> date:
    return MONDAY + timedelta(weeks=number, days=plus)


@pytest.mark.parametrize(
    ("states", "until", "today", "expected"),
    [
        pytest.param("aamm", week(3, 2), week(9), Departure(week(1), week(3, 2)), id="missed two, then the end"),
        pytest.param("aammmmmm", week(7), week(9), Departure(week(1), week(5)), id="plain after four weeks"),
        pytest.param("aam", week(2, 2), week(9), None, id="missed one, then the end: finished"),
        pytest.param("aaa", week(2), week(9), None, id="came to the last: finished"),
        pytest.param("aammmm", None, week(5), Departure(week(1), week(5)), id="four weeks gone, still on the books"),
        pytest.param("aammm", None, week(4, 6), None, id="a day short of four weeks"),
        pytest.param("aaeeee", None, week(8), None, id="excused is not gone"),
        pytest.param("aannnn", None, week(8), None, id="nobody recorded it"),
        pytest.param("aamma", None, week(12), None, id="came back"),
        pytest.param("mmmm", week(3), week(9), None, id="never came"),
        pytest.param("aamm", week(20), week(4), None, id="an end still to come"),
    ],
)  # fmt: skip
def test_a_departure_needs_misses_and_an_end(
    states: str, until: date | None, today: date, expected: Departure | None
) -> None:
    assert departure(facts(states), dates=care(until), today=today) == expected


def test_four_weeks_without_coming_are_weeks_in_care() -> None:
    paused = care(pause=DaySpan(week(2), week(3, 6)))
    assert departure(facts("aappmmm"), dates=paused, today=week(6)) is None
    assert departure(facts("aappmmm"), dates=paused, today=week(7)) == Departure(week(1), week(7))


def test_a_make_up_not_kept_is_no_miss() -> None:
    missed = [replace(fact, make_up=fact.state.is_miss) for fact in facts("aamm")]
    assert departure(missed, dates=care(week(3)), today=week(9)) is None


def test_someone_on_a_pause_has_not_left() -> None:
    paused = care(pause=DaySpan(week(4), None))
    assert departure(facts("aammpppp"), dates=paused, today=week(8)) is None


@pytest.mark.parametrize(
    ("states", "until", "today", "expected"),
    [
        pytest.param("maamm", week(4), week(9), Stay(7, left=True), id="from the first to the last attended"),
        pytest.param("aaa", week(6), week(9), Stay(42, left=False), id="finished: followed to the end"),
        pytest.param("aaa", None, week(3), Stay(21, left=False), id="still here: followed to today"),
        pytest.param("m", None, week(3), None, id="never came"),
    ],
)
def test_a_stay_is_counted_from_the_first_session(
    states: str, until: date | None, today: date, expected: Stay | None
) -> None:
    assert stay(facts(states), dates=care(until), today=today) == expected
