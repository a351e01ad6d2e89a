"""What a client wants time for: said by them, and shown on their week as the time that stays theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import goals as actions
from iop_schedule.domain.civil_time import minutes_of_day, wall_time
from iop_schedule.domain.goals import DayParts, KeptTime, kept_times
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.goals import GoalLine, Goals, own_goals
from iop_schedule.queries.week import MyWeek, WeekDay
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.goals import GoalForm
from iop_schedule.web.presenting import clock_time
from iop_schedule.web.refusals import said_in
from iop_schedule.web.security import actor, requires, viewed

goals = Blueprint("goals", __name__, url_prefix="/my/goals")


@goals.get("")
@requires(Permission.OWN_TIMES)
def page() -> ResponseReturnValue:
    """Show what the client wants time for."""
    own, form = _own(), GoalForm(formdata=None)
    form.offer(own.time_names)
    return render_template("goals/page.html", own=own, form=form)


@goals.post("")
@requires(Permission.OWN_TIMES)
def add() -> ResponseReturnValue:
    """Keep a goal."""
    own, form = _own(), GoalForm()
    form.offer(own.time_names)
    if form.validate():
        with said_in(form):
            actions.add_goal(
                actor=actor(), client_id=own.client_id, words=form.words.data or "",
                time_name=form.time_name.data or "", now=g.now,
            )  # fmt: skip
            flash("Saved. It stands on your week.", "success")
            return redirect(url_for("goals.page"))
    return render_template("goals/page.html", own=_own(), form=form), 422


@goals.post("/<int:goal_id>/end")
@requires(Permission.OWN_TIMES)
def end(goal_id: int) -> ResponseReturnValue:
    """Take a goal off the list."""
    _own()
    actions.end_goal(actor=actor(), goal_id=goal_id, now=g.now)
    flash("Taken off your week.", "success")
    return redirect(url_for("goals.page"))


def _own() -> Goals:
    own = own_goals(actor(), now=g.now)
    viewed(AuditKind.TIMES_VIEWED, client_id=own.client_id, details={"part": "goals"})
    return own


@dataclass(frozen=True, slots=True)
class GoalNote:
    """One goal on the client's week: its times in the shown week, and whether they stay free."""

    words: str
    times: str
    #: Days on which a session falls into its time.
    touched: str


def goal_notes(my: MyWeek, lines: Sequence[GoalLine]) -> list[GoalNote]:
    """Return the client's goals as their week shows them."""
    days = [_parts(day) for day in my.days]
    return [_note(line, kept_times(line.time_name, days), my.days) for line in lines]


def _parts(day: WeekDay) -> DayParts:
    return DayParts(
        own=tuple((own.title, Interval(own.start_minute, own.end_minute)) for own in day.own),
        sessions=tuple(
            Interval(minutes_of_day(one.starts.time()), minutes_of_day(one.ends.time()))
            for one in day.sessions
            if one.is_expected
        ),
    )


def _note(line: GoalLine, kept: Sequence[KeptTime], days: Sequence[WeekDay]) -> GoalNote:
    """Put days with the same hours together: `Mon, Wed 5:00 pm to 8:00 pm`."""
    by_hours: dict[str, list[str]] = {}
    for one in kept:
        end = "midnight" if one.time.end == 24 * 60 else clock_time(wall_time(one.time.end))
        hours = f"{clock_time(wall_time(one.time.start))} to {end}"
        by_hours.setdefault(hours, []).append(f"{days[one.day].day:%a}")
    return GoalNote(
        words=line.words,
        times="; ".join(f"{_together(names, days)} {hours}" for hours, names in by_hours.items()),
        touched=", ".join(f"{days[one.day].day:%A}" for one in kept if not one.is_free),
    )


def _together(names: Sequence[str], days: Sequence[WeekDay]) -> str:
    return f"{names[0]} to {names[-1]}," if len(names) == len(days) else ", ".join(names)
