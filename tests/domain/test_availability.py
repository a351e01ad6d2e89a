"""What a week already holds, down to the minute and across midnight."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.availability import (
    BadCommitment,
    Clash,
    Commitment,
    DatedSlot,
    busy_on,
    clashes,
    free_windows,
    in_words,
    weekly_view,
)
from iop_schedule.domain.intervals import Interval
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity
from tests.strategies import commitments

MONDAY = date(2026, 3, 2)


def work(**given: object) -> Commitment:
    defaults = {
        "kind": ConstraintKind.WORK,
        "local_start": time(13),
        "local_end": time(21),
        "from_day": date(2026, 1, 1),
        "weekday": None if "day" in given else Weekday.MO,
    }
    return Commitment(**{**defaults, **given})  # type: ignore[arg-type]


NIGHT_SHIFT = work(weekday=Weekday.SU, local_start=time(22), local_end=time(6), ends_next_day=True)


def busy(commitment: Commitment, day: date, *, travel: bool = True) -> list[tuple[int, int]]:
    return [(b.interval.start, b.interval.end) for b in busy_on([commitment], day, travel=travel)]


BUSY = {
    "a weekly one on its day": (work(), MONDAY, [(780, 1260)]),
    "nothing on another day": (work(), MONDAY + timedelta(days=1), []),
    "an exception frees the date": (work(exceptions=frozenset({MONDAY})), MONDAY, []),
    "nothing before it begins": (work(from_day=MONDAY + timedelta(days=1)), MONDAY, []),
    "the first day counts": (work(from_day=MONDAY), MONDAY, [(780, 1260)]),
    "the last day counts": (work(until_day=MONDAY), MONDAY, [(780, 1260)]),
    "nothing after the last day": (work(until_day=MONDAY - timedelta(days=1)), MONDAY, []),
    "week A is the anchor's": (work(week=WeekParity.A, anchor_day=MONDAY), MONDAY, [(780, 1260)]),
    "week B is not": (work(week=WeekParity.B, anchor_day=MONDAY), MONDAY, []),
    "parity runs backwards too": (
        work(week=WeekParity.A, anchor_day=MONDAY + timedelta(days=21)), MONDAY, [],
    ),
    "Sunday night before midnight": (NIGHT_SHIFT, MONDAY - timedelta(days=1), [(1320, 1440)]),
    "Sunday night spills into Monday": (NIGHT_SHIFT, MONDAY, [(0, 360)]),
    "its last night ends after its last day": (
        replace(NIGHT_SHIFT, until_day=MONDAY - timedelta(days=1)), MONDAY, [(0, 360)],
    ),
    "an excepted night frees the morning after": (
        replace(NIGHT_SHIFT, exceptions=frozenset({MONDAY - timedelta(days=1)})), MONDAY, [],
    ),
    "the parity of a night is its evening's": (
        replace(NIGHT_SHIFT, week=WeekParity.A, anchor_day=MONDAY - timedelta(days=7)), MONDAY, [(0, 360)],
    ),
    "a whole day": (
        work(local_start=time(0), local_end=time(0), ends_next_day=True), MONDAY, [(0, 1440)],
    ),
    "travel widens both ends": (work(travel_before=30, travel_after=15), MONDAY, [(750, 1275)]),
    "travel reaches the next day": (
        work(local_end=time(23, 30), travel_after=60), MONDAY + timedelta(days=1), [(0, 30)],
    ),
    "travel reaches the day before": (
        work(weekday=Weekday.TU, local_start=time(0, 30), travel_before=60), MONDAY, [(1410, 1440)],
    ),
    "a single date": (work(day=MONDAY), MONDAY, [(780, 1260)]),
    "a single date does not repeat": (work(day=MONDAY), MONDAY + timedelta(days=7), []),
    "February 29": (
        work(weekday=Weekday.TH, from_day=date(2024, 2, 29), until_day=date(2024, 2, 29)),
        date(2024, 2, 29),
        [(780, 1260)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("commitment", "day", "expected"), BUSY.values(), ids=BUSY)
def test_a_day_holds(commitment: Commitment, day: date, expected: list[tuple[int, int]]) -> None:
    assert busy(commitment, day) == expected


def test_travel_can_be_left_out() -> None:
    assert busy(work(travel_before=30), MONDAY, travel=False) == [(780, 1260)]


@settings(max_examples=200)
@given(st.lists(commitments(), max_size=4), st.dates(date(2026, 1, 1), date(2026, 6, 30)))
def test_busy_minutes_are_those_of_a_minute_by_minute_count(held: list[Commitment], day: date) -> None:
    counted = set()
    for commitment in held:
        for offset in (-2, -1, 0, 1):
            if commitment.begins_on(day + timedelta(days=offset)):
                start = offset * 1440 + commitment.start_minute - commitment.travel_before
                end = offset * 1440 + commitment.end_minute + commitment.travel_after
                counted |= set(range(max(0, start), min(1440, end)))
    found = set()
    for one in busy_on(held, day):
        found |= set(range(one.interval.start, one.interval.end))
    assert found == counted


@settings(max_examples=200)
@given(
    st.lists(commitments(), max_size=4),
    st.dates(date(2026, 1, 1), date(2026, 6, 30)),
    st.sampled_from([0, 20, 90]),
    st.integers(420, 1250),
    st.integers(5, 300),
)
def test_a_session_clashes_exactly_when_it_does_not_lie_in_a_free_window(
    held: list[Commitment], day: date, trip: int, start: int, length: int
) -> None:
    end = min(start + length, 1260)
    windows = free_windows(held, day, travel_minutes=trip)
    hard = [c for c in clashes(held, [DatedSlot(day, start, end, trip)]) if c.commitment.hard]
    assert any(window.covers(Interval(start, end)) for window in windows) is (hard == [])


def test_free_windows_leave_room_for_the_longer_trip() -> None:
    shift = work(travel_before=30)
    assert free_windows([shift], MONDAY, travel_minutes=45) == [Interval(420, 735)]
    assert free_windows([shift], MONDAY, travel_minutes=10) == [Interval(420, 750), ]  # fmt: skip


def test_a_soft_commitment_takes_no_time_away() -> None:
    assert free_windows([work(hard=False)], MONDAY) == [Interval(420, 1260)]


CLASHES = {
    "inside the shift": ((840, 900, 0), 60),
    "half in it": ((720, 840, 0), 60),
    "back to back": ((720, 780, 0), None),
    "back to back, but the trip is missing": ((720, 780, 15), 0),
    "a gap as long as the trip": ((700, 765, 15), None),
    "after the shift": ((1260, 1320, 0), None),
}


@pytest.mark.parametrize(("slot", "minutes"), CLASHES.values(), ids=CLASHES)
def test_a_session_and_a_shift(slot: tuple[int, int, int], minutes: int | None) -> None:
    session = DatedSlot(MONDAY, slot[0], slot[1], slot[2])
    shift = work()
    expected = [] if minutes is None else [Clash(session, shift, minutes)]
    assert clashes([shift], [session]) == expected


def test_the_commitments_own_travel_counts_for_telehealth_too() -> None:
    session = DatedSlot(MONDAY, 720, 770, 0)
    assert [c.minutes for c in clashes([work(travel_before=15)], [session])] == [0]


def test_two_trips_are_not_added_up() -> None:
    session = DatedSlot(MONDAY, 700, 750, travel_minutes=30)
    assert clashes([work(travel_before=30)], [session]) == []


def test_a_night_shift_clashes_with_the_morning_after() -> None:
    session = DatedSlot(MONDAY, 300, 420)
    assert [c.minutes for c in clashes([NIGHT_SHIFT], [session])] == [60]


def test_clashes_come_in_order_of_day() -> None:
    slots = [DatedSlot(MONDAY + timedelta(days=7), 840, 900, key=2), DatedSlot(MONDAY, 840, 900, key=1)]
    assert [c.slot.key for c in clashes([work()], slots)] == [1, 2]


def test_the_typical_weeks_a_and_b() -> None:
    every = work(weekday=Weekday.TU)
    alternate = work(week=WeekParity.B, anchor_day=MONDAY)
    view = weekly_view([every, alternate, work(day=MONDAY), NIGHT_SHIFT], anchor=MONDAY)
    spans = {
        (week, day): [(b.interval.start, b.interval.end) for b in found]
        for week, held in view.items()
        for day, found in held.items()
        if found
    }
    assert spans == {
        (WeekParity.A, Weekday.MO): [(0, 360)],
        (WeekParity.A, Weekday.TU): [(780, 1260)],
        (WeekParity.A, Weekday.SU): [(1320, 1440)],
        (WeekParity.B, Weekday.MO): [(0, 360), (780, 1260)],
        (WeekParity.B, Weekday.TU): [(780, 1260)],
        (WeekParity.B, Weekday.SU): [(1320, 1440)],
    }


def test_a_commitment_that_ended_is_not_typical() -> None:
    view = weekly_view([work(until_day=MONDAY - timedelta(days=1))], anchor=MONDAY)
    assert view[WeekParity.A][Weekday.MO] == []


def test_one_that_begins_later_is_typical_when_asked_for_that_long() -> None:
    later = work(from_day=MONDAY + timedelta(days=30))
    assert weekly_view([later], anchor=MONDAY)[WeekParity.A][Weekday.MO] == []
    view = weekly_view([later], anchor=MONDAY, last_day=MONDAY + timedelta(days=60))
    assert [b.interval for b in view[WeekParity.A][Weekday.MO]] == [Interval(780, 1260)]


WORDS = {
    "weekly": (work(), "Work, Mondays 1:00 pm to 9:00 pm"),
    "with its own word": (work(label="pharmacy"), "Work (pharmacy), Mondays 1:00 pm to 9:00 pm"),
    "every other week": (
        work(week=WeekParity.A, anchor_day=MONDAY, from_day=MONDAY),
        "Work, Mondays 1:00 pm to 9:00 pm, every other week from Mar 2",
    ),
    "week B begins a week later": (
        work(week=WeekParity.B, anchor_day=MONDAY, from_day=MONDAY),
        "Work, Mondays 1:00 pm to 9:00 pm, every other week from Mar 9",
    ),
    "until": (work(until_day=date(2026, 5, 1)), "Work, Mondays 1:00 pm to 9:00 pm, until May 1"),
    "overnight": (NIGHT_SHIFT, "Work, Sundays 10:00 pm to 6:00 am the next day"),
    "to midnight": (
        work(local_end=time(0), ends_next_day=True), "Work, Mondays 1:00 pm to midnight",
    ),
    "one date": (
        work(kind=ConstraintKind.LEGAL, day=date(2026, 3, 4), local_start=time(9), local_end=time(12, 30)),
        "Legal appointment, Wed, Mar 4, 9:00 am to 12:30 pm",
    ),
    "soft": (work(hard=False), "Work, Mondays 1:00 pm to 9:00 pm, would rather not"),
    "any script": (work(label="夜勤 ナース"), "Work (夜勤 ナース), Mondays 1:00 pm to 9:00 pm"),
}  # fmt: skip


@pytest.mark.parametrize(("commitment", "words"), WORDS.values(), ids=WORDS)
def test_a_commitment_in_words(commitment: Commitment, words: str) -> None:
    assert in_words(commitment) == words


def test_the_reason_can_be_left_out() -> None:
    assert in_words(work(label="court date"), reason=False) == "Busy, Mondays 1:00 pm to 9:00 pm"


REFUSED = {
    "end before start": ({"local_end": time(12)}, "local_end"),
    "no length": ({"local_end": time(13)}, "local_end"),
    "longer than a day": ({"local_end": time(14), "ends_next_day": True}, "local_end"),
    "neither weekday nor date": ({"weekday": None}, "weekday"),
    "both weekday and date": ({"weekday": Weekday.MO, "day": MONDAY}, "weekday"),
    "until before from": ({"until_day": date(2025, 1, 1)}, "until_day"),
    "every other week without a date": ({"week": WeekParity.A}, "anchor_day"),
    "a label of 10,000 characters": ({"label": "x" * 10_000}, "label"),
    "travel of a day": ({"travel_before": 1440}, "travel_before"),
    "negative travel": ({"travel_after": -1}, "travel_after"),
    "the year 20260": ({"from_day": date(9999, 1, 1)}, "from_day"),
    "the year 20": ({"day": date(20, 1, 1)}, "day"),
}


@pytest.mark.parametrize(("wrong", "field"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_saved_names_its_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(BadCommitment) as refused:
        work(**wrong)
    assert refused.value.field == field
    assert refused.value.message.endswith(".")
