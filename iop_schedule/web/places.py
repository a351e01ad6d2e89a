"""Sites, programs and rooms: what everything else happens in."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from iop_schedule.actions.group_previews import NOBODY, NoLongerRight, preview_level
from iop_schedule.actions.programs import change_site, save_program, save_room
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.queries.access import access_program, access_room, access_site
from iop_schedule.queries.choices import sites_of
from iop_schedule.queries.places import places as places_of
from iop_schedule.queries.places import program_place, room_place
from iop_schedule.web.forms.fields import blame, fingerprint, is_confirmed
from iop_schedule.web.forms.places import LEVEL_WORDS, ProgramForm, RoomForm, SiteForm
from iop_schedule.web.programs import note_names
from iop_schedule.web.security import actor, requires

places = Blueprint("places", __name__)


@places.get("/program/places")
@requires(Permission.PROGRAM_EDIT)
def overview() -> ResponseReturnValue:
    """List one's sites with their programs and rooms."""
    return render_template("programs/places.html", sites=places_of(actor()), levels=LEVEL_WORDS)


@places.route("/program/sites/<int:site_id>/edit", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def edit_site(site_id: int) -> ResponseReturnValue:
    """Change a site."""
    access_site(actor(), site_id, Permission.PROGRAM_EDIT)
    form = SiteForm()
    if request.method == "GET":
        form.show(next(one for one in places_of(actor()) if one.id == site_id))
    return _page(
        form,
        "Change site",
        lambda: change_site(actor=actor(), site_id=site_id, details=form.details(), now=g.now),
    )


@places.route("/program/programs/new", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def new_program() -> ResponseReturnValue:
    """Add a program."""
    form = ProgramForm()
    form.offer(sites_of(actor()))
    return _page(
        form,
        "New program",
        lambda: save_program(actor=actor(), site_id=form.site_id.data, details=form.details(), now=g.now),
    )


@places.route("/program/programs/<int:program_id>/edit", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def edit_program(program_id: int) -> ResponseReturnValue:
    """Change a program and its numbers."""
    program = program_place(access_program(actor(), program_id, Permission.PROGRAM_EDIT))
    form = ProgramForm()
    del form.site_id
    if request.method == "GET":
        form.show(program)
    elif form.validate() and not is_confirmed(form, request.form):
        level = form.details().level_of_care
        preview = preview_level(actor=actor(), program_id=program_id, level=level, now=g.now)
        if preview:
            note_names(preview)
            return _form_page(form, "Change program", preview)
    return _page(
        form,
        "Change program",
        lambda: save_program(
            actor=actor(),
            site_id=program.site_id,
            program_id=program_id,
            details=form.details(),
            now=g.now,
        ),
    )


@places.route("/program/rooms/new", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def new_room() -> ResponseReturnValue:
    """Add a room."""
    form = RoomForm()
    form.offer(sites_of(actor()))
    return _page(
        form,
        "New room",
        lambda: save_room(actor=actor(), site_id=form.site_id.data, details=form.details(), now=g.now),
    )


@places.route("/program/rooms/<int:room_id>/edit", methods=["GET", "POST"])
@requires(Permission.PROGRAM_EDIT)
def edit_room(room_id: int) -> ResponseReturnValue:
    """Change a room."""
    room = room_place(access_room(actor(), room_id, Permission.PROGRAM_EDIT))
    form = RoomForm()
    del form.site_id
    if request.method == "GET":
        form.show(room)
    return _page(
        form,
        "Change room",
        lambda: save_room(
            actor=actor(), site_id=room.site_id, room_id=room_id, details=form.details(), now=g.now
        ),
    )


def _page(form: FlaskForm, title: str, save: Callable[[], Any]) -> ResponseReturnValue:
    """Save what was sent when it is right; else show the form with what is wrong."""
    if form.validate_on_submit():
        try:
            save()
        except (NotFound, NotAllowed):
            raise
        except DomainError as refused:
            blame(form, refused, {"minimum_minutes": "minimum_hours"})
        else:
            flash("Saved.", "success")
            return redirect(url_for("places.overview"))
    return _form_page(form, title)


def _form_page(form: FlaskForm, title: str, preview: NoLongerRight = NOBODY) -> ResponseReturnValue:
    page = render_template(
        "programs/place_form.html", form=form, title=title, preview=preview, previewed=fingerprint(form)
    )
    return page, 422 if form.errors else 200
