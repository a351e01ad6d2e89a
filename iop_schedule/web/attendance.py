"""A counselor's day and the attendance sheet."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.attendance import SheetRefused, SheetSaved, save_sheet
from iop_schedule.domain.attendance import ROSTER_WORDS
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.attendance import Roster, Seat, roster_for, today_board
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, Role
from iop_schedule.web.forms.attendance import (
    CHOICE_OF,
    STATUS_OF,
    SheetInput,
    ShownSeat,
    TypedSeat,
    read_sheet,
)
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.security import actor, requires, viewed

attendance = Blueprint("attendance", __name__)


@attendance.get("/today")
@requires(Permission.TODAY_READ)
def today() -> ResponseReturnValue:
    """Show the sessions of a day, the ones that need a hand first."""
    here = actor()
    now_day = here.today(g.now)
    day = parse_day(request.args.get("d", "")) or now_day
    board = today_board(here, day=day, now=g.now)
    viewed(AuditKind.TODAY_VIEWED, details={"day": day.isoformat()})
    return render_template(
        "attendance/today.html",
        board=board,
        is_today=day == now_day,
        before=day - timedelta(days=3 if day.weekday() == 0 else 1),
        after=day + timedelta(days=3 if day.weekday() == 4 else 1),  # noqa: PLR2004 - Friday
    )


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
        shown=_shown(sheet_now),
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


def _shown(sheet: Roster) -> dict[int, ShownSeat]:
    stored = _as_stored(sheet)
    return {
        seat.entry_id: ShownSeat(stored[seat.entry_id], seat.version, marked=seat.status is not None)
        for seat in sheet.seats
    }


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


@dataclass(frozen=True, slots=True)
class SeatCard:
    """One person's card as the roster macro prints it."""

    id: int
    name: str
    initials: str
    status: str
    arrived_at: str
    #: The arrival shown is the current time, offered in case this person is late.
    suggests_now: bool
    sub: str
    sub_tone: str | None
    chips: tuple[tuple[str, str], ...]
    done_minutes: int
    goal_minutes: int
    is_low: bool
    version: int
    problem: str | None
    links: tuple[tuple[str, str], ...] = ()


def _page(
    sheet: Roster,
    *,
    typed: Mapping[int, TypedSeat] | None = None,
    errors: Mapping[int, str] | None = None,
    conflicts: Mapping[int, TypedSeat] | None = None,
) -> str:
    here = actor()
    viewed(
        AuditKind.ROSTER_VIEWED,
        subject=("occurrence", sheet.session.id),
        details={"clients": [seat.client_id for seat in sheet.seats]},
    )
    shown = {**_as_stored(sheet), **(typed or {})}
    problems = {**_conflict_words(sheet, conflicts or {}), **(errors or {})}
    seats = [_card(seat, shown[seat.entry_id], problems.get(seat.entry_id), sheet) for seat in sheet.seats]
    return render_template(
        "attendance/roster.html",
        sheet=sheet,
        session=sheet.session,
        seats=seats,
        counts={choice: sum(card.status == choice for card in seats) for choice in STATUS_OF},
        problems_found=[(card.id, card.name, card.problem) for card in seats if card.problem],
        change_key=secrets.token_hex(16),
        editable=sheet.session.is_open and not sheet.session.cancelled,
        led_by="you" if sheet.session.leader == here.name else sheet.session.leader,
        minutes_since_start=int((g.now - sheet.session.starts).total_seconds() // 60),
        is_over=g.now >= sheet.session.ends,
        back_url=url_for("attendance.today", d=sheet.day)
        if here.role is Role.COUNSELOR
        else url_for("home.index"),
    )


def _card(seat: Seat, typed: TypedSeat, problem: str | None, sheet: Roster) -> SeatCard:
    now_there = g.now.astimezone(sheet.tz)
    # “Late” suggests the current time while the session is on; afterwards nobody can know it.
    suggested = f"{now_there:%H:%M}" if sheet.session.starts < now_there < sheet.session.ends else ""
    chips = [("New", "tone")] if seat.is_new else []
    chips += [("Make-up", "excused")] if seat.is_make_up else []
    return SeatCard(
        id=seat.entry_id,
        name=seat.name,
        initials=seat.initials,
        status=typed.choice,
        arrived_at=typed.arrived or ("" if typed.choice == "late" else suggested),
        suggests_now=bool(suggested) and typed.choice != "late",
        sub=seat.line,
        sub_tone=None,
        chips=tuple(chips),
        done_minutes=seat.done_minutes,
        goal_minutes=seat.goal_minutes,
        is_low=False,
        version=seat.version,
        problem=problem,
    )


def _conflict_words(sheet: Roster, conflicts: Mapping[int, TypedSeat]) -> dict[int, str]:
    """Say what stands and what was chosen here, for people someone else marked meanwhile."""
    words: dict[int, str] = {}
    for seat in sheet.seats:
        if seat.entry_id in conflicts:
            stands = ROSTER_WORDS[seat.status] if seat.status else "To mark"
            chosen = STATUS_OF.get(conflicts[seat.entry_id].choice)
            yours = ROSTER_WORDS[chosen] if chosen else "To mark"
            words[seat.entry_id] = (
                f"Someone else marked {seat.name} {stands} while you had this page open; you chose {yours}. "
                f"{stands} stands. Choose again and save if yours is right."
            )
    return words


def _as_stored(sheet: Roster) -> dict[int, TypedSeat]:
    return {
        seat.entry_id: TypedSeat(
            CHOICE_OF.get(seat.status, "") if seat.status else "",
            f"{seat.arrived:%H:%M}" if seat.arrived else "",
        )
        for seat in sheet.seats
    }
