"""Which group should we open? A draft, what it would do, several drafts side by side, and opening it."""

from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from iop_schedule.actions.drafts import open_draft
from iop_schedule.actions.groups import GroupDetails
from iop_schedule.actions.placement_openings import ask_for_openings
from iop_schedule.actions.series import Meeting
from iop_schedule.domain.civil_time import DAY_NAMES, wall_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.queries.choices import leaders_of, programs_of, rooms_of, sites_of
from iop_schedule.queries.demand import Draft, demand_of, draft_views
from iop_schedule.vocabulary import AuditKind, GroupGender, Weekday
from iop_schedule.web.demand_table import demand_rows
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.what_if import DraftForm
from iop_schedule.web.presenting import day_label, listed, span
from iop_schedule.web.security import actor, requires, viewed

what_if = Blueprint("what_if", __name__)

#: Drafts beside each other, the one in the form included.
MOST_DRAFTS = 3
LONGEST_DRAFT = 300
#: What addresses of drafts mean that were made before these could be chosen.
EARLIER_DRAFTS = {"language": "en", "gender": GroupGender.ANY.value}


@what_if.get("/program/what-if")
@requires(Permission.PLACEMENT_RUN)
def page() -> ResponseReturnValue:
    """Show when people are free, and what the draft in the address would do."""
    form = _form(request.args)
    asked = "program_id" in request.args and "days" in request.args and form.validate()
    return _page(form, form.draft() if asked else None)


@what_if.post("/program/what-if")
@requires(Permission.PROGRAM_EDIT)
def make() -> ResponseReturnValue:
    """Make the draft a group: every field is carried over."""
    form = _form(request.form)
    first = parse_day(request.form.get("from", ""))
    if not form.validate():
        return _page(form, None, status=422)
    draft = form.draft()
    if first is None or draft.leader_id is None:
        message = "Choose a counselor first." if first else "Enter the first day."
        form.form_errors.append(message)
        return _page(form, draft, status=422)
    try:
        made = _open(draft, request.form.get("name", ""), first)
    except NotFound:
        raise
    except DomainError as refused:
        blame(form, refused, {"leader": "leader_id", "room": "room_id"})
        return _page(form, None, status=refused.status)
    flash("The group is open. Its sessions are on the program week.", "success")
    return redirect(url_for("programs.group", group_id=made))


@what_if.post("/program/what-if/best")
@requires(Permission.PLACEMENT_RUN)
def best() -> ResponseReturnValue:
    """Ask which one, two or three groups would serve most people."""
    program_id = whole_number(request.form.get("program_id"))
    if program_id is None:
        flash("Choose a program first.", "warning")
        return redirect(url_for("what_if.page"))
    try:
        run_id = ask_for_openings(actor=actor(), program_id=program_id, now=g.now)
    except NotPossible as refused:
        flash(refused.message, "warning")
        return redirect(url_for("what_if.page"))
    return redirect(url_for("placement_runs.show", placement_run_id=run_id))


def _open(draft: Draft, name: str, first: date) -> int:
    details = GroupDetails(
        name=name,
        service_type=draft.service_type,
        seats=draft.seats,
        modality=draft.modality,
        language=draft.language,
        gender=draft.gender,
    )
    meetings = [
        Meeting(
            weekday=day,
            local_start=wall_time(draft.start_minute),
            duration_minutes=draft.minutes,
            leader_id=draft.leader_id or 0,
            room_id=draft.room_id,
            break_minutes=draft.break_minutes,
        )
        for day in draft.weekdays
    ]
    made = open_draft(
        actor=actor(),
        program_id=draft.program_id,
        details=details,
        meetings=meetings,
        from_day=first,
        now=g.now,
    )
    return made.id


def _form(given: MultiDict[str, str]) -> DraftForm:
    saving = request.method == "POST"
    filled = MultiDict(given)
    for field, value in EARLIER_DRAFTS.items():
        filled.setdefault(field, value)
    form = DraftForm(filled if given else None, meta={} if saving else {"csrf": False})
    programs = programs_of(actor())
    sites = sites_of(actor())
    form.offer(
        programs,
        list({one.id: one for site in sites for one in leaders_of(site.id)}.values()),
        [one for site in sites for one in rooms_of(site.id)],
    )
    if not given.get("program_id") and programs:
        form.program_id.data = programs[0].id
    return form


def _page(form: DraftForm, draft: Draft | None, *, status: int = 200) -> ResponseReturnValue:
    kept = [
        one for text in request.args.getlist("keep")[: MOST_DRAFTS - 1] if (one := _read(text)) is not None
    ]
    program_id = draft.program_id if draft else form.offered_program_id
    try:
        views = draft_views(actor(), [*([draft] if draft else []), *kept], now=g.now)
    except NotPossible as refused:
        blame(form, refused, {"leader": "leader_id", "room": "room_id"})
        views, draft, status = [], None, refused.status
    demand = demand_of(actor(), program_id, now=g.now) if program_id else None
    seen = sorted({person.client_id for view in views for person in view.people})
    if seen:
        viewed(AuditKind.GROUP_VIEWED, details={"clients": seen, "part": "what if"})
    shown = views[0] if draft and views else None
    page = render_template(
        "programs/what_if.html",
        form=form,
        demand=demand,
        rows=demand_rows(demand) if demand else [],
        shown=shown,
        title=draft_words(draft) if draft else "",
        compared=[
            (draft_words(v.draft), v.could_come, v.would_reach, v.would_be_placed, v.draft.seats)
            for v in views
        ],
        columns=[(draft_words(view.draft), view, _address(view.draft, kept)) for view in views],
        keep_url=_address(None, [*kept, draft]) if draft and len(kept) < MOST_DRAFTS - 1 else "",
        kept=[_written(one) for one in kept],
        slot_url=lambda cell: _slot(form, cell.weekday, cell.start_minute, kept),
        first_label=day_label(shown.first_day) if shown else "",
    )
    return page, status


def draft_words(draft: Draft) -> str:
    """Return a draft as it is called: `Monday and Wednesday, 5:30 pm to 8:45 pm`."""
    days = listed(DAY_NAMES[day] for day in draft.weekdays)
    return f"{days}, {span(draft.start_minute, draft.start_minute + draft.minutes)}"


def _fields(draft: Draft) -> list[tuple[str, object]]:
    return [
        ("program_id", draft.program_id),
        *(("days", int(day)) for day in draft.weekdays),
        ("start", f"{wall_time(draft.start_minute):%H:%M}"),
        ("minutes", draft.minutes),
        ("break_minutes", draft.break_minutes),
        ("seats", draft.seats),
        ("service_type", draft.service_type),
        ("modality", draft.modality),
        ("language", draft.language),
        ("gender", draft.gender),
        ("room_id", draft.room_id or 0),
        ("leader_id", draft.leader_id or 0),
    ]


def _address(draft: Draft | None, kept: list[Draft]) -> str:
    others = [("keep", _written(one)) for one in kept if one != draft]
    return f"{url_for('what_if.page')}?{urlencode([*(_fields(draft) if draft else []), *others])}"


def _slot(form: DraftForm, weekday: int, start: int, kept: list[Draft]) -> str:
    """Return the address of the draft in the form, moved to start at a half hour of a day."""
    day = Weekday(weekday)
    plain = Draft(form.program_id.data, (day,), start, 195, 10, 15)
    return _address(replace(plain, minutes=min(plain.minutes, 24 * 60 - start)), kept)


def _written(draft: Draft) -> str:
    return urlencode(_fields(draft))


def _read(text: str) -> Draft | None:
    """Return a draft that an address carries along; None when it is none of ours."""
    if len(text) > LONGEST_DRAFT:
        return None
    form = _form(MultiDict(parse_qsl(text)))
    return form.draft() if form.validate() else None
