"""Placement as it looks in use: weeks offered, seats held, people kept apart, two plans that alternate."""

from datetime import datetime, time, timedelta

from sqlalchemy import select

from iop_schedule.actions.keep_apart import keep_apart
from iop_schedule.actions.placement import place
from iop_schedule.actions.placement_offers import offer_weeks
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.domain import civil_time
from iop_schedule.models import Client, ClientConstraint, Group, Series, SeriesMember, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.placement import placement_for
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity

#: Who waits, and is thinking about it.
OFFERED, HELD = "C083", "C082"
MANAGER = "bell"
#: Two people in different groups of one site, and who wrote down that they never meet.
APART, ADMINISTRATOR = ("C001", "C030"), "hughes"
#: A person of this group has children who are with them on these evenings, in weeks A and in weeks B.
GROUP = "evening-1"
EVENINGS = ((WeekParity.A, Weekday.WE), (WeekParity.A, Weekday.FR), (WeekParity.B, Weekday.TU))


def add_placement_choices(*, now: datetime) -> None:
    """Offer weeks to one person who waits and hold seats for another, where something fits them."""
    _keep_apart(now)
    manager = _acting(MANAGER)
    for code in (OFFERED, HELD):
        client = db.session.scalars(select(Client).where(Client.code == code)).one_or_none()
        if client is None:
            continue
        shown = placement_for(manager, client.id, from_day=None, now=now)
        weeks = [plan.places for plan in shown.plans]
        if not weeks:
            continue
        if code == OFFERED:
            offer_weeks(actor=manager, client_id=client.id, options=weeks, from_day=shown.from_day, now=now)
        else:
            hold_seats(
                actor=manager, client_id=client.id, series_ids=weeks[0], from_day=shown.from_day,
                weeks=weeks[0], now=now,
            )  # fmt: skip
    _alternate(now)


def _acting(code: str) -> Actor:
    return actor_for(db.session.scalars(select(User).where(User.code == code)).unique().one())


def _keep_apart(now: datetime) -> None:
    ids = db.session.scalars(select(Client.id).where(Client.code.in_(APART)).order_by(Client.code)).all()
    if len(ids) == len(APART):
        one, other = ids
        keep_apart(actor=_acting(ADMINISTRATOR), client_id=one, other_id=other, now=now)


def _alternate(now: datetime) -> None:
    """Give one person whose custody weeks alternate a plan for each of the two weeks."""
    client = db.session.scalars(
        select(Client)
        .join(SeriesMember, SeriesMember.client_id == Client.id)
        .join(Series, Series.id == SeriesMember.series_id)
        .join(Group, Group.id == Series.group_id)
        .where(Group.code == GROUP, SeriesMember.until_day.is_(None))
        .order_by(Client.id.desc())
    ).first()
    if client is None or client.user_id is None:
        return
    first = civil_time.local_day(now, civil_time.zone(client.site.zone)) + timedelta(days=15)
    for week, weekday in EVENINGS:
        db.session.add(
            ClientConstraint(
                client_id=client.id, kind=ConstraintKind.CAREGIVING, label="kids this week", weekday=weekday,
                local_start=time(17), local_end=time(20), week=week, anchor_day=first,
                from_day=first, created_at=now, created_by_id=client.user_id,
            )
        )  # fmt: skip
    db.session.commit()
    actor = _acting(ADMINISTRATOR)
    shown = placement_for(actor, client.id, from_day=first, now=now)
    plan = next((one for one in shown.plans if len(one.weeks) > 1), None)
    if plan is not None:
        place(
            actor=actor, client_id=client.id, series_ids=plan.places, from_day=shown.from_day,
            weeks=plan.places, now=now,
        )  # fmt: skip
