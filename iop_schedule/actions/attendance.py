"""Taking attendance: one sheet saved in one transaction, every earlier mark kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.domain.attendance import Mark, cancellation_status, check_markable, settle
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.sign_off import (
    NothingToAmend,
    SheetChanged,
    SheetClosed,
    SheetOpen,
    reason_for_change,
)
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    Occurrence,
    RosterEntry,
    SessionNotice,
    db,
)
from iop_schedule.queries.access import Actor, access_occurrence
from iop_schedule.queries.sign_off import is_closed_now
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, NoticeKind, OccurrenceStatus

#: What “to mark” is stored as once a mark has been taken back.
TAKEN_BACK = AttendanceStatus.ENTERED_IN_ERROR


class KeyReused(NotPossible):
    """This change was sent before with something else in it. Load the page again and repeat your entry."""


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
    #: When the device says it was made, for a mark that waited for a connection.
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SheetSaved:
    """What became of a sheet: how many marks changed, and whose were changed by someone else meanwhile."""

    changed: int
    #: Roster entries where someone else saved a different mark after this sheet was opened; left as is.
    conflicts: tuple[int, ...]
    #: The version of each mark on the sheet that stands now, by roster entry.
    versions: Mapping[int, int]


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
        SheetClosed: the sheet is signed, and this would change it.
        SheetRefused: times that cannot be; nothing was saved.
        KeyReused: `change_key` was sent before with something else.
    """
    occurrence = lock_sheet(actor, occurrence_id, now=now)
    check_markable(
        starts_at=occurrence.starts_at, cancelled=occurrence.status != OccurrenceStatus.PLANNED, now=now
    )
    entries = _entries(occurrence)
    if any(mark.entry_id not in entries for mark in marks):
        raise NotFound
    records = records_of(occurrence)
    settled = _settle_all(occurrence, marks)
    done = _already_done(change_key, marks, settled)
    wanted = [
        mark
        for mark in marks
        if mark.entry_id not in done
        and not _same(records.get(mark.entry_id), settled[mark.entry_id], mark.reason)
    ]
    conflicts = [mark.entry_id for mark in wanted if mark.seen_version != _version(records, mark.entry_id)]
    changes = [mark for mark in wanted if mark.entry_id not in conflicts]
    if wanted and is_closed_now(occurrence.id):
        raise SheetClosed
    site_id = occurrence.site_id
    for mark in changes:
        key = f"{change_key}:{mark.entry_id}" if change_key else None
        entry, record = entries[mark.entry_id], records.get(mark.entry_id)
        records[mark.entry_id] = _write(
            actor, entry, record, settled[mark.entry_id], mark=mark, now=now, key=key, site_id=site_id
        )
    versions = {entry_id: _version(records, entry_id) for entry_id in entries}
    db.session.commit()
    return SheetSaved(changed=len(changes), conflicts=tuple(conflicts), versions=versions)


def amend_mark(
    *,
    actor: Actor,
    occurrence_id: int,
    mark: MarkToSave,
    why: str,
    now: datetime,
    change_key: str | None = None,
) -> int:
    """Change one mark on a signed sheet, with the reason; every earlier version stays. Return its version.

    Raises:
        NotFound: the session or the entry is not this person's to mark.
        SheetOpen: the sheet is not signed.
        ReasonMissing: no reason was given.
        NothingToAmend: that is what the sheet says already.
        SheetChanged: someone else amended the same mark meanwhile.
        SheetRefused: times that cannot be.
    """
    reason = reason_for_change(why)
    occurrence = lock_sheet(actor, occurrence_id, now=now)
    entries, records = _entries(occurrence), records_of(occurrence)
    if mark.entry_id not in entries:
        raise NotFound
    if not is_closed_now(occurrence.id) or occurrence.status != OccurrenceStatus.PLANNED:
        raise SheetOpen
    wanted = _settle_all(occurrence, [mark])
    standing = records.get(mark.entry_id)
    if mark.entry_id in _already_done(change_key, [mark], wanted):
        return _version(records, mark.entry_id)
    if mark.seen_version != _version(records, mark.entry_id):
        raise SheetChanged
    if mark.mark is None or _same(standing, wanted[mark.entry_id], mark.reason):
        raise NothingToAmend
    key = f"{change_key}:{mark.entry_id}" if change_key else None
    entry = entries[mark.entry_id]
    record = _write(
        actor,
        entry,
        standing,
        wanted[mark.entry_id],
        mark=mark,
        now=now,
        key=key,
        site_id=occurrence.site_id,
        amendment=reason,
    )
    db.session.commit()
    return record.version


def lock_sheet(actor: Actor, occurrence_id: int, *, now: datetime) -> Occurrence:
    """Return the session, held so that its sheet is changed by one person after the other.

    A different session is not held up.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    db.session.refresh(occurrence, with_for_update=True)
    return occurrence


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


def records_of(occurrence: Occurrence) -> dict[int, AttendanceRecord]:
    """Return the standing marks of a session, by roster entry, as they are once it is held."""
    statement = (
        select(AttendanceRecord)
        .join(AttendanceRecord.entry)
        .where(RosterEntry.occurrence_id == occurrence.id)
        .execution_options(populate_existing=True)
    )
    return {record.roster_entry_id: record for record in db.session.scalars(statement)}


def _settle_all(occurrence: Occurrence, marks: Sequence[MarkToSave]) -> dict[int, _Wanted]:
    """Return each mark as it is stored.

    Excused, but told inside the program's notice period, is canceled late; a reason given by whoever takes
    attendance outranks that.
    """
    told = _told_at([item.entry_id for item in marks if item.mark is not None and not item.reason])
    notice = occurrence.series.program.cancel_notice_hours * 60
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
        status = result.status
        if status is AttendanceStatus.EXCUSED and item.entry_id in told:
            status = cancellation_status(
                told_at=told[item.entry_id], starts_at=occurrence.starts_at, notice_minutes=notice
            )
        wanted[item.entry_id] = _Wanted(status, result.minutes, mark.arrived_at, mark.left_at)
    if errors:
        raise SheetRefused(errors)
    return wanted


def _told_at(entry_ids: Collection[int]) -> dict[int, datetime]:
    """Return since when it stands that they cannot come, of those who said so."""
    statement = select(SessionNotice.roster_entry_id, SessionNotice.told_at).where(
        SessionNotice.roster_entry_id.in_(entry_ids),
        SessionNotice.kind == NoticeKind.ABSENT,
        SessionNotice.withdrawn_at.is_(None),
    )
    return dict(db.session.execute(statement).all())


def _version(records: Mapping[int, AttendanceRecord], entry_id: int) -> int:
    record = records.get(entry_id)
    return record.version if record else 0


def _already_done(
    change_key: str | None, marks: Sequence[MarkToSave], settled: Mapping[int, "_Wanted"]
) -> set[int]:
    """Return the entries this very change was stored for before."""
    if change_key is None:
        return set()
    by_key = {f"{change_key}:{mark.entry_id}": mark for mark in marks}
    statement = select(AttendanceRevision).where(AttendanceRevision.change_key.in_(by_key))
    done = set()
    for stored in db.session.scalars(statement):
        mark = by_key[stored.change_key or ""]
        wanted = settled[mark.entry_id]
        status = None if wanted.status is TAKEN_BACK else _as_sent(wanted.status)
        sent = (status, wanted.arrived_at, wanted.left_at, mark.reason)
        if sent != (_as_sent(stored.status), stored.arrived_at, stored.left_at, stored.reason):
            raise KeyReused
        done.add(mark.entry_id)
    return done


def _as_sent(status: str | None) -> str | None:
    """Return a stored status as a sheet says it: what was told since then does not make it another change."""
    return AttendanceStatus.EXCUSED if status == AttendanceStatus.LATE_CANCEL else status


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
    mark: MarkToSave,
    now: datetime,
    key: str | None,
    site_id: int,
    amendment: str = "",
) -> AttendanceRecord:
    before = {"status": record.status, "minutes": record.minutes} if record else None
    if record is None:
        record = AttendanceRecord(roster_entry_id=entry.id, version=0)
        db.session.add(record)
    record.status, record.minutes, record.reason = wanted.status, wanted.minutes, mark.reason
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
            reason=mark.reason,
            marked_at=now,
            marked_by_id=actor.user_id,
            change_key=key,
            amendment=amendment,
            claimed_at=mark.claimed_at,
        )
    )
    audit.record(
        _audit_kind(before is not None, cleared=cleared, amended=bool(amendment)),
        actor=actor,
        now=now,
        subject=("occurrence", entry.occurrence_id),
        client_id=entry.client_id,
        site_id=site_id,
        details={"before": before, "after": {"status": wanted.status, "minutes": wanted.minutes}},
    )
    return record


def _audit_kind(again: bool, *, cleared: bool, amended: bool) -> AuditKind:  # noqa: FBT001 - one of three facts
    if amended:
        return AuditKind.ATTENDANCE_AMENDED
    if not again:
        return AuditKind.ATTENDANCE_RECORDED
    return AuditKind.ATTENDANCE_CLEARED if cleared else AuditKind.ATTENDANCE_CORRECTED
