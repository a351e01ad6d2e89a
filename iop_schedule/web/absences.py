"""What staff note for a client about one session: can't come, a make-up, running late."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import notices, transactions
from iop_schedule.actions.make_ups import book
from iop_schedule.domain.notices import REASON_WORDS
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.queries.own_sessions import Choices, choices_for, own_session
from iop_schedule.vocabulary import AbsenceReason, AuditKind, NoticeKind
from iop_schedule.web.forms.absences import CALL, NONE, AbsenceForm, DelayForm
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.refusals import said_in, said_on_top
from iop_schedule.web.security import actor, requires, viewed

absences = Blueprint("absences", __name__, url_prefix="/clients/<int:client_id>/sessions/<int:occurrence_id>")


@absences.get("")
@requires(Permission.ABSENCE_TELL)
def page(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Show one session of a client: what was told, and what makes up for it."""
    choices = _choices(client_id, occurrence_id)
    return _page(choices, _form(choices), DelayForm(formdata=None, prefix="late"))


@absences.post("")
@requires(Permission.ABSENCE_TELL)
def save(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Note that a client cannot come, with the make-up they chose; or book one for what they missed."""
    choices = _choices(client_id, occurrence_id)
    form = _form(choices, sent=True)
    if form.validate():
        try:
            _note(choices, form)
        except (NotFound, NotAllowed):
            raise
        except DomainError as refused:
            transactions.abandon()
            choices = _choices(client_id, occurrence_id)
            form.offer(choices)
            blame(form, refused, {})
        else:
            flash(_done(form), "success")
            return _back(client_id, occurrence_id)
    return _page(choices, form, DelayForm(formdata=None, prefix="late")), 422


def _note(choices: Choices, form: AbsenceForm) -> None:
    own, make_up = choices.own, form.make_up_id
    who = {"actor": actor(), "client_id": own.client_id, "now": g.now}
    if own.can_tell:
        notices.tell_absence(
            **who,
            occurrence_id=own.session.occurrence_id,
            reason=AbsenceReason(form.reason.data),
            make_up_id=make_up,
            wants_call=form.choice.data == CALL,
        )
    elif make_up is not None:
        book(**who, missed_id=own.session.occurrence_id, occurrence_id=make_up)


def _done(form: AbsenceForm) -> str:
    if form.make_up_id is not None:
        return "Saved. The make-up is booked and on their schedule."
    return "Saved. They would like a call." if form.choice.data == CALL else "Saved."


@absences.post("/undo")
@requires(Permission.ABSENCE_TELL)
def undo(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Take back that a client cannot come; a make-up still to come is given back."""
    own_session(actor(), occurrence_id, client_id=client_id, now=g.now)
    with said_on_top():
        notices.take_back_absence(actor=actor(), client_id=client_id, occurrence_id=occurrence_id, now=g.now)
        flash("Taken back. They are expected.", "success")
    return _back(client_id, occurrence_id)


@absences.post("/late")
@requires(Permission.ABSENCE_TELL)
def late(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Note how late a client will be."""
    choices = _choices(client_id, occurrence_id)
    form = DelayForm(prefix="late")
    if form.validate():
        with said_in(form):
            notices.tell_delay(
                actor=actor(), client_id=client_id, occurrence_id=occurrence_id,
                minutes=form.minutes.data or 0, now=g.now,
            )  # fmt: skip
            flash("Saved. It is on the sheet.", "success")
            return _back(client_id, occurrence_id)
    return _page(choices, _form(choices), form), 422


@absences.post("/late/undo")
@requires(Permission.ABSENCE_TELL)
def undo_late(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    """Take back that a client is running late."""
    own_session(actor(), occurrence_id, client_id=client_id, now=g.now)
    with said_on_top():
        notices.take_back(
            actor=actor(), client_id=client_id, occurrence_id=occurrence_id, kind=NoticeKind.LATE, now=g.now
        )
    return _back(client_id, occurrence_id)


def _choices(client_id: int, occurrence_id: int) -> Choices:
    choices = choices_for(actor(), occurrence_id, client_id=client_id, now=g.now)
    viewed(AuditKind.MAKE_UPS_VIEWED, client_id=client_id, details={"session": occurrence_id})
    return choices


def _form(choices: Choices, *, sent: bool = False) -> AbsenceForm:
    form = AbsenceForm() if sent else AbsenceForm(formdata=None)
    form.offer(choices)
    if not sent:
        if "reason" in form:
            form.reason.data = choices.own.told.absent or AbsenceReason.NOT_SAID
        form.choice.data = CALL if choices.own.told.wants_call else NONE
    return form


def _back(client_id: int, occurrence_id: int) -> ResponseReturnValue:
    return redirect(url_for("absences.page", client_id=client_id, occurrence_id=occurrence_id))


def _page(choices: Choices, form: AbsenceForm, delay: DelayForm) -> str:
    return render_template(
        "absences/session.html",
        choices=choices,
        own=choices.own,
        form=form,
        delay=delay,
        reason_words=REASON_WORDS,
    )
