"""Placing one person: plans that fit their week, why each other group does not, and what to do with them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.placement import place
from iop_schedule.actions.placement_offers import offer_weeks, withdraw_offer
from iop_schedule.actions.seat_holds import give_back, hold_seats
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound
from iop_schedule.queries.news import is_being_told
from iop_schedule.queries.placement import placement_for
from iop_schedule.vocabulary import AuditKind, WeekParity
from iop_schedule.web.forms.chosen_places import places_of
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.message_words import channels_set_up
from iop_schedule.web.placement_words import (
    blocked_groups,
    clash_words,
    meeting_words,
    offered_words,
    own_lines,
    plan_words,
    way_words,
)
from iop_schedule.web.pointing_out import point_out
from iop_schedule.web.presenting import clock_time, day_label
from iop_schedule.web.security import actor, requires, viewed

placement = Blueprint("placement", __name__)

MINUTES_IN_A_WEEK = 7 * 24 * 60
MESSAGE = "A message tells them that something new waits."
NO_MESSAGE = "No message goes out: they have not agreed to any about their times. Tell them yourself."
NO_DAY = "Enter the first day, like 11/27/2026."


@placement.get("/clients/<int:client_id>/place")
@requires(Permission.PLACEMENT_READ)
def person(client_id: int) -> ResponseReturnValue:
    """Show the plans for one person from a day on."""
    return _page(client_id, parse_day(request.args.get("from", "")))


@placement.post("/clients/<int:client_id>/place")
@requires(Permission.PLACEMENT_DECIDE)
def decide(client_id: int) -> ResponseReturnValue:
    """Give the person the chosen places; what cannot be is said, and nothing is changed."""

    def do(day: date) -> str:
        chosen = _chosen()
        place(
            actor=actor(), client_id=client_id, series_ids=chosen, from_day=day, weeks=chosen, now=g.now
        )  # fmt: skip
        flash("Placed. The sessions are on their schedule.", "success")
        point_out(client_id, day)
        return url_for("placement.person", client_id=client_id)

    return _step(client_id, do)


@placement.post("/clients/<int:client_id>/place/hold")
@requires(Permission.PLACEMENT_DECIDE)
def hold(client_id: int) -> ResponseReturnValue:
    """Hold a seat in each chosen session for two days."""

    def do(day: date) -> str:
        chosen = _chosen()
        hold_seats(
            actor=actor(), client_id=client_id, series_ids=chosen, from_day=day, weeks=chosen, now=g.now
        )  # fmt: skip
        flash("The seats are held for 48 hours.", "success")
        return _from(client_id, day)

    return _step(client_id, do)


@placement.post("/clients/<int:client_id>/place/hold/release")
@requires(Permission.PLACEMENT_DECIDE)
def release(client_id: int) -> ResponseReturnValue:
    """Give the held seats back."""
    give_back(actor=actor(), client_id=client_id, now=g.now)
    flash("The seats are free again.", "success")
    return redirect(url_for("placement.person", client_id=client_id))


@placement.post("/clients/<int:client_id>/place/offer")
@requires(Permission.PLACEMENT_DECIDE)
def offer(client_id: int) -> ResponseReturnValue:
    """Let the person choose among the ticked plans on their own page."""

    def do(day: date) -> str:
        options = [places_of(text.split(",")) for text in request.form.getlist("plan")]
        offer_weeks(
            actor=actor(),
            client_id=client_id,
            options=options,
            from_day=day,
            channels=channels_set_up(),
            now=g.now,
        )
        hears = MESSAGE if is_being_told(client_id, since=g.now) else NO_MESSAGE
        flash(f"Offered. They can choose on their own page for the next 7 days. {hears}", "success")
        return _from(client_id, day)

    return _step(client_id, do)


@placement.post("/clients/<int:client_id>/place/offer/withdraw")
@requires(Permission.PLACEMENT_DECIDE)
def withdraw(client_id: int) -> ResponseReturnValue:
    """Take the open choice back."""
    withdraw_offer(actor=actor(), client_id=client_id, now=g.now)
    flash("Taken back. They do not see the choice any more.", "success")
    return redirect(url_for("placement.person", client_id=client_id))


def _step(client_id: int, do: Callable[[date], str]) -> ResponseReturnValue:
    """Take one step from the day that was sent and go where it leads; say on the page why it cannot be."""
    day = parse_day(request.form.get("from", ""))
    if day is None:
        return _page(client_id, None, problem=NO_DAY), 422
    try:
        return redirect(do(day))
    except NotFound:
        raise
    except DomainError as refused:
        return _page(client_id, day, problem=refused.message), refused.status


def _from(client_id: int, day: date) -> str:
    return f"{url_for('placement.person', client_id=client_id)}?from={day.isoformat()}"


def _chosen() -> Mapping[int, WeekParity]:
    return places_of(request.form.getlist("meeting"))


def _page(client_id: int, day: date | None, *, problem: str = "") -> str:
    shown = placement_for(actor(), client_id, from_day=day, now=g.now)
    viewed(AuditKind.PLACEMENT_VIEWED, client_id=client_id)
    stuck, offer = shown.nothing_fits, shown.offer
    return render_template(
        "placement/person.html",
        shown=shown,
        problem=problem,
        missing=_missing_minutes(),
        plans=[plan_words(plan, shown) for plan in shown.plans],
        stuck=stuck,
        clash=[clash_words(one, shown) for one in stuck.clash] if stuck else [],
        ways_out=[way_words(way, shown, actor().role) for way in stuck.ways_out] if stuck else [],
        blocked=blocked_groups(shown),
        also_fit=[meeting_words(meeting, shown.from_day) for meeting in shown.also_fit],
        current=[meeting_words(meeting, shown.from_day) for meeting in shown.current],
        held_until=_moment(shown.held[0].until) if shown.held else "",
        options=[offered_words(option, offer.from_day) for option in offer.options] if offer else [],
        moment=_moment,
        own=own_lines(shown),
    )


def _missing_minutes() -> int:
    """Return the minutes of this week's dose the caseload says are missing; 0 when it says nothing usable."""
    minutes = request.args.get("minutes", 0, type=int)
    return minutes if 0 < minutes <= MINUTES_IN_A_WEEK else 0


def _moment(at: datetime) -> str:
    return f"{day_label(at.date())}, {clock_time(at)}"
