"""Whether a sheet is closed, what it said when it was signed, and everything that was ever on it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased, joinedload

from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import Settled
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.sign_off import count_sheet, is_closed, is_late
from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    Client,
    Occurrence,
    RosterEntry,
    SignOff,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_occurrence
from iop_schedule.queries.names import names_apart
from iop_schedule.vocabulary import AttendanceStatus, OccurrenceStatus, SignOffKind


def sheet_closed() -> ColumnElement[bool]:
    """Return the condition on `Occurrence` that its sheet is signed, imported whole, or did not meet."""
    later = aliased(SignOff)
    last = ~exists().where(later.occurrence_id == SignOff.occurrence_id, later.version > SignOff.version)
    return exists().where(SignOff.occurrence_id == Occurrence.id, SignOff.kind != SignOffKind.REOPENED, last)


def sign_offs_of(occurrence_id: int) -> Sequence[SignOff]:
    """Return everything that was said about a sheet as a whole, the last word last."""
    statement = (
        select(SignOff)
        .where(SignOff.occurrence_id == occurrence_id)
        .order_by(SignOff.version)
        .options(joinedload(SignOff.by).lazyload(User.roles), joinedload(SignOff.by).lazyload(User.sites))
    )
    return db.session.scalars(statement).all()


def is_closed_now(occurrence_id: int) -> bool:
    """Return True when the sheet is closed; asked inside the transaction that holds the session."""
    said = sign_offs_of(occurrence_id)
    return is_closed(SignOffKind(said[-1].kind)) if said else False


@dataclass(frozen=True, slots=True)
class SheetWord:
    """One thing said about the sheet as a whole; times on the site's wall clock."""

    kind: SignOffKind
    at: datetime
    by: str
    by_id: int
    reason: str
    #: By “present”, “in_part”, “excused” and “not_here”.
    counts: Mapping[str, int]
    minutes: int
    is_late: bool


@dataclass(frozen=True, slots=True)
class MarkVersion:
    """One mark as it was set; times on the site's wall clock."""

    version: int
    #: None is “to mark”: the mark was taken back.
    status: AttendanceStatus | None
    minutes: int
    arrived: datetime | None
    left: datetime | None
    reason: str
    at: datetime
    by: str
    #: Why it was changed after the sheet was signed; empty before.
    amendment: str
    is_late: bool
    #: When the device says it was made, for one that waited for a connection.
    claimed: datetime | None


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """Everything that was ever said about one person at one session, oldest first."""

    entry_id: int
    client_id: int
    name: str
    versions: tuple[MarkVersion, ...]


@dataclass(frozen=True, slots=True)
class SheetHistory:
    """All words and marks of a sheet."""

    day: date
    words: tuple[SheetWord, ...]
    people: tuple[PersonHistory, ...]


def late_after(occurrence: Occurrence) -> timedelta:
    """Return how long after a session its program calls an entry late."""
    return timedelta(hours=occurrence.series.program.late_entry_hours)


def words_of(occurrence: Occurrence, tz: ZoneInfo) -> tuple[SheetWord, ...]:
    """Return what was said about the sheet as a whole, oldest first."""
    return tuple(
        SheetWord(
            kind=SignOffKind(row.kind),
            at=row.at.astimezone(tz),
            by=row.by.name,
            by_id=row.by_id,
            reason=row.reason,
            counts=row.counts,
            minutes=row.minutes,
            is_late=is_late(ends_at=occurrence.ends_at, at=row.at, after=late_after(occurrence)),
        )
        for row in sign_offs_of(occurrence.id)
    )


def sheet_history(actor: Actor, occurrence_id: int, *, now: datetime) -> SheetHistory:
    """Return every version of every mark of one session, by preferred name.

    Raises:
        NotFound: the session is not this person's to see.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    tz = civil_time.zone(occurrence.site.zone)
    rows = db.session.execute(
        select(RosterEntry, Client)
        .join(Client, Client.id == RosterEntry.client_id)
        .where(RosterEntry.occurrence_id == occurrence.id)
    ).all()
    names = names_apart([row[1] for row in rows])
    versions = _versions(occurrence, [row[0].id for row in rows], tz)
    people = [
        PersonHistory(entry.id, client.id, names[client.id], versions[entry.id])
        for entry, client in rows
        if entry.released_at is None or versions[entry.id]
    ]
    return SheetHistory(
        day=occurrence.local_day,
        words=words_of(occurrence, tz),
        people=tuple(sorted(people, key=lambda one: (one.name.casefold(), one.entry_id))),
    )


def _versions(
    occurrence: Occurrence, entry_ids: Iterable[int], tz: ZoneInfo
) -> Mapping[int, tuple[MarkVersion, ...]]:
    statement = (
        select(AttendanceRevision, User.given_name, User.family_name)
        .join(User, User.id == AttendanceRevision.marked_by_id)
        .where(AttendanceRevision.roster_entry_id.in_(list(entry_ids)))
        .order_by(AttendanceRevision.roster_entry_id, AttendanceRevision.version)
    )
    found: dict[int, tuple[MarkVersion, ...]] = defaultdict(tuple)
    for row, given, family in db.session.execute(statement):
        found[row.roster_entry_id] += (
            MarkVersion(
                version=row.version,
                status=AttendanceStatus(row.status) if row.status else None,
                minutes=row.minutes,
                arrived=row.arrived_at.astimezone(tz) if row.arrived_at else None,
                left=row.left_at.astimezone(tz) if row.left_at else None,
                reason=row.reason,
                at=row.marked_at.astimezone(tz),
                by=f"{given} {family}".strip(),
                amendment=row.amendment,
                is_late=is_late(ends_at=occurrence.ends_at, at=row.marked_at, after=late_after(occurrence)),
                claimed=row.claimed_at.astimezone(tz) if row.claimed_at else None,
            ),
        )
    return found


def complete_sheets(occurrence_ids: Collection[int], *, now: datetime) -> list[dict[str, Any]]:
    """Return the sheets among these that are over, were never signed and have nobody left to mark.

    Each with its `occurrence_id`, `counts` and `minutes`.
    """
    statement = (
        select(RosterEntry.occurrence_id, AttendanceRecord.status, AttendanceRecord.minutes)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(
            Occurrence.id.in_(occurrence_ids),
            Occurrence.ends_at <= now,
            Occurrence.status == OccurrenceStatus.PLANNED,
            RosterEntry.released_at.is_(None),
            ~exists().where(SignOff.occurrence_id == Occurrence.id),
        )
        .order_by(RosterEntry.occurrence_id)
    )
    sheets: dict[int, list[Settled | None]] = defaultdict(list)
    for occurrence_id, status, minutes in db.session.execute(statement):
        marked = status is not None and status != AttendanceStatus.ENTERED_IN_ERROR
        sheets[occurrence_id].append(Settled(AttendanceStatus(status), minutes) if marked else None)
    found = []
    for occurrence_id, marks in sheets.items():
        settled = [mark for mark in marks if mark is not None]
        if len(settled) == len(marks):
            counts = asdict(count_sheet(settled))
            minutes = counts.pop("minutes")
            found.append({"occurrence_id": occurrence_id, "counts": counts, "minutes": minutes})
    return found
