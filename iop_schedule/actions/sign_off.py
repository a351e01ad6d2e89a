"""Closing an attendance sheet: signing it, saying that nobody met, opening it again with a reason."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.attendance import TAKEN_BACK, lock_sheet, records_of
from iop_schedule.domain.attendance import SessionCancelled, Settled
from iop_schedule.domain.sign_off import (
    NotBegun,
    SheetChanged,
    SheetClosed,
    SheetCounts,
    SheetOpen,
    check_signable,
    count_sheet,
    is_closed,
    may_take_back,
    reason_for_change,
)
from iop_schedule.models import AttendanceRecord, Occurrence, RosterEntry, SignOff, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.sign_off import sign_offs_of
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, OccurrenceStatus, SignOffKind


def sign_sheet(
    *,
    actor: Actor,
    occurrence_id: int,
    now: datetime,
    seen: Mapping[int, int] | None = None,
    change_key: str | None = None,
) -> SignOff:
    """Close the sheet with who, when, counts and minutes. Signing again, or twice at once, changes nothing.

    Args:
        actor: who signs: the counselor, a co-leader, a substitute, or an administrator of the site.
        occurrence_id: whose sheet.
        now: when.
        seen: the version of each mark the signer saw, by roster entry; what has changed since is not signed.
        change_key: the press's own key, so that a lost answer does no harm.

    Raises:
        NotFound: the session is not this person's to sign.
        SessionCancelled, NotBegun, NobodyExpected, StillToMark: there is nothing to sign yet.
        SheetChanged: someone changed a mark after it was seen.
        SheetClosed: someone else has signed it.
    """
    occurrence = lock_sheet(actor, occurrence_id, now=now)
    last = _last_word(occurrence)
    if last is not None and is_closed(SignOffKind(last.kind)):
        if last.by_id == actor.user_id and last.kind == SignOffKind.SIGNED:
            db.session.rollback()
            return last
        raise SheetClosed
    expected = _expected(occurrence)
    records = {entry: record for entry, record in records_of(occurrence).items() if entry in expected}
    if seen is not None and seen != {entry: _version(records, entry) for entry in expected}:
        raise SheetChanged
    marks = [_settled(record) for record in records.values() if record.status != TAKEN_BACK]
    check_signable(
        starts_at=occurrence.starts_at,
        cancelled=occurrence.status != OccurrenceStatus.PLANNED,
        people=len(expected),
        to_mark=len(expected) - len(marks),
        now=now,
    )
    signed = _say(actor, occurrence, SignOffKind.SIGNED, now=now, counts=count_sheet(marks), key=change_key)
    db.session.commit()
    return signed


def record_not_held(*, actor: Actor, occurrence_id: int, reason: str, now: datetime) -> SignOff:
    """Say that the session did not meet; it counts for nobody, whatever was marked. Saying it twice is one.

    Raises:
        NotFound: the session is not this person's.
        NotBegun: it may still be cancelled instead.
        SessionCancelled: it was cancelled already.
        SheetClosed: it was signed as held; open it again first.
        ReasonMissing: no reason.
    """
    words = reason_for_change(reason)
    occurrence = lock_sheet(actor, occurrence_id, now=now)
    last = _last_word(occurrence)
    if last is not None and is_closed(SignOffKind(last.kind)):
        if last.kind == SignOffKind.NOT_HELD:
            db.session.rollback()
            return last
        raise SheetClosed
    if occurrence.status != OccurrenceStatus.PLANNED:
        raise SessionCancelled
    if now < occurrence.starts_at:
        message = "This session has not begun. Cancel it instead, so that people are told."
        raise NotBegun(message)
    occurrence.status, occurrence.status_reason = OccurrenceStatus.NOT_HELD, words
    _touch(occurrence, now)
    said = _say(actor, occurrence, SignOffKind.NOT_HELD, now=now, reason=words)
    db.session.commit()
    return said


def reopen_sheet(*, actor: Actor, occurrence_id: int, reason: str = "", now: datetime) -> SignOff:
    """Open a closed sheet again; what it said stays on record. A session that did not meet is held after all.

    Whoever signed needs no reason within a few minutes: the thumb was quicker than the thought.

    Raises:
        NotFound: the session is not this person's.
        SheetOpen: the sheet is not closed.
        ReasonMissing: a reason is needed.
    """
    occurrence = lock_sheet(actor, occurrence_id, now=now)
    last = _last_word(occurrence)
    if last is None or not is_closed(SignOffKind(last.kind)):
        raise SheetOpen
    at_once = may_take_back(signed_at=last.at, by_id=last.by_id, actor_id=actor.user_id, now=now)
    words = "Taken back at once" if at_once and not reason.strip() else reason_for_change(reason)
    if occurrence.status == OccurrenceStatus.NOT_HELD:
        occurrence.status, occurrence.status_reason = OccurrenceStatus.PLANNED, ""
        _touch(occurrence, now)
    said = _say(actor, occurrence, SignOffKind.REOPENED, now=now, reason=words)
    db.session.commit()
    return said


_AUDIT = {
    SignOffKind.SIGNED: AuditKind.SHEET_SIGNED,
    SignOffKind.NOT_HELD: AuditKind.SHEET_NOT_HELD,
    SignOffKind.REOPENED: AuditKind.SHEET_REOPENED,
}


def _last_word(occurrence: Occurrence) -> SignOff | None:
    said = sign_offs_of(occurrence.id)
    return said[-1] if said else None


def _say(
    actor: Actor,
    occurrence: Occurrence,
    kind: SignOffKind,
    *,
    now: datetime,
    reason: str = "",
    counts: SheetCounts | None = None,
    key: str | None = None,
) -> SignOff:
    last = _last_word(occurrence)
    adds_up = counts or SheetCounts()
    said = SignOff(
        occurrence_id=occurrence.id,
        version=last.version + 1 if last else 1,
        kind=kind,
        at=now,
        by_id=actor.user_id,
        reason=reason,
        counts={name: value for name, value in asdict(adds_up).items() if name != "minutes"},
        minutes=adds_up.minutes,
        change_key=key,
    )
    db.session.add(said)
    audit.record(
        _AUDIT[kind],
        actor=actor,
        now=now,
        subject=("occurrence", occurrence.id),
        client_id=occurrence.series.client_id,
        site_id=occurrence.site_id,
        details=asdict(adds_up) if counts else {},
    )
    return said


def _expected(occurrence: Occurrence) -> set[int]:
    statement = select(RosterEntry.id).where(
        RosterEntry.occurrence_id == occurrence.id, RosterEntry.released_at.is_(None)
    )
    return set(db.session.scalars(statement))


def _version(records: Mapping[int, AttendanceRecord], entry_id: int) -> int:
    record = records.get(entry_id)
    return record.version if record else 0


def _settled(record: AttendanceRecord) -> Settled:
    return Settled(AttendanceStatus(record.status), record.minutes)


def _touch(occurrence: Occurrence, now: datetime) -> None:
    occurrence.revision += 1
    occurrence.updated_at = now
