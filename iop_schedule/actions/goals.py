"""A client says what they want time for."""

from datetime import datetime

from sqlalchemy import func, select

from iop_schedule.actions import audit
from iop_schedule.domain.goals import MOST, EnoughGoals, goal_words
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import ClientGoal, db
from iop_schedule.queries.access import Actor, access_about_client, access_client
from iop_schedule.vocabulary import AuditKind


def add_goal(*, actor: Actor, client_id: int, words: str, time_name: str, now: datetime) -> ClientGoal:
    """Keep a goal, with the name of the times that are kept for it.

    Raises:
        NotFound: not this person's client.
        BadGoal, EnoughGoals: it says nothing, or one too many.
    """
    client = access_client(actor, client_id, Permission.OWN_TIMES, now=now)
    said = goal_words(words)
    standing = select(func.count(ClientGoal.id)).where(
        ClientGoal.client_id == client.id, ClientGoal.ended_at.is_(None)
    )
    if (db.session.scalar(standing) or 0) >= MOST:
        raise EnoughGoals(field="words")
    goal = ClientGoal(client_id=client.id, words=said, time_name=time_name.strip(), added_at=now)
    db.session.add(goal)
    db.session.flush()
    _record(AuditKind.GOAL_ADDED, actor, goal, now)
    db.session.commit()
    return goal


def end_goal(*, actor: Actor, goal_id: int, now: datetime) -> None:
    """Take a goal off the list; twice is once.

    Raises:
        NotFound: not this person's.
    """
    goal = access_about_client(actor, ClientGoal, goal_id, Permission.OWN_TIMES, now=now)
    if goal.ended_at is None:
        goal.ended_at = now
        _record(AuditKind.GOAL_ENDED, actor, goal, now)
    db.session.commit()


def _record(kind: AuditKind, actor: Actor, goal: ClientGoal, now: datetime) -> None:
    subject = ("client_goal", goal.id)
    audit.record(kind, actor=actor, now=now, client_id=goal.client_id, subject=subject)
