"""Seats held for a while: whose they are, and that they come back by themselves."""

from datetime import UTC, date, datetime, timedelta

import pytest

from iop_schedule.actions.memberships import add_member
from iop_schedule.actions.placement import place
from iop_schedule.actions.seat_holds import HELD_FOR, give_back, hold_seats
from iop_schedule.domain.series import SeatsTaken
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import Client, SeatHold, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement_caseload import caseload_of
from iop_schedule.queries.seat_holds import held_for_others
from iop_schedule.vocabulary import WeekParity
from tests import factories as make
from tests.cast import Cast

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MONDAY = date(2026, 3, 9)


def new_person(cast: Cast) -> Client:
    client = make.make_client(cast.elm)
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program))
    return client


@pytest.fixture
def person(cast: Cast) -> Client:
    """Someone of Dev's, before a group with one seat left."""
    cast.group.seats = 3
    client = new_person(cast)
    db.session.commit()
    return client


def hold(cast: Cast, client: Client, *series: object, by: object = None, now: datetime = NOW) -> datetime:
    ids = [one.id for one in series]  # type: ignore[attr-defined]
    actor = actor_for(by or cast.dev)  # type: ignore[arg-type]
    return hold_seats(actor=actor, client_id=client.id, series_ids=ids, from_day=MONDAY, now=now)


def others(cast: Cast, client: Client, now: datetime = NOW) -> int:
    return held_for_others(cast.monday.id, client.id, week=WeekParity.EVERY, now=now)


def test_a_held_seat_is_taken_for_everybody_else_until_it_expires(cast: Cast, person: Client) -> None:
    other = new_person(cast)
    db.session.commit()
    assert hold(cast, person, cast.monday) == NOW + HELD_FOR

    def take(now: datetime) -> None:
        root = actor_for(cast.root)
        add_member(actor=root, series_id=cast.monday.id, client_id=other.id, from_day=MONDAY, now=now)

    with pytest.raises(SeatsTaken, match="1 of them held for a few days"):
        take(NOW + HELD_FOR - timedelta(seconds=1))
    db.session.rollback()
    take(NOW + HELD_FOR)


def test_the_one_it_is_held_for_can_have_the_place_and_the_hold_is_used_up(
    cast: Cast, person: Client
) -> None:
    hold(cast, person, cast.monday)
    place(
        actor=actor_for(cast.dev), client_id=person.id, series_ids=[cast.monday.id], from_day=MONDAY, now=NOW
    )
    assert others(cast, cast.ana) == 0
    assert db.session.query(SeatHold).one().released_at == NOW


def test_all_seats_are_held_or_none(cast: Cast, person: Client) -> None:
    full = make.make_meeting(make.make_group(cast.program, seats=1), cast.root, weekday=1)
    make.make_member(full, cast.ben)
    db.session.commit()
    with pytest.raises(SeatsTaken):
        hold(cast, person, cast.monday, full)
    db.session.rollback()
    assert others(cast, cast.ana) == 0


def test_a_new_hold_replaces_the_one_before(cast: Cast, person: Client) -> None:
    hold(cast, person, cast.monday, cast.wednesday)
    hold(cast, person, cast.friday)
    held = [(h.series_id, h.released_at) for h in db.session.query(SeatHold).order_by(SeatHold.id)]
    assert held == [(cast.monday.id, NOW), (cast.wednesday.id, NOW), (cast.friday.id, None)]


def test_seats_are_given_back_by_hand(cast: Cast, person: Client) -> None:
    hold(cast, person, cast.monday)
    assert others(cast, cast.ana) == 1
    give_back(actor=actor_for(cast.dev), client_id=person.id, now=NOW)
    assert others(cast, cast.ana) == 0


def test_ones_own_place_does_not_count_against_ones_own_hold(cast: Cast, person: Client) -> None:
    cast.group.seats = 2
    db.session.commit()
    assert hold(cast, cast.ana, cast.monday)


@pytest.mark.parametrize(
    ("by", "series", "error"),
    [
        ("dev", "far_monday", NotFound), ("mallory", "monday", NotFound), ("carol", "monday", NotAllowed),
        ("dev", "one_to_one", NotPossible),
    ],
)  # fmt: skip
def test_nobody_holds_what_is_not_theirs(
    cast: Cast, person: Client, by: str, series: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        hold(cast, person, getattr(cast, series), by=getattr(cast, by))
    db.session.rollback()
    assert db.session.query(SeatHold).count() == 0


def test_a_plan_for_everyone_leaves_held_seats_alone_until_they_expire(cast: Cast, person: Client) -> None:
    def seats(now: datetime) -> int:
        groups = caseload_of(cast.program, MONDAY, now=now).problem.groups
        return next(m.seats for g in groups for m in g.meetings if m.id == str(cast.monday.id))

    before = seats(NOW)
    hold(cast, person, cast.monday)
    assert seats(NOW) == before - 1
    assert seats(NOW + HELD_FOR) == before
