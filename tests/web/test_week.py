"""My week, the calendar file and help, as a client uses them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.models import AuditEvent, Enrollment, EnrollmentPause, Occurrence, db
from iop_schedule.vocabulary import (
    AttendanceStatus,
    AuditKind,
    OccurrenceStatus,
    PauseReason,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http, on_one_database
from tests.pages import title_of, words

MONDAY, WEDNESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 6)
PAGES = ("/my/week", "/my/week?print=1", "/my/help")


@pytest.fixture
def ana(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.ana_user.email)


def expect(cast: Cast, day: date, status: AttendanceStatus | None = None, **more: object) -> Occurrence:
    series = {0: cast.monday, 2: cast.wednesday, 4: cast.friday}[day.weekday()]
    session = make.make_occurrence(series, day, **more)
    entry = make.make_entry(session, cast.ana)
    if status:
        make.make_record(entry, status)
    db.session.commit()
    return session


def test_the_first_look_tells_when_and_where_the_next_session_is(ana: Http, cast: Cast) -> None:
    expect(cast, FRIDAY)
    page = words(ana.get("/my/week").text)
    assert page.startswith("Good morning, Ana\nWednesday, March 4\nYour next session\nRelapse Prevention B\n")
    assert "Friday, March 6, 9:00 am to 12:00 pm\nRoom 2, 210 Elm Street\nWith Carol Whitfield" in page
    assert "Ends in time for work at 1:00 pm" in page


@on_one_database
@pytest.mark.parametrize(
    ("at", "words_on_top"),
    [
        (datetime(2026, 3, 4, 12, 29, tzinfo=UTC), "Your next session is today, in 2 hours"),
        (datetime(2026, 3, 4, 12, 31, tzinfo=UTC), "Your next session starts in 89 min"),
        (datetime(2026, 3, 4, 14, 0, tzinfo=UTC), "Your next session starts in 0 min"),
        (datetime(2026, 3, 4, 14, 1, tzinfo=UTC), "Your session is on now"),
        (datetime(2026, 3, 4, 16, 59, tzinfo=UTC), "Your session is on now"),
        (datetime(2026, 3, 4, 17, 0, tzinfo=UTC), "No session planned"),
    ],
)
def test_the_countdown_is_in_words(http: Http, cast: Cast, at: datetime, words_on_top: str) -> None:
    expect(cast, WEDNESDAY)
    clock.freeze(at)
    assert words_on_top in http.sign_in(cast.ana_user.email).get("/my/week").text


@on_one_database
@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (AttendanceStatus.ATTENDED, "You were there"),
        (AttendanceStatus.ATTENDED_PART, "You were there for part"),
        (AttendanceStatus.EXCUSED, "You told us"),
        (AttendanceStatus.LATE_CANCEL, "You told us"),
        (AttendanceStatus.NO_SHOW, "We missed you"),
        (AttendanceStatus.PROGRAM_CANCELLED, "Canceled by us. It does not count against your goal."),
    ],
)
def test_what_happened_is_said_kindly(ana: Http, cast: Cast, status: AttendanceStatus, shown: str) -> None:
    expect(cast, MONDAY, status)
    page = words(ana.get("/my/week").text)
    assert shown in page
    assert not any(word in page for word in ("no-show", "No-show", "absent", "Missed", "Reach out"))


def test_hours_stand_beside_the_goal(ana: Http, cast: Cast) -> None:
    expect(cast, MONDAY, AttendanceStatus.ATTENDED)
    expect(cast, WEDNESDAY)
    expect(cast, FRIDAY)
    page = words(ana.get("/my/week").text)
    assert "3 of 9 hours doneRight on track" in page
    assert "Wednesday and Friday will reach your goal." in page


def test_a_week_that_falls_short_says_what_would_help(ana: Http, cast: Cast) -> None:
    expect(cast, FRIDAY)
    assert "6 h more would reach your goal. Ask us about a make-up." in words(ana.get("/my/week").text)


def test_a_reached_goal_says_so(http: Http, cast: Cast) -> None:
    for day in (MONDAY, WEDNESDAY, FRIDAY):
        expect(cast, day, AttendanceStatus.ATTENDED)
    clock.freeze(datetime(2026, 3, 6, 22, 0, tzinfo=UTC))
    page = words(http.sign_in(cast.ana_user.email).get("/my/week").text)
    assert "9 of 9 hours doneGoal reached" in page
    assert "You reached your 9 hours this week." in page


def test_without_a_dose_no_goal_is_shown(http: Http, cast: Cast) -> None:
    user = make.make_user("client", email="new@example.net", given_name="Noa")
    make.make_client(cast.elm, user_id=user.id, given_name="Noa")
    db.session.commit()
    page = words(http.sign_in("new@example.net").get("/my/week").text)
    assert "Good morning, Noa" in page
    assert "No session planned" in page
    assert "hours" not in page


def test_an_empty_week_names_the_next_session(ana: Http, cast: Cast) -> None:
    expect(cast, date(2026, 3, 16))
    page = words(ana.get("/my/week").text)
    assert "No sessions this week. Your next one is Monday, March 16 at 9:00 am." in page


def test_a_closed_day_says_why_and_shows_no_session(ana: Http, cast: Cast) -> None:
    expect(cast, FRIDAY, status=None)
    make.make_closure(cast.elm, from_day=FRIDAY, until_day=FRIDAY, name="Snow day")
    db.session.commit()
    page = words(ana.get("/my/week").text)
    assert "Fri Mar 6\nClosed: Snow day" in page
    assert "Friday, March 6" not in page


def test_a_canceled_and_a_moved_session_are_told(ana: Http, cast: Cast) -> None:
    canceled = expect(cast, MONDAY)
    canceled.status, canceled.status_reason = OccurrenceStatus.CANCELLED, "The heating is out"
    expect(cast, WEDNESDAY, edited=True)
    friday = expect(cast, FRIDAY, edited=True)
    friday.starts_at += timedelta(hours=1)
    db.session.commit()
    page = words(ana.get("/my/week").text)
    assert "The heating is out" in page
    assert "Canceled by us" in page
    assert "Something has changed" in page
    assert "Moved from 9:00 am" in page


def test_on_a_break_the_session_is_not_the_next_one(ana: Http, cast: Cast) -> None:
    expect(cast, FRIDAY)
    (enrollment,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id))
    db.session.add(EnrollmentPause(enrollment_id=enrollment.id, from_day=FRIDAY, reason=PauseReason.HOSPITAL))
    db.session.commit()
    page = words(ana.get("/my/week").text)
    assert "No session planned" in page
    assert "You are on a break" in page


def test_weeks_can_be_leafed_through_over_the_change_of_clocks(ana: Http, cast: Cast) -> None:
    expect(cast, MONDAY)
    expect(cast, date(2026, 3, 9))
    for week, title, zone in (("2026-W10", "March 2 to 6", "EST"), ("2026-W11", "March 9 to 13", "EDT")):
        page = words(ana.get(f"/my/week?w={week}").text)
        assert title in page
        assert "Relapse Prevention B 9:00 am to 12:00 pm" in page
        assert f"Times are in {zone}." in page


def test_a_week_in_two_months_names_both(ana: Http) -> None:
    assert "March 30 to April 3" in ana.get("/my/week?w=2026-W14").text


@on_one_database
@pytest.mark.parametrize(
    "week",
    [
        "nonsense",
        "2026",
        "2026-W54",
        "2026-W00",
        "2026-W-1",
        "0000-W01",
        "99999999999999999999-W01",
        "-W",
        "2026-W10; DROP",
    ],
)
def test_a_week_that_is_none_is_refused_with_a_sentence(ana: Http, week: str) -> None:
    answer = ana.get("/my/week", query_string={"w": week})
    assert answer.status_code == 422
    assert "is not a week. Write it like 2026-W48." in words(answer.text)


@pytest.mark.parametrize("week", ["1999-W01", "2024-W01", "2029-W01", "9999-W52"])
def test_a_week_far_away_is_not_there(ana: Http, week: str) -> None:
    assert ana.get(f"/my/week?w={week}").status_code == 404


@pytest.mark.parametrize("week", ["2026-W10", "2025-W03", "2027-W17"])
def test_the_outermost_weeks_can_still_be_drawn(ana: Http, week: str) -> None:
    assert ana.get(f"/my/week?w={week}").status_code == 200


@pytest.mark.parametrize("query", ["w=", "print", "print=0", "x=1&w=2026-W10&w=2026-W11"])
def test_other_parameters_do_no_harm(ana: Http, query: str) -> None:
    assert ana.get(f"/my/week?{query}").status_code == 200


def test_the_printed_week_is_neutral(ana: Http, cast: Cast) -> None:
    expect(cast, WEDNESDAY)
    off = expect(cast, FRIDAY)
    off.status = OccurrenceStatus.CANCELLED
    db.session.commit()
    page = words(ana.get("/my/week?print=1").text)
    assert "Wed, Mar 4\n9:00 am to 12:00 pm\nAppointment\nRoom 2" in page
    assert "Fri, Mar 6\n9:00 am to 12:00 pm\nAppointment (canceled)\nRoom 2" in page
    assert not any(word in page for word in ("Relapse", "Carol", "Ana", "Quillfeather"))


def test_no_title_names_anyone_and_no_page_names_another_client(ana: Http, cast: Cast) -> None:
    session = expect(cast, FRIDAY)
    make.make_entry(session, cast.ben)
    db.session.commit()
    for path in PAGES:
        text = ana.get(path).text
        assert title_of(text) in {"My week – Steady", "Help – Steady"}
        assert "Ben" not in text
        assert "Oxbridger" not in text


def test_help_gives_the_lifeline_and_the_office(ana: Http) -> None:
    page = ana.get("/my/help").text
    assert 'href="tel:988"' in page
    assert 'href="tel:555-010-0142"' in page


def test_the_file_is_called_neutrally_and_is_not_kept_on_the_way(ana: Http, cast: Cast) -> None:
    expect(cast, FRIDAY)
    answer = ana.get("/my/calendar/schedule.ics")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="schedule.ics"'
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.count("BEGIN:VEVENT") == 1


@pytest.mark.parametrize(
    ("path", "kind", "details"),
    [
        ("/my/week", AuditKind.WEEK_VIEWED, {"week": "2026-W10"}),
        ("/my/week?w=2026-W11&print=1", AuditKind.WEEK_VIEWED, {"week": "2026-W11"}),
        ("/my/calendar/schedule.ics", AuditKind.WEEK_DOWNLOADED, {}),
    ],
)
def test_each_look_leaves_one_row(
    ana: Http, cast: Cast, path: str, kind: AuditKind, details: dict[str, str]
) -> None:
    before = set(db.session.scalars(select(AuditEvent.id)))
    ana.get(path)
    rows = [row for row in db.session.scalars(select(AuditEvent)) if row.id not in before]
    assert [(row.kind, row.actor_id, row.client_id, row.details) for row in rows] == [
        (kind, cast.ana_user.id, cast.ana.id, details)
    ]


@on_one_database
@pytest.mark.parametrize("who", ["carol", "dev", "root", "eve", "mallory", "trent"])
def test_staff_have_no_such_pages(http: Http, cast: Cast, who: str) -> None:
    http.sign_in(getattr(cast, who).email)
    assert {http.get(path).status_code for path in (*PAGES, "/my/calendar/schedule.ics")} == {403}


def test_a_client_of_another_site_sees_only_their_own(http: Http, cast: Cast) -> None:
    expect(cast, FRIDAY)
    zoe = http.sign_in(cast.zoe_user.email)
    page = words(zoe.get("/my/week").text)
    assert "No session planned" in page
    assert "Relapse Prevention B" not in page
    assert "BEGIN:VEVENT" not in zoe.get("/my/calendar/schedule.ics").text
