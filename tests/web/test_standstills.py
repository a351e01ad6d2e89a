"""What people are told when no scheduler ran for a while: how long, and what it cost their clients."""

from datetime import timedelta

import pytest

from iop_schedule import clock
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.models import Standstill, db
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.outbox import DUE, MORNING, expect_on_thursday, plan, settle
from tests.pages import words

STOPPED = "Reminders stood still from Wed, Mar 4, 4:50 pm to Thu, Mar 5, 8:00 am."
UNSENT = "2 messages were not sent, because it would have come too late."
FIRST_PAGE = "/program/week"


@pytest.fixture
def _stopped(cast: Cast) -> None:
    """The scheduler stood still from ten to five until eight the next morning; two sessions begin at nine."""
    expect_on_thursday(cast)
    plan(NOW)
    db.session.add(Standstill(began_at=DUE - timedelta(minutes=10), ended_at=MORNING))
    db.session.commit()
    settle(MORNING, NullMessages())
    clock.freeze(MORNING + timedelta(minutes=5))


@pytest.mark.usefixtures("_stopped")
def test_who_looks_after_reminders_is_told_on_their_first_page_for_a_day(cast: Cast, http: Http) -> None:
    http.sign_in(cast.root.email)
    for page in (FIRST_PAGE, "/reminders"):
        said = words(http.get(page).text).replace("\n", " ")
        assert (STOPPED in said, UNSENT in said) == (True, True), page
    clock.freeze(MORNING + timedelta(hours=25))
    http.sign_in(cast.root.email)
    assert "stood still" not in http.get(FIRST_PAGE).text
    assert "stood still" in http.get("/reminders").text


@pytest.mark.usefixtures("_stopped")
def test_others_hear_of_their_own_people_only(cast: Cast, http: Http) -> None:
    http.sign_in(cast.trent.email)
    assert "stood still" not in http.get(FIRST_PAGE).text
    assert "Nobody went without" in http.get("/reminders").text


@pytest.mark.usefixtures("_stopped")
def test_a_case_manager_is_told_on_the_caseload(cast: Cast, http: Http) -> None:
    said = http.sign_in(cast.dev.email).get("/caseload").text
    assert "Reminders stood still" in said
