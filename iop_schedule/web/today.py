"""A counselor's day and week."""

from datetime import date, datetime, time, timedelta

from flask import Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.adapters.assets import OURS
from iop_schedule.domain.civil_time import ProgramWeek, minutes_of_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.queries.session_lines import SessionLine, people_named
from iop_schedule.queries.sign_in_sheets import sheets_of_day
from iop_schedule.queries.today import LedDay, led_week, today_board
from iop_schedule.vocabulary import AuditKind, Weekday
from iop_schedule.web.attendance import attendance
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.presenting import SHORT_DAY_NAMES, clock_time, printed_at
from iop_schedule.web.security import actor, polled, requires, viewed
from iop_schedule.web.week_grid import Block, GridDay, grid_day

SERVICE_WORKER = OURS / "sw.js"
#: How many weeks ahead and back the week view goes.
FARTHEST_WEEK = 60


@attendance.get("/today")
@requires(Permission.TODAY_READ)
def today() -> ResponseReturnValue:
    """Show the sessions of a day, the ones that need a hand first."""
    here = actor()
    day = _day()
    board = today_board(here, day=day, now=g.now)
    viewed(AuditKind.TODAY_VIEWED, details={"day": day.isoformat(), "clients": people_named(board.lines)})
    return render_template(
        "attendance/today.html",
        board=board,
        is_today=day == here.today(g.now),
        before=day - timedelta(days=3 if day.weekday() == Weekday.MO else 1),
        after=day + timedelta(days=3 if day.weekday() == Weekday.FR else 1),
        now_local=g.now,
        keepable=[_keepable(line) for line in (*board.now, *board.next) if day == here.today(g.now)],
    )


@attendance.get("/sw.js")
def service_worker() -> ResponseReturnValue:
    """Return the script that serves kept rosters, at an address from which it may serve all of ours."""
    return Response(SERVICE_WORKER.read_bytes(), mimetype="text/javascript")


@attendance.get("/today/counts")
@requires(Permission.TODAY_READ)
@polled
def today_counts() -> ResponseReturnValue:
    """Return the counts of the board's rows as they are now, which htmx puts in place; nothing moves.

    Holds no names. Opening the board is in the audit trail; the minute's look adds no row.
    """
    board = today_board(actor(), day=_day(), now=g.now)
    return render_template("attendance/_counts.html", lines=board.lines)


@attendance.get("/today/sign-in")
@requires(Permission.TODAY_READ)
def sign_in_sheets() -> ResponseReturnValue:
    """Show the sign-in sheets of all sessions of a day, one to a page, for one press of Print."""
    day = _day()
    sheets = sheets_of_day(actor(), day=day, now=g.now)
    viewed(
        AuditKind.SIGN_IN_SHEET_PRINTED,
        details={
            "day": day.isoformat(),
            "sessions": [sheet.occurrence_id for sheet in sheets],
            "clients": sorted({client_id for sheet in sheets for client_id in sheet.client_ids}),
        },
    )
    return render_template(
        "attendance/sign_in.html",
        sheets=sheets,
        back_url=url_for("attendance.today", d=day),
        large=request.args.get("large") == "1",
        large_url=url_for("attendance.sign_in_sheets", d=day, large=1),
        printed_at=printed_at(g.now.astimezone(zone(actor().zone))),
    )


@attendance.get("/week")
@requires(Permission.TODAY_READ)
def week() -> ResponseReturnValue:
    """Show one week of one's own sessions: rooms, how full, and which sheets are not signed."""
    here = actor()
    this_week = ProgramWeek.containing(here.today(g.now))
    shown = _asked_week(this_week)
    days = led_week(here, week=shown, now=g.now)
    named = people_named(line for day in days for line in day.lines)
    viewed(AuditKind.TODAY_VIEWED, details={"week": str(shown), "clients": named})
    first, last = shown.monday, shown.friday
    return render_template(
        "attendance/week.html",
        days=[_grid_day(day) for day in days],
        title=f"{first:%B} {first.day} to {'' if first.month == last.month else f'{last:%B} '}{last.day}",
        before_url=url_for("attendance.week", w=str(shown.shifted(-1))),
        after_url=url_for("attendance.week", w=str(shown.shifted(1))),
        today_url=None if shown == this_week else url_for("attendance.week"),
        unsigned=sum(line.is_unfinished(g.now) for day in days for line in day.lines),
    )


def _keepable(line: SessionLine) -> dict[str, object]:
    """Return where a roster of today is, and for how long a device may keep it: until midnight there."""
    now_there = g.now.astimezone(line.starts.tzinfo)
    midnight = datetime.combine(line.starts.date() + timedelta(days=1), time(0), line.starts.tzinfo)
    return {
        "url": url_for("attendance.roster", occurrence_id=line.id),
        "seconds": int((midnight - now_there).total_seconds()),
    }


def _day() -> date:
    return parse_day(request.args.get("d", "")) or actor().today(g.now)


def _asked_week(this_week: ProgramWeek) -> ProgramWeek:
    text = request.args.get("w", "")
    try:
        asked = ProgramWeek.parse(text) if text else this_week
    except (NotPossible, OverflowError):
        raise NotFound from None
    if abs((asked.monday - this_week.monday).days) > FARTHEST_WEEK * 7:
        raise NotFound
    return asked


def _grid_day(day: LedDay) -> GridDay:
    shown = GridDay(
        name=SHORT_DAY_NAMES[day.day.weekday()],
        date_label=f"{day.day:%b} {day.day.day}",
        is_today=day.is_today,
        sessions=(),
        closed=f"Closed: {day.closed}" if day.closed else "",
        empty_words="No sessions",
    )
    return grid_day(shown, [_block(line) for line in day.lines])


def _block(line: SessionLine) -> Block:
    state, label, symbol = _state(line)
    return Block(
        title=line.title,
        start_minute=minutes_of_day(line.starts.time()),
        end_minute=minutes_of_day(line.ends.time()),
        start_label=clock_time(line.starts),
        end_label=clock_time(line.ends),
        kind="one" if line.is_individual else "group",
        state=state,
        state_label=label,
        state_icon=symbol,
        sub=line.room,
        count_label="" if line.is_individual else _count(line),
        url=url_for("attendance.roster", occurrence_id=line.id),
    )


def _count(line: SessionLine) -> str:
    """Return how many of the seats are taken; once signed, how many people came."""
    return f"{line.here if line.closed else line.expected}/{line.seats}"


def _state(line: SessionLine) -> tuple[str, str, str]:
    if line.not_held:
        return "off", "Did not meet", "ban"
    if line.cancelled:
        return "off", "Canceled", "ban"
    if line.closed:
        return "done", "Signed", "check"
    if line.is_unfinished(g.now):
        return "due", "Not signed", "pen-line"
    return "", "", ""
