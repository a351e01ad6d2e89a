"""Taking attendance: one sheet saved in one transaction, every earlier mark kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.domain.attendance import Mark, check_markable, settle
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.models import AttendanceRecord, AttendanceRevision, Occurrence, RosterEntry, db
from iop_schedule.queries.access import Actor, access_occurrence
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, OccurrenceStatus

#: What “to mark” is stored as once a mark has been taken back.
TAKEN_BACK = AttendanceStatus.ENTERED_IN_ERROR


class SheetRefused(NotPossible):
    """Some marks cannot be saved as they are. Nothing was saved; correct the marked people and save again."""

    def __init__(self, errors: Mapping[int, DomainError]) -> None:
        """Keep what is wrong, by roster entry."""
        super().__init__(None)
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class MarkToSave:
    """One person's mark as it stands on the sheet that is being saved."""

    entry_id: int
    #: The version the sheet showed when it was opened; 0 for “to mark”.
    seen_version: int
    #: None takes the mark back to “to mark”.
    mark: Mark | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SheetSaved:
    """What became of a sheet: how many marks changed, and whose were changed by someone else meanwhile."""

    changed: int
    #: Roster entries where someone else saved a different mark after this sheet was opened; left as is.
    conflicts: tuple[int, ...]


def save_sheet(
    *,
    actor: Actor,
    occurrence_id: int,
    marks: Sequence[MarkToSave],
    now: datetime,
    change_key: str | None = None,
) -> SheetSaved:
    """Save the marks that differ from what is stored, all in one transaction.

    Marks of different people made by two staff members merge. Where someone else changed the same
    person after this sheet was opened, theirs stands and the entry is returned as a conflict. Saving
    the same sheet twice, or a repeated `change_key`, changes nothing.

    Raises:
        NotFound: the session, or one of the entries, is not this person's to mark.
        SessionCancelled, NotYetOpen: attendance cannot be taken now.
        SheetRefused: times that cannot be; nothing was saved.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD)
    # Sheets of one session are saved one after the other; a different session is not held up.
    db.session.refresh(occurrence, with_for_update=True)
    check_markable(
        starts_at=occurrence.starts_at, cancelled=occurrence.status != OccurrenceStatus.PLANNED, now=now
    )
    entries = _entries(occurrence)
    if any(mark.entry_id not in entries for mark in marks):
        raise NotFound
    records = _records(occurrence)
    settled = _settle_all(occurrence, marks)
    done = _already_done(change_key, marks)
    changed, conflicts = 0, []
    for mark in marks:
        record = records.get(mark.entry_id)
        wanted = settled[mark.entry_id]
        if mark.entry_id in done or _same(record, wanted, mark.reason):
            continue
        if mark.seen_version != (record.version if record else 0):
            conflicts.append(mark.entry_id)
            continue
        key = f"{change_key}:{mark.entry_id}" if change_key else None
        _write(actor, entries[mark.entry_id], record, wanted, reason=mark.reason, now=now, key=key)
        changed += 1
    db.session.commit()
    return SheetSaved(changed=changed, conflicts=tuple(conflicts))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A mark as it would be stored."""

    status: AttendanceStatus
    minutes: int
    arrived_at: datetime | None
    left_at: datetime | None


def _entries(occurrence: Occurrence) -> dict[int, RosterEntry]:
    statement = select(RosterEntry).where(
        RosterEntry.occurrence_id == occurrence.id, RosterEntry.released_at.is_(None)
    )
    return {entry.id: entry for entry in db.session.scalars(statement)}


def _records(occurrence: Occurrence) -> dict[int, AttendanceRecord]:
    statement = (
        select(AttendanceRecord)
        .join(AttendanceRecord.entry)
        .where(RosterEntry.occurrence_id == occurrence.id)
    )
    return {record.roster_entry_id: record for record in db.session.scalars(statement)}


def _settle_all(occurrence: Occurrence, marks: Sequence[MarkToSave]) -> dict[int, _Wanted]:
    wanted: dict[int, _Wanted] = {}
    errors: dict[int, DomainError] = {}
    for item in marks:
        mark = item.mark
        if mark is None:
            wanted[item.entry_id] = _Wanted(TAKEN_BACK, 0, None, None)
            continue
        try:
            result = settle(
                mark,
                starts_at=occurrence.starts_at,
                ends_at=occurrence.ends_at,
                break_minutes=occurrence.break_minutes,
            )
        except DomainError as error:
            errors[item.entry_id] = error
            continue
        wanted[item.entry_id] = _Wanted(result.status, result.minutes, mark.arrived_at, mark.left_at)
    if errors:
        raise SheetRefused(errors)
    return wanted


def _already_done(change_key: str | None, marks: Sequence[MarkToSave]) -> set[int]:
    if change_key is None:
        return set()
    keys = {f"{change_key}:{mark.entry_id}": mark.entry_id for mark in marks}
    statement = select(AttendanceRevision.change_key).where(AttendanceRevision.change_key.in_(keys))
    return {keys[key] for key in db.session.scalars(statement) if key is not None}


def _same(record: AttendanceRecord | None, wanted: _Wanted, reason: str) -> bool:
    if record is None:
        return wanted.status is TAKEN_BACK
    stored = (record.status, record.arrived_at, record.left_at, record.reason)
    return stored == (wanted.status, wanted.arrived_at, wanted.left_at, reason)


def _write(
    actor: Actor,
    entry: RosterEntry,
    record: AttendanceRecord | None,
    wanted: _Wanted,
    *,
    reason: str,
    now: datetime,
    key: str | None,
) -> None:
    before = {"status": record.status, "minutes": record.minutes} if record else None
    if record is None:
        record = AttendanceRecord(roster_entry_id=entry.id, version=0)
        db.session.add(record)
    record.status, record.minutes, record.reason = wanted.status, wanted.minutes, reason
    record.arrived_at, record.left_at = wanted.arrived_at, wanted.left_at
    record.version += 1
    record.marked_at, record.marked_by_id = now, actor.user_id
    cleared = wanted.status is TAKEN_BACK
    db.session.add(
        AttendanceRevision(
            roster_entry_id=entry.id,
            version=record.version,
            status=None if cleared else wanted.status,
            minutes=wanted.minutes,
            arrived_at=wanted.arrived_at,
            left_at=wanted.left_at,
            reason=reason,
            marked_at=now,
            marked_by_id=actor.user_id,
            change_key=key,
        )
    )
    corrected = AuditKind.ATTENDANCE_CLEARED if cleared else AuditKind.ATTENDANCE_CORRECTED
    audit.record(
        corrected if before else AuditKind.ATTENDANCE_RECORDED,
        actor=actor,
        now=now,
        subject=("occurrence", entry.occurrence_id),
        client_id=entry.client_id,
        details={"before": before, "after": {"status": wanted.status, "minutes": wanted.minutes}},
    )
