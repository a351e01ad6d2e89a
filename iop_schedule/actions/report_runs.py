"""Reports that take a while: asked for, made by whoever claims them first, forgotten after a day.

The thread that the request started makes the report; when that thread is gone, a tick of the scheduler
does. Making one only reads, so one that is made twice is made the same.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from iop_schedule.actions import audit
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.engagement.program_report import program_sections
from iop_schedule.domain.engagement.sections import Section, as_json, from_json
from iop_schedule.domain.engagement.settings_report import Asked, history_result
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.models import ReportRun, User, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.access import Actor, access_program, actor_for
from iop_schedule.queries.engagement.episodes import Progress
from iop_schedule.queries.engagement.history import program_history
from iop_schedule.queries.engagement.program import Span, program_facts
from iop_schedule.queries.risk import policy_in_force
from iop_schedule.vocabulary import AuditKind, ReportKind, ReportState

KEPT = timedelta(days=1)
#: A worker that has not finished after so long is gone.
SILENCE = timedelta(minutes=15)
#: So many reports of one person may be waiting at once.
MOST_WAITING = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One report as its page shows it."""

    id: str
    kind: ReportKind
    state: ReportState
    asked: dict[str, Any]
    percent: int
    #: Empty until it is ready.
    sections: tuple[Section, ...]
    #: What the report says first, in one sentence; empty for most.
    sentence: str
    #: Settings that fit a program's past, by name; empty for other reports.
    fitted: dict[str, float]

    @property
    def is_working(self) -> bool:
        """Return True while the page should be looked at again."""
        return self.state is ReportState.WAITING


def request_program_report(*, actor: Actor, program_id: int, span: Span, now: datetime) -> str:
    """Ask for the report of one program and return the run's id.

    Raises:
        NotFound: no program of this person's sites.
        NotPossible: too many of theirs are waiting already.
    """
    asked = {"program": program_id, "first": str(span.first), "weeks": span.weeks}
    return _request(actor, ReportKind.PROGRAM, program_id, asked, now)


def request_history(*, actor: Actor, program_id: int, asked: Asked, now: datetime) -> str:
    """Ask what settings of the monitor would have done in a program's past; return the run's id.

    Raises:
        NotFound: no program of this person's sites.
        NotPossible: too many of theirs are waiting already.
    """
    return _request(actor, ReportKind.HISTORY, program_id, {"program": program_id, **asked.as_json()}, now)


def _request(actor: Actor, kind: ReportKind, program_id: int, asked: dict[str, Any], now: datetime) -> str:
    program = access_program(actor, program_id, Permission.REPORTS_READ)
    waiting = select(ReportRun.id).where(
        ReportRun.user_id == actor.user_id, ReportRun.state == ReportState.WAITING
    )
    if len(list(db.session.scalars(waiting))) >= MOST_WAITING:
        message = "Your last reports are still being made. Wait until one of them is ready."
        raise NotPossible(message)
    run_id = secrets.token_hex(16)
    db.session.add(ReportRun(id=run_id, user_id=actor.user_id, kind=kind, asked=asked, created_at=now))
    audit.record(
        AuditKind.REPORT_REQUESTED,
        actor=actor,
        now=now,
        site_id=program.site_id,
        subject=("program", program.id),
        details={**asked, "kind": kind},
    )
    db.session.commit()
    return run_id


def find(*, actor: Actor, run_id: str) -> Run:
    """Return one of this person's own runs.

    Raises:
        NotFound: there is none, it is someone else's, or its program is no longer theirs to see.
    """
    actor.require(Permission.REPORTS_READ)
    statement = select(ReportRun).where(ReportRun.id == run_id, ReportRun.user_id == actor.user_id)
    run = db.session.scalars(statement).one_or_none()
    if run is None:
        raise NotFound
    access_program(actor, run.asked["program"], Permission.REPORTS_READ)
    result = run.result or {}
    return Run(
        id=run.id,
        kind=ReportKind(run.kind),
        state=ReportState(run.state),
        asked=run.asked,
        percent=run.percent,
        sections=from_json(result.get("sections", ())),
        sentence=result.get("sentence", ""),
        fitted=result.get("fitted", {}),
    )


def work_off(*, now: datetime, run_id: str | None = None) -> bool:
    """Make the next waiting report, or the one named; return False when there is none."""
    claimed = _claim(now, run_id)
    if claimed is None:
        return False
    run_id, kind, asked, actor = claimed
    try:
        with read_transaction():
            result = _MAKERS[kind](actor, asked, now, lambda percent: _note(run_id, percent))
    except DomainError:  # the program is not theirs any more
        _finish(run_id, ReportState.FAILED)
    except Exception:
        _finish(run_id, ReportState.FAILED)
        raise
    else:
        _finish(run_id, ReportState.READY, result)
    return True


def _claim(now: datetime, run_id: str | None) -> tuple[str, ReportKind, dict[str, Any], Actor] | None:
    with write_transaction():
        unclaimed = or_(ReportRun.claimed_at.is_(None), ReportRun.claimed_at < now - SILENCE)
        statement = select(ReportRun).where(ReportRun.state == ReportState.WAITING, unclaimed)
        if run_id is not None:
            statement = statement.where(ReportRun.id == run_id)
        statement = (
            statement.order_by(ReportRun.created_at, ReportRun.id).limit(1).with_for_update(skip_locked=True)
        )
        run = db.session.scalars(statement).one_or_none()
        if run is None:
            return None
        run.claimed_at = now
        user = db.session.get_one(User, run.user_id)
        return run.id, ReportKind(run.kind), run.asked, actor_for(user)


def _note(run_id: str, percent: int) -> None:
    """Write down how far a report is; a hundred only once it is there."""
    with write_transaction():
        waiting = update(ReportRun).where(ReportRun.id == run_id, ReportRun.state == ReportState.WAITING)
        db.session.execute(waiting.values(percent=min(percent, 99)))


def _finish(run_id: str, state: ReportState, result: dict[str, Any] | None = None) -> None:
    with write_transaction():
        waiting = update(ReportRun).where(ReportRun.id == run_id, ReportRun.state == ReportState.WAITING)
        db.session.execute(waiting.values(state=state, result=result, percent=100))


def _program(actor: Actor, asked: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    span = Span(ProgramWeek.parse(asked["first"]), asked["weeks"])
    policy = policy_in_force(asked["program"], now=now)
    facts = program_facts(actor, asked["program"], span, policy=policy, now=now, progress=progress)
    return {"sections": as_json(program_sections(facts))}


def _history(actor: Actor, asked: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    wanted = Asked.from_json(asked)
    current = policy_in_force(asked["program"], now=now)
    past = program_history(
        actor,
        asked["program"],
        weeks=wanted.weeks,
        policy=current,
        now=now,
        progress=lambda percent: progress(percent // 2),
    )
    found = history_result(past, asked=wanted, current=current, progress=lambda p: progress(50 + p // 2))
    return {"sentence": found.sentence, "sections": as_json(found.sections), "fitted": found.fitted}


_Maker = Callable[[Actor, Mapping[str, Any], datetime, Progress], dict[str, Any]]
_MAKERS: Mapping[ReportKind, _Maker] = {ReportKind.PROGRAM: _program, ReportKind.HISTORY: _history}


def forget_old(*, now: datetime) -> int:
    """Remove reports older than a day; return how many."""
    with write_transaction():
        gone = delete(ReportRun).where(ReportRun.created_at < now - KEPT).returning(ReportRun.id)
        return len(list(db.session.scalars(gone)))
