"""Taking over what an uploaded calendar or a pasted list of shifts says about a client's week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from iop_schedule.actions import audit
from iop_schedule.actions.availability import (
    MOST_EXCEPTIONS,
    Saved,
    check_room_for,
    client_to_change,
    new_row,
    record,
    saved,
    stop,
)
from iop_schedule.actions.locks import lock_client
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import days_between, local_day, zone
from iop_schedule.errors import NotFound
from iop_schedule.models import ClientConstraint, CommitmentUpload, ConstraintException, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.availability import commitment_of
from iop_schedule.queries.uploads import standing_upload
from iop_schedule.vocabulary import AuditKind, ConstraintKind, UploadSource, WeekParity

#: A Monday, to compare which weeks two alternating commitments mean.
_SOME_MONDAY = date(2026, 1, 5)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a person keeps of a calendar: busy times only."""

    kind: ConstraintKind
    source: UploadSource
    commitments: tuple[Commitment, ...]
    #: The last day it was read for.
    until_day: date


def take_over(
    *, actor: Actor, client_id: int, understood: Understood, replaces_id: int | None, now: datetime
) -> Saved:
    """Store the times a calendar said; those of the one it replaces end today, all or nothing.

    A time that both say goes on as it is: only what differs begins or ends.

    Raises:
        NotFound, NotAllowed: the client, or the upload it replaces, is not this person's to change.
        NotPossible: more than a week can hold.
    """
    client = client_to_change(actor, client_id, now)
    lock_client(client.id)
    today = local_day(now, zone(client.site.zone))
    before = _replaced(client.id, replaces_id, actor, now)
    kept, added = _matched(before, understood, today)
    for row in before:
        if row not in kept:
            stop(row, actor, today, now)
    check_room_for(client.id, added, now)
    rows = [new_row(client.id, one, actor, now) for one in added]
    upload = CommitmentUpload(
        client_id=client.id,
        kind=understood.kind,
        source=understood.source,
        until_day=understood.until_day,
        created_at=now,
        created_by_id=actor.user_id,
        commitments=[*kept, *rows],
    )
    db.session.add(upload)
    db.session.flush()
    for row in rows:
        record(AuditKind.CONSTRAINT_ADDED, actor, row, now)
    counts: dict[str, object] = {"kept": len(kept), "added": len(rows), "replaces": replaces_id}
    _note(AuditKind.TIMES_UPLOADED, actor, upload, now, counts)
    db.session.commit()
    return saved(client.id, rows, now)


def remove_upload(*, actor: Actor, client_id: int, upload_id: int, now: datetime) -> None:
    """End every time that came from an upload; earlier weeks stay as they were.

    Raises:
        NotFound, NotAllowed: not this person's to change, or replaced or removed already.
    """
    client = client_to_change(actor, client_id, now)
    lock_client(client.id)
    today = local_day(now, zone(client.site.zone))
    for row in _replaced(client.id, upload_id, actor, now):
        stop(row, actor, today, now)
    upload = db.session.get_one(CommitmentUpload, upload_id)
    _note(AuditKind.TIMES_UPLOAD_REMOVED, actor, upload, now, {})
    db.session.commit()


def _replaced(
    client_id: int, upload_id: int | None, actor: Actor, now: datetime
) -> Sequence[ClientConstraint]:
    """Close the upload and return its commitments that have not been taken back or ended."""
    if upload_id is None:
        return ()
    upload = standing_upload(client_id, upload_id)
    if upload is None:
        raise NotFound
    upload.ended_at, upload.ended_by_id = now, actor.user_id
    today = local_day(now, zone(upload.client.site.zone))
    return [row for row in upload.commitments if row.withdrawn_at is None and not _is_past(row, today)]


def _is_past(row: ClientConstraint, today: date) -> bool:
    last = row.day or row.until_day
    return last is not None and last < today


def _matched(
    before: Iterable[ClientConstraint], understood: Understood, today: date
) -> tuple[list[ClientConstraint], list[Commitment]]:
    """Return the rows that go on, changed to hold exactly as long as said now, and what is new."""
    by_hours: dict[object, ClientConstraint] = {_hours(commitment_of(row)): row for row in before}
    kept: list[ClientConstraint] = []
    added: list[Commitment] = []
    for one in understood.commitments:
        row = by_hours.pop(_hours(one), None)
        if row is not None and _goes_on(row, one, today, understood.until_day):
            kept.append(row)
        else:
            added.append(one)
    return kept, added


def _hours(one: Commitment) -> object:
    """Return what makes two commitments the same but for how long, and except when, they hold."""
    phase = one.in_week_of(_SOME_MONDAY) if one.week is not WeekParity.EVERY else None
    return one.kind, one.weekday, one.day, one.local_start, one.local_end, one.ends_next_day, phase, one.hard


def _goes_on(row: ClientConstraint, one: Commitment, today: date, last_read: date) -> bool:
    """Let a standing commitment hold on the dates of `one` from today on; False when it cannot say that."""
    if row.day is not None:
        return True
    if row.from_day > max(today, one.from_day):
        return False
    last = one.until_day or last_read
    without_limits = Commitment(
        kind=one.kind,
        weekday=one.weekday,
        local_start=one.local_start,
        local_end=one.local_end,
        ends_next_day=one.ends_next_day,
        week=one.week,
        anchor_day=one.anchor_day,
        from_day=min(today, one.from_day),
    )
    left_out = {
        day for day in days_between(today, last) if without_limits.begins_on(day) and not one.begins_on(day)
    }
    past = {exception.day for exception in row.exceptions if exception.day < today}
    if len(left_out | past) > MOST_EXCEPTIONS:
        return False
    row.until_day = one.until_day
    listed = {exception.day: exception for exception in row.exceptions}
    for day in listed.keys() - left_out - past:
        row.exceptions.remove(listed[day])
        db.session.delete(listed[day])
    row.exceptions.extend(ConstraintException(day=day) for day in sorted(left_out - listed.keys()))
    return True


def _note(
    kind: AuditKind, actor: Actor, upload: CommitmentUpload, now: datetime, details: dict[str, object]
) -> None:
    audit.record(
        kind, actor=actor, now=now, subject=("upload", upload.id), client_id=upload.client_id, details=details
    )
