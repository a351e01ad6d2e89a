"""Weekly sessions and places in them, and changing one dated session."""

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.memberships import add_member, end_member
from iop_schedule.actions.occurrences import cancel_occurrence, move_occurrence, restore_occurrence
from iop_schedule.actions.previews import Consequences, preview_change, preview_move
from iop_schedule.actions.series import change_series, create_individual, create_meeting, end_series
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Scope
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.queries.access import access_occurrence, access_series
from iop_schedule.queries.choices import leaders_of, rooms_of
from iop_schedule.queries.groups import MeetingView, SessionView, group_view, meeting_view, session_view
from iop_schedule.queries.prescription import SessionsFor, sessions_for
from iop_schedule.vocabulary import AuditKind, ServiceType, WeekParity
from iop_schedule.web.forms.fields import blame, fingerprint, is_confirmed, needed
from iop_schedule.web.forms.series import (
    NAMES,
    CancelForm,
    ChangeMeetingForm,
    EndMeetingForm,
    MoveForm,
    NewMeetingForm,
    NewOwnMeetingForm,
    PlaceForm,
    WantedChange,
)
from iop_schedule.web.pointing_out import point_out
from iop_schedule.web.refusals import said_on_top
from iop_schedule.web.security import actor, requires, viewed

series = Blueprint("series", __name__)


def _blame(form: object, refused: DomainError) -> None:
    if isinstance(refused, NotFound | NotAllowed):
        raise refused
    blame(form, refused, NAMES)


@series.route("/program/groups/<int:group_id>/meetings/new", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def new_meeting(group_id: int) -> ResponseReturnValue:
    """Let a group meet once more a week."""
    view = group_view(actor(), group_id, now=g.now)
    form = NewMeetingForm()
    form.offer(leaders_of(view.site_id), rooms_of(view.site_id))
    if request.method == "GET":
        form.from_day.data = actor().today(g.now)
    elif form.validate():
        wanted = form.value()
        try:
            create_meeting(
                actor=actor(),
                group_id=group_id,
                meeting=wanted.meeting,
                from_day=wanted.from_day,
                until_day=wanted.until_day,
                now=g.now,
            )
        except DomainError as refused:
            _blame(form, refused)
        else:
            flash("Added. Its sessions are on the program week.", "success")
            return redirect(url_for("programs.group", group_id=group_id))
    page = render_template("series/new.html", form=form, group=view.line)
    return page, 422 if form.errors else 200


@series.route("/clients/<int:client_id>/sessions/new", methods=["GET", "POST"])
@requires(Permission.PLACEMENT_DECIDE)
def new_individual(client_id: int) -> ResponseReturnValue:
    """Give a client a weekly session of their own."""
    wanted, back = sessions_for(actor(), client_id, now=g.now), url_for("people.client", client_id=client_id)
    if wanted.program_id is None:
        flash("Enroll them in a program first. Then add a one-to-one.", "warning")
        return redirect(back)
    form = NewOwnMeetingForm()
    form.offer(leaders_of(wanted.site_id), rooms_of(wanted.site_id))
    if request.method == "GET":
        form.from_day.data = actor().today(g.now)
    elif form.validate() and _met_alone(form, client_id, wanted.program_id, wanted):
        flash("Added. The sessions are on their schedule.", "success")
        return redirect(back)
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id, details={"part": "sessions"})
    page = render_template("series/individual.html", form=form, name=wanted.name, back=back)
    return page, 422 if form.errors else 200


def _met_alone(form: NewOwnMeetingForm, client_id: int, program_id: int, wanted: SessionsFor) -> bool:
    """Return True when the one-to-one was added; else the form says why not."""
    entered = form.value()
    try:
        create_individual(
            actor=actor(),
            client_id=client_id,
            program_id=program_id,
            meeting=entered.meeting,
            service_type=ServiceType(form.service_type.data),
            modality=wanted.modality,
            from_day=entered.from_day,
            until_day=entered.until_day,
            now=g.now,
        )
    except DomainError as refused:
        transactions.abandon()
        _blame(form, refused)
        return False
    return True


@series.route("/program/meetings/<int:series_id>/change", methods=["GET", "POST"])
@requires(Permission.PLACEMENT_DECIDE)
def change_meeting(series_id: int) -> ResponseReturnValue:
    """Change a weekly session: first what it would do, then the change."""
    view = _meeting(series_id)
    form = ChangeMeetingForm()
    form.offer(leaders_of(view.site_id), rooms_of(view.site_id))
    form.offer_days(view.days)
    preview: Consequences | None = None
    if request.method == "GET":
        form.show(view)
        form.day.data = request.args.get("day") or form.day.data
    elif form.validate():
        wanted = form.value()
        try:
            if is_confirmed(form, request.form):
                return _changed(view, wanted)
            preview = preview_change(
                actor=actor(),
                series_id=series_id,
                scope=wanted.scope,
                day=wanted.day,
                meeting=wanted.meeting,
                now=g.now,
            )
        except DomainError as refused:
            _blame(form, refused)
    _note_names(preview)
    page = render_template(
        "series/change.html",
        form=form,
        view=view,
        preview=preview,
        previewed=fingerprint(form),
        back=_back(view.group_id),
    )
    return page, 422 if form.errors else 200


def _changed(view: MeetingView, wanted: WantedChange) -> ResponseReturnValue:
    change_series(
        actor=actor(),
        series_id=view.series_id,
        scope=wanted.scope,
        day=wanted.day,
        meeting=wanted.meeting,
        reason=wanted.reason,
        now=g.now,
    )
    words = (
        "That session is changed."
        if wanted.scope is Scope.THIS
        else "Changed. What was held stays as it was."
    )
    flash(words, "success")
    return redirect(_back(view.group_id))


def _meeting(series_id: int) -> MeetingView:
    found = access_series(actor(), series_id, Permission.PLACEMENT_DECIDE, now=g.now)
    view = meeting_view(actor(), found, now=g.now)
    if view.is_individual:
        viewed(AuditKind.PLACEMENT_VIEWED, client_id=found.client_id, details={"series": series_id})
    else:
        actor().require(Permission.PROGRAM_EDIT)
    return view


def _back(group_id: int) -> str:
    return url_for("programs.group", group_id=group_id) if group_id else url_for("programs.program_week")


def _note_names(preview: Consequences | None) -> None:
    """A preview that names people is a look at their records."""
    if preview is not None and (preview.cannot_come or preview.no_longer_right):
        ids = [one.client_id for one in (*preview.cannot_come, *preview.no_longer_right)]
        viewed(AuditKind.GROUP_VIEWED, details={"clients": ids})


@series.route("/program/meetings/<int:series_id>/end", methods=["GET", "POST"])
@requires(Permission.PLACEMENT_DECIDE)
def end_meeting(series_id: int) -> ResponseReturnValue:
    """End a weekly session with a day."""
    view = _meeting(series_id)
    form = EndMeetingForm()
    if request.method == "GET":
        form.last_day.data = actor().today(g.now)
    elif form.validate():
        try:
            end_series(actor=actor(), series_id=series_id, last_day=needed(form.last_day.data), now=g.now)
        except DomainError as refused:
            _blame(form, refused)
        else:
            flash("It ends with that day. Later sessions are canceled.", "success")
            return redirect(_back(view.group_id))
    page = render_template("series/end.html", form=form, view=view, back=_back(view.group_id))
    return page, 422 if form.errors else 200


@series.post("/program/meetings/<int:series_id>/people")
@requires(Permission.PLACEMENT_DECIDE)
def add_person(series_id: int) -> ResponseReturnValue:
    """Give someone a place in a weekly session."""
    found = access_series(actor(), series_id, Permission.PLACEMENT_DECIDE, now=g.now)
    group_id = found.group_id or 0
    form = PlaceForm()
    people = group_view(actor(), group_id, now=g.now).can_be_added if group_id else ()
    form.offer(people, today=actor().today(g.now))
    if not form.validate() or not form.client_id.data:
        flash("Choose a person and a first day.", "warning")
        return redirect(_back(group_id))
    with said_on_top():
        add_member(
            actor=actor(),
            series_id=series_id,
            client_id=form.client_id.data,
            from_day=needed(form.from_day.data),
            week=WeekParity(form.week.data),
            now=g.now,
        )
        flash("Added. The sessions are on their schedule.", "success")
        point_out(form.client_id.data, needed(form.from_day.data))
    return redirect(_back(group_id))


@series.post("/program/meetings/<int:series_id>/people/<int:client_id>/end")
@requires(Permission.PLACEMENT_DECIDE)
def end_place(series_id: int, client_id: int) -> ResponseReturnValue:
    """End someone's place in a weekly session as of today; what they attended stays."""
    found = access_series(actor(), series_id, Permission.PLACEMENT_DECIDE, now=g.now)
    group_id = found.group_id or 0
    yesterday = actor().today(g.now) - timedelta(days=1)
    end_member(actor=actor(), series_id=series_id, client_id=client_id, last_day=yesterday, now=g.now)
    flash("The place is free from today on.", "success")
    return redirect(_back(group_id))


@series.route("/sessions/<int:occurrence_id>/change", methods=["GET", "POST"])
@requires(Permission.PLACEMENT_DECIDE)
def change_session(occurrence_id: int) -> ResponseReturnValue:
    """Move one dated session: first what it would do, then the change."""
    view = _session(occurrence_id)
    form = MoveForm()
    form.offer(leaders_of(view.site_id), rooms_of(view.site_id))
    preview: Consequences | None = None
    if request.method == "GET":
        form.show(view)
    elif form.validate():
        try:
            if is_confirmed(form, request.form):
                move_occurrence(actor=actor(), occurrence_id=occurrence_id, move=form.move(), now=g.now)
                flash("The session is changed.", "success")
                return redirect(_back(view.group_id))
            preview = preview_move(actor=actor(), occurrence_id=occurrence_id, move=form.move(), now=g.now)
        except DomainError as refused:
            _blame(form, refused)
    _note_names(preview)
    return _session_page(view, form, CancelForm(formdata=None, prefix="cancel-"), preview)


def _session(occurrence_id: int) -> SessionView:
    found = access_occurrence(actor(), occurrence_id, Permission.PLACEMENT_DECIDE, now=g.now)
    view = session_view(found, now=g.now)
    if view.group_id:
        actor().require(Permission.PROGRAM_EDIT)
    else:
        about = {"occurrence": occurrence_id}
        viewed(AuditKind.PLACEMENT_VIEWED, client_id=found.series.client_id, details=about)
    return view


def _session_page(
    view: SessionView, form: MoveForm, cancel: CancelForm, preview: Consequences | None
) -> ResponseReturnValue:
    page = render_template(
        "series/session.html",
        form=form,
        cancel=cancel,
        view=view,
        preview=preview,
        previewed=fingerprint(form),
        back=_back(view.group_id),
    )
    return page, 422 if form.errors or cancel.errors else 200


@series.post("/sessions/<int:occurrence_id>/cancel")
@requires(Permission.PLACEMENT_DECIDE)
def cancel_session(occurrence_id: int) -> ResponseReturnValue:
    """Cancel one dated session with a reason."""
    view = _session(occurrence_id)
    cancel = CancelForm(prefix="cancel-")
    if cancel.validate():
        try:
            cancel_occurrence(
                actor=actor(), occurrence_id=occurrence_id, reason=needed(cancel.reason.data), now=g.now
            )
        except DomainError as refused:
            _blame(cancel, refused)
        else:
            flash("The session is canceled. Everyone expected is told.", "success")
            return redirect(_back(view.group_id))
    form = MoveForm(formdata=None)
    form.offer(leaders_of(view.site_id), rooms_of(view.site_id))
    form.show(view)
    return _session_page(view, form, cancel, None)


@series.post("/sessions/<int:occurrence_id>/restore")
@requires(Permission.PLACEMENT_DECIDE)
def restore_session(occurrence_id: int) -> ResponseReturnValue:
    """Hold a canceled or moved session at its usual time after all."""
    view = _session(occurrence_id)
    try:
        restore_occurrence(actor=actor(), occurrence_id=occurrence_id, now=g.now)
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        flash(refused.message, "warning")
        return redirect(url_for("series.change_session", occurrence_id=occurrence_id))
    flash("The session is back at its usual time.", "success")
    return redirect(_back(view.group_id))
