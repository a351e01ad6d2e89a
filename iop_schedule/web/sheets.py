"""What happens to a sheet as a whole: opened again, amended, not held, printed; and all it ever said."""

import secrets

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.attendance import MarkToSave, SheetRefused, amend_mark
from iop_schedule.actions.sign_off import record_not_held, reopen_sheet
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.sign_off import NOT_HELD_REASONS
from iop_schedule.errors import Conflict, DomainError, NotFound, NotPossible
from iop_schedule.queries.attendance import Roster, Seat, roster_for
from iop_schedule.queries.sign_in_sheets import sheet_to_sign
from iop_schedule.queries.sign_off import sheet_history
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.attendance import KEY, REASONS, TypedSeat, read_mark, reason_of
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.people import one_line
from iop_schedule.web.presenting import printed_at
from iop_schedule.web.roster_page import typed_of
from iop_schedule.web.security import actor, requires, viewed

sheets = Blueprint("sheets", __name__)


@sheets.get("/sessions/<int:occurrence_id>/history")
@requires(Permission.ATTENDANCE_RECORD)
def history(occurrence_id: int) -> ResponseReturnValue:
    """Show every mark that was ever on the sheet, who made it, when and why."""
    roster = roster_for(actor(), occurrence_id, now=g.now)
    found = sheet_history(actor(), occurrence_id, now=g.now)
    viewed(
        AuditKind.SHEET_VIEWED,
        subject=("occurrence", occurrence_id),
        details={"clients": sorted({one.client_id for one in found.people})},
    )
    return render_template("attendance/history.html", session=roster.session, history=found)


@sheets.get("/sessions/<int:occurrence_id>/attendance/<int:entry_id>/amend")
@requires(Permission.ATTENDANCE_RECORD)
def amend(occurrence_id: int, entry_id: int) -> ResponseReturnValue:
    """Ask what was different for one person, and why it is changed."""
    roster, seat = _person(occurrence_id, entry_id)
    if roster.signed is None:
        return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))
    return _amend_page(roster, seat, typed_of(seat))


@sheets.post("/sessions/<int:occurrence_id>/attendance/<int:entry_id>/amend")
@requires(Permission.ATTENDANCE_RECORD)
def save_amendment(occurrence_id: int, entry_id: int) -> ResponseReturnValue:
    """Change one mark on a signed sheet; the earlier one stays readable."""
    roster, seat = _person(occurrence_id, entry_id)
    typed = TypedSeat(*(one_line(request.form.get(name)) for name in ("status", "arrived", "left", "reason")))
    key = request.form.get("change_key", "")
    try:
        mark = read_mark(typed, day=roster.day, tz=roster.tz)
        version = whole_number(request.form.get("version"))
        amend_mark(
            actor=actor(),
            occurrence_id=occurrence_id,
            mark=MarkToSave(entry_id, -1 if version is None else version, mark, reason=reason_of(typed)),
            why=request.form.get("why", ""),
            now=g.now,
            change_key=key if KEY.fullmatch(key) else None,
        )
    except SheetRefused as refused:
        (error,) = refused.errors.values()
        return _amend_again(roster, seat, typed, error)
    except (NotPossible, Conflict) as problem:
        return _amend_again(roster, seat, typed, problem)
    flash(f"Amended for {seat.name}. The earlier entry stays in the history.", "success")
    return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))


def _person(occurrence_id: int, entry_id: int) -> tuple[Roster, Seat]:
    roster = roster_for(actor(), occurrence_id, now=g.now)
    for seat in roster.seats:
        if seat.entry_id == entry_id:
            return roster, seat
    raise NotFound


def _amend_again(roster: Roster, seat: Seat, typed: TypedSeat, error: DomainError) -> ResponseReturnValue:
    transactions.abandon()
    return _amend_page(roster, seat, typed, error), error.status


def _amend_page(roster: Roster, seat: Seat, typed: TypedSeat, error: DomainError | None = None) -> str:
    viewed(
        AuditKind.ROSTER_VIEWED,
        subject=("occurrence", roster.session.id),
        details={"clients": [seat.client_id]},
    )
    return render_template(
        "attendance/amend.html",
        session=roster.session,
        seat=seat,
        typed=typed,
        error=error,
        why=request.form.get("why", ""),
        version=seat.version if error is None or error.status == 409 else request.form.get("version", ""),  # noqa: PLR2004
        change_key=secrets.token_hex(16),
        reasons=REASONS,
    )


@sheets.post("/sessions/<int:occurrence_id>/reopen")
@requires(Permission.ATTENDANCE_RECORD)
def reopen(occurrence_id: int) -> ResponseReturnValue:
    """Open a closed sheet again, with a reason unless it was signed a moment ago by the same hand."""
    try:
        reopen_sheet(
            actor=actor(), occurrence_id=occurrence_id, reason=request.form.get("reason", ""), now=g.now
        )
    except (NotPossible, Conflict) as error:
        transactions.abandon()
        flash(error.message, "problem")
    else:
        flash("The sheet is open again. What it said stays in its history.", "success")
    return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))


@sheets.route("/sessions/<int:occurrence_id>/not-held", methods=["GET", "POST"])
@requires(Permission.ATTENDANCE_RECORD)
def not_held(occurrence_id: int) -> ResponseReturnValue:
    """Say that a group did not meet, and why; it counts for nobody."""
    error = None
    if request.method == "POST":
        other = one_line(request.form.get("other"))
        reason = request.form.get("reason", "")
        try:
            record_not_held(
                actor=actor(),
                occurrence_id=occurrence_id,
                reason=other if reason == NOT_HELD_REASONS[-1] else reason,
                now=g.now,
            )
        except (NotPossible, Conflict) as problem:
            transactions.abandon()
            error = problem
        else:
            flash("Recorded. This session counts for nobody.", "success")
            return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))
    roster = roster_for(actor(), occurrence_id, now=g.now)
    page = render_template(
        "attendance/not_held.html",
        session=roster.session,
        reasons=NOT_HELD_REASONS,
        chosen=request.form.get("reason", ""),
        other=request.form.get("other", ""),
        error=error,
    )
    return (page, error.status) if error else page


@sheets.get("/sessions/<int:occurrence_id>/sign-in")
@requires(Permission.ATTENDANCE_RECORD)
def sign_in(occurrence_id: int) -> ResponseReturnValue:
    """Show the sign-in sheet of one session, for the browser to print."""
    sheet = sheet_to_sign(actor(), occurrence_id, now=g.now)
    viewed(
        AuditKind.SIGN_IN_SHEET_PRINTED,
        subject=("occurrence", occurrence_id),
        details={"sessions": [occurrence_id], "clients": list(sheet.client_ids)},
    )
    return render_template(
        "attendance/sign_in.html",
        sheets=[sheet],
        back_url=url_for("attendance.roster", occurrence_id=occurrence_id),
        large=request.args.get("large") == "1",
        large_url=url_for("sheets.sign_in", occurrence_id=occurrence_id, large=1),
        printed_at=printed_at(g.now.astimezone(sheet.starts.tzinfo)),
    )
