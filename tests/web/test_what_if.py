"""Which group to open: what a draft would do, drafts side by side, and making one a group."""

from datetime import date, time

import pytest
from sqlalchemy import select

from iop_schedule.models import Client, Group, Series, db
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words


@pytest.fixture
def waiting(cast: Cast) -> Client:
    """Someone who waits: free on Tuesdays and Thursdays only."""
    client = make.make_client(cast.elm, given_name="Pia", family_name="Sorrento")
    enrollment = make.make_enrollment(client, cast.program, status="waitlisted")
    make.make_dose(enrollment, minutes=360, minimum_days=2)
    for weekday in (0, 2, 4):
        make.make_constraint(client, cast.dev, weekday=weekday, local_start=time(7), local_end=time(20))
    db.session.commit()
    return client


@pytest.fixture
def root(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.root.email)


def draft(cast: Cast, **changes: object) -> dict[str, object]:
    given = {
        "program_id": cast.program.id, "days": [1, 3], "start": "17:30", "minutes": 195, "break_minutes": 15,
        "seats": 8, "service_type": "group", "modality": "in_person", "room_id": cast.room.id,
        "leader_id": cast.carol.id,
    }  # fmt: skip
    return {**given, **changes}


def test_the_page_shows_when_people_short_of_their_hours_are_free(
    root: Http, cast: Cast, waiting: Client
) -> None:
    page = words(root.get("/program/what-if").text)
    assert "short of their hours, how many are free" in page
    assert "No draft yet" in page


def test_a_draft_says_whom_it_would_help_and_what_is_free(root: Http, cast: Cast, waiting: Client) -> None:
    page = words(root.get("/program/what-if", query_string=draft(cast)).text)
    assert "Tuesday and Thursday, 5:30 pm to 8:45 pm" in page
    assert "1 person would reach their hours" in page
    assert "1 person who waits would be placed" in page
    assert "Room 2 is free\nCarol Whitfield is free\nFirst possible start: Thu, Mar 5" in page
    assert "Pia S. Would reach their hours Waiting" in page


def test_a_room_that_is_taken_is_said(root: Http, cast: Cast, waiting: Client) -> None:
    page = words(root.get("/program/what-if", query_string=draft(cast, days=[0], start="09:00")).text)
    assert "Room 2 has Relapse Prevention B (Mondays 9:00 am to 12:00 pm) then" in page


def test_drafts_are_compared_side_by_side(root: Http, cast: Cast, waiting: Client) -> None:
    first = root.get("/program/what-if", query_string=draft(cast)).text
    keep = first.split('">Keep this draft')[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    kept = keep.split("keep=", 1)[1]
    from urllib.parse import unquote_plus

    other = {**draft(cast, days=[2], start="13:00"), "keep": unquote_plus(kept)}
    page = words(root.get("/program/what-if", query_string=other).text)
    assert "Drafts side by side" in page
    assert "Wednesday, 1:00 pm to 4:15 pm\n0" in page
    assert "Tuesday and Thursday, 5:30 pm to 8:45 pm\n1" in page


def test_a_draft_becomes_a_group_without_typing_again(root: Http, cast: Cast, waiting: Client) -> None:
    fields = {**draft(cast), "name": "Tuesday evenings", "from": "2026-03-10"}
    answer = root.submit("/program/what-if", fields, page="/account")
    made = db.session.scalars(select(Group).where(Group.name == "Tuesday evenings")).one()
    assert answer.location == f"/program/groups/{made.id}"
    rows = db.session.scalars(select(Series).where(Series.group_id == made.id).order_by(Series.weekday))
    assert [
        (s.weekday, s.local_start, s.duration_minutes, s.break_minutes, s.leader_id, s.room_id, s.from_day)
        for s in rows
    ] == [(day, time(17, 30), 195, 15, cast.carol.id, cast.room.id, date(2026, 3, 10)) for day in (1, 3)]
    assert made.seats == 8


def test_language_gender_and_modality_go_from_the_draft_into_the_group(
    root: Http, cast: Cast, waiting: Client
) -> None:
    waiting.languages = ["es"]
    db.session.commit()
    english = words(root.get("/program/what-if", query_string=draft(cast)).text)
    assert "0 people could come" in english
    fields = draft(
        cast, language="es", gender="female", modality="telehealth", room_id=0, service_type="family"
    )
    shown = root.get("/program/what-if", query_string=fields)
    assert "0 people could come" in words(shown.text)  # nobody said that Pia is a woman, or can attend online
    waiting.gender, waiting.modality = "female", "either"
    db.session.commit()
    shown = root.get("/program/what-if", query_string=fields)
    assert "1 person could come" in words(shown.text)
    sent = {name: value for name, value in fields.items() if f'name="{name}"' in shown.text}
    assert set(sent) == set(fields)
    root.submit("/program/what-if", {**sent, "name": "Mujeres", "from": "2026-03-10"}, page="/account")
    made = db.session.scalars(select(Group).where(Group.name == "Mujeres")).one()
    assert (made.language, made.gender, made.modality, made.service_type) == (
        "es",
        "female",
        "telehealth",
        "family",
    )


@pytest.mark.parametrize("program_id", ["99999999999999999999", "-1", "x", "", "٣"])
def test_a_program_that_is_none_shows_no_demand(root: Http, waiting: Client, program_id: str) -> None:
    answer = root.get("/program/what-if", query_string={"program_id": program_id, "days": [1]})
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"days": [0, 1], "start": "09:00"}, "already leads"),
        ({"leader_id": 0}, "Choose a counselor first."),
        ({"name": ""}, "Enter a name for the group."),
        ({"seats": 0}, "seats."),
        ({"days": []}, "Choose at least one day."),
        ({"start": "25:00"}, ""),
        ({"seats": 40}, "seats"),
        ({"program_id": 10**20}, "Choose one from the list."),
        ({"program_id": "x"}, "Choose one from the list."),
    ],
)
def test_a_draft_that_cannot_be_opens_nothing(
    root: Http, cast: Cast, waiting: Client, changes: dict[str, object], sentence: str
) -> None:
    before = db.session.query(Group).count()
    fields = {**draft(cast), "name": "Tuesday evenings", "from": "2026-03-10", **changes}
    answer = root.submit("/program/what-if", fields, page="/account")
    assert answer.status_code in {409, 422}
    assert sentence in words(answer.text)
    db.session.rollback()
    assert db.session.query(Group).count() == before


def test_the_program_week_shows_unmet_demand_on_request(root: Http, cast: Cast, waiting: Client) -> None:
    make.make_meeting(cast.group, cast.carol, weekday=1, local_start=time(9), room=cast.room)
    db.session.commit()
    plain = words(root.get("/program/week").text)
    assert "When people are free" not in plain
    page = words(root.get("/program/week?demand=1").text)
    assert "When people are free who are short of their hours" in page
    assert "Pia" not in page
