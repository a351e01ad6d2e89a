"""What a program values in a week, for administrators: in words, with defaults, changed in one form."""

from collections.abc import Mapping

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.placement_values import set_placement_values
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.placement.valuation import NUMBERS, PRICE
from iop_schedule.queries.placement_values import values_for
from iop_schedule.web.forms.placement_values import MEANING, PlacementValuesForm
from iop_schedule.web.presenting import count
from iop_schedule.web.refusals import said_in
from iop_schedule.web.security import actor, requires

placement_values = Blueprint("placement_values", __name__)


@placement_values.route("/placement/values/<int:program_id>", methods=["GET", "POST"])
@requires(Permission.PLACEMENT_RUN)
def page(program_id: int) -> ResponseReturnValue:
    """Show a program's numbers, and keep them when they are sent."""
    shown = values_for(actor(), program_id)
    form = PlacementValuesForm()
    status = 200
    if request.method == "GET":
        form.show(shown.values.numbers())
    elif form.validate():
        with said_in(form):
            set_placement_values(actor=actor(), program_id=program_id, numbers=form.numbers(), now=g.now)
            flash("Saved. Plans from now on go by it.", "success")
            return redirect(url_for("placement_values.page", program_id=program_id))
        status = 422
    else:
        status = 422
    names = [number.name for number in NUMBERS]
    page = render_template(
        "placement/values.html",
        shown=shown,
        form=form,
        worth=[form[name] for name in names if not name.endswith(PRICE)],
        prices=[form[name] for name in names if name.endswith(PRICE)],
        changed=len(shown.values.set_numbers()),
    )
    return page, status


def value_lines(numbers: Mapping[str, int]) -> list[tuple[str, str, bool]]:
    """Return what a plan valued, a line for each number, and whether the program had set it."""
    return [
        (MEANING[one.name][0], count(numbers[one.name], "point", "points"), numbers[one.name] != one.default)
        for one in NUMBERS
        if one.name in numbers
    ]
