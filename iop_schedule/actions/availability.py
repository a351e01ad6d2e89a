"""Saving what a client's week holds. Saving never blocks on sessions; what does not fit is returned."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_client
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, ClientConstraint, ConstraintException, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import OpenClash, clashes_of, commitment_of
from iop_schedule.vocabulary import AuditKind, Role

#: More than any week can hold; a file with more is a mistake.
MOST_COMMITMENTS = 200
MOST_EXCEPTIONS = 200


@dataclass(frozen=True, slots=True)
class Saved:
    """What was stored, and which upcoming sessions do not fit any more."""

    ids: tuple[int, ...]
    clashes: tuple[OpenClash, ...]


def add_commitments(
    *, actor: Actor, client_id: int, commitments: Iterable[Commitment], now: datetime
) -> Saved:
    """Add commitments to a client's week, all or none; by the client or their staff.

    Raises:
        NotFound, NotAllowed: not this person's to change.
        NotPossible: too many for one week.
    """
    client = client_to_change(actor, client_id, now)
    lock_client(client.id)
    given = list(commitments)
    check_room_for(client.id, given, now)
    rows = [new_row(client.id, one, actor, now) for one in given]
    db.session.add_all(rows)
    db.session.flush()
    for row in rows:
        record(AuditKind.CONSTRAINT_ADDED, actor, row, now)
    db.session.commit()
    return saved(client.id, rows, now)


def add_commitment(*, actor: Actor, client_id: int, commitment: Commitment, now: datetime) -> Saved:
    """Add one commitment to a client's week; raises as `add_commitments`."""
    return add_commitments(actor=actor, client_id=client_id, commitments=[commitment], now=now)


def change_commitment(*, actor: Actor, commitment_id: int, commitment: Commitment, now: datetime) -> Saved:
    """Change a commitment from today on; until yesterday it stays as it was.

    A shift that changed is a fact that engagement looks at, so the past is not rewritten: the old
    commitment ends and a new one begins. One that has not begun yet is replaced whole.

    Raises:
        NotFound: no such commitment, or not this person's to change.
    """
    row = _own(actor, commitment_id, now)
    today = local_day(now, zone(row.client.site.zone))
    given = [commitment]
    check_room_for(row.client_id, given, now)
    if row.day is not None or row.from_day >= today:
        _withdraw(row, actor, now)
        new = new_row(row.client_id, commitment, actor, now)
    else:
        row.until_day = _earlier(row.until_day, today - timedelta(days=1))
        first = max(commitment.from_day, today) if commitment.is_weekly else commitment.from_day
        if commitment.until_day is not None and commitment.until_day < first:
            message = "The last day must be today or later."
            raise NotPossible(message, field="until_day")
        new = new_row(row.client_id, replace(commitment, from_day=first), actor, now)
    db.session.add(new)
    db.session.flush()
    record(AuditKind.CONSTRAINT_CHANGED, actor, new, now, was=row.id)
    db.session.commit()
    return saved(new.client_id, [new], now)


def end_commitment(*, actor: Actor, commitment_id: int, last_day: date, now: datetime) -> Saved:
    """Let a commitment hold until `last_day`, included.

    Raises:
        NotFound: no such commitment, or not this person's to change.
        NotPossible: `last_day` lies before its first day; then it was a mistake: take it back instead.
    """
    row = _own(actor, commitment_id, now)
    if last_day < row.from_day:
        message = "It has not begun by then. Take it back instead."
        raise NotPossible(message, field="until_day")
    row.until_day = last_day
    record(AuditKind.CONSTRAINT_ENDED, actor, row, now)
    db.session.commit()
    return saved(row.client_id, [row], now)


def withdraw_commitment(*, actor: Actor, commitment_id: int, now: datetime) -> Saved:
    """Take back a commitment entered by mistake: it never held. Stays on record.

    Raises:
        NotFound: no such commitment, or not this person's to change.
    """
    row = _own(actor, commitment_id, now)
    _withdraw(row, actor, now)
    record(AuditKind.CONSTRAINT_WITHDRAWN, actor, row, now)
    db.session.commit()
    return saved(row.client_id, [row], now)


def replace_commitments(
    *,
    actor: Actor,
    client_id: int,
    remove_ids: Collection[int],
    commitments: Iterable[Commitment],
    now: datetime,
) -> Saved:
    """Let some commitments end and others begin today, all or nothing.

    What began before today held until yesterday and stays on record; what did not begin is taken back.

    Raises:
        NotFound, NotAllowed: the client, or one of the commitments, is not this person's to change.
        NotPossible: too many for one week.
    """
    client = client_to_change(actor, client_id, now)
    lock_client(client.id)
    today = local_day(now, zone(client.site.zone))
    given = list(commitments)
    check_room_for(client.id, given, now)
    for commitment_id in sorted(remove_ids):
        row = _own(actor, commitment_id, now)
        if row.client_id != client.id:
            raise NotFound
        stop(row, actor, today, now)
    rows = [new_row(client.id, one, actor, now) for one in given]
    db.session.add_all(rows)
    db.session.flush()
    for row in rows:
        record(AuditKind.CONSTRAINT_ADDED, actor, row, now)
    db.session.commit()
    return saved(client.id, rows, now)


def stop(row: ClientConstraint, actor: Actor, today: date, now: datetime) -> None:
    """Let a commitment hold until yesterday; take it back when it has not begun by then."""
    if row.day is not None or row.from_day >= today:
        _withdraw(row, actor, now)
        record(AuditKind.CONSTRAINT_WITHDRAWN, actor, row, now)
        return
    row.until_day = _earlier(row.until_day, today - timedelta(days=1))
    record(AuditKind.CONSTRAINT_ENDED, actor, row, now)


def except_day(*, actor: Actor, commitment_id: int, day: date, holds: bool, now: datetime) -> Saved:
    """Say that a weekly commitment does not hold on one date, or that it does after all.

    Raises:
        NotFound: no such commitment, or not this person's to change.
        NotPossible: it is no weekly one, or does not fall on that day.
    """
    row = _own(actor, commitment_id, now)
    listed = {exception.day: exception for exception in row.exceptions}
    commitment = replace(commitment_of(row), exceptions=frozenset())
    if not commitment.is_weekly or not commitment.begins_on(day):
        message = f"This does not fall on {day:%A}, {day:%B} {day.day}. Choose one of its days."
        raise NotPossible(message, field="day")
    if holds and day in listed:
        db.session.delete(listed[day])
    elif not holds and day not in listed:
        row.exceptions.append(ConstraintException(day=day))
    db.session.flush()
    record(AuditKind.CONSTRAINT_CHANGED, actor, row, now, day=str(day), holds=holds)
    db.session.commit()
    db.session.expire(row, ["exceptions"])
    return saved(row.client_id, [row], now)


def client_to_change(actor: Actor, client_id: int, now: datetime) -> Client:
    """Return the client, for the client or staff who may change their times.

    Raises:
        NotFound, NotAllowed: not this person's to change.
    """
    permission = Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT
    return access_client(actor, client_id, permission, now=now)


def _own(actor: Actor, commitment_id: int, now: datetime) -> ClientConstraint:
    """Return a commitment that has not been taken back, of a client `actor` may change, locked."""
    row = db.session.get(ClientConstraint, commitment_id)
    if row is None:
        actor.require(Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT)
        raise NotFound
    client_to_change(actor, row.client_id, now)
    lock_client(row.client_id)
    db.session.refresh(row)
    if row.withdrawn_at is not None:
        raise NotFound
    return row


def check_room_for(client_id: int, given: list[Commitment], now: datetime) -> None:
    """Refuse more commitments than a week can hold; those that are over count no more.

    Raises:
        NotPossible: too many.
    """
    yesterday = local_day(now, zone(db.session.get_one(Client, client_id).site.zone)) - timedelta(days=1)
    open_ones = select(ClientConstraint.id).where(
        ClientConstraint.client_id == client_id,
        ClientConstraint.withdrawn_at.is_(None),
        func.coalesce(ClientConstraint.day, ClientConstraint.until_day, yesterday) >= yesterday,
    )
    if len(db.session.scalars(open_ones).all()) + len(given) > MOST_COMMITMENTS:
        message = f"A week holds at most {MOST_COMMITMENTS} entries. Remove some first."
        raise NotPossible(message)
    if any(len(one.exceptions) > MOST_EXCEPTIONS for one in given):
        message = f"Enter at most {MOST_EXCEPTIONS} single dates."
        raise NotPossible(message, field="exceptions")


def new_row(client_id: int, commitment: Commitment, actor: Actor, now: datetime) -> ClientConstraint:
    """Return a commitment as a row that is not stored yet."""
    return ClientConstraint(
        client_id=client_id,
        kind=commitment.kind,
        label=" ".join(commitment.label.split()),
        weekday=None if commitment.weekday is None else int(commitment.weekday),
        day=commitment.day,
        local_start=commitment.local_start,
        local_end=commitment.local_end,
        ends_next_day=commitment.ends_next_day,
        week=commitment.week,
        anchor_day=commitment.anchor_day,
        from_day=commitment.from_day,
        until_day=commitment.until_day,
        hard=commitment.hard,
        negotiable=commitment.negotiable,
        travel_before=commitment.travel_before,
        travel_after=commitment.travel_after,
        exceptions=[ConstraintException(day=day) for day in sorted(commitment.exceptions)],
        created_at=now,
        created_by_id=actor.user_id,
    )


def _withdraw(row: ClientConstraint, actor: Actor, now: datetime) -> None:
    row.withdrawn_at, row.withdrawn_by_id = now, actor.user_id


def _earlier(day: date | None, other: date) -> date:
    return other if day is None else min(day, other)


def record(kind: AuditKind, actor: Actor, row: ClientConstraint, now: datetime, **more: object) -> None:
    """Write a change of a commitment down.

    Its kind and label are the client's own business: the trail holds times only.
    """
    audit.record(
        kind,
        actor=actor,
        now=now,
        subject=("constraint", row.id),
        client_id=row.client_id,
        details={
            "weekday": row.weekday,
            "day": str(row.day) if row.day else None,
            "start": row.local_start.isoformat("minutes"),
            "end": row.local_end.isoformat("minutes"),
            "until": str(row.until_day) if row.until_day else None,
            "hard": row.hard,
            "negotiable": row.negotiable,
            **more,
        },
    )


def saved(client_id: int, rows: list[ClientConstraint], now: datetime) -> Saved:
    """Return what was stored, with the upcoming sessions that do not fit it."""
    ids = tuple(row.id for row in rows)
    found = [clash for clash in clashes_of(client_id, now=now) if clash.commitment_id in ids]
    return Saved(ids, tuple(found))
