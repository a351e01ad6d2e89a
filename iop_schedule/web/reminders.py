"""Who was not reminded and why, and the messages that went wrong."""

from collections.abc import Callable
from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import messages as actions
from iop_schedule.actions import transactions
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.queries.reminded import day_overview, trouble
from iop_schedule.queries.standstills import standstills
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.message_words import CHANNELS, PURPOSES, advice, reason_words
from iop_schedule.web.security import actor, requires, viewed

reminders = Blueprint("reminders", __name__)


@reminders.get("/reminders")
@requires(Permission.REMINDERS_MANAGE)
def overview() -> ResponseReturnValue:
    """Show who was not reminded of a day and why, and what went wrong lately."""
    shown = day_overview(actor(), _day(), now=g.now)
    failed = trouble(actor(), now=g.now)
    ids = [one.client_id for one in shown.not_reminded] + [one.client_id for one in failed if one.client_id]
    viewed(AuditKind.REMINDERS_VIEWED, details={"day": shown.day.isoformat(), "clients": sorted(set(ids))})
    return render_template(
        "reminders/overview.html",
        shown=shown,
        trouble=failed,
        stopped=standstills(actor(), now=g.now),
        may_word=holds(actor().role, Permission.WORDING_EDIT),
        words={"channels": CHANNELS, "purposes": PURPOSES, "reason": reason_words, "advice": advice},
    )


def _day() -> date | None:
    asked = request.args.get("day", "")
    try:
        return date.fromisoformat(asked) if asked else None
    except ValueError:
        raise NotFound from None


@reminders.post("/reminders/<delivery_id>/retry")
@requires(Permission.REMINDERS_MANAGE)
def retry(delivery_id: str) -> ResponseReturnValue:
    """Have a message tried again."""
    return _decide(
        lambda: actions.retry(actor=actor(), delivery_id=delivery_id, now=g.now),
        "It is tried again now. What holds is checked first.",
    )


@reminders.post("/reminders/<delivery_id>/leave")
@requires(Permission.REMINDERS_MANAGE)
def leave(delivery_id: str) -> ResponseReturnValue:
    """Take a message off the list."""
    return _decide(
        lambda: actions.leave(actor=actor(), delivery_id=delivery_id, now=g.now), "Taken off the list."
    )


def _decide(act: Callable[[], None], words: str) -> ResponseReturnValue:
    try:
        act()
    except NotPossible as error:
        transactions.abandon()
        flash(error.message, "error")
    else:
        flash(words, "success")
    return redirect(url_for("reminders.overview"))
