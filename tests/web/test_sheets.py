"""Signing, amending, not meeting, visitors and paper, as a counselor does it without JavaScript; bad input."""

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.models import AttendanceRecord, AttendanceRevision, AuditEvent, Client, RosterEntry, db
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, RosterSource
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words

#: Wednesday's group is from 9:00 to 12:00 in New York; the clock stands at 10:00.
TODAY = date(2026, 3, 4)
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


class Sheet:
    """Wednesday's session with Ana and Ben on its roster."""

    def __init__(self, cast: Cast) -> None:
        session = make.make_occurrence(cast.wednesday, TODAY)
        self.ana = make.make_entry(session, cast.ana).id
        self.ben = make.make_entry(session, cast.ben).id
        self.id = session.id
        self.path = f"/sessions/{session.id}"
        self.sheet = f"{self.path}/attendance"
        db.session.commit()

    def finish(self, http: Http, ana: str = "present", ben: str = "absent"):  # type: ignore[no-untyped-def]
        fields = {f"version-{entry}": 0 for entry in (self.ana, self.ben)}
        marks = {f"status-{self.ana}": ana, f"status-{self.ben}": ben, "do": "finish"}
        return http.submit(self.sheet, {**fields, **marks})


@pytest.fixture
def sheet(cast: Cast) -> Sheet:
    return Sheet(cast)


@pytest.fixture
def carol(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.carol.email)


def send(http: Http, sheet: Sheet, *, key: str = KEY, **body: object):  # type: ignore[no-untyped-def]
    page = http.get(sheet.sheet).text
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    sent = {"session": sheet.id, "person": sheet.ana, "status": "present", "base_version": 0, **body}
    headers = {"X-CSRFToken": token, "Idempotency-Key": key, "Accept": "application/json"}
    return http.post(
        "/api/attendance", data=json.dumps(sent), content_type="application/json", headers=headers
    )


def test_one_press_signs_and_the_exceptions_come_first(carol: Http, sheet: Sheet) -> None:
    assert sheet.finish(carol).status_code == 302
    page = words(carol.get(sheet.sheet).text)
    assert "Signed 10:00 am. 1 here, 1 away." in page
    assert page.index("Not here (1)") < page.index("Present (1)")
    assert "3 h credited together" in page


def test_nothing_is_signed_while_someone_is_to_mark(carol: Http, sheet: Sheet) -> None:
    answer = sheet.finish(carol, ben="")
    assert answer.status_code == 422
    assert "1 person is still to mark" in answer.text


def test_an_amendment_shows_both_entries_and_the_reason(carol: Http, sheet: Sheet) -> None:
    sheet.finish(carol)
    path = f"{sheet.sheet}/{sheet.ben}/amend"
    fields = {"status": "late", "arrived": "09:30", "version": 1, "why": "Came while we began"}
    refused = carol.submit(path, {**fields, "why": ""})
    assert (refused.status_code, "Say why" in refused.text) == (422, True)
    assert carol.submit(path, fields).status_code == 302
    history = words(carol.get(f"{sheet.path}/history").text)
    assert "Not here" in history or "Missed, no contact" in history
    assert "Amended Came while we began" in history
    assert "150 min, arrived 9:30 am" in history


def test_a_group_that_did_not_meet_is_one_button_and_a_reason(carol: Http, sheet: Sheet) -> None:
    path = f"{sheet.path}/not-held"
    assert carol.submit(path, {}).status_code == 422
    assert carol.submit(path, {"reason": "The weather"}).status_code == 302
    page = words(carol.get(sheet.sheet).text)
    assert "This group did not meet: The weather. It counts for nobody." in page
    carol.submit(f"{sheet.path}/reopen", {"reason": "It did"}, page=sheet.sheet)
    assert "2 people still to mark" in words(carol.get(sheet.sheet).text)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 200, ""),
        ({"status": "late", "arrived_at": "09:30"}, 200, ""),
        ({"left_at": "11:00"}, 200, ""),
        ({"status": "late"}, 422, "Enter the time they arrived"),
        ({"status": "late", "arrived_at": "12:00"}, 422, "after the end"),
        ({"status": "late", "arrived_at": "9 o'clock"}, 422, "Enter the time they arrived"),
        ({"status": "late", "arrived_at": "10:00", "left_at": "09:30"}, 422, "not after the arrival"),
        ({"left_at": "08:30"}, 422, "before the session began"),
        ({"status": "gone"}, 422, "Choose Present"),
        ({"person": 999_999}, 404, ""),
        ({"session": 999_999}, 404, ""),
        ({"person": "1"}, 422, "whole number"),
        ({"base_version": -1}, 422, "whole number"),
        ({"status": ["present"]}, 422, "must be text"),
    ],
    ids=str,
)
def test_a_mark_that_is_sent_is_stored_or_told_why_not(
    carol: Http, sheet: Sheet, body: dict[str, object], status: int, said: str
) -> None:
    answer = send(carol, sheet, **body)
    assert (answer.status_code, said in answer.json.get("message", "")) == (status, True), answer.json
    db.session.expire_all()
    assert len(db.session.scalars(select(AttendanceRecord)).all()) == int(status == 200)


@pytest.mark.parametrize("key", ["", "short", "x" * 41, "with blank in it"])
def test_a_change_without_a_key_of_its_own_is_not_taken(carol: Http, sheet: Sheet, key: str) -> None:
    assert send(carol, sheet, key=key).status_code == 422


def test_the_same_change_is_stored_once_and_its_key_takes_nothing_else(carol: Http, sheet: Sheet) -> None:
    first, again = send(carol, sheet), send(carol, sheet)
    assert (first.status_code, again.json) == (200, first.json)
    other = send(carol, sheet, status="absent")
    assert (other.status_code, "sent before with something else" in other.json["message"]) == (422, True)
    assert len(db.session.scalars(select(AttendanceRevision)).all()) == 1


def test_someone_elses_mark_comes_back_with_who_and_when(
    carol: Http, new_http, cast: Cast, sheet: Sheet
) -> None:  # type: ignore[no-untyped-def]
    send(new_http().sign_in(cast.root.email), sheet, key=KEY[::-1], status="excused")
    answer = send(carol, sheet)
    assert answer.status_code == 409
    current = answer.json["current"]
    assert [current[name] for name in ("status", "by", "at", "version")] == [
        "excused",
        "Root Okafor",
        "10:00 am",
        1,
    ]
    settled = send(carol, sheet, key=KEY.replace("0", "1"), base_version=1)
    assert (settled.status_code, settled.json["status"]) == (200, "present")


def test_a_signed_sheet_takes_no_more_marks(carol: Http, sheet: Sheet) -> None:
    sheet.finish(carol)
    answer = send(carol, sheet, status="absent", base_version=1)
    assert (answer.status_code, "current" in answer.json) == (409, False)
    assert "Amend it with a reason" in answer.json["message"]


def test_a_session_that_has_not_opened_takes_none(carol: Http, sheet: Sheet) -> None:
    clock.freeze(datetime(2026, 3, 4, 13, 29, tzinfo=UTC))
    token = carol.get("/account").text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    body = {"session": sheet.id, "person": sheet.ana, "status": "present", "base_version": 0}
    headers = {"X-CSRFToken": token, "Idempotency-Key": KEY}
    answer = carol.post("/api/attendance", json=body, headers=headers)
    assert (answer.status_code, "has not begun" in answer.json["message"]) == (422, True)


@pytest.mark.parametrize("who", ["eve", "trent", "dev", "ana_user"])
def test_nobody_elses_session_takes_a_mark(http: Http, cast: Cast, sheet: Sheet, who: str) -> None:
    http.sign_in(getattr(cast, who).email)
    token = http.get("/account").text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    body = {"session": sheet.id, "person": sheet.ana, "status": "present", "base_version": 0}
    answer = http.post("/api/attendance", json=body, headers={"X-CSRFToken": token, "Idempotency-Key": KEY})
    assert answer.status_code == (404 if who in {"eve", "trent"} else 403)


def test_marks_as_they_stand_hold_no_names_and_no_audit_row(carol: Http, cast: Cast, sheet: Sheet) -> None:
    send(carol, sheet)
    before = len(db.session.scalars(select(AuditEvent)).all())
    answer = carol.get(f"{sheet.sheet}/now")
    assert [one["status"] for one in answer.json["marks"]] == ["present", ""]
    assert cast.ana.given_name not in answer.text
    assert len(db.session.scalars(select(AuditEvent)).all()) == before


def test_a_kept_roster_holds_names_and_marks_and_nothing_else(carol: Http, cast: Cast, sheet: Sheet) -> None:
    monday = make.make_occurrence(cast.monday, date(2026, 3, 2))
    make.make_record(make.make_entry(monday, cast.ana), AttendanceStatus.NO_SHOW)
    db.session.commit()
    full, kept = carol.get(sheet.sheet).text, carol.get(f"{sheet.sheet}?kept=1").text
    for told in ("Relapse Prevention", "Missed Mon", "of 9 h"):
        assert (told in words(full), told in words(kept)) == (True, False), told
    assert "Ana Q." in kept


def test_a_visitor_is_added_by_name_or_code_and_taken_off_again(
    carol: Http, cast: Cast, sheet: Sheet
) -> None:
    stranger = make.make_client(cast.elm, given_name="Ivo", family_name="Unseen", code="C-9")
    elsewhere = make.make_client(cast.far, code="C-10")
    db.session.commit()
    path = f"{sheet.path}/people/add"
    assert "Ivo" not in carol.get(path).text
    assert carol.submit(path, {"client_id": stranger.id}).status_code == 404
    assert carol.submit(path, {"code": elsewhere.code}).status_code == 422
    assert carol.submit(path, {"code": "C-9", "as": "make_up"}).status_code == 302
    again = carol.submit(path, {"code": "C-9"})
    assert (again.status_code, "on the list already" in again.text) == (409, True)
    db.session.expire_all()
    entry = db.session.scalars(select(RosterEntry).filter_by(client_id=stranger.id)).one()
    assert entry.source == RosterSource.MAKE_UP
    for entry_id, gone in ((sheet.ana, False), (entry.id, True)):
        carol.submit(f"{sheet.path}/people/{entry_id}/remove", page=sheet.sheet)
        db.session.expire_all()
        assert (db.session.get_one(RosterEntry, entry_id).released_at is not None) is gone


def test_a_guessed_code_opens_no_record_and_guessing_ends(carol: Http, cast: Cast, sheet: Sheet) -> None:
    other = make.make_client(cast.elm, code="C-9", given_name="Una")
    db.session.commit()
    path, page = f"{sheet.path}/people/add", sheet.sheet
    assert carol.submit(path, {"code": "C-9"}, page=page).status_code == 302
    assert carol.get(f"/clients/{other.id}").status_code == 404
    entry = db.session.scalars(select(RosterEntry).filter_by(client_id=other.id)).one()
    make.make_record(entry, AttendanceStatus.ATTENDED)
    db.session.commit()
    assert carol.get(f"/clients/{other.id}").status_code == 200

    tried = [carol.submit(path, {"code": f"D-{n}"}, page=page).status_code for n in range(11)]
    assert tried == [422] * 10 + [429]
    unknown = select(AuditEvent).where(AuditEvent.kind == AuditKind.ROSTER_CODE_UNKNOWN)
    assert {row.actor_id for row in db.session.scalars(unknown)} == {cast.carol.id}


def test_someone_new_gets_a_record_and_counts_for_nobody_yet(carol: Http, cast: Cast, sheet: Sheet) -> None:
    path = f"{sheet.path}/people/new"
    page = f"{sheet.path}/people/add"
    assert carol.submit(path, {"given_name": "Uma"}, page=page).status_code == 422
    assert carol.submit(path, {"given_name": "Uma", "family_name": "New"}, page=page).status_code == 302
    db.session.expire_all()
    assert db.session.scalars(select(Client).filter_by(given_name="Uma")).one().site_id == cast.elm.id
    assert "Not in the program today: counts for nobody" in carol.get(sheet.sheet).text


def test_beyond_the_seats_only_an_administrator_lets_someone_in_and_says_why(
    carol: Http, new_http, cast: Cast, sheet: Sheet
) -> None:  # type: ignore[no-untyped-def]
    cast.group.seats = 2
    client = make.make_client(cast.elm, code="C-9")
    db.session.commit()
    path, root = f"{sheet.path}/people/add", new_http().sign_in(cast.root.email)
    assert "There is no seat to give here" in carol.submit(path, {"code": "C-9"}).text
    assert carol.submit(path, {"code": "C-9", "over_seats": "Please"}).status_code == 403
    assert root.submit(path, {"code": "C-9"}).status_code == 422
    assert root.submit(path, {"code": "C-9", "over_seats": "Came a long way"}).status_code == 302
    db.session.expire_all()
    entry = db.session.scalars(select(RosterEntry).filter_by(client_id=client.id)).one()
    assert entry.over_seats == "Came a long way"
    added = select(AuditEvent).where(AuditEvent.kind == AuditKind.ROSTER_ADDED)
    assert [(row.actor_id, row.details["beyond_seats"]) for row in db.session.scalars(added)] == [
        (cast.root.id, True)
    ]


def test_sign_in_sheets_of_a_day_are_one_job_with_two_blank_rows(
    carol: Http, cast: Cast, sheet: Sheet
) -> None:
    alone = make.make_occurrence(
        cast.one_to_one,
        TODAY,
        starts_at=datetime(2026, 3, 4, 19, tzinfo=UTC),
        ends_at=datetime(2026, 3, 4, 20, tzinfo=UTC),
    )
    make.make_entry(alone, cast.ana)
    db.session.commit()
    one, day = carol.get(f"{sheet.path}/sign-in").text, carol.get(f"/today/sign-in?d={TODAY}").text
    assert [one.count("<tr>"), day.count("<tr>"), day.count("<table")] == [5, 9, 2]
    assert "Ana Q." in one
    assert "Quillfeather" not in one + day
    assert "One-to-one with" not in day


def test_the_week_and_the_counts_of_the_board(carol: Http, sheet: Sheet) -> None:
    sheet.finish(carol)
    week = words(carol.get("/week").text)
    assert "Relapse Prevention B" in week
    assert "Signed" in week
    counts = carol.get("/today/counts")
    assert f'id="counts-{sheet.id}"' in counts.text
    assert "Ana" not in counts.text
    assert [carol.get(f"/week?w={text}").status_code for text in ("2026-W60", "nonsense", "9999-W01")] == [
        404
    ] * 3
