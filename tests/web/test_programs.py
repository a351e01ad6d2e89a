"""The program week, the groups and the closures."""

import re
from datetime import date, time, timedelta

import pytest
from sqlalchemy import event, select

from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.models import AuditEvent, Closure, Group, Occurrence, db
from iop_schedule.vocabulary import OccurrenceStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, bare, csrf_token, on_one_database
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


@pytest.mark.parametrize("who", ["root", "dev", "carol"])
def test_staff_see_their_sites_week(http: Http, week: Cast, who: str) -> None:
    http.sign_in(getattr(week, who).email)
    page = http.get("/program/week?w=2026-W11")
    assert page.status_code == 200
    shown = words(page.text)
    assert shown.count("Relapse Prevention B") == 3
    assert "9:00 am to 12:00 pm , 2/12" in shown
    assert "Carol Whitfield, Room 2" in shown
    assert "Evening Group" not in shown


@pytest.mark.parametrize("name", ["Quillfeather", "Ana Q", "Oxbridger", "Umberhulk"])
def test_the_week_names_no_client(http: Http, week: Cast, name: str) -> None:
    http.sign_in(week.root.email)
    assert name not in http.get("/program/week?w=2026-W11").text


def test_a_client_is_refused_and_a_stranger_sent_to_sign_in(http: Http, week: Cast) -> None:
    assert http.get("/program/week").status_code == 302
    http.sign_in(week.ana_user.email)
    for path in ("/program/week", "/program/groups", f"/program/groups/{week.group.id}", "/program/closures"):
        assert http.get(path).status_code == 403


def test_a_look_at_the_week_is_in_the_audit_trail_once(http: Http, week: Cast) -> None:
    http.sign_in(week.carol.email)
    http.get("/program/week?w=2026-W11")
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "program-week:viewed")).all()
    assert [(row.actor_id, row.site_id, row.details) for row in rows] == [
        (week.carol.id, week.elm.id, {"week": "2026-W11"})
    ]


FILTERS = {
    "room": lambda cast: ("room", cast.room.id, 3),
    "counselor": lambda cast: ("leader", cast.carol.id, 3),
    "another counselor": lambda cast: ("leader", cast.dev.id, 1),
    "program": lambda cast: ("program", cast.program.id, 4),
    "nothing matches": lambda cast: ("room", 99999, 0),
    "not a number": lambda cast: ("room", "1;DROP", 4),
    "a huge number": lambda cast: ("leader", "9" * 40, 4),
    "another script": lambda cast: ("leader", "٣", 4),
}


@pytest.mark.parametrize("filtered", FILTERS.values(), ids=FILTERS)
def test_filters_narrow_the_week(http: Http, week: Cast, filtered) -> None:  # type: ignore[no-untyped-def]
    art = make.make_group(week.program, name="Art")
    make.make_meeting(art, week.dev, weekday=1, local_start=time(9))
    db.session.commit()
    extend_horizon(now=NOW)
    name, value, blocks = filtered(week)
    http.sign_in(week.root.email)
    page = http.get(f"/program/week?w=2026-W11&{name}={value}")
    assert page.text.count('class="ev ') - page.text.count('class="ev key') == blocks


@on_one_database
@pytest.mark.parametrize("text", ["2026-W60", "garbage", "9999-W52", "0001-W01", "-1-W1", "2026-W10'--"])
def test_a_week_that_is_none_is_not_found(http: Http, week: Cast, text: str) -> None:
    http.sign_in(week.root.email)
    assert http.get("/program/week", query_string={"w": text}).status_code == 404


def test_another_sites_week_is_not_found(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    theirs = http.get(f"/program/week?site={week.far.id}")
    nowhere = http.get("/program/week?site=424242")
    assert (theirs.status_code, nowhere.status_code) == (404, 404)


def test_closed_days_canceled_and_full_groups_say_so(http: Http, week: Cast) -> None:
    week.group.seats = 2
    make.make_closure(week.elm, name="Snow day", from_day=MONDAY, until_day=MONDAY)
    db.session.commit()
    extend_horizon(now=NOW)
    http.sign_in(week.root.email)
    shown = words(http.get("/program/week?w=2026-W11").text)
    assert "Closed: Snow day" in shown
    assert "Canceled: Snow day" in shown
    assert "2/2 Full" in shown


def test_what_does_not_go_together_is_listed(http: Http, week: Cast) -> None:
    other = make.make_group(week.program, name="Art", seats=2)
    clash = make.make_meeting(other, week.carol, weekday=0, local_start=time(11), room=week.room)
    for client in (make.make_client(week.elm), make.make_client(week.elm)):
        make.make_member(clash, client)
    other.seats = 1  # lowered later: nobody is put out, and it is said
    bare = make.make_meeting(
        make.make_group(week.program, name="Yoga"), week.dev, weekday=2, local_start=time(15)
    )
    db.session.commit()
    extend_horizon(now=NOW)
    http.sign_in(week.root.email)
    shown = words(http.get("/program/week?w=2026-W11").text)
    for sentence in (
        "4 things do not go together this week",
        "Carol Whitfield leads Relapse Prevention B (Mon 9:00 am) and Art (Mon 11:00 am) at the same time.",
        "Room 2 holds Relapse Prevention B (Mon 9:00 am) and Art (Mon 11:00 am) at the same time.",
        "Art (Mon 11:00 am) has 2 people for 1 seats.",
        "Yoga (Wed 3:00 pm) has no room.",
    ):
        assert sentence in shown
    assert bare.room_id is None


def test_a_week_beyond_the_horizon_says_so(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    assert "This week is not written out yet" in http.get("/program/week?w=2026-W40").text


def statements(http: Http, path: str) -> int:
    seen: list[str] = []

    def listener(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", listener)
    assert http.get(path).status_code == 200
    event.remove(db.engine, "before_cursor_execute", listener)
    return len(seen)


@pytest.mark.parametrize("path", ["/program/week?w=2026-W11", "/program/groups"])
def test_more_groups_take_no_more_statements(http: Http, week: Cast, path: str) -> None:
    http.sign_in(week.root.email)
    http.get(path)
    before = statements(http, path)
    for number in range(3):
        leader = make.make_user(week.root.role, week.elm)
        room = make.make_room(week.elm)
        meeting = make.make_meeting(
            make.make_group(week.program), leader, weekday=number, local_start=time(15), room=room
        )
        make.make_member(meeting, week.ana)
    db.session.commit()
    extend_horizon(now=NOW)
    db.session.remove()
    assert statements(http, path) == before


# Groups


def test_the_groups_with_when_they_meet(http: Http, week: Cast) -> None:
    make.make_group(week.program, name="Not yet")
    db.session.commit()
    http.sign_in(week.carol.email)
    shown = words(http.get("/program/groups").text)
    assert "Mondays 9:00 am to 12:00 pm Carol Whitfield, Room 2" in shown
    assert "2/12 in the fullest meeting" in shown
    assert "Does not meet yet" in shown
    assert "Evening Group" not in shown
    assert "New group" not in shown


def test_a_group_page_names_only_people_one_may_see(http: Http, new_http, week: Cast) -> None:  # type: ignore[no-untyped-def]
    make.make_member(week.monday, make.make_client(week.elm, given_name="Secreta", family_name="Person"))
    db.session.commit()
    http.sign_in(week.root.email)
    assert "Secreta P." in http.get(f"/program/groups/{week.group.id}").text
    case_manager = new_http()
    case_manager.sign_in(week.dev.email)
    page = case_manager.get(f"/program/groups/{week.group.id}").text
    assert "Secreta" not in page
    assert "Ana Q." in page
    assert "1 other person has a place." in page
    rows = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == "group:viewed").order_by(AuditEvent.id)
    ).all()
    assert [row.actor_id for row in rows] == [week.root.id, week.dev.id]
    assert rows[1].details == {"clients": sorted([week.ana.id, week.ben.id])}


def test_not_yours_looks_like_not_found(http: Http, week: Cast) -> None:
    http.sign_in(week.trent.email)
    for path in ("/program/groups/{}", "/program/groups/{}/edit", "/program/groups/{}/meetings/new"):
        theirs = http.get(path.format(week.group.id))
        nothing = http.get(path.format(424242))
        assert (theirs.status_code, nothing.status_code) == (404, 404)
        assert bare(theirs.text) == bare(nothing.text)


GROUP = {
    "name": "Tarde – 夕方", "public_name": "Appointment", "service_type": "group", "seats": "10",
    "modality": "in_person", "gender": "any", "language": "es", "attend": "any",
}  # fmt: skip


def test_an_administrator_opens_a_group(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    answer = http.submit("/program/groups/new", {**GROUP, "program_id": week.program.id})
    made = db.session.scalars(select(Group).where(Group.seats == 10)).one()
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/program/groups/{made.id}/meetings/new",
    )
    assert (made.name, made.language, made.program_id) == ("Tarde – 夕方", "es", week.program.id)


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Enter a name for the group."),
        ({"name": "x" * 10_000}, "Keep this under 200 characters."),
        ({"seats": "0"}, "Enter 1 to 200 seats."),
        ({"seats": "many"}, "Enter a whole number."),
        ({"program_id": "424242"}, "Choose one from the list."),
        ({"service_type": "<script>"}, "Choose one from the list."),
    ],
)
def test_a_wrong_group_is_shown_again_with_what_was_typed(
    http: Http, week: Cast, wrong: dict[str, str], says: str
) -> None:
    http.sign_in(week.root.email)
    typed = {**GROUP, "program_id": week.program.id, "public_name": "Kept words", **wrong}
    answer = http.submit("/program/groups/new", typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert "Kept words" in answer.text
    assert "<title>Error: " in answer.text


def test_another_sites_program_cannot_be_chosen(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    answer = http.submit("/program/groups/new", {**GROUP, "program_id": week.far_program.id})
    assert answer.status_code == 422


def test_a_group_is_changed_and_a_refusal_stands_beside_its_field(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    path = f"/program/groups/{week.group.id}/edit"
    assert 'value="Relapse Prevention B"' in http.get(path).text
    refused = http.submit(path, {**GROUP, "seats": "1"})
    assert (refused.status_code, "2 people have a place already" in refused.text) == (422, True)
    assert http.submit(path, {**GROUP, "seats": "2", "language": "en"}).status_code == 302
    assert db.session.get_one(Group, week.group.id).name == "Tarde – 夕方"


@pytest.mark.parametrize("who", ["carol", "dev"])
def test_others_cannot_change_groups_or_closures(http: Http, week: Cast, who: str) -> None:
    http.sign_in(getattr(week, who).email)
    for path in ("/program/groups/new", f"/program/groups/{week.group.id}/edit", "/program/closures"):
        assert http.get(path).status_code == 403


# Closures


def closure(cast: Cast, **given: str) -> dict[str, object]:
    return {
        "site_id": cast.elm.id, "program_id": "0", "from_day": "2026-03-09", "until_day": "", "name": "Snow", **given
    }  # fmt: skip


def preview_token(html: str) -> str:
    return re.search(r'name="previewed" value="([0-9a-f]+)"', html).group(1)  # type: ignore[union-attr]


def test_a_closure_is_shown_before_it_is_made(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    seen = http.submit("/program/closures", closure(week))
    assert (seen.status_code, db.session.scalars(select(Closure)).all()) == (200, [])
    assert "This cancels 1 session with 2 people expected." in words(seen.text)
    confirmed = http.post(
        "/program/closures",
        data={
            **closure(week),
            "confirm": "1",
            "previewed": preview_token(seen.text),
            "csrf_token": csrf_token(seen.text),
        },
    )
    assert confirmed.status_code == 302
    cancelled = db.session.scalars(
        select(Occurrence.local_day).where(Occurrence.status == OccurrenceStatus.CANCELLED)
    ).all()
    assert cancelled == [MONDAY]
    made = db.session.scalars(select(Closure)).one()
    assert http.submit(f"/program/closures/{made.id}/remove", page="/program/closures").status_code == 302
    assert db.session.scalars(select(Closure)).all() == []


def test_a_closure_changed_after_the_preview_is_shown_again(http: Http, week: Cast) -> None:
    http.sign_in(week.root.email)
    seen = http.submit("/program/closures", closure(week))
    again = http.post(
        "/program/closures",
        data={
            **closure(week, until_day="2026-03-13"), "confirm": "1",
            "previewed": preview_token(seen.text), "csrf_token": csrf_token(seen.text),
        },
    )  # fmt: skip
    assert (again.status_code, db.session.scalars(select(Closure)).all()) == (200, [])
    assert "This cancels 4 sessions" in words(again.text)


@on_one_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"from_day": ""}, "Enter a date"),
        ({"from_day": "2026-02-30"}, "Enter a date that exists"),
        ({"from_day": "29/02/2028"}, "Enter a date that exists"),
        ({"until_day": "2026-03-08"}, "The last closed day must not be before the first."),
        ({"from_day": "2026-03-01", "until_day": "2026-03-03"}, "These days have passed."),
        ({"until_day": "9999-12-31"}, "A closure lasts a year at most."),
        ({"name": ""}, "Enter why"),
        ({"name": "x" * 10_000}, "Keep this under 200 characters."),
    ],
)
def test_a_wrong_closure_says_what_to_do(http: Http, week: Cast, wrong: dict[str, str], says: str) -> None:
    http.sign_in(week.root.email)
    answer = http.submit("/program/closures", closure(week, **wrong))
    assert (answer.status_code, says in words(answer.text)) == (422, True)


def test_another_sites_closure_is_not_found(http: Http, week: Cast) -> None:
    theirs = make.make_closure(week.far, from_day=MONDAY, until_day=MONDAY)
    db.session.commit()
    http.sign_in(week.root.email)
    answer = http.submit(f"/program/closures/{theirs.id}/remove", page="/program/closures")
    assert answer.status_code == 404
    assert len(db.session.scalars(select(Closure)).all()) == 1
