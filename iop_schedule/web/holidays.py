"""Public holidays to close on, and the closures as a calendar file."""

from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.programs import add_closure
from iop_schedule.adapters.ical import uid_key
from iop_schedule.domain.occurrences import Closed
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.queries.choices import sites_of
from iop_schedule.queries.holidays import HolidayLine, closures_calendar, holidays_for
from iop_schedule.web.feeds import CALENDAR_TYPE
from iop_schedule.web.forms.holidays import HolidayForm
from iop_schedule.web.presenting import count
from iop_schedule.web.security import actor, requires, settings

holidays = Blueprint("holidays", __name__)


@holidays.get("/program/holidays")
@requires(Permission.PROGRAM_EDIT)
def choose() -> ResponseReturnValue:
    """Show the public holidays of a country, a state and a year."""
    form = _form()
    found = _found(form)
    return _page(form, found, status=200 if not form.errors else 422)


@holidays.post("/program/holidays")
@requires(Permission.PROGRAM_EDIT)
def close() -> ResponseReturnValue:
    """Close the site on the chosen holidays; sessions to come on them are canceled."""
    form = _form()
    found = _found(form)
    days = set(request.form.getlist("day"))
    chosen = [line for line in found if str(line.day) in days and not line.closed]
    if form.errors or not chosen:
        form.form_errors.append("Choose at least one day on which the site is still open.")
        return _page(form, found, status=422)
    for line in chosen:
        _close_on(form.value().site_id, line.day, line.name)
    flash(f"Closed on {count(len(chosen), 'day', 'days')}. Sessions on them are canceled.", "success")
    return redirect(url_for("programs.closures"))


def _close_on(site_id: int, day: date, name: str) -> None:
    closed = Closed(day, day, name[:200])
    add_closure(actor=actor(), site_id=site_id, closed=closed, now=g.now)


@holidays.get("/program/sites/<int:site_id>/closures.ics")
@requires(Permission.PROGRAM_READ)
def calendar(site_id: int) -> ResponseReturnValue:
    """Hand out the closures of a site as a calendar file."""
    key = uid_key(settings().secret_key)
    body = closures_calendar(actor(), site_id, key=key, now=g.now)
    headers = {
        "Content-Type": CALENDAR_TYPE,
        "Content-Disposition": 'attachment; filename="closures.ics"',
    }
    return body, 200, headers


def _form() -> HolidayForm:
    sites = [(one.id, one.name) for one in sites_of(actor())]
    if not sites:
        raise NotFound
    return HolidayForm(request.values, sites=sites, year=actor().today(g.now).year)


def _found(form: HolidayForm) -> list[HolidayLine]:
    if not form.validate():
        return []
    asked = form.value()
    try:
        return holidays_for(
            actor(),
            asked.site_id,
            country=asked.country,
            subdivision=asked.subdivision,
            year=asked.year,
            now=g.now,
        )
    except NotPossible as error:
        transactions.abandon()
        field = form.state if error.field == "subdivision" else form.country
        field.errors = [*field.errors, error.message]
        return []


def _page(form: HolidayForm, found: list[HolidayLine], *, status: int) -> ResponseReturnValue:
    return render_template("programs/holidays.html", form=form, found=found), status
