"""Placement as it looks in use: weeks offered to somebody who waits, seats held for another."""

from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions.placement_offers import offer_weeks
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.models import Client, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement import placement_for

#: Who waits, and is thinking about it.
OFFERED, HELD = "C083", "C082"
MANAGER = "bell"


def add_placement_choices(*, now: datetime) -> None:
    """Offer weeks to one person who waits and hold seats for another, where something fits them."""
    manager = actor_for(db.session.scalars(select(User).where(User.code == MANAGER)).unique().one())
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
