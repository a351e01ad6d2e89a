"""The pages of plans for everyone: asking, waiting, reviewing, comparing, and the policy on who comes first."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.actions import placement_runs
from iop_schedule.domain.placement import Because
from iop_schedule.models import (
    AuditEvent,
    PlacementProposal,
    PlacementRun,
    PriorityClass,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, RunKind, RunState
from iop_schedule.web.placement_run_words import because_words, change_words
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database
from tests.pages import words

FORM = {"aim": "stay", "from_day": "2026-03-09", "seconds": "30"}


@pytest.fixture
def root(cast: Cast, http: Http) -> Http:
    return http.sign_in("root@example.org")


@pytest.fixture
def waiting(cast: Cast) -> Any:
    client = make.make_client(cast.elm, given_name="Wanda", family_name="Thistle")
    enrollment = make.make_enrollment(
        client, cast.program, status=EnrollmentStatus.WAITLISTED, from_day=date(2026, 2, 2)
    )
    make.make_dose(enrollment)
    db.session.commit()
    return client


@pytest.fixture
def run_id(cast: Cast, root: Http, waiting: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a run asked for on the page and worked off in this process."""
    from iop_schedule.adapters.optimizer import child

    def solved(request: dict[str, Any], **_: Any) -> dict[str, Any]:
        return child.TASKS[request["task"]](request, child.Line(quiet=True), lambda: False) | {"machine": {}}

    monkeypatch.setattr(placement_runs, "solve_apart", solved)
    answer = root.submit("/placement", FORM | {"program_id": cast.program.id})
    assert answer.status_code == 302
    assert placement_runs.work_off(now=lambda: NOW, abandon=lambda: False)
    return int(answer.location.rsplit("/", 1)[1])


def test_a_plan_is_asked_for_reviewed_applied_and_taken_back(
    cast: Cast, root: Http, run_id: int, waiting: Any
) -> None:
    page = root.get(f"/placement/{run_id}").text
    assert "No plan is better than this one" in page
    assert "Wanda T." in page
    assert "Relapse Prevention B: Mon, Wed, Fri 9:00 am to 12:00 pm" in page
    places = select(SeriesMember).where(SeriesMember.client_id == waiting.id)
    assert db.session.scalars(places).all() == []
    root.submit(f"/placement/{run_id}/apply", {"client": waiting.id}, page=f"/placement/{run_id}")
    assert len(db.session.scalars(places).all()) == 3
    page = root.get(f"/placement/{run_id}").text
    assert "1 person placed." in page
    assert "Take back" in page
    root.submit(f"/placement/{run_id}/undo", page=f"/placement/{run_id}")
    db.session.expire_all()
    assert db.session.scalars(places).all() == []


def test_sessions_of_a_group_that_closes_end_from_its_plan_and_go_on_again(
    cast: Cast, root: Http, run_id: int
) -> None:
    run = db.session.get_one(PlacementRun, run_id)
    run.kind, run.options = RunKind.REPAIR, {"closes": [cast.monday.id], "cause": "group_closed"}
    proposals = select(PlacementProposal).where(PlacementProposal.run_id == run_id)
    for proposal in db.session.scalars(proposals):
        db.session.delete(proposal)
    db.session.commit()
    at = f"/placement/{run_id}"
    page = words(root.get(at).text)
    assert "Sessions that end\nRelapse Prevention B: Mon 9:00 am to 12:00 pm" in page
    assert "2 people lose their place here and nothing is proposed instead" in page
    root.submit(f"{at}/end", page=at)
    page = words(root.get(at).text)
    assert "held for the last time by Sun, Mar 8" in page
    assert "No message tells 2 people that their week changes." in page
    assert db.session.get_one(Series, cast.monday.id).until_day == date(2026, 3, 8)
    root.submit(f"{at}/end", page=at)
    cast.group.seats = 1
    db.session.commit()
    root.submit(f"{at}/go-on", page=at)
    db.session.expire_all()
    page = words(root.get(at).text)
    assert "The sessions go on. 1 person could not be given the place back: see below." in page
    assert "Ben O.: All 1 seats of Relapse Prevention B are taken then." in page.replace("\n", " ").replace(
        " :", ":"
    )
    assert db.session.get_one(Series, cast.monday.id).until_day is None
    root.submit(f"{at}/go-on", page=at)
    assert "This plan has ended no sessions." in root.get(at).text


def test_looking_at_a_plan_is_in_the_trail(root: Http, run_id: int) -> None:
    root.get(f"/placement/{run_id}")
    row = db.session.scalars(
        select(AuditEvent).where(
            AuditEvent.kind == AuditKind.PLACEMENT_RUN_VIEWED, AuditEvent.subject_id == str(run_id)
        )
    ).one()
    assert row.actor_role == "administrator"


def test_who_cannot_be_placed_is_listed_with_what_is_in_the_way(
    cast: Cast, root: Http, waiting: Any, run_id: int
) -> None:
    cast.group.seats = 2
    db.session.commit()
    root.submit("/placement", FORM | {"program_id": cast.program.id})
    placement_runs.work_off(now=lambda: NOW, abandon=lambda: False)
    page = root.get(f"/placement/{run_id + 1}").text
    assert "No whole week found" in page
    assert "No seat is free in the sessions that fit" in page
    assert "One seat more in Relapse Prevention B on Monday" in page


def test_a_run_at_work_shows_how_far_it_is_and_is_stopped(cast: Cast, root: Http) -> None:
    at = root.submit("/placement", FORM | {"program_id": cast.program.id}).location
    run = db.session.scalars(select(PlacementRun)).one()
    assert "Waiting to begin" in root.get(at).text
    run.state, run.beat_at = RunState.RUNNING, NOW
    run.progress = {"step": "prices", "seconds": 12.4, "objective": 1000.0, "bound": 1020.0}
    db.session.commit()
    page = root.get(at).text
    assert "12 of at most 30 seconds" in page
    assert "within 2.00 percent" in page
    root.submit(f"{at}/stop", page=at)
    assert "Stopping with the best plan so far" in root.get(at).text
    run.beat_at = NOW - timedelta(minutes=1)
    db.session.commit()
    assert "its process was lost" in root.get(at).text
    root.submit(f"{at}/again", page=at)
    assert "Waiting to begin" in root.get(at).text


def test_plans_are_compared_side_by_side(cast: Cast, root: Http, run_id: int) -> None:
    root.submit("/placement", FORM | {"program_id": cast.program.id, "aim": "reach"})
    placement_runs.work_off(now=lambda: NOW, abandon=lambda: False)
    page = root.get(f"/placement/compare?run={run_id}&run={run_id + 1}").text
    assert "Plan 2" in page
    assert page.count("3 of 3") == 2
    assert "They change the same people’s weeks in the same way." in page


def test_where_plans_differ_stands_person_by_person(
    cast: Cast, root: Http, run_id: int, waiting: Any
) -> None:
    root.submit("/placement", FORM | {"program_id": cast.program.id, "aim": "reach"})
    placement_runs.work_off(now=lambda: NOW, abandon=lambda: False)
    make.make_proposal(
        db.session.get_one(PlacementRun, run_id), cast.ben,
        before=[cast.monday.id], after=[cast.monday.id, cast.friday.id],
    )  # fmt: skip
    db.session.commit()
    page = root.get(f"/placement/compare?run={run_id}&run={run_id + 1}").text
    differ = page[page.index("Where the plans differ") : page.index("Who is served")]
    assert "Relapse Prevention B: Mon, Fri 9:00 am to 12:00 pm" in differ
    assert ("As it is" in differ, "Wanda T." in differ) == (True, False)


def test_the_files_of_a_plan_are_handed_out(root: Http, run_id: int) -> None:
    answer = root.get(f"/placement/{run_id}/problem.json")
    assert answer.json["format"] == "placement-problem/1"
    assert "42 CFR part 2" in answer.json["notice"]
    made = select(AuditEvent.details).where(AuditEvent.kind == AuditKind.PLACEMENT_RUN_DOWNLOADED)
    assert db.session.scalars(made).one()["clients"]
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "Thistle" not in answer.text


def test_the_policy_is_written_here_and_shown_beside_the_form(cast: Cast, root: Http, waiting: Any) -> None:
    at = f"/placement/priorities/{cast.program.id}"
    line = {"name": "Expecting a child", "weight": "4", "source": "Policy 7, section 2"}
    assert root.submit(at, line).status_code == 302
    assert root.submit(at, line).status_code == 422
    assert root.submit(at, line | {"name": "Other", "weight": "1"}).status_code == 422
    priority = db.session.scalars(select(PriorityClass)).one()
    root.submit(f"{at}/name", {"client": waiting.id, "priority": priority.id}, page=at)
    page = root.get("/placement").text
    assert "Expecting a child: counts 4" in page
    assert "1 person; Policy 7, section 2" in page
    root.submit(f"{at}/remove", {"priority": priority.id}, page=at)
    assert "Everyone counts the same" in root.get("/placement").text


@on_one_database
@pytest.mark.parametrize(
    "change", [{"seconds": "7"}, {"aim": "win"}, {"from_day": "2026-03-04"}, {"from_day": ""}]
)
def test_what_cannot_be_asked_is_said_beside_the_field(
    cast: Cast, root: Http, change: dict[str, str]
) -> None:
    answer = root.submit("/placement", FORM | {"program_id": cast.program.id} | change)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert db.session.scalars(select(PlacementRun)).all() == []


def test_what_is_in_the_way_and_what_would_help_say_each_thing_once() -> None:
    because = (
        Because("work WE 07:45-16:45", (), is_commitment=True),
        Because("work FR 07:45-16:45", (), is_commitment=True),
        Because("dose"),
    )
    assert because_words(because, date(2026, 3, 9)) == [
        "Work, Wednesday and Friday 7:45 am to 4:45 pm",
        "The sessions that fit do not add up to the prescribed hours",
    ]
    change = "work WE leaves 08:45 to 12:30 free; work FR leaves 08:45 to 12:30 free; a day less a week"
    assert change_words(change, {}, date(2026, 3, 9)) == (
        "Work on Wednesday and Friday leaves 8:45 am to 12:30 pm free; a day less a week"
    )


def test_weeks_that_alternate_are_told_by_their_dates() -> None:
    because = (Because("caregiving MO 17:00-20:00 week B", (), is_commitment=True),)
    assert because_words(because, date(2026, 3, 9)) == [
        "Family care, Monday 5:00 pm to 8:00 pm, weeks of Mar 16, Mar 30…"
    ]
    change = "caregiving MO moves to another time in A weeks"
    assert change_words(change, {}, date(2026, 3, 9)) == (
        "Family care on Monday moves to another time in weeks of Mar 9, Mar 23…"
    )


def test_who_had_heard_of_an_end_reads_on_their_week_that_the_sessions_go_on(cast: Cast, http: Http) -> None:
    back = {"first": "2026-03-09", "weeks": {str(cast.monday.id): "every"}, "told": True}
    make.make_placement_run(
        cast.program, cast.root, kind=RunKind.REPAIR, created_at=NOW,
        went_on={"at": NOW.isoformat(), "back": {str(cast.ben.id): back}, "left": {}},
    )  # fmt: skip
    db.session.commit()
    page = words(http.sign_in("ben@example.net").get("/my/week").text)
    assert "We took a change back. This is your week from Monday, March 9." in page
    assert "Again: Mondays 9:00 am to 12:00 pm." in page
