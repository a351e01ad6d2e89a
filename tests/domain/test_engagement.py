"""Program measures by hand."""

from datetime import date, timedelta
from math import exp, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain import engagement
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.engagement import Episode, Rate, RetentionPoint, SeatUse, Stay, Waits

OPENED = date(2026, 1, 5)
LONG_AFTER = date(2026, 6, 1)


def episode(*days: int, first: str | None = None) -> Episode:
    services = tuple(OPENED + timedelta(days=day) for day in days)
    return Episode(OPENED, services, SessionState(first) if first else None)


@pytest.mark.parametrize(
    ("days", "measures"),
    [
        pytest.param((), (0, 0, 0), id="nothing"),
        pytest.param((0,), (1, 0, 0), id="on the day itself"),
        pytest.param((13,), (1, 0, 0), id="on the fourteenth day"),
        pytest.param((14, 15, 16), (0, 0, 0), id="a day too late"),
        pytest.param((13, 14, 47), (1, 0, 1), id="two further within 34 days"),
        pytest.param((13, 14, 48), (1, 0, 0), id="the second a day too late"),
        pytest.param((5, 5, 5, 5), (1, 0, 0), id="a day counts once"),
        pytest.param((0, 7, 14, 29), (1, 1, 1), id="four in thirty days"),
        pytest.param((0, 7, 14, 30), (1, 0, 1), id="the fourth a day too late"),
    ],
)
def test_each_measure_counts_days_from_first_contact(
    days: tuple[int, ...], measures: tuple[int, int, int]
) -> None:
    one = [episode(*days)]
    found = (
        engagement.initiated(one, today=LONG_AFTER),
        engagement.continued(one, today=LONG_AFTER),
        engagement.engaged(one, today=LONG_AFTER),
    )
    assert found == tuple(Rate(part, 1) for part in measures)


def test_an_episode_counts_once_its_span_is_over() -> None:
    one = [episode(0)]
    assert engagement.initiated(one, today=OPENED + timedelta(days=13)) == Rate(0, 0, unknown=1)
    assert engagement.initiated(one, today=OPENED + timedelta(days=14)) == Rate(1, 1)


def test_waits_are_of_those_who_came() -> None:
    assert engagement.waits([episode(3, 1), episode(10), episode(), episode(4)]) == Waits(4, 10, 3)
    assert engagement.waits([episode()]) == Waits(None, None, 0)


def test_first_sessions_leave_out_what_is_excused_and_show_what_is_missing() -> None:
    firsts = [
        "attended",
        "attended_in_part",
        "no_show",
        "excused",
        "cancelled_by_program",
        "not_recorded",
        None,
    ]
    assert engagement.first_sessions_attended([episode(first=f) for f in firsts]) == Rate(2, 3, unknown=1)


def test_a_rate_of_nobody_has_no_share() -> None:
    assert (Rate(0, 0).share, Rate(0, 0).completeness) == (None, None)
    assert (Rate(3, 4, unknown=1).share, Rate(3, 4, unknown=1).completeness) == (0.75, 0.8)


def test_retention_by_hand() -> None:
    # Six people: 6 at risk on day 10, one leaves; 4 on day 30 (one followed only to day 20), two leave.
    stays = [
        Stay(10, True),
        Stay(20, False),
        Stay(30, True),
        Stay(30, True),
        Stay(60, False),
        Stay(120, True),
    ]
    curve = engagement.retention(stays)
    assert [(p.day, p.at_risk, p.left) for p in curve] == [(10, 6, 1), (30, 4, 2)]
    assert [p.retained for p in curve] == pytest.approx([5 / 6, 5 / 6 / 2])
    variance = 1 / (6 * 5) + 2 / (4 * 2)
    retained = 5 / 12
    spread = exp(1.959963984540054 * sqrt(variance) / -log(retained))
    assert (curve[1].low95, curve[1].high95) == pytest.approx((retained**spread, retained ** (1 / spread)))
    assert [engagement.retained_at(day, curve) for day in (9, 10, 90)] == pytest.approx([1, 5 / 6, 5 / 12])
    assert [engagement.at_risk_on(day, stays) for day in (0, 30, 60, 90)] == [6, 4, 2, 1]


def test_when_everyone_left_nobody_is_retained() -> None:
    assert engagement.retention([Stay(3, True), Stay(3, True)]) == (RetentionPoint(3, 2, 2, 0.0, 0.0, 0.0),)
    assert engagement.retention([]) == ()


@given(days=st.lists(st.integers(0, 120), min_size=1, max_size=40))
@settings(derandomize=True)
def test_with_everyone_followed_to_the_end_retention_is_the_plain_share(days: list[int]) -> None:
    curve = engagement.retention([Stay(day, left=True) for day in days])
    for point in curve:
        still_there = sum(day > point.day for day in days) / len(days)
        assert point.retained == pytest.approx(still_there)
        assert 0 <= point.low95 <= point.retained <= point.high95 <= 1


def test_capacity_is_seat_hours_filled_over_offered() -> None:
    monday, friday = ("Evening A", 18), ("Evening A", 9)
    used = engagement.capacity_used(
        [
            (monday, SeatUse(180, seats=12, present=9)),
            (monday, SeatUse(60, seats=12, present=12)),
            (friday, SeatUse(90, seats=0, present=2)),
        ]
    )
    assert used == {monday: Rate(180 * 9 + 60 * 12, 240 * 12), friday: Rate(180, 0)}
    assert used[friday].share is None


def test_seats_of_people_not_recorded_are_neither_filled_nor_empty() -> None:
    uses = [SeatUse(60, seats=12, present=5, unknown=5), SeatUse(60, seats=4, present=3, unknown=2)]
    used = engagement.capacity_used([("all", use) for use in uses])
    assert used == {"all": Rate(60 * 8, 60 * (7 + 3), unknown=60 * (5 + 2))}


def test_attendance_by_reminder_shows_what_is_not_recorded() -> None:
    found = engagement.attendance_by(
        [
            ("sent", "Ana", SessionState.ATTENDED),
            ("sent", "Ana", SessionState.NO_SHOW),
            ("sent", "Ben", SessionState.NOT_RECORDED),
            ("held", "Ben", SessionState.EXCUSED),
        ]
    )
    assert found == {"sent": Rate(1, 2, unknown=1), "held": Rate(0, 0)}
    assert (found["sent"].people, found["held"].people) == ({"Ana"}, set())


@pytest.mark.parametrize(
    ("wholes", "shown"),
    [
        pytest.param({"a": 5, "b": 9}, {"a", "b"}, id="five may be shown"),
        pytest.param({"a": 4, "b": 9, "c": 20}, {"c"}, id="one small one takes the next smallest along"),
        pytest.param({"a": 4, "b": 3, "c": 20}, {"c"}, id="two small ones hide each other"),
        pytest.param(
            {"a": 1, "b": 2, "c": 9, "d": 20}, {"d"}, id="two that are too few together take one along"
        ),
        pytest.param({"a": 0, "b": 9, "c": 20}, {"a", "b", "c"}, id="nobody is no secret"),
        pytest.param({"a": 4, "b": 0, "c": 9, "d": 20}, {"b", "d"}, id="an empty one hides nobody"),
        pytest.param({"a": 4}, set(), id="alone and small"),
        pytest.param({}, set(), id="nothing"),
    ],
)
def test_small_cells_do_not_leave_the_program(wholes: dict[str, int], shown: set[str]) -> None:
    rates = {key: Rate(1, whole) for key, whole in wholes.items()}
    exported = engagement.for_export(rates)
    assert {key for key, rate in exported.items() if rate is not None} == shown
    assert set(exported) == set(rates)


def test_many_sessions_of_few_people_are_few_people() -> None:
    sessions = [("Mon", who, SessionState.ATTENDED) for who in "abcdef"] * 3
    sessions += [("Tue", who, SessionState.ATTENDED) for who in "ab"] * 9
    sessions += [("Wed", who, SessionState.NO_SHOW) for who in "abc"] * 9
    sessions += [("Thu", who, SessionState.NO_SHOW) for who in "uvwxyz"]
    exported = engagement.for_export(engagement.attendance_by(sessions))
    # Tuesday and Wednesday together are three people, so one more day goes.
    assert [day for day, rate in exported.items() if rate is None] == ["Mon", "Tue", "Wed"]


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.frozensets(st.integers(0, 30), max_size=12),
        max_size=8,
    )
)
@settings(derandomize=True)
def test_what_is_left_out_cannot_be_worked_out_from_the_total(people: dict[str, frozenset[int]]) -> None:
    rates = {key: Rate(0, 3 * len(found), people=found) for key, found in people.items()}
    exported = engagement.for_export(rates)
    hidden = {key for key, rate in exported.items() if rate is None}
    assert {key for key, found in people.items() if 0 < len(found) < 5} <= hidden
    shown_people = [key for key in rates if key not in hidden and people[key]]
    if hidden and shown_people:
        assert len(hidden) > 1
        assert len(frozenset[int]().union(*(people[key] for key in hidden))) >= 5
