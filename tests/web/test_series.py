"""Meetings of groups, places in them, and changing one session."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.occurrences import cancel_occurrence, extend_horizon
from iop_schedule.models import AuditEvent, ClientConstraint, Occurrence, Series, SeriesMember, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import OccurrenceStatus, Role
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, csrf_token, on_one_database
from tests.kept import KeptApp

MONDAY = date(2026, 3, 9)


@pytest.fixture
def week(cast: Cast, kept_app: KeptApp) -> Cast:
    """The cast with sessions from last week on."""
    kept_app.populated("sessions from last week on", _write_out)
    return cast


def _write_out() -> None:
    extend_horizon(now=NOW - timedelta(days=7))
    extend_horizon(now=NOW)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def session(series: Series, day: date = MONDAY) -> Occurrence:
    statement = select(Occurrence).where(Occurrence.series_id == series.id, Occurrence.original_day == day)
    return db.session.scalars(statement).one()


def meeting(cast: Cast, **given: object) -> dict[str, object]:
    return {
        "weekday": "1", "start": "9:00 am", "end": "12:00", "break_minutes": "15", "every_weeks": "1",
        "leader_id": cast.carol.id, "room_id": cast.room.id, "from_day": "2026-03-05", "until_day": "", **given,
    }  # fmt: skip


def test_a_meeting_is_added_and_written_out(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    answer = http.submit(f"/program/groups/{week.group.id}/meetings/new", meeting(week))
    assert answer.status_code == 302
    made = db.session.scalars(select(Series).where(Series.weekday == 1)).one()
    assert (made.duration_minutes, made.break_minutes, session(made, date(2026, 3, 10)).room_id) == (
        180,
        15,
        week.room.id,
    )


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"start": ""}, "Enter when it starts"),
        ({"start": "nine"}, "Enter a time like 9:00 am or 13:30."),
        ({"end": "8:00"}, "The end must be after the start."),
        ({"end": "9:00"}, "The end must be after the start."),
        ({"end": "9:03"}, "A session lasts 5 minutes to 12 hours."),
        ({"weekday": "5"}, "Choose one from the list."),
        ({"break_minutes": "180"}, "The break must be shorter than the session."),
        ({"break_minutes": "-1"}, "Enter the break in minutes"),
        ({"every_weeks": "3"}, "Choose one from the list."),
        ({"leader_id": "0"}, "Choose one from the list."),
        ({"weekday": "0"}, "Carol Whitfield already leads Relapse Prevention B"),
        ({"from_day": "2026-03-03"}, "This day has passed."),
        ({"from_day": "2026-02-30"}, "Enter a date that exists"),
        ({"from_day": "9999-12-31"}, "Enter a date between 2000 and 2100."),
        ({"until_day": "2026-03-04"}, "The last day must not be before the first day."),
    ],
)
def test_a_wrong_meeting_is_shown_again_with_what_was_typed(
    http: Http, week: Cast, wrong: dict[str, object], says: str
) -> None:
    http.sign_in(week.root.email)
    answer = http.submit(f"/program/groups/{week.group.id}/meetings/new", meeting(week, **wrong))
    assert (answer.status_code, says in words(answer.text)) == (422, True)
    for name in ("start", "end"):
        typed = wrong.get(name, meeting(week)[name])
        assert f'value="{typed}"' in answer.text


def change(cast: Cast, **given: object) -> dict[str, object]:
    defaults = meeting(cast, weekday="0", break_minutes="0", scope="all", day="2026-03-09", reason="")
    return {**defaults, **given}


def token(html: str) -> str:
    return re.search(r'name="previewed" value="([0-9a-f]+)"', html).group(1)  # type: ignore[union-attr]


def confirm(http: Http, path: str, seen: str, data: dict[str, object]) -> int:
    sent = {**data, "confirm": "1", "previewed": token(seen), "csrf_token": csrf_token(seen)}
    return http.post(path, data=sent).status_code


def test_a_change_is_shown_with_who_could_not_come_before_it_is_made(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    path = f"/program/meetings/{week.monday.id}/change"
    assert 'value="09:00"' in http.get(path).text
    wanted = change(week, start="12:30", end="15:30")
    seen = http.submit(path, wanted)
    shown = words(seen.text)
    assert seen.status_code == 200
    assert (
        "Mondays 9:00 am to 12:00 pm becomes Mondays 12:30 pm to 3:30 pm , first on Monday, March 9." in shown
    )
    assert "1 of 2 people could not come:" in shown
    assert "Ana Q.: Work, Mondays 1:00 pm to 9:00 pm." in shown
    assert session(week.monday).starts_at.hour == 13
    assert confirm(http, path, seen.text, wanted) == 302
    moved = db.session.scalars(
        select(Occurrence).where(Occurrence.original_day == MONDAY, Occurrence.site_id == week.elm.id)
    ).one()
    assert (moved.starts_at.hour, moved.series_id != week.monday.id) == (16, True)


def test_each_place_of_a_person_is_looked_at_before_a_change_is_made(http: Http, week: Cast) -> None:
    """Ana works in the weeks of her first place only; the one that follows fits."""
    (place,) = (one for one in week.monday.members if one.client_id == week.ana.id)
    place.until_day = date(2026, 4, 26)
    make.make_member(week.monday, week.ana, from_day=date(2026, 4, 27))
    (work,) = db.session.query(ClientConstraint).filter_by(client_id=week.ana.id, weekday=0)
    work.until_day = date(2026, 4, 26)
    db.session.commit()
    http.sign_in(week.root.email)
    wanted = change(week, start="12:30", end="15:30")
    shown = words(http.submit(f"/program/meetings/{week.monday.id}/change", wanted).text)
    assert "1 of 2 people could not come:" in shown
    assert "Ana Q.: Work, Mondays 1:00 pm to 9:00 pm" in shown


def test_whose_week_a_shorter_meeting_would_leave_short_is_told_before_it_is_changed(
    http: Http, week: Cast
) -> None:
    http.sign_in(week.root.email)
    seen = http.submit(f"/program/meetings/{week.monday.id}/change", change(week, start="9:00", end="10:00"))
    shown = words(seen.text)
    assert "2 people could come, but their week would no longer be right:" in shown
    assert re.search(r"Ana Q\.: Ana reaches .* of the prescribed 9 h", shown)


def test_confirming_something_else_than_was_shown_shows_it_first(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    path = f"/program/meetings/{week.monday.id}/change"
    seen = http.submit(path, change(week, start="13:00", end="16:00"))
    assert confirm(http, path, seen.text, change(week, start="14:00", end="17:00")) == 200
    assert session(week.monday).starts_at.hour == 13


def test_one_session_of_a_meeting_is_changed(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    path = f"/program/meetings/{week.monday.id}/change"
    wanted = change(week, scope="this", day="2026-03-16", weekday="1", reason="Training day")
    seen = http.submit(path, wanted)
    assert "Mon, Mar 16, 9:00 am becomes Tue, Mar 17, 9:00 am" in words(seen.text)
    assert confirm(http, path, seen.text, wanted) == 302
    moved = session(week.monday, date(2026, 3, 16))
    assert (moved.local_day, moved.status_reason) == (date(2026, 3, 17), "Training day")


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"scope": "this", "day": "2026-03-10"}, "This series has no session on that day."),
        ({"scope": "following", "day": "2026-03-02"}, "This session has begun or is over."),
        ({"scope": "following", "day": "tomorrow"}, "Not a valid"),
        ({"scope": "everything"}, "Choose one from the list."),
        ({"weekday": "3", "start": "14:00", "end": "15:00"}, "Carol Whitfield already leads One-to-one"),
    ],
)
def test_a_wrong_change_says_what_to_do(http: Http, week: Cast, wrong: dict[str, object], says: str) -> None:
    http.sign_in(week.root.email)
    answer = http.submit(f"/program/meetings/{week.monday.id}/change", change(week, **wrong))
    if says == "Not a valid":  # no day at all: the next session is meant
        assert answer.status_code == 200
        return
    assert (answer.status_code, says in words(answer.text)) == (422, True)


def test_a_meeting_is_ended(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    path = f"/program/meetings/{week.monday.id}/end"
    assert http.submit(path, {"last_day": "2026-01-01"}).status_code == 422
    assert http.submit(path, {"last_day": "2026-03-09"}).status_code == 302
    assert db.session.get_one(Series, week.monday.id).until_day == MONDAY


def places(cast: Cast, series: Series) -> list[tuple[int, date | None]]:
    rows = db.session.execute(
        select(SeriesMember.client_id, SeriesMember.until_day).where(SeriesMember.series_id == series.id)
    )
    return [(client, until) for client, until in rows]


def test_a_place_is_given_and_ended_from_the_group_page(http: Http, week: Cast) -> None:
    cleo = make.make_client(week.elm, given_name="Cleo")
    db.session.commit()
    http.sign_in(week.root.email)
    page = f"/program/groups/{week.group.id}"
    path = f"/program/meetings/{week.monday.id}/people"
    data = {"client_id": cleo.id, "from_day": "2026-03-05"}
    assert http.submit(path, data, page=page).status_code == 302
    assert (cleo.id, None) in places(week, week.monday)
    refused = http.submit(path, data, page=page, follow_redirects=True)
    assert "Cleo already has Relapse Prevention B" in words(refused.text)
    assert http.submit(f"{path}/{week.ana.id}/end", page=page).status_code == 302
    assert (week.ana.id, date(2026, 3, 3)) in places(week, week.monday)


@on_one_database
@pytest.mark.parametrize(
    "data", [{}, {"client_id": "x", "from_day": ""}, {"client_id": "424242", "from_day": "2026-03-05"}]
)
def test_an_incomplete_place_says_so(http: Http, week: Cast, data: dict[str, object]) -> None:
    http.sign_in(week.root.email)
    before = places(week, week.monday)
    answer = http.submit(
        f"/program/meetings/{week.monday.id}/people",
        data,
        page=f"/program/groups/{week.group.id}",
        follow_redirects=True,
    )
    assert "Choose a person and a first day." in words(answer.text)
    assert places(week, week.monday) == before


def test_a_case_manager_places_only_their_own_people(http: Http, week: Cast) -> None:
    stranger = make.make_client(week.elm, given_name="Cleo")
    db.session.commit()
    http.sign_in(week.dev.email)
    page, path = f"/program/groups/{week.group.id}", f"/program/meetings/{week.monday.id}/people"
    http.submit(path, {"client_id": stranger.id, "from_day": "2026-03-05"}, page=page)
    assert stranger.id not in dict(places(week, week.monday))
    assert http.submit(f"{path}/{week.ben.id}/end", page=page).status_code == 302


# One session


def move(cast: Cast, **given: object) -> dict[str, object]:
    return {
        "day": "2026-03-10", "start": "09:00", "end": "12:00", "leader_id": cast.carol.id, "room_id": "0",
        "reason": "Training day", **given,
    }  # fmt: skip


def test_one_session_is_moved_after_a_look_at_the_consequences(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    path = f"/sessions/{session(week.monday).id}/change"
    wanted = move(week, start="12:00", end="15:00")
    seen = http.submit(path, wanted)
    assert "1 of 2 people could not come: Ana Q.: Work, Tuesdays 1:00 pm to 9:00 pm" in words(seen.text)
    assert session(week.monday).local_day == MONDAY
    assert confirm(http, path, seen.text, wanted) == 302
    assert session(week.monday).local_day == date(2026, 3, 10)
    assert "Its usual day is Monday, March 9." in words(http.get(path).text)
    back = http.submit(f"/sessions/{session(week.monday).id}/restore", page=path)
    assert (back.status_code, session(week.monday).local_day) == (302, MONDAY)


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"day": "2026-03-14"}, "is on a weekend"),
        ({"day": "2026-03-03"}, "This time has passed."),
        ({"day": "2026-02-30"}, "Enter a date that exists"),
        ({"day": "2028-02-29"}, "Choose a day until"),
        ({"end": "08:00"}, "The end must be after the start."),
        ({"day": "2026-03-12", "start": "14:00", "end": "15:00"}, "Carol Whitfield already leads One-to-one"),
        ({"reason": "x" * 10_000}, "Keep the reason under 300 characters."),
    ],
)
def test_a_wrong_move_says_what_to_do(http: Http, week: Cast, wrong: dict[str, object], says: str) -> None:
    http.sign_in(week.root.email)
    answer = http.submit(f"/sessions/{session(week.monday).id}/change", move(week, **wrong))
    assert (answer.status_code, says in words(answer.text)) == (422, True)


def test_a_session_is_canceled_with_a_reason(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    one = session(week.monday).id
    page = f"/sessions/{one}/change"
    refused = http.submit(f"/sessions/{one}/cancel", {"cancel-reason": ""}, page=page)
    assert (refused.status_code, "Write a short reason." in words(refused.text)) == (422, True)
    answer = http.submit(f"/sessions/{one}/cancel", {"cancel-reason": "Carol is out"}, page=page)
    assert answer.status_code == 302
    row = db.session.get_one(Occurrence, one)
    assert (row.status, row.status_reason) == (OccurrenceStatus.CANCELLED, "Carol is out")


def test_a_session_that_has_begun_offers_no_change(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    one = session(week.wednesday, date(2026, 3, 4))
    page = http.get(f"/sessions/{one.id}/change").text
    assert "This session has begun" in page
    assert 'name="confirm"' not in page
    other = f"/sessions/{session(week.monday).id}/change"
    answer = http.submit(f"/sessions/{one.id}/change", move(week), page=other)
    assert answer.status_code == 422
    assert session(week.wednesday, date(2026, 3, 4)).revision == 0


def test_a_session_that_cannot_come_back_says_why(http: Http, week: Cast) -> None:
    one = session(week.monday)
    actor = actor_for(db.session.get_one(User, week.root.id))
    cancel_occurrence(actor=actor, occurrence_id=one.id, reason="Out", now=NOW)
    make.make_closure(week.elm, name="Snow", from_day=MONDAY, until_day=MONDAY)
    db.session.commit()
    http.sign_in(week.root.email)
    page = f"/sessions/{one.id}/change"
    answer = http.submit(f"/sessions/{one.id}/restore", page=page, follow_redirects=True)
    assert "It cannot be held then: Snow" in words(answer.text)


PATHS = {
    "a meeting": lambda cast, what: f"/program/meetings/{cast.monday.id}/{what}",
    "a session": lambda cast, what: f"/sessions/{session(cast.monday).id}/{what}",
}


@pytest.mark.parametrize("who", ["mallory", "trent"])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_another_sites_staff_find_nothing(http: Http, week: Cast, who: str, path) -> None:  # type: ignore[no-untyped-def]
    http.sign_in(getattr(week, who).email)
    assert http.get(path(week, "change")).status_code == 404
    answer = http.submit(path(week, "change"), move(week), page="/account")
    assert answer.status_code == 404


@pytest.mark.parametrize(("who", "status"), [("carol", 403), ("dev", 403), ("ana_user", 403)])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_group_sessions_are_changed_by_administrators_only(
    http: Http, week: Cast, who: str, status: int, path
) -> None:  # type: ignore[no-untyped-def]
    http.sign_in(getattr(week, who).email)
    assert http.get(path(week, "change")).status_code == status


def test_a_case_manager_changes_a_one_to_one(http: Http, week: Cast) -> None:
    http.sign_in(week.dev.email)
    one = session(week.one_to_one, date(2026, 3, 12))
    path = f"/sessions/{one.id}/change"
    page = http.get(path).text
    assert "One-to-one" in page
    assert "Ana" not in page
    wanted = move(week, day="2026-03-12", start="15:30", end="16:20")
    seen = http.submit(path, wanted)
    assert confirm(http, path, seen.text, wanted) == 302


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/sessions/{session}/change", "/sessions/{session}/cancel", "/program/meetings/{series}/change",
             "/program/meetings/{series}/end"],
)  # fmt: skip
def test_a_one_to_one_of_somebody_elses_client_is_not_there(
    http: Http, week: Cast, path: str, method: str
) -> None:
    """Another case manager of the same site learns neither that it exists nor who comes."""
    one = session(week.one_to_one, date(2026, 3, 12))
    other = make.make_user(Role.CASE_MANAGER, week.elm, given_name="Fay", family_name="Okoro")
    db.session.commit()
    where = path.format(session=one.id, series=week.one_to_one.id)
    http.sign_in(other.email)
    answer = http.get(where) if method == "GET" else http.submit(where, move(week), page="/account")
    assert answer.status_code in ({404, 405} if method == "GET" else {404})
    assert session(week.one_to_one, date(2026, 3, 12)).status == "planned"


def test_a_look_at_a_one_to_one_is_in_the_trail_of_its_client(http: Http, week: Cast) -> None:
    http.sign_in(week.dev.email)
    one = session(week.one_to_one, date(2026, 3, 12))
    for path in (f"/sessions/{one.id}/change", f"/program/meetings/{week.one_to_one.id}/change"):
        before = db.session.query(AuditEvent).filter_by(client_id=week.ana.id).count()
        assert http.get(path).status_code == 200
        assert db.session.query(AuditEvent).filter_by(client_id=week.ana.id).count() == before + 1
