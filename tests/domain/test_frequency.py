"""Delivered against offered and prescribed, week by week."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain import frequency
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.frequency import CareDates, DaySpan, DoseInForce, SessionFact, WeeklyFrequency

MONDAY = date(2026, 3, 2)
WEEK = ProgramWeek(MONDAY)
ENROLLED = CareDates(enrolled=DaySpan(date(2026, 1, 5)))
NINE_HOURS = (DoseInForce(date(2026, 1, 5), minutes=540, days=3),)


def fact(
    day: date, state: str, attended: int = 0, *, scheduled: int = 180, make_up: bool = False
) -> SessionFact:
    starts_at = datetime.combine(day, time(18), tzinfo=UTC)
    number = day.toordinal() * 10 + make_up
    return SessionFact(number, starts_at, day, scheduled, SessionState(state), attended, make_up)


def on(weekday: int) -> date:
    return MONDAY + timedelta(days=weekday)


def weekly(
    *facts: SessionFact,
    dates: CareDates = ENROLLED,
    doses: tuple[DoseInForce, ...] = NINE_HOURS,
    week: ProgramWeek = WEEK,
) -> WeeklyFrequency:
    return frequency.weekly_frequency(facts, week=week, dates=dates, doses=doses, minimum_minutes=540)


@pytest.mark.parametrize(
    ("state", "attended", "expected"),
    [
        pytest.param("attended", 180, (180, 180, 1, 1), id="attended: both sides"),
        pytest.param("attended_in_part", 110, (110, 180, 1, 1), id="in part: its minutes of the whole"),
        pytest.param("no_show", 0, (0, 180, 0, 1), id="no-show: offered, not delivered"),
        pytest.param("late_cancellation", 0, (0, 180, 0, 1), id="late cancellation: like a no-show"),
        pytest.param("excused", 0, (0, 180, 0, 1), id="excused: care not received is not received"),
        pytest.param("cancelled_by_program", 0, (0, 0, 0, 0), id="cancelled by program: neither"),
        pytest.param("closed", 0, (0, 0, 0, 0), id="closure: neither"),
        pytest.param("paused", 0, (0, 0, 0, 0), id="pause: neither"),
        pytest.param("outside_enrollment", 0, (0, 0, 0, 0), id="outside enrollment: neither"),
        pytest.param("not_recorded", 0, (0, 0, 0, 0), id="not recorded: neither"),
        pytest.param("upcoming", 0, (0, 0, 0, 0), id="still to come: neither"),
    ],
)
def test_each_state_counts_where_the_table_puts_it(
    state: str, attended: int, expected: tuple[int, int, int, int]
) -> None:
    week = weekly(fact(on(0), state, attended))
    counted = (week.delivered_minutes, week.eligible_minutes, week.sessions_attended, week.sessions_held)
    assert counted == expected


def test_a_week_adds_up_by_hand() -> None:
    week = weekly(
        fact(on(0), "attended", 180),
        fact(on(1), "attended_in_part", 90, scheduled=120),
        fact(on(2), "excused"),
        fact(on(3), "not_recorded"),
        fact(on(4), "attended", 180, make_up=True),
    )
    assert week == WeeklyFrequency(
        WEEK,
        delivered_minutes=450,
        eligible_minutes=480,
        prescribed_minutes=540,
        prescribed_days=3,
        sessions_attended=2,
        sessions_held=3,
        make_ups_attended=1,
        days_attended=3,
        billable_days=2,
        excused=1,
        not_recorded=1,
        recorded=4,
        not_recorded_minutes=180,
    )
    assert week.ratio == 450 / 480
    assert week.of_prescribed == 450 / 540
    assert week.completeness == 4 / 5


def test_a_week_without_sessions_has_no_ratio_rather_than_zero() -> None:
    week = weekly()
    assert (week.ratio, week.completeness) == (None, None)
    assert weekly(fact(on(0), "attended", 180, make_up=True)).ratio is None


def test_make_ups_can_lift_the_ratio_above_one() -> None:
    assert weekly(fact(on(0), "attended", 180), fact(on(1), "attended", 90, make_up=True)).ratio == 1.5


def test_a_missed_make_up_takes_nothing_away() -> None:
    kept = weekly(fact(on(0), "attended", 180))
    missed = weekly(fact(on(0), "attended", 180), fact(on(1), "no_show", make_up=True))
    assert missed == replace(kept, recorded=2)


THREE_ATTENDED = tuple(fact(on(n), "attended", 180) for n in (0, 2, 4))


@pytest.mark.parametrize(
    ("facts", "dates", "delivered", "offered"),
    [
        pytest.param(THREE_ATTENDED, ENROLLED, True, True, id="nine hours delivered"),
        pytest.param(
            (*THREE_ATTENDED[:2], fact(on(4), "no_show")), ENROLLED, False, True, id="the client missed one"
        ),
        pytest.param(THREE_ATTENDED[:2], ENROLLED, False, False, id="the program offered only six"),
        pytest.param(
            (*THREE_ATTENDED[:2], fact(on(4), "not_recorded")), ENROLLED, None, None, id="a record is missing"
        ),
        pytest.param(
            (*THREE_ATTENDED[:2], fact(on(4), "upcoming")), ENROLLED, None, None, id="the week is not over"
        ),
        pytest.param(
            (*THREE_ATTENDED, fact(on(3), "not_recorded")), ENROLLED, True, True, id="met whatever is missing"
        ),
        pytest.param(
            THREE_ATTENDED[:2],
            CareDates(DaySpan(date(2026, 1, 5)), step_downs=(DaySpan(MONDAY, on(11)),)),
            None,
            None,
            id="stepping down",
        ),
        pytest.param(
            THREE_ATTENDED[:2],
            CareDates(DaySpan(date(2026, 1, 5)), step_downs=(DaySpan(on(-14), on(11)),)),
            False,
            False,
            id="stepping down for more than two weeks",
        ),
        pytest.param(
            THREE_ATTENDED[1:],
            CareDates(DaySpan(on(1))),
            None,
            None,
            id="admitted on Tuesday: a partial week",
        ),
        pytest.param(
            THREE_ATTENDED[:2],
            CareDates(DaySpan(date(2026, 1, 5)), pauses=(DaySpan(on(4), on(4)),)),
            None,
            None,
            id="on a pause on Friday",
        ),
        pytest.param(
            THREE_ATTENDED[:2],
            CareDates(DaySpan(date(2026, 1, 5)), closures=(DaySpan(on(4), on(4)),)),
            False,
            False,
            id="closed on Friday: hours not offered",
        ),
    ],
)
def test_the_level_of_care_is_judged_for_delivered_and_for_offered(
    facts: tuple[SessionFact, ...], dates: CareDates, delivered: bool | None, offered: bool | None
) -> None:
    week = weekly(*facts, dates=dates)
    assert (week.level_of_care_delivered, week.level_of_care_offered) == (delivered, offered)


@pytest.mark.parametrize(
    ("dates", "doses", "prescribed"),
    [
        pytest.param(ENROLLED, NINE_HOURS, (540, 3), id="a whole week"),
        pytest.param(CareDates(DaySpan(on(2))), NINE_HOURS, (324, 3), id="admitted on Wednesday"),
        pytest.param(CareDates(DaySpan(MONDAY, on(1))), NINE_HOURS, (216, 2), id="discharged on Tuesday"),
        pytest.param(
            CareDates(DaySpan(MONDAY), pauses=(DaySpan(on(3)),)), NINE_HOURS, (324, 3), id="pause, open end"
        ),
        pytest.param(
            CareDates(DaySpan(MONDAY), closures=(DaySpan(on(3), on(4)),)), NINE_HOURS, (324, 3), id="holiday"
        ),
        pytest.param(
            ENROLLED,
            (DoseInForce(on(2), minutes=360, days=2), *NINE_HOURS),
            (432, 3),
            id="a smaller dose from Wednesday",
        ),
        pytest.param(ENROLLED, (DoseInForce(on(9), minutes=360, days=2),), (0, 0), id="not yet prescribed"),
        pytest.param(CareDates(DaySpan(on(4))), (DoseInForce(MONDAY, 543, 3),), (109, 1), id="rounded"),
    ],
)
def test_each_treatment_day_carries_a_fifth_of_the_dose_in_force(
    dates: CareDates, doses: tuple[DoseInForce, ...], prescribed: tuple[int, int]
) -> None:
    assert frequency.prescribed_in(WEEK, doses=doses, dates=dates) == prescribed


def test_day_based_billing_asks_for_three_hours_on_one_day() -> None:
    facts = [
        fact(on(0), "attended", 90, scheduled=90),
        replace(fact(on(0), "attended", 90, scheduled=90), occurrence_id=1),
        fact(on(1), "attended_in_part", 179),
        fact(on(2), "no_show"),
    ]
    assert frequency.billable_days(facts) == (on(0),)
    assert frequency.billable_days(facts, minimum_minutes=179) == (on(0), on(1))


def test_the_client_sees_hours_done_planned_and_to_go() -> None:
    week = frequency.client_week(
        weekly(
            fact(on(0), "attended", 180),
            fact(on(2), "not_recorded", scheduled=120),
            fact(on(4), "upcoming", scheduled=180),
        )
    )
    assert (week.done_minutes, week.waiting_minutes, week.planned_minutes) == (180, 120, 180)
    assert (week.goal_minutes, week.to_go_minutes, week.short_minutes) == (540, 360, 60)


def test_weeks_the_goal_was_met_are_out_of_weeks_that_had_a_goal() -> None:
    met = weekly(*THREE_ATTENDED)
    short = weekly(*THREE_ATTENDED[:2])
    no_goal = weekly(*THREE_ATTENDED, doses=())
    assert frequency.weeks_goal_met([met, short, no_goal, met]) == (2, 3)


def test_a_glide_path_is_one_step_down_counted_from_its_first_step() -> None:
    steps = (DaySpan(MONDAY, on(13)), DaySpan(on(14), on(27)), DaySpan(on(28)))
    path = CareDates(DaySpan(date(2026, 1, 5)), step_downs=steps)
    assert [path.steps_down(on(n)) for n in (-1, 0, 13, 14, 28)] == [False, True, True, False, False]
    later = replace(path, step_downs=(DaySpan(MONDAY, on(6)), DaySpan(on(14))))
    assert [later.steps_down(on(n)) for n in (6, 7, 14, 27, 28)] == [True, False, True, True, False]


STATES = [s for s in SessionState if not s.is_attended]


@st.composite
def histories(draw: st.DrawFn) -> list[SessionFact]:
    facts = []
    for number in range(draw(st.integers(0, 25))):
        day = MONDAY + timedelta(days=draw(st.integers(0, 34)))
        scheduled = draw(st.integers(0, 240))
        attended = draw(st.one_of(st.none(), st.integers(0, scheduled)))
        state = draw(st.sampled_from(STATES)) if attended is None else SessionState.ATTENDED
        made = fact(day, state, attended or 0, scheduled=scheduled, make_up=draw(st.booleans()))
        facts.append(replace(made, occurrence_id=number))
    return facts


def by_week(facts: list[SessionFact]) -> list[WeeklyFrequency]:
    return frequency.weekly_frequencies(
        facts, first=WEEK, weeks=5, dates=ENROLLED, doses=NINE_HOURS, minimum_minutes=540
    )


@given(facts=histories())
@settings(derandomize=True)
def test_totals_are_sums_of_weeks(facts: list[SessionFact]) -> None:
    whole = frequency.total(by_week(facts))
    assert whole.weeks == 5
    assert whole.delivered_minutes == sum(f.attended_minutes for f in facts)
    assert whole.eligible_minutes == sum(
        f.scheduled_minutes for f in facts if f.state.in_dose and not f.make_up
    )
    assert whole.prescribed_minutes == 5 * 540
    assert whole.billable_days == len(frequency.billable_days(facts))


@given(facts=histories(), seed=st.randoms(use_true_random=False))
@settings(derandomize=True)
def test_the_order_of_sessions_does_not_matter(facts: list[SessionFact], seed: object) -> None:
    shuffled = list(facts)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert by_week(shuffled) == by_week(facts)


@given(facts=histories())
@settings(derandomize=True)
def test_what_does_not_count_leaves_every_rate_alone(facts: list[SessionFact]) -> None:
    outside = {"cancelled_by_program", "closed", "paused", "outside_enrollment"}
    assert by_week([f for f in facts if f.state not in outside]) == by_week(facts)


def test_trailing_weeks_stop_at_the_week_asked_for() -> None:
    weeks = by_week([fact(on(7 * n), "attended", 30 * (n + 1)) for n in range(5)])
    fourth = WEEK.shifted(3)
    two = frequency.trailing(weeks, until=fourth, count=2)
    four = frequency.trailing(weeks, until=fourth, count=4)
    assert two is not None
    assert four is not None
    assert (two.first_week, two.last_week, two.delivered_minutes) == (WEEK.shifted(2), fourth, 90 + 120)
    assert (four.first_week, four.delivered_minutes) == (WEEK, 30 + 60 + 90 + 120)
    assert frequency.trailing(weeks, until=WEEK.shifted(-1), count=2) is None


def test_weeks_with_a_gap_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        weekly() + weekly(week=WEEK.shifted(2))


def test_a_fact_cannot_credit_more_than_was_scheduled() -> None:
    with pytest.raises(ValueError, match="190 attended of 180"):
        fact(on(0), "attended", 190)


def test_a_span_of_days_touches_whole_weeks() -> None:
    assert frequency.weeks_between(on(6), on(7)) == 2
    assert frequency.weeks_between(MONDAY, on(6)) == 1
