"""The two channels, one session at a time: hand-computed cases and what must never change them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import zone
from iop_schedule.domain.frequency import SessionFact
from iop_schedule.domain.risk import level, watch
from iop_schedule.domain.risk.change import Arm, Arms
from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy

POLICY = MonitorPolicy()
SETTINGS = MonitorSettings(POLICY)
START = datetime(2026, 3, 2, 23, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def taken_through(shares: list[float], *, every_days: float = 2) -> Monitor:
    monitor = Monitor(SETTINGS)
    for number, share in enumerate(shares):
        monitor.observe(START + timedelta(days=every_days * number), share)
    return monitor


def numbers(monitor: Monitor) -> tuple[object, ...]:
    return (
        monitor.attended,
        monitor.missed,
        monitor.drop,
        monitor.stop,
        monitor.learnt_misses,
        monitor.learnt_sessions,
        monitor.consecutive_misses,
    )


def test_level_discounts_by_the_days_that_passed_before_adding() -> None:
    monitor = Monitor(SETTINGS)
    monitor.observe(day(0), 1.0)
    monitor.observe(day(7), 0.0)
    assert (monitor.attended, monitor.missed) == (0.7, 1.0)
    monitor.observe(day(21), 0.25)
    assert (monitor.attended, monitor.missed) == pytest.approx((0.7**3 + 0.25, 0.7**2 + 0.75), rel=1e-15)


def test_level_reads_share_interval_and_probability_by_hand() -> None:
    one = MonitorPolicy(prior_mean=0.5, prior_strength=2.0, low_share=0.5)
    read = level.reading(attended=1.0, missed=0.0, policy=one)
    # Beta(2, 1): the cumulative share of x is x squared.
    assert read.share == 2 / 3
    assert (read.low80, read.high80) == pytest.approx((0.1**0.5, 0.9**0.5), rel=1e-14)
    assert read.below_low_share == pytest.approx(0.25, rel=1e-14)
    assert (read.effective_n, read.is_enough) == (1.0, False)


def test_change_adds_the_log_likelihood_ratios_by_hand() -> None:
    # Nothing learnt yet: q = (0.2 * 6 + 0) / (6 + 0) = 0.2, p1 = 0.8 / 1.6 = 0.5, p2 = 0.9.
    monitor = Monitor(SETTINGS)
    monitor.observe(day(0), 0.0)
    assert (monitor.drop, monitor.stop) == pytest.approx((log(0.5 / 0.2), log(0.9 / 0.2)))
    assert (monitor.learnt_misses, monitor.learnt_sessions) == (1.0, 1)
    # q = (1.2 + 1) / 7; half a session adds half of each ratio.
    q = 2.2 / 7
    p1 = 4 * q / (1 + 3 * q)
    monitor.observe(day(2), 0.5)
    drop = log(2.5) + 0.5 * log(p1 / q) + 0.5 * log((1 - p1) / (1 - q))
    stop = log(4.5) + 0.5 * log(0.9 / q) + 0.5 * log(0.1 / (1 - q))
    assert (monitor.drop, monitor.stop) == pytest.approx((drop, stop))


def test_attending_never_takes_a_sum_below_zero() -> None:
    monitor = taken_through([1.0] * 5)
    assert (monitor.drop, monitor.stop, monitor.drop_since, monitor.stop_since) == (0.0, 0.0, None, None)
    assert (monitor.learnt_misses, monitor.learnt_sessions) == (0.0, 5)


@pytest.mark.parametrize(
    ("usual_misses", "of_sessions", "straight_misses"),
    [
        pytest.param(0, 60, 2, id="misses next to nothing: two"),
        pytest.param(6, 60, 2, id="misses one in ten: two"),
        pytest.param(12, 60, 3, id="misses one in five: three"),
        pytest.param(18, 60, 4, id="misses three in ten: four"),
        pytest.param(25, 60, 5, id="misses two in five: five"),
    ],
)
def test_how_many_straight_misses_alert_depends_on_what_is_usual(
    usual_misses: int, of_sessions: int, straight_misses: int
) -> None:
    monitor = Monitor(SETTINGS)
    monitor.learnt_misses, monitor.learnt_sessions = float(usual_misses), of_sessions
    alerts = [monitor.observe(day(n), 0.0) is not None for n in range(straight_misses)]
    assert alerts == [False] * (straight_misses - 1) + [True]


def test_an_alert_names_the_arm_and_the_first_session_of_the_rise_and_resets_both_sums() -> None:
    monitor = taken_through([1.0] * 20)
    assert monitor.observe(day(40), 0.0) is None
    alert = monitor.observe(day(42), 0.0)
    assert alert is not None
    assert (alert.arm, alert.since, alert.at) == (Arm.STOP, day(40), day(42))
    assert alert.stop >= POLICY.threshold > alert.drop
    assert (monitor.drop, monitor.stop, monitor.consecutive_misses) == (0.0, 0.0, 2)


def test_alerts_are_held_back_for_two_weeks_while_the_sums_go_on() -> None:
    monitor = taken_through([1.0] * 20)
    raised = [n for n in range(40, 64) if monitor.observe(day(n), 0.0) is not None]
    assert raised == [41, 56]
    assert monitor.stop > POLICY.threshold


def test_a_change_cannot_teach_itself_in() -> None:
    monitor = taken_through([1.0] * 20)
    monitor.observe(day(40), 0.0)
    learnt = (monitor.learnt_misses, monitor.learnt_sessions)
    assert monitor.stop >= POLICY.learn_below * POLICY.threshold
    assert learnt == (0.0, 20)


def test_the_usual_share_stays_between_its_bounds() -> None:
    arms = Arms(POLICY)
    assert arms.usual_miss(0.0, 1000) == 0.05
    assert arms.usual_miss(1000.0, 1000) == 0.45
    assert arms.usual_miss(0.0, 0) == pytest.approx(0.2)


def test_misses_in_a_row_end_with_any_attendance() -> None:
    assert taken_through([0.0, 0.0]).consecutive_misses == 2
    assert taken_through([0.0, 0.0, 0.1]).consecutive_misses == 0


@pytest.mark.parametrize("paused", [True, False], ids=["paused", "excused and the like"])
def test_a_session_that_says_nothing_changes_no_bit(*, paused: bool) -> None:
    monitor = taken_through([1.0, 0.0, 0.3, 1.0])
    before = numbers(monitor)
    monitor.skip(day(9), paused=paused)
    assert numbers(monitor) == before


def test_time_on_a_pause_is_left_out_of_the_clock() -> None:
    paused, straight = Monitor(SETTINGS), Monitor(SETTINGS)
    paused.observe(day(0), 1.0)
    paused.skip(day(3))
    paused.skip(day(10), paused=True)
    paused.skip(day(20), paused=True)
    paused.observe(day(22), 0.0)
    straight.observe(day(0), 1.0)
    straight.observe(day(5), 0.0)
    assert numbers(paused) == numbers(straight)


@pytest.mark.parametrize(
    ("minutes", "scheduled", "minimum", "share"),
    [
        pytest.param(90, 180, 0, 1.0, id="half is the whole"),
        pytest.param(89, 180, 0, 89 / 180, id="a minute less is the part"),
        pytest.param(100, 180, 120, 100 / 180, id="below the service's minimum"),
        pytest.param(120, 180, 120, 1.0, id="at the service's minimum"),
        pytest.param(0, 0, 0, 1.0, id="a session without minutes"),
        pytest.param(0, 180, 0, 0.0, id="no minutes"),
    ],
)
def test_half_a_session_counts_as_attended(minutes: int, scheduled: int, minimum: int, share: float) -> None:
    counted = level.attended_share(
        attended_minutes=minutes, scheduled_minutes=scheduled, service_minimum=minimum
    )
    assert counted == share


@given(attended=st.floats(0, 40), missed=st.floats(0, 40))
@settings(derandomize=True)
def test_the_shortcut_never_hides_a_low_level(attended: float, missed: float) -> None:
    low = level.below_low_share(attended=attended, missed=missed, policy=POLICY)
    assert level.may_be_low(attended=attended, missed=missed, policy=POLICY) or low < 0.5


SILENT = ["excused", "cancelled_by_program", "closed", "outside_enrollment", "not_recorded"]


@st.composite
def facts(draw: st.DrawFn, most: int = 40) -> list[SessionFact]:
    made = []
    for number in range(draw(st.integers(1, most))):
        at = day(draw(st.integers(0, 120)))
        state = draw(
            st.sampled_from(["attended", "attended_in_part", "no_show", "late_cancellation", *SILENT])
        )
        minutes = draw(st.integers(0, 180)) if state.startswith("attended") else 0
        make_up = draw(st.integers(0, 9)) == 0
        made.append(SessionFact(number, at, at.date(), 180, SessionState(state), minutes, make_up))
    return made


def followed(made: list[SessionFact], earlier: watch.Trail | None = None) -> watch.Trail:
    rows = watch.rows_of(made, policy=POLICY, now=day(1000), tz=UTC)
    return watch.follow(rows, settings=SETTINGS, earlier=earlier)


def state_of(trail: watch.Trail) -> tuple[object, ...]:
    last = trail.watch
    return (*numbers(last.monitor), last.alert, last.raised_level, last.attended_since_alert)


@given(made=facts())
@settings(derandomize=True)
def test_what_says_nothing_leaves_the_statistics_bit_identical(made: list[SessionFact]) -> None:
    speaking = [f for f in made if f.state not in SILENT]
    assert state_of(followed(speaking)) == state_of(followed(made))


@given(made=facts(), data=st.data())
@settings(derandomize=True)
def test_a_late_correction_gives_what_starting_again_gives(
    made: list[SessionFact], data: st.DataObject
) -> None:
    earlier = followed(made)
    number = data.draw(st.integers(0, len(made) - 1))
    corrected = list(made)
    corrected[number] = replace(made[number], state=SessionState.NO_SHOW, attended_minutes=0)
    assert state_of(followed(corrected, earlier)) == state_of(followed(corrected))


@given(made=facts(), order=st.randoms(use_true_random=False))
@settings(derandomize=True)
def test_the_order_in_which_records_arrive_does_not_matter(made: list[SessionFact], order: object) -> None:
    arriving = list(made)
    order.shuffle(arriving)  # type: ignore[attr-defined]
    trail = None
    for number in range(1, len(arriving) + 1):
        trail = followed(arriving[:number], trail)
    assert trail is not None
    assert state_of(trail) == state_of(followed(made))


def test_an_earlier_trail_under_another_policy_is_not_used() -> None:
    made = [SessionFact(n, day(n), day(n).date(), 60, SessionState.NO_SHOW) for n in range(20)]
    other = MonitorSettings(MonitorPolicy(threshold=2.0))
    rows = watch.rows_of(made, policy=POLICY, now=day(1000), tz=UTC)
    stale = watch.follow(rows, settings=other)
    assert state_of(watch.follow(rows, settings=SETTINGS, earlier=stale)) == state_of(followed(made))


def make_up(
    number: int, at: int, state: str = "attended", *, made_up: bool = True, of: int | None = None
) -> SessionFact:
    minutes = 180 if state == "attended" else 0
    return SessionFact(number, day(at), day(at).date(), 180, SessionState(state), minutes, made_up, of)


@pytest.mark.parametrize(
    ("made_up", "cancelled"),
    [
        pytest.param([make_up(9, 7)], {1}, id="a week later still cancels"),
        pytest.param([make_up(9, 8)], {2}, id="eight days later only the second"),
        pytest.param([make_up(9, 3), make_up(10, 4)], {1, 2}, id="two make-ups cancel two"),
        pytest.param([make_up(9, -7)], {1}, id="made up beforehand"),
        pytest.param([make_up(9, 3, "no_show")], set(), id="a missed make-up cancels nothing"),
        pytest.param([make_up(9, 3, made_up=False)], set(), id="an expected session is no make-up"),
        pytest.param([make_up(9, 3, of=2)], {2}, id="what it was booked for, not the earliest"),
        pytest.param([make_up(9, 3, of=2), make_up(10, 4, of=2)], {2}, id="twice for one counts once"),
        pytest.param([make_up(9, 8, of=1)], set(), id="booked for one that is too far away"),
        pytest.param([make_up(9, 3, of=7)], set(), id="booked for one that was not missed"),
        pytest.param([make_up(9, 3), make_up(10, 4, of=1)], {1, 2}, id="what was said goes first"),
    ],
)
def test_an_attended_make_up_cancels_one_miss_within_a_week(
    made_up: list[SessionFact], cancelled: set[int]
) -> None:
    misses = [make_up(1, 0, "no_show", made_up=False), make_up(2, 2, "no_show", made_up=False)]
    ordered = sorted([*misses, *made_up], key=lambda f: f.starts_at)
    assert watch.cancelled_misses(ordered, days=7) == cancelled


def test_level_stays_raised_until_it_is_well_below() -> None:
    latch = watch.Watch(SETTINGS)
    raised = []
    for number, share in enumerate([0.0] * 5 + [1.0] * 8):
        latch.see(watch.Row(day(2 * number), share, paused=False))
        raised.append(latch.raised_level is not None)
    low = level.below_low_share(attended=latch.monitor.attended, missed=latch.monitor.missed, policy=POLICY)
    assert low < 0.5
    assert raised == sorted(raised[:5]) + sorted(raised[5:], reverse=True)
    assert raised[4]
    assert not raised[-1]


def test_upcoming_sessions_are_not_seen() -> None:
    made = [make_up(1, 0, "no_show", made_up=False), make_up(2, 2, "upcoming", made_up=False)]
    assert len(watch.rows_of(made, policy=POLICY, now=day(1), tz=UTC)) == 1


def test_a_week_is_a_week_when_clocks_change_as_in_a_file_of_local_times() -> None:
    tz = zone("America/New_York")
    walls = [datetime(2026, 10, 26, 18), datetime(2026, 11, 2, 18)]
    held = [
        SessionFact(n, at.replace(tzinfo=tz), at.date(), 60, SessionState.NO_SHOW)
        for n, at in enumerate(walls)
    ]
    utc = [replace(fact, starts_at=fact.starts_at.astimezone(UTC)) for fact in held]
    rows = watch.rows_of(utc, policy=POLICY, now=day(1000), tz=tz)
    replayed = [watch.Row(at, 0.0, paused=False) for at in walls]
    paged, replay = (watch.follow(one, settings=SETTINGS).watch.monitor for one in (rows, replayed))
    assert (numbers(paged), paged.missed) == (numbers(replay), 1.7)


@pytest.mark.parametrize(
    "bad",
    [{"prior_mean": 1.0}, {"weekly_discount": 0.0}, {"threshold": 0.0}, {"lowest_usual_miss": 0.5}],
    ids=lambda bad: next(iter(bad)),
)
def test_settings_without_meaning_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        MonitorPolicy(**bad)


def test_dates_are_days_for_a_weekly_file() -> None:
    monitor = Monitor(SETTINGS)
    monitor.observe(datetime.combine(date(2001, 1, 1), datetime.min.time()), 1.0)
    monitor.observe(datetime.combine(date(2001, 1, 8), datetime.min.time()), 1.0)
    assert monitor.effective_n == 1.7


@pytest.mark.parametrize(
    ("state", "attended", "share"),
    [
        pytest.param("attended", 180, 1.0, id="attended"),
        pytest.param("attended_in_part", 90, 1.0, id="half of it is the whole session"),
        pytest.param("attended_in_part", 45, 0.25, id="less than half is its part"),
        pytest.param("no_show", 0, 0.0, id="no-show: a whole miss"),
        pytest.param("late_cancellation", 0, 0.0, id="late cancellation: a whole miss"),
        pytest.param("excused", 0, None, id="excused: says nothing"),
        pytest.param("cancelled_by_program", 0, None, id="cancelled by program: says nothing"),
        pytest.param("closed", 0, None, id="closure: says nothing"),
        pytest.param("paused", 0, None, id="pause: says nothing"),
        pytest.param("outside_enrollment", 0, None, id="outside enrollment: says nothing"),
        pytest.param("not_recorded", 0, None, id="not recorded: says nothing"),
    ],
)
def test_each_state_counts_for_adherence_where_the_table_puts_it(
    state: str, attended: int, share: float | None
) -> None:
    fact = SessionFact(1, day(0), day(0).date(), 180, SessionState(state), attended)
    assert watch.share_of(fact, policy=POLICY) == share
    made_up = SessionFact(1, day(0), day(0).date(), 180, SessionState(state), attended, make_up=True)
    assert watch.share_of(made_up, policy=POLICY) is None
