"""The weekly sessions on a client's page, and adding a one-to-one."""

import pytest
from sqlalchemy import select

from iop_schedule.models import Series, db
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.web.test_series import meeting, words


def path(cast: Cast) -> str:
    return f"/clients/{cast.ana.id}/sessions/new"


def wanted(cast: Cast, **given: object) -> dict[str, object]:
    defaults = {"start": "10:00 am", "end": "11:00 am", "break_minutes": "0", "room_id": "0"}
    return meeting(cast, **{**defaults, **given})


def own(cast: Cast) -> list[tuple[int, int, int | None]]:
    rows = select(Series).where(Series.client_id == cast.ana.id).order_by(Series.weekday)
    return [(row.weekday, row.duration_minutes, row.program_id) for row in db.session.scalars(rows)]


def test_a_one_to_one_is_added_and_shown_on_the_page_of_the_client(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    answer = http.submit(path(cast), wanted(cast))
    assert (answer.status_code, answer.location) == (302, f"/clients/{cast.ana.id}")
    assert own(cast) == [(1, 60, cast.program.id), (3, 50, cast.program.id)]
    assert "One-to-one, Tuesdays 10:00 am to 11:00 am" in words(http.get(answer.location).text)


def test_a_commitment_that_is_in_the_way_is_named_and_what_was_typed_kept(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    answer = http.submit(path(cast), wanted(cast, start="2:00 pm", end="3:00 pm"))
    assert (answer.status_code, len(own(cast))) == (422, 1)
    assert "Ana cannot come then: Work, Tuesdays 1:00 pm to 9:00 pm." in words(answer.text)
    assert 'value="2:00 pm"' in answer.text


@pytest.mark.parametrize(("who", "status"), [("carol", 403), ("eve", 403), ("mallory", 404), ("trent", 404)])
def test_whoever_may_not_place_the_client_cannot_add_a_session(
    http: Http, cast: Cast, who: str, status: int
) -> None:
    http.sign_in(getattr(cast, who).email)
    assert http.get(path(cast)).status_code == status


@pytest.mark.parametrize(
    ("who", "group", "alone"), [("carol", False, False), ("dev", False, True), ("root", True, True)]
)
def test_the_page_links_to_what_the_viewer_may_change(
    http: Http, cast: Cast, who: str, group: bool, alone: bool
) -> None:
    http.sign_in(getattr(cast, who).email)
    html = http.get(f"/clients/{cast.ana.id}").text
    assert "Relapse Prevention B, Mondays 9:00 am to 12:00 pm" in words(html)
    assert (f"/program/meetings/{cast.monday.id}/change" in html) is group
    assert (f"/program/meetings/{cast.one_to_one.id}/end" in html) is alone
    assert (path(cast) in html) is alone


def test_somebody_in_no_program_is_to_be_enrolled_first(http: Http, cast: Cast) -> None:
    nobody = make.make_client(cast.elm, code="nobody")
    db.session.commit()
    http.sign_in(cast.root.email)
    answer = http.get(f"/clients/{nobody.id}/sessions/new")
    assert (answer.status_code, answer.location) == (302, f"/clients/{nobody.id}")
    assert "Enroll them in a program first." in words(http.get(answer.location).text)
