"""Two weekly plans on the pages: proposed, held, offered, chosen, placed; and places of every other week."""

from datetime import date, time

import pytest
from sqlalchemy import select

from iop_schedule.actions.memberships import add_member
from iop_schedule.models import Client, PlacementOffer, SeatHold, SeriesMember, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AssignmentRole, ConstraintKind, Role, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http

A, B, EVERY = WeekParity.A, WeekParity.B, WeekParity.EVERY
#: The first day of the new weeks: of weeks B (from Mar 16) and A (from Mar 9).
FROM = "2026-03-07"
LABELS = ("Weeks of Mar 9, Mar 23…", "Weeks of Mar 16, Mar 30…")


@pytest.fixture
def cleo(cast: Cast) -> Client:
    """Has her children on Mondays of weeks A and on Wednesdays of weeks B; needs six hours on two days."""
    cast.program.alternating_weeks = True
    user = make.make_user(Role.CLIENT, cast.elm, email="cleo@example.org")
    client = make.make_client(cast.elm, given_name="Cleo", user_id=user.id)
    make.make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER)
    make.make_dose(make.make_enrollment(client, cast.program), minutes=360, minimum_days=2, over_minutes=0)
    for week, weekday in ((A, 0), (B, 2)):
        make.make_constraint(
            client, cast.dev, kind=ConstraintKind.CAREGIVING, label="kids", weekday=weekday, week=week,
            local_start=time(8), local_end=time(13), anchor_day=date(2026, 3, 9),
        )  # fmt: skip
    db.session.commit()
    return client


def plan_of(cast: Cast) -> dict[int, WeekParity]:
    return {cast.monday.id: B, cast.wednesday.id: A, cast.friday.id: EVERY}


def texts(plan: dict[int, WeekParity]) -> list[str]:
    return [f"{one}{'' if week is EVERY else week}" for one, week in plan.items()]


def weeks_of(
    client: Client, row: type[SeriesMember] | type[SeatHold] = SeriesMember
) -> dict[int, WeekParity]:
    rows = db.session.scalars(select(row).where(row.client_id == client.id))
    return {one.series_id: WeekParity(one.week) for one in rows}


def test_two_plans_are_shown_with_their_dates_held_and_placed(http: Http, cast: Cast, cleo: Client) -> None:
    http.sign_in(cast.dev.email)
    path = f"/clients/{cleo.id}/place"
    page = http.get(f"{path}?from={FROM}").text
    assert [label in page for label in LABELS] == [True, True]
    assert all(f'name="meeting" value="{text}"' in page for text in texts(plan_of(cast)))
    form = {"from": FROM, "meeting": texts(plan_of(cast))}
    assert http.submit(f"{path}/hold", form).status_code == 302
    assert weeks_of(cleo, SeatHold) == plan_of(cast)
    assert http.submit(path, form).status_code == 302
    assert weeks_of(cleo) == plan_of(cast)
    assert "As it is now" in http.get(f"{path}?from={FROM}").text


def test_a_program_that_plans_every_week_alike_proposes_no_two_plans(
    http: Http, cast: Cast, cleo: Client
) -> None:
    cast.program.alternating_weeks = False
    db.session.commit()
    http.sign_in(cast.dev.email)
    page = http.get(f"/clients/{cleo.id}/place?from={FROM}").text
    assert ("No plan reaches 6 hours" in page, LABELS[0] in page) == (True, False)


def test_who_is_offered_two_plans_chooses_both_at_once(
    http: Http,
    new_http,
    cast: Cast,
    cleo: Client,  # type: ignore[no-untyped-def]
) -> None:
    http.sign_in(cast.dev.email)
    offered = {"from": FROM, "plan": [",".join(texts(plan_of(cast)))]}
    assert http.submit(f"/clients/{cleo.id}/place/offer", offered).status_code == 302
    mine = new_http()
    mine.sign_in("cleo@example.org")
    page = mine.get("/my/choice").text
    assert [label in page for label in LABELS] == [True, True]
    offer = db.session.scalars(select(PlacementOffer)).one()
    cast.group.seats = 2
    db.session.commit()
    taken = mine.submit("/my/choice", {"offer": str(offer.id), "week": "1"})
    assert (taken.status_code, weeks_of(cleo)) == (422, {})
    cast.group.seats = 3
    db.session.commit()
    assert mine.submit("/my/choice", {"offer": str(offer.id), "week": "1"}).status_code == 302
    assert weeks_of(cleo) == plan_of(cast)


def test_a_place_of_every_other_week_is_given_on_the_groups_page(
    http: Http, cast: Cast, cleo: Client
) -> None:
    cast.group.seats = 3
    other = make.make_client(cast.elm, given_name="Dan")
    db.session.commit()
    root = actor_for(db.session.get_one(User, cast.root.id))
    add_member(
        actor=root, series_id=cast.friday.id, client_id=other.id, from_day=date(2026, 3, 9), week=B, now=NOW
    )  # fmt: skip
    http.sign_in(cast.root.email)
    form = {"client_id": str(cleo.id), "from_day": "2026-03-09", "week": "A"}
    assert http.submit(f"/program/meetings/{cast.friday.id}/people", form).status_code == 302
    page = http.get(f"/program/groups/{cast.group.id}").text
    assert ("weeks of Mar 9, Mar 23…" in page, "weeks of Mar 16, Mar 30…" in page) == (True, True)
    assert ("3 of 3 seats taken" in page, "4 of 3" in page) == (True, False)


def test_a_transfer_keeps_the_weeks(http: Http, cast: Cast, cleo: Client) -> None:
    root = actor_for(db.session.get_one(User, cast.root.id))
    add_member(
        actor=root, series_id=cast.wednesday.id, client_id=cleo.id, from_day=date(2026, 3, 9), week=A, now=NOW
    )  # fmt: skip
    http.sign_in(cast.root.email)
    form = {
        "transfer-leave": str(cast.wednesday.id), "transfer-join": str(cast.friday.id),
        "transfer-from_day": "2026-03-16",
    }  # fmt: skip
    shown = http.submit(f"/clients/{cleo.id}/changes/transfer", form).text
    assert "weeks of Mar 23, Apr 6…" in shown
