"""Today and the attendance sheet, as a counselor uses them without JavaScript."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.models import AttendanceRecord, AuditEvent, RosterEntry, db
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, OccurrenceStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import value_of

#: Wednesday's group is from 9:00 to 12:00 in New York; the clock stands at 10:00.
TODAY = date(2026, 3, 4)


class Sheet:
    """Wednesday's session with Ana and Ben on its roster."""

    def __init__(self, cast: Cast) -> None:
        session = make.make_occurrence(cast.wednesday, TODAY)
        self.ana = make.make_entry(session, cast.ana).id
        self.ben = make.make_entry(session, cast.ben).id
        self.id = session.id
        self.path = f"/sessions/{session.id}/attendance"
        db.session.commit()

    def fields(self, ana: str = "", ben: str = "", **more: object) -> dict[str, object]:
        chosen = {f"status-{self.ana}": ana, f"status-{self.ben}": ben}
        versions = {f"version-{self.ana}": 0, f"version-{self.ben}": 0}
        return {**versions, **{name: value for name, value in chosen.items() if value}, **more}


@pytest.fixture
def sheet(cast: Cast) -> Sheet:
    return Sheet(cast)


@pytest.fixture
def carol(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.carol.email)


def stored() -> dict[int, tuple[str, int]]:
    db.session.expire_all()
    rows = db.session.scalars(select(AttendanceRecord))
    return {row.roster_entry_id: (row.status, row.minutes) for row in rows}


def test_today_leads_to_the_sheet(carol: Http, sheet: Sheet) -> None:
    page = carol.get("/today").text
    assert sheet.path in page
    assert "2 people expected" in page


def test_one_save_marks_everyone(carol: Http, sheet: Sheet) -> None:
    arrived = {f"arrived-{sheet.ben}": "10:00"}
    answer = carol.submit(sheet.path, sheet.fields("present", "late", **arrived), page=sheet.path)
    assert answer.status_code == 302
    assert stored() == {sheet.ana: ("attended", 180), sheet.ben: ("attended_in_part", 120)}
    assert "Saved. 2 here, 0 away." in carol.get(sheet.path).text


def test_the_rest_can_be_marked_present_at_once(carol: Http, sheet: Sheet) -> None:
    carol.submit(sheet.path, sheet.fields("absent", rest="1"), page=sheet.path)
    assert stored() == {sheet.ana: ("no_show", 0), sheet.ben: ("attended", 180)}


def test_people_left_to_mark_stay_to_mark(carol: Http, sheet: Sheet) -> None:
    carol.submit(sheet.path, sheet.fields("present"), page=sheet.path)
    assert stored() == {sheet.ana: ("attended", 180)}
    assert "1 person still to mark" in carol.get(sheet.path).text


@pytest.mark.parametrize(
    ("arrived", "words"),
    [
        ("", "Enter the time they arrived"),
        ("half past", "Enter the time they arrived"),
        ("12:00", "after the end of the session"),
        ("23:59", "after the end of the session"),
    ],
)
def test_an_impossible_arrival_is_said_and_nothing_is_lost(
    carol: Http, sheet: Sheet, arrived: str, words: str
) -> None:
    fields = sheet.fields("present", "late", **{f"arrived-{sheet.ben}": arrived})
    answer = carol.submit(sheet.path, fields, page=sheet.path)
    assert answer.status_code == 422
    assert words in answer.text
    assert not arrived or f'value="{arrived}"' in answer.text
    assert f'id="status-{sheet.ana}-p" value="present" checked' in answer.text
    assert stored() == {}


def test_someone_elses_mark_stands_and_both_are_shown(
    carol: Http, new_http, cast: Cast, sheet: Sheet
) -> None:  # type: ignore[no-untyped-def]
    root = new_http().sign_in(cast.root.email)
    root.submit(sheet.path, sheet.fields("present"), page=sheet.path)
    answer = carol.submit(sheet.path, sheet.fields("absent", "present"), page=sheet.path)
    assert answer.status_code == 409
    assert (
        "Root Okafor marked Ana Q. Present at 10:00 am while you had this page open; you chose Not here"
        in answer.text
    )
    assert stored() == {sheet.ana: ("attended", 180), sheet.ben: ("attended", 180)}


def test_before_it_opens_the_sheet_only_shows_who_is_expected(carol: Http, sheet: Sheet) -> None:
    clock.freeze(datetime(2026, 3, 4, 13, 0, tzinfo=UTC))
    page = carol.get(sheet.path).text
    assert "Attendance opens at" in page
    assert 'type="radio"' not in page
    answer = carol.submit(sheet.path, sheet.fields("present"), page="/today")
    assert answer.status_code == 422
    assert stored() == {}


def test_a_canceled_session_counts_for_nobody(carol: Http, cast: Cast) -> None:
    off = make.make_occurrence(cast.wednesday, TODAY, status=OccurrenceStatus.CANCELLED, status_reason="Snow")
    make.make_entry(off, cast.ana)
    db.session.commit()
    page = carol.get(f"/sessions/{off.id}/attendance").text
    assert "This session was canceled: Snow. It counts for nobody." in page
    assert 'type="radio"' not in page


def test_looking_at_a_sheet_leaves_one_audit_row_with_everyone_on_it(
    carol: Http, cast: Cast, sheet: Sheet
) -> None:
    carol.get(sheet.path)
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.ROSTER_VIEWED)).all()
    assert [(row.actor_id, row.details) for row in rows] == [
        (cast.carol.id, {"clients": [cast.ana.id, cast.ben.id]})
    ]


@pytest.mark.parametrize("who", ["eve", "trent"])
def test_another_site_sees_no_sheet(http: Http, cast: Cast, sheet: Sheet, who: str) -> None:
    http.sign_in(getattr(cast, who).email)
    assert http.get(sheet.path).status_code == 404
    assert http.submit(sheet.path, sheet.fields("present"), page="/account").status_code == 404


def test_finished_days_say_so_and_unfinished_ones_come_first(http: Http, cast: Cast) -> None:
    monday = make.make_occurrence(cast.monday, date(2026, 3, 2))
    make.make_entry(monday, cast.ana)
    today = make.make_occurrence(cast.wednesday, TODAY)
    make.make_record(make.make_entry(today, cast.ana), AttendanceStatus.ATTENDED)
    make.make_sign_off(today, cast.carol)
    db.session.commit()
    clock.freeze(datetime(2026, 3, 4, 20, 0, tzinfo=UTC))
    page = http.sign_in(cast.carol.email).get("/today").text
    assert page.index("Attendance to finish") < page.index("Done")
    assert "Mon, Mar 2" in page


def test_another_day_can_be_looked_at(carol: Http, sheet: Sheet) -> None:
    assert "Wednesday, March 4" in carol.get(f"/today?d={TODAY}").text
    assert carol.get("/today?d=nonsense").status_code == 200


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (AttendanceStatus.LATE_CANCEL, {}),
        (AttendanceStatus.PROGRAM_CANCELLED, {}),
        (AttendanceStatus.ATTENDED_PART, {"minutes": 60, "left_at": datetime(2026, 3, 4, 15, tzinfo=UTC)}),
        (AttendanceStatus.NO_SHOW, {"reason": "transport"}),
    ],
)
def test_what_the_sheet_cannot_say_survives_a_save_for_someone_else(
    carol: Http, sheet: Sheet, status: AttendanceStatus, more: dict[str, object]
) -> None:
    make.make_record(db.session.get_one(RosterEntry, sheet.ana), status, **more)
    db.session.commit()
    page = carol.get(sheet.path).text
    chosen = {"attended_in_part": "present", "no_show": "absent", "late_cancellation": "excused"}.get(
        status, ""
    )
    fields = sheet.fields(
        chosen, "present", **{f"arrived-{sheet.ana}": value_of(page, f"arrived-{sheet.ana}")}
    )
    if status is not AttendanceStatus.ATTENDED_PART:
        fields[f"arrived-{sheet.ana}"] = ""
    fields |= {f"version-{sheet.ana}": 1, "rest": "1"}
    assert carol.submit(sheet.path, fields, page=sheet.path).status_code == 302
    assert stored() == {sheet.ana: (status, more.get("minutes", 0)), sheet.ben: ("attended", 180)}
    record = db.session.scalars(select(AttendanceRecord).filter_by(roster_entry_id=sheet.ana)).one()
    assert (record.version, record.left_at, record.reason) == (1, more.get("left_at"), more.get("reason", ""))


def test_a_late_cancellation_says_when_they_told_and_can_be_excused(carol: Http, sheet: Sheet) -> None:
    make.make_record(db.session.get_one(RosterEntry, sheet.ana), AttendanceStatus.LATE_CANCEL)
    db.session.commit()
    assert "Canceled late" in carol.get(sheet.path).text
    fields = sheet.fields("excused", "") | {f"version-{sheet.ana}": 1, f"reason-{sheet.ana}": "Feeling ill"}
    assert carol.submit(sheet.path, fields, page=sheet.path).status_code == 302
    assert stored() == {sheet.ana: ("excused", 0)}


def test_a_mark_made_meanwhile_for_someone_left_to_mark_is_no_conflict(
    carol: Http,
    new_http,
    cast: Cast,
    sheet: Sheet,  # type: ignore[no-untyped-def]
) -> None:
    new_http().sign_in(cast.root.email).submit(sheet.path, sheet.fields("present"), page=sheet.path)
    assert carol.submit(sheet.path, sheet.fields("", "absent"), page=sheet.path).status_code == 302
    assert stored() == {sheet.ana: ("attended", 180), sheet.ben: ("no_show", 0)}


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-29", "20260304", "", "x" * 5000])
def test_any_day_in_the_address_is_answered(carol: Http, day: str) -> None:
    assert carol.get("/today", query_string={"d": day}).status_code == 200
