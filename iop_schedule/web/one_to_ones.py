"""One-to-ones for everyone of a program: counselors' hours, and a plan around the groups."""

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.counselor_hours import set_counselor_hours
from iop_schedule.actions.placement_runs import ask_for_run
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.queries.choices import programs_of
from iop_schedule.queries.placement_one_to_ones import CounselorTime, counselor_time, times_of_sites
from iop_schedule.web.forms.fields import blame, needed
from iop_schedule.web.forms.one_to_ones import CounselorHoursForm, OneToOneForm
from iop_schedule.web.presenting import SHORT_DAY_NAMES, span
from iop_schedule.web.security import actor, requires

one_to_ones = Blueprint("one_to_ones", __name__)


@one_to_ones.get("/placement/one-to-ones")
@requires(Permission.PLACEMENT_RUN)
def page() -> ResponseReturnValue:
    """Show counselors' hours and the form that asks for a plan of one-to-ones."""
    form = OneToOneForm()
    form.offer(programs_of(actor()))
    form.from_day.data = actor().today(g.now) + timedelta(days=1)
    return _page(form)


@one_to_ones.post("/placement/one-to-ones")
@requires(Permission.PLACEMENT_RUN)
def ask() -> ResponseReturnValue:
    """Ask for a plan of one-to-ones and show how far it is."""
    form = OneToOneForm()
    form.offer(programs_of(actor()))
    if not form.validate():
        return _page(form), 422
    try:
        run_id = ask_for_run(actor=actor(), wanted=form.wanted(), now=g.now)
    except NotPossible as refused:
        blame(form, refused, {})
        return _page(form), refused.status
    return redirect(url_for("placement_runs.show", placement_run_id=run_id))


def _page(form: OneToOneForm) -> str:
    sites = times_of_sites(actor())
    return render_template(
        "placement/one_to_ones.html",
        form=form,
        sites=[(one, [(time, _days(time)) for time in one.times]) for one in sites],
        several_sites=len(sites) > 1,
        has_hours=any(one.times for one in sites),
    )


def _days(time: CounselorTime) -> list[str]:
    """Return a counselor's hours, days with the same hours together."""
    alike: dict[str, list[str]] = {}
    for weekday, pieces in time.hours.items():
        alike.setdefault(", ".join(span(p.start, p.end) for p in pieces), []).append(SHORT_DAY_NAMES[weekday])
    return [f"{', '.join(days)}: {hours}" for hours, days in alike.items()]


@one_to_ones.get("/placement/one-to-ones/<int:user_id>")
@requires(Permission.PLACEMENT_RUN)
def hours(user_id: int) -> ResponseReturnValue:
    """Show when one counselor sees people one to one."""
    time, _ = counselor_time(actor(), user_id)
    form = CounselorHoursForm()
    form.show(time)
    return render_template("placement/counselor_hours.html", form=form, time=time)


@one_to_ones.post("/placement/one-to-ones/<int:user_id>")
@requires(Permission.PLACEMENT_RUN)
def change_hours(user_id: int) -> ResponseReturnValue:
    """Say when one counselor sees people one to one."""
    time, _ = counselor_time(actor(), user_id)
    form = CounselorHoursForm()
    if form.validate():
        try:
            set_counselor_hours(
                actor=actor(), user_id=user_id, hours=form.hours(),
                most_clients=needed(form.most_clients.data), most_in_a_row=needed(form.most_in_a_row.data),
                languages=form.languages.data or (), now=g.now,
            )  # fmt: skip
        except NotPossible as refused:
            blame(form, refused, {})
        else:
            flash(f"The hours of {time.name} are saved.", "success")
            return redirect(url_for("one_to_ones.page"))
    return render_template("placement/counselor_hours.html", form=form, time=time), 422
