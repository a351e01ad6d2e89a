"""The feed over HTTP, and the pages on which links are made."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from iop_schedule import clock
from iop_schedule.actions.calendars import FeedChoices, end_links, switch_site, turn_on
from iop_schedule.actions.occurrences import cancel_occurrence, extend_horizon
from iop_schedule.models import (
    AuditEvent,
    CalendarFeed,
    CalendarLink,
    Occurrence,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import FeedDetail, FeedEnd
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, bare, on_one_database
from tests.kept import KeptApp
from tests.pages import title_of, words

KEY = "test-secret-key-that-is-long-enough-0123"
GOOGLE = {"User-Agent": "Google-Calendar-Importer"}
IPHONE = {"User-Agent": "iOS/19.0 (23A341) dataaccessd/1.0"}


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


@pytest.fixture
def token(cast: Cast, kept_app: KeptApp) -> str:
    """The random part of a link of Ana's, with twelve weeks of sessions behind it."""

    def make() -> str:
        extend_horizon(now=NOW)
        return turn_on(actor=acting(cast.ana_user), choices=FeedChoices("My phone"), key=KEY, now=NOW).token

    return kept_app.populated("a link of Ana's", make)  # type: ignore[no-any-return]


def path(token: str) -> str:
    return f"/c/{token}/schedule.ics"


def starts_in(body: bytes) -> list[str]:
    return sorted(event.start.isoformat() for event in Calendar.from_ical(body).events)


def link() -> CalendarLink:
    db.session.rollback()
    return db.session.scalars(select(CalendarLink).order_by(CalendarLink.id.desc())).first()


def test_a_feed_is_answered_as_calendar_programs_want_it(http: Http, token: str) -> None:
    answer = http.get(path(token))
    body = answer.data
    assert (answer.status_code, len(starts_in(body)) > 40) == (200, True)
    headers = dict(answer.headers)
    assert {name: headers[name] for name in (
        "Content-Type", "Content-Disposition", "Cache-Control", "Content-Security-Policy", "Referrer-Policy",
        "X-Content-Type-Options", "X-Robots-Tag", "Last-Modified", "Content-Length",
    )} == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": 'inline; filename="schedule.ics"',
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Last-Modified": "Wed, 04 Mar 2026 15:00:00 GMT",
        "Content-Length": str(len(body)),
    }  # fmt: skip
    assert re.fullmatch(r'"[0-9a-f]{40}"', headers["ETag"])
    assert not {"Set-Cookie", "Location", "Content-Encoding"} & set(headers)
    assert len(f"https://a-rather-long-host-name.example.org{path(token)}") < 256


def headers_of(answer: TestResponse) -> list[tuple[str, str]]:
    # The long way has also looked for a cookie, which changes nothing in the answer.
    return sorted(pair for pair in answer.headers if pair[0] not in {"Date", "Vary"})


def test_two_fetches_are_equal_and_a_head_has_the_headers_of_a_get(http: Http, token: str) -> None:
    first, second, head = http.get(path(token)), http.get(path(token)), http.head(path(token))
    assert second.data == first.data
    assert headers_of(first) == headers_of(second) == headers_of(head)
    assert (head.status_code, head.data) == (200, b"")


def test_the_short_way_says_what_the_long_way_says(
    http: Http, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"If-None-Match": http.get(path(token)).headers["ETag"]}
    long_way, short_way = [], []
    for number, headers in enumerate(({}, held), start=1):
        clock.freeze(NOW + timedelta(minutes=5) * number)  # a reading is due to be noted
        long_way.append(http.get(path(token), headers=headers))
        with monkeypatch.context() as patch:
            patch.setattr("iop_schedule.actions.calendars.serve", lambda **given: 1 / 0)
            short_way.append(http.get(path(token), headers=headers))
    assert [(one.status_code, one.data, headers_of(one)) for one in short_way] == [
        (one.status_code, one.data, headers_of(one)) for one in long_way
    ]
    assert [one.status_code for one in short_way] == [200, 304]


def test_what_has_not_changed_is_not_sent_again(http: Http, cast: Cast, token: str) -> None:
    first = http.get(path(token))
    by_tag = http.get(path(token), headers={"If-None-Match": first.headers["ETag"]})
    by_date = http.get(path(token), headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert [(one.status_code, one.data) for one in (by_tag, by_date)] == [(304, b"")] * 2
    assert by_tag.headers["ETag"] == first.headers["ETag"]
    assert by_tag.headers["Cache-Control"] == "private, no-cache"
    session = db.session.scalars(select(Occurrence).where(Occurrence.series_id == cast.friday.id)).first()
    cancel_occurrence(actor=acting(cast.root), occurrence_id=session.id, reason="Snow", now=NOW)
    for condition in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = http.get(path(token), headers=condition)
        assert (again.status_code, again.data.count(b"STATUS:CANCELLED")) == (200, 1)
        assert again.headers["Last-Modified"] == "Wed, 04 Mar 2026 15:00:01 GMT"


@on_one_database
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT"])
def test_nothing_but_reading_is_understood(http: Http, token: str, method: str) -> None:
    answer = http.open(path(token), method=method)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert token not in f"{answer.headers}{answer.text}"


@pytest.mark.parametrize("name", ["x", "A" * 43, "%20", "..", "A" * 5000, "%F0%9F%97%93", "-", "%00"])
def test_links_that_are_not_ours_get_one_answer(http: Http, token: str, name: str) -> None:
    ours, other = http.get(path("B" * 43)), http.get(path(name))
    assert (other.status_code, other.text) == (404, "There is no calendar here.\n")
    without_date = [[pair for pair in one.headers if pair[0] != "Date"] for one in (ours, other)]
    assert without_date[0] == without_date[1]
    assert other.headers["Cache-Control"] == "private, no-cache"


def test_guessing_is_slowed_down_but_keeps_nobody_from_reading(http: Http, token: str) -> None:
    guesses = [http.get(path(f"guess-{n}")).status_code for n in range(22)]
    assert guesses == [404] * 20 + [429] * 2
    assert http.get(path("guess")).headers["Retry-After"] == "60"
    assert http.get(path(token)).status_code == 200
    clock.freeze(NOW + timedelta(seconds=61))
    assert http.get(path("guess")).status_code == 404


def test_one_link_is_read_120_times_an_hour(http: Http, token: str) -> None:
    etag = http.get(path(token)).headers["ETag"]
    again = {"If-None-Match": etag}
    assert {http.get(path(token), headers=again).status_code for _ in range(119)} == {304}
    refused = http.get(path(token), headers=again)
    assert (refused.status_code, refused.headers["Retry-After"], token in refused.text) == (
        429,
        "3600",
        False,
    )
    clock.freeze(NOW + timedelta(hours=1))
    assert http.get(path(token)).status_code == 200


def test_a_reading_is_noted_once_in_five_minutes_with_the_family_alone(http: Http, token: str) -> None:
    http.get(path(token), headers=IPHONE)
    assert (link().last_read_at, link().last_reader) == (NOW, "iphone")
    clock.freeze(NOW + timedelta(minutes=4, seconds=59))
    http.get(path(token), headers=GOOGLE)
    assert (link().last_read_at, link().last_reader) == (NOW, "iphone")
    clock.freeze(NOW + timedelta(minutes=5))
    http.get(path(token), headers=GOOGLE)
    assert (link().last_read_at, link().last_reader) == (NOW + timedelta(minutes=5), "google")


def test_a_link_over_plain_http_is_none_where_the_proxy_says_so(app: Flask, http: Http, token: str) -> None:
    from dataclasses import replace

    here = app.extensions["settings"]
    app.extensions["settings"] = replace(here, trusted_proxies=1, public_url="https://calendar.example.org")
    plain, secure = http.get(path(token)), http.get(path(token), base_url="https://localhost/")
    assert (plain.status_code, secure.status_code) == (404, 200)


def test_a_database_that_cannot_be_written_keeps_nobody_from_reading(
    app: Flask, http: Http, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from sqlalchemy.exc import OperationalError

    from iop_schedule.actions import calendars

    @contextmanager
    def busy():  # type: ignore[no-untyped-def]
        raise OperationalError("", None, Exception())
        yield

    monkeypatch.setattr(calendars, "write_transaction", busy)
    assert http.get(path(token)).status_code == 200
    assert link().last_read_at is None


def ended(http: Http, token: str) -> tuple[int, int]:
    answer = http.get(path(token))
    return answer.status_code, answer.data.count(b"BEGIN:VEVENT")


def test_turning_off_empties_devices_and_then_says_gone(http: Http, cast: Cast, token: str) -> None:
    before = http.get(path(token))
    http.sign_in(cast.ana_user.email)
    feed_id = link().feed_id
    answer = http.submit(f"/my/calendar/links/{feed_id}/off", page=f"/my/calendar/links/{feed_id}")
    assert (answer.status_code, answer.location) == (302, "/my/calendar")
    emptied = http.get(
        path(token),
        headers={
            "If-Modified-Since": before.headers["Last-Modified"],
            "If-None-Match": before.headers["ETag"],
        },
    )
    assert (emptied.status_code, emptied.data.count(b"BEGIN:VEVENT"), b"BEGIN:VTIMEZONE" in emptied.data) == (
        200,
        0,
        True,
    )
    assert Calendar.from_ical(emptied.data)["VERSION"] == "2.0"
    clock.freeze(NOW + timedelta(days=30) - timedelta(seconds=1))
    assert ended(http, token) == (200, 0)
    clock.freeze(NOW + timedelta(days=30))
    gone = http.get(path(token))
    assert (gone.status_code, gone.text) == (410, "This calendar has ended.\n")


def test_a_new_link_keeps_identifiers_and_the_old_one_is_emptied(http: Http, cast: Cast, token: str) -> None:
    http.sign_in(cast.ana_user.email)
    before, feed_id = http.get(path(token)).data, link().feed_id
    page = http.submit(f"/my/calendar/links/{feed_id}/new", page=f"/my/calendar/links/{feed_id}")
    (new,) = set(re.findall(r'value="http://127\.0\.0\.1:8000(/c/[\w-]{43}/schedule\.ics)"', page.text))
    assert http.get(new).data == before
    assert ended(http, token) == (200, 0)


def test_a_site_that_serves_no_links_empties_them_until_it_does(http: Http, cast: Cast, token: str) -> None:
    full = http.get(path(token)).data
    switch_site(actor=acting(cast.root), site_id=cast.elm.id, serves=False, now=NOW)
    assert ended(http, token) == (200, 0)
    end_links(now=NOW)
    switch_site(actor=acting(cast.root), site_id=cast.elm.id, serves=True, now=NOW)
    assert http.get(path(token)).data == full


def test_a_link_nobody_reads_ends_after_90_days(http: Http, cast: Cast, token: str) -> None:
    clock.freeze(NOW + timedelta(days=89))
    assert ended(http, token)[1] > 0
    clock.freeze(NOW + timedelta(days=179))
    assert ended(http, token) == (200, 0)
    assert end_links(now=NOW + timedelta(days=179)) == 1
    assert (link().end_reason, link().last_read_at) == (FeedEnd.IDLE, NOW + timedelta(days=89))
    assert end_links(now=NOW + timedelta(days=180)) == 0
    clock.freeze(NOW + timedelta(days=209))
    assert http.get(path(token)).status_code == 410


def test_a_disabled_account_empties_its_calendars(http: Http, cast: Cast, token: str) -> None:
    db.session.get_one(User, cast.ana_user.id).active = False
    db.session.commit()
    assert ended(http, token) == (200, 0)
    end_links(now=NOW)
    assert link().end_reason == FeedEnd.ACCOUNT_OFF


def test_the_page_says_what_it_means_before_anything_is_on(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    page = http.get("/my/calendar").text
    assert title_of(page) == "Calendar – Steady"
    assert "Anyone who has the link can read your times." in words(page)
    refused = http.submit("/my/calendar/links", {"device": "google"}, page="/my/calendar")
    assert refused.status_code == 422
    assert "Read the points above and check the box." in words(refused.text)
    assert re.search(r'value="google" checked', refused.text)
    assert db.session.scalars(select(CalendarFeed)).all() == []


def made_link(http: Http, device: str = "apple") -> str:
    page = http.submit("/my/calendar/links", {"device": device, "understood": "y"}, page="/my/calendar")
    assert page.status_code == 200
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    (found,) = set(re.findall(r'value="http://127\.0\.0\.1:8000(/c/[\w-]{43}/schedule\.ics)"', page.text))
    assert f'href="webcal://127.0.0.1:8000{found}"' in page.text
    return str(found)


def test_a_link_is_shown_once_and_only_its_hash_is_kept(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    token = made_link(http).split("/")[2]
    for page in ("/my/calendar", f"/my/calendar/links/{link().feed_id}"):
        assert token not in http.get(page).text
    tables = [t.name for t in db.metadata.sorted_tables]
    stored = [
        repr(tuple(row)) for name in tables for row in db.session.execute(text(f'SELECT * FROM "{name}"'))
    ]
    assert [row for row in stored if token in row] == []


def test_the_page_tells_when_a_calendar_last_checked(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    there = made_link(http)
    assert "No calendar has checked it yet." in words(http.get("/my/calendar").text)
    http.get(there, headers=IPHONE)
    assert "Your iPhone last checked at 10:00 am." in words(http.get("/my/calendar").text)


@pytest.mark.parametrize(
    ("later", "said"),
    [(timedelta(days=1), "yesterday at 10:00 am"), (timedelta(days=3), "on Wed, Mar 4")],
    ids=["yesterday", "days ago"],
)
def test_earlier_readings_are_told_by_their_day(
    app: Flask, new_http, cast: Cast, later: timedelta, said: str
) -> None:  # type: ignore[no-untyped-def]
    there = made_link(new_http().sign_in(cast.ana_user.email))
    new_http().get(there, headers=GOOGLE)
    clock.freeze(NOW + later)
    page = words(new_http().sign_in(cast.ana_user.email).get("/my/calendar").text)
    assert f"Google last checked {said}." in page
    assert ("That is a while ago." in page) is (later >= timedelta(days=3))


def settings_of(**given: str) -> dict[str, object]:
    return {"label": "My phone", "detail": "neutral", "title": "", "place": "", "alarm": "", **given}


def test_own_words_are_previewed_and_then_served(http: Http, cast: Cast, token: str) -> None:
    http.sign_in(cast.ana_user.email)
    here = f"/my/calendar/links/{link().feed_id}"
    chosen = settings_of(detail="own_words", title="Pottery", place="Main St.", alarm="30")
    shown = http.submit(here, {**chosen, "preview": "1"})
    assert (shown.status_code, words(shown.text).count("Pottery")) == (200, 3)
    assert b"Pottery" not in http.get(path(token)).data
    assert http.submit(here, chosen).status_code == 302
    body = http.get(path(token)).data
    assert (
        body.count(b"SUMMARY:Pottery\r\n")
        == body.count(b"BEGIN:VEVENT")
        == body.count(b"LOCATION:Main St.\r\n")
    )
    assert body.count(b"TRIGGER:-PT30M") == body.count(b"DESCRIPTION:Appointment") > 40


@on_one_database
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"detail": "place"}, "Write the place in your own words, such as “Main St.”"),
        ({"detail": "own_words"}, "Write what each entry should say."),
        ({"detail": "own_words", "title": "x" * 61}, "Keep this under 60 characters."),
        ({"label": " "}, "Give it a name, such as “My phone”."),
        ({"detail": "everything"}, "Choose one from the list."),
        ({"alarm": "7"}, "Choose one from the list."),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("button", [{}, {"preview": "1"}], ids=["save", "preview"])
def test_choices_that_cannot_be_are_shown_again(
    http: Http, cast: Cast, token: str, typed: dict[str, str], said: str, button: dict[str, str]
) -> None:
    http.sign_in(cast.ana_user.email)
    here = f"/my/calendar/links/{link().feed_id}"
    answer = http.submit(here, {**settings_of(), **typed, **button})
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert db.session.scalars(select(CalendarFeed.detail)).one() == FeedDetail.NEUTRAL


def test_nobody_has_more_calendars_than_eight(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    for _ in range(8):
        made_link(http)
    ninth = http.submit("/my/calendar/links", {"device": "apple", "understood": "y"}, page="/my/calendar")
    assert (ninth.status_code, "Turn one off before you add another." in words(ninth.text)) == (422, True)


def test_another_clients_calendar_looks_like_none(http: Http, cast: Cast, token: str) -> None:
    http.sign_in(cast.ben_user.email)
    theirs = link().feed_id
    pages = [http.get(f"/my/calendar/links/{number}") for number in (theirs, 987_654)]
    assert (pages[0].status_code, bare(pages[0].text)) == (404, bare(pages[1].text))


def test_the_trail_tells_of_links_without_them(http: Http, cast: Cast) -> None:
    http.sign_in(cast.ana_user.email)
    token = made_link(http).split("/")[2]
    feed_id = link().feed_id
    http.submit(f"/my/calendar/links/{feed_id}/off", page=f"/my/calendar/links/{feed_id}")
    rows = db.session.scalars(
        select(AuditEvent).where(AuditEvent.subject == "calendar").order_by(AuditEvent.id)
    ).all()
    assert [(row.kind, row.client_id, row.subject_id, row.site_id) for row in rows] == [
        ("calendar:turned-on", cast.ana.id, str(feed_id), cast.elm.id),
        ("calendar:turned-off", cast.ana.id, str(feed_id), cast.elm.id),
    ]
    assert [row for row in rows if token in repr(row.details)] == []


def test_the_file_is_still_where_it_was(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    http.sign_in(cast.ana_user.email)
    answer = http.get("/my/calendar/schedule.ics")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="schedule.ics"'
    assert (answer.content_type, answer.data.count(b"SUMMARY:Appointment")) == (
        "text/calendar; charset=utf-8", answer.data.count(b"BEGIN:VEVENT"),
    )  # fmt: skip
    expected = db.session.scalars(select(RosterEntry).where(RosterEntry.client_id == cast.ana.id)).all()
    assert len(starts_in(answer.data)) == len(expected) > 40


def staff_link(http: Http, action: str) -> str:
    page = http.submit(action, page="/calendars")
    (found,) = set(re.findall(r'value="http://127\.0\.0\.1:8000(/c/[\w-]{43}/schedule\.ics)"', page.text))
    return str(found)


NAMES = (b"Ana", b"Quillfeather", b"Ben", b"Oxbridger", b"example.net")


def test_a_counselors_calendar_names_groups_and_rooms_but_no_client(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    http.sign_in(cast.carol.email)
    body = http.get(staff_link(http, "/calendars/mine")).data
    entries = {
        (str(event["SUMMARY"]), str(event.get("LOCATION", ""))) for event in Calendar.from_ical(body).events
    }
    assert entries == {("Relapse Prevention B", "Room 2"), ("Individual", "")}
    led = db.session.scalars(select(Occurrence.id).where(Occurrence.leader_id == cast.carol.id)).all()
    assert body.count(b"BEGIN:VEVENT") == len(led)
    assert [name for name in NAMES if name in body] == []


def test_a_group_or_room_with_another_name_is_called_so_at_the_next_fetch(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    http.sign_in(cast.carol.email)
    link = staff_link(http, "/calendars/mine")
    assert b"Relapse Prevention B" in http.get(link).data
    cast.group.name = "Staying Well"
    db.session.commit()
    assert b"Staying Well" in http.get(link).data
    cast.room.name = "Garden room"
    db.session.commit()
    assert b"Garden room" in http.get(link).data


def test_a_calendar_ends_26_weeks_ahead(http: Http, cast: Cast, token: str) -> None:
    for weeks in (26, 27):
        day = NOW.date() + timedelta(weeks=weeks)
        make.make_entry(make.make_occurrence(cast.wednesday, day), cast.ana)
    db.session.commit()
    assert starts_in(http.get(path(token)).data)[-1].startswith("2026-09-02")


def test_a_rooms_calendar_is_for_administrators_to_make(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    http.sign_in(cast.root.email)
    there = staff_link(http, f"/calendars/rooms/{cast.room.id}")
    body = http.get(there).data
    assert {str(event["SUMMARY"]) for event in Calendar.from_ical(body).events} == {"Relapse Prevention B"}
    again = staff_link(http, f"/calendars/rooms/{cast.room.id}")
    assert (http.get(there).data.count(b"BEGIN:VEVENT"), http.get(again).data) == (0, body)
    http.submit(f"/calendars/rooms/{cast.room.id}/off", page="/calendars")
    assert http.get(again).data.count(b"BEGIN:VEVENT") == 0


def test_an_administrator_switches_a_site_off_and_on(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    http.sign_in(cast.root.email)
    there = staff_link(http, f"/calendars/rooms/{cast.room.id}")
    body = http.get(there).data
    http.submit(f"/calendars/sites/{cast.elm.id}", {"serves": "no"}, page="/calendars")
    assert http.get(there).data.count(b"BEGIN:VEVENT") == 0
    assert "Calendar links are turned off at your site." in words(http.get("/calendars").text)
    http.submit(f"/calendars/sites/{cast.elm.id}", {"serves": "yes"}, page="/calendars")
    assert http.get(there).data == body
