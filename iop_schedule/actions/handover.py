"""A counselor leaves a note about somebody they saw; a case manager deals with it."""

from datetime import datetime

from iop_schedule.actions import audit
from iop_schedule.domain.handover import note_words
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import HandoverNote, db
from iop_schedule.queries.access import Actor, access_about_client, access_entry, access_occurrence
from iop_schedule.vocabulary import AuditKind


def leave_note(
    *, actor: Actor, client_id: int, occurrence_id: int, words: str, now: datetime
) -> HandoverNote:
    """Keep a note for whoever is the client's case manager.

    Raises:
        NotFound: not a session of this person's, or the client is not on its roster.
        BadNote: it says nothing, or too much.
    """
    access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    entry = access_entry(actor, client_id, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    note = HandoverNote(
        client_id=entry.client_id, occurrence_id=entry.occurrence_id, words=note_words(words), left_at=now,
        left_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(note)
    db.session.flush()
    _record(AuditKind.NOTE_LEFT, actor, note, now)
    db.session.commit()
    return note


def settle_note(*, actor: Actor, note_id: int, now: datetime) -> None:
    """Take a note off the list: it has been dealt with; twice is once.

    Raises:
        NotFound: not about a client of this person's.
    """
    note = access_about_client(actor, HandoverNote, note_id, Permission.OUTREACH_LOG, now=now)
    if note.settled_at is None:
        note.settled_at, note.settled_by_id = now, actor.user_id
        _record(AuditKind.NOTE_SETTLED, actor, note, now)
    db.session.commit()


def _record(kind: AuditKind, actor: Actor, note: HandoverNote, now: datetime) -> None:
    subject, details = ("handover_note", note.id), {"occurrence": note.occurrence_id}
    audit.record(kind, actor=actor, now=now, client_id=note.client_id, subject=subject, details=details)
