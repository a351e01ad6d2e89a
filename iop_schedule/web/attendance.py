"""A counselor's day and the attendance sheet."""

import secrets
from collections.abc import Mapping
from datetime import date, timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.attendance import SheetRefused, SheetSaved, save_sheet
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.attendance import Roster, roster_for, today_board
from iop_schedule.vocabulary import AttendanceStatus, AuditKind
from iop_schedule.web.forms.attendance import CHOICE_OF, SheetInput, TypedSeat, read_sheet
from iop_schedule.web.security import actor, requires, viewed

attendance = Blueprint("attendance", __name__)


@attendance.get("/today")
@requires(Permission.TODAY_READ)
def today() -> ResponseReturnValue:
    """Show the sessions of a day, the ones that need a hand first."""
    here = actor()
    now_day = here.today(g.now)
    day = _day(request.args.get("d", "")) or now_day
    board = today_board(here, day=day, now=g.now)
    viewed(AuditKind.TODAY_VIEWED, details={"day": day.isoformat()})
    return render_template(
        "attendance/today.html",
        board=board,
        is_today=day == now_day,
        before=day - timedelta(days=3 if day.weekday() == 0 else 1),
        after=day + timedelta(days=3 if day.weekday() == 4 else 1),  # noqa: PLR2004 - Friday
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@attendance.get("/sessions/<int:occurrence_id>/attendance")
@requires(Permission.ATTENDANCE_RECORD)
def roster(occurrence_id: int) -> ResponseReturnValue:
    """Show the attendance sheet of one session."""
    return _page(roster_for(actor(), occurrence_id, now=g.now))


@attendance.post("/sessions/<int:occurrence_id>/attendance")
@requires(Permission.ATTENDANCE_RECORD)
def save(occurrence_id: int) -> ResponseReturnValue:
    """Save the sheet; what cannot be saved stays as it was typed, with the reason beside it."""
    here = actor()
    sheet_now = roster_for(here, occurrence_id, now=g.now)
    sheet = read_sheet(
        request.form,
        entry_ids=[seat.entry_id for seat in sheet_now.seats],
        day=sheet_now.day,
        tz=sheet_now.tz,
        rest_present="rest" in request.form,
    )
    if sheet.errors:
        return _page(sheet_now, typed=sheet.typed, errors=sheet.errors), 422
    try:
        saved = save_sheet(
            actor=here,
            occurrence_id=occurrence_id,
            marks=sheet.marks,
            now=g.now,
            change_key=sheet.change_key,
        )
    except SheetRefused as refused:
        errors = {entry: error.message for entry, error in refused.errors.items()}
        return _page(sheet_now, typed=sheet.typed, errors=errors), 422
    if saved.conflicts:
        return _conflict(occurrence_id, sheet, saved)
    _tell(roster_for(here, occurrence_id, now=g.now))
    return redirect(url_for("attendance.roster", occurrence_id=occurrence_id))


def _tell(sheet: Roster) -> None:
    there = sheet.count(AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)
    left = sheet.count(None)
    away = len(sheet.seats) - there - left
    words = f"Saved. {there} here, {away} away" + (f", {left} still to mark." if left else ".")
    flash(words, "success")


def _conflict(occurrence_id: int, sheet: SheetInput, saved: SheetSaved) -> ResponseReturnValue:
    fresh = roster_for(actor(), occurrence_id, now=g.now)
    yours = {entry: sheet.typed[entry] for entry in saved.conflicts}
    return _page(fresh, conflicts=yours), 409


def _page(
    sheet: Roster,
    *,
    typed: Mapping[int, TypedSeat] | None = None,
    errors: Mapping[int, str] | None = None,
    conflicts: Mapping[int, TypedSeat] | None = None,
) -> str:
    viewed(
        AuditKind.ROSTER_VIEWED,
        subject=("occurrence", sheet.session.id),
        details={"clients": [seat.client_id for seat in sheet.seats]},
    )
    return render_template(
        "attendance/roster.html",
        sheet=sheet,
        session=sheet.session,
        typed=typed or _as_stored(sheet),
        errors=errors or {},
        conflicts=conflicts or {},
        change_key=secrets.token_hex(16),
        is_open=sheet.session.is_open and not sheet.session.cancelled,
        led_by_viewer=sheet.session.leader == actor().name,
        minutes_since_start=int((g.now - sheet.session.starts).total_seconds() // 60),
        local_now=g.now.astimezone(sheet.tz),
    )


def _as_stored(sheet: Roster) -> dict[int, TypedSeat]:
    return {
        seat.entry_id: TypedSeat(
            CHOICE_OF.get(seat.status, "") if seat.status else "",
            f"{seat.arrived:%H:%M}" if seat.arrived else "",
        )
        for seat in sheet.seats
    }
