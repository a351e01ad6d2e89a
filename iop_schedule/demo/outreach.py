"""A week of outreach in the invented clinic: signals that rose, calls that were made, and some still due."""

from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.case_snapshots import refresh
from iop_schedule.actions.outreach import Contact, log_contact
from iop_schedule.actions.outreach_tasks import settle_tasks
from iop_schedule.actions.risk import set_aside, watch_tiers
from iop_schedule.domain.outreach import earliest_next_day
from iop_schedule.models import Client, OutreachTask, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import Barrier, ContactChannel, ContactResult, NextStep, Role, SetAsideReason

#: When the clinic's monitor looked first; the second time is now.
DAYS_AGO = 8

#: What came of the calls, one after the other: result, what was said, next step.
_CALLS = (
    (ContactResult.NO_ANSWER, None, NextStep.TRY_AGAIN, ""),
    (ContactResult.REACHED, Barrier.WORK, NextStep.FIND_A_TIME, "New shifts since last week"),
    (ContactResult.REACHED, Barrier.CAREGIVING, NextStep.WAIT_FOR_REPLY, "Asks their sister about Tuesdays"),
    (ContactResult.NO_ANSWER, None, NextStep.TRY_AGAIN, ""),
    (ContactResult.REACHED, None, NextStep.MEET, "Comes to the office on Friday"),
)


def add_outreach(*, now: datetime) -> None:
    """Let the monitor look a week ago and now, and the case managers act on most of what it said."""
    then = now - timedelta(days=DAYS_AGO)
    for at in (then, now):
        while refresh(now=at):
            pass
        watch_tiers(now=at)
        settle_tasks(now=at)
    _call(now=now)
    _set_one_aside(now=now)


def _call(*, now: datetime) -> None:
    tasks = db.session.scalars(
        select(OutreachTask).where(OutreachTask.ended_at.is_(None)).order_by(OutreachTask.id)
    ).all()
    for number, task in enumerate(tasks[: 2 * len(_CALLS) : 2]):
        result, barrier, step, note = _CALLS[number % len(_CALLS)]
        caller = db.session.get_one(User, task.user_id)
        actor, called_at = actor_for(caller), now - timedelta(hours=3 + number)
        log_contact(
            actor=actor,
            client_id=task.client_id,
            contact=Contact(
                at=called_at,
                channel=ContactChannel.CALL,
                result=result,
                next_step=step,
                next_day=earliest_next_day(actor.today(now)),
                barrier=barrier,
                note=note,
            ),
            now=now,
        )


def _set_one_aside(*, now: datetime) -> None:
    statement = (
        select(OutreachTask)
        .join(Client, Client.id == OutreachTask.client_id)
        .where(OutreachTask.ended_at.is_(None), ~OutreachTask.attempts.any())
        .order_by(OutreachTask.id.desc())
    )
    for task in db.session.scalars(statement):
        actor = actor_for(db.session.get_one(User, task.user_id))
        if actor.role is Role.CASE_MANAGER:
            until = actor.today(now) + timedelta(days=5)
            reason = SetAsideReason.KNOWN_ABSENCE
            set_aside(actor=actor, client_id=task.client_id, reason=reason, until_day=until, now=now)
            return
