"""A client's own page of hours."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.progress import my_progress
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import actor, requires, viewed
from iop_schedule.web.week import goal_of, open_miss_note

progress = Blueprint("progress", __name__, url_prefix="/my")


@progress.get("/progress")
@requires(Permission.OWN_WEEK)
def page() -> ResponseReturnValue:
    """Show the hours of this week, what gets the client to their goal, and the weeks before."""
    shown = my_progress(actor(), now=g.now)
    viewed(AuditKind.PROGRESS_VIEWED, client_id=actor().client_id)
    return render_template(
        "frequency/my_hours.html",
        shown=shown,
        my=shown.my,
        goal=goal_of(shown.my),
        misses=[open_miss_note(miss) for miss in shown.my.open_misses],
    )
