"""Who was not reminded and why, and the messages that need somebody's eye."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import ClientDay
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    Client,
    ReminderAttempt,
    ReminderDelivery,
    User,
    db,
)
from iop_schedule.queries.access import Actor, sees_client, sees_staff, visible_clients
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.reminders import client_days
from iop_schedule.vocabulary import (
    Channel,
    DeliveryPurpose,
    DeliveryState,
    Role,
)

#: How far back messages that went wrong are listed.
TROUBLE_BACK = timedelta(days=14)


# ── Who was not reminded, and why ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Unreminded:
    """One person who has not been reminded of a day, with the reason for each channel."""

    client_id: int
    name: str
    first_at: datetime
    reasons: tuple[tuple[Channel, str], ...]


@dataclass(frozen=True, slots=True)
class DayOverview:
    """Who has been reminded of one day."""

    day: date
    expected: int
    reminded: int
    #: Their message is planned or on its way.
    waiting: int
    #: Nothing is planned yet, because it is too early; something will be.
    later: int
    not_reminded: tuple[Unreminded, ...]
    #: Days before and after with sessions in reach.
    before: date
    after: date


#: Nothing is wrong, but there is no message: the day was booked when people had just been told.
BOOKED_LATE = "booked_late"
NOT_YET = "not_yet"
_THERE = {DeliveryState.SENT}
_COMING = {DeliveryState.PLANNED, DeliveryState.ATTEMPTING}


def day_overview(actor: Actor, day: date | None, *, now: datetime) -> DayOverview:
    """Return who of the actor's clients has been reminded of a day; the next treatment day unless given."""
    actor.require(Permission.REMINDERS_MANAGE)
    wanted = day or _next_treatment_day(actor.today(now))
    clients = {client.id: client for client in db.session.scalars(visible_clients(actor, now=now))}
    names = names_apart(list(clients.values()))
    days: dict[int, list[ClientDay]] = defaultdict(list)
    for one in client_days(from_day=wanted, until_day=wanted, channels=OUTSIDE):
        if one.client_id in clients and one.sessions:
            days[one.client_id].append(one)
    held = _messages_about(wanted, list(days))
    missing, reminded, waiting, later = [], 0, 0, 0
    for client_id, ways in days.items():
        states = {row.state for rows in held[client_id].values() for row in rows}
        if states & _THERE:
            reminded += 1
        elif states & _COMING:
            waiting += 1
        else:
            reasons = tuple((way.reach.channel, _why(way, held[client_id], now)) for way in ways)
            if any(reason == NOT_YET for _, reason in reasons):
                later += 1
                continue
            first = civil_time.local(ways[0].starts[0], ways[0].tz)
            missing.append(Unreminded(client_id, names[client_id], first, reasons))
    return DayOverview(
        day=wanted,
        expected=len(days),
        reminded=reminded,
        waiting=waiting,
        later=later,
        not_reminded=tuple(sorted(missing, key=lambda one: (one.first_at, one.name))),
        before=_beside(wanted, -1),
        after=_beside(wanted, 1),
    )


def _messages_about(day: date, client_ids: Sequence[int]) -> dict[int, dict[str, list[ReminderDelivery]]]:
    found: dict[int, dict[str, list[ReminderDelivery]]] = defaultdict(lambda: defaultdict(list))
    statement = select(ReminderDelivery).where(
        ReminderDelivery.day == day,
        ReminderDelivery.client_id.in_(client_ids),
        ReminderDelivery.channel.in_(OUTSIDE),
        ReminderDelivery.purpose.in_([p for p in DeliveryPurpose if p.is_about_a_day]),
    )
    for row in db.session.scalars(statement.order_by(ReminderDelivery.due_at, ReminderDelivery.id)):
        found[row.client_id or 0][row.channel].append(row)
    return found


def _why(day: ClientDay, held: dict[str, list[ReminderDelivery]], now: datetime) -> str:
    rows = held.get(day.reach.channel, [])
    unwanted = day.why_not(DeliveryPurpose.REMINDER)
    if rows and rows[-1].state in {DeliveryState.DEAD, DeliveryState.UNKNOWN}:
        return rows[-1].reason
    if unwanted is not None:
        return unwanted
    if rows:
        return rows[-1].reason
    due = rules.nudge_due_at(day.day, day.starts[0], day.reach.tz, day.reach.policy)
    return NOT_YET if due > now else BOOKED_LATE


def _next_treatment_day(today: date) -> date:
    return _beside(today, 1)


def _beside(day: date, step: int) -> date:
    found = day + timedelta(days=step)
    while found.weekday() > 4:  # noqa: PLR2004 - Friday
        found += timedelta(days=step)
    return found


# ── What went wrong ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Trouble:
    """One message that was given up, or of which nobody knows whether it arrived."""

    id: str
    who: str
    client_id: int | None
    at: datetime
    channel: Channel
    purpose: DeliveryPurpose
    day: date
    state: DeliveryState
    reason: str
    tries: int
    last_error: str
    #: It is of use still.
    can_retry: bool


def trouble(actor: Actor, *, now: datetime) -> list[Trouble]:
    """Return the messages that need somebody's eye, newest first."""
    actor.require(Permission.REMINDERS_MANAGE)
    rows = db.session.scalars(
        _troubled(actor, now).order_by(ReminderDelivery.due_at.desc(), ReminderDelivery.id)
    ).unique()
    tz = civil_time.zone(actor.zone)
    return [_trouble(row, tz, now) for row in rows]


def _troubled(actor: Actor, now: datetime) -> Select[ReminderDelivery]:
    return (
        select(ReminderDelivery)
        .outerjoin(Client, Client.id == ReminderDelivery.client_id)
        .outerjoin(User, User.id == ReminderDelivery.user_id)
        .where(
            ReminderDelivery.state.in_([DeliveryState.DEAD, DeliveryState.UNKNOWN]),
            ReminderDelivery.settled_at.is_(None),
            ReminderDelivery.due_at > now - TROUBLE_BACK,
            or_(
                sees_client(actor, now=now),
                sees_staff(actor) if actor.role is Role.ADMINISTRATOR else User.id == actor.user_id,
            ),
        )
    )


def _trouble(row: ReminderDelivery, tz: ZoneInfo, now: datetime) -> Trouble:
    last = db.session.scalars(
        select(ReminderAttempt.error)
        .where(ReminderAttempt.delivery_id == row.id)
        .order_by(ReminderAttempt.number.desc())
        .limit(1)
    ).one_or_none()
    return Trouble(
        id=row.id,
        who=row.client.short_name if row.client else row.user.name if row.user else "",
        client_id=row.client_id,
        at=civil_time.local(row.tried_at or row.due_at, tz),
        channel=Channel(row.channel),
        purpose=DeliveryPurpose(row.purpose),
        day=row.day,
        state=DeliveryState(row.state),
        reason=row.reason,
        tries=row.attempts,
        last_error=last or "",
        can_retry=row.expires_at > now,
    )


def access_trouble(actor: Actor, delivery_id: str, *, now: datetime) -> ReminderDelivery:
    """Return one of those messages, locked; anything else is not found."""
    actor.require(Permission.REMINDERS_MANAGE)
    statement = _troubled(actor, now).where(ReminderDelivery.id == delivery_id)
    locked = statement.with_for_update(of=ReminderDelivery).execution_options(populate_existing=True)
    row = db.session.scalars(locked).unique().one_or_none()
    if row is None:
        raise NotFound
    return row
