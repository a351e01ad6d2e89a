"""Sites, programs and rooms, as their administrator keeps them."""

import pytest
from sqlalchemy import select

from iop_schedule.models import AuditEvent, Program, Room, Site, db
from iop_schedule.vocabulary import AuditKind
from tests.cast import Cast
from tests.conftest import Http, on_one_database


@pytest.fixture
def root(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.root.email)


def test_the_page_shows_ones_own_sites_only(root: Http, cast: Cast) -> None:
    page = root.get("/program/places").text
    assert all(words in page for words in ("Elm Street", "Adult IOP", "Room 2", "9 h, 3 days"))
    assert all(words not in page for words in ("Far Hills", "Evening IOP", "Blue room"))


def test_a_room_is_added_and_changed(root: Http, cast: Cast) -> None:
    data = {"site_id": cast.elm.id, "name": "Salón azul", "seats": "8"}
    assert root.submit("/program/rooms/new", data).status_code == 302
    room = db.session.scalars(select(Room).where(Room.name == "Salón azul")).one()
    assert (
        root.submit(f"/program/rooms/{room.id}/edit", {"name": "青い部屋", "seats": "9"}).status_code == 302
    )
    db.session.expire_all()
    assert (room.name, room.seats, room.site_id) == ("青い部屋", 9, cast.elm.id)


def test_a_room_a_group_needs_stays_large_enough(root: Http, cast: Cast) -> None:
    answer = root.submit(f"/program/rooms/{cast.room.id}/edit", {"name": "Room 2", "seats": "3"})
    assert (answer.status_code, "Enter at least 12" in answer.text) == (422, True)


PROGRAM = {
    "name": "Evening", "level_of_care": "iop_adult", "minimum_hours": "9", "minimum_days": "3",
    "minimum_source": "State rule", "horizon_weeks": "8", "make_up_days": "10", "late_entry_hours": "48",
    "cancel_notice_hours": "24",
    "check_in_before_minutes": "20", "check_in_after_minutes": "15",
}  # fmt: skip


def test_a_program_is_added_and_changed(root: Http, cast: Cast) -> None:
    assert root.submit("/program/programs/new", {**PROGRAM, "site_id": cast.elm.id}).status_code == 302
    made = db.session.scalars(select(Program).where(Program.name == "Evening")).one()
    assert (made.minimum_minutes, made.horizon_weeks, made.spares_scarce_seats) == (540, 8, False)
    assert (made.late_entry_hours, made.cancel_notice_hours) == (48, 24)
    changed = {**PROGRAM, "minimum_hours": "6.5", "alternating_weeks": "y"}
    assert (
        made.alternating_weeks,
        root.submit(f"/program/programs/{made.id}/edit", changed).status_code,
    ) == (
        False,
        302,
    )
    db.session.expire_all()
    assert (made.minimum_minutes, made.alternating_weeks) == (390, True)
    told = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == AuditKind.PROGRAM_CHANGED).order_by(AuditEvent.id)
    )
    assert [event.details["alternating_weeks"] for event in told] == [False, True]


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Enter a name."),
        ({"minimum_hours": "51"}, "Enter 0 to 50 hours a week."),
        ({"minimum_hours": "NaN"}, "Enter a number of hours"),
        ({"minimum_hours": "1e999999"}, "Enter 0 to 50 hours a week."),
        ({"minimum_hours": "nine"}, "Enter a number of hours"),
        ({"minimum_days": "6"}, "Enter 0 to 5 days."),
        ({"horizon_weeks": "0"}, "Enter 1 to 52 weeks."),
        ({"horizon_weeks": "many"}, "Enter a whole number."),
        ({"minimum_source": "x" * 10_000}, "Keep this under 300 characters."),
    ],
)
def test_a_wrong_program_says_what_to_do(root: Http, cast: Cast, wrong: dict[str, str], says: str) -> None:
    answer = root.submit("/program/programs/new", {**PROGRAM, "site_id": cast.elm.id, **wrong})
    assert (answer.status_code, says in answer.text) == (422, True)


def test_a_program_cannot_be_put_at_another_site(root: Http, cast: Cast) -> None:
    assert root.submit("/program/programs/new", {**PROGRAM, "site_id": cast.far.id}).status_code == 422


def test_a_sites_zone_must_be_known(root: Http, cast: Cast) -> None:
    path = f"/program/sites/{cast.elm.id}/edit"
    data = {"name": "Elm Street", "zone": "Mars/Olympus", "address": "", "phone": ""}
    answer = root.submit(path, data)
    assert (answer.status_code, "is not a time zone we know" in answer.text) == (422, True)
    assert root.submit(path, {**data, "zone": "America/Chicago"}).status_code == 302
    db.session.expire_all()
    assert db.session.get_one(Site, cast.elm.id).zone == "America/Chicago"
