"""Adding someone who is not on the list, and taking them off again."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.walk_ins import NewPerson, add_new_person, add_to_sheet, take_off_sheet
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.queries.walk_ins import candidates
from iop_schedule.vocabulary import AuditKind, RosterSource
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.people import one_line
from iop_schedule.web.security import actor, requires, viewed

walk_ins = Blueprint("walk_ins", __name__)

LONGEST_SEARCH = 80
FIELDS = ("code", "given_name", "family_name", "preferred_name", "over_seats")


@walk_ins.get("/sessions/<int:occurrence_id>/people/add")
@requires(Permission.ATTENDANCE_RECORD)
def choose(occurrence_id: int) -> ResponseReturnValue:
    """Show who could be added to the list."""
    return _page(occurrence_id)


@walk_ins.post("/sessions/<int:occurrence_id>/people/add")
@requires(Permission.ATTENDANCE_RECORD)
def add(occurrence_id: int) -> ResponseReturnValue:
    """Put one person on the list, by the row pressed or by their code."""
    try:
        add_to_sheet(
            actor=actor(),
            occurrence_id=occurrence_id,
            client_id=whole_number(request.form.get("client_id")),
            code=one_line(request.form.get("code")),
            source=RosterSource.MAKE_UP if request.form.get("as") == "make_up" else RosterSource.WALK_IN,
            over_seats=one_line(request.form.get("over_seats")),
            now=g.now,
        )
    except (NotPossible, Conflict) as error:
        transactions.abandon()
        return _page(occurrence_id, error), error.status
    return _added(occurrence_id)


@walk_ins.post("/sessions/<int:occurrence_id>/people/new")
@requires(Permission.ATTENDANCE_RECORD)
def add_new(occurrence_id: int) -> ResponseReturnValue:
    """Put someone new on the list."""
    try:
        typed = {name: one_line(request.form.get(name)) for name in FIELDS[1:4]}
        add_new_person(
            actor=actor(),
            occurrence_id=occurrence_id,
            person=NewPerson(**typed),
            over_seats=one_line(request.form.get("over_seats")),
            now=g.now,
        )
    except (NotPossible, Conflict) as error:
        transactions.abandon()
        return _page(occurrence_id, error), error.status
    return _added(occurrence_id)


@walk_ins.post("/sessions/<int:occurrence_id>/people/<int:entry_id>/remove")
@requires(Permission.ATTENDANCE_RECORD)
def remove(occurrence_id: int, entry_id: int) -> ResponseReturnValue:
    """Take someone who was added by hand off the list."""
    try:
        take_off_sheet(actor=actor(), occurrence_id=occurrence_id, entry_id=entry_id, now=g.now)
    except (NotPossible, Conflict) as error:
        transactions.abandon()
        flash(error.message, "problem")
    else:
        flash("Taken off the list.", "success")
    return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))


def _added(occurrence_id: int) -> ResponseReturnValue:
    flash("Added. They are still to mark.", "success")
    return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))


def _page(occurrence_id: int, error: NotPossible | Conflict | None = None) -> str:
    search = one_line(request.args.get("q"))[:LONGEST_SEARCH]
    found = candidates(actor(), occurrence_id, search=search, now=g.now)
    viewed(
        AuditKind.PEOPLE_VIEWED,
        subject=("occurrence", occurrence_id),
        details={"clients": [person.client_id for person in found.people]},
    )
    return render_template(
        "attendance/add_person.html",
        found=found,
        search=search,
        error=error,
        typed={name: request.form.get(name, "") for name in FIELDS},
        may_override=holds(actor().role, Permission.SEATS_OVERRIDE),
    )
