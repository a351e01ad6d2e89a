"""A step up or down: a client's week at other doses beside today's, and prescribing the path."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.prescription import prescribe_path
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.queries.placement import PlacementView
from iop_schedule.queries.placement_steps import StepsView, StepView, steps_for
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.steps import StepsForm
from iop_schedule.web.placement_words import (
    MeetingWords,
    MiniDay,
    change_words,
    clash_words,
    meeting_words,
    mini_week,
    plan_words,
)
from iop_schedule.web.presenting import day_label, hours, listed
from iop_schedule.web.security import actor, requires, viewed

steps = Blueprint("steps", __name__)


@dataclass(frozen=True, slots=True)
class StepCard:
    """One column: a dose and its week."""

    title: str
    dose: str
    week: tuple[MiniDay, ...]
    label: str
    #: Each session, and how it compares with the step before: `stays`, `new` or empty.
    sessions: tuple[tuple[MeetingWords, str], ...]
    #: Sessions that end with this step.
    ends: tuple[str, ...]
    notes: tuple[str, ...]
    place_url: str


@steps.get("/clients/<int:client_id>/steps")
@requires(Permission.PLACEMENT_READ)
def page(client_id: int) -> ResponseReturnValue:
    """Show the weeks of the steps in the address, by default the usual glide path."""
    form = StepsForm(request.args, meta={"csrf": False})
    asked = form.validate() and form.asked()
    return _page(client_id, form, list(asked) if asked else None)


@steps.post("/clients/<int:client_id>/steps")
@requires(Permission.CLIENT_EDIT)
def prescribe(client_id: int) -> ResponseReturnValue:
    """Prescribe the doses of the path, each from its day."""
    form = StepsForm()
    if not form.validate():
        return _page(client_id, form, None, status=422)
    asked = form.asked()
    try:
        view = steps_for(actor(), client_id, asked, now=g.now)
        doses = [step.dose for step in view.steps] if asked else []
        prescribe_path(actor=actor(), client_id=client_id, doses=doses, now=g.now)
    except NotFound:
        raise
    except DomainError as refused:
        form.form_errors.append(refused.message)
        return _page(client_id, form, None, status=refused.status)
    flash("Prescribed. Places change when you place them.", "success")
    return redirect(url_for("people.client", client_id=client_id))


def _page(
    client_id: int, form: StepsForm, asked: list[tuple[date, int, int]] | None, *, status: int = 200
) -> ResponseReturnValue:
    try:
        view = steps_for(actor(), client_id, asked, now=g.now)
    except NotPossible as refused:
        if asked is None:
            flash(refused.message, "warning")
            return redirect(url_for("people.client", client_id=client_id))
        form.form_errors.append(refused.message)
        view, status = steps_for(actor(), client_id, None, now=g.now), refused.status
    viewed(AuditKind.PLACEMENT_VIEWED, client_id=client_id, details={"part": "steps"})
    if asked is None and not form.is_submitted():
        form.show(view.path)
    page = render_template(
        "placement/steps.html",
        form=form,
        view=view,
        cards=[_today(view), *(_card(step, view) for step in view.steps)],
        may_prescribe=holds(actor().role, Permission.CLIENT_EDIT),
    )
    return page, status


def _today(view: StepsView) -> StepCard:
    today, current = view.today, view.today.current
    minutes = sum(m.end_minute - m.start_minute for m in current)
    prescribed = f"{hours(today.dose.minutes)} hours prescribed" if today.dose else ""
    return StepCard(
        title="Today",
        dose=prescribed,
        week=mini_week(current, today.own),
        label="Week today",
        sessions=tuple((meeting_words(meeting), "") for meeting in current),
        ends=(),
        notes=() if minutes else ("No group places yet",),
        place_url="",
    )


def _card(step: StepView, view: StepsView) -> StepCard:
    shown, day = view.today, step.dose.from_day
    place = f"{url_for('placement.person', client_id=shown.client_id)}?from={day.isoformat()}"
    title = f"From {day_label(day)}"
    dose = f"{hours(step.dose.minutes)} hours a week"
    below = step.below
    if step.plan is None:
        return StepCard(title, dose, (), "", (), (), (*_stuck(step, shown), *below), place)
    kept = {int(one) for one in step.plan.facts.kept}
    words = plan_words(step.plan, shown)
    return StepCard(
        title=title,
        dose=dose,
        week=words.weeks[0].picture,
        label=f"Week {title.lower()}: sessions on {words.days}",
        sessions=tuple((one, "stays" if one.series_id in kept else "new") for one in words.weeks[0].meetings),
        ends=tuple(
            f"{meeting.group_name}, {meeting_words(meeting).day}"
            for one in step.plan.facts.dropped
            if (meeting := shown.meetings.get(one)) is not None
        ),
        notes=(f"{hours(step.plan.facts.minutes)} of {hours(step.dose.minutes)} hours", *below),
        place_url=place,
    )


def _stuck(step: StepView, shown: PlacementView) -> tuple[str, ...]:
    why = step.nothing_fits
    if why is None:
        return ("No week reaches these hours.",)
    clash = listed(clash_words(one, shown) for one in why.clash)
    found = [f"No week reaches these hours. These cannot all be had: {clash}."]
    if why.ways_out:
        changes = listed(change_words(one, shown) for one in why.ways_out[0].changes)
        found.append(f"It would fit if {changes}.")
    return tuple(found)
