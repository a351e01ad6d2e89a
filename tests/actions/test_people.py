"""Rules of people that no form shows: races, the first administrator, who may at all."""

from datetime import date
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule.actions import people
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.errors import DomainError, NotAllowed, NotFound, NotPossible
from iop_schedule.models import AuditEvent, Site, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AssignmentRole, AuditKind, Role
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.factories import make_user

ADMIN = {
    "address": "first@example.org", "given_name": "First", "family_name": "Admin", "site_code": "new",
    "zone": "America/Denver", "key": "k" * 40, "now": NOW,
}  # fmt: skip


def facts(cast: Cast, **given: object) -> people.StaffFacts:
    defaults = {
        "given_name": "Nora", "family_name": "Petrov", "email": "nora@example.org",
        "role": Role.COUNSELOR, "site_ids": frozenset({cast.elm.id}),
    }  # fmt: skip
    return people.StaffFacts(**{**defaults, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("person", ["ana_user", "carol", "dev"])
def test_only_administrators_add_staff(cast: Cast, person: str) -> None:
    with pytest.raises(NotAllowed):
        people.add_staff(actor=actor_for(getattr(cast, person)), facts=facts(cast), now=NOW)


def test_staff_are_added_to_ones_own_sites_only(cast: Cast) -> None:
    with pytest.raises(NotFound):
        people.add_staff(
            actor=actor_for(cast.root), facts=facts(cast, site_ids=frozenset({cast.far.id})), now=NOW
        )


def test_nobody_is_made_a_client_as_staff(cast: Cast) -> None:
    with pytest.raises(NotPossible, match="Clients are added under Clients"):
        people.add_staff(actor=actor_for(cast.root), facts=facts(cast, role=Role.CLIENT), now=NOW)


@pytest.mark.parametrize("person", ["carol", "eve", "ana_user"])
def test_nobody_else_says_who_is_responsible(cast: Cast, person: str) -> None:
    with pytest.raises(DomainError) as refused:
        people.assign(
            actor=actor_for(getattr(cast, person)), client_id=cast.ana.id, user_id=None,
            role=AssignmentRole.COUNSELOR, from_day=date(2026, 3, 9), now=NOW,
        )  # fmt: skip
    assert refused.value.status in {403, 404}


def test_two_administrators_cannot_turn_each_other_off_at_once(app: Flask, cast: Cast) -> None:
    """Whatever the order, one of them is left."""
    other = make_user(Role.ADMINISTRATOR, cast.elm, given_name="Ruth")
    db.session.commit()
    ids, start = (cast.root.id, other.id), Barrier(2)
    db.session.rollback()
    db.session.remove()

    def turn_off(own: int, target: int) -> None:
        with app.app_context():
            actor = actor_for(db.session.get_one(User, own))
            db.session.rollback()
            start.wait(timeout=300)
            try:
                people.turn_off_staff(actor=actor, user_id=target, now=NOW)
            except DomainError:
                db.session.rollback()
            finally:
                db.session.remove()

    threads = [Thread(target=turn_off, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    left = db.session.scalars(select(User).where(User.id.in_(ids), User.active)).unique().all()
    assert len(left) == 1


def test_the_first_administrator_of_a_new_site_gets_in(app: Flask, http: Http) -> None:
    token = people.create_administrator(**{**ADMIN, "key": app.extensions["settings"].secret_key})  # type: ignore[arg-type]
    assert http.submit(f"/set-password/{token}", {"password": "violet anchor parsnip"}).status_code == 302
    http.sign_in_by_form("first@example.org", "violet anchor parsnip")
    assert http.get("/people?show=staff").status_code == 200
    assert db.session.scalars(select(Site)).one().zone == "America/Denver"
    made = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.ACCOUNT_CREATED)).one()
    assert (made.actor_id, made.details) == (None, {"role": "administrator", "by": "command line"})


@pytest.mark.parametrize(
    ("given", "error"),
    [({"zone": None}, NotPossible), ({"zone": "Mars/Olympus"}, UnknownZone), ({"address": " "}, NotPossible)],
    ids=["no zone", "unknown zone", "no address"],
)
def test_an_administrator_who_cannot_be_made_is_explained(
    app: Flask, given: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        people.create_administrator(**{**ADMIN, **given})  # type: ignore[arg-type]
    db.session.rollback()
    assert db.session.scalars(select(User)).unique().all() == []


def test_an_address_is_not_taken_over_from_the_command_line(cast: Cast) -> None:
    with pytest.raises(NotPossible, match="cannot be used"):
        people.create_administrator(**{**ADMIN, "address": "CAROL@example.org"})  # type: ignore[arg-type]


def test_the_command_prints_the_link_alone(app: Flask, cast: Cast) -> None:
    arguments = ["create-admin", "--email", "new@example.org", "--given-name", "New", "--family-name", "Admin", "--site", "elm"]  # fmt: skip
    done = app.test_cli_runner().invoke(args=arguments)
    assert (done.exit_code, done.stdout.startswith("http://127.0.0.1:8000/set-password/")) == (0, True)
    again = app.test_cli_runner().invoke(args=arguments)
    assert (again.exit_code, "cannot be used for an account" in again.output) == (1, True)


@pytest.mark.parametrize("address", ["ab", "a b@example.org", "two@at@example.org", "@example.org", "name@"])
def test_an_address_that_is_none_gets_no_account(cast: Cast, address: str) -> None:
    with pytest.raises(NotPossible, match=r"like name@example\.org"):
        people.create_administrator(**{**ADMIN, "address": address})  # type: ignore[arg-type]


def test_a_new_site_can_be_given_its_name(app: Flask, cast: Cast) -> None:
    key = app.extensions["settings"].secret_key
    new = {"site_code": "maple", "zone": "America/Chicago", "site_name": "Maple Avenue", "key": key}
    people.create_administrator(**{**ADMIN, "address": "new@example.org", **new})  # type: ignore[arg-type]
    assert db.session.scalars(select(Site).where(Site.code == "maple")).one().name == "Maple Avenue"
