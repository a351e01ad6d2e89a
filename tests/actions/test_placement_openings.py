"""Which one to three new groups to open, found in the solver's process."""

from datetime import time

from iop_schedule.actions import placement_openings
from iop_schedule.actions.placement_openings import ask_for_openings
from iop_schedule.actions.placement_runs import work_off
from iop_schedule.models import PlacementRun, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement_runs import run_view
from iop_schedule.vocabulary import EnrollmentStatus, RunKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.pages import words


def test_the_best_sets_of_new_groups_are_found_and_shown_as_drafts(
    cast: Cast, http: Http, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(placement_openings, "SECONDS", 6)
    waiting = make.make_client(cast.elm)
    enrollment = make.make_enrollment(waiting, cast.program, status=EnrollmentStatus.WAITLISTED)
    make.make_dose(enrollment, minutes=360, minimum_days=2, over_minutes=0)
    for weekday in (0, 2, 4):
        make.make_constraint(waiting, cast.dev, weekday=weekday, local_start=time(7), local_end=time(21))
    db.session.commit()
    run_id = ask_for_openings(actor=actor_for(cast.root), program_id=cast.program.id, now=NOW)
    assert work_off(now=lambda: NOW, abandon=lambda: False)
    db.session.expire_all()
    run = db.session.get_one(PlacementRun, run_id)
    assert (run.state, run.kind) == ("finished", RunKind.OPENINGS)
    first = run.summary["openings"][0]
    # Six hours on Tuesdays and Thursdays, whenever, in the time that the program's group takes.
    assert (first["placed"], first["budget_minutes"]) == (1, 540)
    assert {day for group in first["groups"] for day in group["days"]} == {1, 3}
    assert sum(group["minutes"] * len(group["days"]) for group in first["groups"]) <= 540
    assert {(group["leader_id"], group["room_id"]) for group in first["groups"]} == {
        (cast.carol.id, cast.room.id)
    }
    assert run_view(actor_for(cast.root), run_id, now=NOW).proposals == ()

    http.sign_in(cast.root.email)
    page = http.get(f"/placement/{run_id}").text
    told = "For 9 counselor hours a week: as many as one usual group takes\nBest possible"
    assert f"{told}\n1 person would reach their hours" in words(page)
    assert "Carol Whitfield, Room 2" in words(page)
    assert "Best possible" in words(http.get("/placement").text)
    draft = page.split('href="/program/what-if?')[1].split('"')[0].replace("&amp;", "&")
    assert "1 person would reach their hours" in words(http.get(f"/program/what-if?{draft}").text)
