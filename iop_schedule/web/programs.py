"""The program week, the groups and the closures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import co_leaders, transactions
from iop_schedule.actions.group_previews import NOBODY, NoLongerRight, preview_group
from iop_schedule.actions.groups import change_group, create_group
from iop_schedule.actions.previews import ClosurePreview, preview_closure
from iop_schedule.actions.programs import add_closure, remove_closure
from iop_schedule.domain.civil_time import ProgramWeek, minutes_of_day
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import Conflict, DomainError, NotFound, NotPossible
from iop_schedule.queries.choices import leaders_of, programs_of, sites_of
from iop_schedule.queries.closures import closures_list
from iop_schedule.queries.co_leaders import co_leaders_of
from iop_schedule.queries.demand import site_demand
from iop_schedule.queries.groups import group_view, groups_list
from iop_schedule.queries.misfits import misfits
from iop_schedule.queries.program_week import Filters, GroupBlock, ProgramDay, ProgramWeekView
from iop_schedule.queries.program_week import program_week as week_of
from iop_schedule.queries.standstills import Stopped, news_of_a_standstill
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.demand_table import DemandRow, demand_rows
from iop_schedule.web.forms.fields import blame, fingerprint, is_confirmed
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.programs import (
    ATTEND_WORDS,
    GENDER_WORDS,
    MODALITY_WORDS,
    SERVICE_WORDS,
    ClosureForm,
    GroupForm,
)
from iop_schedule.web.forms.series import PlaceForm
from iop_schedule.web.presenting import SHORT_DAY_NAMES, clock_time
from iop_schedule.web.security import actor, requires, viewed
from iop_schedule.web.week_grid import Block, GridDay, Under, grid_day

programs = Blueprint("programs", __name__)

#: Weeks further away than this are typing mistakes.
FARTHEST_WEEK = 520


@programs.get("/program/week")
@requires(Permission.PROGRAM_READ)
def program_week() -> ResponseReturnValue:
    """Show every group of one week: who leads it, where, and how full it is."""
    week = _asked_week()
    filters = Filters(_number("program"), _number("leader"), _number("room"))
    view = week_of(actor(), week=week, site_id=_number("site") or None, filters=filters, now=g.now)
    viewed(AuditKind.PROGRAM_WEEK_VIEWED, site_id=view.site.id, details={"week": str(view.week)})
    demand = site_demand(actor(), view.site.id, now=g.now) if request.args.get("demand") else None
    rows = demand_rows(demand.view) if demand and demand.view.people else []
    return render_template(
        "programs/week.html",
        view=view,
        stopped=_news(),
        demand=demand.view if demand else None,
        demand_rows=rows,
        filters=filters,
        is_filtered=filters != Filters(),
        days=[_grid_day(day, demand.wanted if demand else {}, rows) for day in view.days],
        may_plan=holds(actor().role, Permission.PLACEMENT_RUN),
        demand_url=_week_url(view, view.week, filters, demand=None if demand else 1),
        title=_week_title(view),
        before_url=_week_url(view, view.week.shifted(-1), filters),
        after_url=_week_url(view, view.week.shifted(1), filters),
        today_url=None if view.week == view.this_week else _week_url(view, None, filters),
        total=sum(len(day.blocks) for day in view.days),
        beyond=view.week.monday > view.written_until,
        may_edit=holds(actor().role, Permission.PROGRAM_EDIT),
    )


def _news() -> Stopped | None:
    """Return that reminders stood still, for those who look after them."""
    if not holds(actor().role, Permission.REMINDERS_MANAGE):
        return None
    return news_of_a_standstill(actor(), now=g.now)


def _asked_week() -> ProgramWeek | None:
    text = request.args.get("w", "")
    try:
        week = ProgramWeek.parse(text) if text else None
    except (NotPossible, OverflowError):
        raise NotFound from None
    today = ProgramWeek.containing(actor().today(g.now))
    if week is not None and abs((week.monday - today.monday).days) > FARTHEST_WEEK * 7:
        raise NotFound
    return week


def _number(name: str) -> int:
    return whole_number(request.args.get(name)) or 0


def _week_url(
    view: ProgramWeekView, week: ProgramWeek | None, filters: Filters, *, demand: int | None = None
) -> str:
    chosen = {"program": filters.program, "leader": filters.leader, "room": filters.room}
    args: dict[str, Any] = {name: number for name, number in chosen.items() if number}
    if len(view.sites) > 1:
        args["site"] = view.site.id
    return url_for("programs.program_week", w=str(week) if week else None, demand=demand, **args)


def _week_title(view: ProgramWeekView) -> str:
    first, last = view.week.monday, view.week.friday
    if first.month == last.month:
        return f"{first:%b} {first.day} to {last.day}, {last.year}"
    year = f", {first.year}" if first.year != last.year else ""
    return f"{first:%b} {first.day}{year} to {last:%b} {last.day}, {last.year}"


def _grid_day(day: ProgramDay, wanted: Mapping[int, int], demand: Sequence[DemandRow]) -> GridDay:
    shown = GridDay(
        name=SHORT_DAY_NAMES[day.day.weekday()],
        date_label=f"{day.day:%b} {day.day.day}",
        is_today=day.is_today,
        sessions=(),
        closed=f"Closed: {day.closed}" if day.closed else "",
        empty_words="No groups",
        under=tuple(
            Under(cell.start_minute, cell.shade, cell.number)
            for row in demand
            for cell in row.cells
            if cell.weekday == day.day.weekday() and cell.number and not day.closed
        ),
    )
    return grid_day(shown, [_block(block, wanted.get(block.series_id, 0)) for block in day.blocks])


def _block(block: GroupBlock, wanted: int) -> Block:
    start = minutes_of_day(block.starts.time())
    length = int((block.ends - block.starts).total_seconds()) // 60
    start_label, end_label = clock_time(block.starts), clock_time(block.ends)
    if start_label[-2:] == end_label[-2:]:
        start_label = start_label[:-3]  # “5:30 to 7:00 pm” leaves room for the numbers
    drawn = Block(
        title=block.name,
        start_minute=start,
        end_minute=start + length,
        start_label=start_label,
        end_label=end_label,
        sub=f"{block.leader}, {block.room}",
        count_label=f"{block.filled}/{block.seats}",
        fill=block.fill_step,
        url=url_for("programs.group", group_id=block.group_id),
    )
    if block.cancelled:
        return replace(drawn, state="off", state_label=f"Canceled: {block.reason}", state_icon="ban", fill=0)
    if block.moved:
        return replace(drawn, state_label="Changed", state_icon="move-right")
    full = ["Full"] if block.filled >= block.seats else []
    full += [f"{wanted} {'wants' if wanted == 1 else 'want'} this time"] if wanted else []
    return replace(drawn, state_label=", ".join(full), state_icon="users-round") if full else drawn


@programs.get("/program/groups")
@requires(Permission.PROGRAM_READ)
def groups() -> ResponseReturnValue:
    """List the groups with when they meet and how full they are."""
    return render_template(
        "programs/groups.html",
        groups=groups_list(actor(), now=g.now),
        services=SERVICE_WORDS,
        may_edit=holds(actor().role, Permission.PROGRAM_EDIT),
    )


@programs.route("/program/groups/new", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def new_group() -> ResponseReturnValue:
    """Open a group."""
    form = GroupForm()
    form.offer(programs_of(actor()))
    if form.validate_on_submit():
        try:
            made = create_group(
                actor=actor(), program_id=form.program_id.data, details=form.details(), now=g.now
            )
        except DomainError as refused:
            _blame(form, refused)
        else:
            flash("The group is open. Add when it meets.", "success")
            return redirect(url_for("series.new_meeting", group_id=made.id))
    return _group_page(form, None)


def _blame(form: GroupForm | ClosureForm, refused: DomainError) -> None:
    if isinstance(refused, NotFound):
        raise refused
    blame(form, refused, {})


def note_names(preview: NoLongerRight) -> None:
    """A preview that names people is a look at their records."""
    if preview.people:
        viewed(AuditKind.GROUP_VIEWED, details={"clients": [one.client_id for one in preview.people]})


def _group_page(
    form: GroupForm, group_id: int | None, preview: NoLongerRight = NOBODY
) -> ResponseReturnValue:
    page = render_template(
        "programs/group_form.html",
        form=form,
        group_id=group_id,
        preview=preview,
        previewed=fingerprint(form),
    )
    return page, 422 if form.errors else 200


@programs.get("/program/groups/<int:group_id>")
@requires(Permission.PROGRAM_READ)
def group(group_id: int) -> ResponseReturnValue:
    """Show one group: what it is, when it meets, and who has a place."""
    view = group_view(actor(), group_id, now=g.now)
    misfit = misfits(actor(), day=actor().today(g.now), group_id=group_id, now=g.now)
    seen = sorted({place.client_id for places in view.places.values() for place in places})
    if seen:
        viewed(AuditKind.GROUP_VIEWED, subject=("group", group_id), details={"clients": seen})
    form = PlaceForm(formdata=None)
    today = actor().today(g.now)
    form.offer(view.can_be_added, today=today)
    form.from_day.data = today
    return render_template(
        "programs/group.html",
        view=view,
        misfit=misfit,
        form=form,
        service=SERVICE_WORDS,
        modality=MODALITY_WORDS,
        gender=GENDER_WORDS,
        attend=ATTEND_WORDS,
        may_edit=holds(actor().role, Permission.PROGRAM_EDIT),
        co_leaders=co_leaders_of(group_id, today=actor().today(g.now)),
        counselors=leaders_of(view.site_id),
        may_place=holds(actor().role, Permission.PLACEMENT_DECIDE),
    )


@programs.post("/program/groups/<int:group_id>/co-leaders")
@requires(Permission.PROGRAM_EDIT)
def add_co_leader(group_id: int) -> ResponseReturnValue:
    """Let someone lead a group together with its counselor from today on."""
    group_view(actor(), group_id, now=g.now)
    user_id = whole_number(request.form.get("user_id"))
    if user_id is None:
        flash("Choose who leads this group together with its counselor.", "warning")
        return redirect(url_for("programs.group", group_id=group_id))
    try:
        co_leaders.add_co_leader(actor=actor(), group_id=group_id, user_id=user_id, now=g.now)
    except Conflict as error:
        transactions.abandon()
        flash(error.message, "warning")
    return redirect(url_for("programs.group", group_id=group_id))


@programs.post("/program/groups/<int:group_id>/co-leaders/<int:user_id>/end")
@requires(Permission.PROGRAM_EDIT)
def end_co_leader(group_id: int, user_id: int) -> ResponseReturnValue:
    """Let someone lead a group together with its counselor no longer."""
    co_leaders.end_co_leader(actor=actor(), group_id=group_id, user_id=user_id, now=g.now)
    return redirect(url_for("programs.group", group_id=group_id))


@programs.route("/program/groups/<int:group_id>/edit", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def edit_group(group_id: int) -> ResponseReturnValue:
    """Change what a group is; when it meets is changed meeting by meeting."""
    view = group_view(actor(), group_id, now=g.now)
    form = GroupForm()
    del form.program_id
    if request.method == "GET":
        form.show(view)
    elif form.validate():
        try:
            preview = _group_change(form, group_id, confirmed=is_confirmed(form, request.form))
        except DomainError as refused:
            _blame(form, refused)
        else:
            if not preview:
                flash("Saved.", "success")
                return redirect(url_for("programs.group", group_id=group_id))
            note_names(preview)
            return _group_page(form, group_id, preview)
    return _group_page(form, group_id)


def _group_change(form: GroupForm, group_id: int, *, confirmed: bool) -> NoLongerRight:
    """Change the group, unless it would not be right for somebody and that has not been confirmed."""
    details = form.details()
    if not confirmed:
        preview = preview_group(actor=actor(), group_id=group_id, details=details, now=g.now)
        if preview:
            return preview
    change_group(actor=actor(), group_id=group_id, details=details, now=g.now)
    return NOBODY


@programs.route("/program/closures", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def closures() -> ResponseReturnValue:
    """List closures and add one, after showing what it would cancel."""
    form = ClosureForm()
    form.offer(sites_of(actor()), programs_of(actor()))
    preview: ClosurePreview | None = None
    if form.validate_on_submit():
        try:
            preview = _closure(form, confirmed=is_confirmed(form, request.form))
        except DomainError as refused:
            _blame(form, refused)
        else:
            if preview is None:
                flash(f"Closed: {form.name.data}.", "success")
                return redirect(url_for("programs.closures"))
    page = render_template(
        "programs/closures.html",
        form=form,
        preview=preview,
        previewed=fingerprint(form),
        closures=closures_list(actor(), now=g.now),
        several_sites=len(form.site_id.choices or ()) > 1,
    )
    return page, 422 if form.errors else 200


def _closure(form: ClosureForm, *, confirmed: bool) -> ClosurePreview | None:
    """Add the closure when it has been confirmed; else return what it would do."""
    site_id, program_id, closed = form.site_id.data, form.program_id.data or None, form.closed()
    if confirmed:
        add_closure(actor=actor(), site_id=site_id, program_id=program_id, closed=closed, now=g.now)
        return None
    return preview_closure(actor=actor(), site_id=site_id, program_id=program_id, closed=closed, now=g.now)


@programs.post("/program/closures/<int:closure_id>/remove")
@requires(Permission.PROGRAM_EDIT)
def reopen(closure_id: int) -> ResponseReturnValue:
    """Open again on days that were to be closed."""
    try:
        remove_closure(actor=actor(), closure_id=closure_id, now=g.now)
    except NotPossible as refused:
        flash(refused.message, "warning")
    else:
        flash("Open again. The sessions are back at their usual times.", "success")
    return redirect(url_for("programs.closures"))
