"""People pages: lists and search, a client's page, changing facts, responsibility, accounts."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select

from iop_schedule.models import Assignment, AuditEvent, Client, ContactPoint, PrescribedDose, User, db
from iop_schedule.vocabulary import AssignmentRole, AuditKind, Role
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database
from tests.factories import PASSWORD, make_assignment, make_client, make_reachable, make_user

PHRASE = "violet anchor parsnip"
NEW_CLIENT = {"given_name": "Wren", "family_name": "Sallow", "languages": ["en"], "gender": "unspecified", "modality": "in_person"}  # fmt: skip


def names(page: str) -> list[str]:
    return re.findall(r'class="nm"[^>]*><bdi>(.*?)</bdi>', page)


def link_in(page: str) -> str:
    found = re.search(r'value="http://127\.0\.0\.1:8000(/set-password/[^"]+)"', page)
    assert found is not None
    return found.group(1)


def sign_in_status(http: Http, email: str, password: str) -> int:
    page = http.get("/sign-in")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    return http.post("/sign-in", data={"email": email, "password": password, "csrf_token": token}).status_code


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("person", "expected"),
    [("root", ["Ana Quillfeather", "Ben Oxbridger"]), ("dev", ["Ana Quillfeather", "Ben Oxbridger"]),
     ("trent", ["Zoe Umberhulk"]), ("mallory", ["Zoe Umberhulk"])],
)  # fmt: skip
def test_each_sees_the_clients_who_are_theirs(
    http: Http, cast: Cast, person: str, expected: list[str]
) -> None:
    http.sign_in(getattr(cast, person).email)
    assert names(http.get("/people").text) == expected


def test_a_case_manager_does_not_see_clients_of_another(http: Http, cast: Cast) -> None:
    make_client(cast.elm, given_name="Wren", family_name="Sallow")
    db.session.commit()
    http.sign_in(cast.dev.email)
    assert "Wren Sallow" not in names(http.get("/people").text)
    assert names(http.get("/people?q=sallow").text) == []


@pytest.mark.parametrize(
    ("search", "expected"),
    [("quill", ["Ana Quillfeather"]), ("QUILL ana", ["Ana Quillfeather"]), ("  ", ["Ana Quillfeather", "Ben Oxbridger"]),
     ("umberhulk", []), ("%", []), ("_", []), ("' OR 1=1 --", [])],
)  # fmt: skip
def test_search_finds_parts_of_names_and_nothing_else(
    http: Http, cast: Cast, search: str, expected: list[str]
) -> None:
    http.sign_in(cast.root.email)
    assert names(http.get("/people", query_string={"q": search}).text) == expected


def test_staff_of_own_sites_are_listed_and_only_administrators_may_change_them(
    http: Http,
    new_http,
    cast: Cast,  # type: ignore[no-untyped-def]
) -> None:
    page = http.sign_in(cast.root.email).get("/people?show=staff").text
    assert names(page) == ["Carol Whitfield", "Dev Banerjee", "Root Okafor"]
    other = new_http().sign_in(cast.dev.email).get("/people?show=staff").text
    assert ("Carol Whitfield" in other, names(other)) == (True, [])


def test_a_long_list_comes_in_pages(http: Http, cast: Cast) -> None:
    for _ in range(55):
        make_client(cast.elm)
    db.session.commit()
    http.sign_in(cast.root.email)
    counts = [len(names(http.get(f"/people?page={page}").text)) for page in (1, 2, 3, 0, -1, 999_999_999)]
    assert counts == [50, 7, 7, 50, 50, 7]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_database_equally_often_for_one_person_and_three(
    http: Http, cast: Cast, rows: int
) -> None:
    for _ in range(rows):
        client = make_client(cast.elm, given_name="Same", user_id=make_user(Role.CLIENT).id)
        make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER)
    db.session.commit()
    http.sign_in(cast.root.email)
    statements: list[str] = []
    note = lambda *given: statements.append(given[2]) if given[2].startswith("SELECT") else None  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert len(names(http.get("/people?q=same").text)) == rows
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 10, statements


def test_looking_at_the_list_is_one_entry_in_the_trail_with_the_ids(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    http.get("/people")
    row = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.PEOPLE_VIEWED)).one()
    assert row.details == {"clients": [cast.ana.id, cast.ben.id]}


# ── One client ───────────────────────────────────────────────────────────────────────────────────


def test_a_clients_page_says_who_they_are_and_who_is_responsible(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    page = http.get(f"/clients/{cast.ana.id}").text
    assert [words in page for words in ("Ana Quillfeather", "Adult IOP", "<b class=\"num\">9</b> hours a week", "Carol Whitfield", "Dev Banerjee", "15 min")] == [True] * 6  # fmt: skip


def test_a_counselor_sees_the_page_but_no_forms(http: Http, cast: Cast) -> None:
    http.sign_in(cast.carol.email)
    page = http.get(f"/clients/{cast.ana.id}")
    assert (page.status_code, "/facts" in page.text, "Change who is responsible" in page.text) == (
        200,
        False,
        False,
    )


def test_the_page_title_names_nobody(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    title = re.search("<title>(.*?)</title>", http.get(f"/clients/{cast.ana.id}").text)
    assert title is not None
    assert title.group(1).startswith("Client –")


def test_a_case_manager_who_adds_a_client_is_responsible_for_them(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    answer = http.submit("/people/clients/new", {**NEW_CLIENT, "site": cast.elm.id})
    assert answer.status_code == 302
    assert http.get(answer.headers["Location"]).status_code == 200
    client = db.session.scalars(select(Client).where(Client.family_name == "Sallow")).one()
    held = db.session.scalars(select(Assignment).where(Assignment.client_id == client.id)).one()
    assert (held.user_id, held.role, held.from_day) == (cast.dev.id, "case_manager", date(2026, 3, 4))


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"given_name": " "}, "Enter their first name."),
        ({"languages": []}, "Choose at least one language."),
        ({"email": "not an address"}, "Enter an email address like name@example.org."),
        ({"travel_minutes": "900"}, "Enter 0 to 240 minutes."),
        ({"phone": "call me"}, "Enter a phone number like 555-010-0142."),
        ({"given_name": "x" * 101}, "Keep this under 100 characters."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_will_not_do_is_explained_and_kept(
    http: Http, cast: Cast, wrong: dict[str, object], sentence: str
) -> None:
    http.sign_in(cast.dev.email)
    answer = http.submit("/people/clients/new", {**NEW_CLIENT, "site": cast.elm.id, **wrong})
    assert (answer.status_code, sentence in answer.text, 'value="Sallow"' in answer.text) == (422, True, True)
    assert "<title>Error: " in answer.text


def test_a_client_cannot_be_added_to_a_site_that_is_not_ones_own(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    assert http.submit("/people/clients/new", {**NEW_CLIENT, "site": cast.far.id}).status_code == 422
    assert db.session.scalars(select(Client).where(Client.family_name == "Sallow")).all() == []


def test_fields_nobody_asked_for_are_not_stored(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    extra = {"site": cast.far.id, "site_id": cast.far.id, "user_id": cast.root.id, "id": 999, "code": "mine", "role": "administrator"}  # fmt: skip
    answer = http.submit(f"/clients/{cast.ana.id}/facts", {**NEW_CLIENT, **extra})
    assert answer.status_code == 302
    db.session.refresh(cast.ana)
    assert (cast.ana.given_name, cast.ana.site_id, cast.ana.user_id, cast.ana.code) == (
        "Wren", cast.elm.id, cast.ana_user.id, "ana",
    )  # fmt: skip


def test_names_lose_what_no_keyboard_types(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    http.submit(f"/clients/{cast.ana.id}/facts", {**NEW_CLIENT, "given_name": "Wr\u202een\r\nBcc: x"})
    db.session.refresh(cast.ana)
    assert cast.ana.given_name == "Wr en Bcc: x"


def test_a_new_address_in_the_record_takes_no_messages_before_it_is_confirmed(http: Http, cast: Cast) -> None:
    make_reachable(cast.ana)
    db.session.commit()
    http.sign_in(cast.dev.email)
    same = {**NEW_CLIENT, "email": cast.ana.email}
    for address, stopped in ((same, None), ({**same, "email": "wren@example.net"}, "changed")):
        http.submit(f"/clients/{cast.ana.id}/facts", address)
        db.session.rollback()
        (point,) = db.session.query(ContactPoint).filter_by(client_id=cast.ana.id)
        assert point.stop_reason == stopped


# ── Responsibility, enrollment, dose ─────────────────────────────────────────────────────────────


def assign(http: Http, client: Client, user: object, role: str, day: str):  # type: ignore[no-untyped-def]
    data = {"assign-user": str(user), "assign-role": role, "assign-from_day": day}
    return http.submit(f"/clients/{client.id}/responsible", data, page=f"/clients/{client.id}")


def held(client: Client, role: AssignmentRole) -> list[tuple[int, date, date | None]]:
    db.session.expire_all()
    rows = db.session.scalars(
        select(Assignment)
        .where(Assignment.client_id == client.id, Assignment.role == role)
        .order_by(Assignment.from_day, Assignment.id)
    )
    return [(row.user_id, row.from_day, row.until_day) for row in rows]


def test_a_new_counselor_follows_the_old_one_day_by_day(http: Http, cast: Cast) -> None:
    nora = make_user(Role.COUNSELOR, cast.elm, given_name="Nora")
    db.session.commit()
    http.sign_in(cast.dev.email)
    assert assign(http, cast.ana, nora.id, "counselor", "2026-03-16").status_code == 302
    assert held(cast.ana, AssignmentRole.COUNSELOR) == [
        (cast.carol.id, date(2025, 1, 1), date(2026, 3, 15)),
        (nora.id, date(2026, 3, 16), None),
    ]
    assign(http, cast.ana, cast.carol.id, "counselor", "2026-03-09")
    assert held(cast.ana, AssignmentRole.COUNSELOR) == [
        (cast.carol.id, date(2025, 1, 1), date(2026, 3, 8)),
        (cast.carol.id, date(2026, 3, 9), date(2026, 3, 15)),
        (nora.id, date(2026, 3, 16), None),
    ]
    assign(http, cast.ana, "none", "counselor", "2026-03-16")
    assert held(cast.ana, AssignmentRole.COUNSELOR)[1:] == [
        (cast.carol.id, date(2026, 3, 9), date(2026, 3, 15))
    ]


def test_who_has_been_responsible_for_part_of_a_day_stays_on_record(http: Http, cast: Cast) -> None:
    nora = make_user(Role.COUNSELOR, cast.elm, given_name="Nora")
    db.session.commit()
    http.sign_in(cast.dev.email)
    today = date(2026, 3, 4)
    for user in (nora, nora, cast.carol):
        assign(http, cast.ana, user.id, "counselor", str(today))
    assert held(cast.ana, AssignmentRole.COUNSELOR)[1:] == [
        (nora.id, today, today),
        (cast.carol.id, today, None),
    ]


@pytest.mark.parametrize("who", ["eve", "dev", "disabled", "ana_user"])
def test_nobody_becomes_responsible_who_is_not_a_counselor_of_the_site(
    http: Http, cast: Cast, who: str
) -> None:
    gone = make_user(Role.COUNSELOR, cast.elm, active=False)
    db.session.commit()
    http.sign_in(cast.root.email)
    user = gone if who == "disabled" else getattr(cast, who)
    before = held(cast.ana, AssignmentRole.COUNSELOR)
    assert assign(http, cast.ana, user.id, "counselor", "2026-03-16").status_code == 422
    assert held(cast.ana, AssignmentRole.COUNSELOR) == before


def test_access_follows_responsibility(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    erin = make_user(Role.CASE_MANAGER, cast.elm, given_name="Erin")
    db.session.commit()
    root, dev, other = (
        http.sign_in(cast.root.email),
        new_http().sign_in(cast.dev.email),
        new_http().sign_in(erin.email),
    )
    assign(root, cast.ana, erin.id, "case_manager", "2026-03-04")
    assert (
        dev.get(f"/clients/{cast.ana.id}").status_code,
        other.get(f"/clients/{cast.ana.id}").status_code,
    ) == (404, 200)


def test_a_dose_is_prescribed_from_a_day(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    page = http.get(f"/clients/{cast.ana.id}").text
    (path,) = set(re.findall(r'action="(/clients/\d+/enrollments/\d+/doses)"', page))
    data = {"dose-hours": "7.5", "dose-days": "2", "dose-from_day": "2026-03-09"}
    assert http.submit(path, data, page=f"/clients/{cast.ana.id}").status_code == 302
    stored = db.session.scalars(
        select(PrescribedDose).where(PrescribedDose.from_day == date(2026, 3, 9))
    ).one()
    assert (stored.minutes, stored.minimum_days) == (450, 2)
    wrong = http.submit(path, {**data, "dose-hours": "60"}, page=f"/clients/{cast.ana.id}")
    assert (wrong.status_code, "Enter 0 to 50 hours a week." in wrong.text) == (422, True)


def test_a_new_client_is_enrolled(http: Http, cast: Cast) -> None:
    wren = make_client(cast.elm)
    db.session.commit()
    http.sign_in(cast.root.email)
    data = {"enroll-program": cast.program.id, "enroll-status": "active", "enroll-from_day": "2026-03-09"}
    page = f"/clients/{wren.id}"
    assert http.submit(f"{page}/enrollments", data, page=page).status_code == 302
    again = http.submit(f"{page}/enrollments", data, page=page)
    assert (again.status_code, "They are in a program then." in again.text) == (422, True)
    foreign = {**data, "enroll-program": cast.far_program.id}
    assert http.submit(f"{page}/enrollments", foreign, page=page).status_code == 422


# ── Accounts ─────────────────────────────────────────────────────────────────────────────────────


def test_a_new_staff_member_gets_in_by_a_link_shown_once(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    http.sign_in(cast.root.email)
    data = {"given_name": "Nora", "family_name": "Petrov", "email": "Nora@Example.org", "role": "counselor", "sites": [cast.elm.id]}  # fmt: skip
    added = http.submit("/people/staff/new", data).headers["Location"]
    assert sign_in_status(new_http(), "nora@example.org", "anything at all") == 422
    link = link_in(http.submit(f"{added}/link", page=added).text)
    assert link not in http.get(added).text
    nora = new_http()
    assert nora.submit(link, {"password": PHRASE}).status_code == 302
    nora.sign_in_by_form("nora@example.org", PHRASE)
    assert nora.get("/people").status_code == 403


def test_a_client_gets_an_account_by_a_link(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    wren = make_client(cast.elm, email="wren@example.net")
    db.session.commit()
    http.sign_in(cast.root.email)
    link = link_in(http.submit(f"/clients/{wren.id}/link", page=f"/clients/{wren.id}").text)
    phone = new_http()
    phone.submit(link, {"password": PHRASE})
    phone.sign_in_by_form("wren@example.net", PHRASE)
    assert phone.get(f"/clients/{wren.id}").status_code == 403


def test_links_lead_to_the_configured_address_whatever_the_request_says(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    page = f"/people/staff/{cast.carol.id}"
    token = http.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]
    forged = {
        "X-Forwarded-Host": "elsewhere.example",
        "Forwarded": "host=elsewhere.example",
        "X-Original-URL": "/x",
    }
    answer = http.post(f"{page}/link", data={"csrf_token": token}, headers=forged)
    assert (link_in(answer.text)[:14], "elsewhere" in answer.text) == ("/set-password/", False)


@pytest.mark.parametrize(
    "address", ["carol@example.org", "CAROL@EXAMPLE.ORG", " carol@example.org ", "ｃarol@example.org"]
)
def test_an_address_somebody_signs_in_with_cannot_be_taken_over(http: Http, cast: Cast, address: str) -> None:
    wren = make_client(cast.elm, email=address)
    db.session.commit()
    stored = cast.carol.password
    http.sign_in(cast.root.email)
    answer = http.submit(f"/clients/{wren.id}/link", page=f"/clients/{wren.id}")
    assert answer.status_code == 302
    staff = {
        "given_name": "X",
        "family_name": "Y",
        "email": address,
        "role": "counselor",
        "sites": [cast.elm.id],
    }
    assert http.submit("/people/staff/new", staff).status_code == 422
    db.session.refresh(cast.carol)
    assert (cast.carol.password, len(db.session.scalars(select(User)).unique().all())) == (stored, 9)


def test_turning_an_account_off_ends_its_sessions_and_on_again_lets_back_in(
    http: Http,
    new_http,
    cast: Cast,  # type: ignore[no-untyped-def]
) -> None:
    http.sign_in(cast.root.email)
    carol = new_http().sign_in(cast.carol.email)
    page = f"/people/staff/{cast.carol.id}"
    http.submit(f"{page}/account/off", page=page)
    assert carol.get("/account").status_code == 302
    assert sign_in_status(new_http(), cast.carol.email, PASSWORD) == 422
    http.submit(f"{page}/account/on", page=page)
    assert carol.get("/account").status_code == 302
    assert sign_in_status(new_http(), cast.carol.email, PASSWORD) == 302


def test_a_clients_account_is_turned_off_too(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    http.sign_in(cast.dev.email)
    ana = new_http().sign_in(cast.ana_user.email)
    http.submit(f"/clients/{cast.ana.id}/account/off", page=f"/clients/{cast.ana.id}")
    assert ana.get("/account").status_code == 302


def test_nobody_turns_off_their_own_account(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    page = f"/people/staff/{cast.root.id}"
    http.submit(f"{page}/account/off", page=page)
    assert "You cannot turn off your own account." in http.get(page).text


def test_the_last_administrator_of_a_site_keeps_the_role(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    data = {"given_name": "Root", "family_name": "Okafor", "email": cast.root.email, "role": "counselor", "sites": [cast.elm.id]}  # fmt: skip
    answer = http.submit(f"/people/staff/{cast.root.id}", data)
    assert (answer.status_code, "A site needs at least one administrator." in answer.text) == (422, True)
    db.session.expire_all()
    assert cast.root.role is Role.ADMINISTRATOR


def test_a_change_of_role_holds_at_once_and_ends_the_sessions(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    http.sign_in(cast.root.email)
    dev = new_http().sign_in(cast.dev.email)
    assert dev.get("/people").status_code == 200
    data = {"given_name": "Dev", "family_name": "Banerjee", "email": cast.dev.email, "role": "counselor", "sites": [cast.elm.id]}  # fmt: skip
    http.submit(f"/people/staff/{cast.dev.id}", data)
    assert dev.get("/people").status_code == 302
    assert dev.sign_in(cast.dev.email).get("/people").status_code == 403


def test_someone_who_also_works_elsewhere_is_not_changed_by_one_site_alone(http: Http, cast: Cast) -> None:
    cast.carol.sites.append(cast.far)
    db.session.commit()
    http.sign_in(cast.root.email)
    page = f"/people/staff/{cast.carol.id}"
    assert http.submit(f"{page}/account/off", page=page).status_code == 403
    db.session.expire_all()
    assert cast.carol.active


def test_staff_cannot_be_given_a_site_that_is_not_the_administrators(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    data = {"given_name": "X", "family_name": "Y", "email": "x@example.org", "role": "administrator", "sites": [cast.far.id]}  # fmt: skip
    assert http.submit("/people/staff/new", data).status_code == 422


def test_every_change_is_in_the_trail_once(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    page = f"/people/staff/{cast.carol.id}"
    http.submit(f"{page}/account/off", page=page)
    http.submit(f"{page}/account/on", page=page)
    http.submit(f"{page}/link", page=page)
    assign(http, cast.ana, "none", "counselor", str(NOW.date() + timedelta(days=9)))
    wanted = (
        AuditKind.ACCOUNT_DISABLED,
        AuditKind.ACCOUNT_ENABLED,
        AuditKind.ACCOUNT_INVITED,
        AuditKind.ASSIGNMENT_CHANGED,
    )
    rows = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind.in_(wanted)).order_by(AuditEvent.id)
    ).all()
    assert [(row.kind, row.actor_id, row.site_id) for row in rows] == [
        (kind, cast.root.id, cast.elm.id) for kind in wanted
    ]


@on_one_database
@pytest.mark.parametrize(
    "path", ["/people", "/people?show=staff", "/people/clients/new", "/people/staff/new"]
)
def test_clients_and_counselors_have_no_people_pages(
    app: Flask, http: Http, new_http, cast: Cast, path: str
) -> None:  # type: ignore[no-untyped-def]
    assert http.sign_in(cast.ana_user.email).get(path).status_code == 403
    assert new_http().sign_in(cast.carol.email).get(path).status_code == 403
