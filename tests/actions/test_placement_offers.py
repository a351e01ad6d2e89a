"""Weeks offered to a client, and what they answer."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.placement import place
from iop_schedule.actions.placement_offers import (
    OPEN_FOR,
    choose_week,
    offer_weeks,
    say_none_works,
    withdraw_offer,
)
from iop_schedule.actions.prescription import discharge
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.domain.series import SeatsTaken
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import AuditEvent, Client, Enrollment, PlacementOffer, SeriesMember, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement_offers import latest_offer, my_choice
from iop_schedule.queries.seat_holds import held_for_others
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, OfferState, WeekParity
from tests import factories as make
from tests.cast import Cast

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MONDAY = date(2026, 3, 9)


@pytest.fixture
def person(cast: Cast) -> Client:
    """Someone who waits, with a login of their own."""
    login = make.make_user("client")
    client = make.make_client(cast.elm, user_id=login.id)
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program, status=EnrollmentStatus.WAITLISTED))
    db.session.commit()
    return client


def offered(cast: Cast, client: Client, *options: list[int], now: datetime = NOW) -> int:
    made = offer_weeks(
        actor=actor_for(cast.dev), client_id=client.id, options=options, from_day=MONDAY, now=now
    )
    return made.id


def own(client: Client):  # type: ignore[no-untyped-def]
    return actor_for(db.session.get_one(make.User, client.user_id))


def places(client: Client) -> list[tuple[int, date]]:
    db.session.expire_all()
    rows = select(SeriesMember).where(SeriesMember.client_id == client.id).order_by(SeriesMember.series_id)
    return [(row.series_id, row.from_day) for row in db.session.scalars(rows)]


def state(client: Client) -> list[str]:
    rows = db.session.query(PlacementOffer).filter_by(client_id=client.id).order_by(PlacementOffer.id)
    return [row.state for row in rows]


def test_the_week_a_client_picks_is_theirs(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.monday.id], [cast.wednesday.id, cast.friday.id])
    choose_week(actor=own(person), offer_id=offer, option=2, now=NOW)
    assert places(person) == [(cast.wednesday.id, MONDAY), (cast.friday.id, MONDAY)]
    assert state(person) == [OfferState.CHOSEN]
    assert db.session.query(Enrollment).filter_by(client_id=person.id).one().status == EnrollmentStatus.ACTIVE
    answered = db.session.query(AuditEvent).filter_by(kind=AuditKind.OFFER_ANSWERED).one()
    assert (answered.actor_id, answered.details) == (person.user_id, {"answer": "chosen", "option": 2})


def test_an_answer_after_the_first_day_begins_the_day_after_it(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.friday.id])
    choose_week(actor=own(person), offer_id=offer, option=1, now=NOW + timedelta(days=6))
    assert places(person) == [(cast.friday.id, date(2026, 3, 11))]


def test_a_discharge_takes_back_what_was_offered_and_held(cast: Cast, person: Client) -> None:
    offered(cast, person, [cast.monday.id])
    hold_seats(
        actor=actor_for(cast.dev), client_id=person.id, series_ids=[cast.friday.id], from_day=MONDAY, now=NOW
    )
    enrollment = db.session.query(Enrollment).filter_by(client_id=person.id).one()
    discharge(actor=actor_for(cast.dev), enrollment_id=enrollment.id, last_day=date(2026, 3, 4), now=NOW)
    assert (state(person), held_for_others(cast.friday.id, 0, week=WeekParity.EVERY, now=NOW)) == (
        [OfferState.WITHDRAWN],
        0,
    )
    trail = select(AuditEvent.kind).where(AuditEvent.client_id == person.id)
    assert {AuditKind.OFFER_WITHDRAWN, AuditKind.SEATS_RELEASED} <= set(db.session.scalars(trail))


def test_who_is_in_no_program_by_the_first_day_chooses_no_week(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.monday.id])
    db.session.query(Enrollment).filter_by(client_id=person.id).one().until_day = date(2026, 3, 8)
    db.session.commit()
    with pytest.raises(NotPossible, match="no longer open"):
        choose_week(actor=own(person), offer_id=offer, option=1, now=NOW)
    assert places(person) == []


def test_that_none_works_is_kept_with_their_words(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.monday.id])
    say_none_works(actor=own(person), offer_id=offer, note=" Evenings would. ", now=NOW)
    shown = latest_offer(person, now=NOW)
    assert shown is not None
    assert (shown.state, shown.note, places(person)) == (OfferState.NONE_WORKS, "Evenings would.", [])


def test_a_seat_that_is_gone_is_said_and_the_choice_stays_open(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.monday.id], [cast.friday.id])
    make.make_member(cast.monday, make.make_client(cast.elm))
    cast.group.seats = 3
    db.session.commit()
    with pytest.raises(SeatsTaken):
        choose_week(actor=own(person), offer_id=offer, option=1, now=NOW)
    assert (state(person), places(person)) == ([OfferState.OPEN], [])
    choose_week(actor=own(person), offer_id=offer, option=2, now=NOW)


def test_an_offer_ends_by_itself_and_cannot_be_answered_twice(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.monday.id])
    late = NOW + OPEN_FOR
    with pytest.raises(NotPossible, match="no longer open"):
        choose_week(actor=own(person), offer_id=offer, option=1, now=late)
    db.session.rollback()
    assert my_choice(own(person), now=late) is None
    say_none_works(actor=own(person), offer_id=offer, note="", now=NOW)
    with pytest.raises(NotPossible, match="no longer open"):
        choose_week(actor=own(person), offer_id=offer, option=1, now=NOW)


def test_there_is_one_open_offer_and_it_ends_when_it_is_moot(cast: Cast, person: Client) -> None:
    offered(cast, person, [cast.monday.id])
    offered(cast, person, [cast.friday.id])
    assert state(person) == [OfferState.WITHDRAWN, OfferState.OPEN]
    place(
        actor=actor_for(cast.dev), client_id=person.id, series_ids=[cast.monday.id], from_day=MONDAY, now=NOW
    )
    assert state(person) == [OfferState.WITHDRAWN, OfferState.WITHDRAWN]
    offered(cast, person, [cast.friday.id])
    withdraw_offer(actor=actor_for(cast.dev), client_id=person.id, now=NOW)
    assert my_choice(own(person), now=NOW) is None


def test_nobody_answers_for_somebody_else(cast: Cast, person: Client) -> None:
    offer = offered(cast, person, [cast.monday.id])
    for who, error in ((cast.ana_user, NotFound), (cast.zoe_user, NotFound), (cast.dev, NotAllowed)):
        with pytest.raises(error):
            choose_week(actor=actor_for(who), offer_id=offer, option=1, now=NOW)
        db.session.rollback()
    with pytest.raises(NotFound):
        choose_week(actor=own(person), offer_id=offer, option=3, now=NOW)


@pytest.mark.parametrize("options", [(), ([],), ([1],) * 4, (["far"],), (["own"],)])
def test_what_cannot_be_offered_is_refused(
    cast: Cast, person: Client, options: tuple[list[object], ...]
) -> None:
    ids = {"far": cast.far_monday.id, "own": cast.one_to_one.id}
    chosen = [[ids.get(one, cast.monday.id) for one in option] for option in options]  # type: ignore[call-overload]
    with pytest.raises((NotFound, NotPossible)):
        offered(cast, person, *chosen)
    db.session.rollback()
    assert state(person) == []
