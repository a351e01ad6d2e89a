"""Adding times from a calendar: choose, see what was understood, keep; whatever is in the file."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from iop_schedule import clock
from iop_schedule.models import ClientConstraint, CommitmentUpload, db
from tests.cast import Cast
from tests.conftest import NOW, Http, csrf_token, on_one_database
from tests.pages import words

HERE = "/my/times/upload"
WORK = "DTSTART;TZID=America/New_York:20260105T{start}0000\r\nDURATION:PT8H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU"


def calendar(*entries: str) -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\nSUMMARY:Kim Secret\r\nLOCATION:Secret St\r\n{entry}\r\nEND:VEVENT\r\n"
        for n, entry in enumerate(entries)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()


def send(http: Http, content: bytes | None = None, **fields: str) -> TestResponse:
    """Send the form as a browser does; the body is put together here, so that no temporary file is."""
    parts = {"kind": "work", "csrf_token": csrf_token(http.get(HERE).text), **fields}
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in parts.items()
    )
    if content is not None:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.ics"\r\n'
        body += head + b"Content-Type: text/calendar\r\n\r\n" + content + b"\r\n"
    return http.post(HERE, data=body + b"--x--\r\n", content_type="multipart/form-data; boundary=x")


def keep(http: Http, page: TestResponse, **fields: object) -> TestResponse:
    """Send the page back as a browser does: every line that is checked, and what it carries."""
    checked = re.findall(r'name="lines" value="(\d+)"[^>]* checked', page.text)
    replaces = re.search(r'name="replaces" value="(\w+)"(?: checked|>)', page.text)
    reading = re.search(r'name="reading" value="([^"]+)"', page.text)
    assert replaces
    assert reading
    data = {"lines": checked, "replaces": replaces[1], "reading": reading[1], **fields}
    return http.post(f"{HERE}/keep", data={**data, "csrf_token": csrf_token(page.text)})


def stored() -> list[str]:
    db.session.rollback()
    tables = [t.name for t in db.metadata.sorted_tables]
    return [
        repr(tuple(row)) for name in tables for row in db.session.execute(text(f'SELECT * FROM "{name}"'))
    ]


def test_a_calendar_is_read_shown_kept_and_later_replaced(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    free = "DTSTART:20260309T100000Z\r\nDURATION:PT1H\r\nTRANSP:TRANSPARENT"
    page = send(http, calendar(WORK.format(start="07"), free))
    shown = words(page.text)
    assert "Mon and Tue 7:00 am to 3:00 pm, 52 dates" in shown
    assert "1 entry skipped: marked as free time." in shown
    assert db.session.scalars(select(CommitmentUpload)).all() == []
    assert keep(http, page).location == "/my/times"
    found = db.session.scalars(select(ClientConstraint).where(ClientConstraint.kind == "work")).all()
    assert {(row.weekday, row.local_start.hour) for row in found} >= {(0, 7), (1, 7)}
    assert [row for row in stored() if "Secret" in row] == []

    clock.freeze(NOW + timedelta(minutes=5))
    later = send(http, calendar(WORK.format(start="09")))
    shown = words(later.text)
    assert "New\nMon and Tue 9:00 am to 5:00 pm, 52 dates" in shown
    assert "No longer\nMon and Tue 7:00 am to 3:00 pm, 52 dates" in shown
    assert keep(http, later).location == "/my/times"
    before, after = db.session.scalars(select(CommitmentUpload).order_by(CommitmentUpload.id)).all()
    assert (before.ended_at, after.ended_at) == (NOW + timedelta(minutes=5), None)


def test_pasted_shifts_are_read_the_same_way(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    page = send(http, shifts="Date,Start,End\n3/9/2026,1 pm,9 pm\n3/10/2026,off,off")
    shown = words(page.text)
    assert "Mon, Mar 9: 1:00 pm to 9:00 pm" in shown
    assert "Line 3: Write a time such as 18:00 or 6:00 pm." in shown
    nothing = keep(http, page, lines=[])
    assert (nothing.status_code, "Keep at least one line, or go back." in words(nothing.text)) == (422, True)
    assert keep(http, page).location == "/my/times"


def test_what_one_person_was_shown_nobody_else_sends_back(new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    page = send(new_http().sign_in(cast.ana_user.email), shifts="3/9/2026,1 pm,9 pm")
    ben = new_http().sign_in(cast.ben_user.email)
    reading = re.search(r'name="reading" value="([^"]+)"', page.text)
    assert reading
    sent = {
        "reading": reading[1],
        "lines": ["0"],
        "replaces": "none",
        "csrf_token": csrf_token(ben.get(HERE).text),
    }
    assert ben.post(f"{HERE}/keep", data=sent).location == HERE
    assert db.session.scalars(select(CommitmentUpload)).all() == []


BOMB = "DTSTART:20260309T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=SECONDLY"
ZONE_BOMB = b"BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19000101T000000\r\nRRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"


@on_one_database
@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "This is not a calendar file."),
        (b"PK\x03\x04", 422, "This is not a calendar file."),
        (b"BEGIN:VCALENDAR\r\n\x00END:VCALENDAR", 422, "This file is not saved as plain text."),
        ("BEGIN:VCALENDAR".encode("utf-16"), 422, "This"),
        (b"BEGIN:VCALENDAR\r\n" + b"X" * (1 << 20), 422, "This file is larger than 1 MB."),
        (calendar(BOMB), 200, "1 entry skipped: repeated in a way we do not read."),
        (calendar(WORK.format(start="07")).replace(b"BEGIN:VEVENT", ZONE_BOMB + b"BEGIN:VEVENT", 1), 200, "52 dates"),
        (calendar(WORK.format(start="07")).replace(b"Secret", b"\xff\xfe\xe9"), 200, "Some letters in this file may be wrong."),
    ],
    ids=["empty", "zip", "nul", "utf-16", "too large", "rule bomb", "zone bomb", "bad bytes"],
)  # fmt: skip
def test_hostile_files_get_an_answer(http: Http, cast: Cast, content: bytes, status: int, said: str) -> None:
    http.sign_in(cast.ana_user.email)
    page = send(http, content)
    assert (page.status_code, said in words(page.text)) == (status, True)


def test_a_gigabyte_is_refused_before_it_is_read(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    claimed = {"CONTENT_LENGTH": str(1 << 30), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert http.post(HERE, environ_overrides=claimed).status_code == 413
