"""Pages of reports: filters, files, the background, what they must refuse."""

import csv
from datetime import date
from io import StringIO

import pytest
from sqlalchemy import select

from iop_schedule.adapters import charts
from iop_schedule.models import AuditEvent, db
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web import reports
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http, on_one_database
from tests.pages import counted_statements
from tests.world import mark, occurrence

SPAN = "since=2026-02-02&until=2026-03-01"


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Seven people on four Mondays, a group with a name a spreadsheet would run."""
    cast.group.name = "=cmd|' /C calc'!A0"
    people = [cast.ana, cast.ben, *(make.make_client(cast.elm) for _ in range(5))]
    for person in people[2:]:
        make.make_enrollment(person, cast.program)
    for day in (2, 9, 16, 23):
        held = occurrence(cast.monday, date(2026, 2, day), *people)
        for person in people:
            mark(held, person, cast.carol)
    db.session.commit()
    return cast


def test_a_program_report_states_findings_with_charts_tables_and_formulas(http: Http, busy: Cast) -> None:
    page = http.sign_in(busy.dev.email).get(f"/reports/program?{SPAN}").text
    assert "Attendance stayed about level, at 100 %." in page
    assert page.count("<figure") >= 2
    assert 'role="img" aria-labelledby="f-week"' in page
    assert "Kaplan-Meier" in page
    assert "style=" not in page.replace("hx-headers", "")
    paper = http.get(f"/reports/program?{SPAN}&print=1").text
    assert "<details" not in paper
    assert "28" in paper


def test_without_the_renderer_the_table_is_open(
    http: Http, busy: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "is_available", lambda: False)
    page = http.sign_in(busy.dev.email).get(f"/reports/program?{SPAN}").text
    assert "<figure" not in page
    assert "Show as table" not in page
    assert '<p class="finding">Attendance stayed about level' in page


def test_numbers_as_a_file_run_nothing_and_are_on_record(http: Http, busy: Cast) -> None:
    answer = http.sign_in(busy.dev.email).get(f"/reports/program/group.csv?{SPAN}")
    rows = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows == [
        ["Group", "Attended", "Expected", "Rate", "Recorded", "People"],
        ["'=cmd|' /C calc'!A0", "28", "28", "100 %", "100 %", "7"],
    ]
    assert "numbers.csv" in answer.headers["Content-Disposition"]
    kinds = db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)).all()
    assert kinds[-1] == AuditKind.REPORT_EXPORTED


@on_one_database
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=tomorrow", "Enter a date that exists"),
        ("since=2026-02-30", "Enter a date that exists"),
        ("since=0001-01-01", "Enter a day of this century."),
        ("until=9999-12-31", "Enter a day of this century."),
        ("since=2026-03-02&until=2026-03-01", "Choose a last day on or after the first one."),
        ("since=2020-01-01&until=2026-03-01", "Choose at most 104 weeks."),
        ("program=", ""),
        ("program=987654", "Choose one from the list."),
        ("program=%27%3B--", "Choose one from the list."),
    ],
)
def test_filters_that_cannot_be_are_explained(http: Http, cast: Cast, query: str, words: str) -> None:
    http.sign_in(cast.root.email)
    answer = http.get(f"/reports/program?{query}")
    assert answer.status_code == (422 if words else 200)
    assert words in answer.text
    assert http.get(f"/reports/program/week.csv?{query}").status_code == (404 if words else 200)
    if "program" not in query:
        assert http.get(f"/reports/caseload?{query}").status_code == 422
        assert http.get(f"/reports/caseload.csv?{query}").status_code == 404
        assert http.get(f"/clients/{cast.ana.id}/report?{query}").status_code == 422


def test_there_is_no_section_of_another_name(http: Http, cast: Cast) -> None:
    assert http.sign_in(cast.root.email).get("/reports/program/secrets.csv").status_code == 404


def test_a_program_of_another_site_is_not_offered(http: Http, cast: Cast) -> None:
    answer = http.sign_in(cast.dev.email).get(f"/reports/program?program={cast.far_program.id}")
    assert answer.status_code == 422
    assert "Evening IOP" not in answer.text


def test_a_long_report_is_made_in_the_background(
    http: Http, busy: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "READ_AT_ONCE", 5)
    monkeypatch.setattr("iop_schedule.queries.engagement.program.READ_AT_ONCE", 5)
    http.sign_in(busy.dev.email)
    assert "made in the background" in http.get(f"/reports/program?{SPAN}").text
    answer = http.submit(f"/reports/program?{SPAN}", page=f"/reports/program?{SPAN}")
    assert answer.status_code == 302
    page = http.get(answer.location).text
    assert "Attendance stayed about level, at 100 %." in page
    assert http.get(f"{answer.location}/week.csv").status_code == 200
    assert http.get(f"{answer.location}?print=1").status_code == 200


def test_settings_can_be_tried_on_the_past(http: Http, busy: Cast) -> None:
    http.sign_in(busy.root.email)
    form = {
        "program": busy.program.id,
        "weeks": 12,
        "h": "3",
        "mu": ".8",
        "strength": "5.5",
        "discount": "0.7",
        "budget": "5",
    }
    answer = http.submit("/reports/history", form)
    assert answer.status_code == 302
    assert (
        "With this setting you would have had 0 alerts a week. Nobody left in this time"
        in http.get(answer.location).text
    )


@on_one_database
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("h", "many", "Enter a number, such as 3.8."),
        ("h", "NaN", "Enter a number, such as 3.8."),
        ("h", "-1", "Enter a number from 0.5 to 50."),
        ("mu", "1", "Enter a share from 0.01 to 0.99."),
        ("strength", "1e400", "Enter a number from 0.1 to 1,000."),
        ("discount", "0", "Enter a share from 0.01 to 1."),
        ("budget", "Infinity", "Enter a number, such as 3.8."),
        ("weeks", "7", "Enter 8 to 104 weeks."),
        ("program", "987654", "Choose one from the list."),
    ],
)
def test_settings_that_mean_nothing_are_explained(
    http: Http, cast: Cast, field: str, value: str, words: str
) -> None:
    http.sign_in(cast.root.email)
    form = {
        "program": cast.program.id,
        "weeks": 12,
        "h": "3",
        "mu": ".8",
        "strength": "5.5",
        "discount": "0.7",
        "budget": "5",
    }
    answer = http.submit("/reports/history", {**form, field: value})
    assert answer.status_code == 422
    assert words in answer.text


def test_a_caseload_report_holds_ones_own_people_and_the_notice(http: Http, busy: Cast) -> None:
    http.sign_in(busy.dev.email)
    page = http.get(f"/reports/caseload?{SPAN}").text
    assert "Ana Q." in page
    assert "Zoe" not in page
    file = http.get(f"/reports/caseload.csv?{SPAN}").text
    rows = list(csv.reader(StringIO(file.removeprefix("\ufeff"))))
    assert rows[1][:8] == ["Ana Q.", "Adult IOP", "720", "720", "2160", "4", "4", "0"]
    assert dict(zip(rows[0], rows[1], strict=True))["days_with_3_hours"] == "4"
    assert "Days with 3 hours" in page
    assert rows[-1] == ["42 CFR part 2 prohibits unauthorized use or disclosure of these records."]
    assert not [word for word in ("tier", "score", "risk") if word in file.lower()]
    event_row = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event_row is not None
    assert event_row.details["clients"] == sorted([busy.ana.id, busy.ben.id])


@pytest.mark.parametrize("path", ["/reports/program", "/reports/caseload"])
def test_statements_do_not_grow_with_people(http: Http, busy: Cast, path: str) -> None:
    http.sign_in(busy.root.email)
    http.get(f"{path}?{SPAN}")
    with counted_statements() as first:
        http.get(f"{path}?{SPAN}")
    for _ in range(3):
        make.make_dose(make.make_enrollment(make.make_client(busy.elm), busy.program))
    db.session.commit()
    with counted_statements() as then:
        http.get(f"{path}?{SPAN}")
    assert len(then) == len(first)
