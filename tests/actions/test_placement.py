"""Deciding a placement: all of it or nothing, from a day on."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.placement import place
from iop_schedule.domain.series import CommitmentClash, SeatsTaken
from iop_schedule.errors import DomainError, NotAllowed, NotFound, NotPossible
from iop_schedule.models import (
    AuditEvent,
    Client,
    Enrollment,
    Group,
    Occurrence,
    RosterEntry,
    SeriesMember,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import Attend, AuditKind, EnrollmentStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import row_counts

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TODAY, TOMORROW, MONDAY = date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 9)
DAY = timedelta(days=1)


@pytest.fixture
def evening(cast: Cast) -> Group:
    """A second group, on Tuesday, Wednesday and Thursday evenings."""
    group = make.make_group(cast.program, name="Evening Recovery", seats=2)
    for weekday in (1, 2, 3):
        make.make_meeting(group, cast.root, weekday=weekday, local_start=time(17, 30))
    return group


@pytest.fixture
def person(cast: Cast) -> Client:
    """Someone of Dev's with a dose and no place yet."""
    return new_person(cast)


def new_person(cast: Cast, **enrollment: object) -> Client:
    client = make.make_client(cast.elm)
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program, **enrollment))
    return client


def decide(cast: Cast, client: Client, *series: object, day: date | None = MONDAY, by: object = None) -> None:
    db.session.commit()
    ids = [one if isinstance(one, int) else one.id for one in series]  # type: ignore[attr-defined]
    place(actor=actor_for(by or cast.dev), client_id=client.id, series_ids=ids, from_day=day, now=NOW)  # type: ignore[arg-type]


def places(client: Client) -> list[tuple[int, date, date | None]]:
    statement = (
        select(SeriesMember.series_id, SeriesMember.from_day, SeriesMember.until_day)
        .where(SeriesMember.client_id == client.id)
        .order_by(SeriesMember.from_day, SeriesMember.series_id)
    )
    return [tuple(row) for row in db.session.execute(statement)]  # type: ignore[misc]


def days_expected(client: Client) -> list[date]:
    statement = (
        select(Occurrence.local_day)
        .join(RosterEntry)
        .where(RosterEntry.client_id == client.id, RosterEntry.released_at.is_(None))
        .order_by(Occurrence.local_day)
    )
    return list(db.session.scalars(statement))


def test_a_place_brings_dated_sessions_from_its_day_on(cast: Cast, person: Client) -> None:
    decide(cast, person, cast.monday, cast.friday)
    assert places(person) == [(cast.monday.id, MONDAY, None), (cast.friday.id, MONDAY, None)]
    assert days_expected(person)[:3] == [MONDAY, date(2026, 3, 13), date(2026, 3, 16)]


def test_without_a_day_it_begins_tomorrow(cast: Cast, person: Client) -> None:
    decide(cast, person, cast.friday, day=None)
    assert places(person) == [(cast.friday.id, TOMORROW, None)]


def test_exactly_the_chosen_sessions_remain_and_the_trail_says_before_and_after(
    cast: Cast, person: Client, evening: Group
) -> None:
    decide(cast, person, cast.monday, cast.friday, day=TOMORROW)
    tuesday = evening.meetings[0]
    decide(cast, person, cast.monday, tuesday)
    assert places(person) == [
        (cast.monday.id, TOMORROW, None),
        (cast.friday.id, TOMORROW, MONDAY - DAY),
        (tuesday.id, MONDAY, None),
    ]
    row = db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.kind == AuditKind.PLACEMENT_DECIDED)
        .order_by(AuditEvent.id.desc())
    ).first()
    assert row is not None
    assert row.details == {
        "from": "2026-03-09",
        "before": [cast.monday.id, cast.friday.id],
        "after": sorted([cast.monday.id, tuesday.id]),
    }


def test_ones_own_sessions_stay(cast: Cast) -> None:
    decide(cast, cast.ana, cast.wednesday)
    assert cast.one_to_one.until_day is None
    assert [series for series, _, until in places(cast.ana) if until is None] == [cast.wednesday.id]


def test_a_place_that_was_to_begin_later_gives_way(cast: Cast, person: Client, evening: Group) -> None:
    decide(cast, person, cast.monday, day=date(2026, 3, 23))
    decide(cast, person, evening.meetings[0])
    assert places(person) == [(evening.meetings[0].id, MONDAY, None)]


def test_a_place_may_begin_earlier_than_was_planned(cast: Cast, person: Client) -> None:
    decide(cast, person, cast.monday, day=date(2026, 3, 23))
    decide(cast, person, cast.monday)
    assert places(person) == [(cast.monday.id, MONDAY, None)]
    assert days_expected(person)[:2] == [MONDAY, date(2026, 3, 16)]


def test_a_place_that_was_to_end_goes_on(cast: Cast, person: Client) -> None:
    make.make_member(cast.monday, person, until_day=date(2026, 3, 22))
    decide(cast, person, cast.monday)
    assert places(person)[-1] == (cast.monday.id, MONDAY, None)
    assert date(2026, 3, 30) in days_expected(person)


def test_someone_who_waited_is_admitted_on_their_first_day(cast: Cast) -> None:
    waiting = new_person(cast, status=EnrollmentStatus.WAITLISTED, from_day=date(2026, 2, 2))
    decide(cast, waiting, cast.monday)
    (row,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == waiting.id))
    assert (row.status, row.from_day) == (EnrollmentStatus.ACTIVE, MONDAY)
    kinds = list(db.session.scalars(select(AuditEvent.kind).where(AuditEvent.client_id == waiting.id)))
    assert AuditKind.ENROLLMENT_CHANGED in kinds


def test_the_next_episode_of_care_stays_planned(cast: Cast, person: Client) -> None:
    (current,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == person.id))
    current.until_day = date(2026, 6, 30)
    later = make.make_enrollment(
        person, cast.program, status=EnrollmentStatus.PLANNED, from_day=date(2026, 7, 1)
    )
    decide(cast, person, cast.monday)
    assert (later.status, later.from_day) == (EnrollmentStatus.PLANNED, date(2026, 7, 1))


def test_without_any_session_nothing_is_decided(cast: Cast, person: Client) -> None:
    with pytest.raises(NotPossible, match="Choose at least one session"):
        decide(cast, person)


def _full(cast: Cast, evening: Group) -> None:
    for _ in range(2):
        make.make_member(evening.meetings[2], make.make_client(cast.elm))


def _busy(cast: Cast, person: Client) -> None:
    make.make_constraint(person, cast.root, weekday=3, local_start=time(18), local_end=time(19))


@pytest.mark.parametrize(
    ("obstacle", "error"),
    [("full", SeatsTaken), ("busy", CommitmentClash), ("past", DomainError), ("foreign", NotFound)],
)
def test_one_session_that_cannot_be_undoes_all_of_it(
    cast: Cast, person: Client, evening: Group, obstacle: str, error: type[Exception]
) -> None:
    day, third = MONDAY, evening.meetings[2].id
    if obstacle == "full":
        _full(cast, evening)
    elif obstacle == "busy":
        _busy(cast, person)
    elif obstacle == "past":
        day = TODAY - DAY
    else:
        third = cast.far_monday.id
    make.make_member(cast.friday, person)
    db.session.commit()
    before, stood = row_counts(), places(person)
    with pytest.raises(error):
        decide(cast, person, evening.meetings[0], third, day=day)
    assert row_counts() == before
    assert places(person) == stood


def test_the_last_seat_is_given_once(cast: Cast, evening: Group) -> None:
    tuesday = evening.meetings[0]
    people = [new_person(cast) for _ in range(3)]
    for first_two in people[:2]:
        decide(cast, first_two, tuesday)
    with pytest.raises(SeatsTaken, match="All 2 seats of Evening Recovery are taken"):
        decide(cast, people[2], tuesday)
    assert places(people[2]) == []


def test_half_of_a_group_that_is_taken_whole_is_refused(cast: Cast, person: Client, evening: Group) -> None:
    evening.attend = Attend.ALL
    with pytest.raises(NotPossible, match="taken whole"):
        decide(cast, person, evening.meetings[0])


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("carol", NotAllowed), ("ana_user", NotAllowed), ("eve", NotAllowed), ("zoe_user", NotAllowed),
        ("mallory", NotFound), ("trent", NotFound),
    ],
)  # fmt: skip
def test_nobody_else_places_devs_people(cast: Cast, person: Client, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        decide(cast, person, cast.monday, by=getattr(cast, who))
    assert places(person) == []


def test_a_commitment_that_soon_ends_does_not_stand_in_the_way_of_a_place(cast: Cast, person: Client) -> None:
    make.make_constraint(
        person, cast.dev, weekday=0, local_start=time(8), local_end=time(13), until_day=date(2026, 3, 16)
    )
    decide(cast, person, cast.monday)
    assert [series for series, *_ in places(person)] == [cast.monday.id]
