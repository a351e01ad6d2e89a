"""What a client wants time for, and the names of the times they have."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iop_schedule.domain.availability import KIND_WORDS
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import ClientGoal, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import commitments_of


@dataclass(frozen=True, slots=True)
class GoalLine:
    """One goal, and the name of the times kept for it."""

    id: int
    words: str
    time_name: str


@dataclass(frozen=True, slots=True)
class Goals:
    """One client's goals, oldest first."""

    client_id: int
    office_phone: str
    lines: tuple[GoalLine, ...]
    #: Names of their own times that have not ended.
    time_names: tuple[str, ...]


def goals_of(client_id: int) -> tuple[GoalLine, ...]:
    """Return what a client wants time for; the caller has been through `access_client`."""
    statement = (
        select(ClientGoal)
        .where(ClientGoal.client_id == client_id, ClientGoal.ended_at.is_(None))
        .order_by(ClientGoal.id)
    )
    return tuple(GoalLine(row.id, row.words, row.time_name) for row in db.session.scalars(statement))


def own_goals(actor: Actor, *, now: datetime) -> Goals:
    """Return the signed-in client's goals, and the names of times that could be kept for one."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_TIMES, now=now)
    today = local_day(now, zone(client.site.zone))
    names = {
        one.label or KIND_WORDS[one.kind]
        for one in commitments_of([client.id])[client.id]
        if one.until_day is None or one.until_day >= today
    }
    return Goals(
        client_id=client.id,
        office_phone=client.site.phone,
        lines=goals_of(client.id),
        time_names=tuple(sorted({name[:1].upper() + name[1:] for name in names})),
    )
