"""Planning for everyone of a program: asked for here, worked on in a process of its own, kept for review.

A run is taken up by the scheduler. While it is worked on it says so every second; one that has fallen
silent has lost its process, says so, and can be started again. Nothing here changes anybody's places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from iop_schedule.actions import audit
from iop_schedule.actions.placement_results import keep_result
from iop_schedule.adapters.optimizer.apart import Abandoned, SolverDied, solve_apart
from iop_schedule.adapters.placement_files import write_choice, write_problem
from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.models import PlacementRun, Program, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.access import Actor, access_placement_run, access_program
from iop_schedule.queries.placement_caseload import Caseload, caseload_of, policy_of
from iop_schedule.queries.placement_endings import closing
from iop_schedule.queries.placement_one_to_ones import one_to_ones_of
from iop_schedule.queries.placement_openings import free_counselors, free_rooms
from iop_schedule.queries.placement_runs import SILENCE
from iop_schedule.queries.placement_values import values_of
from iop_schedule.vocabulary import (
    AuditKind,
    PlacementAim,
    RunKind,
    RunState,
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
        options={**wanted.options, "values": values_of(program).numbers()},
        from_day=wanted.from_day, seconds=wanted.seconds,
        policy=list(policy_of(program, wanted.from_day)), state=RunState.WAITING,
        requested_by_id=actor.user_id, created_at=now, progress={}, summary={},
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    _record(
        AuditKind.PLACEMENT_RUN_ASKED,
        run,
        actor,
        now,
        aim=str(run.aim),
        policy=run.policy,
        values=run.options["values"],
    )
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
    values = rules.Valuation.of(run.options["values"]) if "values" in run.options else None
    if run.kind == RunKind.ONE_TO_ONE:
        only_own = run.options["only_own"]
        asked = one_to_ones_of(run.program, run.from_day, only_own=only_own, values=values, now=now)
        return asked.caseload, _task(run, "one_to_ones", asked.caseload) | {
            "counselors": list(asked.counselors),
            "may_see": dict(asked.may_see),
            "minutes": run.options["minutes"],
            "cadence": run.options["cadence"],
        }
    caseload = caseload_of(run.program, run.from_day, values=values, now=now)
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
        if not keep_result(run, caseload, answer, now):
            _fail(run, WRONG, now)
            return
        _record(AuditKind.PLACEMENT_RUN_ENDED, run, None, now, state=str(run.state))
