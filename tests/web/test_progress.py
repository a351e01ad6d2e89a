"""A client's own hours: what they did, what is to come, how their weeks went. No rate, no tier."""

from datetime import date, timedelta

from sqlalchemy import delete, select

from iop_schedule.models import Enrollment, PrescribedDose, db
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words
from tests.world import mark, occurrence


def test_hours_done_hours_to_come_and_the_weeks_before(http: Http, cast: Cast) -> None:
    for series, day in ((cast.monday, 0), (cast.wednesday, 2), (cast.friday, 4)):
        mark(occurrence(series, date(2026, 2, 23) + timedelta(days=day), cast.ana), cast.ana, cast.carol)
    mark(occurrence(cast.monday, date(2026, 3, 2), cast.ana), cast.ana, cast.carol)
    occurrence(cast.friday, date(2026, 3, 6), cast.ana)
    db.session.commit()
    page = words(http.sign_in(cast.ana_user.email).get("/my/progress").text)
    assert "3 of 9 hours done" in page
    assert "Fri, Mar 6, 9:00 am to 12:00 pm. Relapse Prevention B, 3 h" in page
    assert "You met your goal in 1 of the last 8 weeks." in page
    assert "Mon, Feb 23\n9 of 9 h Goal met" in page
    assert not [one for one in ("tier", "score", "risk", "%", "rate") if one in page.lower().split()]


def test_someone_without_a_plan_is_told_whom_to_ask(http: Http, cast: Cast) -> None:
    enrollments = select(Enrollment.id).where(Enrollment.client_id == cast.ben.id)
    db.session.execute(delete(PrescribedDose).where(PrescribedDose.enrollment_id.in_(enrollments)))
    db.session.commit()
    assert "No goal yet" in http.sign_in(cast.ben_user.email).get("/my/progress").text


def test_the_page_is_linked_from_the_week(http: Http, cast: Cast) -> None:
    assert 'href="/my/progress"' in http.sign_in(cast.ana_user.email).get("/my/week").text
