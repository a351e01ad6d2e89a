"""The one door: who sees which client, session, series, group, program, room and site, as a table."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.domain.permissions import HELD, Permission, holds
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.models import Client, RosterEntry, db
from iop_schedule.queries import access
from iop_schedule.vocabulary import AssignmentRole, AttendanceStatus, Role
from tests.cast import Cast
from tests.conftest import NOW
from tests.factories import make_assignment, make_client, make_record
from tests.world import World

PEOPLE = ("ana_user", "ben_user", "carol", "dev", "root", "zoe_user", "eve", "mallory", "trent")


def actor(cast: Cast, person: str) -> access.Actor:
    return access.actor_for(getattr(cast, person))


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        ("ana_user", {"ana"}), ("ben_user", {"ben"}), ("zoe_user", {"zoe"}),
        ("carol", {"ana", "ben"}), ("dev", {"ana", "ben"}), ("root", {"ana", "ben", "max"}),
        ("eve", {"zoe"}), ("mallory", {"yan", "zoe"}), ("trent", {"yan", "zoe"}),
    ],
)  # fmt: skip
def test_everyone_sees_exactly_their_clients(world: World, person: str, seen: set[str]) -> None:
    found = db.session.scalars(access.visible_clients(actor(world.cast, person), now=NOW))
    assert {client.code for client in found} == seen


@pytest.mark.parametrize("person", PEOPLE)
def test_the_door_opens_for_exactly_the_clients_in_the_list(world: World, person: str) -> None:
    who = actor(world.cast, person)
    permission = Permission.OWN_WEEK if who.role is Role.CLIENT else Permission.CLIENT_READ
    listed = {client.id for client in db.session.scalars(access.visible_clients(who, now=NOW))}
    opened = set()
    for client_id in db.session.scalars(select(Client.id)):
        try:
            opened.add(access.access_client(who, client_id, permission, now=NOW).id)
        except NotFound:
            continue
    assert opened == listed


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_without_the_permission_is_told_so_before_anything_is_looked_up(
    world: World, role: Role, permission: Permission
) -> None:
    person = {
        Role.CLIENT: "ana_user",
        Role.COUNSELOR: "carol",
        Role.CASE_MANAGER: "dev",
        Role.ADMINISTRATOR: "root",
    }
    who = actor(world.cast, person[role])
    outcomes = []
    for client_id in (world.cast.ana.id, world.cast.zoe.id, 999_999):
        try:
            access.access_client(who, client_id, permission, now=NOW)
            outcomes.append("opened")
        except DomainError as error:
            outcomes.append(type(error).__name__)
    wanted = ["opened", "NotFound", "NotFound"] if holds(role, permission) else ["NotAllowed"] * 3
    assert outcomes == wanted


def test_no_permission_is_held_by_nobody_or_unknown() -> None:
    assert set().union(*HELD.values()) == set(Permission)
    assert set(HELD) == set(Role)


def test_responsibility_ends_with_its_last_day(cast: Cast) -> None:
    client = make_client(cast.elm)
    today = NOW.date()
    make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER, until_day=today)
    db.session.commit()
    who = actor(cast, "dev")
    seen = [
        access.visible_clients(who, now=NOW + timedelta(days=days)).where(access.Client.id == client.id)
        for days in (0, 1)
    ]
    assert [len(db.session.scalars(one).all()) for one in seen] == [1, 0]


def test_responsibility_begins_with_its_first_day(cast: Cast) -> None:
    client = make_client(cast.elm)
    make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER, from_day=NOW.date() + timedelta(days=1))
    db.session.commit()
    with pytest.raises(NotFound):
        access.access_client(actor(cast, "dev"), client.id, Permission.CLIENT_READ, now=NOW)


def test_being_a_counselor_does_not_make_someone_a_case_manager(cast: Cast) -> None:
    client = make_client(cast.elm)
    make_assignment(client, cast.dev, AssignmentRole.COUNSELOR)
    db.session.commit()
    with pytest.raises(NotFound):
        access.access_client(actor(cast, "dev"), client.id, Permission.CLIENT_READ, now=NOW)


def test_a_client_who_moved_to_another_site_is_no_longer_seen(cast: Cast) -> None:
    cast.ana.site = cast.far
    db.session.commit()
    for person in ("carol", "dev", "root"):
        with pytest.raises(NotFound):
            access.access_client(actor(cast, person), cast.ana.id, Permission.CLIENT_READ, now=NOW)


@pytest.mark.parametrize(("days", "seen"), [(13, True), (14, False)])
def test_a_counselor_looks_two_weeks_back_at_who_was_expected(world: World, days: int, seen: bool) -> None:
    now = world.noras.starts_at + timedelta(days=days)
    entry = RosterEntry(occurrence_id=world.noras.id, client_id=world.cast.ben.id, source="member")
    db.session.add(entry)
    db.session.commit()
    found = db.session.scalars(access.visible_clients(access.actor_for(world.nora), now=now))
    assert ("ben" in {client.code for client in found}) is seen


@pytest.mark.parametrize("source", ["walk_in", "make_up"])
def test_someone_added_to_a_list_by_hand_is_a_name_on_it_until_they_are_marked(
    world: World, source: str
) -> None:
    entry = RosterEntry(occurrence_id=world.noras.id, client_id=world.cast.ben.id, source=source)
    db.session.add(entry)
    db.session.commit()
    seen = access.visible_clients(access.actor_for(world.nora), now=NOW)
    assert "ben" not in {client.code for client in db.session.scalars(seen)}
    record = make_record(entry, AttendanceStatus.ATTENDED)
    assert "ben" in {client.code for client in db.session.scalars(seen)}
    record.status, record.minutes = AttendanceStatus.ENTERED_IN_ERROR, 0
    assert "ben" not in {client.code for client in db.session.scalars(seen)}


def test_someone_released_from_a_session_is_not_seen_because_of_it(world: World) -> None:
    db.session.add(
        RosterEntry(
            occurrence_id=world.noras.id, client_id=world.cast.ben.id, source="member", released_at=NOW
        )
    )
    db.session.commit()
    found = db.session.scalars(access.visible_clients(access.actor_for(world.nora), now=NOW))
    assert {client.code for client in found} == {"max"}


ROWS: dict[str, tuple[Callable[[World], Any], Callable[..., Any], Permission]] = {
    "session": (lambda w: w.held, partial(access.access_occurrence, now=NOW), Permission.ATTENDANCE_READ),
    "series": (lambda w: w.cast.monday, partial(access.access_series, now=NOW), Permission.PROGRAM_READ),
    "group": (lambda w: w.cast.group, access.access_group, Permission.PROGRAM_READ),
    "program": (lambda w: w.cast.program, access.access_program, Permission.PROGRAM_READ),
    "room": (lambda w: w.cast.room, access.access_room, Permission.PROGRAM_READ),
    "site": (lambda w: w.cast.elm, access.access_site, Permission.PROGRAM_READ),
    "staff": (lambda w: w.cast.carol, access.access_staff, Permission.PROGRAM_READ),
}


@pytest.mark.parametrize("what", ROWS)
@pytest.mark.parametrize(
    ("person", "outcome"),
    [("carol", "opened"), ("dev", "opened"), ("root", "opened"), ("eve", "NotFound"), ("mallory", "NotFound"),
     ("trent", "NotFound"), ("ana_user", "NotAllowed"), ("zoe_user", "NotAllowed")],
)  # fmt: skip
def test_what_belongs_to_a_site_is_there_for_its_staff_only(
    world: World, what: str, person: str, outcome: str
) -> None:
    row_of, door, permission = ROWS[what]
    row = row_of(world)
    try:
        assert door(actor(world.cast, person), row.id, permission).id == row.id
        found = "opened"
    except (NotFound, NotAllowed) as error:
        found = type(error).__name__
    assert found == outcome


@pytest.mark.parametrize("what", ROWS)
def test_rows_that_do_not_exist_are_not_found_for_everyone(world: World, what: str) -> None:
    _, door, permission = ROWS[what]
    for person in ("carol", "dev", "root", "eve"):
        with pytest.raises(NotFound):
            door(actor(world.cast, person), 999_999, permission)


def test_a_counselor_opens_only_the_sessions_they_lead(world: World) -> None:
    with pytest.raises(NotFound):
        access.access_occurrence(
            actor(world.cast, "carol"), world.noras.id, Permission.ATTENDANCE_READ, now=NOW
        )


def test_staff_without_a_site_see_nothing(cast: Cast) -> None:
    cast.root.sites.clear()
    db.session.commit()
    assert db.session.scalars(access.visible_clients(actor(cast, "root"), now=NOW)).all() == []
