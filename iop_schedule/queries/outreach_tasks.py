"""Open outreach tasks as the rules about their days take them, and who is to act on each."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.outreach import Hold, OpenTask, Try
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import (
    Assignment,
    Client,
    OutreachAttempt,
    OutreachTask,
    RiskSignal,
    SetAside,
    Site,
    User,
    db,
)
from iop_schedule.models.people import user_site
from iop_schedule.vocabulary import AssignmentRole, ContactResult, NextStep, Role


@dataclass(frozen=True, slots=True)
class Standing:
    """One open task: whose it is, and what its days follow from."""

    client_id: int
    user_id: int
    is_escalated: bool
    #: The day at the client's site.
    today: date
    days: OpenTask


def standing_tasks(*which: ColumnElement[bool], now: datetime) -> dict[int, Standing]:
    """Return the open tasks that meet conditions on `OutreachTask` and `Client`, in order of their ids."""
    found = [OutreachTask.ended_at.is_(None), *which]
    tries, holds = _tries(found), _holds(found)
    statement = (
        select(OutreachTask, RiskSignal.raised_at, Site.zone)
        .join(Client, Client.id == OutreachTask.client_id)
        .join(Site, Site.id == Client.site_id)
        .outerjoin(RiskSignal, RiskSignal.id == OutreachTask.signal_id)
        .where(*found)
        .order_by(OutreachTask.id)
    )
    return {
        task.id: Standing(
            client_id=task.client_id,
            user_id=task.user_id,
            is_escalated=task.escalated_at is not None,
            today=local_day(now, zone(name)),
            days=OpenTask(
                tier=Tier(task.tier),
                due=task.due_day,
                raised_at=task.opened_at if raised_at is None else max(task.opened_at, raised_at),
                tries=tuple(tries[task.id]),
                hold=holds.get(task.client_id),
            ),
        )
        for task, raised_at, name in db.session.execute(statement)
    }


def responsible_for(client_ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Return who is to act for each client: their case manager of today, else the site's first administrator.

    Nobody is named who could not open the client's record: whose account is off, who has another role by
    now, or who works elsewhere. A client for whom nobody can be named is left out.
    """
    statement = (
        select(Client.id, Client.site_id, Site.zone)
        .join(Site, Site.id == Client.site_id)
        .where(Client.id.in_(client_ids))
    )
    clients = db.session.execute(statement).all()
    days = {client_id: local_day(now, zone(name)) for client_id, _, name in clients}
    assigned = _case_managers(days)
    first = _administrators({site_id for _, site_id, _ in clients})
    found = {client_id: assigned.get(client_id, first.get(site_id)) for client_id, site_id, _ in clients}
    return {client_id: user_id for client_id, user_id in found.items() if user_id is not None}


def _case_managers(days: Mapping[int, date]) -> dict[int, int]:
    """Return the case manager of each client on their day; the one assigned last where there are several."""
    statement = (
        select(Assignment.client_id, Assignment.user_id, Assignment.from_day, Assignment.until_day)
        .join(Client, Client.id == Assignment.client_id)
        .join(User, User.id == Assignment.user_id)
        .where(
            Assignment.client_id.in_(days),
            Assignment.role == AssignmentRole.CASE_MANAGER,
            User.active,
            User.roles.any(name=Role.CASE_MANAGER),
            User.sites.any(Site.id == Client.site_id),
        )
        .order_by(Assignment.from_day, Assignment.id)
    )
    return {
        client_id: user_id
        for client_id, user_id, from_day, until_day in db.session.execute(statement)
        if from_day <= days[client_id] and (until_day is None or until_day >= days[client_id])
    }


def _administrators(site_ids: Collection[int]) -> dict[int, int]:
    """Return the administrator each site has had longest."""
    statement = (
        select(user_site.c.site_id, func.min(User.id))
        .join(User, User.id == user_site.c.user_id)
        .where(user_site.c.site_id.in_(site_ids), User.active, User.roles.any(name=Role.ADMINISTRATOR))
        .group_by(user_site.c.site_id)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def _tries(which: list[ColumnElement[bool]]) -> dict[int, list[Try]]:
    """Return the tries of each task that were not taken back, oldest first."""
    statement = (
        select(OutreachAttempt)
        .join(OutreachTask, OutreachTask.id == OutreachAttempt.task_id)
        .join(Client, Client.id == OutreachTask.client_id)
        .where(*which, OutreachAttempt.undone_at.is_(None))
        .order_by(OutreachAttempt.at, OutreachAttempt.id)
    )
    tries: dict[int, list[Try]] = defaultdict(list)
    for row in db.session.scalars(statement):
        if row.task_id is not None:
            one = Try(
                row.at, ContactResult(row.result), NextStep(row.next_step), row.next_day, row.recorded_at
            )
            tries[row.task_id].append(one)
    return tries


def _holds(which: list[ColumnElement[bool]]) -> Mapping[int, Hold]:
    """Return the latest “not now” about each client; one taken back lasted until the day before."""
    statement = (
        select(SetAside, Site.zone)
        .join(Client, Client.id == SetAside.client_id)
        .join(Site, Site.id == Client.site_id)
        .join(OutreachTask, OutreachTask.client_id == Client.id)
        .where(*which)
        .order_by(SetAside.id)
    )
    holds = {}
    for row, name in db.session.execute(statement):
        until = row.until_day
        if row.withdrawn_at is not None:
            until = min(until, local_day(row.withdrawn_at, zone(name)) - timedelta(days=1))
        holds[row.client_id] = Hold(row.made_at, until)
    return holds
