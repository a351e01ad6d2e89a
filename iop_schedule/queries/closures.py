"""When a site or a program is closed, and what that cancels."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.occurrences import Closed
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Closure, Occurrence, db
from iop_schedule.queries.access import Actor
from iop_schedule.vocabulary import CancelCause


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """One closure of the list."""

    id: int
    site: str
    #: Empty when the whole site is closed.
    program: str
    from_day: date
    until_day: date
    name: str
    sessions: int
    is_over: bool


def closures_list(actor: Actor, *, now: datetime) -> list[ClosureLine]:
    """Return the closures of the actor's sites that are not long over, by day."""
    actor.require(Permission.PROGRAM_READ)
    cancelled = (
        select(func.count(Occurrence.id))
        .where(
            Occurrence.site_id == Closure.site_id,
            Occurrence.local_day.between(Closure.from_day, Closure.until_day),
            Occurrence.cancel_cause == CancelCause.CLOSURE,
        )
        .scalar_subquery()
    )
    statement = (
        select(Closure, cancelled)
        .where(
            Closure.site_id.in_(actor.site_ids),
            Closure.until_day >= actor.today(now) - timedelta(days=90),
        )
        .options(joinedload(Closure.site), joinedload(Closure.program))
        .order_by(Closure.from_day, Closure.until_day, Closure.id)
    )
    return [
        ClosureLine(
            id=row.id,
            site=row.site.name,
            program=row.program.name if row.program else "",
            from_day=row.from_day,
            until_day=row.until_day,
            name=row.name,
            sessions=sessions,
            is_over=row.until_day < local_day(now, zone(row.site.zone)),
        )
        for row, sessions in db.session.execute(statement)
    ]


def as_closed(closure: Closure) -> Closed:
    """Return a closure as the rules take it."""
    return Closed(closure.from_day, closure.until_day, closure.name)
