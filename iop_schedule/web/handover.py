"""Leaving a note for the case manager from the attendance sheet, and dealing with it."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.handover import leave_note, settle_note
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.queries.handover import note_about
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.forms.handover import NoteForm
from iop_schedule.web.security import actor, requires, viewed

handover = Blueprint("handover", __name__)


@handover.get("/clients/<int:client_id>/sessions/<int:occurrence_id>/note")
@requires(Permission.ATTENDANCE_RECORD)
def page(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Show the form for a note about somebody at one session."""
    return _page(client_id, occurrence_id, NoteForm(formdata=None))


@handover.post("/clients/<int:client_id>/sessions/<int:occurrence_id>/note")
@requires(Permission.ATTENDANCE_RECORD)
def leave(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Keep a note."""
    form = NoteForm()
    try:
        leave_note(
            actor=actor(), client_id=client_id, occurrence_id=occurrence_id, words=form.words.data or "",
            now=g.now,
        )  # fmt: skip
    except NotPossible as refused:
        transactions.abandon()
        blame(form, refused, {})
        return _page(client_id, occurrence_id, form), 422
    flash("Their case manager finds it under Outreach.", "success")
    return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))


@handover.post("/outreach/notes/<int:note_id>/done")
@requires(Permission.OUTREACH_LOG)
def settle(note_id: int) -> ResponseReturnValue:
    """Take a note off the list."""
    settle_note(actor=actor(), note_id=note_id, now=g.now)
    flash("Done.", "success")
    return redirect(url_for("outreach.due"))


def _page(client_id: int, occurrence_id: int, form: NoteForm) -> str:
    about = note_about(actor(), client_id, occurrence_id, now=g.now)
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id, details={"part": "note"})
    return render_template("attendance/note.html", about=about, form=form, occurrence_id=occurrence_id)
