"""What the outbox holds and what it should hold: the facts behind `domain/reminders.py`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, or_, select

from iop_schedule.domain.reminders import ClientDay, Delivery, Expected
from iop_schedule.models import (
    Client,
    Enrollment,
    EnrollmentPause,
    Group,
    Occurrence,
    Program,
    ReminderAttempt,
    ReminderDelivery,
    RosterEntry,
    Series,
    Site,
    User,
    db,
)
from iop_schedule.models.base import read_transaction
from iop_schedule.queries.notices import is_told_off
from iop_schedule.vocabulary import AttemptOutcome, DeliveryState, EnrollmentStatus, OccurrenceStatus


def client_days(*, from_day: date, until_day: date) -> list[ClientDay]:
    """Return what every client has on each day of the period, both ends included, by client and day."""
    return _grouped(db.session.execute(_expected().where(Occurrence.local_day.between(from_day, until_day))))


def locked_client_day(client_id: int, day: date) -> ClientDay | None:
    """Return what one client has on `day`, or None, and keep the facts as they are until the commit.

    Whoever cancels a session or withdraws consent at the same moment comes entirely before or entirely
    after. The client's own row is locked for change, so that two messages to one client are armed one
    after the other.
    """
    db.session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    statement = _expected().where(RosterEntry.client_id == client_id, Occurrence.local_day == day)
    found = _grouped(db.session.execute(statement.with_for_update(read=True, of=[Occurrence, RosterEntry])))
    return found[0] if found else None


@cache
def _expected() -> Select[*tuple[Any, ...]]:
    enrolled = exists().where(
        Enrollment.client_id == Client.id,
        Enrollment.status == EnrollmentStatus.ACTIVE,
        Enrollment.from_day <= Occurrence.local_day,
        or_(Enrollment.until_day.is_(None), Enrollment.until_day >= Occurrence.local_day),
        ~exists().where(
            EnrollmentPause.enrollment_id == Enrollment.id,
            EnrollmentPause.from_day <= Occurrence.local_day,
            or_(EnrollmentPause.until_day.is_(None), EnrollmentPause.until_day >= Occurrence.local_day),
        ),
    )
    return (
        select(
            RosterEntry.client_id,
            Occurrence.local_day,
            Occurrence.id,
            Occurrence.starts_at,
            Site.zone,
            Site.name.label("site"),
            Client.email,
            Client.email_consent_at,
            Client.preferred_name,
            Program.name.label("program"),
            Group.name.label("group"),
            User.given_name,
            User.family_name,
            enrolled.label("enrolled"),
        )
        .join(Occurrence, RosterEntry.occurrence_id == Occurrence.id)
        .join(Client, RosterEntry.client_id == Client.id)
        .join(Site, Occurrence.site_id == Site.id)
        .join(Series, Occurrence.series_id == Series.id)
        .join(Program, Series.program_id == Program.id)
        .join(Group, Series.group_id == Group.id, isouter=True)
        .join(User, Occurrence.leader_id == User.id)
        .where(
            Occurrence.status == OccurrenceStatus.PLANNED, RosterEntry.released_at.is_(None), ~is_told_off()
        )
        .order_by(RosterEntry.client_id, Occurrence.local_day, Occurrence.id)  # rows are locked in this order
    )


def _grouped(rows: Iterable[Row[Any]]) -> list[ClientDay]:
    days: dict[tuple[int, date], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        days[row.client_id, row.local_day].append(row)
    return [_client_day(sorted(held, key=lambda r: (r.starts_at, r.id))) for held in days.values()]


def _client_day(rows: Sequence[Row[Any]]) -> ClientDay:
    first = rows[0]
    names = {n for r in rows for n in (r.site, r.program, r.group, r.given_name, r.family_name) if n}
    return ClientDay(
        client_id=first.client_id,
        day=first.local_day,
        zone=first.zone,
        sessions=tuple(Expected(row.starts_at, row.id) for row in rows),
        consented=first.email_consent_at is not None,
        address=first.email,
        enrolled=first.enrolled,
        called=first.preferred_name,
        private_names=frozenset(names),
    )


def deliveries(*, from_day: date, until_day: date, client_id: int | None = None) -> list[Delivery]:
    """Return every message about a day of the period, both ends included; of one client if given."""
    statement = (
        select(ReminderDelivery)
        .where(ReminderDelivery.day.between(from_day, until_day))
        .order_by(ReminderDelivery.due_at, ReminderDelivery.id)
    )
    if client_id is not None:
        statement = statement.where(ReminderDelivery.client_id == client_id)
    return [
        Delivery(
            id=row.id,
            dedup_key=row.dedup_key,
            client_id=row.client_id,
            day=row.day,
            planned_start_at=row.planned_start_at,
            state=DeliveryState(row.state),
            reason=row.reason,
            tried_at=row.tried_at,
        )
        for row in db.session.scalars(statement)
    ]


def next_due(*, now: datetime) -> Select[Any]:
    """Return the query for the message to try next at `now`: planned and waiting the longest."""
    return (
        select(ReminderDelivery)
        .where(ReminderDelivery.state == DeliveryState.PLANNED, ReminderDelivery.next_try_at <= now)
        .order_by(ReminderDelivery.next_try_at, ReminderDelivery.id)
        .limit(1)
    )


def is_anything_due(*, now: datetime) -> bool:
    """Return True when `next_due` would find a message; on SQLite keeps nobody from writing."""
    with read_transaction():
        return db.session.scalar(select(next_due(now=now).exists())) is True


def ids_to_settle(*, now: datetime) -> list[str]:
    """Return the messages whose holder has not come back in time, and those that are useless by now."""
    overdue = and_(ReminderDelivery.state == DeliveryState.ATTEMPTING, ReminderDelivery.lease_until <= now)
    useless = and_(ReminderDelivery.state == DeliveryState.PLANNED, ReminderDelivery.expires_at <= now)
    statement = select(ReminderDelivery.id).where(or_(overdue, useless)).order_by(ReminderDelivery.id)
    return list(db.session.scalars(statement))


def outcomes_so_far(delivery_id: str) -> dict[AttemptOutcome, int]:
    """Return how many tries of one message ended in each way."""
    rows = db.session.execute(
        select(ReminderAttempt.outcome, func.count())
        .where(ReminderAttempt.delivery_id == delivery_id)
        .group_by(ReminderAttempt.outcome)
    )
    return {AttemptOutcome(outcome): count for outcome, count in rows}


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message of which nobody knows whether, or how often, it arrived; for staff to look at."""

    delivery_id: str
    client_id: int
    day: date
    tried_at: datetime
    #: True when it was handed over again and accepted, so that the client may have it twice.
    sent_again: bool


def doubtful(*, since: date) -> list[Doubtful]:
    """Return the messages about days from `since` on with a try that ended unknown, oldest first."""
    unknown = exists().where(
        ReminderAttempt.delivery_id == ReminderDelivery.id,
        ReminderAttempt.outcome == AttemptOutcome.UNKNOWN,
    )
    statement = (
        select(ReminderDelivery)
        .where(unknown, ReminderDelivery.day >= since, ReminderDelivery.tried_at.is_not(None))
        .order_by(ReminderDelivery.tried_at, ReminderDelivery.id)
    )
    return [
        Doubtful(row.id, row.client_id, row.day, row.tried_at, sent_again=row.state == DeliveryState.SENT)
        for row in db.session.scalars(statement)
        if row.tried_at is not None
    ]
