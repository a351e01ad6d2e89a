"""A client's own choice among the weeks they were offered."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.placement_offers import choose_week, say_none_works
from iop_schedule.domain.civil_time import DAY_NAMES, first_week, weeks_label
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound
from iop_schedule.queries.placement_offers import MyChoice, OfferedSession, OfferedWeek, my_choice
from iop_schedule.vocabulary import AuditKind, Weekday
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.placement_words import MiniDay
from iop_schedule.web.presenting import span
from iop_schedule.web.security import actor, requires, viewed
from iop_schedule.web.wish_words import own_wish_reasons

choices = Blueprint("choices", __name__)

NONE_WORKS = "none"


@choices.get("/my/choice")
@requires(Permission.OWN_WEEK)
def page() -> ResponseReturnValue:
    """Show the weeks offered to the client, to pick one."""
    return _page()


@choices.post("/my/choice")
@requires(Permission.OWN_WEEK)
def answer() -> ResponseReturnValue:
    """Take the client's answer: one of the weeks, or none."""
    picked = request.form.get("week", "")
    if not picked:
        return _page(problem="Choose one of the weeks, or say that none works."), 422
    offer_id = _number("offer")
    try:
        if picked == NONE_WORKS:
            say_none_works(actor=actor(), offer_id=offer_id, note=request.form.get("note", ""), now=g.now)
            flash("Thank you. We will look for other times and call you.", "success")
        else:
            choose_week(actor=actor(), offer_id=offer_id, option=_number("week"), now=g.now)
            flash("Done. These sessions are yours now.", "success")
    except NotFound:
        raise
    except DomainError as refused:
        return _page(problem=refused.message), refused.status
    return redirect(url_for("week.my_week_page"))


def _number(name: str) -> int:
    number = whole_number(request.form.get(name))
    if number is None:
        raise NotFound
    return number


def _page(*, problem: str = "") -> str:
    mine = my_choice(actor(), now=g.now)
    if mine is not None:
        viewed(
            AuditKind.OFFER_VIEWED,
            client_id=actor().client_id,
            subject=("placement_offer", mine.offer.offer_id),
        )
    return render_template("placement/choice.html", mine=mine, weeks=_weeks(mine), problem=problem)


@dataclass(frozen=True, slots=True)
class ShownWeek:
    """One week as a small picture and as lines of what is when; of two that alternate, with its dates."""

    label: str
    picture: tuple[MiniDay, ...]
    lines: tuple[tuple[str, str], ...]
    #: What of the client's wishes it keeps: an icon and words.
    wishes: tuple[tuple[str, str], ...]


def _weeks(mine: MyChoice | None) -> list[list[ShownWeek]]:
    """Return each option: one week, or two that alternate, the one that comes first before."""
    if mine is None:
        return []
    day = mine.first_day
    return [
        [_week(one, day) for one in sorted(option, key=lambda one: first_week(one.week, day))]
        for option in mine.options
    ]


def _week(one: OfferedWeek, day: date) -> ShownWeek:
    leaders = {str(session.series_id): session.leader for session in one.sessions}
    return ShownWeek(
        label=weeks_label(one.week, day),
        picture=_picture(one.sessions),
        lines=tuple(_line(session) for session in one.sessions),
        wishes=tuple(own_wish_reasons(one.kept, leaders)),
    )


def _line(session: OfferedSession) -> tuple[str, str]:
    when = f"{DAY_NAMES[session.weekday]}, {span(session.start_minute, session.end_minute)}"
    return when, f"{session.room} · with {session.leader}"


def _picture(option: tuple[OfferedSession, ...]) -> tuple[MiniDay, ...]:
    return tuple(
        MiniDay(
            letter=DAY_NAMES[weekday][:2],
            own=(),
            sessions=tuple((s.start_minute, s.end_minute) for s in option if s.weekday == weekday),
        )
        for weekday in Weekday
        if weekday.is_treatment_day
    )
