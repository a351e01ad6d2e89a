"""Places attended every other week: who is expected when, seats by week, what a change keeps."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.memberships import add_member
from iop_schedule.actions.occurrences import Move, extend_horizon, move_occurrence
from iop_schedule.actions.placement import place
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.actions.series import Meeting, change_series
from iop_schedule.domain.civil_time import letter_of
from iop_schedule.domain.placement.by_hand import NotLegal
from iop_schedule.domain.series import BadSeries, CommitmentClash, Scope, SeatsTaken
from iop_schedule.models import AuditEvent, Client, Occurrence, RosterEntry, Series, SeriesMember, User, db
from iop_schedule.models.weeks import IsWeekA
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.legal_places import left_open
from iop_schedule.queries.series import places_of
from iop_schedule.vocabulary import AuditKind, ConstraintKind, Weekday, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)
#: Mondays of weeks A and B from `TODAY` on.
WEEKS_A, WEEKS_B = ["03-09", "03-23", "04-06"], ["03-16", "03-30", "04-13"]
A, B = WeekParity.A, WeekParity.B


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


@pytest.fixture
def program(cast: Cast) -> Cast:
    """Plans weeks that alternate; its group has three seats, of which Ana and Ben have two."""
    cast.program.alternating_weeks, cast.group.seats = True, 3
    db.session.commit()
    return cast


def person(cast: Cast, name: str) -> Client:
    client = make.make_client(cast.elm, given_name=name)
    db.session.commit()
    return client


def add(cast: Cast, client: Client, week: WeekParity, series: Series | None = None) -> SeriesMember:
    return add_member(
        actor=acting(cast.root), series_id=(series or cast.monday).id, client_id=client.id, from_day=TODAY,
        week=week, now=NOW,
    )  # fmt: skip


def expected(client: Client, series: Series) -> list[str]:
    statement = (
        select(Occurrence.local_day)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == client.id,
            RosterEntry.released_at.is_(None),
            Occurrence.series_id == series.id,
        )
        .order_by(Occurrence.local_day)
    )
    return [f"{day:%m-%d}" for day in db.session.scalars(statement)][:3]


def test_two_people_have_one_seat_in_opposite_weeks(program: Cast) -> None:
    cleo, dan, finn = (person(program, name) for name in ("Cleo", "Dan", "Finn"))
    add(program, cleo, A)
    add(program, dan, B)
    extend_horizon(now=NOW)
    assert (expected(cleo, program.monday), expected(dan, program.monday)) == (WEEKS_A, WEEKS_B)
    for week in (A, B, WeekParity.EVERY):
        with pytest.raises(SeatsTaken, match="All 3 seats"):
            add(program, finn, week)
        db.session.rollback()


def test_a_seat_is_held_in_its_weeks_only(program: Cast) -> None:
    cleo, dan = person(program, "Cleo"), person(program, "Dan")
    hold_seats(
        actor=acting(program.root), client_id=cleo.id, series_ids=[program.monday.id], from_day=TODAY,
        weeks={program.monday.id: A}, now=NOW,
    )  # fmt: skip
    with pytest.raises(SeatsTaken):
        add(program, dan, A)
    db.session.rollback()
    add(program, dan, B)
    with pytest.raises(SeatsTaken):
        hold_seats(
            actor=acting(program.root), client_id=cleo.id, series_ids=[program.monday.id], from_day=TODAY,
            now=NOW,
        )  # fmt: skip


def test_a_program_that_plans_every_week_alike_gives_no_such_place(cast: Cast) -> None:
    cleo = person(cast, "Cleo")
    with pytest.raises(BadSeries, match="plans every week alike"):
        add(cast, cleo, A)


def test_a_session_of_every_second_week_is_not_attended_in_the_others(program: Cast) -> None:
    program.monday.every_weeks = 2
    db.session.commit()
    other = B if letter_of(program.monday.from_day) is A else A
    with pytest.raises(BadSeries, match="does not meet in these weeks"):
        add(program, person(program, "Cleo"), other)


def test_a_commitment_of_the_other_weeks_is_in_nobodys_way(program: Cast) -> None:
    cleo = person(program, "Cleo")
    make.make_constraint(
        cleo, program.dev, kind=ConstraintKind.CAREGIVING, label="kids", local_start=time(8),
        local_end=time(13), week=A, anchor_day=date(2026, 3, 9),
    )  # fmt: skip
    db.session.commit()
    with pytest.raises(CommitmentClash, match="every other week"):
        add(program, cleo, A)
    db.session.rollback()
    add(program, cleo, B)


def test_people_kept_apart_can_come_in_opposite_weeks(program: Cast) -> None:
    program.group.seats = 4
    cleo, dan = person(program, "Cleo"), person(program, "Dan")
    make.make_apart(cleo, dan, by=program.root)
    db.session.commit()
    add(program, cleo, A)
    with pytest.raises(NotLegal):
        add(program, dan, A)
    db.session.rollback()
    add(program, dan, B)


def test_a_session_moved_into_another_week_keeps_its_people(program: Cast) -> None:
    cleo = person(program, "Cleo")
    add(program, cleo, A)
    extend_horizon(now=NOW)
    first = db.session.scalars(
        select(Occurrence).where(
            Occurrence.series_id == program.monday.id, Occurrence.original_day == date(2026, 3, 9)
        )
    ).one()
    moved = Move(
        day=date(2026, 3, 17), start=time(14), duration_minutes=90, leader_id=first.leader_id, room_id=None
    )
    move_occurrence(actor=acting(program.root), occurrence_id=first.id, move=moved, now=NOW)
    assert expected(cleo, program.monday) == ["03-17", *WEEKS_A[1:]]


def test_a_series_that_is_changed_keeps_who_comes_when(program: Cast) -> None:
    cleo = person(program, "Cleo")
    add(program, cleo, A)
    extend_horizon(now=NOW)
    successor = change_series(
        actor=acting(program.root), series_id=program.monday.id, scope=Scope.FOLLOWING,
        day=date(2026, 3, 16), now=NOW,
        meeting=Meeting(
            weekday=Weekday.MO, local_start=time(8, 30), duration_minutes=90, leader_id=program.carol.id
        ),
    )  # fmt: skip
    extend_horizon(now=NOW)
    assert expected(cleo, program.monday) == WEEKS_A[:1]
    assert expected(cleo, successor) == [*WEEKS_A[1:], "04-20"]


def test_a_plan_for_each_week_is_decided_and_changed_as_one(program: Cast) -> None:
    cleo = person(program, "Cleo")
    plan = {program.monday.id: A, program.wednesday.id: B, program.friday.id: WeekParity.EVERY}

    def decide(weeks: dict[int, WeekParity], day: date) -> None:
        place(
            actor=acting(program.root), client_id=cleo.id, series_ids=list(weeks), from_day=day, weeks=weeks,
            now=NOW,
        )  # fmt: skip

    decide(plan, TODAY + timedelta(days=1))
    extend_horizon(now=NOW)
    assert expected(cleo, program.monday) == WEEKS_A
    assert expected(cleo, program.wednesday) == ["03-18", "04-01", "04-15"]
    decide(plan | {program.monday.id: B}, date(2026, 3, 18))
    assert expected(cleo, program.monday) == ["03-09", *WEEKS_B[1:]]
    assert expected(cleo, program.friday) == ["03-06", "03-13", "03-20"]
    decided = select(AuditEvent).where(AuditEvent.kind == AuditKind.PLACEMENT_DECIDED)
    told = db.session.scalars(decided.order_by(AuditEvent.id)).all()
    assert [event.details["weeks"] for event in told] == [
        {str(program.monday.id): "A", str(program.wednesday.id): "B"},
        {str(program.monday.id): "B", str(program.wednesday.id): "B"},
    ]


def test_the_persons_page_names_the_weeks(program: Cast) -> None:
    cleo = person(program, "Cleo")
    make.make_dose(make.make_enrollment(cleo, program.program), minutes=180, minimum_days=0)
    db.session.commit()
    add(program, cleo, A)
    (words,) = (one.words for one in places_of(acting(program.root), cleo.id, today=TODAY))
    assert words.endswith(", weeks of Mar 9, Mar 23…")
    assert left_open(acting(program.root), cleo.id, TODAY, now=NOW) == (
        "Weeks of Mar 2, Mar 16…: Cleo reaches 0 h of the prescribed 3 h.",
    )


def test_both_databases_count_weeks_as_the_rules_do(program: Cast) -> None:
    series = program.monday
    for weeks in range(120):
        series.from_day = date(2025, 12, 1) + timedelta(weeks=weeks)
        db.session.flush()
        is_a = db.session.scalar(select(IsWeekA(Series.from_day)).where(Series.id == series.id))
        assert bool(is_a) == (letter_of(series.from_day) is A)
