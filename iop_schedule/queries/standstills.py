"""Times in which no scheduler ran, and the messages that became useless meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, ReminderDelivery, Standstill, db
from iop_schedule.queries.access import Actor, sees_client
from iop_schedule.vocabulary import DeliveryState, HoldReason

#: How long one is listed, and how long people are told of it on the first page they see.
LISTED, NEWS = timedelta(days=14), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stopped:
    """One standstill, on the reader's clock."""

    began: datetime
    ended: datetime
    #: Messages to the reader's clients that were due in it and could not be sent later.
    unsent: int


def standstills(actor: Actor, *, now: datetime, back: timedelta = LISTED) -> list[Stopped]:
    """Return the latest standstills, newest first, each with what it cost the actor's clients."""
    actor.require(Permission.REMINDERS_MANAGE)
    tz = civil_time.zone(actor.zone)
    rows = db.session.scalars(
        select(Standstill).where(Standstill.ended_at > now - back).order_by(Standstill.ended_at.desc())
    )
    return [
        Stopped(
            civil_time.local(row.began_at, tz), civil_time.local(row.ended_at, tz), _unsent(actor, row, now)
        )
        for row in rows
    ]


def news_of_a_standstill(actor: Actor, *, now: datetime) -> Stopped | None:
    """Return the latest standstill when it is news and some of the actor's clients were not reminded."""
    return next((one for one in standstills(actor, now=now, back=NEWS) if one.unsent), None)


def _unsent(actor: Actor, row: Standstill, now: datetime) -> int:
    too_late = (HoldReason.STALE, HoldReason.QUIET_HOURS)
    statement = (
        select(func.count())
        .select_from(ReminderDelivery)
        .join(Client, Client.id == ReminderDelivery.client_id)
        .where(
            ReminderDelivery.state == DeliveryState.SUPPRESSED,
            ReminderDelivery.reason.in_(too_late),
            or_(
                ReminderDelivery.due_at.between(row.began_at, row.ended_at),
                ReminderDelivery.expires_at.between(row.began_at, row.ended_at),
            ),
            sees_client(actor, now=now),
        )
    )
    return db.session.scalar(statement) or 0
