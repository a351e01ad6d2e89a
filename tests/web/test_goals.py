"""A client's goals: said on one page, standing on their week, theirs alone to change."""

from typing import Any

from sqlalchemy import select

from iop_schedule.models import AuditEvent, ClientGoal, db
from iop_schedule.vocabulary import AuditKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words


def test_a_goal_stands_on_the_week_with_its_times_and_comes_off_it(
    http: Http, new_http: Any, cast: Cast
) -> None:
    make.make_constraint(cast.ana, cast.ana_user, label="evening class", weekday=0)
    db.session.commit()
    ana = http.sign_in(cast.ana.email)
    assert "Tell us what you want time for" in words(ana.get("/my/week").text)
    saved = ana.submit("/my/goals", {"words": "My <i>welding</i> papers", "time_name": "Evening class"})
    assert saved.status_code == 302
    shown = ana.get("/my/week?w=2026-W10").text
    assert "My &lt;i&gt;welding&lt;/i&gt; papers" in shown
    (row,) = db.session.scalars(select(ClientGoal))
    times = words(shown).partition("papers")[2].split("\n")[1]
    assert times.startswith("Mon "), words(shown)
    theirs = f"/clients/{cast.ana.id}"
    assert "My <i>welding</i> papers" in words(new_http().sign_in(cast.dev.email).get(theirs).text)
    assert "welding" not in new_http().sign_in(cast.carol.email).get(theirs).text
    assert ana.submit(f"/my/goals/{row.id}/end", page="/my/goals").status_code == 302
    assert "welding" not in ana.get("/my/week").text
    kinds = set(db.session.scalars(select(AuditEvent.kind)))
    assert {AuditKind.GOAL_ADDED, AuditKind.GOAL_ENDED} <= kinds


def test_empty_foreign_and_too_many_goals_are_refused(http: Http, cast: Cast) -> None:
    bens = make.make_goal(cast.ben)
    for number in range(4):
        make.make_goal(cast.ana, words=f"Goal {number}")
    db.session.commit()
    ana = http.sign_in(cast.ana.email)
    assert ana.submit("/my/goals", {"words": " ", "time_name": ""}).status_code == 422
    assert ana.submit("/my/goals", {"words": "A class", "time_name": "Ben’s shift"}).status_code == 422
    assert ana.submit(f"/my/goals/{bens.id}/end", page="/my/goals").status_code == 404
    assert ana.submit("/my/goals", {"words": "A class", "time_name": ""}).status_code == 302
    sixth = ana.submit("/my/goals", {"words": "A boat", "time_name": ""})
    assert (sixth.status_code, "You have five goals." in sixth.text) == (422, True)
    assert "Goal 0" not in new_page_of_ben(ana, cast)


def new_page_of_ben(browser: Http, cast: Cast) -> str:
    """Return Ben's own list, read after Ana has signed out."""
    browser.submit("/sign-out", page="/my/goals")
    page: str = browser.sign_in(cast.ben.email).get("/my/goals").text
    return page
