"""Who may come with a client to a family session: the client's own page, and that of staff.

A link is shown once, on a page that forbids referrers; the page behind it is in `support_links`.
"""

from typing import Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import support_people as actions
from iop_schedule.actions.support_people import NewInvitation
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.queries.support_people import PersonLine, SupportPeople, support_people_of
from iop_schedule.vocabulary import AuditKind, Role
from iop_schedule.web.forms.support_people import OwnInviteForm, PersonForm, RecordForm
from iop_schedule.web.refusals import said_in, said_on_top
from iop_schedule.web.security import actor, requires, settings, viewed

support_people = Blueprint("support_people", __name__)

#: What is sent along with the link, in the language of whoever gets it.
MESSAGES = {
    "en": "This is the day, time and place: {link}",
    "es": "Aquí están el día, la hora y el lugar: {link}",
}


@support_people.get("/my/support")
@requires(Permission.OWN_COMPANY)
def mine() -> ResponseReturnValue:
    """Show who may come with the signed-in client."""
    return _list_page(_found(_own_id()), PersonForm(formdata=None))


@support_people.post("/my/support")
@requires(Permission.OWN_COMPANY)
def add() -> ResponseReturnValue:
    """Add someone who may come along."""
    return _added(_own_id())


@support_people.post("/my/support/<int:person_id>/end")
@requires(Permission.OWN_COMPANY)
def end(person_id: int) -> ResponseReturnValue:
    """Take someone off the list, and their invitations back."""
    return _ended(_own_id(), person_id)


@support_people.route("/my/support/<int:person_id>/invite", methods=["GET", "POST"])
@requires(Permission.OWN_COMPANY)
def invite(person_id: int) -> ResponseReturnValue:
    """Agree that someone is told of one session; the link is shown this once."""
    return _invited(_own_id(), person_id)


@support_people.post("/my/support/consents/<int:support_consent_id>/link")
@requires(Permission.OWN_COMPANY)
def renew(support_consent_id: int) -> ResponseReturnValue:
    """Make a new link under a consent that stands."""
    return _renewed(_own_id(), support_consent_id)


@support_people.post("/my/support/consents/<int:support_consent_id>/revoke")
@requires(Permission.OWN_COMPANY)
def revoke(support_consent_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    return _revoked(_own_id(), support_consent_id)


@support_people.get("/clients/<int:client_id>/support")
@requires(Permission.COMPANY_INVITE)
def theirs(client_id: int) -> ResponseReturnValue:
    """Show who may come with one client."""
    return _list_page(_found(client_id), PersonForm(formdata=None))


@support_people.post("/clients/<int:client_id>/support")
@requires(Permission.COMPANY_INVITE)
def add_for(client_id: int) -> ResponseReturnValue:
    """Write down whom a client may bring along."""
    return _added(client_id)


@support_people.post("/clients/<int:client_id>/support/<int:person_id>/end")
@requires(Permission.COMPANY_INVITE)
def end_for(client_id: int, person_id: int) -> ResponseReturnValue:
    """Take someone off a client's list, and their invitations back."""
    return _ended(client_id, person_id)


@support_people.route("/clients/<int:client_id>/support/<int:person_id>/invite", methods=["GET", "POST"])
@requires(Permission.COMPANY_INVITE)
def invite_for(client_id: int, person_id: int) -> ResponseReturnValue:
    """Record a client's consent that someone is told of one session; the link is shown this once."""
    return _invited(client_id, person_id)


@support_people.post("/clients/<int:client_id>/support/consents/<int:support_consent_id>/link")
@requires(Permission.COMPANY_INVITE)
def renew_for(client_id: int, support_consent_id: int) -> ResponseReturnValue:
    """Make a new link under a consent that stands."""
    return _renewed(client_id, support_consent_id)


@support_people.post("/clients/<int:client_id>/support/consents/<int:support_consent_id>/revoke")
@requires(Permission.COMPANY_INVITE)
def revoke_for(client_id: int, support_consent_id: int) -> ResponseReturnValue:
    """Record that a client takes an invitation back."""
    return _revoked(client_id, support_consent_id)


def _own_id() -> int:
    return actor().client_id or 0


def _is_own() -> bool:
    return actor().role is Role.CLIENT


def _found(client_id: int) -> SupportPeople:
    found = support_people_of(actor(), client_id, now=g.now)
    viewed(AuditKind.SUPPORT_VIEWED, client_id=found.client_id)
    return found


def _person(found: SupportPeople, person_id: int) -> PersonLine:
    person = found.person(person_id)
    if person is None:
        raise NotFound
    return person


def _consent(found: SupportPeople, consent_id: int) -> None:
    if not any(line.consent_id == consent_id for person in found.people for line in person.invitations):
        raise NotFound


def _address(endpoint: str, found_id: int, **ids: Any) -> str:
    """Return the address of one of these pages, on the client's side or that of staff."""
    if _is_own():
        return url_for(f"support_people.{endpoint}", **ids)
    endpoint = "theirs" if endpoint == "mine" else f"{endpoint}_for"
    return url_for(f"support_people.{endpoint}", client_id=found_id, **ids)


def _added(client_id: int) -> ResponseReturnValue:
    found, form = _found(client_id), PersonForm()
    if form.validate():
        with said_in(form):
            actions.add_person(actor=actor(), client_id=client_id, details=form.details(), now=g.now)
            flash("Saved. They are told nothing until you invite them.", "success")
            return redirect(_address("mine", client_id))
    return _list_page(found, form), 422


def _ended(client_id: int, person_id: int) -> ResponseReturnValue:
    _person(_found(client_id), person_id)
    actions.end_person(actor=actor(), person_id=person_id, now=g.now)
    flash("Taken off the list. Their links tell nothing any more.", "success")
    return redirect(_address("mine", client_id))


def _invited(client_id: int, person_id: int) -> ResponseReturnValue:
    found = _found(client_id)
    person, sends = _person(found, person_id), request.method == "POST"
    form = _invite_form(sends=sends)
    form.offer(person.open_sessions)
    if not sends and isinstance(form, RecordForm):
        form.given_on.data = found.today
    if sends and form.validate():
        with said_in(form):
            made = actions.invite(
                actor=actor(), person_id=person_id, occurrence_id=form.session_id(),
                given=form.given(found.today), key=settings().secret_key, now=g.now,
            )  # fmt: skip
            return _link_page(found, person, made)
    page = render_template(
        "support_people/invite.html", found=found, person=person, form=form, back=_address("mine", client_id)
    )
    return page, 422 if sends else 200


def _invite_form(*, sends: bool) -> OwnInviteForm | RecordForm:
    kind = OwnInviteForm if _is_own() else RecordForm
    return kind() if sends else kind(formdata=None)


def _renewed(client_id: int, consent_id: int) -> ResponseReturnValue:
    found = _found(client_id)
    _consent(found, consent_id)
    with said_on_top():
        made = actions.new_link(actor=actor(), consent_id=consent_id, key=settings().secret_key, now=g.now)
        return _link_page(found, _person(found, made.person_id), made)
    return redirect(_address("mine", client_id))


def _revoked(client_id: int, consent_id: int) -> ResponseReturnValue:
    _consent(_found(client_id), consent_id)
    actions.revoke(actor=actor(), consent_id=consent_id, now=g.now)
    flash("Taken back. The link tells nothing any more.", "success")
    return redirect(_address("mine", client_id))


def _list_page(found: SupportPeople, form: PersonForm) -> str:
    return render_template(
        "support_people/mine.html" if _is_own() else "support_people/theirs.html",
        found=found,
        form=form,
        address=lambda endpoint, **ids: _address(endpoint, found.client_id, **ids),
    )


def _link_page(found: SupportPeople, person: PersonLine, made: NewInvitation) -> ResponseReturnValue:
    link = settings().public_url + url_for("support_links.page", token=made.token)
    page = render_template(
        "support_people/link.html",
        found=found,
        person=person,
        message=MESSAGES[person.language].format(link=link),
        back=_address("mine", found.client_id),
    )
    answer = make_response(page)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
