"""Dated sessions: the same wall clock all year, never on a weekend or a closed day, one identity each."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.civil_time import days_between, monday_of
from iop_schedule.domain.occurrences import (
    NO_LONGER_MEETS,
    BadTime,
    Cancel,
    Closed,
    Existing,
    Follow,
    PlannedOccurrence,
    Replan,
    SessionStands,
    check_changeable,
    expand,
    moved_to,
    replan,
)
from iop_schedule.domain.series import WeeklyRule
from iop_schedule.vocabulary import CancelCause, OccurrenceStatus, Weekday
from tests.strategies import FIRST_DAY, LAST_DAY, OTHER_ZONES, US_ZONES, closures, rules

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def rule(**given: object) -> WeeklyRule:
    defaults = {
        "weekday": Weekday.MO,
        "local_start": time(18),
        "duration_minutes": 90,
        "zone": "America/New_York",
        "from_day": MONDAY,
    }
    return WeeklyRule(**{**defaults, **given})  # type: ignore[arg-type]


def test_monday_six_o_clock_stays_six_o_clock_when_clocks_change() -> None:
    found = expand(rule(), [], MONDAY, MONDAY + timedelta(days=7))
    assert found == [
        PlannedOccurrence(
            MONDAY, datetime(2026, 3, 2, 23, 0, tzinfo=UTC), datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
        ),
        PlannedOccurrence(
            date(2026, 3, 9),
            datetime(2026, 3, 9, 22, 0, tzinfo=UTC),
            datetime(2026, 3, 9, 23, 30, tzinfo=UTC),
        ),
    ]


def days(of: WeeklyRule, closed: list[Closed], weeks: int = 4) -> list[str]:
    return [f"{p.original_day:%m-%d}" for p in expand(of, closed, MONDAY, MONDAY + timedelta(weeks=weeks))]


EXPANSIONS = {
    "a closed day gives no session": (
        rule(), [Closed(date(2026, 3, 9), date(2026, 3, 9))], ["03-02", "03-16", "03-23", "03-30"],
    ),
    "a range is closed at both ends": (
        rule(), [Closed(date(2026, 3, 9), date(2026, 3, 16))], ["03-02", "03-23", "03-30"],
    ),
    "a closed Tuesday changes nothing": (
        rule(), [Closed(date(2026, 3, 3), date(2026, 3, 3))], ["03-02", "03-09", "03-16", "03-23", "03-30"],
    ),
    "every second week does not shift because of a closure": (
        rule(every_weeks=2), [Closed(date(2026, 3, 16), date(2026, 3, 16))], ["03-02", "03-30"],
    ),
    "overlapping closures": (
        rule(),
        [Closed(date(2026, 3, 1), date(2026, 3, 10)), Closed(date(2026, 3, 5), date(2026, 3, 20))],
        ["03-23", "03-30"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("of", "closed", "expected"), EXPANSIONS.values(), ids=EXPANSIONS)
def test_closures(of: WeeklyRule, closed: list[Closed], expected: list[str]) -> None:
    assert days(of, closed) == expected


def test_february_29_is_a_day_like_any_other() -> None:
    leap = rule(weekday=Weekday.TH, from_day=date(2024, 2, 1))
    found = [p.original_day for p in expand(leap, [], date(2024, 2, 20), date(2024, 3, 8))]
    assert found == [date(2024, 2, 22), date(2024, 2, 29), date(2024, 3, 7)]


def test_a_start_that_does_not_exist_moves_forward_by_the_gap() -> None:
    cairo = rule(zone="Africa/Cairo", weekday=Weekday.FR, local_start=time(0), from_day=date(2026, 4, 1))
    (first,) = expand(cairo, [], date(2026, 4, 24), date(2026, 4, 24))
    assert first.starts_at.astimezone(ZoneInfo("Africa/Cairo")).time() == time(1)


def changes_of(zone: str) -> list[date]:
    """Return every day, 2024 to 2035, whose midnight and the next differ in offset."""
    tz = ZoneInfo(zone)
    offsets = {
        day: datetime.combine(day, time(0), tz).utcoffset() for day in days_between(FIRST_DAY, LAST_DAY)
    }
    return [
        day
        for day in days_between(FIRST_DAY, LAST_DAY - timedelta(days=1))
        if offsets[day] != offsets[day + timedelta(days=1)]
    ]


def exists(day: date, wall: time, tz: ZoneInfo) -> bool:
    there = datetime.combine(day, wall, tz).astimezone(UTC).astimezone(tz)
    return (there.date(), there.time()) == (day, wall)


@pytest.mark.parametrize("zone", US_ZONES + OTHER_ZONES)
def test_around_every_change_of_clocks_the_wall_clock_is_constant_and_no_day_doubled_or_missing(
    zone: str,
) -> None:
    tz = ZoneInfo(zone)
    for change in changes_of(zone):
        first, last = change - timedelta(days=8), change + timedelta(days=8)
        for start, minutes in ((time(0), 60), (time(2, 30), 45), (time(9), 180), (time(21), 120)):
            for weekday in range(5):
                weekly = rule(
                    weekday=Weekday(weekday), local_start=start, duration_minutes=minutes, zone=zone,
                    from_day=date(2024, 1, 1) - timedelta(days=14),
                )  # fmt: skip
                found = expand(weekly, [], first, last)
                wanted = [d for d in days_between(first, last) if d.weekday() == weekday]
                assert [p.original_day for p in found] == wanted
                for planned in found:
                    local = planned.starts_at.astimezone(tz)
                    assert local.date() == planned.original_day
                    if exists(planned.original_day, start, tz):
                        assert local.time() == start
                    else:
                        assert local.time() > start
                    assert planned.ends_at - planned.starts_at == timedelta(minutes=minutes)


def test_the_zones_that_change_their_clocks_are_really_among_those_tried() -> None:
    assert len(changes_of("America/New_York")) == 24
    assert len(changes_of("Africa/Cairo")) == 24
    assert changes_of("America/Phoenix") == []


@settings(max_examples=150)
@given(rules(st.sampled_from(US_ZONES + OTHER_ZONES)), st.lists(closures(), max_size=4), st.integers(0, 400))
def test_an_expansion_equals_asking_the_rule_day_by_day(
    of: WeeklyRule, closed: list[Closed], length: int
) -> None:
    first = of.from_day - timedelta(days=10)
    last = first + timedelta(days=length)
    found = expand(of, closed, first, last)
    wanted = [
        day
        for day in days_between(first, last)
        if of.holds_on(day) and not any(c.from_day <= day <= c.until_day for c in closed)
    ]
    assert [p.original_day for p in found] == wanted
    assert all(p.original_day.weekday() < 5 for p in found)
    assert len({monday_of(p.original_day) for p in found}) == len(found)
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(found))


@settings(max_examples=80)
@given(rules(st.sampled_from(US_ZONES)), st.lists(closures(), max_size=3), st.integers(0, 60))
def test_two_expansions_meet_without_a_gap_or_a_double(of: WeeklyRule, closed: list[Closed], at: int) -> None:
    first, last = of.from_day, of.from_day + timedelta(days=60)
    middle = first + timedelta(days=at)
    whole = expand(of, closed, first, last)
    assert expand(of, closed, first, middle) + expand(of, closed, middle + timedelta(days=1), last) == whole


# What to do with sessions that exist.

SECOND = date(2026, 3, 9)
PLANS = {p.original_day: p for p in expand(rule(), [], MONDAY, SECOND + timedelta(days=14))}


def existing(day: date = SECOND, **given: object) -> Existing:
    planned = PLANS.get(day)
    defaults = {
        "id": 1,
        "original_day": day,
        "local_day": day,
        "starts_at": planned.starts_at if planned else datetime(2026, 3, 11, 22, tzinfo=UTC),
        "status": OccurrenceStatus.PLANNED,
        "cause": None,
        "edited": False,
        "has_attendance": False,
    }
    return Existing(**{**defaults, **given})  # type: ignore[arg-type]


CANCELLED = {"status": OccurrenceStatus.CANCELLED}
HOLIDAY = Closed(SECOND, SECOND, "Snow")
FOLLOWS = Replan((), (Follow(1, PLANS[SECOND], keep_time=False),), ())
KEEPS = Replan((), (Follow(1, PLANS[SECOND], keep_time=True),), ())
SNOWED = Replan((), (), (Cancel(1, CancelCause.CLOSURE, "Snow"),))
ENDED = Replan((), (), (Cancel(1, CancelCause.ENDED, NO_LONGER_MEETS),))
NOTHING = Replan((), (), ())
MISSING = Replan((PLANS[SECOND],), (), ())

REPLANS = {
    "a missing one is created": (rule(), [], [], MISSING),
    "none is created on a closed day": (rule(), [HOLIDAY], [], NOTHING),
    "one that stands follows its rule": (rule(), [], [existing()], FOLLOWS),
    "a new closure cancels it": (rule(), [HOLIDAY], [existing()], SNOWED),
    "a removed closure brings it back": (
        rule(), [], [existing(**CANCELLED, cause=CancelCause.CLOSURE)], FOLLOWS,
    ),
    "an ended rule cancels it": (rule(until_day=MONDAY), [], [existing()], ENDED),
    "a rule that goes on after all brings it back": (
        rule(), [], [existing(**CANCELLED, cause=CancelCause.ENDED)], FOLLOWS,
    ),
    "what a person cancelled stays cancelled": (
        rule(), [], [existing(**CANCELLED, cause=CancelCause.BY_HAND)], NOTHING,
    ),
    "what a person moved keeps its time": (
        rule(), [], [existing(edited=True, local_day=date(2026, 3, 11))], KEEPS,
    ),
    "what a person moved away from a closed day is held": (
        rule(), [HOLIDAY], [existing(edited=True, local_day=date(2026, 3, 11))], KEEPS,
    ),
    "what a person moved onto a closed day is not": (
        rule(), [Closed(date(2026, 3, 11), date(2026, 3, 11), "Snow")],
        [existing(edited=True, local_day=date(2026, 3, 11))], SNOWED,
    ),
    "an ended rule cancels what a person moved": (
        rule(until_day=MONDAY), [], [existing(edited=True, local_day=date(2026, 3, 11))], ENDED,
    ),
    "moved to after the end it is cancelled though its week was given": (
        rule(until_day=date(2026, 3, 10)), [], [existing(edited=True, local_day=date(2026, 3, 11))], ENDED,
    ),
    "moved to before the end it is held though its usual day is not": (
        rule(until_day=date(2026, 3, 6)), [], [existing(edited=True, local_day=date(2026, 3, 6))], KEEPS,
    ),
    "with attendance it stands": (rule(until_day=MONDAY), [HOLIDAY], [existing(has_attendance=True)], NOTHING),
    "begun, it stands": (rule(), [HOLIDAY], [existing(starts_at=NOW)], NOTHING),
    "not held stays not held": (rule(), [], [existing(status=OccurrenceStatus.NOT_HELD)], NOTHING),
    "a new weekday takes over the session of its week": (
        rule(weekday=Weekday.WE), [], [existing()],
        Replan((), (Follow(1, expand(rule(weekday=Weekday.WE), [], SECOND, date(2026, 3, 11))[0], keep_time=False),), ()),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("of", "closed", "standing", "expected"), REPLANS.values(), ids=REPLANS)
def test_replanning(of: WeeklyRule, closed: list[Closed], standing: list[Existing], expected: Replan) -> None:
    first, last = (SECOND, SECOND) if of.weekday is Weekday.MO else (SECOND, date(2026, 3, 11))
    assert (
        replan(of, closed, standing, first_day=first, last_day=last, moved_until=of.until_day, now=NOW)
        == expected
    )


def test_a_session_moved_from_last_week_into_this_one_is_not_forgotten() -> None:
    moved = existing(MONDAY, edited=True, local_day=date(2026, 3, 6), starts_at=NOW + timedelta(days=2))
    found = replan(
        rule(), [], [moved], first_day=date(2026, 3, 4), last_day=SECOND, moved_until=None, now=NOW
    )
    assert found == Replan((PLANS[SECOND],), (Follow(1, PLANS[MONDAY], keep_time=True),), ())


@settings(max_examples=120)
@given(
    rules(st.just("America/New_York")),
    st.lists(closures(), max_size=3),
    st.lists(closures(), max_size=3),
)
def test_replanning_what_was_just_planned_changes_nothing(
    of: WeeklyRule, before: list[Closed], after: list[Closed]
) -> None:
    first, last = of.from_day, of.from_day + timedelta(days=120)
    now = datetime.combine(first - timedelta(days=2), time(0), UTC)

    def apply(found: Replan, standing: dict[date, Existing]) -> dict[date, Existing]:
        by_id = {one.id: one for one in standing.values()}
        for planned in found.create:
            number = len(by_id) + 1
            by_id[number] = existing(
                planned.original_day, id=number, original_day=planned.original_day,
                local_day=planned.original_day, starts_at=planned.starts_at,
            )  # fmt: skip
        for cancel in found.cancel:
            by_id[cancel.id] = replace(by_id[cancel.id], **CANCELLED, cause=cancel.cause)  # type: ignore[arg-type]
        for follow in found.follow:
            by_id[follow.id] = replace(by_id[follow.id], status=OccurrenceStatus.PLANNED, cause=None)
        return {one.original_day: one for one in by_id.values()}

    standing: dict[date, Existing] = {}
    for closed in (before, after, before):
        for _ in range(2):
            found = replan(
                of,
                closed,
                standing.values(),
                first_day=first,
                last_day=last,
                moved_until=of.until_day,
                now=now,
            )
            changed = apply(found, standing)
            again = standing
            standing = changed
        assert again == standing
        held = [one.original_day for one in standing.values() if one.status is OccurrenceStatus.PLANNED]
        assert sorted(held) == [p.original_day for p in expand(of, closed, first, last)]


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(existing(starts_at=NOW), id="begins now"),
        pytest.param(existing(starts_at=NOW - timedelta(days=1)), id="past"),
        pytest.param(existing(has_attendance=True), id="attendance"),
        pytest.param(existing(status=OccurrenceStatus.NOT_HELD), id="not held"),
    ],
)
def test_what_has_begun_or_has_attendance_stays_as_it_is(one: Existing) -> None:
    with pytest.raises(SessionStands):
        check_changeable(one, now=NOW)


def test_a_session_still_to_come_may_change() -> None:
    check_changeable(existing(starts_at=NOW + timedelta(seconds=1)), now=NOW)


@pytest.mark.parametrize(
    ("day", "start", "minutes", "field", "says"),
    [
        pytest.param(date(2026, 3, 7), time(9), 60, "day", "weekend", id="a Saturday"),
        pytest.param(date(2026, 3, 3), time(9), 60, "day", "passed", id="yesterday"),
        pytest.param(date(2026, 3, 4), time(9), 60, "start", "passed", id="earlier today"),
        pytest.param(date(2026, 3, 9), time(9), 60, "day", "Snow", id="a closed day"),
        pytest.param(date(2026, 3, 10), time(23), 61, "start", "must end on the day", id="past midnight"),
    ],
)
def test_a_move_that_cannot_be_says_why(day: date, start: time, minutes: int, field: str, says: str) -> None:
    with pytest.raises(BadTime) as refused:
        moved_to(
            day, start, duration_minutes=minutes, zone_name="America/New_York", closures=[HOLIDAY], now=NOW
        )
    assert refused.value.field == field
    assert says in refused.value.message


def test_a_move_is_wall_clock_of_the_new_day() -> None:
    found = moved_to(
        date(2026, 3, 10), time(9), duration_minutes=60, zone_name="America/New_York", closures=[], now=NOW
    )
    assert (found.start, found.end) == (
        datetime(2026, 3, 10, 13, tzinfo=UTC), datetime(2026, 3, 10, 14, tzinfo=UTC),
    )  # fmt: skip


def test_a_closure_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadTime):
        Closed(date(2026, 3, 10), date(2026, 3, 9))
