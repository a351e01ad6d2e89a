"""Messages as people look at them: one's own, those to a client, who was not reminded, what failed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import ClientDay, Message, Reach
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    Client,
    ContactConsent,
    ContactPoint,
    ContactWish,
    ReminderAttempt,
    ReminderDelivery,
    ReminderReply,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_client, sees_client, sees_staff, visible_clients
from iop_schedule.queries.contacts import OUTSIDE, reaches
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.reminders import client_days
from iop_schedule.queries.wordings import wording_of
from iop_schedule.vocabulary import (
    Answer,
    Channel,
    ConsentPurpose,
    DeliveryPurpose,
    DeliveryState,
    Role,
)

#: How far back lists of messages go.
SHOWN = timedelta(days=60)
MOST_SHOWN = 100
TROUBLE_BACK = timedelta(days=14)


# ── A client's own list ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """One message in the client's list."""

    at: datetime
    title: str
    lines: tuple[str, ...]
    purpose: DeliveryPurpose


def my_messages(actor: Actor, *, now: datetime) -> list[OwnMessage]:
    """Return the signed-in client's messages inside the application, newest first."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_MESSAGES, now=now)
    tz = civil_time.zone(client.site.zone)
    statement = (
        select(ReminderDelivery)
        .where(
            ReminderDelivery.client_id == client.id,
            ReminderDelivery.channel == Channel.IN_APP,
            ReminderDelivery.state == DeliveryState.SENT,
            ReminderDelivery.tried_at > now - SHOWN,
        )
        .order_by(ReminderDelivery.tried_at.desc(), ReminderDelivery.id)
        .limit(MOST_SHOWN)
    )
    return [_own(row, tz) for row in db.session.scalars(statement)]


def _own(row: ReminderDelivery, tz: ZoneInfo) -> OwnMessage:
    message = _rendered(row, tz)
    return OwnMessage(
        at=civil_time.local(row.tried_at or row.due_at, tz),
        title=message.subject,
        lines=tuple(line for line in message.text.split("\n") if line),
        purpose=DeliveryPurpose(row.purpose),
    )


def _rendered(row: ReminderDelivery, tz: ZoneInfo) -> Message:
    """Return what a message said: its wording filled with the times it told of."""
    purpose, channel = DeliveryPurpose(row.purpose), Channel(row.channel)
    wording = wording_of(row.wording_id, purpose, channel, row.language)
    starts = [datetime.fromisoformat(start) for start in row.tells] or [row.planned_start_at]
    values = (
        rules.week_values(starts, tz, row.language, channel)
        if purpose is DeliveryPurpose.DIGEST
        else rules.day_values(starts, tz, row.language)
    )
    return rules.fill(wording, values)


# ── One client's wishes, for themself and for staff ──────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One agreement, standing or ended; local times of the site."""

    channel: Channel
    purpose: ConsentPurpose
    given_at: datetime
    evidence: str
    recorded_by: str
    ended_at: datetime | None
    end_evidence: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message to a client, as staff see it; local times of the site."""

    id: str
    at: datetime
    channel: Channel
    purpose: DeliveryPurpose
    day: date
    state: DeliveryState
    reason: str


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Everything about how one client is written to."""

    client_id: int
    name: str
    email: str
    phone: str
    zone: str
    reach: dict[Channel, Reach]
    points: dict[Channel, ContactPoint]
    agreed: frozenset[tuple[Channel, ConsentPurpose]]
    consents: tuple[ConsentLine, ...]
    wish: ContactWish | None
    lines: tuple[Line, ...]
    #: Day and latest answer.
    answers: tuple[tuple[date, Answer, datetime], ...]
    now: datetime


def contact_page(actor: Actor, client_id: int, *, now: datetime) -> ContactPage:
    """Return how a client is written to, for themself or for staff who may see their record."""
    permission = Permission.OWN_MESSAGES if actor.role is Role.CLIENT else Permission.CLIENT_READ
    client = access_client(actor, client_id, permission, now=now)
    tz = civil_time.zone(client.site.zone)
    rows = db.session.scalars(
        select(ContactConsent)
        .where(ContactConsent.client_id == client.id)
        .order_by(ContactConsent.given_at.desc(), ContactConsent.id.desc())
    ).all()
    points = db.session.scalars(select(ContactPoint).where(ContactPoint.client_id == client.id))
    return ContactPage(
        client_id=client.id,
        name=client.short_name,
        email=client.email,
        phone=client.phone,
        zone=client.site.zone,
        reach={reach.channel: reach for reach in reaches([client.id], OUTSIDE)[client.id]},
        points={Channel(point.channel): point for point in points},
        agreed=frozenset(
            (Channel(row.channel), ConsentPurpose(row.purpose)) for row in rows if row.ended_at is None
        ),
        consents=tuple(_consent(row, tz) for row in rows),
        wish=db.session.get(ContactWish, client.id),
        lines=tuple(_line(row, tz) for row in db.session.scalars(_lines_of(client.id, now))),
        answers=_answers(client.id, tz, now),
        now=now,
    )


def _consent(row: ContactConsent, tz: ZoneInfo) -> ConsentLine:
    return ConsentLine(
        channel=Channel(row.channel),
        purpose=ConsentPurpose(row.purpose),
        given_at=civil_time.local(row.given_at, tz),
        evidence=row.evidence,
        recorded_by=row.recorded_by.name if row.recorded_by else "",
        ended_at=civil_time.local(row.ended_at, tz) if row.ended_at else None,
        end_evidence=row.end_evidence or "",
    )


def _lines_of(client_id: int, now: datetime) -> Select[ReminderDelivery]:
    return (
        select(ReminderDelivery)
        .where(
            ReminderDelivery.client_id == client_id,
            ReminderDelivery.due_at > now - SHOWN,
            ReminderDelivery.channel.in_(OUTSIDE),
        )
        .order_by(ReminderDelivery.due_at.desc(), ReminderDelivery.id)
        .limit(MOST_SHOWN)
    )


def _line(row: ReminderDelivery, tz: ZoneInfo) -> Line:
    return Line(
        id=row.id,
        at=civil_time.local(row.tried_at or row.due_at, tz),
        channel=Channel(row.channel),
        purpose=DeliveryPurpose(row.purpose),
        day=row.day,
        state=DeliveryState(row.state),
        reason=row.reason,
    )


def _answers(client_id: int, tz: ZoneInfo, now: datetime) -> tuple[tuple[date, Answer, datetime], ...]:
    rows = db.session.scalars(
        select(ReminderReply)
        .where(ReminderReply.client_id == client_id, ReminderReply.at > now - SHOWN)
        .order_by(ReminderReply.at)
    )
    latest = {row.day: (row.day, Answer(row.answer), civil_time.local(row.at, tz)) for row in rows}
    return tuple(sorted(latest.values(), reverse=True))


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
    missing, reminded, waiting = [], 0, 0
    for client_id, ways in days.items():
        states = {row.state for rows in held[client_id].values() for row in rows}
        if states & _THERE:
            reminded += 1
        elif states & _COMING:
            waiting += 1
        else:
            first = civil_time.local(ways[0].starts[0], ways[0].tz)
            reasons = tuple((way.reach.channel, _why(way, held[client_id], now)) for way in ways)
            missing.append(Unreminded(client_id, names[client_id], first, reasons))
    return DayOverview(
        day=wanted,
        expected=len(days),
        reminded=reminded,
        waiting=waiting,
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
    for row in db.session.scalars(statement.order_by(ReminderDelivery.due_at)):
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
    row = db.session.scalars(statement.with_for_update(of=ReminderDelivery)).unique().one_or_none()
    if row is None:
        raise NotFound
    return row


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page behind a message's link shows: one day, or nothing but the way out."""

    delivery_id: str
    language: str
    channel: Channel
    purpose: DeliveryPurpose
    #: “an appointment on Thu, Mar 5 at 9:00 am”; empty where there is nothing to answer.
    what: str
    can_answer: bool
    #: The latest answer about that day.
    answered: Answer | None


def asked_by(delivery_id: str, *, now: datetime) -> Asked:
    """Return what a message asks its reader, who proves to be it by holding its link.

    Raises:
        NotFound: there is no such message, or it is not to a client.
    """
    row = db.session.get(ReminderDelivery, delivery_id)
    if row is None or row.client is None:
        raise NotFound
    purpose = DeliveryPurpose(row.purpose)
    tz, language = civil_time.zone(row.client.site.zone), row.language or "en"
    starts = [datetime.fromisoformat(start) for start in row.tells] or [row.planned_start_at]
    latest = db.session.scalars(
        select(ReminderReply.answer)
        .where(ReminderReply.client_id == row.client_id, ReminderReply.day == row.day)
        .order_by(ReminderReply.at.desc(), ReminderReply.id.desc())
        .limit(1)
    ).one_or_none()
    return Asked(
        delivery_id=row.id,
        language=language,
        channel=Channel(row.channel),
        purpose=purpose,
        what=rules.day_values(starts, tz, language)["what"] if purpose.is_about_a_day else "",
        can_answer=purpose in {DeliveryPurpose.REMINDER, DeliveryPurpose.CHANGED}
        and row.planned_start_at > now,
        answered=Answer(latest) if latest else None,
    )
