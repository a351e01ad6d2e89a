"""Placing one person, as a case manager does it."""

from datetime import date, time

import pytest
from sqlalchemy import select

from iop_schedule.models import AuditEvent, Client, Group, SeriesMember, db
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http, row_counts
from tests.pages import title_of, words

MONDAY = "2026-03-09"


@pytest.fixture
def person(cast: Cast) -> Client:
    client = make.make_client(cast.elm, given_name="Pia", family_name="Sorrento")
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program, status=EnrollmentStatus.WAITLISTED))
    db.session.commit()
    return client


@pytest.fixture
def evening(cast: Cast) -> Group:
    group = make.make_group(cast.program, name="Evening Recovery", seats=1)
    for weekday in (0, 1, 3):
        make.make_meeting(group, cast.root, weekday=weekday, local_start=time(17, 30), room=cast.room)
    db.session.commit()
    return group


@pytest.fixture
def dev(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.dev.email)


def address(client: Client) -> str:
    return f"/clients/{client.id}/place"


def places(client: Client) -> list[tuple[int, str]]:
    db.session.expire_all()
    rows = select(SeriesMember).where(SeriesMember.client_id == client.id).order_by(SeriesMember.series_id)
    return [(row.series_id, str(row.from_day)) for row in db.session.scalars(rows)]


def test_the_page_shows_plans_with_reasons_and_why_not_the_rest(
    dev: Http, cast: Cast, person: Client, evening: Group
) -> None:
    make.make_constraint(
        person, cast.dev, label="bakery", weekday=3, local_start=time(16), local_end=time(20)
    )
    db.session.commit()
    page = words(dev.get(f"{address(person)}?from={MONDAY}").text)
    assert "Where Pia fits\n9 hours on at least 3 days a week, around what the week already holds." in page
    assert "9 of 9 hours\n3 days a week" in page
    assert (
        "Thu: overlaps work (bakery), 4:00 pm to 8:00 pm (travel counted)\n"
        "Thursday, if work (bakery) ended 2 h 30 min earlier" in page
    )


def test_one_press_places_the_person(dev: Http, cast: Cast, person: Client) -> None:
    wanted = [cast.monday.id, cast.wednesday.id, cast.friday.id]
    answer = dev.submit(address(person), {"from": MONDAY, "meeting": wanted})
    assert (answer.status_code, answer.location) == (302, address(person))
    assert places(person) == [(one, MONDAY) for one in wanted]
    page = words(dev.get(f"{address(person)}?from={MONDAY}").text)
    assert "Placed. The sessions are on their schedule." in page
    assert "As it is now" in page


def test_half_a_commitment_is_said_as_such(dev: Http, cast: Cast, person: Client) -> None:
    make.make_constraint(
        person, cast.dev, weekday=4, local_start=time(9), local_end=time(10), week=WeekParity.A,
        anchor_day=date(2026, 3, 9),
    )  # fmt: skip
    db.session.commit()
    page = words(dev.get(f"{address(person)}?from={MONDAY}").text)
    assert "Fri: overlaps work, 9:00 am to 10:00 am, every other week from Mar 13 (travel counted)" in page


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"from": MONDAY}, 422, "Choose at least one session."),
        ({"from": MONDAY, "meeting": ["friday", "taken"]}, 422, "All 1 seats of Evening Recovery are taken"),
        ({"from": MONDAY, "meeting": ["busy"]}, 422, "amily care"),
        ({"from": "2026-03-03", "meeting": ["friday"]}, 422, "today or later"),
        ({"from": "", "meeting": ["friday"]}, 422, "Enter the first day"),
        ({"from": "2026-02-29", "meeting": ["friday"]}, 422, "Enter the first day"),
        ({"from": "9999-12-31", "meeting": ["friday"]}, 422, "Enter the first day"),
        ({"from": MONDAY, "meeting": ["friday", "x"]}, 404, "not yours to see"),
        ({"from": MONDAY, "meeting": ["friday", "-1"]}, 404, "not yours to see"),
        ({"from": MONDAY, "meeting": ["9999999999999"]}, 404, "not yours to see"),
        ({"from": MONDAY, "meeting": ["999999999"]}, 404, "not yours to see"),
        ({"from": MONDAY, "meeting": ["friday", "far"]}, 404, "not yours to see"),
        ({"from": MONDAY, "meeting": ["own"]}, 422, "belongs to one client"),
    ],
    ids=["nothing chosen", "no seat", "busy", "past day", "no day", "no such day", "day of no calendar",
         "no number", "negative", "too large", "no such session", "another site", "one-to-one of another"],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_changes(
    dev: Http,
    cast: Cast,
    person: Client,
    evening: Group,
    fields: dict[str, object],
    status: int,
    sentence: str,
) -> None:
    make.make_member(evening.meetings[0], cast.ben)
    make.make_constraint(
        person, cast.dev, kind="caregiving", weekday=0, local_start=time(9), local_end=time(10)
    )
    db.session.commit()
    ids = {
        "friday": cast.friday.id, "busy": cast.monday.id, "taken": evening.meetings[0].id,
        "far": cast.far_monday.id, "own": cast.one_to_one.id,
    }  # fmt: skip
    chosen = [ids.get(str(one), one) for one in fields.get("meeting", [])]  # type: ignore[attr-defined]
    before = {name: rows for name, rows in row_counts().items() if not name.startswith("audit_event")}
    answer = dev.submit(address(person), {**fields, "meeting": chosen}, page="/account")
    assert (answer.status_code, places(person)) == (status, [])
    assert sentence in words(answer.text)
    assert {name: rows for name, rows in row_counts().items() if not name.startswith("audit_event")} == before


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ("", "2026-03-05"), ("nonsense", "2026-03-05"), ("2026-02-29", "2026-03-05"),
        ("2020-01-01", "2026-03-05"), ("9999-12-31", "2026-03-05"), ("0001-01-01", "2026-03-05"),
        ("2028-02-29", "2028-02-29"), ("2026-03-07", "2026-03-07"),
    ],
)  # fmt: skip
def test_the_first_day_is_tomorrow_or_any_sensible_later_one(
    dev: Http, person: Client, day: str, shown: str
) -> None:
    answer = dev.get(address(person), query_string={"from": day})
    assert answer.status_code == 200
    assert f'name="from" value="{shown}"' in answer.text


@pytest.mark.parametrize(
    ("minutes", "said"),
    [("432", True), ("0", False), ("-5", False), ("99999999999", False), ("abc", False), ("", False)],
)
def test_what_is_missing_this_week_is_told(dev: Http, person: Client, minutes: str, said: bool) -> None:
    answer = dev.get(f"{address(person)}?minutes={minutes}")
    assert answer.status_code == 200
    assert ("7.2 hours of this week’s dose are still missing" in answer.text) is said
    assert ("are still missing" in answer.text) is said


def test_without_a_dose_it_says_what_to_do_first(dev: Http, cast: Cast) -> None:
    person = make.make_client(cast.elm)
    make.make_assignment(person, cast.dev, "case_manager")
    db.session.commit()
    page = words(dev.get(address(person)).text)
    assert "Nothing is prescribed yet." in page
    assert "Prescribe a dose first" in page


def test_when_no_plan_reaches_the_dose_it_says_so(dev: Http, cast: Cast, person: Client) -> None:
    make.make_constraint(person, cast.dev, weekday=4, local_start=time(8), local_end=time(13))
    db.session.commit()
    page = words(dev.get(address(person)).text)
    assert "No plan reaches 9 hours" in page
    assert "Also free for Pia\nMonday, 9:00 am to 12:00 pm" in page


def test_the_title_names_nobody(dev: Http, person: Client) -> None:
    assert title_of(dev.get(address(person)).text) == "Placement – Steady"


def test_each_look_leaves_one_row(dev: Http, cast: Cast, person: Client) -> None:
    before = set(db.session.scalars(select(AuditEvent.id)))
    dev.get(address(person))
    rows = [row for row in db.session.scalars(select(AuditEvent)) if row.id not in before]
    assert [(row.kind, row.actor_id, row.client_id) for row in rows] == [
        (AuditKind.PLACEMENT_VIEWED, cast.dev.id, person.id)
    ]


@pytest.mark.parametrize(
    ("who", "status"),
    [("mallory", 404), ("trent", 404), ("eve", 403), ("carol", 403), ("ana_user", 403), ("zoe_user", 403)],
)
def test_nobody_else_looks_or_places(http: Http, cast: Cast, person: Client, who: str, status: int) -> None:
    http.sign_in(getattr(cast, who).email)
    assert http.get(address(person)).status_code == status
    fields = {"from": MONDAY, "meeting": [cast.monday.id]}
    answer = http.submit(address(person), fields, page="/account")
    assert (answer.status_code, places(person)) == (status, [])
    assert "Pia" not in answer.text


@pytest.mark.parametrize("client_id", ["0", "999999", "999999999999999999999999"])
def test_someone_who_does_not_exist_looks_like_someone_elses(dev: Http, cast: Cast, client_id: str) -> None:
    theirs = words(dev.get(address(cast.zoe)).text).rpartition("Reference")[0]
    answer = dev.get(f"/clients/{client_id}/place")
    assert (answer.status_code, words(answer.text).rpartition("Reference")[0]) == (404, theirs)


def test_seats_are_held_and_given_back(dev: Http, cast: Cast, person: Client) -> None:
    answer = dev.submit(
        f"{address(person)}/hold", {"from": MONDAY, "meeting": [cast.monday.id]}, page="/account"
    )
    assert answer.location == f"{address(person)}?from={MONDAY}"
    page = words(dev.get(address(person)).text)
    assert "Seats are held for Pia until Fri, Mar 6, 10:00 am\nRelapse Prevention B, Mondays" in page
    dev.submit(f"{address(person)}/hold/release", {}, page=address(person))
    assert "Seats are held" not in words(dev.get(address(person)).text)


def test_the_person_chooses_among_the_offered_weeks(
    http: Http, cast: Cast, person: Client, evening: Group
) -> None:
    login = make.make_user("client", email="pia@example.net")
    person.user_id = login.id
    make.make_wishes(
        person, login, time="evening", liked_days=[0], disliked_days=[4], counselor_id=cast.carol.id
    )
    db.session.commit()
    http.sign_in(cast.dev.email)
    options = [
        ",".join(str(one.id) for one in (cast.monday, cast.wednesday, cast.friday)),
        ",".join(str(one.id) for one in evening.meetings),
    ]
    http.submit(f"{address(person)}/offer", {"from": MONDAY, "plan": options}, page="/account")
    shown = words(http.get(address(person)).text)
    assert "Pia was offered 2 weeks on Wed, Mar 4, 10:00 am" in shown
    assert "No message goes out: they have not agreed to any about their times." in shown
    http.submit("/sign-out", {}, page="/account")

    http.sign_in("pia@example.net")
    assert "We found times that fit your week." in words(http.get("/my/week").text)
    page = words(http.get("/my/choice").text)
    assert "Week 2\nMonday, 5:30 pm to 8:30 pm" in page.replace("Mo\nTu\nWe\nTh\nFr\n", "")
    assert "Relapse" not in page
    first, second = page.partition("Week 2\n")[::2]
    for week, part_of_day, counselor in (
        (first, "None late in the day, which you wished for", f"With {cast.carol.name}, as you wished"),
        (second, "Late afternoons and evenings, as you wished", "Not with the counselor you wished for"),
    ):
        assert part_of_day in week, page
        assert counselor in week, page
        assert "Monday, as you wished" in week
    offer_id = http.get("/my/choice").text.split('name="offer" value="')[1].split('"')[0]
    assert http.submit("/my/choice", {"offer": offer_id}).status_code == 422
    answer = http.submit("/my/choice", {"offer": offer_id, "week": "2"})
    assert answer.location == "/my/week"
    assert places(person) == [(one.id, MONDAY) for one in evening.meetings]
    assert "Nothing to choose right now" in words(http.get("/my/choice").text)


def test_when_nothing_fits_each_way_out_shows_its_week(dev: Http, cast: Cast, person: Client) -> None:
    make.make_constraint(
        person, cast.dev, label="bakery", weekday=4, local_start=time(7), local_end=time(9, 30)
    )
    db.session.commit()
    page = words(dev.get(f"{address(person)}?from={MONDAY}").text)
    assert "6 of 9 hours fit as things are. These cannot all be had:" in page
    assert "Work (bakery) on Friday, 7:00 am to 9:30 am\nThe prescribed hours" in page
    assert "Closest: if work (bakery) on Friday ended 30 min earlier" in page
    assert "With it, Relapse Prevention B on Monday, Wednesday and Friday fits." in page
