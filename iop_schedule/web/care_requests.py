"""A client asks for a change, on their own page; their case manager answers, and both read the same."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import care_requests as actions
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.queries.care_requests import Requests, requests_of
from iop_schedule.vocabulary import AuditKind, RequestKind
from iop_schedule.web.forms.care_requests import ASK_WORDS, AskForm, ReplyForm
from iop_schedule.web.refusals import said_in, said_on_top
from iop_schedule.web.security import actor, requires, viewed

care_requests = Blueprint("care_requests", __name__)

#: Where staff make the change that was agreed, and what the button says.
MADE_AT = {
    RequestKind.MORE_SESSIONS: ("steps.page", "Plan other hours"),
    RequestKind.FEWER_SESSIONS: ("steps.page", "Plan other hours"),
    RequestKind.OTHER_TIMES: ("placement.person", "Find a time"),
    RequestKind.OTHER_COUNSELOR: ("people.client", "Change who is responsible"),
    RequestKind.LEVEL_OF_CARE: ("steps.page", "Plan other hours"),
}


@care_requests.get("/my/requests")
@requires(Permission.OWN_WEEK)
def mine() -> ResponseReturnValue:
    """Show what the client asked for, and the form to ask."""
    return _own_page(_own(), AskForm(formdata=None))


@care_requests.post("/my/requests")
@requires(Permission.OWN_WEEK)
def ask() -> ResponseReturnValue:
    """Ask for a change."""
    own, form = _own(), AskForm()
    if not _asked(own, form):
        return _own_page(own, form), 422
    flash("Thanks. Your case manager will answer you here.", "success")
    return redirect(url_for("care_requests.mine"))


@care_requests.post("/my/requests/<int:request_id>/take-back")
@requires(Permission.OWN_WEEK)
def take_back(request_id: int) -> ResponseReturnValue:
    """Take a request back."""
    _own()
    with said_on_top():
        actions.take_back(actor=actor(), request_id=request_id, now=g.now)
        flash("Taken back.", "success")
    return redirect(url_for("care_requests.mine"))


@care_requests.get("/clients/<int:client_id>/requests")
@requires(Permission.CARE_ANSWER)
def theirs(client_id: int) -> ResponseReturnValue:
    """Show what one client asked for, with the forms to answer."""
    return _their_page(_theirs(client_id))


@care_requests.post("/clients/<int:client_id>/requests")
@requires(Permission.CARE_ANSWER)
def note(client_id: int) -> ResponseReturnValue:
    """Write down what a client asked for aloud."""
    found, form = _theirs(client_id), AskForm()
    if not _asked(found, form):
        return _their_page(found, ask_form=form), 422
    flash("Written down.", "success")
    return redirect(url_for("care_requests.theirs", client_id=client_id))


@care_requests.post("/clients/<int:client_id>/requests/<int:request_id>")
@requires(Permission.CARE_ANSWER)
def answer(client_id: int, request_id: int) -> ResponseReturnValue:
    """Answer a request."""
    found = _theirs(client_id)
    if found.line(request_id) is None:
        raise NotFound
    form = ReplyForm(prefix=_prefix(request_id))
    if form.validate():
        with said_in(form):
            actions.answer(actor=actor(), request_id=request_id, reply=form.value(), now=g.now)
            flash(f"{found.called} reads your answer on their page.", "success")
            return redirect(url_for("care_requests.theirs", client_id=client_id))
    return _their_page(_theirs(client_id), replies={request_id: form}), 422


def _asked(found: Requests, form: AskForm) -> bool:
    """Keep what a form asks for; return False when it must be shown again with what is wrong."""
    if not form.validate():
        return False
    with said_in(form):
        actions.ask(actor=actor(), client_id=found.client_id, asking=form.value(), now=g.now)
        return True
    return False


def _own() -> Requests:
    return _theirs(actor().client_id or 0)


def _theirs(client_id: int) -> Requests:
    found = requests_of(actor(), client_id, now=g.now)
    viewed(AuditKind.CARE_REQUESTS_VIEWED, client_id=found.client_id)
    return found


def _own_page(own: Requests, form: AskForm) -> str:
    return render_template("care_requests/mine.html", own=own, form=form, kinds=ASK_WORDS)


def _their_page(
    found: Requests, *, ask_form: AskForm | None = None, replies: dict[int, ReplyForm] | None = None
) -> str:
    sent = replies or {}
    forms = {
        line.id: sent.get(line.id) or ReplyForm(formdata=None, prefix=_prefix(line.id))
        for line in found.lines
        if line.is_open or line.id in sent
    }
    return render_template(
        "care_requests/theirs.html",
        found=found,
        ask_form=ask_form or AskForm(formdata=None),
        replies=forms,
        kinds=ASK_WORDS,
        made_at={
            kind: (url_for(endpoint, client_id=found.client_id), words)
            for kind, (endpoint, words) in MADE_AT.items()
        },
    )


def _prefix(request_id: int) -> str:
    return f"r{request_id}"
