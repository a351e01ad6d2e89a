"""A client's own week, as it comes out of the tables."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.errors import NotAllowed
from iop_schedule.models import Enrollment, EnrollmentPause, Occurrence, Series, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.calendar_bodies import my_calendar
from iop_schedule.queries.week import MyWeek, my_week
from iop_schedule.vocabulary import (
    AttendanceStatus,
    ConstraintKind,
    Modality,
    OccurrenceStatus,
    PauseReason,
    WeekParity,
)
from tests import factories as make
from tests.cast import Cast
from tests.pages import counted_statements

#: Wednesday, 10:00 in New York: the group from 9:00 to 12:00 is on.
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 3, 2 + n) for n in range(5))


def week_of(user: User, now: datetime = NOW, week: str = "") -> MyWeek:
    db.session.commit()
    return my_week(actor_for(user), week=ProgramWeek.parse(week) if week else None, now=now)


def expect(series: Series, day: date, *clients: object, **more: object) -> Occurrence:
    session = make.make_occurrence(series, day, **more)
    for client in clients:
        make.make_entry(session, client)  # type: ignore[arg-type]
    return session


def shown(my: MyWeek) -> list[tuple[str, str, SessionState]]:
    return [(f"{s.starts:%a %H:%M}", s.title, s.state) for day in my.days for s in day.sessions]


def test_the_week_holds_the_clients_own_sessions_and_nobody_elses(cast: Cast) -> None:
    make.make_record(expect(cast.monday, MONDAY, cast.ana, cast.ben).roster[0], AttendanceStatus.ATTENDED)
    expect(cast.wednesday, WEDNESDAY, cast.ana, cast.ben)
    expect(cast.one_to_one, THURSDAY, cast.ana)
    expect(cast.friday, FRIDAY, cast.ben)
    assert shown(week_of(cast.ana_user)) == [
        ("Mon 09:00", "Relapse Prevention B", SessionState.ATTENDED),
        ("Wed 09:00", "Relapse Prevention B", SessionState.UPCOMING),
        ("Thu 14:00", "One-to-one", SessionState.UPCOMING),
    ]
    assert shown(week_of(cast.ben_user))[-1] == ("Fri 09:00", "Relapse Prevention B", SessionState.UPCOMING)
    assert week_of(cast.zoe_user).is_empty


def test_hours_are_those_of_the_dose(cast: Cast) -> None:
    for series, day in ((cast.monday, MONDAY), (cast.wednesday, WEDNESDAY)):
        expect(series, day, cast.ana)
    my = week_of(cast.ana_user)
    assert (my.hours.goal_minutes, my.hours.done_minutes, my.hours.planned_minutes) == (540, 0, 180)
    assert my.hours.waiting_minutes == 180


def test_past_weeks_say_whether_the_goal_was_met(cast: Cast) -> None:
    for weeks_ago in (1, 2):
        for series in (cast.monday, cast.wednesday, cast.friday):
            day = MONDAY - timedelta(weeks=weeks_ago) + timedelta(days=series.weekday)
            status = (
                AttendanceStatus.EXCUSED
                if weeks_ago == 2 and series is cast.friday
                else AttendanceStatus.ATTENDED
            )
            make.make_record(make.make_entry(make.make_occurrence(series, day), cast.ana), status)
    my = week_of(cast.ana_user)
    assert (my.goal_weeks, my.weeks_met) == ((False, False, False, False, False, True), 1)


def test_a_released_place_is_not_shown(cast: Cast) -> None:
    expect(cast.friday, FRIDAY, cast.ana).roster[0].released_at = NOW
    assert week_of(cast.ana_user).is_empty


def test_an_empty_week_still_knows_the_next_session(cast: Cast) -> None:
    expect(cast.monday, date(2026, 3, 16), cast.ana)
    my = week_of(cast.ana_user)
    assert my.is_empty
    assert my.next is not None
    assert (my.next.session.starts.date(), my.next.is_today) == (date(2026, 3, 16), False)


def test_nothing_in_the_next_weeks_is_no_next_session(cast: Cast) -> None:
    expect(cast.monday, date(2026, 6, 1), cast.ana)
    assert week_of(cast.ana_user).next is None


def test_a_session_that_is_on_is_the_next_one_until_it_ends(cast: Cast) -> None:
    session = expect(cast.wednesday, WEDNESDAY, cast.ana)
    expect(cast.friday, FRIDAY, cast.ana)
    last_second = session.ends_at - timedelta(seconds=1)
    days = [
        my.next.session.starts.date()
        for my in (week_of(cast.ana_user, now=last_second), week_of(cast.ana_user, now=session.ends_at))
        if my.next
    ]
    assert days == [WEDNESDAY, FRIDAY]


@pytest.mark.parametrize("reason", ["canceled", "on a break", "excused", "closed"])
def test_a_session_the_client_is_not_expected_at_is_not_the_next_one(cast: Cast, reason: str) -> None:
    session = expect(cast.friday, FRIDAY, cast.ana)
    if reason == "canceled":
        session.status, session.status_reason = OccurrenceStatus.CANCELLED, "Snow"
    elif reason == "excused":
        make.make_record(session.roster[0], AttendanceStatus.EXCUSED)
    elif reason == "closed":
        make.make_closure(cast.elm, from_day=FRIDAY, until_day=FRIDAY)
    else:
        (enrollment,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id))
        db.session.add(
            EnrollmentPause(
                enrollment_id=enrollment.id, from_day=FRIDAY, until_day=FRIDAY, reason=PauseReason.LEAVE
            )
        )
    assert week_of(cast.ana_user).next is None


def test_a_canceled_and_a_moved_session_say_so(cast: Cast) -> None:
    expect(cast.monday, MONDAY, cast.ana, status=OccurrenceStatus.CANCELLED, status_reason="Snow")
    expect(cast.friday, FRIDAY, cast.ana, edited=True)
    canceled, moved = [s for day in week_of(cast.ana_user).days for s in day.sessions]
    assert (canceled.state, canceled.reason, canceled.moved) == (
        SessionState.PROGRAM_CANCELLED, "Snow", False,
    )  # fmt: skip
    assert moved.moved


def test_a_closed_day_carries_its_reason(cast: Cast) -> None:
    make.make_closure(cast.elm, from_day=THURSDAY, until_day=FRIDAY, name="Snow days")
    make.make_closure(cast.far, from_day=MONDAY, until_day=MONDAY, name="Elsewhere")
    assert [day.closed for day in week_of(cast.ana_user).days] == ["", "", "", "Snow days", "Snow days"]


def test_of_closures_that_meet_the_one_that_begins_first_is_named(cast: Cast) -> None:
    for name, first in (("Snow", THURSDAY), ("Flood", TUESDAY), ("Fire", FRIDAY)):
        make.make_closure(cast.elm, from_day=first, until_day=FRIDAY, name=name)
    assert [day.closed for day in week_of(cast.ana_user).days] == ["", *["Flood"] * 4]


def test_own_times_stand_on_their_days_without_travel(cast: Cast) -> None:
    make.make_constraint(
        cast.ana, cast.ana_user, kind=ConstraintKind.CAREGIVING, label="little brother", weekday=3,
        local_start=time(7), local_end=time(8), travel_before=30,
    )  # fmt: skip
    make.make_constraint(
        cast.ana, cast.ana_user, label="every other Thursday", weekday=3, local_start=time(18),
        local_end=time(19), week=WeekParity.B, anchor_day=MONDAY,
    )  # fmt: skip
    own = {
        day.day: [(o.title, o.start_minute, o.end_minute) for o in day.own]
        for day in week_of(cast.ana_user).days
    }
    assert own[MONDAY] == [("Work", 780, 1260)]
    assert own[THURSDAY] == [("Little brother", 420, 480)]
    assert own[WEDNESDAY] == []


def test_what_begins_soon_after_the_next_session_is_named(cast: Cast) -> None:
    expect(cast.friday, FRIDAY, cast.ana)
    my = week_of(cast.ana_user)
    assert my.next is not None
    assert my.next.then is not None
    assert (my.next.then.title, my.next.then.start_minute) == ("Work", 780)


def test_on_a_weekend_the_coming_week_is_shown(cast: Cast) -> None:
    saturday = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)
    friday_evening = datetime(2026, 3, 7, 4, 59, tzinfo=UTC)
    assert str(week_of(cast.ana_user, now=saturday).week) == "2026-W11"
    assert str(week_of(cast.ana_user, now=friday_evening).week) == "2026-W10"


@pytest.mark.parametrize(
    ("week", "day", "name", "utc_hour"),
    [
        ("2026-W10", date(2026, 3, 2), "EST", 14),
        ("2026-W11", date(2026, 3, 9), "EDT", 13),
        ("2026-W44", date(2026, 10, 26), "EDT", 13),
        ("2026-W45", date(2026, 11, 2), "EST", 14),
    ],
)
def test_nine_stays_nine_when_clocks_change_and_the_week_names_its_own_clock(
    cast: Cast, week: str, day: date, name: str, utc_hour: int
) -> None:
    session = expect(cast.monday, day, cast.ana)
    my = week_of(cast.ana_user, week=week)
    assert (my.zone_name, session.starts_at.hour, my.days[0].sessions[0].starts.hour) == (name, utc_hour, 9)


@pytest.mark.parametrize(
    ("modality", "has_room", "room", "address"),
    [
        (Modality.IN_PERSON, True, "Room 2", "210 Elm Street"),
        (Modality.IN_PERSON, False, "Room not set yet", "210 Elm Street"),
        (Modality.TELEHEALTH, False, "Online", ""),
    ],
)
def test_where_it_is(cast: Cast, modality: Modality, has_room: bool, room: str, address: str) -> None:
    cast.friday.modality = modality
    expect(cast.friday, FRIDAY, cast.ana, room=cast.room if has_room else None)
    (session,) = week_of(cast.ana_user).days[4].sessions
    assert (session.room, session.address) == (room, address)


def test_without_a_dose_there_is_no_goal(cast: Cast) -> None:
    user = make.make_user("client", email="new@example.net")
    make.make_client(cast.elm, user_id=user.id)
    my = week_of(user)
    assert (my.hours.goal_minutes, my.goal_weeks, my.next, my.is_empty) == (0, (), None, True)


@pytest.mark.parametrize("who", ["carol", "dev", "root", "eve", "mallory", "trent"])
def test_staff_have_no_week_of_their_own(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        week_of(getattr(cast, who))


def test_the_calendar_file_holds_what_stands_and_says_what_was_canceled(cast: Cast) -> None:
    expect(cast.wednesday, WEDNESDAY, cast.ana, cast.ben)
    expect(cast.friday, FRIDAY, cast.ana, status=OccurrenceStatus.CANCELLED)
    expect(cast.monday, date(2026, 3, 9), cast.ana).roster[0].released_at = NOW
    expect(cast.monday, date(2026, 1, 5), cast.ana)
    db.session.commit()
    events = Calendar.from_ical(my_calendar(actor_for(cast.ana_user), key=b"k" * 32, now=NOW)).events
    assert [(event["dtstart"].dt.date(), str(event.get("status", ""))) for event in events] == [
        (WEDNESDAY, "CONFIRMED"), (FRIDAY, "CANCELLED"),
    ]  # fmt: skip


def test_two_members_of_one_group_cannot_be_linked_by_their_files(cast: Cast) -> None:
    expect(cast.wednesday, WEDNESDAY, cast.ana, cast.ben)
    db.session.commit()
    files = [my_calendar(actor_for(user), key=b"k" * 32, now=NOW) for user in (cast.ana_user, cast.ben_user)]
    ids = [{str(event["uid"]) for event in Calendar.from_ical(body).events} for body in files]
    assert len(ids[0]) == len(ids[1]) == 1
    assert ids[0].isdisjoint(ids[1])


@pytest.mark.parametrize("sessions", [1, 3])
def test_any_number_of_sessions_costs_the_same_statements(cast: Cast, sessions: int) -> None:
    for series in (cast.monday, cast.wednesday, cast.friday)[:sessions]:
        expect(series, MONDAY + timedelta(days=series.weekday), cast.ana)
    db.session.commit()
    viewer = actor_for(cast.ana_user)
    db.session.expire_all()
    with counted_statements() as statements:
        my_week(viewer, week=ProgramWeek(MONDAY), now=NOW)
    assert len(statements) == 21, "\n".join(statements)
