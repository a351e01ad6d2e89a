"""Every endpoint, as everyone, with own, foreign and invented ids: the statuses of endpoints.toml, exactly.

Nobody learns from a page whether an id exists, and looking at a page changes no record.
"""

import hashlib
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select
from werkzeug.routing import Rule

from iop_schedule.domain.permissions import holds
from iop_schedule.models import AuditEvent, db
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import PUBLIC, SIGNED_IN
from tests.cast import Cast
from tests.conftest import Http, bare, on_one_database
from tests.repository.addresses import CONSTANTS, PARAMETERS, PEOPLE, Person, Visit, visits
from tests.world import World

TABLE = Path(__file__).with_name("endpoints.toml")
EXPECTED: dict[str, str] = tomllib.loads(TABLE.read_text())["endpoints"]
SAFE = {"GET", "HEAD", "OPTIONS"}
#: Endpoints that other machines call: a signature or a secret in the address stands for the form's token.
OWN_PROOF = {
    "answers.stop": [404, 404, 404, 403],
    "answers.text": [403, 403, 403, 403],
    "answers.report": [403, 403, 403, 403],
}
#: The trail of views and whom they were of, and when a session was last in use.
MAY_CHANGE = {"audit_event", "audit_event_client", "sign_in_session"}


@pytest.fixture
def browsers(app: Flask, new_http, world: World) -> dict[str, Http]:  # type: ignore[no-untyped-def]
    """One browser for each person, signed in; forged forms are another test's business."""
    signed_in = {
        person.name: new_http().sign_in(person.email) if person.email else new_http() for person in PEOPLE
    }
    app.config["WTF_CSRF_ENABLED"] = False
    return signed_in


def rules(app: Flask) -> list[tuple[str, Rule]]:
    """Return each endpoint once per method, as the key its line in the table has."""
    found = [
        (f"{method} {rule.endpoint}", rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted(found, key=lambda pair: (pair[0].split()[1], pair[0]))


def wanted(key: str, person: Person, side: str) -> int:
    own, _, other = EXPECTED[key].split()[person.column].partition("/")
    return int(other if side != "own" and other else own)


def address(rule: Rule, visit: Visit) -> str:
    return url_for(rule.endpoint, **{name: visit.values[name] for name in rule.arguments})


def rows() -> dict[str, str]:
    """Return a checksum of every table."""
    db.session.rollback()
    found = {}
    for table in db.metadata.sorted_tables:
        if table.name not in MAY_CHANGE:
            lines = sorted(repr(tuple(row)) for row in db.session.execute(select(table)))
            found[table.name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    db.session.rollback()
    return found


def observed_line(key: str, rule: Rule, browsers: dict[str, Http], world: World) -> str:
    """Return the line a missing endpoint would need for what it answers now, for someone to review."""
    unknown = rule.arguments - set(PARAMETERS) - set(CONSTANTS)
    if unknown:
        return f"{key}: first add {sorted(unknown)} to PARAMETERS in tests/repository/addresses.py"
    words = []
    for person in PEOPLE[:5]:
        seen: dict[str, int] = {}
        for visit in visits(person, rule.arguments, world):
            if visit.side in {"own", "missing"} and (key.startswith("GET") or visit.side == "missing"):
                seen[visit.side] = (
                    browsers[person.name]
                    .open(address(rule, visit), method=key.split(maxsplit=1)[0])
                    .status_code
                )
        own, other = str(seen.get("own", "?")), str(seen.get("missing", ""))
        shut = other in {"", own, "403"} or person.role is None
        words.append((other or own) if own == "?" and shut else own if shut else f"{own}/{other}")
    return f'"{key}" = "{" ".join(words)}"'


def test_every_endpoint_is_in_the_reviewed_table(app: Flask, browsers: dict[str, Http], world: World) -> None:
    found = dict(rules(app))
    with app.test_request_context():
        missing = [observed_line(key, found[key], browsers, world) for key in found if key not in EXPECTED]
    gone = [key for key in EXPECTED if key not in found]
    advice = (
        "Each endpoint needs a reviewed line in tests/repository/endpoints.toml. This is what they answer "
        "now; for each ? put in what a POST without fields answers to people whose record it is, and no "
        "slash for people who may not do it at all. Check every word, then add:\n\n" + "\n".join(missing)
    )
    assert not missing, advice
    assert not gone, f"Take out of tests/repository/endpoints.toml, they no longer exist: {gone}"


def test_what_needs_no_sign_in_is_what_was_reviewed(app: Flask) -> None:
    open_to_all = {key.split()[1] for key, words in EXPECTED.items() if words.split()[0] != "302"}
    assert open_to_all == {rule.endpoint for _, rule in rules(app)} & PUBLIC


def test_every_other_endpoint_declares_a_permission(app: Flask) -> None:
    undeclared = [
        rule.endpoint
        for _, rule in rules(app)
        if rule.endpoint not in PUBLIC | SIGNED_IN
        and not hasattr(app.view_functions[rule.endpoint], "required_permission")
    ]
    assert undeclared == [], "put @requires(Permission....) above these views"


def test_an_endpoint_that_declares_nothing_is_closed(app: Flask, http: Http, cast: Cast) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    http.sign_in(cast.root.email)
    assert http.get("/forgotten").status_code == 404


def crawl(
    app: Flask, browsers: dict[str, Http], world: World, methods: set[str]
) -> Iterator[tuple[Any, ...]]:
    """Yield key, person, visit and answer of every visit but those that may change something.

    Who may not ask at all is turned away before the ids are looked at: one database tries that with every id.
    """
    everything = db.engine.dialect.name == "sqlite"
    with app.test_request_context():
        planned = [
            (key, person, visit, address(rule, visit))
            for key, rule in rules(app)
            if key in EXPECTED and key.split()[0] in methods
            for person in PEOPLE
            for visit in visits(person, rule.arguments, world)
            if everything or visit.side == "own" or may_ask(app, rule, person)
        ]
    db.session.expunge_all()  # or each of thousands of requests would look after everything in the world
    for key, person, visit, path in planned:
        status = wanted(key, person, visit.side)
        if key.startswith("GET") or (
            status in {302, 403, 404, 401} and (person.role is None or status != 302)
        ):
            method = key.split()[0]
            yield key, person, visit, browsers[person.name].open(path, method=method)


def may_ask(app: Flask, rule: Rule, person: Person) -> bool:
    """Return False for somebody whose role is refused, and for a stranger who is led to sign in."""
    if rule.endpoint in PUBLIC:
        return True
    permission = getattr(app.view_functions[rule.endpoint], "required_permission", None)
    return person.role is not None and (permission is None or holds(person.role, permission))


@pytest.mark.parametrize(
    "methods", [{"GET"}, {"POST", "PUT", "PATCH", "DELETE"}], ids=["looking", "refused changes"]
)
def test_everyone_gets_exactly_what_was_reviewed_and_nothing_changes(
    app: Flask, browsers: dict[str, Http], world: World, methods: set[str]
) -> None:
    before, wrong, refused = rows(), [], 0
    not_found: dict[tuple[str, str, int], dict[str, set[str]]] = {}
    for key, person, visit, answer in crawl(app, browsers, world, methods):
        refused += is_refused(person, answer)
        if answer.status_code != wanted(key, person, visit.side):
            wrong.append(f"{key} as {person.name}, {visit.side} {visit.values}: {answer.status_code}")
        if (
            visit.side != "own" and person.role is not None
        ):  # others are led to sign in, and back to what they asked for
            headers = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Date"}}
            pages = not_found.setdefault((key, person.name, answer.status_code), {})
            pages.setdefault(visit.side, set()).add(f"{sorted(headers.items())}\n{bare(answer.text)}")
    assert not wrong, "\n".join(wrong)
    told = [which for which, pages in not_found.items() if len(set().union(*pages.values())) != 1]
    assert told == [], "these pages tell an id that exists from one that does not"
    assert rows() == before
    if methods == {"GET"}:
        assert_refusals_are_in_the_trail(refused)


def is_refused(person: Person, answer: Any) -> bool:
    """Return True for what the trail must tell: addresses that are keys themselves are nobody's refusal."""
    is_somebody = person.role is not None and not answer.request.path.startswith(("/set-password/", "/c/"))
    return is_somebody and answer.status_code in {403, 404}


@on_one_database
def test_head_answers_like_get_and_changes_nothing(
    app: Flask, browsers: dict[str, Http], world: World
) -> None:
    before, wrong = rows(), []
    with app.test_request_context():
        planned = [
            (key, person, address(rule, visit))
            for key, rule in rules(app)
            if key.startswith("GET ") and key in EXPECTED
            for person in PEOPLE[:5]
            for visit in visits(person, rule.arguments, world)
            if visit.side == "own"
        ]
    for key, person, path in planned:
        answer = browsers[person.name].head(path)
        if (answer.status_code, answer.data) != (wanted(key, person, "own"), b""):
            wrong.append(f"{key} as {person.name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert rows() == before


@on_one_database
def test_everyone_may_change_what_is_theirs(
    app: Flask, browsers: dict[str, Http], world: World, tmp_path: Path
) -> None:
    """Each change starts from the same database, so the order of the table does not matter."""
    with app.test_request_context():
        planned = [
            (key, person, address(rule, visit))
            for key, rule in rules(app)
            if key.split()[0] not in SAFE and key in EXPECTED
            for person in PEOPLE[1:5]
            for visit in visits(person, rule.arguments, world)
            if visit.side == "own" and wanted(key, person, "own") not in {403, 404}
        ]
    saved, wrong = tmp_path / "saved.db", []
    db.session.rollback()
    with db.engine.connect() as connection:
        connection.connection.driver_connection.execute(f"VACUUM INTO '{saved}'")
    for key, person, path in planned:
        cookie = browsers[person.name].get_cookie("session")
        answer = browsers[person.name].open(path, method=key.split()[0])
        if answer.status_code != wanted(key, person, "own"):
            wrong.append(f"{key} as {person.name}: {answer.status_code}")
        browsers[person.name].set_cookie("session", cookie.value if cookie else "")
        _restore(saved, Path(str(db.engine.url.database)))
    assert not wrong, "\n".join(wrong)


def _restore(saved: Path, database: Path) -> None:
    db.session.remove()
    db.engine.dispose()
    for name in (f"{database}-wal", f"{database}-shm"):
        Path(name).unlink(missing_ok=True)
    shutil.copy(saved, database)


@on_one_database
def test_no_form_is_taken_from_another_site_or_without_its_token(app: Flask, new_http, world: World) -> None:  # type: ignore[no-untyped-def]
    root, before, wrong = new_http().sign_in(world.cast.root.email), rows(), []
    (person,) = (person for person in PEOPLE if person.name == "Root")
    with app.test_request_context():
        planned = [
            (key, address(rule, next(visits(person, rule.arguments, world))))
            for key, rule in rules(app)
            if key.split()[0] not in SAFE
        ]
    for key, path in planned:
        method = key.split()[0]
        statuses = [root.open(path, method=method).status_code]
        statuses.append(root.open(path, method=method, json={}).status_code)
        statuses.append(
            root.open(path, method=method, data={"_method": "POST", "csrf_token": "x"}).status_code
        )
        app.config["WTF_CSRF_ENABLED"] = False
        statuses.append(root.open(path, method=method, headers={"Sec-Fetch-Site": "cross-site"}).status_code)
        app.config["WTF_CSRF_ENABLED"] = True
        if statuses != OWN_PROOF.get(key.split()[1], [400, 400, 400, 403]):
            wrong.append(f"{key}: {statuses}")
    assert not wrong, "\n".join(wrong)
    assert rows() == before


def assert_refusals_are_in_the_trail(refused: int) -> None:
    """Each with the ids that were asked for, and nothing else."""
    db.session.rollback()
    written = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.ACCESS_DENIED)).all()
    assert len(written) == refused
    assert {type(value) for row in written for name, value in row.details.items() if name != "endpoint"} <= {
        int
    }


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND"])
def test_unusual_methods_are_not_understood(http: Http, cast: Cast, method: str) -> None:
    http.sign_in(cast.carol.email)
    assert http.open("/account", method=method).status_code == 405
