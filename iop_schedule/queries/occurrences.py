"""Dated sessions: what stands, and what else is at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import zone
from iop_schedule.domain.occurrences import Closed, Existing
from iop_schedule.models import AttendanceRecord, Closure, Occurrence, RosterEntry, Series, db
from iop_schedule.queries.availability import session_name
from iop_schedule.vocabulary import AttendanceStatus, CancelCause, OccurrenceStatus

#: A mark that was taken back is none.
_STANDS = AttendanceRecord.status != AttendanceStatus.ENTERED_IN_ERROR


def closures_of(site_id: int, program_id: int | None = None) -> list[Closed]:
    """Return the closed days of a site; with a program also those of that program alone."""
    statement = select(Closure).where(Closure.site_id == site_id)
    statement = statement.where((Closure.program_id.is_(None)) | (Closure.program_id == program_id))
    rows = db.session.scalars(statement.order_by(Closure.from_day, Closure.id))
    return [Closed(row.from_day, row.until_day, row.name) for row in rows]


def has_attendance() -> ColumnElement[bool]:
    """Return the condition that someone's attendance has been recorded for an occurrence and stands."""
    return exists().where(
        RosterEntry.occurrence_id == Occurrence.id,
        AttendanceRecord.roster_entry_id == RosterEntry.id,
        _STANDS,
    )


def is_marked() -> ColumnElement[bool]:
    """Return the condition that a roster entry's attendance has been recorded and stands."""
    return exists().where(AttendanceRecord.roster_entry_id == RosterEntry.id, _STANDS)


def existing_of(occurrence: Occurrence | Any, *, attended: bool) -> Existing:
    """Return a stored session, or a row of its columns, as planning looks at it."""
    status = OccurrenceStatus(occurrence.status)
    cause = CancelCause(occurrence.cancel_cause) if occurrence.cancel_cause else None
    if status is OccurrenceStatus.CANCELLED and cause is None:
        cause = CancelCause.BY_HAND
    return Existing(
        id=occurrence.id,
        original_day=occurrence.original_day,
        local_day=occurrence.local_day,
        starts_at=occurrence.starts_at,
        status=status,
        cause=cause,
        edited=occurrence.edited,
        has_attendance=attended,
    )


def attendance_exists(occurrence_id: int) -> bool:
    """Return True when someone's attendance has been recorded for the session and stands."""
    statement = select(Occurrence.id).where(Occurrence.id == occurrence_id, has_attendance())
    return db.session.scalar(statement) is not None


def begun_until(series_id: int, *, now: datetime) -> date | None:
    """Return the last day of a series whose session has begun, wherever it was moved to."""
    statement = select(func.max(Occurrence.original_day))
    return db.session.scalar(
        statement.where(
            Occurrence.series_id == series_id,
            Occurrence.starts_at <= now,
            Occurrence.status != OccurrenceStatus.CANCELLED,
        )
    )


@dataclass(frozen=True, slots=True)
class OtherSession:
    """A session that has the time, in words for staff; never a client's name."""

    occurrence_id: int
    site_id: int
    what: str
    day: date


def at_that_time(
    starts_at: datetime, ends_at: datetime, *, ignore: Collection[int] = ()
) -> Select[Occurrence]:
    """Return the query for sessions that are held between two instants, half-open."""
    return (
        select(Occurrence)
        .where(
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at < ends_at,
            Occurrence.ends_at > starts_at,
            Occurrence.id.not_in(list(ignore)),
        )
        .options(joinedload(Occurrence.series).joinedload(Series.group), joinedload(Occurrence.site))
        .order_by(Occurrence.starts_at, Occurrence.id)
    )


def first_of(statement: Select[Occurrence]) -> OtherSession | None:
    """Return the first session of a query, in words; None when there is none."""
    occurrence = db.session.scalars(statement.limit(1)).first()
    if occurrence is None:
        return None
    starts = occurrence.starts_at.astimezone(zone(occurrence.site.zone))
    clock = f"{starts.hour % 12 or 12}:{starts.minute:02} {'am' if starts.hour < 12 else 'pm'}"  # noqa: PLR2004
    what = f"{session_name(occurrence.series)} ({starts:%a, %b} {starts.day}, {clock})"
    return OtherSession(occurrence.id, occurrence.site_id, what, occurrence.local_day)


def expected_at(occurrence_id: int) -> list[RosterEntry]:
    """Return who is expected at a session, by name."""
    statement = (
        select(RosterEntry)
        .where(RosterEntry.occurrence_id == occurrence_id, RosterEntry.released_at.is_(None))
        .options(joinedload(RosterEntry.client))
    )
    return sorted(db.session.scalars(statement), key=lambda entry: (entry.client.short_name, entry.id))


def clients_busy(
    client_ids: Iterable[int], starts_at: datetime, ends_at: datetime, *, ignore: Collection[int] = ()
) -> dict[int, OtherSession]:
    """Return, for each client with another session between two instants, that session."""
    statement = (
        at_that_time(starts_at, ends_at, ignore=ignore)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(RosterEntry.client_id.in_(list(client_ids)), RosterEntry.released_at.is_(None))
        .add_columns(RosterEntry.client_id)
    )
    found = {}
    for occurrence, client_id in db.session.execute(statement):
        found[client_id] = OtherSession(
            occurrence.id, occurrence.site_id, session_name(occurrence.series), occurrence.local_day
        )
    return found
