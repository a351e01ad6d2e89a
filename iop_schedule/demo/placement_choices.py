"""Placement as it looks in use: weeks offered to somebody who waits, seats held, two people kept apart."""

from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions.keep_apart import keep_apart
from iop_schedule.actions.placement_offers import offer_weeks
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.models import Client, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.placement import placement_for

#: Who waits, and is thinking about it.
OFFERED, HELD = "C083", "C082"
MANAGER = "bell"
#: Two people in different groups of one site, and who wrote down that they never meet.
APART, ADMINISTRATOR = ("C001", "C030"), "hughes"


def add_placement_choices(*, now: datetime) -> None:
    """Offer weeks to one person who waits and hold seats for another, where something fits them."""
    _keep_apart(now)
    manager = _acting(MANAGER)
    for code in (OFFERED, HELD):
        client = db.session.scalars(select(Client).where(Client.code == code)).one_or_none()
        if client is None:
            continue
        shown = placement_for(manager, client.id, from_day=None, now=now)
        weeks = [[meeting.series_id for meeting in plan.meetings] for plan in shown.plans]
        if not weeks:
            continue
        if code == OFFERED:
            offer_weeks(actor=manager, client_id=client.id, options=weeks, from_day=shown.from_day, now=now)
        else:
            hold_seats(
                actor=manager, client_id=client.id, series_ids=weeks[0], from_day=shown.from_day, now=now
            )


def _acting(code: str) -> Actor:
    return actor_for(db.session.scalars(select(User).where(User.code == code)).unique().one())


def _keep_apart(now: datetime) -> None:
    ids = db.session.scalars(select(Client.id).where(Client.code.in_(APART)).order_by(Client.code)).all()
    if len(ids) == len(APART):
        one, other = ids
        keep_apart(actor=_acting(ADMINISTRATOR), client_id=one, other_id=other, now=now)
