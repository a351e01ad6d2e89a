"""Planning for everyone: asked for, worked on in another process, reviewed, applied and taken back."""

import os
import signal
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.actions import placement_runs
from iop_schedule.actions.placement_deciding import CHANGED
from iop_schedule.actions.placement_review import (
    apply_proposals,
    decline_proposal,
    undo_proposals,
)
from iop_schedule.actions.placement_runs import (
    SILENCE,
    Wanted,
    ask_for_run,
    give_up_silent,
    start_again,
    stop_run,
    work_off,
)
from iop_schedule.adapters.optimizer import apart
from iop_schedule.adapters.placement_files import read_plan, read_problem
from iop_schedule.domain.placement import broken_rules
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import (
    AuditEvent,
    Client,
    Enrollment,
    Group,
    PlacementProposal,
    PlacementRun,
    PriorityClass,
    PriorityMark,
    SeriesMember,
    db,
)
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.placement_runs import run_file, run_view
from iop_schedule.vocabulary import (
    AuditKind,
    EnrollmentStatus,
    PlacementAim,
    ProposalKind,
    ProposalState,
    RunState,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, row_counts

MONDAY = date(2026, 3, 9)
DAY = timedelta(days=1)


@pytest.fixture
def root(cast: Cast) -> Actor:
    return actor_for(cast.root)


@pytest.fixture
def late(cast: Cast) -> Group:
    """A second group like the first one, in the afternoon, for one person."""
    group = make.make_group(cast.program, code="late", name="Afternoon", seats=1)
    leader = make.make_user("counselor", cast.elm, code="lee")
    for weekday in (0, 2, 4):
        make.make_meeting(group, leader, code=f"late-{weekday}", weekday=weekday, local_start=time(13))
    return group


def person(cast: Cast, **enrollment: Any) -> Client:
    client = make.make_client(cast.elm)
    make.make_dose(make.make_enrollment(client, cast.program, **enrollment))
    db.session.commit()
    return client


def waiting(cast: Cast) -> Client:
    return person(cast, status=EnrollmentStatus.WAITLISTED, from_day=date(2026, 2, 2))


def asked(root: Actor, cast: Cast, aim: PlacementAim = PlacementAim.STAY, seconds: int = 600) -> int:
    wanted = Wanted(program_id=cast.program.id, from_day=MONDAY, seconds=seconds, aim=aim)
    return ask_for_run(actor=root, wanted=wanted, now=NOW)


def finished(root: Actor, cast: Cast, aim: PlacementAim = PlacementAim.STAY) -> PlacementRun:
    """Return a run that has been worked off, in this process to save the start of another one."""
    run_id = asked(root, cast, aim)
    work(run_id)
    run = db.session.get_one(PlacementRun, run_id)
    assert run.state == RunState.FINISHED
    return run


def work(run_id: int) -> None:
    assert work_off(now=lambda: NOW, abandon=lambda: False)
    db.session.expire_all()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the planning happen in this process: what happens between processes has tests of its own."""
    from iop_schedule.adapters.optimizer import child

    def solved(request: dict[str, Any], **_: Any) -> dict[str, Any]:
        answer = child.TASKS[request["task"]](request, child.Line(quiet=True), lambda: False)
        return answer | {"machine": {}}

    monkeypatch.setattr(placement_runs, "solve_apart", solved)


def proposals(run: PlacementRun) -> dict[int, PlacementProposal]:
    statement = select(PlacementProposal).where(PlacementProposal.run_id == run.id)
    return {p.client_id: p for p in db.session.scalars(statement)}


def places(client: Client) -> list[tuple[int, date, date | None]]:
    statement = (
        select(SeriesMember.series_id, SeriesMember.from_day, SeriesMember.until_day)
        .where(SeriesMember.client_id == client.id)
        .order_by(SeriesMember.series_id, SeriesMember.from_day)
    )
    return [tuple(row) for row in db.session.execute(statement)]  # type: ignore[misc]


def test_a_run_in_another_process_ends_with_a_proven_legal_plan_and_changes_nothing(
    cast: Cast, root: Actor, late: Group
) -> None:
    one = waiting(cast)
    run_id = asked(root, cast)
    before = row_counts() | {"placement_proposal": 0}
    work(run_id)
    run = db.session.get_one(PlacementRun, run_id)
    assert (run.state, run.started_at, run.finished_at) == (RunState.FINISHED, NOW, NOW)
    assert run.problem is not None
    assert run.plan is not None
    problem = read_problem(run.problem)
    plan = read_plan(run.plan, problem)
    assert broken_rules(problem, plan) == []
    assert plan.status == "optimal"
    assert run.summary["machine"]["peak_mb"] > 0
    assert {c: p.kind for c, p in proposals(run).items()} == {one.id: ProposalKind.PLACE}
    changed = {t: n for t, n in row_counts().items() if n != before[t]}
    assert set(changed) <= {"placement_proposal", "audit_event"}


@pytest.mark.usefixtures("here")
def test_figures_before_and_after_and_shares_stand_beside_the_plan(
    cast: Cast, root: Actor, late: Group
) -> None:
    waiting(cast)
    summary = finished(root, cast).summary
    assert (summary["before"]["served"], summary["after"]["served"]) == (2, 3)
    assert set(summary["shares"]) == {"Work", "Caregiving", "Language", "Gender"}
    assert sum(one["people"] for one in summary["shares"]["Gender"]) == 3


@pytest.mark.usefixtures("here")
def test_the_written_policy_decides_who_gets_the_last_seat_and_stands_in_run_and_trail(
    cast: Cast, root: Actor
) -> None:
    cast.group.seats = 3
    others = [waiting(cast) for _ in range(2)]
    first = waiting(cast)
    line = PriorityClass(program_id=cast.program.id, name="Expecting a child", weight=4, source="Policy 7")
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == first.id)).one()
    db.session.add_all([line, PriorityMark(enrollment=enrollment, priority_class=line)])
    db.session.commit()
    run = finished(root, cast)
    assert list(proposals(run)) == [first.id]
    assert run.policy == [{"name": "Expecting a child", "weight": 4, "source": "Policy 7", "people": 1}]
    plan = read_plan(run.plan or "", read_problem(run.problem or ""))
    assert [u.client for u in plan.unplaced] == [str(c.id) for c in others]
    event = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == AuditKind.PLACEMENT_RUN_ASKED)
    ).one()
    assert event.details["policy"] == run.policy


@pytest.mark.usefixtures("here")
def test_one_proposal_is_accepted_alone_and_taken_back(cast: Cast, root: Actor, late: Group) -> None:
    one, other = waiting(cast), waiting(cast)
    run = finished(root, cast)
    assert set(proposals(run)) == {one.id, other.id}
    assert apply_proposals(actor=root, run_id=run.id, client_ids=[one.id], now=NOW).done == 1
    assert [(day, until) for _, day, until in places(one)] == [(MONDAY, None)] * 3
    assert places(other) == []
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == one.id)).one()
    assert (enrollment.status, enrollment.from_day) == (EnrollmentStatus.ACTIVE, MONDAY)
    assert undo_proposals(actor=root, run_id=run.id, client_ids=[one.id], now=NOW).done == 1
    assert places(one) == []
    assert (enrollment.status, enrollment.from_day) == (EnrollmentStatus.WAITLISTED, date(2026, 2, 2))
    assert proposals(run)[one.id].state == ProposalState.UNDONE


@pytest.mark.usefixtures("here")
def test_all_are_applied_together_and_who_has_changed_meanwhile_is_left_out(
    cast: Cast, root: Actor, late: Group
) -> None:
    people = [waiting(cast) for _ in range(3)]
    run = finished(root, cast)
    make.make_member(cast.monday, people[0])
    db.session.commit()
    outcome = apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW)
    assert (outcome.done, outcome.left) == (2, {people[0].id: CHANGED})
    stale = proposals(run)[people[0].id]
    assert (stale.state, stale.note) == (ProposalState.STALE, CHANGED)
    assert all(len(places(one)) == 3 for one in people[1:])
    assert undo_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW).done == 2
    assert all(places(one) == [] for one in people[1:])


@pytest.mark.usefixtures("here")
def test_a_seat_that_is_gone_is_found_out_before_anything_is_written(
    cast: Cast, root: Actor, late: Group
) -> None:
    cast.group.seats = 2
    one = waiting(cast)
    run = finished(root, cast)
    other = person(cast)
    for meeting in late.meetings:
        make.make_member(meeting, other)
    db.session.commit()
    outcome = apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW)
    assert outcome.done == 0
    assert "seat" in outcome.left[one.id]
    assert places(one) == []
    for row in db.session.scalars(select(SeriesMember).where(SeriesMember.client_id == other.id)):
        db.session.delete(row)
    db.session.commit()
    assert apply_proposals(actor=root, run_id=run.id, client_ids=[one.id], now=NOW).done == 1


@pytest.mark.usefixtures("here")
def test_people_swap_seats_in_one_transaction(cast: Cast, root: Actor, late: Group) -> None:
    """Somebody works in the mornings from now on and needs the seat that somebody else can leave."""
    cast.group.seats = 3
    holder, worker = person(cast), person(cast)
    for meeting in late.meetings:
        make.make_member(meeting, holder)
    for meeting in cast.group.meetings:
        make.make_member(meeting, worker)
        make.make_constraint(
            worker, cast.root, weekday=meeting.weekday, local_start=time(8), local_end=time(12)
        )
    db.session.commit()
    run = finished(root, cast, PlacementAim.REACH)
    assert {c: p.kind for c, p in proposals(run).items()} == {
        worker.id: ProposalKind.COMPLETE,
        holder.id: ProposalKind.MOVE,
    }
    alone = apply_proposals(actor=root, run_id=run.id, client_ids=[holder.id], now=NOW)
    assert "seat" in alone.left[holder.id]
    both = apply_proposals(actor=root, run_id=run.id, client_ids=[holder.id, worker.id], now=NOW)
    assert (both.done, both.left) == (2, {})
    now_in = {series for series, _, until in places(holder) if until is None}
    assert now_in == {cast.monday.id, cast.wednesday.id, cast.friday.id}
    undone = undo_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW)
    assert set(undone.left) == {worker.id, holder.id}  # their morning does not work any more


@pytest.mark.usefixtures("here")
def test_nobody_with_a_whole_week_is_moved_when_people_are_to_stay(
    cast: Cast, root: Actor, late: Group
) -> None:
    waiting(cast)
    assert all(p.kind == ProposalKind.PLACE for p in proposals(finished(root, cast)).values())


@pytest.mark.usefixtures("here")
def test_nobody_is_proposed_beside_somebody_kept_apart_who_is_not_planned_for(
    cast: Cast, root: Actor, late: Group
) -> None:
    """The other one is of another program and attends these mornings: only the one late seat is left."""
    elsewhere = make.make_client(cast.elm)
    make.make_dose(make.make_enrollment(elsewhere, make.make_program(cast.elm)))
    for meeting in cast.group.meetings:
        make.make_member(meeting, elsewhere)
    one, other = waiting(cast), waiting(cast)
    for client in (one, other):
        make.make_apart(client, elsewhere, by=cast.root)
    db.session.commit()
    run = finished(root, cast)
    (proposed,) = proposals(run).values()
    assert proposed.after == sorted(meeting.id for meeting in late.meetings)
    left = one if proposed.client_id == other.id else other
    reasons = {
        unplaced.client: unplaced for unplaced in read_plan(run.plan, read_problem(run.problem)).unplaced
    }
    assert {because.what for because in reasons[str(left.id)].because} <= {"seats", "dose", "days"}


@pytest.mark.usefixtures("here")
def test_a_seat_that_is_held_is_planned_with_for_its_holder_alone(
    cast: Cast, root: Actor, late: Group
) -> None:
    first, holder = waiting(cast), waiting(cast)
    for meeting in late.meetings:
        make.make_hold(meeting, holder, cast.dev, held_at=NOW)
        for one in (first, holder):
            make.make_constraint(
                one, cast.root, weekday=meeting.weekday, local_start=time(8), local_end=time(12)
            )
    db.session.commit()
    run = finished(root, cast)
    assert set(proposals(run)) == {holder.id}
    assert apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW).done == 1
    assert (len(places(holder)), places(first)) == (3, [])


@pytest.mark.usefixtures("here")
def test_two_weekly_plans_are_proposed_applied_and_taken_back(cast: Cast, root: Actor) -> None:
    cast.program.alternating_weeks = True
    client = make.make_client(cast.elm)
    stay = make.make_enrollment(client, cast.program, status=EnrollmentStatus.WAITLISTED, from_day=MONDAY)
    make.make_dose(stay, minutes=360, minimum_days=2, over_minutes=0)
    for week, weekday in (("A", 0), ("B", 2)):
        make.make_constraint(
            client, cast.dev, kind="caregiving", weekday=weekday, week=week, anchor_day=MONDAY,
            local_start=time(8), local_end=time(13),
        )  # fmt: skip
    other = waiting(cast)
    run = finished(root, cast)
    alike = read_problem(run.problem or "").client(str(other.id))
    assert (alike.may_alternate, isinstance(proposals(run)[other.id].after, list)) == (False, True)
    monday, wednesday, friday = (one.id for one in (cast.monday, cast.wednesday, cast.friday))
    proposal = proposals(run)[client.id]
    assert proposal.after == {"A": [wednesday, friday], "B": [monday, friday]}
    assert proposal.minutes_after == 360
    (line,) = (one for one in run_view(root, run.id, now=NOW).proposals if one.client_id == client.id)
    assert [one.weeks for one in line.begins] == ["weeks of Mar 16, Mar 30…", "weeks of Mar 9, Mar 23…", ""]
    assert apply_proposals(actor=root, run_id=run.id, client_ids=[client.id], now=NOW).left == {}
    weeks = select(SeriesMember.series_id, SeriesMember.week).where(SeriesMember.client_id == client.id)
    held = {series_id: week for series_id, week in db.session.execute(weeks)}  # noqa: C416 - rows
    assert held == {monday: "B", wednesday: "A", friday: "every"}
    undo_proposals(actor=root, run_id=run.id, client_ids=[client.id], now=NOW)
    assert places(client) == []
    # What stands is read again as it was written: applied once more, it is as proposed.
    apply_proposals(actor=root, run_id=run.id, client_ids=[client.id], now=NOW)
    again = finished(root, cast)
    assert client.id not in proposals(again)
    # Who has two plans keeps them when the program plans every week alike from now on.
    cast.program.alternating_weeks = False
    db.session.commit()
    later = finished(root, cast)
    assert client.id not in proposals(later)
    assert later.summary["before"] == again.summary["before"]


def test_a_declined_proposal_is_not_applied_with_the_rest(cast: Cast, root: Actor, late: Group) -> None:
    one = waiting(cast)
    run = finished(root, cast)
    decline_proposal(actor=root, run_id=run.id, client_id=one.id, now=NOW)
    assert apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW).done == 0
    assert places(one) == []


def test_a_killed_solver_is_said_and_the_run_can_be_started_again(
    cast: Cast, root: Actor, late: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(cast)
    run_id = asked(root, cast)
    start = apart._started

    def killed(request: Any) -> Any:
        child = start(request)
        os.kill(child.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(apart, "_started", killed)
    work(run_id)
    run = db.session.get_one(PlacementRun, run_id)
    assert (run.state, run.problem_words) == (RunState.FAILED, placement_runs.DIED)
    monkeypatch.setattr(apart, "_started", start)
    start_again(actor=root, run_id=run_id, now=NOW)
    work(run_id)
    assert run.state == RunState.FINISHED


def test_a_run_whose_worker_was_lost_says_so(cast: Cast, root: Actor) -> None:
    run_id = asked(root, cast)
    run = db.session.get_one(PlacementRun, run_id)
    run.state, run.beat_at = RunState.RUNNING, NOW
    db.session.commit()
    assert give_up_silent(now=NOW + SILENCE) == 0
    assert give_up_silent(now=NOW + SILENCE + timedelta(seconds=1)) == 1
    assert (run.state, run.problem_words) == (RunState.FAILED, placement_runs.LOST)
    start_again(actor=root, run_id=run_id, now=NOW)
    assert run.state == RunState.WAITING


def test_a_server_that_stops_puts_the_run_back(cast: Cast, root: Actor) -> None:
    run_id = asked(root, cast)
    assert work_off(now=lambda: NOW, abandon=lambda: True)
    assert db.session.get_one(PlacementRun, run_id).state == RunState.WAITING


def test_a_waiting_run_is_stopped_before_it_begins(cast: Cast, root: Actor) -> None:
    run_id = asked(root, cast)
    stop_run(actor=root, run_id=run_id, now=NOW)
    assert db.session.get_one(PlacementRun, run_id).state == RunState.STOPPED
    assert not work_off(now=lambda: NOW, abandon=lambda: False)


def test_stopping_a_run_at_work_shows_the_best_plan_so_far(
    cast: Cast, root: Actor, late: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(cast)
    run_id = asked(root, cast, seconds=600)
    ticking = iter(NOW + timedelta(seconds=n) for n in range(10_000))
    monkeypatch.setattr(placement_runs, "solve_apart", _stopping(placement_runs.solve_apart, run_id, root))
    assert work_off(now=lambda: next(ticking), abandon=lambda: False)
    db.session.expire_all()
    run = db.session.get_one(PlacementRun, run_id)
    assert run.state == RunState.FINISHED
    assert run.stop_asked_at is not None


def _stopping(solve: Any, run_id: int, root: Actor) -> Any:
    def solved(request: Any, **given: Any) -> Any:
        stop_run(actor=root, run_id=run_id, now=NOW)
        return solve(request, **given)

    return solved


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from_day": date(2026, 3, 4)}, "tomorrow"),
        ({"seconds": 4}, "seconds"),
        ({"seconds": 3601}, "seconds"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    cast: Cast, root: Actor, change: dict[str, Any], words: str
) -> None:
    given: dict[str, Any] = {"program_id": cast.program.id, "from_day": MONDAY, "seconds": 5}
    with pytest.raises(NotPossible, match=words):
        ask_for_run(actor=root, wanted=Wanted(**(given | change)), now=NOW)


def test_one_run_of_a_program_at_a_time(cast: Cast, root: Actor) -> None:
    asked(root, cast)
    with pytest.raises(NotPossible, match="already"):
        asked(root, cast)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("who", "error"), [("trent", NotFound), ("eve", NotAllowed), ("carol", NotAllowed), ("dev", NotAllowed)]
)
def test_nobody_else_reaches_a_run(cast: Cast, root: Actor, who: str, error: type[Exception]) -> None:
    one = waiting(cast)
    run = finished(root, cast)
    other = actor_for(getattr(cast, who))
    with pytest.raises(error):
        asked(other, cast)
    for act in (
        lambda: apply_proposals(actor=other, run_id=run.id, client_ids=None, now=NOW),
        lambda: undo_proposals(actor=other, run_id=run.id, client_ids=None, now=NOW),
        lambda: decline_proposal(actor=other, run_id=run.id, client_id=one.id, now=NOW),
        lambda: stop_run(actor=other, run_id=run.id, now=NOW),
        lambda: start_again(actor=other, run_id=run.id, now=NOW),
        lambda: run_file(other, run.id, "plan"),
    ):
        with pytest.raises(error):
            act()
    assert places(one) == []


@pytest.mark.usefixtures("here")
def test_the_file_of_a_run_names_nobody_and_holds_no_words_of_theirs(cast: Cast, root: Actor) -> None:
    make.make_constraint(cast.ana, cast.root, weekday=1, label="Grandmother Quillfeather")
    db.session.commit()
    run = finished(root, cast)
    problem, plan = run_file(root, run.id, "problem"), run_file(root, run.id, "plan")
    people = read_problem(problem.text)
    assert people == read_problem(run.problem or "")
    assert people.clients
    assert "Quillfeather" not in problem.text
    assert read_plan(plan.text, people) == read_plan(run.plan or "", people)
    assert problem.client_ids == plan.client_ids == tuple(sorted(int(one.id) for one in people.clients))


def test_a_moment_is_not_a_day(cast: Cast, root: Actor) -> None:
    """What is accepted after the run's first day begins tomorrow."""
    from iop_schedule.queries.placement_endings import first_day

    run = db.session.get_one(PlacementRun, asked(root, cast))
    assert first_day(run, NOW) == MONDAY
    assert first_day(run, datetime(2026, 3, 12, 15, tzinfo=NOW.tzinfo)) == date(2026, 3, 13)
