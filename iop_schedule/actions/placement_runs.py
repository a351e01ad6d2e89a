"""Planning for everyone of a program: asked for here, worked on in a process of its own, kept for review.

A run is taken up by the scheduler. While it is worked on it says so every second; one that has fallen
silent has lost its process, says so, and can be started again. Nothing here changes anybody's places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from iop_schedule.actions import audit
from iop_schedule.actions.seat_prices import learn_prices
from iop_schedule.adapters.optimizer.apart import Abandoned, SolverDied, solve_apart
from iop_schedule.adapters.placement_files import read_plan, read_problem, write_choice, write_problem
from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.models import PlacementProposal, PlacementRun, Program, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.access import Actor, access_placement_run, access_program
from iop_schedule.queries.placement_caseload import Caseload, caseload_of, policy_of
from iop_schedule.queries.placement_endings import closing, places_ending
from iop_schedule.queries.placement_one_to_ones import one_to_ones_of
from iop_schedule.queries.placement_openings import free_counselors, free_rooms
from iop_schedule.queries.placement_runs import SILENCE
from iop_schedule.queries.proposed_weeks import as_proposed
from iop_schedule.vocabulary import (
    AuditKind,
    PlacementAim,
    ProposalKind,
    ProposalState,
    RunKind,
    RunState,
    WeekParity,
)

#: How often a run says that it is alive, and asks whether it is to stop.
BEAT = timedelta(seconds=1)
SHORTEST_SECONDS, LONGEST_SECONDS = 5, 3600
_OPEN = (RunState.WAITING, RunState.RUNNING)
#: What the solver's process is asked for each kind of run.
_TASKS = {RunKind.GROUPS: "caseload", RunKind.REPAIR: "repair", RunKind.OPENINGS: "openings"}

LOST = "The planning ended before it had a result: its process was lost. Start it again."
DIED = "The planning ended before it had a result. Start it again, with more time if it had little."
WRONG = (
    "The plan broke a rule and was thrown away. Nothing was changed. Tell whoever looks after this system."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks a run for."""

    program_id: int
    #: First day of the new weeks.
    from_day: date
    seconds: int
    aim: PlacementAim = PlacementAim.STAY
    kind: RunKind = RunKind.GROUPS
    options: Mapping[str, Any] = field(default_factory=dict)


def ask_for_run(*, actor: Actor, wanted: Wanted, now: datetime) -> int:
    """Ask for a plan for everyone of a program and return the run's id; the scheduler takes it up.

    Raises:
        NotFound, NotAllowed: the program is not this person's to plan.
        NotPossible: the day has come already, the time is out of bounds, or a plan is being made.
    """
    return ask_for_runs(actor=actor, wanted=[wanted], now=now)[0]


def ask_for_runs(*, actor: Actor, wanted: Sequence[Wanted], now: datetime) -> list[int]:
    """Ask for several plans of the same programs that are to be seen beside each other; as `ask_for_run`."""
    programs = [access_program(actor, one.program_id, Permission.PLACEMENT_RUN) for one in wanted]
    for one, program in zip(wanted, programs, strict=True):
        today = civil_time.local_day(now, civil_time.zone(program.site.zone))
        if one.from_day <= today:
            message = "Choose tomorrow or later: the new weeks begin on this day."
            raise NotPossible(message, field="from_day")
        if not SHORTEST_SECONDS <= one.seconds <= LONGEST_SECONDS:
            message = f"Choose {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds."
            raise NotPossible(message, field="seconds")
        _refuse_second(program)
    runs = [_waiting(actor, one, program, now) for one, program in zip(wanted, programs, strict=True)]
    db.session.commit()
    return [run.id for run in runs]


def _waiting(actor: Actor, wanted: Wanted, program: Program, now: datetime) -> PlacementRun:
    run = PlacementRun(
        site_id=program.site_id, program_id=program.id, kind=wanted.kind, aim=wanted.aim,
        options=dict(wanted.options), from_day=wanted.from_day, seconds=wanted.seconds,
        policy=list(policy_of(program, wanted.from_day)), state=RunState.WAITING,
        requested_by_id=actor.user_id, created_at=now, progress={}, summary={},
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    _record(AuditKind.PLACEMENT_RUN_ASKED, run, actor, now, aim=str(run.aim), policy=run.policy)
    return run


def _refuse_second(program: Program) -> None:
    statement = select(PlacementRun.id).where(
        PlacementRun.program_id == program.id, PlacementRun.state.in_(_OPEN)
    )
    if db.session.scalars(statement.limit(1)).first() is not None:
        message = "A plan for this program is being made already. Wait for it, or stop it."
        raise NotPossible(message, field="program_id")


def _record(kind: AuditKind, run: PlacementRun, actor: Actor | None, now: datetime, **details: Any) -> None:
    audit.record(
        kind, actor=actor, now=now, subject=("placement_run", run.id), site_id=run.site_id, details=details
    )


def stop_run(*, actor: Actor, run_id: int, now: datetime) -> None:
    """Stop a run: one that waits never begins, one that is worked on shows the best plan so far.

    Raises:
        NotFound: there is no such run at this person's sites.
    """
    run = access_placement_run(actor, run_id, Permission.PLACEMENT_RUN)
    if run.state == RunState.WAITING:
        run.state, run.finished_at = RunState.STOPPED, now
    elif run.state == RunState.RUNNING and run.stop_asked_at is None:
        run.stop_asked_at = now
    else:
        return
    _record(AuditKind.PLACEMENT_RUN_STOPPED, run, actor, now)
    db.session.commit()


def start_again(*, actor: Actor, run_id: int, now: datetime) -> None:
    """Let a run without a result be taken up once more, on the data as they are now.

    Raises:
        NotFound: there is no such run at this person's sites.
        NotPossible: it has a result or is being worked on, or its first day has come.
    """
    run = access_placement_run(actor, run_id, Permission.PLACEMENT_RUN)
    if run.state not in {RunState.FAILED, RunState.STOPPED} and not is_silent(run, now):
        message = "This plan needs no second start."
        raise NotPossible(message)
    if run.from_day <= civil_time.local_day(now, civil_time.zone(run.site.zone)):
        message = "The first day of these weeks has come. Ask for a new plan."
        raise NotPossible(message)
    run.state, run.problem_words, run.progress = RunState.WAITING, "", {}
    run.started_at = run.beat_at = run.finished_at = run.stop_asked_at = None
    _record(AuditKind.PLACEMENT_RUN_ASKED, run, actor, now, aim=str(run.aim), again=True)
    db.session.commit()


def is_silent(run: PlacementRun, now: datetime) -> bool:
    """Return True when the run should be worked on but nobody has said anything for too long."""
    return run.state == RunState.RUNNING and (run.beat_at is None or run.beat_at < now - SILENCE)


def give_up_silent(*, now: datetime) -> int:
    """Mark runs whose process was lost as failed; return how many."""
    with write_transaction():
        statement = select(PlacementRun).where(PlacementRun.state == RunState.RUNNING)
        lost = [run for run in db.session.scalars(statement) if is_silent(run, now)]
        for run in lost:
            _fail(run, LOST, now)
    return len(lost)


def _fail(run: PlacementRun, words: str, now: datetime) -> None:
    run.state, run.problem_words, run.finished_at = RunState.FAILED, words, now
    _record(AuditKind.PLACEMENT_RUN_ENDED, run, None, now, state=str(run.state))


def work_off(*, now: Callable[[], datetime], abandon: Callable[[], bool]) -> bool:
    """Work on the next waiting run in a process of its own; return False when there is none.

    Args:
        now: reads the clock; a run takes minutes.
        abandon: asked often; True ends the process and puts the run back to the waiting ones.
    """
    run_id = _claim(now())
    if run_id is None:
        return False
    try:
        with read_transaction():
            run = db.session.get_one(PlacementRun, run_id)
            caseload, request = _question(run, now())
            seconds = float(run.seconds)
        line = _Line(run_id, now)
        answer = solve_apart(
            request, seconds=seconds, progress=line.progress, stop=line.is_to_stop, abandon=abandon
        )
        _finish(run_id, caseload, answer, now())
    except Abandoned:
        with write_transaction():
            db.session.get_one(PlacementRun, run_id).state = RunState.WAITING
    except SolverDied:
        with write_transaction():
            _fail(db.session.get_one(PlacementRun, run_id), DIED, now())
    except Exception:
        with write_transaction():
            _fail(db.session.get_one(PlacementRun, run_id), DIED, now())
        raise
    return True


def _claim(now: datetime) -> int | None:
    with write_transaction():
        statement = (
            select(PlacementRun)
            .where(PlacementRun.state == RunState.WAITING)
            .order_by(PlacementRun.created_at, PlacementRun.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        run = db.session.scalars(statement).first()
        if run is None:
            return None
        run.state, run.started_at, run.beat_at = RunState.RUNNING, now, now
        return run.id


def _question(run: PlacementRun, now: datetime) -> tuple[Caseload, dict[str, Any]]:
    """Return whom a run is about, and the task for the process that works on it."""
    if run.kind == RunKind.ONE_TO_ONE:
        asked = one_to_ones_of(run.program, run.from_day, only_own=run.options["only_own"], now=now)
        return asked.caseload, _task(run, "one_to_ones", asked.caseload) | {
            "counselors": list(asked.counselors),
            "may_see": dict(asked.may_see),
            "minutes": run.options["minutes"],
            "cadence": run.options["cadence"],
        }
    caseload = caseload_of(run.program, run.from_day, now=now)
    task = _task(run, _TASKS[RunKind(run.kind)], caseload) | {"aim": str(run.aim)}
    return caseload, task | _possible(run, caseload) if run.kind == RunKind.OPENINGS else task


def _task(run: PlacementRun, name: str, caseload: Caseload) -> dict[str, Any]:
    return {
        "task": name,
        "problem": write_problem(caseload.problem),
        "closed": [str(series_id) for series_id in closing(run)],
        "before": {client: write_choice(choice) for client, choice in caseload.before.items()},
        "seconds": run.seconds,
        "seed": 0,
    }


def _possible(run: PlacementRun, caseload: Caseload) -> dict[str, Any]:
    """Return what could be opened, and how much of a counselor's week each answer may take."""
    problem = caseload.problem
    possible = rules.possible_groups(
        problem,
        caseload.before,
        run.site.code,
        rooms=free_rooms(run.site, run.from_day),
        counselors=free_counselors(run.site, run.from_day),
    )
    usual = rules.usual_week_minutes(problem)
    return {
        "possible": write_problem(rules.Problem(tuple(one.group for one in possible), ())),
        "rooms": {one.group.id: one.room for one in possible},
        "costs": {one.group.id: one.counselor_minutes for one in possible},
        "not_together": [sorted(one) for one in rules.not_together(possible)],
        "budgets": [usual * groups for groups in (1, 2, 3)],
    }


class _Line:
    """What a run and its row tell each other while it is worked on."""

    def __init__(self, run_id: int, now: Callable[[], datetime]) -> None:
        self._run_id, self._now, self._last = run_id, now, now() - BEAT
        self._stop = False

    def progress(self, said: Mapping[str, Any]) -> None:
        """Note a word of progress, once a second at most, and whether the run is to stop."""
        now = self._now()
        if now - self._last < BEAT:
            return
        self._last = now
        with write_transaction() as session:
            mine = PlacementRun.id == self._run_id
            session.execute(update(PlacementRun).where(mine).values(beat_at=now, progress=dict(said)))
            asked = session.scalar(select(PlacementRun.stop_asked_at).where(mine))
        self._stop = asked is not None

    def is_to_stop(self) -> bool:
        """Return True once somebody has asked for the best plan so far."""
        return self._stop


def _finish(run_id: int, caseload: Caseload, answer: Mapping[str, Any], now: datetime) -> None:
    with write_transaction():
        run = db.session.get_one(PlacementRun, run_id)
        if run.kind == RunKind.ONE_TO_ONE:
            _keep_sessions(run, caseload, answer, now)
        elif not _keep_plan(run, caseload, answer, now):
            _fail(run, WRONG, now)
            return
        _record(AuditKind.PLACEMENT_RUN_ENDED, run, None, now, state=str(run.state))


def _keep_plan(run: PlacementRun, caseload: Caseload, answer: Mapping[str, Any], now: datetime) -> bool:
    """Keep a plan with its proposals; return False, and keep nothing, when it breaks a rule."""
    problem = read_problem(answer["problem"])
    plan = read_plan(answer["plan"], problem)
    if rules.broken_rules(problem, plan):
        return False
    if run.kind == RunKind.OPENINGS:
        _end(run, answer["problem"], answer["plan"], now)
        run.summary = {"openings": answer["openings"], "machine": answer["machine"]}
        return True
    after: Mapping[str, rules.Choice] = {**caseload.before, **plan.assignments}
    if run.kind == RunKind.REPAIR:
        after = rules.with_what_is_left(problem, plan, caseload.before, answer["affected"])
    _end(run, answer["problem"], answer["plan"], now)
    run.summary = _summary(caseload, plan, after, answer)
    if "prices" in answer:
        learn_prices(run.program_id, answer["prices"], now=now)
    for client in caseload.problem.clients:
        _propose(run, client, caseload, after.get(client.id, ()))
    _propose_ends(run, caseload)
    return True


def _end(run: PlacementRun, problem: str, plan: str, now: datetime) -> None:
    run.state, run.finished_at, run.progress = RunState.FINISHED, now, {}
    run.problem, run.plan = problem, plan


def _keep_sessions(run: PlacementRun, caseload: Caseload, answer: Mapping[str, Any], now: datetime) -> None:
    """Keep one-to-ones as proposals, with who got none."""
    sessions = answer["sessions"]
    _end(run, write_problem(caseload.problem), "{}", now)
    run.summary = {
        "result": answer["result"],
        "people": len(caseload.problem.clients),
        "without": [c.id for c in caseload.problem.clients if c.id not in sessions],
        "left_out": caseload.left_out,
        "machine": answer["machine"],
    }
    for client_id, session in sessions.items():
        db.session.add(
            PlacementProposal(
                run_id=run.id, client_id=int(client_id), kind=ProposalKind.ONE_TO_ONE, before=[], after=[],
                session=session | {"every_weeks": 1 if session["week"] == WeekParity.EVERY else 2},
                minutes_before=0, minutes_after=session["minutes"], state=ProposalState.OPEN, undo={},
            )
        )  # fmt: skip


def _summary(
    caseload: Caseload, plan: rules.Plan, after: Mapping[str, rules.Choice], answer: Mapping[str, Any]
) -> dict[str, Any]:
    shares = rules.shares_served(caseload.problem, caseload.before, after)
    result = {
        "status": plan.status,
        "objective": answer.get("points", plan.objective),
        "bound": answer.get("bound", plan.bound),
        "seconds": plan.seconds,
    }
    return {
        "result": result,
        "before": asdict(rules.figures(caseload.problem, caseload.before)),
        "after": asdict(rules.figures(caseload.problem, after)),
        "shares": {title: [asdict(one) for one in found] for title, found in shares.items()},
        "kept": answer["kept"],
        "fill_percent": answer["fill_percent"],
        "left_out": caseload.left_out,
        "repair": answer.get("repair", {}),
        "machine": answer["machine"],
    }


def _propose(run: PlacementRun, client: rules.Client, caseload: Caseload, after: rules.Choice) -> None:
    """Note what the run proposes for one person, when it is a change."""
    had = caseload.before.get(client.id, ())
    if rules.weeks_by_meeting(had) == rules.weeks_by_meeting(after):
        return
    known = rules.offers(caseload.problem)
    if not rules.weeks_by_meeting(had):
        kind = ProposalKind.PLACE
    elif all(
        {*rules.meetings_in(after, week)} <= {*rules.meetings_in(had, week)} for week in civil_time.BOTH_WEEKS
    ):
        kind = ProposalKind.ENDS
    else:
        whole = not rules.broken_for(caseload.problem, client, had, known)
        kind = ProposalKind.MOVE if whole else ProposalKind.COMPLETE
    _add(run, int(client.id), kind, had=had, gets=after, known=known)


def _add(
    run: PlacementRun,
    client_id: int,
    kind: ProposalKind,
    *,
    had: rules.Choice,
    gets: rules.Choice,
    known: Mapping[str, rules.Offer],
) -> None:
    db.session.add(
        PlacementProposal(
            run_id=run.id, client_id=client_id, kind=kind,
            before=as_proposed(had), after=as_proposed(gets), session={},
            minutes_before=rules.fewest_minutes(had, known), minutes_after=rules.fewest_minutes(gets, known),
            state=ProposalState.OPEN, undo={},
        )
    )  # fmt: skip


def _propose_ends(run: PlacementRun, caseload: Caseload) -> None:
    """Note for people in no plan, such as those who are away, that their places in what closes end."""
    planned = {int(client.id) for client in caseload.problem.clients}
    known, closes = rules.offers(caseload.problem), {str(one) for one in closing(run)}
    for client_id, held in places_ending(run, run.from_day).items():
        if client_id in planned:
            continue
        weeks = {str(series_id): week for series_id, week in held.items()}
        left = rules.choice_of({m: week for m, week in weeks.items() if m not in closes})
        had = rules.choice_of(weeks)
        _add(run, client_id, ProposalKind.ENDS, had=had, gets=left, known=known)
