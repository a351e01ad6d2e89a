"""A counselor is out, a group closes, times have changed: planning anew with the fewest changes."""

from datetime import timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.placement_repair import ask_for_repair
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.queries.access import access_program
from iop_schedule.queries.choices import Choice, leaders_of, programs_of, sites_of
from iop_schedule.queries.groups import groups_list
from iop_schedule.vocabulary import RepairCause
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.forms.repairs import CAUSE_HINTS, NOBODY, RepairForm
from iop_schedule.web.security import actor, requires

repairs = Blueprint("repairs", __name__)


@repairs.get("/placement/repair")
@requires(Permission.PLACEMENT_RUN)
def page() -> ResponseReturnValue:
    """Ask what happened."""
    form = _form()
    form.from_day.data = actor().today(g.now) + timedelta(days=1)
    if request.args.get("cause") == RepairCause.ALREADY_CHANGED:
        form.cause.data = RepairCause.ALREADY_CHANGED
    return _page(form)


@repairs.post("/placement/repair")
@requires(Permission.PLACEMENT_RUN)
def ask() -> ResponseReturnValue:
    """Ask for both versions of the repair and show how far the first is.

    For a counselor who comes back: show the dated sessions of these days, each with who could lead it.
    """
    form = _form()
    if not form.validate():
        return _page(form), 422
    if form.comes_back:
        return _some_days(form)
    change = form.change()
    try:
        run_id = ask_for_repair(actor=actor(), change=change, now=g.now)
    except NotPossible as refused:
        blame(form, refused, {})
        return _page(form), refused.status
    return redirect(url_for("placement_runs.show", placement_run_id=run_id))


def _some_days(form: RepairForm) -> ResponseReturnValue:
    """Go on where others lead dated sessions, or these are canceled; no week is planned anew for that."""
    site = access_program(actor(), form.program_id.data, Permission.PLACEMENT_RUN).site_id
    if form.leader_id.data == NOBODY:
        blame(form, NotPossible("Choose who is out.", field="leader_id"), {})
        return _page(form), 422
    address = url_for(
        "substitutes.choose",
        site=site,
        leader=form.leader_id.data,
        from_day=form.from_day.data,
        until_day=form.until_day.data,
    )
    return redirect(address)


def _form() -> RepairForm:
    form = RepairForm()
    leaders = {one.id: one for site in sites_of(actor()) for one in leaders_of(site.id)}
    groups = [Choice(line.id, line.name) for line in groups_list(actor(), now=g.now)]
    form.offer(programs_of(actor()), list(leaders.values()), groups)
    if not form.is_submitted():
        form.leader_id.data = form.group_id.data = NOBODY
    return form


def _page(form: RepairForm) -> str:
    return render_template("placement/repair.html", form=form, cause_hints=CAUSE_HINTS)
