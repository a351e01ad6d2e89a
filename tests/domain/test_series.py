"""Weekly rules: what can be held, splitting, seats and overlaps."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.civil_time import UnknownZone, letter_of, monday_of
from iop_schedule.domain.series import (
    BadSeries,
    Change,
    Place,
    Span,
    Split,
    WeeklyRule,
    end,
    first_overlap,
    most_at_once,
    most_in_a_week,
    split,
)
from iop_schedule.vocabulary import Weekday, WeekParity
from tests.strategies import rules

TUESDAY = date(2026, 3, 3)


def rule(**given: object) -> WeeklyRule:
    defaults = {
        "weekday": Weekday.TU,
        "local_start": time(9),
        "duration_minutes": 180,
        "zone": "America/New_York",
        "from_day": TUESDAY,
    }
    return WeeklyRule(**{**defaults, **given})  # type: ignore[arg-type]


REFUSED = {
    "Saturday": ({"weekday": Weekday.SA}, "weekday"),
    "Sunday": ({"weekday": Weekday.SU}, "weekday"),
    "past midnight": ({"local_start": time(23), "duration_minutes": 61}, "duration_minutes"),
    "no time at all": ({"duration_minutes": 0}, "duration_minutes"),
    "end before start": ({"duration_minutes": -60}, "duration_minutes"),
    "longer than 12 hours": ({"duration_minutes": 721}, "duration_minutes"),
    "a break as long as the session": ({"break_minutes": 180}, "break_minutes"),
    "a negative break": ({"break_minutes": -5}, "break_minutes"),
    "every third week": ({"every_weeks": 3}, "every_weeks"),
    "until before from": ({"until_day": TUESDAY - timedelta(days=1)}, "until_day"),
    "the year 1": ({"from_day": date(1, 1, 1)}, "from_day"),
    "the year 9999": ({"until_day": date(9999, 1, 1)}, "until_day"),
}


@pytest.mark.parametrize(("wrong", "field"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_held_names_its_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(BadSeries) as refused:
        rule(**wrong)
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "EST5EDT", "../etc/passwd", "America/New York"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        rule(zone=name)


def test_a_session_may_end_at_midnight() -> None:
    assert rule(local_start=time(22), duration_minutes=120).local_end == time(0)


def days(of: WeeklyRule, first: date, weeks: int) -> list[str]:
    return [f"{day:%m-%d}" for day in of.days(first, first + timedelta(weeks=weeks))]


DAYS = {
    "every week": ({}, ["03-03", "03-10", "03-17"]),
    "every second week": ({"every_weeks": 2}, ["03-03", "03-17"]),
    "every second week, counted from the week of its first day": (
        {"every_weeks": 2, "from_day": date(2026, 3, 4)}, ["03-17"],
    ),
    "first day later in the week": ({"from_day": date(2026, 3, 4)}, ["03-10", "03-17"]),
    "the last day counts": ({"until_day": date(2026, 3, 17)}, ["03-03", "03-10", "03-17"]),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), DAYS.values(), ids=DAYS)
def test_the_days_of_a_rule(given: dict[str, object], expected: list[str]) -> None:
    assert days(rule(**given), date(2026, 3, 2), 3) == expected


def test_a_rule_of_one_february_29() -> None:
    leap = rule(weekday=Weekday.TH, from_day=date(2024, 2, 29), until_day=date(2024, 2, 29))
    assert list(leap.days(date(2024, 1, 1), date(2030, 1, 1))) == [date(2024, 2, 29)]


def test_alternate_weeks_pass_a_year_of_53_weeks() -> None:
    fortnightly = rule(every_weeks=2, from_day=date(2026, 12, 15))
    found = list(fortnightly.days(date(2026, 12, 14), date(2027, 1, 31)))
    assert found == [date(2026, 12, 15), date(2026, 12, 29), date(2027, 1, 12), date(2027, 1, 26)]


def test_a_place_of_every_other_week_passes_a_year_of_53_weeks() -> None:
    """ISO weeks 53 and 1 follow each other; the weeks of a place go on alternating."""
    attended = rule(from_day=date(2026, 12, 1), week=letter_of(date(2026, 12, 15)))
    found = list(attended.days(date(2026, 12, 14), date(2027, 1, 31)))
    assert found == [date(2026, 12, 15), date(2026, 12, 29), date(2027, 1, 12), date(2027, 1, 26)]
    assert attended.next_day(date(2026, 12, 16)) == date(2026, 12, 29)


def test_places_in_opposite_weeks_never_overlap() -> None:
    a, b = (rule(week=week) for week in (WeekParity.A, WeekParity.B))
    assert first_overlap(a, b, Span(TUESDAY)) is None
    assert first_overlap(a, rule(), Span(TUESDAY)) == date(2026, 3, 10)


SPLITS = {
    "a new time": (
        date(2026, 3, 17), Change(local_start=time(10)),
        Split(rule(until_day=date(2026, 3, 16)), rule(local_start=time(10), from_day=date(2026, 3, 17))),
    ),
    "an earlier weekday takes the same week": (
        date(2026, 3, 17), Change(weekday=Weekday.MO),
        Split(rule(until_day=date(2026, 3, 16)), rule(weekday=Weekday.MO, from_day=date(2026, 3, 16))),
    ),
    "a later weekday takes the same week": (
        date(2026, 3, 17), Change(weekday=Weekday.FR),
        Split(rule(until_day=date(2026, 3, 16)), rule(weekday=Weekday.FR, from_day=date(2026, 3, 16))),
    ),
    "from the first session nothing has to be kept": (
        TUESDAY, Change(duration_minutes=90), Split(None, rule(duration_minutes=90)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cut", "change", "expected"), SPLITS.values(), ids=SPLITS)
def test_this_and_following(cut: date, change: Change, expected: Split) -> None:
    assert split(rule(), cut, change, not_before=TUESDAY) == expected


def test_the_successor_never_begins_before_it_can_be_planned() -> None:
    cut = split(rule(), date(2026, 3, 10), Change(weekday=Weekday.MO), not_before=date(2026, 3, 10))
    assert cut.successor.next_day(date(2026, 3, 1)) == date(2026, 3, 16)


def test_a_cut_on_a_day_without_a_session_is_refused() -> None:
    with pytest.raises(BadSeries):
        split(rule(), date(2026, 3, 4), Change(), not_before=TUESDAY)


@settings(max_examples=200)
@given(rules(st.just("America/New_York")), st.integers(0, 12), st.integers(0, 4))
def test_a_split_loses_no_week_and_doubles_none(whole: WeeklyRule, skipped: int, weekday: int) -> None:
    horizon = whole.from_day + timedelta(weeks=40)
    held = list(whole.days(whole.from_day, horizon))
    if not held:
        return
    cut = held[min(skipped, len(held) - 1)]
    result = split(whole, cut, Change(weekday=Weekday(weekday)), not_before=monday_of(cut))
    before = list(result.ended.days(whole.from_day, horizon)) if result.ended else []
    after = list(result.successor.days(monday_of(cut), horizon))
    weeks = [monday_of(day) for day in before + after]
    assert len(set(weeks)) == len(weeks)
    assert [d for d in held if d < cut] == before
    if whole.until_day is None:
        assert {monday_of(d) for d in held if d <= horizon - timedelta(days=7)} <= set(weeks)


def test_ending_before_the_first_day_leaves_nothing() -> None:
    assert end(rule(), TUESDAY - timedelta(days=1)) is None
    assert end(rule(), TUESDAY) == rule(until_day=TUESDAY)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60) | st.none(), st.sampled_from(WeekParity)), max_size=9
    ),
    st.integers(1, 3),
)
def test_no_week_ever_has_more_people_than_seats(
    asked: list[tuple[int, int | None, WeekParity]], seats: int
) -> None:
    taken: list[Place] = []
    for start, length, week in asked:
        first = TUESDAY + timedelta(days=start)
        days = Span(first, None if length is None else first + timedelta(days=length))
        if most_in_a_week(taken, days, week) < seats:
            taken.append(Place(days, week))
    for number in range(140):
        day = TUESDAY + timedelta(days=number)
        assert sum(place.covers(day) for place in taken) <= seats
    # Nobody of the other weeks is in the way: as many again find a place there.
    only_a = [place for place in taken if place.week is WeekParity.A]
    assert most_in_a_week(only_a, Span(TUESDAY), WeekParity.B) == 0


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30) | st.none()), max_size=6),
    st.integers(0, 30),
    st.integers(0, 10) | st.none(),
)
def test_most_at_once_is_a_day_by_day_count(
    lengths: list[tuple[int, int | None]], first: int, length: int | None
) -> None:
    def span(start: int, days: int | None) -> Span:
        day = TUESDAY + timedelta(days=start)
        return Span(day, None if days is None else day + timedelta(days=days))

    spans, within = [span(*given) for given in lengths], span(first, length)
    last = 120 if length is None else first + length
    counted = max(
        sum(
            s.first <= TUESDAY + timedelta(days=n)
            and (s.last is None or TUESDAY + timedelta(days=n) <= s.last)
            for s in spans
        )
        for n in range(first, last + 1)
    )
    assert most_at_once(spans, within) == counted


ALWAYS = Span(date(2026, 1, 1))
OVERLAPS = {
    "the same time": ({}, {}, ALWAYS, TUESDAY),
    "back to back": ({}, {"local_start": time(12)}, ALWAYS, None),
    "one minute shared": ({"duration_minutes": 181}, {"local_start": time(12)}, ALWAYS, TUESDAY),
    "another weekday": ({}, {"weekday": Weekday.WE}, ALWAYS, None),
    "alternate weeks that never meet": (
        {"every_weeks": 2}, {"every_weeks": 2, "from_day": date(2026, 3, 10)}, ALWAYS, None,
    ),
    "alternate weeks that do": (
        {"every_weeks": 2}, {"every_weeks": 2, "from_day": date(2026, 3, 17)}, ALWAYS, date(2026, 3, 17),
    ),
    "one ends before the other begins": (
        {"until_day": date(2026, 3, 9)}, {"from_day": date(2026, 3, 10)}, ALWAYS, None,
    ),
    "they share one last day": (
        {"until_day": date(2026, 3, 10)}, {"from_day": date(2026, 3, 10)}, ALWAYS, date(2026, 3, 10),
    ),
    "outside the days asked about": ({}, {}, Span(date(2026, 1, 1), date(2026, 3, 2)), None),
    "from a later day": ({}, {}, Span(date(2026, 6, 1)), date(2026, 6, 2)),
    "two zones at one instant": (
        {"local_start": time(12)}, {"zone": "America/Los_Angeles"}, ALWAYS, TUESDAY,
    ),
    "two zones, same wall clock": ({}, {"zone": "America/Los_Angeles"}, ALWAYS, None),
    "two zones that meet only once summer time ends": (
        {"local_start": time(12), "duration_minutes": 60},
        {"local_start": time(10), "duration_minutes": 50, "zone": "America/Phoenix"},
        Span(date(2026, 4, 1)), date(2026, 11, 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("a", "b", "within", "expected"), OVERLAPS.values(), ids=OVERLAPS)
def test_two_rules_that_want_the_same_time(
    a: dict[str, object], b: dict[str, object], within: Span, expected: date | None
) -> None:
    assert first_overlap(rule(**a), rule(**b), within) == expected
