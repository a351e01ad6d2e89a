"""Contacting clients: who is due, the log, “not now”, and how it goes."""

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import outreach as actions
from iop_schedule.actions import risk, transactions
from iop_schedule.domain.notices import REASON_WORDS
from iop_schedule.domain.outreach import COMMITMENT_KINDS, Group
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.queries.calls_wanted import calls_wanted
from iop_schedule.queries.care_requests import requests_waiting
from iop_schedule.queries.handover import open_notes
from iop_schedule.queries.outreach import (
    FIGURES_WEEKS,
    ContactPage,
    contact_page,
    manager_figures,
    outreach_list,
)
from iop_schedule.vocabulary import AuditKind, Barrier, Channel, ContactChannel, ContactResult, NextStep
from iop_schedule.web.forms.care_requests import ASK_WORDS
from iop_schedule.web.forms.fields import blame, needed
from iop_schedule.web.forms.outreach import (
    BARRIERS,
    CHANNELS,
    NEXT_STEPS,
    NOT_NOW_REASONS,
    RESULTS,
    ContactForm,
    NotNowForm,
)
from iop_schedule.web.message_words import channels_set_up, reason_words
from iop_schedule.web.security import actor, offer_undo, own_path, requires, viewed

outreach = Blueprint("outreach", __name__)

GROUPS = {
    Group.TODAY: "Today",
    Group.THIS_WEEK: "This week",
    Group.WAITING: "Waiting for a reply",
    Group.LATER: "Later",
}
WRITE_WORDS = {Channel.EMAIL: "Email", Channel.SMS: "Text"}
WORDS = {
    "channels": dict(CHANNELS),
    "results": dict(RESULTS),
    "barriers": dict(BARRIERS),
    "next_steps": dict(NEXT_STEPS),
    "not_now": dict(NOT_NOW_REASONS),
}


@outreach.get("/outreach")
@requires(Permission.OUTREACH_LOG)
def due() -> ResponseReturnValue:
    """List whom to contact, by when."""
    found, calls = outreach_list(actor(), now=g.now), calls_wanted(actor(), now=g.now)
    listed = [task.client_id for _, tasks in found.groups for task in tasks]
    listed += [one.client_id for one in calls]
    asked = requests_waiting(actor(), now=g.now)
    listed += [line.client_id for line in asked]
    notes = open_notes(actor(), now=g.now)
    listed += [one.client_id for one in notes]
    viewed(AuditKind.OUTREACH_VIEWED, details={"clients": listed})
    return render_template(
        "outreach/list.html",
        found=found,
        calls=calls,
        asked=asked,
        notes=notes,
        asked_for=ASK_WORDS,
        reasons=REASON_WORDS,
        group_words=GROUPS,
        words=WORDS,
    )


@outreach.get("/outreach/figures")
@requires(Permission.OUTREACH_LOG)
def figures() -> ResponseReturnValue:
    """Show how outreach of the last quarter went."""
    shown = manager_figures(actor(), now=g.now)
    viewed(AuditKind.OUTREACH_VIEWED, details={"part": "figures"})
    return render_template("outreach/figures.html", rows=shown, weeks=FIGURES_WEEKS)


@outreach.get("/clients/<int:client_id>/contact")
@requires(Permission.OUTREACH_LOG)
def log(client_id: int) -> ResponseReturnValue:
    """Show what to know while calling, and the form for what came of it."""
    shown = contact_page(actor(), client_id, now=g.now)
    form = ContactForm(formdata=None)
    form.show(shown.now, shown.tomorrow)
    return _log_page(shown, form)


@outreach.post("/clients/<int:client_id>/contact")
@requires(Permission.OUTREACH_LOG)
def save(client_id: int) -> ResponseReturnValue:
    """Keep what came of a try."""
    shown = contact_page(actor(), client_id, now=g.now)
    form = ContactForm()
    contact = _quick(shown) if "quick" in request.form else _typed(form, shown)
    saved = None
    if contact is not None:
        try:
            saved = actions.log_contact(actor=actor(), client_id=client_id, contact=contact, now=g.now)
        except NotPossible as refused:
            transactions.abandon()
            blame(form, refused, {"at": "clock"})
    if saved is None:
        return _log_page(contact_page(actor(), client_id, now=g.now), form), 422
    words = f"Saved: {dict(RESULTS)[ContactResult(saved.result)].lower()}"
    if saved.next_day is not None:
        step = dict(NEXT_STEPS)[NextStep(saved.next_step)].lower()
        words += f". {step.capitalize()} on {saved.next_day:%A}, {saved.next_day:%b} {saved.next_day.day}"
    offer_undo(f"{words}.", url_for("outreach.undo", attempt_id=saved.id))
    if saved.barrier and Barrier(saved.barrier) in COMMITMENT_KINDS:
        kind = COMMITMENT_KINDS[Barrier(saved.barrier)]
        flash("Enter the time it takes, so that sessions that fit can be found.", "info")
        return redirect(url_for("availability.their_add", client_id=client_id, kind=kind))
    if saved.next_step == NextStep.FIND_A_TIME:
        return redirect(url_for("placement.person", client_id=client_id))
    return redirect(_back())


@outreach.post("/clients/<int:client_id>/contact/<any(email, sms):channel>")
@requires(Permission.OUTREACH_LOG)
def write(client_id: int, channel: str) -> ResponseReturnValue:
    """Ask a client in writing to call the office."""
    over = Channel(channel)
    if over not in channels_set_up():
        raise NotFound
    try:
        saved = actions.send_message(actor=actor(), client_id=client_id, channel=over, now=g.now)
    except NotPossible as refused:
        transactions.abandon()
        flash(refused.message, "error")
        return redirect(url_for("outreach.log", client_id=client_id, back=_back()))
    offer_undo("On its way, and in the log.", url_for("outreach.undo", attempt_id=saved.id))
    return redirect(_back())


@outreach.post("/outreach/attempts/<int:attempt_id>/undo")
@requires(Permission.OUTREACH_LOG)
def undo(attempt_id: int) -> ResponseReturnValue:
    """Take back one's own entry."""
    try:
        row = actions.undo(actor=actor(), attempt_id=attempt_id, now=g.now)
    except NotPossible as refused:
        transactions.abandon()
        flash(refused.message, "error")
        return redirect(url_for("outreach.due"))
    flash("Taken back.", "success")
    return redirect(url_for("outreach.log", client_id=row.client_id))


@outreach.post("/outreach/tasks/<int:task_id>/close")
@requires(Permission.OUTREACH_LOG)
def close(task_id: int) -> ResponseReturnValue:
    """Close a task that is not needed any more."""
    actions.close_task(actor=actor(), task_id=task_id, now=g.now)
    flash("Closed.", "success")
    return redirect(url_for("outreach.due"))


@outreach.get("/clients/<int:client_id>/not-now")
@requires(Permission.OUTREACH_LOG)
def ask_not_now(client_id: int) -> ResponseReturnValue:
    """Ask why not now, and until when."""
    shown = contact_page(actor(), client_id, now=g.now)
    form = NotNowForm(formdata=None, data={"until_day": shown.today + timedelta(days=7)})
    return _not_now_page(shown, form)


@outreach.post("/clients/<int:client_id>/not-now")
@requires(Permission.OUTREACH_LOG)
def not_now(client_id: int) -> ResponseReturnValue:
    """Keep the decision, and move the person down the list."""
    shown = contact_page(actor(), client_id, now=g.now)
    form = NotNowForm()
    if form.validate():
        try:
            risk.set_aside(
                actor=actor(),
                client_id=client_id,
                reason=form.reason.data,
                until_day=(last := needed(form.until_day.data)),
                now=g.now,
            )
        except NotPossible as refused:
            transactions.abandon()
            blame(form, refused, {})
        else:
            flash(f"Not now, until {last:%b} {last.day}.", "success")
            return redirect(_back())
    return _not_now_page(shown, form), 422


@outreach.post("/not-now/<int:set_aside_id>/end")
@requires(Permission.OUTREACH_LOG)
def take_up(set_aside_id: int) -> ResponseReturnValue:
    """Take a “not now” back."""
    risk.take_up(actor=actor(), set_aside_id=set_aside_id, now=g.now)
    flash("Back in their place on the list.", "success")
    return redirect(_back())


def _typed(form: ContactForm, shown: ContactPage) -> actions.Contact | None:
    if not form.validate():
        return None
    return form.value(shown.zone, g.now)


def _quick(shown: ContactPage) -> actions.Contact:
    """Return what one button says: called, no answer, try the next working day."""
    return actions.Contact(
        at=g.now,
        channel=ContactChannel.CALL,
        result=ContactResult.NO_ANSWER,
        next_step=NextStep.TRY_AGAIN,
        next_day=shown.tomorrow,
    )


def _back() -> str:
    """Return the page of this application someone came from, else the list."""
    return own_path(request.values.get("back")) or url_for("outreach.due")


def _log_page(shown: ContactPage, form: ContactForm) -> str:
    viewed(AuditKind.CLIENT_VIEWED, client_id=shown.client_id, details={"page": "contact"})
    return render_template(
        "outreach/log.html",
        shown=shown,
        form=form,
        words=WORDS,
        back=_back(),
        may_leave=shown.may_leave_message,
        ways=[(channel, why_not) for channel, why_not in shown.ways if channel in channels_set_up()],
        write_words=WRITE_WORDS,
        why_not_words=reason_words,
    )


def _not_now_page(shown: ContactPage, form: NotNowForm) -> str:
    viewed(AuditKind.CLIENT_VIEWED, client_id=shown.client_id, details={"page": "not-now"})
    return render_template("outreach/not_now.html", shown=shown, form=form, back=_back())
