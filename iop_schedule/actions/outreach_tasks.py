"""Outreach tasks: opened when a tier rises, handed on, handed up, and closed when nobody needs them."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, exists, select

from iop_schedule.actions import audit
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.outreach import due_day, due_when_raised, is_overdue
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import (
    AttendanceRecord,
    CaseSnapshot,
    Client,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    RosterEntry,
    Site,
    db,
)
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.access import Actor
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.outreach_tasks import Standing, responsible_for, standing_tasks
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, TaskEnd

_THERE = (AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)


def open_or_raise(
    *,
    client_id: int,
    tier: Tier,
    missed_at: datetime | None,
    signal_id: int,
    today: date,
    now: datetime,
) -> OutreachTask | None:
    """Open a task for the person responsible, or make the open one as urgent as `tier`.

    In the caller's transaction. None while nobody at the site could be named.
    """
    due = due_day(tier, today)
    task = open_task_of(client_id)
    if task is not None:
        if Tier(task.tier).rank < tier.rank:
            standing = standing_tasks(OutreachTask.id == task.id, now=now)[task.id]
            task.due_day = due_when_raised(standing.days, tier, today)
            task.tier, task.signal_id = tier, signal_id
        return task
    user_id = responsible_for([client_id], now=now).get(client_id)
    if user_id is None:
        return None
    task = OutreachTask(
        client_id=client_id,
        user_id=user_id,
        signal_id=signal_id,
        tier=tier,
        opened_at=now,
        missed_at=missed_at,
        due_day=due,
    )
    db.session.add(task)
    db.session.flush()
    details = {"task": task.id, "user": user_id, "tier": tier, "due": due.isoformat()}
    audit.record(AuditKind.OUTREACH_OPENED, actor=None, client_id=client_id, now=now, details=details)
    return task


def settle_tasks(*, now: datetime) -> int:
    """Close tasks nobody needs any more, hand on and hand up the others; return how many changed.

    Over is a task whose client was there again, is not in care any more, or about whom nothing is asked
    since a record was corrected, before anyone had tried. What was agreed with someone still in care stays.
    An open task is always with whoever is responsible now, and goes up when nobody acted in time.
    """
    with read_transaction():
        ended = [(task_id, TaskEnd.BACK) for task_id in db.session.scalars(_back(now))]
        ended += [(task_id, TaskEnd.NOT_SCORED) for task_id in _out_of_care(now)]
        too_little = _now(Tier.NOT_SCORED).where(~_is_tried())
        ended += [(task_id, TaskEnd.NOT_SCORED) for task_id in db.session.scalars(too_little)]
        quiet = _now(Tier.NO_ACTION).where(~_is_tried())
        ended += [(task_id, TaskEnd.NOT_NEEDED) for task_id in db.session.scalars(quiet)]
    changed = sum(_end_one(task_id, why, now=now) for task_id, why in ended)
    with read_transaction():
        astray, late = _astray(now), list(_overdue(now))
    changed += sum(_hand_on(task_id, now=now) for task_id in astray)
    return changed + sum(_escalate(task_id, now=now) for task_id in late)


def open_task_of(client_id: int) -> OutreachTask | None:
    """Return the task about a client that nobody has ended, if there is one."""
    statement = select(OutreachTask).where(
        OutreachTask.client_id == client_id, OutreachTask.ended_at.is_(None)
    )
    return db.session.scalars(statement).one_or_none()


def end_task(task: OutreachTask, why: TaskEnd, *, actor: Actor | None, now: datetime) -> None:
    """End a task in the caller's transaction."""
    task.ended_at, task.ended_by = now, why
    details = {"task": task.id, "why": why}
    audit.record(AuditKind.OUTREACH_CLOSED, actor=actor, client_id=task.client_id, now=now, details=details)


def _back(now: datetime) -> Select[int]:
    came = exists().where(
        RosterEntry.client_id == OutreachTask.client_id,
        Occurrence.id == RosterEntry.occurrence_id,
        Occurrence.starts_at > OutreachTask.opened_at,
        Occurrence.starts_at <= now,
        AttendanceRecord.roster_entry_id == RosterEntry.id,
        AttendanceRecord.status.in_(_THERE),
    )
    return select(OutreachTask.id).where(OutreachTask.ended_at.is_(None), came).order_by(OutreachTask.id)


def _now(tier: Tier) -> Select[int]:
    """Return the open tasks about people who have `tier` now."""
    return (
        select(OutreachTask.id)
        .join(CaseSnapshot, CaseSnapshot.client_id == OutreachTask.client_id)
        .where(OutreachTask.ended_at.is_(None), CaseSnapshot.tier == tier)
        .order_by(OutreachTask.id)
    )


def _out_of_care(now: datetime) -> list[int]:
    """Return the open tasks about people who are on a pause or in no program today.

    They are among those not scored; the others of those have too few sessions.
    """
    statement = (
        select(OutreachTask.id, OutreachTask.client_id, Site.zone)
        .join(CaseSnapshot, CaseSnapshot.client_id == OutreachTask.client_id)
        .join(Client, Client.id == OutreachTask.client_id)
        .join(Site, Site.id == Client.site_id)
        .where(OutreachTask.ended_at.is_(None), CaseSnapshot.tier == Tier.NOT_SCORED, _is_tried())
        .order_by(OutreachTask.id)
    )
    rows = [
        (task_id, client_id, local_day(now, zone(name)))
        for task_id, client_id, name in db.session.execute(statement)
    ]
    if not rows:
        return []
    days = [day for _, _, day in rows]
    care = care_records(
        {client_id for _, client_id, _ in rows}, first_day=min(days), last_day=max(days), now=now
    )
    return [task_id for task_id, client_id, day in rows if not care[client_id].dates.in_care(day)]


def _is_tried() -> ColumnElement[bool]:
    return exists().where(OutreachAttempt.task_id == OutreachTask.id, OutreachAttempt.undone_at.is_(None))


def _astray(now: datetime) -> list[int]:
    """Return the open tasks of somebody who is not responsible for the client any more."""
    statement = select(OutreachTask.id, OutreachTask.client_id, OutreachTask.user_id)
    tasks = db.session.execute(statement.where(OutreachTask.ended_at.is_(None))).all()
    named = responsible_for({client_id for _, client_id, _ in tasks}, now=now)
    return [task_id for task_id, client_id, user_id in tasks if named.get(client_id, user_id) != user_id]


def _overdue(now: datetime, *which: ColumnElement[bool]) -> dict[int, Standing]:
    """Return the tasks on which nobody acted in time, those an administrator sees already left out."""
    # No task is overdue before its due day is over; nowhere is it later than tomorrow.
    due = OutreachTask.due_day <= local_day(now, zone("UTC"))
    found = standing_tasks(OutreachTask.escalated_at.is_(None), due, *which, now=now)
    return {task_id: one for task_id, one in found.items() if is_overdue(one.days, today=one.today)}


def _end_one(task_id: int, why: TaskEnd, *, now: datetime) -> bool:
    with write_transaction():
        task = db.session.get(OutreachTask, task_id, with_for_update=True)
        if task is None or task.ended_at is not None:
            return False
        end_task(task, why, actor=None, now=now)
    return True


def _hand_on(task_id: int, *, now: datetime) -> bool:
    with write_transaction():
        task = db.session.get(OutreachTask, task_id, with_for_update=True)
        if task is None or task.ended_at is not None:
            return False
        before = task.user_id
        task.user_id = responsible_for([task.client_id], now=now).get(task.client_id, before)
        if task.user_id == before:
            return False
        details = {"task": task.id, "from": before, "user": task.user_id}
        audit.record(
            AuditKind.OUTREACH_HANDED_ON, actor=None, client_id=task.client_id, now=now, details=details
        )
    return True


def _escalate(task_id: int, *, now: datetime) -> bool:
    with write_transaction():
        task = db.session.get(OutreachTask, task_id, with_for_update=True)
        if task is None or task_id not in _overdue(now, OutreachTask.id == task_id):
            return False
        task.escalated_at = now
        details = {"task": task.id, "due": task.due_day.isoformat()}
        audit.record(
            AuditKind.OUTREACH_ESCALATED, actor=None, client_id=task.client_id, now=now, details=details
        )
    return True
