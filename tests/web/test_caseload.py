"""The caseload page, as a case manager uses it."""

import re
from datetime import date, time
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from iop_schedule.models import Assignment, AuditEvent, Client, db
from iop_schedule.vocabulary import AssignmentRole, AuditKind, EnrollmentStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http, on_one_database
from tests.pages import counted_statements, title_of, words

MONDAY = date(2026, 3, 2)

NAMES = ("日本 太郎", "علي حسن", "Ωμέγα Ψ", "Zoë O’Neil-Ñandú", "ก ข", "👩🏽‍🚀 A", "<b>Bold</b> & Co")


@pytest.fixture
def dev(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.dev.email)


def new_client(cast: Cast, **given: object) -> Client:
    client = make.make_client(cast.elm, **given)
    make.make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER)
    return client


def test_it_says_who_comes_first_why_and_what_to_do(dev: Http, cast: Cast) -> None:
    cast.ana.phone = "555-010-0188"
    db.session.commit()
    page = dev.get("/caseload").text
    told = words(page)
    assert "2 people\n1 group\nAs of Wednesday, March 4" in told
    assert "Ana Q.\nRelapse Prevention B\nReach out today\n" in told
    assert "No contact for 58 days, since Jan 5 (admission)." in told
    assert f'href="/clients/{cast.ana.id}/contact?back=/caseload"' in page
    assert "It helps decide whom to contact; it does not predict what a person will do." in told


def test_after_a_large_import_the_page_says_who_is_still_missing(
    dev: Http, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iop_schedule.web.caseload.AT_ONCE", 1)
    page = dev.get("/caseload").text
    assert "1 more person is still being worked out" in words(page)
    assert "2 people\n" in words(page)
    monkeypatch.undo()
    assert "still being worked out" not in dev.get("/caseload").text


def test_someone_waiting_gets_a_time(dev: Http, cast: Cast) -> None:
    person = new_client(cast, given_name="Pia")
    make.make_enrollment(person, cast.program, status=EnrollmentStatus.WAITLISTED)
    db.session.commit()
    page = dev.get("/caseload").text
    assert "1 waiting for a place" in words(page)
    assert f'href="/clients/{person.id}/place"' in page


def test_a_clash_leads_to_finding_a_time(dev: Http, cast: Cast) -> None:
    make.make_entry(make.make_occurrence(cast.friday, date(2026, 3, 6)), cast.ben)
    make.make_constraint(cast.ben, cast.ben_user, weekday=4, local_start=time(10), local_end=time(11))
    db.session.commit()
    page = dev.get("/caseload").text
    assert "Relapse Prevention B on Fri, Mar 6 does not fit their week any more." in words(page)
    assert f'href="/clients/{cast.ben.id}/place?minutes=' in page


def test_missing_marks_are_told_before_anyone_is_called_missing(dev: Http, cast: Cast) -> None:
    make.make_entry(make.make_occurrence(cast.monday, MONDAY), cast.ana)
    db.session.commit()
    said = words(dev.get("/caseload").text)
    assert "1 sheet is not signed yet; this list may change." in said
    assert "Relapse Prevention B, Mon, Mar 2 (Carol Whitfield): 1 to mark" in said


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=ana", "Showing 1 of 2"),
        ("q=++BEN+", "Showing 1 of 2"),
        ("q=nobody", "Showing 0 of 2"),
        ("group=Relapse+Prevention+B", "Showing 2 of 2"),
        ("group=Evening+Group", "Showing 0 of 2"),
        ("tier=reach_out_today", "Showing 2 of 2"),
        ("tier=no_action", "Showing 0 of 2"),
        ("sort=name", "Showing 2 of 2"),
        ("", "Showing 2 of 2"),
    ],
)
def test_filters_live_in_the_address(dev: Http, query: str, shown: str) -> None:
    assert shown in words(dev.get(f"/caseload?{query}").text)


@pytest.mark.parametrize(
    "query",
    [
        {"tier": "nonsense"},
        {"tier": "", "sort": "'; --"},
        {"q": "%", "group": "<script>alert(1)</script>"},
        {"q": "x" * 10_000},
        {"q": "\u202eمرحبا", "unknown": "1"},
    ],
    ids=["tier", "sort", "markup", "very long", "right to left"],
)
def test_nonsense_in_the_address_does_no_harm(dev: Http, query: dict[str, str]) -> None:
    answer = dev.get("/caseload", query_string=query)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert len(answer.text) < 60_000


def test_what_was_searched_for_stays_in_its_field(dev: Http) -> None:
    page = dev.get("/caseload", query_string={"q": "O’Neil"}).text
    assert 'value="O’Neil"' in page
    assert "Nobody matches" in words(page)


def test_a_searched_name_goes_into_no_other_address(dev: Http) -> None:
    page = dev.get("/caseload?q=ana&sort=name").text
    found = re.findall(r'back=([^"&]*)|name="back" value="([^"]*)"', page)
    assert {unquote(one or other) for one, other in found} == {"/caseload?sort=name"}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_script_are_shown_as_they_are_written(dev: Http, cast: Cast, name: str) -> None:
    person = new_client(cast, given_name=name)
    db.session.commit()
    page = dev.get("/caseload").text
    assert f"{name} E." in words(page)
    assert "<b>Bold" not in page
    assert f"{name} E." in words(dev.get("/caseload", query_string={"q": name.lower()}).text)
    assert str(person.id) in page


def test_nobody_assigned_says_what_belongs_here(http: Http, cast: Cast) -> None:
    make.make_user("case_manager", cast.elm, email="new@example.org")
    db.session.commit()
    page = words(http.sign_in("new@example.org").get("/caseload").text)
    assert "Nobody is assigned to you yet" in page


def test_the_title_names_nobody(dev: Http) -> None:
    assert title_of(dev.get("/caseload?q=ana").text) == "Caseload – Steady"


def test_each_look_leaves_one_row_with_the_people_shown(dev: Http, cast: Cast) -> None:
    before = set(db.session.scalars(select(AuditEvent.id)))
    dev.get("/caseload?q=ben")
    rows = [row for row in db.session.scalars(select(AuditEvent)) if row.id not in before]
    assert [(row.kind, row.actor_id, row.details) for row in rows] == [
        (AuditKind.CASELOAD_VIEWED, cast.dev.id, {"clients": [cast.ben.id]})
    ]


@on_one_database
@pytest.mark.parametrize("who", ["carol", "root", "eve", "trent", "ana_user", "zoe_user"])
def test_nobody_else_has_this_page(http: Http, cast: Cast, who: str) -> None:
    assert http.sign_in(getattr(cast, who).email).get("/caseload").status_code == 403


def test_another_sites_case_manager_sees_other_people(http: Http, cast: Cast) -> None:
    page = words(http.sign_in(cast.mallory.email).get("/caseload").text)
    assert "Zoe U." in page
    assert "Ana" not in page
    assert "Ben" not in page
    assert "Relapse Prevention B" not in page


def test_the_page_costs_the_same_statements_for_one_person_and_for_three(http: Http, cast: Cast) -> None:
    manager_id = make.make_user("case_manager", cast.elm, email="new@example.org").id
    people = []
    for number in range(3):
        person = make.make_client(cast.elm)
        make.make_dose(make.make_enrollment(person, cast.program))
        meeting = make.make_meeting(cast.group, cast.carol, local_start=time(6 + 3 * number))
        make.make_entry(make.make_occurrence(meeting, date(2026, 3, 9)), person)
        people.append(person.id)
    db.session.commit()
    http.sign_in("new@example.org")
    costs = []
    for assigned in (people[:1], people[1:]):
        for person_id in assigned:
            facts = {"role": AssignmentRole.CASE_MANAGER, "from_day": MONDAY}
            db.session.add(Assignment(client_id=person_id, user_id=manager_id, **facts))
        db.session.commit()
        db.session.expunge_all()
        with counted_statements() as statements:
            assert http.get("/caseload").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_columns_sort_and_say_so(dev: Http) -> None:
    page = dev.get("/caseload?q=a&sort=name").text
    assert (
        '<th scope="col" aria-sort="ascending"><a class="sort" href="/caseload?q=a&amp;sort=name">Client'
        in page
    )
    assert page.count("aria-sort") == 1
    assert '<a class="sort" href="/caseload?q=a&amp;sort=contact">Last contact' in page
    assert 'aria-sort="descending"' in dev.get("/caseload").text


def test_how_the_list_works_names_its_numbers(dev: Http) -> None:
    told = words(dev.get("/caseload/how").text)
    assert "over 7 days; over 14 days" in told
    assert "at most 5 false alerts in 100 client-weeks" in told
