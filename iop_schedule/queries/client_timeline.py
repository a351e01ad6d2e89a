"""Everything that happened with one client, newest first: sessions, contacts, times, places, messages."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import select

from iop_schedule.domain.civil_time import DAY_NAMES, instant, local
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import (
    Client,
    ClientConstraint,
    Enrollment,
    Group,
    ReminderDelivery,
    RiskSignal,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.queries.access import Actor
from iop_schedule.queries.frequency import CareRecord
from iop_schedule.queries.outreach import contacts_of
from iop_schedule.vocabulary import DeliveryState, Role

#: Rows of each kind that are read; older ones are in the audit trail.
MOST_OF_EACH = 200


class Kind(StrEnum):
    """What a line of the timeline is about."""

    SESSION = "sessions"
    CONTACT = "contacts"
    TIMES = "times"
    PLACE = "places"
    MESSAGE = "messages"
    SIGNAL = "signals"


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, on the client's clock; what it says is up to the page."""

    at: datetime
    kind: Kind
    #: The word of its table: a session's state, a contact's result, “started”, “ended”, a tier.
    what: str
    title: str
    words: str = ""
    signal_id: int | None = None


def happened(
    client: Client,
    care: CareRecord,
    titles: Mapping[int, str],
    *,
    actor: Actor,
    tz: ZoneInfo,
    now: datetime,
    kind: Kind | None = None,
    known_at: datetime | None = None,
) -> list[Happened]:
    """Return what happened up to `now`, newest first; contacts with `known_at` as they stood then.

    For callers past `access_client`.
    """
    sources = {
        Kind.SESSION: lambda: _sessions(care, titles, tz, now),
        Kind.CONTACT: lambda: _contacts(client, actor, now, known_at),
        Kind.TIMES: lambda: _times(client, tz),
        Kind.PLACE: lambda: _places(client, tz),
        Kind.MESSAGE: lambda: _messages(client, tz),
        Kind.SIGNAL: lambda: _signals(client, actor, tz),
    }
    wanted = [kind] if kind else list(Kind)
    found = [one for each in wanted for one in sources[each]() if one.at <= now]
    return sorted(found, key=lambda one: (one.at, one.kind, one.title), reverse=True)


def _sessions(care: CareRecord, titles: Mapping[int, str], tz: ZoneInfo, now: datetime) -> Iterator[Happened]:
    for fact in care.facts:
        if fact.starts_at <= now:
            minutes = (
                f"{fact.attended_minutes} of {fact.scheduled_minutes} min" if fact.attended_minutes else ""
            )
            title = titles[fact.occurrence_id]
            yield Happened(local(fact.starts_at, tz), Kind.SESSION, fact.state.value, title, minutes)


def _contacts(client: Client, actor: Actor, now: datetime, known_at: datetime | None) -> Iterator[Happened]:
    for one in contacts_of(client.id, actor, now=now, known_at=known_at, limit=MOST_OF_EACH):
        yield Happened(one.at, Kind.CONTACT, one.result, one.channel, one.note)


def _times(client: Client, tz: ZoneInfo) -> Iterator[Happened]:
    statement = (
        select(ClientConstraint)
        .where(ClientConstraint.client_id == client.id)
        .order_by(ClientConstraint.id.desc())
        .limit(MOST_OF_EACH)
    )
    # A week entered at once is one event: the same words at the same time, with its weekdays.
    days: dict[tuple[datetime, str, str], list[int]] = defaultdict(list)
    for row in db.session.scalars(statement):
        title = row.label or row.kind
        weekday = row.weekday if row.weekday is not None else row.day.weekday() if row.day else 0
        days[local(row.created_at, tz), "started", title].append(weekday)
        if row.withdrawn_at is not None:
            days[local(row.withdrawn_at, tz), "withdrawn", title].append(weekday)
        elif row.until_day is not None:
            days[_end_of(row.until_day, tz), "ended", title].append(weekday)
    for (at, what, title), weekdays in days.items():
        words = ", ".join(DAY_NAMES[day][:3] for day in sorted(set(weekdays)))
        yield Happened(at, Kind.TIMES, what, title, words)


def _places(client: Client, tz: ZoneInfo) -> Iterator[Happened]:
    statement = (
        select(SeriesMember.from_day, SeriesMember.until_day, Series.weekday, Group.name)
        .join(Series, Series.id == SeriesMember.series_id)
        .join(Group, Group.id == Series.group_id)
        .where(SeriesMember.client_id == client.id)
        .order_by(SeriesMember.id.desc())
        .limit(MOST_OF_EACH)
    )
    for from_day, until_day, weekday, name in db.session.execute(statement):
        yield Happened(_start_of(from_day, tz), Kind.PLACE, "started", name, str(weekday))
        if until_day is not None:
            yield Happened(_end_of(until_day, tz), Kind.PLACE, "ended", name, str(weekday))
    for enrollment in db.session.scalars(
        select(Enrollment).where(Enrollment.client_id == client.id).order_by(Enrollment.id)
    ):
        yield Happened(_start_of(enrollment.from_day, tz), Kind.PLACE, "admitted", "")
        if enrollment.until_day is not None:
            yield Happened(_end_of(enrollment.until_day, tz), Kind.PLACE, "left", "")
        for dose in enrollment.doses:
            at = _start_of(dose.from_day, tz)
            yield Happened(at, Kind.PLACE, "dose", "", str(dose.minutes))
        for pause in enrollment.pauses:
            yield Happened(_start_of(pause.from_day, tz), Kind.PLACE, "paused", pause.reason)


def _messages(client: Client, tz: ZoneInfo) -> Iterator[Happened]:
    statement = (
        select(ReminderDelivery.tried_at, ReminderDelivery.purpose, ReminderDelivery.channel)
        .where(
            ReminderDelivery.client_id == client.id,
            ReminderDelivery.state == DeliveryState.SENT,
            ReminderDelivery.tried_at.is_not(None),
        )
        .order_by(ReminderDelivery.tried_at.desc(), ReminderDelivery.id)
        .limit(MOST_OF_EACH)
    )
    for tried_at, purpose, channel in db.session.execute(statement):
        if tried_at is not None:
            yield Happened(local(tried_at, tz), Kind.MESSAGE, purpose, channel)


def _signals(client: Client, actor: Actor, tz: ZoneInfo) -> Iterator[Happened]:
    statement = (
        select(RiskSignal)
        .where(RiskSignal.client_id == client.id)
        .order_by(RiskSignal.raised_at.desc(), RiskSignal.id.desc())
        .limit(MOST_OF_EACH)
    )
    if actor.role is not Role.ADMINISTRATOR:
        statement = statement.where(RiskSignal.silent.is_(False))
    for row in db.session.scalars(statement):
        words = row.reasons[0]["sentence"] if row.reasons else ""
        yield Happened(
            local(row.raised_at, tz), Kind.SIGNAL, row.tier, Tier(row.tier).label, words, signal_id=row.id
        )


def _start_of(day: date, tz: ZoneInfo) -> datetime:
    return local(instant(day, time(0), tz), tz)


def _end_of(day: date, tz: ZoneInfo) -> datetime:
    return local(instant(day, time(23, 59), tz), tz)
