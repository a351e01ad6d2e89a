"""Messages as their readers look at them, and how one client is written to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from iop_schedule.domain import civil_time
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import Message, Reach
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    ContactConsent,
    ContactPoint,
    ContactWish,
    ReminderAttempt,
    ReminderDelivery,
    ReminderReply,
    db,
)
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.contacts import OUTSIDE, reaches
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
#: How long after the day the page behind a message's link still says what the message was about.
LINK_TELLS = timedelta(days=7)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page behind a message's link shows: one day, or nothing but the way out.

    A link that went to an address which is no longer the client's shows nothing: somebody else may hold it.
    """

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
    purpose, channel, language = DeliveryPurpose(row.purpose), Channel(row.channel), row.language or "en"
    if not went_to_the_client(row) or row.planned_start_at + LINK_TELLS <= now:
        return Asked(row.id, language, channel, purpose, what="", can_answer=False, answered=None)
    tz = civil_time.zone(row.client.site.zone)
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
        channel=channel,
        purpose=purpose,
        what=rules.day_values(starts, tz, language)["what"] if purpose.is_about_a_day else "",
        can_answer=purpose in {DeliveryPurpose.REMINDER, DeliveryPurpose.CHANGED}
        and row.planned_start_at > now,
        answered=Answer(latest) if latest else None,
    )


def went_to_the_client(row: ReminderDelivery) -> bool:
    """Return True when the address a message went to is still the client's, each time it was sent."""
    now_at = select(ContactPoint.address).where(
        ContactPoint.client_id == row.client_id, ContactPoint.channel == row.channel
    )
    sent_to = select(ReminderAttempt.address).where(ReminderAttempt.delivery_id == row.id).distinct()
    addresses = db.session.scalars(sent_to).all()
    return bool(addresses) and set(addresses) == set(db.session.scalars(now_at))
