"""What would suit a client best: their own page, and the same page for their staff."""

from flask import Blueprint, flash, g, redirect, render_template, request
from flask.typing import ResponseReturnValue

from iop_schedule.actions.wishes import say_wishes
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.wishes import wishes_for
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.availability import Page, own_page, their_page
from iop_schedule.web.forms.wishes import WishesForm
from iop_schedule.web.refusals import said_in
from iop_schedule.web.security import actor, requires, viewed

wishes = Blueprint("wishes", __name__)


@wishes.route("/my/times/wishes", methods=["GET", "POST"])
@requires(Permission.OWN_TIMES)
def mine() -> ResponseReturnValue:
    """Say what suits oneself best."""
    return _wishes(own_page())


@wishes.route("/clients/<int:client_id>/times/wishes", methods=["GET", "POST"])
@requires(Permission.CONSTRAINTS_EDIT)
def theirs(client_id: int) -> ResponseReturnValue:
    """Say what suits a client best."""
    return _wishes(their_page(client_id))


def _wishes(page: Page) -> ResponseReturnValue:
    shown = wishes_for(actor(), page.client_id, now=g.now)
    viewed(AuditKind.TIMES_VIEWED, client_id=page.client_id, details={"part": "wishes"})
    form = WishesForm()
    form.offer(shown.counselors, may_attend_either=shown.may_attend_either)
    if request.method == "GET":
        form.show(shown.wished.wishes)
        return _form(page, form)
    if form.validate():
        with said_in(form):
            say_wishes(actor=actor(), client_id=page.client_id, wishes=form.value(), now=g.now)
            flash(
                "Saved. We look there first." if page.own else "Saved. Placement looks there first.",
                "success",
            )
            return redirect(page.url("times"))
    return _form(page, form), 422


def _form(page: Page, form: WishesForm) -> str:
    base = "base_client.html" if page.own else "base_staff.html"
    return render_template("availability/wishes.html", page=page, base=base, form=form)
