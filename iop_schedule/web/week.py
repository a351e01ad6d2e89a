"""A client's own pages: my week and help."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek, minutes_of_day, wall_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.queries.care_requests import news_for
from iop_schedule.queries.goals import goals_of
from iop_schedule.queries.open_misses import OpenMiss
from iop_schedule.queries.week import MyWeek, NextSession, OwnTime, WeekDay, WeekSession, my_week
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.goals import goal_notes
from iop_schedule.web.presenting import clock_time, count, duration, in_hours, long_day, of_hours, time_range
from iop_schedule.web.security import actor, requires, viewed
from iop_schedule.web.week_grid import Block, GridDay, grid_day

week = Blueprint("week", __name__, url_prefix="/my")

#: Weeks one can leaf through, either way: the horizon, and a good look back.
REACH = timedelta(weeks=60)
NOON, EVENING = 12, 17

#: How a session's state looks on the grid, and in words.
STATES: dict[SessionState, tuple[str, str, str]] = {
    SessionState.ATTENDED: ("done", "You were there", "check"),
    SessionState.ATTENDED_PART: ("done", "You were there for part", "check"),
    SessionState.EXCUSED: ("away", "You told us", "message-square-text"),
    SessionState.LATE_CANCEL: ("away", "You told us", "message-square-text"),
    SessionState.NO_SHOW: ("missed", "We missed you", "heart"),
    SessionState.PROGRAM_CANCELLED: ("off", "Canceled by us. It does not count against your goal.", "ban"),
    SessionState.CLOSED: ("off", "We are closed", "ban"),
    SessionState.PAUSED: ("off", "You are on a break", "pause"),
}


@week.get("/week")
@requires(Permission.OWN_WEEK)
def my_week_page() -> ResponseReturnValue:
    """Show the client's week: the next session, hours against the goal, the five days."""
    here = actor()
    wanted = ProgramWeek.parse(request.args["w"]) if request.args.get("w") else None
    if wanted and abs(wanted.monday - here.today(g.now)) > REACH:
        raise NotFound
    my = my_week(here, week=wanted, now=g.now)
    viewed(AuditKind.WEEK_VIEWED, client_id=here.client_id, details={"week": str(my.week)})
    template = "week/print.html" if "print" in request.args else "week/my_week.html"
    return render_template(
        template,
        my=my,
        greeting=_greeting(my.local_now),
        days=[_day(day) for day in my.days],
        next_card=_next_card(my.next) if my.next else None,
        goal=goal_of(my),
        open_misses=[open_miss_note(miss) for miss in my.open_misses],
        goals=goal_notes(my, goals_of(here.client_id or 0)),
        has_news=news_for(here, now=g.now),
        title=_title(my.week),
    )


@week.get("/help")
@requires(Permission.OWN_WEEK)
def help_page() -> ResponseReturnValue:
    """Show whom to call."""
    return render_template("week/help.html", my=my_week(actor(), week=None, now=g.now))


def _greeting(at: datetime) -> str:
    part = "morning" if at.hour < NOON else "afternoon" if at.hour < EVENING else "evening"
    return f"Good {part}"


def _title(shown: ProgramWeek) -> str:
    first, last = shown.monday, shown.friday
    month = f"{last:%B} " if last.month != first.month else ""
    return f"{first:%B} {first.day} to {month}{last.day}"


def _day(day: WeekDay) -> GridDay:
    empty = GridDay(
        name=f"{day.day:%a}",
        date_label=f"{day.day:%b} {day.day.day}",
        is_today=day.is_today,
        sessions=(),
        closed=f"Closed: {day.closed}" if day.closed else "",
    )
    if day.closed:
        return empty
    return grid_day(empty, [*map(_session_block, day.sessions), *map(_own_block, day.own)])


def _session_block(session: WeekSession) -> Block:
    state, label, symbol = _state(session)
    where = " · ".join(part for part in (session.room, f"with {session.leader}") if part)
    return Block(
        title=session.title,
        start_minute=minutes_of_day(session.starts.time()),
        end_minute=minutes_of_day(session.ends.time()),
        start_label=clock_time(session.starts),
        end_label=clock_time(session.ends),
        kind="one" if session.is_individual else "group",
        state=state,
        state_label=label,
        state_icon=symbol,
        sub=session.reason if state == "off" and session.reason else where,
        url=url_for("make_ups.page", occurrence_id=session.id),
    )


def _state(session: WeekSession) -> tuple[str, str, str]:
    """Return how a session looks on the grid: what happened first, then what was told, then what changed."""
    if session.state in STATES:
        return STATES[session.state]
    told = session.told
    stands = (
        (told.absent is not None, ("away", "You told us", "message-square-text")),
        (told.here_at is not None, ("", "You are checked in", "check")),
        (told.late_minutes is not None, ("", "You told us: running late", "clock")),
        (session.usual is not None, ("", f"Moved from {_usual(session)}", "clock")),
        (session.moved, ("", "Something has changed", "clock")),
        (session.is_make_up, ("", "Make-up", "calendar-check")),
    )
    return next((look for holds, look in stands if holds), ("", "", ""))


def _usual(session: WeekSession) -> str:
    usual = session.usual
    if usual is None:
        return ""
    return clock_time(usual) if usual.date() == session.starts.date() else f"{usual:%a} {clock_time(usual)}"


def _own_block(own: OwnTime) -> Block:
    return Block(
        title=own.title,
        start_minute=own.start_minute,
        end_minute=own.end_minute,
        start_label=clock_time(wall_time(own.start_minute)),
        end_label="midnight" if own.end_minute == 24 * 60 else clock_time(wall_time(own.end_minute)),
        kind="mine",
    )


@dataclass(frozen=True, slots=True)
class NextCard:
    """The card on top: what, when, where."""

    eyebrow: str
    title: str
    when_words: str
    facts: tuple[tuple[str, str], ...]
    session_id: int
    #: "here" offers the button, "opens" says when, "done" says when it was pressed; else nothing.
    check_in: str = ""
    check_in_words: str = ""
    can_undo_check_in: bool = False
    can_be_late: bool = False
    #: What was told about a delay.
    late_words: str = ""


def _next_card(coming: NextSession) -> NextCard:
    session = coming.session
    when = time_range(session.starts, session.ends)
    place = ", ".join(part for part in (session.room, session.address) if part)
    facts = [("map-pin", place), ("user-round", f"With {session.leader}")]
    if coming.then:
        begins = clock_time(wall_time(coming.then.start_minute))
        facts.append(("briefcase", f"Ends in time for {coming.then.title.lower()} at {begins}"))
    check_in, words = _check_in(coming)
    return NextCard(
        eyebrow=_countdown(coming),
        title=session.title,
        when_words=f"{when} today" if coming.is_today else f"{long_day(session.starts)}, {when}",
        facts=tuple(facts),
        session_id=session.id,
        check_in=check_in,
        check_in_words=words,
        can_undo_check_in=coming.check_in.can_undo,
        can_be_late=coming.can_be_late and not session.told.here_at and not session.state.is_attended,
        late_words=f"You told us: about {session.told.late_minutes} min late"
        if session.told.late_minutes
        else "",
    )


def _check_in(coming: NextSession) -> tuple[str, str]:
    check_in = coming.check_in
    if check_in.done_at is not None:
        return "done", f"You are checked in, {clock_time(check_in.done_at)}"
    if not check_in.offered or coming.session.state.is_attended or check_in.opens is None:
        return "", ""
    if check_in.is_open:
        return "here", "I’m here"
    opens_later = coming.is_today and coming.starts_in.total_seconds() > 0
    return ("opens", f"Check in opens at {clock_time(check_in.opens)}") if opens_later else ("", "")


def _countdown(coming: NextSession) -> str:
    minutes = int(coming.starts_in.total_seconds() // 60)
    if minutes < 0:
        return "Your session is on now"
    if minutes < 90:  # noqa: PLR2004 - up to an hour and a half, minutes say it best
        return f"Your next session starts in {minutes} min"
    if coming.is_today:
        return f"Your next session is today, in {round(minutes / 60)} hours"
    return "Your next session"


@dataclass(frozen=True, slots=True)
class Segment:
    """One planned session on the goal bar."""

    state: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Goal:
    """Hours this week and the weeks before."""

    headline: str
    chip: str
    segments: tuple[Segment, ...]
    label: str
    words: str
    weeks: tuple[bool, ...]
    weeks_label: str


def goal_of(my: MyWeek) -> Goal | None:
    """Return the hours against the goal as cards show them; None without a goal."""
    week_hours = my.hours
    if not week_hours.goal_minutes:
        return None
    headline = f"{of_hours(week_hours.done_minutes, week_hours.goal_minutes)} done"
    segments = [_segment(session) for day in my.days for session in day.sessions]
    shown = len(my.goal_weeks)
    return Goal(
        headline=headline,
        chip="Goal reached"
        if not week_hours.to_go_minutes
        else ""
        if week_hours.short_minutes
        else "Right on track",
        segments=tuple(segment for segment in segments if segment is not None),
        label=headline,
        words=_goal_words(my),
        weeks=my.goal_weeks,
        weeks_label=f"Goal met {my.weeks_met} of the last {shown} {'week' if shown == 1 else 'weeks'}",
    )


def _segment(session: WeekSession) -> Segment | None:
    minutes = int((session.ends - session.starts).total_seconds()) // 60
    if session.state.is_attended:
        return Segment("done", minutes)
    if session.state in {SessionState.UPCOMING, SessionState.NOT_RECORDED}:
        return Segment("missed" if session.told.absent else "todo", minutes)
    return Segment("missed", minutes) if session.state.in_dose else None


def _goal_words(my: MyWeek) -> str:
    week_hours = my.hours
    if not week_hours.to_go_minutes:
        return f"You reached your {in_hours(week_hours.goal_minutes)} this week."
    coming = [f"{day.day:%A}" for day in my.days if any(s.is_expected for s in day.sessions)]
    if week_hours.short_minutes:
        more = f"{duration(week_hours.short_minutes)} more would reach your goal."
        return f"{more} {'A make-up counts.' if my.open_misses else 'Ask us about a make-up.'}"
    if not coming:
        return "We are still writing down who was there."
    days = coming[0] if len(coming) == 1 else f"{', '.join(coming[:-1])} and {coming[-1]}"
    return f"{days} will reach your goal."


@dataclass(frozen=True, slots=True)
class OpenMissNote:
    """One session that can still be made up, as the page asks about it."""

    words: str
    fits: str
    url: str


def open_miss_note(miss: OpenMiss) -> OpenMissNote:
    """Return a session to make up in words, with where to choose another time."""
    starts = miss.session.starts
    day = f"{starts:%A}, {starts:%b} {starts.day}"
    if miss.state is SessionState.PROGRAM_CANCELLED:
        words = f"We canceled {miss.session.title} on {day}. It does not count against your goal."
    elif miss.told:
        words = f"You can’t come on {day}."
    else:
        words = f"We missed you on {day}."
    number = miss.options
    fits = f"{count(number, 'time fits', 'times fit')} you to make it up." if number else ""
    return OpenMissNote(words, fits, url_for("make_ups.choose", occurrence_id=miss.session.occurrence_id))


def week_url(shown: ProgramWeek) -> str:
    """Return the address of one week."""
    return url_for("week.my_week_page", w=str(shown))
