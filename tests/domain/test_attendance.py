"""What may be marked, when, and the minutes it credits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain import attendance
from iop_schedule.domain.attendance import Correction, Mark, SessionState, Settled
from iop_schedule.vocabulary import AttendanceStatus as Status

STARTS = datetime(2026, 3, 2, 18, tzinfo=UTC)
ENDS = datetime(2026, 3, 2, 21, tzinfo=UTC)


def at(clock: str) -> datetime:
    hour, minute, *second = (int(part) for part in clock.split(":"))
    return datetime(2026, 3, 2, hour, minute, second[0] if second else 0, tzinfo=UTC)


def settle(mark: Mark, *, break_minutes: int = 15) -> Settled:
    return attendance.settle(mark, starts_at=STARTS, ends_at=ENDS, break_minutes=break_minutes)


def mark(status: Status, arrived: str | None = None, left: str | None = None) -> Mark:
    return Mark(status, arrived_at=arrived and at(arrived), left_at=left and at(left))


@pytest.mark.parametrize(
    ("status", "arrived", "left", "settled"),
    [
        pytest.param(Status.ATTENDED, None, None, (Status.ATTENDED, 165), id="present is the whole session"),
        pytest.param(Status.ATTENDED_PART, "19:00", None, (Status.ATTENDED_PART, 110), id="an hour late"),
        pytest.param(Status.ATTENDED_PART, None, "20:00", (Status.ATTENDED_PART, 110), id="an hour early"),
        pytest.param(
            Status.ATTENDED_PART, "19:00", "20:00", (Status.ATTENDED_PART, 55), id="the middle hour"
        ),
        pytest.param(Status.ATTENDED, "18:01", None, (Status.ATTENDED_PART, 164), id="a minute late is part"),
        pytest.param(Status.ATTENDED, "18:00:59", None, (Status.ATTENDED, 165), id="seconds are dropped"),
        pytest.param(Status.ATTENDED_PART, "17:40", None, (Status.ATTENDED, 165), id="early is on time"),
        pytest.param(Status.ATTENDED, None, "21:30", (Status.ATTENDED, 165), id="staying on adds nothing"),
        pytest.param(
            Status.ATTENDED_PART, "20:59", None, (Status.ATTENDED_PART, 0), id="rounded down to no minute"
        ),
        pytest.param(Status.NO_SHOW, None, None, (Status.NO_SHOW, 0), id="not here"),
        pytest.param(Status.EXCUSED, None, None, (Status.EXCUSED, 0), id="excused"),
        pytest.param(Status.LATE_CANCEL, None, None, (Status.LATE_CANCEL, 0), id="late cancellation"),
        pytest.param(Status.PROGRAM_CANCELLED, None, None, (Status.PROGRAM_CANCELLED, 0), id="cancelled"),
    ],
)
def test_a_mark_settles_to_a_status_and_minutes(
    status: Status, arrived: str | None, left: str | None, settled: tuple[Status, int]
) -> None:
    assert settle(mark(status, arrived, left)) == Settled(*settled)


@pytest.mark.parametrize(
    ("status", "arrived", "left", "error"),
    [
        pytest.param(Status.ATTENDED_PART, None, None, attendance.TimeMissing, id="late without a time"),
        pytest.param(Status.ATTENDED_PART, "21:00", None, attendance.ArrivedAfterEnd, id="at the end"),
        pytest.param(Status.ATTENDED, "22:00", "22:30", attendance.ArrivedAfterEnd, id="after the end"),
        pytest.param(Status.ATTENDED, "19:00", "18:30", attendance.LeftBeforeArriving, id="left first"),
        pytest.param(Status.ATTENDED, "19:00", "19:00", attendance.LeftBeforeArriving, id="same minute"),
        pytest.param(Status.ATTENDED, None, "18:00", attendance.LeftBeforeStart, id="left at the start"),
        pytest.param(Status.ATTENDED, "17:30", "17:45", attendance.LeftBeforeStart, id="never there"),
        pytest.param(Status.NO_SHOW, "19:00", None, attendance.TimeWithoutAttendance, id="absent at seven"),
        pytest.param(Status.EXCUSED, None, "19:00", attendance.TimeWithoutAttendance, id="excused, left"),
    ],
)
def test_times_that_cannot_be_are_refused(
    status: Status, arrived: str | None, left: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        settle(mark(status, arrived, left))


def test_a_refusal_names_the_field_to_correct() -> None:
    with pytest.raises(attendance.LeftBeforeArriving) as refused:
        settle(mark(Status.ATTENDED, "19:00", "18:30"))
    assert refused.value.field == "left_at"


@given(arrived=st.integers(-60, 170), left=st.integers(10, 260), break_minutes=st.integers(0, 60))
@settings(derandomize=True)
def test_minutes_never_exceed_the_schedule_and_coming_earlier_never_costs(
    arrived: int, left: int, break_minutes: int
) -> None:
    if left <= max(arrived, 0):
        left = max(arrived, 0) + 1

    def minutes(came: int) -> int:
        times = Mark(Status.ATTENDED_PART, STARTS + timedelta(minutes=came), STARTS + timedelta(minutes=left))
        return settle(times, break_minutes=break_minutes).minutes

    assert 0 <= minutes(arrived) <= 180 - break_minutes
    assert minutes(arrived - 1) >= minutes(arrived)


@given(cut=st.integers(1, 179), break_minutes=st.integers(0, 60))
@settings(derandomize=True)
def test_two_parts_of_a_session_never_credit_more_than_the_whole(cut: int, break_minutes: int) -> None:
    at_cut = STARTS + timedelta(minutes=cut)
    first = settle(Mark(Status.ATTENDED_PART, left_at=at_cut), break_minutes=break_minutes).minutes
    second = settle(Mark(Status.ATTENDED_PART, arrived_at=at_cut), break_minutes=break_minutes).minutes
    assert 180 - break_minutes - 1 <= first + second <= 180 - break_minutes


def test_a_session_that_is_all_break_credits_nothing() -> None:
    assert settle(mark(Status.ATTENDED), break_minutes=200) == Settled(Status.ATTENDED, 0)


@pytest.mark.parametrize(
    ("now", "opens_minutes", "allowed"),
    [
        pytest.param("17:29:59", 30, False, id="a second too soon"),
        pytest.param("17:30", 30, True, id="half an hour before"),
        pytest.param("17:30", 10, False, id="the program opens later"),
        pytest.param("23:00", 30, True, id="afterwards"),
    ],
)
def test_attendance_opens_shortly_before_the_start(now: str, opens_minutes: int, *, allowed: bool) -> None:
    def check() -> None:
        attendance.check_markable(starts_at=STARTS, cancelled=False, now=at(now), opens_minutes=opens_minutes)

    if allowed:
        check()
    else:
        with pytest.raises(attendance.NotYetOpen, match=f"{opens_minutes} minutes before the start"):
            check()


def test_a_cancelled_session_cannot_be_marked() -> None:
    with pytest.raises(attendance.SessionCancelled):
        attendance.check_markable(starts_at=STARTS, cancelled=True, now=ENDS)


@pytest.mark.parametrize(
    ("hours_before", "status"),
    [
        pytest.param(24, Status.EXCUSED, id="exactly at the notice period"),
        pytest.param(23.99, Status.LATE_CANCEL, id="inside it"),
        pytest.param(-1, Status.LATE_CANCEL, id="after the start"),
    ],
)
def test_an_announced_absence_is_excused_when_told_in_time(hours_before: float, status: Status) -> None:
    told_at = STARTS - timedelta(hours=hours_before)
    told = attendance.cancellation_status(told_at=told_at, starts_at=STARTS, notice_minutes=24 * 60)
    assert told == status


@given(order=st.permutations(range(1, 6)))
@settings(derandomize=True)
def test_the_order_in_which_corrections_arrive_does_not_matter(order: list[int]) -> None:
    statuses = [Status.NO_SHOW, Status.EXCUSED, Status.ATTENDED, Status.NO_SHOW, Status.ATTENDED]
    corrections = [Correction(version, Mark(statuses[version - 1])) for version in order]
    assert attendance.standing_mark(corrections) == Mark(Status.ATTENDED)


def test_a_mark_taken_back_is_to_mark_again() -> None:
    taken_back = [Correction(2, None), Correction(1, Mark(Status.NO_SHOW))]
    assert attendance.standing_mark(taken_back) is None
    assert attendance.standing_mark([]) is None


@pytest.mark.parametrize(
    ("status", "circumstances", "state"),
    [
        pytest.param(Status.ATTENDED, {}, SessionState.ATTENDED, id="attended"),
        pytest.param(Status.ATTENDED_PART, {}, SessionState.ATTENDED_PART, id="attended in part"),
        pytest.param(Status.NO_SHOW, {}, SessionState.NO_SHOW, id="no-show"),
        pytest.param(Status.LATE_CANCEL, {}, SessionState.LATE_CANCEL, id="late cancellation"),
        pytest.param(Status.EXCUSED, {}, SessionState.EXCUSED, id="excused"),
        pytest.param(Status.PROGRAM_CANCELLED, {}, SessionState.PROGRAM_CANCELLED, id="cancelled for one"),
        pytest.param(None, {}, SessionState.NOT_RECORDED, id="to mark"),
        pytest.param(Status.ENTERED_IN_ERROR, {}, SessionState.NOT_RECORDED, id="entered in error"),
        pytest.param(None, {"now": ENDS - timedelta(seconds=1)}, SessionState.UPCOMING, id="not over yet"),
        pytest.param(Status.NO_SHOW, {"paused": True}, SessionState.PAUSED, id="on a pause"),
        pytest.param(None, {"closed": True, "paused": True}, SessionState.CLOSED, id="closed"),
        pytest.param(
            Status.ENTERED_IN_ERROR, {"closed": True}, SessionState.CLOSED, id="closed, no mark left"
        ),
        pytest.param(Status.ATTENDED, {"closed": True}, SessionState.ATTENDED, id="held before it closed"),
        pytest.param(
            None, {"cancelled": True, "closed": True}, SessionState.PROGRAM_CANCELLED, id="cancelled whole"
        ),
        pytest.param(
            Status.ATTENDED, {"enrolled": False, "cancelled": True}, SessionState.OUTSIDE, id="not enrolled"
        ),
    ],
)
def test_a_session_counts_by_what_was_expected_before_what_was_seen(
    status: Status | None, circumstances: dict[str, object], state: SessionState
) -> None:
    given_now = {"now": ENDS} | circumstances
    assert attendance.session_state(status, ends_at=ENDS, **given_now) == state  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "in_dose", "in_adherence"),
    [
        pytest.param(["attended", "attended_in_part", "no_show", "late_cancellation"], True, True, id="both"),
        pytest.param(["excused"], True, False, id="dose only"),
        pytest.param(
            ["cancelled_by_program", "closed", "paused", "outside_enrollment", "not_recorded", "upcoming"],
            False,
            False,
            id="neither",
        ),
    ],
)
def test_each_state_is_in_the_denominators_the_table_gives(
    states: list[str], in_dose: bool, in_adherence: bool
) -> None:
    for state in map(SessionState, states):
        assert (state.in_dose, state.in_adherence) == (in_dose, in_adherence), state


def test_the_roster_offers_four_words() -> None:
    assert dict(attendance.ROSTER_WORDS) == {
        Status.ATTENDED: "Present",
        Status.ATTENDED_PART: "Late",
        Status.EXCUSED: "Excused",
        Status.NO_SHOW: "Not here",
    }
