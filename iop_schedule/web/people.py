"""Clients and staff of one's own sites: lists, a client's page, the forms that change them, accounts."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from iop_schedule.actions import people as actions
from iop_schedule.actions import prescription, transactions
from iop_schedule.domain.notices import REASON_WORDS
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import DomainError, NotPossible
from iop_schedule.queries import people as queries
from iop_schedule.queries.own_sessions import sessions_around
from iop_schedule.vocabulary import AssignmentRole, AuditKind
from iop_schedule.web.forms.people import AssignForm, ClientForm, DoseForm, EnrollForm, StaffForm, one_line
from iop_schedule.web.security import actor, requires, settings, viewed
from iop_schedule.web.wish_words import wish_lines

if TYPE_CHECKING:
    from iop_schedule.models import Client, User

people = Blueprint("people", __name__)

LONGEST_SEARCH = 80


@people.get("/people")
@requires(Permission.PEOPLE_READ)
def directory() -> ResponseReturnValue:
    """List the clients one may see, or the staff of one's own sites."""
    person, search = actor(), one_line(request.args.get("q"))[:LONGEST_SEARCH]
    show = "staff" if request.args.get("show") == "staff" else "clients"
    number = request.args.get("page", 1, type=int)
    if show == "staff":
        page = queries.staff_page(person, search=search, number=number)
    else:
        page = queries.clients_page(person, search=search, number=number, now=g.now)
        viewed(AuditKind.PEOPLE_VIEWED, details={"clients": [row.client_id for row in page.clients]})
    here: Callable[[int], str] = lambda at: url_for(  # noqa: E731
        "people.directory", show=show, q=search or None, page=at
    )
    return render_template(
        "people/directory.html",
        page={
            "number": page.number,
            "pages": page.pages,
            "total": page.total,
            "before_url": here(page.number - 1) if page.number > 1 else None,
            "after_url": here(page.number + 1) if page.number < page.pages else None,
        },
        people=page,
        show=show,
        search=search,
        may_edit=holds(person.role, Permission.CLIENT_EDIT),
        may_manage=holds(person.role, Permission.STAFF_MANAGE),
    )


# ── Clients ──────────────────────────────────────────────────────────────────────────────────────


@people.get("/clients/<int:client_id>")
@requires(Permission.CLIENT_READ)
def client(client_id: int) -> ResponseReturnValue:
    """Show one client to the staff responsible for them."""
    return _client_page(client_id)


@people.get("/people/clients/new")
@requires(Permission.CLIENT_EDIT)
def new_client() -> ResponseReturnValue:
    """Ask for the facts about a new client."""
    return _client_form(ClientForm(data={"languages": ["en"]}))


@people.post("/people/clients/new")
@requires(Permission.CLIENT_EDIT)
def add_client() -> ResponseReturnValue:
    """Add a client."""
    form = ClientForm()
    saved = _save(
        form,
        lambda: actions.add_client(actor=actor(), facts=form.value(), now=g.now),
        offer=lambda: form.offer(queries.own_sites(actor())),
    )
    if saved is None:
        return _client_form(form), 422
    flash("Added. Next: enroll them, and say who is responsible.", "success")
    return redirect(url_for("people.client", client_id=saved.id))


@people.get("/clients/<int:client_id>/facts")
@requires(Permission.CLIENT_EDIT)
def edit_client(client_id: int) -> ResponseReturnValue:
    """Show the facts about a client for changing."""
    found = queries.client_to_edit(actor(), client_id, now=g.now)
    viewed(AuditKind.CLIENT_VIEWED, client_id=found.id, details={"part": "facts"})
    return _client_form(ClientForm(data=_typed_before(found)), found)


@people.post("/clients/<int:client_id>/facts")
@requires(Permission.CLIENT_EDIT)
def change_client(client_id: int) -> ResponseReturnValue:
    """Change the facts about a client."""
    found = queries.client_to_edit(actor(), client_id, now=g.now)
    form = ClientForm()
    del form.site
    site_id = found.site_id
    saved = _save(
        form,
        lambda: actions.change_client(
            actor=actor(), client_id=client_id, facts=form.value_at(site_id), now=g.now
        ),
    )
    if saved is None:
        return _client_form(form, queries.client_to_edit(actor(), client_id, now=g.now)), 422
    flash("Saved.", "success")
    return redirect(url_for("people.client", client_id=client_id))


@people.post("/clients/<int:client_id>/responsible")
@requires(Permission.CLIENT_EDIT)
def assign(client_id: int) -> ResponseReturnValue:
    """Say who is responsible for a client from a day on."""
    shown = queries.client_detail(actor(), client_id, now=g.now)
    form = AssignForm(prefix="assign")

    def decide() -> bool:
        chosen = form.value()
        actions.assign(
            actor=actor(),
            client_id=client_id,
            user_id=chosen.user_id,
            role=chosen.role,
            from_day=chosen.from_day,
            now=g.now,
        )
        return True

    offer = lambda: form.offer(counselors=shown.counselors, case_managers=shown.case_managers)  # noqa: E731
    if _save(form, decide, offer=offer) is None:
        return _client_page(client_id, assign_form=form, status=422)
    flash("Saved.", "success")
    return _back_to(client_id)


@people.post("/clients/<int:client_id>/enrollments")
@requires(Permission.CLIENT_EDIT)
def enroll(client_id: int) -> ResponseReturnValue:
    """Admit a client to a program."""
    shown = queries.client_detail(actor(), client_id, now=g.now)
    form = EnrollForm(prefix="enroll")

    def decide() -> Any:
        chosen = form.value()
        return prescription.enroll(
            actor=actor(),
            client_id=client_id,
            program_id=chosen.program_id,
            from_day=chosen.from_day,
            status=chosen.status,
            now=g.now,
        )

    if _save(form, decide, offer=lambda: form.offer(shown.programs)) is None:
        return _client_page(client_id, enroll_form=form, status=422)
    flash("Enrolled. Next: enter the prescribed hours.", "success")
    return _back_to(client_id)


@people.post("/clients/<int:client_id>/enrollments/<int:enrollment_id>/doses")
@requires(Permission.CLIENT_EDIT)
def prescribe(client_id: int, enrollment_id: int) -> ResponseReturnValue:
    """Enter a prescribed dose."""
    queries.enrollment_to_edit(actor(), client_id, enrollment_id, now=g.now)
    form = DoseForm(prefix="dose")
    saved = _save(
        form,
        lambda: prescription.prescribe(
            actor=actor(), enrollment_id=enrollment_id, dose=form.value(), now=g.now
        ),
        names={"minutes": "hours", "minimum_days": "days"},
    )
    if saved is None:
        return _client_page(client_id, dose_form=form, status=422)
    flash("Saved.", "success")
    return _back_to(client_id)


@people.post("/clients/<int:client_id>/link")
@requires(Permission.CLIENT_EDIT)
def invite_client(client_id: int) -> ResponseReturnValue:
    """Make a link with which a client chooses a password; it is shown this once."""
    shown = queries.client_to_edit(actor(), client_id, now=g.now)
    name, back = shown.short_name, url_for("people.client", client_id=client_id)
    return _link_page(
        lambda: actions.invite_client(
            actor=actor(), client_id=client_id, key=settings().secret_key, now=g.now
        ),
        name=name,
        back=back,
    )


@people.post("/clients/<int:client_id>/account/<any(on, off):state>")
@requires(Permission.CLIENT_EDIT)
def turn_client(client_id: int, state: str) -> ResponseReturnValue:
    """Turn a client's login on or off."""
    turn = actions.turn_on_client if state == "on" else actions.turn_off_client
    _try(lambda: turn(actor=actor(), client_id=client_id, now=g.now), f"Account turned {state}.")
    return _back_to(client_id)


# ── Staff ────────────────────────────────────────────────────────────────────────────────────────


@people.get("/people/staff/new")
@requires(Permission.STAFF_MANAGE)
def new_staff() -> ResponseReturnValue:
    """Ask for the facts about a new staff member."""
    return _staff_form(StaffForm(data={"sites": sorted(actor().site_ids)}))


@people.post("/people/staff/new")
@requires(Permission.STAFF_MANAGE)
def add_staff() -> ResponseReturnValue:
    """Add a staff member."""
    form = StaffForm()
    saved = _save(
        form,
        lambda: actions.add_staff(actor=actor(), facts=form.value(), now=g.now),
        offer=lambda: form.offer(queries.own_sites(actor())),
    )
    if saved is None:
        return _staff_form(form), 422
    flash("Added. Make a link so that they can choose a password.", "success")
    return redirect(url_for("people.staff", user_id=saved.id))


@people.get("/people/staff/<int:user_id>")
@requires(Permission.STAFF_MANAGE)
def staff(user_id: int) -> ResponseReturnValue:
    """Show one staff member for changing."""
    found = queries.staff_member(actor(), user_id)
    typed = {
        "given_name": found.given_name,
        "family_name": found.family_name,
        "email": found.email,
        "role": str(found.role),
        "sites": [site.id for site in found.sites],
    }
    return _staff_form(StaffForm(data=typed), found)


@people.post("/people/staff/<int:user_id>")
@requires(Permission.STAFF_MANAGE)
def change_staff(user_id: int) -> ResponseReturnValue:
    """Change a staff member."""
    queries.staff_member(actor(), user_id)
    form = StaffForm()
    saved = _save(
        form,
        lambda: actions.change_staff(actor=actor(), user_id=user_id, facts=form.value(), now=g.now),
        offer=lambda: form.offer(queries.own_sites(actor())),
    )
    if saved is None:
        return _staff_form(form, queries.staff_member(actor(), user_id)), 422
    flash("Saved.", "success")
    return redirect(url_for("people.staff", user_id=user_id))


@people.post("/people/staff/<int:user_id>/link")
@requires(Permission.STAFF_MANAGE)
def invite_staff(user_id: int) -> ResponseReturnValue:
    """Make a link with which a staff member chooses a password; it is shown this once."""
    found = queries.staff_member(actor(), user_id)
    name, back = found.name, url_for("people.staff", user_id=user_id)
    return _link_page(
        lambda: actions.invite_staff(actor=actor(), user_id=user_id, key=settings().secret_key, now=g.now),
        name=name,
        back=back,
    )


@people.post("/people/staff/<int:user_id>/account/<any(on, off):state>")
@requires(Permission.STAFF_MANAGE)
def turn_staff(user_id: int, state: str) -> ResponseReturnValue:
    """Turn a staff member's account on or off."""
    turn = actions.turn_on_staff if state == "on" else actions.turn_off_staff
    _try(lambda: turn(actor=actor(), user_id=user_id, now=g.now), f"Account turned {state}.")
    return redirect(url_for("people.staff", user_id=user_id))


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────


def _save(
    form: FlaskForm,
    action: Callable[[], Any],
    *,
    offer: Callable[[], None] | None = None,
    names: dict[str, str] | None = None,
) -> Any:
    """Return what the action returns, or None with the reason written into the form."""
    if offer is not None:
        offer()
    if not form.validate():
        return None
    try:
        return action()
    except NotPossible as error:
        transactions.abandon()
        name = (names or {}).get(error.field or "", error.field)
        field = form[name] if name in form else None  # noqa: SIM401 - a form has no get
        (form.form_errors if field is None else field.errors).append(error.message)
        return None


def _try(action: Callable[[], None], done: str) -> None:
    """Do what one button asks for; when it cannot be done, say why on the page it came from."""
    try:
        action()
    except NotPossible as error:
        transactions.abandon()
        flash(error.message, "error")
    else:
        flash(done, "success")


def _back_to(client_id: int) -> ResponseReturnValue:
    return redirect(url_for("people.client", client_id=client_id))


def _link_page(make: Callable[[], str], *, name: str, back: str) -> ResponseReturnValue:
    try:
        token = make()
    except DomainError as error:
        if not isinstance(error, NotPossible):
            raise
        transactions.abandon()
        flash(error.message, "error")
        return redirect(back)
    link = settings().public_url + url_for("auth.set_password", token=token)
    return render_template("people/link.html", link=link, name=name, back=back)


def _client_page(
    client_id: int,
    *,
    assign_form: AssignForm | None = None,
    enroll_form: EnrollForm | None = None,
    dose_form: DoseForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    shown = queries.client_detail(actor(), client_id, now=g.now)
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id)
    today = {"from_day": shown.today}
    if assign_form is None:
        assign_form = AssignForm(formdata=None, prefix="assign", data=today)
    assign_form.offer(counselors=shown.counselors, case_managers=shown.case_managers)
    if enroll_form is None:
        enroll_form = EnrollForm(formdata=None, prefix="enroll", data=today)
    enroll_form.offer(shown.programs)
    page = render_template(
        "people/client.html",
        shown=shown,
        client=shown.client,
        sessions=sessions_around(actor(), client_id, now=g.now),
        wishes=wish_lines(shown.wished) if shown.wished else [],
        reasons=REASON_WORDS,
        assign_form=assign_form,
        enroll_form=enroll_form,
        dose_form=dose_form or DoseForm(formdata=None, prefix="dose", data=today),
        role_words={AssignmentRole.COUNSELOR: "Counselor", AssignmentRole.CASE_MANAGER: "Case manager"},
    )
    return page, status


def _client_form(form: ClientForm, found: "Client | None" = None) -> str:
    if "site" in form:
        form.offer(queries.own_sites(actor()))
    return render_template("people/client_form.html", form=form, client=found)


def _typed_before(found: "Client") -> dict[str, Any]:
    names = (
        "given_name", "family_name", "preferred_name", "email", "phone", "languages", "gender", "modality",
        "travel_minutes", "may_leave_message",
    )  # fmt: skip
    typed = {name: getattr(found, name) for name in names}
    return {**typed, "site": found.site_id}


def _staff_form(form: StaffForm, found: "User | None" = None) -> str:
    form.offer(queries.own_sites(actor()))
    return render_template(
        "people/staff_form.html",
        form=form,
        found=found,
        account=queries.account_of(found),
        me=actor().user_id,
    )
