"""People who must never share a session. No page of a client says who; this one is for staff who see both."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import keep_apart as actions
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.queries.keep_apart import pairs_for
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.forms.keep_apart import PairForm
from iop_schedule.web.security import actor, requires, viewed

keep_apart = Blueprint("keep_apart", __name__)


@keep_apart.get("/placement/keep-apart")
@requires(Permission.PLACEMENT_DECIDE)
def page() -> ResponseReturnValue:
    """Show the pairs and the form that adds one."""
    form = PairForm()
    chosen = request.args.get("client", 0, type=int)
    view = pairs_for(actor(), now=g.now)
    form.client_id.data = chosen if chosen in {client_id for client_id, _ in view.people} else 0
    form.other_id.data = 0
    return _page(form)


@keep_apart.post("/placement/keep-apart")
@requires(Permission.PLACEMENT_DECIDE)
def add() -> ResponseReturnValue:
    """Keep two people apart."""
    form = PairForm()
    form.offer(pairs_for(actor(), now=g.now).people)
    if not form.validate():
        return _page(form), 422
    if not form.client_id.data or not form.other_id.data:
        missing = form.other_id if form.client_id.data else form.client_id
        missing.errors = ["Choose a person."]
        return _page(form), 422
    try:
        actions.keep_apart(
            actor=actor(), client_id=form.client_id.data, other_id=form.other_id.data, now=g.now
        )
    except NotPossible as refused:
        blame(form, refused, {})
        return _page(form), refused.status
    flash("Saved. From now on no session is given to both.", "success")
    return redirect(url_for("keep_apart.page"))


@keep_apart.post("/placement/keep-apart/<int:pair_id>/lift")
@requires(Permission.PLACEMENT_DECIDE)
def lift(pair_id: int) -> ResponseReturnValue:
    """Let two people share sessions again."""
    actions.lift(actor=actor(), pair_id=pair_id, now=g.now)
    flash("Lifted. They may share sessions again.", "success")
    return redirect(url_for("keep_apart.page"))


def _page(form: PairForm) -> str:
    view = pairs_for(actor(), now=g.now)
    form.offer(view.people)
    viewed(
        AuditKind.KEEP_APART_VIEWED,
        details={"pairs": [pair.id for pair in view.pairs], "clients": [one for one, _ in view.people]},
    )
    return render_template("placement/keep_apart.html", form=form, pairs=view.pairs)
