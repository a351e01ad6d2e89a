"""What the outbox holds and what it should hold: the facts behind `domain/reminders`."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from iop_schedule.domain import civil_time
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.domain.reminders import DEFAULT_POLICY, ClientDay, Delivery, Expected, NudgePolicy, Reach
from iop_schedule.models import (
    Client,
    Enrollment,
    EnrollmentPause,
    Group,
    Occurrence,
    Program,
    ReminderAttempt,
    ReminderDelivery,
    ReminderReply,
    RosterEntry,
    Series,
    Site,
    User,
    db,
)
from iop_schedule.models.base import read_transaction
from iop_schedule.queries.contacts import reaches
from iop_schedule.queries.notices import is_told_off
from iop_schedule.vocabulary import (
    Answer,
    AttemptOutcome,
    CancelCause,
    Channel,
    DeliveryPurpose,
    DeliveryState,
    EnrollmentStatus,
    OccurrenceStatus,
)

log = logging.getLogger(__name__)

#: The channels there are, the one that disturbs most first.
CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.IN_APP)


def client_days(
    *,
    from_day: date,
    until_day: date,
    channels: Sequence[Channel] = CHANNELS,
    policy: NudgePolicy = DEFAULT_POLICY,
    client_ids: Collection[int] | None = None,
) -> list[ClientDay]:
    """Return what every client has on each day of the period, both ends included, once for each channel.

    Also days on which everything was called off or moved away: there may be something to tell.
    """
    about = or_(
        Occurrence.local_day.between(from_day, until_day),
        Occurrence.original_day.between(from_day, until_day),
    )
    statement = _rostered().where(about)
    if client_ids is not None:
        statement = statement.where(RosterEntry.client_id.in_(client_ids))
    rows = db.session.execute(statement).all()
    ways = reaches({row.client_id for row in rows}, channels, policy=policy)
    days = _grouped(rows, ways)
    return [day for day in days if from_day <= day.day <= until_day]


def lock_client(client_id: int) -> None:
    """Keep everything about how a client is written to as it is until the commit.

    Whoever withdraws consent or answers at the same moment, and takes the same lock, comes entirely before
    or entirely after; two messages to one client are armed one after the other.
    """
    lock_clients([client_id])


def lock_clients(client_ids: Iterable[int]) -> None:
    """Keep everything about how these clients are written to as it is; always locked in one order."""
    wanted = sorted(set(client_ids))
    if wanted:
        statement = select(Client.id).where(Client.id.in_(wanted)).order_by(Client.id)
        db.session.execute(statement.with_for_update(key_share=True))


def held_client_days(
    about: Collection[tuple[int, date]], channel: Channel, *, policy: NudgePolicy = DEFAULT_POLICY
) -> dict[tuple[int, date], ClientDay]:
    """Return what clients have on days, and keep that as it is until the commit; what is unknown is left out.

    Whoever cancels a session at the same moment comes entirely before or entirely after. The clients are
    locked already.
    """
    client_ids = sorted({client_id for client_id, _ in about})
    days = sorted({day for _, day in about})
    on_them = or_(Occurrence.local_day.in_(days), Occurrence.original_day.in_(days))
    statement = _rostered().where(RosterEntry.client_id.in_(client_ids), on_them)
    rows = db.session.execute(statement.with_for_update(read=True, of=[Occurrence, RosterEntry])).all()
    ways = reaches(client_ids, [channel], policy=policy)
    return {key: found for found in _grouped(rows, ways) if (key := (found.client_id, found.day)) in about}


def is_enrolled(client_id: Any, day: Any) -> ColumnElement[bool]:
    """Return the condition that a client is in an active enrollment, not paused, on a day."""
    return exists().where(
        Enrollment.client_id == client_id,
        Enrollment.status == EnrollmentStatus.ACTIVE,
        Enrollment.from_day <= day,
        or_(Enrollment.until_day.is_(None), Enrollment.until_day >= day),
        # Two levels deep the day would otherwise be that of any session there is.
        ~exists()
        .where(
            EnrollmentPause.enrollment_id == Enrollment.id,
            EnrollmentPause.from_day <= day,
            or_(EnrollmentPause.until_day.is_(None), EnrollmentPause.until_day >= day),
        )
        .correlate_except(EnrollmentPause),
    )


def is_expected(client_id: Any, day: Any) -> ColumnElement[bool]:
    """Return the condition that a client's care goes on after a day: they wait, are planned or are active."""
    return exists().where(
        Enrollment.client_id == client_id,
        Enrollment.status.in_(
            [EnrollmentStatus.PLANNED, EnrollmentStatus.WAITLISTED, EnrollmentStatus.ACTIVE]
        ),
        or_(Enrollment.until_day.is_(None), Enrollment.until_day >= day),
    )


@cache
def _rostered() -> Select[*tuple[Any, ...]]:
    return (
        select(
            RosterEntry.client_id,
            RosterEntry.released_at,
            Occurrence.local_day,
            Occurrence.original_day,
            Occurrence.id,
            Occurrence.starts_at,
            Occurrence.status,
            Occurrence.cancel_cause,
            Series.local_start,
            Site.zone,
            Site.name.label("site"),
            Client.preferred_name,
            Program.name.label("program"),
            Group.name.label("group"),
            User.given_name,
            User.family_name,
            is_enrolled(Client.id, Occurrence.local_day).label("enrolled"),
            is_enrolled(Client.id, Occurrence.original_day).label("enrolled_before_move"),
            or_(is_told_off(), _answered_off()).label("off"),
        )
        .join(Occurrence, RosterEntry.occurrence_id == Occurrence.id)
        .join(Client, RosterEntry.client_id == Client.id)
        .join(Site, Occurrence.site_id == Site.id)
        .join(Series, Occurrence.series_id == Series.id)
        .join(Program, Series.program_id == Program.id)
        .join(Group, Series.group_id == Group.id, isouter=True)
        .join(User, Occurrence.leader_id == User.id)
        .order_by(RosterEntry.client_id, Occurrence.local_day, Occurrence.id)  # rows are locked in this order
    )


def _answered_off() -> ColumnElement[bool]:
    """Return the condition that a client without an account has answered that they cannot come that day."""
    later = aliased(ReminderReply)
    return and_(
        Client.user_id.is_(None),
        exists().where(
            ReminderReply.client_id == Client.id,
            ReminderReply.day == Occurrence.local_day,
            ReminderReply.answer == Answer.CANNOT,
            ~exists().where(
                later.client_id == ReminderReply.client_id,
                later.day == ReminderReply.day,
                later.id > ReminderReply.id,
            ),
        ),
    )


def _grouped(rows: Iterable[Row[Any]], ways: Mapping[int, Sequence[Reach]]) -> list[ClientDay]:
    """Return the days the rows are about: the day a session is held on, and the one its rule gave it."""
    days: dict[tuple[int, date], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        for day in {row.local_day, row.original_day}:
            days[row.client_id, day].append(row)
    return [
        replace(found, reach=reach)
        for (client_id, day), held in days.items()
        if (found := _client_day(day, sorted(held, key=lambda r: (r.starts_at, r.id)), ways[client_id][0]))
        for reach in ways[client_id]
    ]


def _client_day(day: date, rows: Sequence[Row[Any]], reach: Reach) -> ClientDay | None:
    first = rows[0]
    try:
        tz = civil_time.zone(first.zone)
    except UnknownZone:
        log.warning("a session's site has no usable zone", extra={"item_id": first.id})
        return None
    here = [row for row in rows if row.local_day == day and _is_on(row)]
    rules = {row.id: civil_time.instant(row.original_day, row.local_start, tz) for row in rows}
    usual = [rules[row.id] for row in rows if row.original_day == day and _is_usual(row)]
    names = {n for r in rows for n in (r.site, r.program, r.group, r.given_name, r.family_name) if n}
    return ClientDay(
        client_id=first.client_id,
        day=day,
        zone=first.zone,
        sessions=tuple(Expected(row.starts_at, row.id) for row in here),
        reach=reach,
        enrolled=all(row.enrolled if row.local_day == day else row.enrolled_before_move for row in rows),
        usual=tuple(sorted(usual)),
        moved=any(row.starts_at != rules[row.id] for row in here),
        told_off=tuple(sorted(row.starts_at for row in rows if row.local_day == day and row.off)),
        occurrence_id=first.id,
        called=first.preferred_name,
        private_names=frozenset(names),
    )


def _is_on(row: Row[Any]) -> bool:
    return bool(row.status == OccurrenceStatus.PLANNED and row.released_at is None and not row.off)


def _is_usual(row: Row[Any]) -> bool:
    """Return True for a session clients may have counted on: in their week, and not ended by plan."""
    return bool(row.released_at is None and row.cancel_cause != CancelCause.ENDED)


def deliveries(
    *, from_day: date, until_day: date, client_ids: Collection[int] | None = None
) -> list[Delivery]:
    """Return every message about a client's day in the period, both ends included, of all clients or some."""
    about_a_day = [purpose for purpose in DeliveryPurpose if purpose.is_about_a_day]
    statement = (
        select(ReminderDelivery)
        .where(
            ReminderDelivery.day.between(from_day, until_day),
            ReminderDelivery.purpose.in_(about_a_day),
            ReminderDelivery.client_id.is_not(None),
        )
        .order_by(ReminderDelivery.due_at, ReminderDelivery.id)
    )
    if client_ids is not None:
        statement = statement.where(ReminderDelivery.client_id.in_(client_ids))
    return [as_domain(row) for row in db.session.scalars(statement)]


def as_domain(row: ReminderDelivery) -> Delivery:
    """Return a message about a client as the rules see it."""
    return Delivery(
        id=row.id,
        dedup_key=row.dedup_key,
        client_id=row.client_id or 0,
        day=row.day,
        planned_start_at=row.planned_start_at,
        state=DeliveryState(row.state),
        channel=Channel(row.channel),
        purpose=DeliveryPurpose(row.purpose),
        tells=tuple(datetime.fromisoformat(start) for start in row.tells),
        reason=row.reason,
        tried_at=row.tried_at,
    )


def keys_of(purpose: DeliveryPurpose, *, since: date) -> set[str]:
    """Return the keys of the messages for one purpose about days from `since` on."""
    return set(
        db.session.scalars(
            select(ReminderDelivery.dedup_key).where(
                ReminderDelivery.purpose == purpose, ReminderDelivery.day >= since
            )
        )
    )


def staff_messages(*, since: date) -> frozenset[tuple[int, DeliveryPurpose, date]]:
    """Return reader, purpose and day of every message to staff about days from `since` on."""
    rows = db.session.execute(
        select(ReminderDelivery.user_id, ReminderDelivery.purpose, ReminderDelivery.day).where(
            ReminderDelivery.user_id.is_not(None), ReminderDelivery.day >= since
        )
    )
    return frozenset((row.user_id, DeliveryPurpose(row.purpose), row.day) for row in rows)


def next_due(*, now: datetime, channels: Sequence[Channel] = CHANNELS) -> Select[Any]:
    """Return the query for the messages to try next over `channels`, the one waiting longest first."""
    return (
        select(ReminderDelivery)
        .where(
            ReminderDelivery.state == DeliveryState.PLANNED,
            ReminderDelivery.next_try_at <= now,
            ReminderDelivery.channel.in_(channels),
        )
        .order_by(ReminderDelivery.next_try_at, ReminderDelivery.id)
    )


def channel_waiting_longest(*, now: datetime, channels: Sequence[Channel] = CHANNELS) -> Channel | None:
    """Return the channel of the first message of `next_due`, if any; on SQLite keeps nobody from writing."""
    with read_transaction():
        found = db.session.scalar(
            next_due(now=now, channels=channels).with_only_columns(ReminderDelivery.channel).limit(1)
        )
    return None if found is None else Channel(found)


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
    client_id: int | None
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
