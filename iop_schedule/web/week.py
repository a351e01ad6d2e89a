"""A client's own pages: my week, the calendar file, help."""

import hashlib
from datetime import timedelta

from flask import Blueprint, current_app, g, render_template, request
from flask.typing import ResponseReturnValue

from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.queries.week import my_calendar, my_week
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import actor, requires, viewed

week = Blueprint("week", __name__, url_prefix="/my")

#: Weeks one can leaf through, either way: the horizon, and a good look back.
REACH = timedelta(weeks=60)


@week.get("/week")
@requires(Permission.OWN_WEEK)
def my_week_page() -> ResponseReturnValue:
    """Show the client's week: the next session, hours against the goal, the five days."""
    here = actor()
    wanted = ProgramWeek.parse(request.args["w"]) if request.args.get("w") else None
    if wanted and abs(wanted.monday - here.today(g.now)) > REACH:
        raise NotFound
    shown = my_week(here, week=wanted, now=g.now)
    viewed(AuditKind.WEEK_VIEWED, client_id=here.client_id, details={"week": str(shown.week)})
    template = "week/print.html" if "print" in request.args else "week/my_week.html"
    return render_template(template, my=shown)


@week.get("/calendar/schedule.ics")
@requires(Permission.OWN_WEEK)
def download() -> ResponseReturnValue:
    """Hand out the client's sessions as a calendar file with neutral wording."""
    here = actor()
    key = hashlib.sha256(b"calendar:" + current_app.secret_key.encode()).digest()
    body = my_calendar(here, key=key, now=g.now)
    viewed(AuditKind.WEEK_DOWNLOADED, client_id=here.client_id)
    return (
        body,
        200,
        {
            "Content-Type": "text/calendar; charset=utf-8",
            "Content-Disposition": 'attachment; filename="schedule.ics"',
        },
    )


@week.get("/help")
@requires(Permission.OWN_WEEK)
def help_page() -> ResponseReturnValue:
    """Show whom to call."""
    here = actor()
    return render_template("week/help.html", my=my_week(here, week=None, now=g.now))
