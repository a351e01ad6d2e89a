"""A counselor is out for some days: others lead, or sessions are canceled, in one go."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select

from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.models import Occurrence, PlacementRun, Series, User, db
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.open_misses import open_misses
from iop_schedule.vocabulary import OccurrenceStatus, Role
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database
from tests.pages import words

WEEK = "&from_day=2026-03-09&until_day=2026-03-13"


@pytest.fixture
def fay(cast: Cast) -> User:
    """Another counselor, who leads something on Wednesday mornings."""
    user = make.make_user(Role.COUNSELOR, cast.elm, given_name="Fay", family_name="Moreau")
    make.make_meeting(make.make_group(cast.program), user, weekday=2, local_start=time(10), room=None)
    db.session.commit()
    return user


@pytest.fixture
def root(http: Http, cast: Cast, fay: User) -> Http:
    extend_horizon(now=NOW)
    return http.sign_in(cast.root.email)


def of(series: Series, day: date) -> Occurrence:
    return db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == series.id, Occurrence.original_day == day)
    ).one()


def page_of(cast: Cast) -> str:
    return f"/program/substitutes?leader={cast.carol.id}{WEEK}"


def test_each_session_shows_who_is_free_then_and_proposes_few_people(
    root: Http, cast: Cast, fay: User
) -> None:
    page = root.get(page_of(cast)).text
    shown = words(page)
    assert "Mon, Mar 9, 9:00 am to 12:00 pm" in shown
    assert "One-to-one with Ana Q." in shown
    wednesday = of(cast.wednesday, date(2026, 3, 11))
    field = page.partition(f'name="session-{wednesday.id}"')[2].partition("</select>")[0]
    assert "Fay Moreau" not in field
    assert "Dev Banerjee" in field


def test_all_are_saved_at_once_and_the_week_after_is_as_before(root: Http, cast: Cast, fay: User) -> None:
    monday, wednesday = of(cast.monday, date(2026, 3, 9)), of(cast.wednesday, date(2026, 3, 11))
    friday = of(cast.friday, date(2026, 3, 13))
    chosen = {
        f"session-{monday.id}": fay.id, f"session-{wednesday.id}": "cancel", f"session-{friday.id}": "keep",
        "reason": "Carol is out",
    }  # fmt: skip
    assert root.submit(page_of(cast), chosen).status_code == 302
    db.session.expire_all()
    extend_horizon(now=NOW)
    assert (monday.leader_id, monday.status, monday.status_reason) == (fay.id, "planned", "Carol is out")
    assert (wednesday.status, wednesday.leader_id) == (OccurrenceStatus.CANCELLED, cast.carol.id)
    assert (friday.leader_id, friday.status) == (cast.carol.id, OccurrenceStatus.PLANNED)
    assert of(cast.monday, date(2026, 3, 16)).leader_id == cast.carol.id


def test_a_counselor_who_comes_back_keeps_the_weekly_groups_and_missed_sessions_can_be_made_up(
    root: Http, cast: Cast, fay: User
) -> None:
    form = {
        "program_id": cast.program.id, "cause": "counselor_out", "leader_id": cast.carol.id, "group_id": 0,
        "from_day": "2026-03-09", "until_day": "2026-03-09", "seconds": 30,
    }  # fmt: skip
    answer = root.submit("/placement/repair", form)
    assert answer.status_code == 302
    shown = words(root.get(answer.location).text)
    assert "Mon, Mar 9, 9:00 am to 12:00 pm" in shown
    assert "Wed, Mar 11" not in shown
    monday = of(cast.monday, date(2026, 3, 9))
    root.submit(answer.location, {f"session-{monday.id}": "cancel", "reason": "Carol is out"})
    db.session.expire_all()
    assert (monday.status, cast.monday.until_day) == (OccurrenceStatus.CANCELLED, None)
    assert of(cast.monday, date(2026, 3, 16)).status == OccurrenceStatus.PLANNED
    assert db.session.query(PlacementRun).count() == 0
    later = datetime(2026, 3, 9, 20, tzinfo=UTC)
    care = care_records([cast.ben.id], first_day=monday.local_day, last_day=monday.local_day, now=later)
    (miss,) = open_misses(cast.ben, care[cast.ben.id], away=(), now=later)
    assert miss.session.occurrence_id == monday.id
    assert root.submit("/placement/repair", form | {"leader_id": 0}).status_code == 422


def test_when_one_cannot_be_none_is_changed(root: Http, cast: Cast, fay: User) -> None:
    monday, wednesday = of(cast.monday, date(2026, 3, 9)), of(cast.wednesday, date(2026, 3, 11))
    chosen = {f"session-{monday.id}": fay.id, f"session-{wednesday.id}": "cancel", "reason": ""}
    answer = root.submit(page_of(cast), chosen)
    assert (answer.status_code, "Write a short reason" in answer.text) == (422, True)
    db.session.expire_all()
    assert monday.leader_id == cast.carol.id


@on_one_database
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("&from_day=2026-03-13&until_day=2026-03-09", "Choose a first and a last day"),
        ("&from_day=2026-03-09&until_day=2026-09-09", "at most two months apart"),
        ("&from_day=soon&until_day=2026-03-09", "Enter a date that exists"),
    ],
)
def test_days_that_cannot_be_are_said(root: Http, cast: Cast, query: str, says: str) -> None:
    answer = root.get(f"/program/substitutes?leader={cast.carol.id}{query}")
    assert (answer.status_code, says in answer.text) == (422, True)


def test_staff_of_another_site_are_nobody_here(root: Http, cast: Cast) -> None:
    assert root.get(f"/program/substitutes?leader={cast.eve.id}{WEEK}").status_code == 422
