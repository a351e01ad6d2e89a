"""The attendance sheet of one session: as a form that is sent whole, and mark by mark from a page."""

from collections.abc import Mapping

from flask import Blueprint, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.attendance import SheetRefused, SheetSaved, save_sheet
from iop_schedule.actions.sign_off import sign_sheet
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.sign_off import SheetChanged, StillToMark
from iop_schedule.queries.attendance import PersonMark, Roster, SheetNow, roster_for, sheet_now
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.attendance import SheetInput, TypedSeat, read_sent_mark, read_sheet
from iop_schedule.web.presenting import clock_time
from iop_schedule.web.roster_page import as_stored, roster_page, shown_seats, typed_of
from iop_schedule.web.security import actor, polled, requires, viewed

attendance = Blueprint("attendance", __name__)


@attendance.get("/sessions/<int:occurrence_id>/attendance")
@requires(Permission.ATTENDANCE_RECORD)
def roster(occurrence_id: int) -> ResponseReturnValue:
    """Show the attendance sheet of one session; signed, it can only be read."""
    return _page(roster_for(actor(), occurrence_id, now=g.now))


@attendance.post("/sessions/<int:occurrence_id>/attendance")
@requires(Permission.ATTENDANCE_RECORD)
def save(occurrence_id: int) -> ResponseReturnValue:
    """Save the sheet and, when asked to finish, sign it; what cannot be saved stays as it was typed."""
    here = actor()
    # Only the marks: on SQLite a form that may write keeps every other one waiting while it reads.
    before = sheet_now(here, occurrence_id, now=g.now)
    sheet = read_sheet(
        request.form,
        shown=shown_seats(before.marks),
        day=before.day,
        tz=before.tz,
        rest_present="rest" in request.form,
    )
    if sheet.errors:
        return _again(occurrence_id, sheet, sheet.errors)
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
        return _again(occurrence_id, sheet, errors)
    if saved.conflicts or sheet.undecided:
        return _conflict(occurrence_id, sheet, saved)
    if request.form.get("do") == "finish":
        return _finish(occurrence_id, sheet, saved)
    _tell(sheet_now(here, occurrence_id, now=g.now))
    return redirect(_after(occurrence_id))


def _again(occurrence_id: int, sheet: SheetInput, errors: Mapping[int, str]) -> ResponseReturnValue:
    transactions.abandon()
    page = roster_for(actor(), occurrence_id, now=g.now)
    return _page(page, typed=sheet.typed, errors=errors), 422


def _finish(occurrence_id: int, sheet: SheetInput, saved: SheetSaved) -> ResponseReturnValue:
    """Sign what the page showed: its own marks as saved, everyone else's as they stood on it."""
    own = {mark.entry_id for mark in sheet.marks}
    seen = {
        entry: saved.versions.get(entry, version) if entry in own else version
        for entry, version in sheet.versions.items()
    }
    try:
        sign_sheet(actor=actor(), occurrence_id=occurrence_id, now=g.now, seen=seen)
    except (StillToMark, SheetChanged) as error:
        words = error.message
        return _page(roster_for(actor(), occurrence_id, now=g.now), whole=words), error.status
    signed = sheet_now(actor(), occurrence_id, now=g.now)
    here = signed.here
    at = clock_time(g.now.astimezone(signed.tz))
    flash(f"Signed {at}. {here} here, {len(signed.marks) - here} away.", "success")
    return redirect(_after(occurrence_id))


def _after(occurrence_id: int) -> str:
    """Return where to go after a change: back to the board for one made there, else to the sheet."""
    if request.form.get("from") == "today":
        return url_for("attendance.today", _anchor=f"session-{occurrence_id}")
    return url_for("attendance.roster", occurrence_id=occurrence_id)


def _tell(sheet: SheetNow) -> None:
    left = sum(mark.status is None for mark in sheet.marks)
    away = len(sheet.marks) - sheet.here - left
    words = f"Saved. {sheet.here} here, {away} away" + (f", {left} still to mark." if left else ".")
    flash(words, "success")


def _conflict(occurrence_id: int, sheet: SheetInput, saved: SheetSaved) -> ResponseReturnValue:
    fresh = roster_for(actor(), occurrence_id, now=g.now)
    stored = as_stored(fresh)
    mine = {
        entry: sheet.typed[entry]
        for entry in (*saved.conflicts, *sheet.undecided)
        if entry in stored and stored[entry] != sheet.typed[entry]
    }
    if not mine:
        return redirect(_after(occurrence_id))
    return _page(fresh, mine=mine), 409


def _page(sheet: Roster, **more: object) -> str:
    viewed(
        AuditKind.ROSTER_VIEWED,
        subject=("occurrence", sheet.session.id),
        details={"clients": [seat.client_id for seat in sheet.seats]},
    )
    return roster_page(sheet, **more)  # type: ignore[arg-type]


@attendance.post("/api/attendance")
@requires(Permission.ATTENDANCE_RECORD)
def mark() -> ResponseReturnValue:
    """Store one mark. 200 with what stands; 409 with what someone else said; 422 with what cannot be.

    The page sends {session, person, status, arrived_at, left_at, reason, base_version, made_at} and the
    change's own Idempotency-Key: sent again, the same change is stored once.
    """
    here = actor()
    body = request.get_json(silent=True)
    sent = read_sent_mark(body, request.headers.get("Idempotency-Key"), now=g.now)
    clock = sheet_now(here, sent.occurrence_id, now=g.now)
    try:
        saved = save_sheet(
            actor=here,
            occurrence_id=sent.occurrence_id,
            marks=[sent.to_save(day=clock.day, tz=clock.tz)],
            now=g.now,
            change_key=sent.change_key,
        )
    except SheetRefused as refused:
        (error,) = refused.errors.values()
        raise error from None
    stands = sheet_now(here, sent.occurrence_id, now=g.now).mark_of(sent.entry_id)
    answer = jsonify(_as_json(stands))
    if saved.conflicts and typed_of(stands) != sent.typed:
        answer = jsonify(message="Someone else marked this person.", current=_as_json(stands))
        answer.status_code = 409
    return answer


@attendance.get("/sessions/<int:occurrence_id>/attendance/now")
@requires(Permission.ATTENDANCE_RECORD)
@polled
def marks_now(occurrence_id: int) -> ResponseReturnValue:
    """Return the marks as they stand, by entry and without names, for a sheet that is open on a screen.

    Opening the sheet is in the audit trail; asking again for it while it is open adds no row.
    """
    sheet = sheet_now(actor(), occurrence_id, now=g.now)
    return jsonify(closed=sheet.closed, marks=[_as_json(one) for one in sheet.marks])


def _as_json(one: PersonMark) -> dict[str, object]:
    typed: TypedSeat = typed_of(one)
    return {
        "person": one.entry_id,
        "version": one.version,
        "status": typed.choice,
        "arrived_at": typed.arrived,
        "left_at": typed.left,
        "reason": typed.reason,
        "minutes": one.minutes,
        "marked": one.status is not None,
        "by": one.marked_by,
        "at": clock_time(one.marked_at) if one.marked_at else "",
    }
